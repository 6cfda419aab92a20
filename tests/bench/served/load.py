"""A crowd at the door: many clients at once over real HTTP, each with a connection of its own that is kept open."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

# A visit is everything one client does once; its name, the client, and the how manyth it is among all of them.
Visit = Callable[["Client", int], Awaitable[None]]


class RefusedError(Exception):
    """The server said something else than was expected: such a run measures nothing."""


@dataclass
class Client:
    """As much of HTTP/1.1 as our own server speaks."""

    host: str
    port: int
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    taken: list[float] = field(default_factory=list)  # seconds of every request

    async def get(self, path: str) -> str:
        return (await self._ask("GET", path, b"", expects=200))[1]

    async def post(self, path: str, data: dict[str, str | list[str]], *, expects: int, **headers: str) -> str:
        body = urlencode(data, doseq=True).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin", **headers}
        return (await self._ask("POST", path, body, expects=expects, headers=headers))[1]

    async def _ask(
        self, method: str, path: str, body: bytes, *, expects: int, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        said = {"Host": f"{self.host}:{self.port}", "Content-Length": str(len(body)), **(headers or {})}
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        request = f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body
        began = time.perf_counter()
        try:
            status, text = await self._exchange(request)
        except (ConnectionError, asyncio.IncompleteReadError):  # a kept connection that the server has closed meanwhile
            self.close()
            status, text = await self._exchange(request)
        self.taken.append(time.perf_counter() - began)
        if status != expects:
            raise RefusedError(f"{method} {path}: {status}, not {expects}\n{text[:2000]}")
        return status, text

    async def _exchange(self, request: bytes) -> tuple[int, str]:
        if self.writer is None or self.reader is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        found = {
            name.lower(): value.strip()
            for name, _colon, value in (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
        }
        if "content-length" in found:
            body = await self.reader.readexactly(int(found["content-length"]))
        else:
            body = b""
            while size := int(await self.reader.readline(), 16):
                body += await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            await self.reader.readexactly(2)
        if found.get("connection", "").lower() == "close":
            self.close()
        return status, body.decode()

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


@dataclass(frozen=True)
class Load:
    """What a crowd got through: visits and requests per second, and how long its requests took."""

    visits: int
    seconds: float
    requests: list[float]

    @property
    def visits_per_second(self) -> float:
        return self.visits / self.seconds

    @property
    def requests_per_second(self) -> float:
        return len(self.requests) / self.seconds

    def quantile(self, share: float) -> float:
        """Of the seconds one request took, by nearest rank."""
        ordered = sorted(self.requests)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def crowd(visit: Visit, *, host: str, port: int, clients: int, seconds: float, first: int, most: int) -> Load:
    """Have `clients` pay visits side by side for so many seconds, or until `most` visits are paid.

    Visits are counted from `first`, each number given once. A visit under way at the end is finished and counted with
    the time it takes.
    """
    return asyncio.run(_crowd(visit, host, port, clients, seconds, first, most))


async def _crowd(visit: Visit, host: str, port: int, clients: int, seconds: float, first: int, most: int) -> Load:
    numbers = iter(range(first, first + most))
    began = time.perf_counter()
    paid = 0

    async def come(client: Client) -> None:
        nonlocal paid
        for number in numbers:
            await visit(client, number)
            paid += 1
            if time.perf_counter() - began > seconds:
                break
        client.close()

    everybody = [Client(host, port) for _ in range(clients)]
    await asyncio.gather(*(come(client) for client in everybody))
    taken = time.perf_counter() - began
    return Load(paid, taken, [one for client in everybody for one in client.taken])
