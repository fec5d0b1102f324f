"""How many requests a second does a server answer, and how late is the slowest? Keep-alive connections, no pipelining.

Runs in a process of its own: `python -m benchmarks.http_load.client` reads a plan (JSON) from standard input and writes
what it measured to standard output. Sockets are read by asyncio protocols with no HTTP library between: a request
costs the client some ten microseconds, so that the server is what is measured.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import cast

END = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass
class Load:
    """So many connections ask at once for so long, each taking the next body of the list in turn."""

    port: int
    path: str
    bodies: Sequence[str]
    headers: dict[str, str] = field(default_factory=dict)
    connections: int = 1
    seconds: float = 2.0
    warm: float = 0.3


@dataclass(frozen=True)
class Measured:
    """Requests a second, latencies in milliseconds, and answers that were no 200."""

    per_second: float
    p50: float
    p99: float
    most: float
    requests: int
    refused: int


class _Connection(asyncio.Protocol):
    """Asks again as soon as it was answered."""

    def __init__(self, requests: Sequence[bytes], first: int, until: float, since: float) -> None:
        self._requests, self._next, self._until, self._since = requests, first, until, since
        self._held, self._wanted = bytearray(), -1
        self.latencies: list[float] = []
        self.refused = 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        self._transport.write(self._requests[self._next % len(self._requests)])
        self._next += 1

    def data_received(self, data: bytes) -> None:
        """Gather one answer; then ask again or stop."""
        held = self._held
        held += data
        if self._wanted < 0:
            end = held.find(END)
            if end < 0:
                return
            head = bytes(held[:end]).lower()
            at = head.find(LENGTH)
            self._ok = head.startswith(b"http/1.1 200")
            length = 0 if at < 0 else int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0])
            self._wanted = end + len(END) + length
        if len(held) < self._wanted:
            return
        now = time.perf_counter()
        if self._asked_at >= self._since:
            self.latencies.append(now - self._asked_at)
            self.refused += not self._ok
        held.clear()
        self._wanted = -1
        if now >= self._until:
            self._transport.close()
        else:
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        """The end, wanted or not."""
        if not self.done.done():
            self.done.set_result(None)


def request_bytes(load: Load, body: str) -> bytes:
    """One request as it goes over the wire."""
    content = body.encode()
    headers = {"Host": f"127.0.0.1:{load.port}", "Content-Type": "application/json", **load.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {load.path} HTTP/1.1\r\n{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


async def measure(load: Load) -> Measured:
    """Put a server under load; what it did after `warm` seconds counts."""
    requests = [request_bytes(load, body) for body in load.bodies]
    loop, began = asyncio.get_running_loop(), time.perf_counter()
    since, until = began + load.warm, began + load.warm + load.seconds
    step = max(len(requests) // load.connections, 1)
    connections = []
    for number in range(load.connections):
        made = _Connection(requests, number * step, until, since)
        await loop.create_connection(partial(_itself, made), "127.0.0.1", load.port)
        connections.append(made)
    await asyncio.gather(*(one.done for one in connections))
    latencies = sorted(latency for one in connections for latency in one.latencies)
    refused = sum(one.refused for one in connections)
    if not latencies:
        return Measured(0.0, 0.0, 0.0, 0.0, 0, refused)
    p50, p99 = (latencies[min(int(len(latencies) * share), len(latencies) - 1)] * 1000 for share in (0.5, 0.99))
    return Measured(len(latencies) / load.seconds, p50, p99, latencies[-1] * 1000, len(latencies), refused)


def _itself(made: _Connection) -> _Connection:
    return made


async def _side_by_side(loads: Sequence[Load]) -> list[Measured]:
    return list(await asyncio.gather(*(measure(load) for load in loads)))


def main() -> None:
    """Measure what standard input asks for: a list of loads, all at the same time."""
    loads = [Load(**one) for one in json.load(sys.stdin)]
    from uvloop import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        found = runner.run(_side_by_side(loads))
    json.dump([asdict(one) for one in found], sys.stdout)


if __name__ == "__main__":
    main()
