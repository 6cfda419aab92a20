"""A mail server for the demo: takes what it is given into a folder, and refuses the addresses it was told to."""

import asyncio
import logging
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"


class Sink:
    """Listens on a free port of this machine while entered. Each mail becomes an .eml file, whole or not at all."""

    def __init__(self, folder: Path, *, refuses: frozenset[str] = frozenset()) -> None:
        self.folder = folder
        self.refuses = refuses
        self.port = 0
        self.received = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail sink", daemon=True)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(timeout=5)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(timeout=5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    async def _listen(self) -> None:
        from aiosmtpd.smtp import SMTP  # a tool of development: nothing else of the site needs it

        logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd reports every line of every conversation
        self._server = await self._loop.create_server(
            lambda: SMTP(self, hostname="demo.invalid", enable_SMTPUTF8=True, loop=self._loop), HOST, 0
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()

    # --- what aiosmtpd asks its handler

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address.lower() in self.refuses:
            return "550 5.1.1 There is no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.received += 1
        path = self.folder / f"{self.received:04}-{','.join(envelope.rcpt_tos).replace('/', '_')}.eml"
        unfinished = path.with_name(f".{path.name}.part")
        unfinished.write_bytes(envelope.content)
        unfinished.rename(path)
        return "250 OK"
