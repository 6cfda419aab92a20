"""The embedded broker: Celery messages as files in a folder, for a site without Redis.

Kombu's own `filesystem` transport writes a message under its final name, so a reader may find it half-written and lose
it. This one writes a temporary name and renames, which is atomic on one file system. Like every broker here it is only
a bell: it may lose a message when killed, and the timetable's sweeps find the work in the database.
"""

import os
import uuid
from time import monotonic_ns
from typing import Any

from kombu.transport import filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for folder in (self.data_folder_in, self.data_folder_out, self.control_folder):
            os.makedirs(folder, exist_ok=True)

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:
        folder = os.fspath(self.data_folder_out)
        # The same name pattern as kombu's: readers sort by it, so the oldest message comes first.
        name = f"{monotonic_ns()}_{uuid.uuid4()}.{queue}.msg"
        temporary = os.path.join(folder, f".{name}.part")
        with open(temporary, "wb") as file:
            file.write(str_to_bytes(dumps(payload)))
        os.rename(temporary, os.path.join(folder, name))


class Transport(filesystem.Transport):
    Channel = Channel
