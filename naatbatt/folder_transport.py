"""The embedded broker: Celery messages as files in a folder, for a site without Redis.

Kombu's own `filesystem` transport writes a message under its final name, so a reader may find it half-written and lose
it; it takes a message by moving it to the system's temporary folder, which is no single step when that is another file
system; and it rewrites the table of bindings in place. Here every file appears whole, by renaming it within its folder,
and is taken the same way. Like every broker here this is only a bell: it may lose a message when killed, and the
timetable's sweeps find the work in the database.
"""

import fcntl
import uuid
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any

from kombu.transport import filesystem, virtual
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads

Binding = filesystem.exchange_queue_t
LONGEST_WAIT = 0.2  # seconds


class Channel(filesystem.Channel):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for folder in (self.data_folder_in, self.data_folder_out, self.control_folder):
            Path(folder).mkdir(parents=True, exist_ok=True)

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        # Readers go by the name, so the oldest message comes first.
        path = Path(self.data_folder_out) / f"{time_ns():020}_{uuid.uuid4()}.{queue}.msg"
        _write_whole(path, payload)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for path in sorted(Path(self.data_folder_in).iterdir()):
            # The queue's name begins after the first dot; names that begin with a dot are not whole yet, or taken.
            if path.name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = path.with_name(f".{path.name}.taken")
            try:
                path.rename(taken)
            except FileNotFoundError:
                continue  # another consumer was quicker
            payload = taken.read_bytes()
            taken.unlink()
            return loads(bytes_to_str(payload))
        raise Empty

    def get_table(self, exchange: str) -> list[Binding]:  # type: ignore[override]
        try:
            file: Path = self._exchange_file(exchange)  # type: ignore[attr-defined]
            return [Binding(*row) for row in loads(file.read_text())]
        except FileNotFoundError:
            return []

    def _queue_bind(self, exchange: str, routing_key: str | None, pattern: str | None, queue: str | None) -> None:
        binding = Binding(routing_key or "", pattern or "", queue or "")
        self._rebind(exchange, lambda table: table if binding in table else [binding, *table])

    def _delete(self, queue: str, exchange: str, routing_key: str, pattern: str, *args: Any, **kwargs: Any) -> None:
        virtual.Channel._delete(self, queue, exchange, routing_key, pattern, *args, **kwargs)
        binding = Binding(routing_key or "", pattern or "", queue or "")
        self._rebind(exchange, lambda table: [row for row in table if row != binding])

    def _rebind(self, exchange: str, change: Callable[[list[Binding]], list[Binding]]) -> None:
        file: Path = self._exchange_file(exchange)  # type: ignore[attr-defined]
        with open(file.with_name(f"{file.name}.lock"), "w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)  # until it is closed
            before = self.get_table(exchange)
            after = change(before)
            if after != before or not file.exists():
                _write_whole(file, after)


class Transport(filesystem.Transport):
    Channel = Channel

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        # Kombu remembers for the whole process what is bound. The folder knows better: it may be another, or a new one.
        self.state = virtual.BrokerState()

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        # The worker looks whether it should stop between two calls, and asks for two seconds: Ctrl-C would hang.
        super().drain_events(connection, timeout=None if timeout is None else min(timeout, LONGEST_WAIT), **kwargs)


def _write_whole(path: Path, content: Any) -> None:
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_bytes(str_to_bytes(dumps(content)))
    unfinished.rename(path)
