"""How is a server at a steady rate of mixed requests, whatever it can do? Arrivals at random, none waits for another.

Runs in a process of its own: `python -m benchmarks.http_load.open_loop` reads a plan (JSON) from standard input, writes
one line of JSON for each part of the time. A latency counts from the moment a request was due, so that one that had to
wait for a connection because others were slow is as late as its caller would find it. With `rate` 0 each connection
asks as soon as it was answered (closed loop), which finds the capacity.
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import cast

from benchmarks.http_load.client import END, LENGTH

NUMBER = b"@@@@@@@@@@"
"""Stands in a body for a number of ten digits that no other request has."""


@dataclass
class Kind:
    """Requests of one kind: their share, and the status of a good answer."""

    name: str
    share: float
    path: str
    bodies: Sequence[str]
    good: int = 200


@dataclass
class Plan:
    """`rate` requests a second for so long, in parts of so many seconds.

    Numbers go on after `first`; where `known` is not 0 they are drawn from 1 to it, so that the same requests come
    again. A number always goes into the same body.
    """

    port: int
    kinds: list[Kind]
    headers: dict[str, str]
    rate: float
    connections: int
    seconds: float
    part: float = 60.0
    first: int = 0
    seed: int = 0
    known: int = 0


@dataclass
class Seen:
    """What one part of the time brought: latencies in ms by kind, and what was answered otherwise than wanted."""

    latencies: dict[str, list[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    waited_most: int = 0

    def told(self, seconds: float) -> dict[str, object]:
        """As JSON."""
        everything = sorted(one for some in self.latencies.values() for one in some)
        by_kind = {name: _quantiles(sorted(some)) for name, some in self.latencies.items()}
        return {
            "requests": len(everything),
            "per_second": len(everything) / seconds,
            "errors": dict(self.errors),
            "waited_most": self.waited_most,
            **_quantiles(everything),
            "by_kind": by_kind,
        }


class _Connection(asyncio.Protocol):
    """Asks what it is given, one after the other."""

    def __init__(self, load: "_Load") -> None:
        self._load, self._held, self._wanted = load, bytearray(), -1
        self._kind: Kind | None = None
        self._due, self._status = 0.0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready for a request."""
        self._transport = cast(asyncio.Transport, transport)
        self._load.idle(self)

    def ask(self, kind: Kind, due: float, request: bytes) -> None:
        """Send a request."""
        self._kind, self._due = kind, due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Gather one answer."""
        held = self._held
        held += data
        if self._wanted < 0:
            end = held.find(END)
            if end < 0:
                return
            head = bytes(held[:end]).lower()
            at = head.find(LENGTH)
            length = 0 if at < 0 else int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0])
            self._status, self._wanted = head[9:12], end + len(END) + length
        if len(held) < self._wanted or self._kind is None:
            return
        kind, self._kind, self._wanted = self._kind, None, -1
        held.clear()
        self._load.answered(kind, self._due, int(self._status))
        self._load.idle(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Closed by the server; another takes its place."""
        if self._kind is not None:
            self._load.failed(self._kind)
        self._load.lost(self)

    def close(self) -> None:
        """The end."""
        self._transport.close()


class _Load:
    """All connections of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._chance = plan, random.Random(plan.seed)
        head = {"Host": f"127.0.0.1:{plan.port}", "Content-Type": "application/json", **plan.headers}
        self._head = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        self._requests = {kind.name: [self._bytes(kind, body) for body in kind.bodies] for kind in plan.kinds}
        self._shares = [kind.share for kind in plan.kinds]
        self._number = plan.first
        self._idle: deque[_Connection] = deque()
        self._waiting: deque[float] = deque()
        self._seen, self._over, self._ending = Seen(), False, False
        self._good: Counter[str] = Counter()
        self._opening: set[asyncio.Task[object]] = set()

    async def run(self) -> None:
        """Ask until the time is over; says a line for each part."""
        for _ in range(self._plan.connections):
            await self._open()
        began = time.perf_counter()
        due, part_ends, ends = began, began + self._plan.part, began + self._plan.seconds
        since = began
        while (now := time.perf_counter()) < ends:
            while self._plan.rate and due <= now:
                self._waiting.append(due)
                due += self._chance.expovariate(self._plan.rate)
            self._give()
            if now >= part_ends:
                self._tell(now - since)
                since, part_ends = now, part_ends + self._plan.part
            await asyncio.sleep(min(max(due - time.perf_counter(), 0.0), 0.01) if self._plan.rate else 0.01)
        self._ending = True
        late = time.perf_counter() + 10.0
        while time.perf_counter() < late and (self._waiting or len(self._idle) < self._plan.connections):
            self._give()
            await asyncio.sleep(0.01)
        if now - since > 0.2 * self._plan.part:
            self._tell(now - since)
        self._over = True
        print(json.dumps({"next": self._number, "good": dict(self._good)}), flush=True)

    def idle(self, connection: _Connection) -> None:
        """A connection may ask."""
        if not self._plan.rate and not self._ending:
            self._ask(connection, time.perf_counter())
        else:
            self._idle.append(connection)
            self._give()

    def answered(self, kind: Kind, due: float, status: int) -> None:
        """An answer has come."""
        self._seen.latencies.setdefault(kind.name, []).append(1000 * (time.perf_counter() - due))
        if status == kind.good:
            self._good[kind.name] += 1
        else:
            self._seen.errors[f"{kind.name}: {status}"] += 1

    def failed(self, kind: Kind) -> None:
        """An answer did not come."""
        self._seen.errors[f"{kind.name}: no answer"] += 1

    def lost(self, connection: _Connection) -> None:
        """A connection was closed."""
        if connection in self._idle:
            self._idle.remove(connection)
        if not self._over:
            task = asyncio.get_running_loop().create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    def _give(self) -> None:
        self._seen.waited_most = max(self._seen.waited_most, len(self._waiting))
        while self._idle and self._waiting:
            self._ask(self._idle.popleft(), self._waiting.popleft())

    def _ask(self, connection: _Connection, due: float) -> None:
        (kind,) = self._chance.choices(self._plan.kinds, self._shares)
        requests = self._requests[kind.name]
        head, body = self._chance.choice(requests)
        if NUMBER in body:
            number = self._chance.randint(1, self._plan.known) if self._plan.known else self._number + 1
            self._number = max(number, self._number)
            head, body = requests[number % len(requests)]
            body = body.replace(NUMBER, b"%010d" % number)
        connection.ask(kind, due, head + body)

    def _bytes(self, kind: Kind, body: str) -> tuple[bytes, bytes]:
        content = body.encode()
        head = f"POST {kind.path} HTTP/1.1\r\n{self._head}Content-Length: {len(content)}\r\n\r\n"
        return head.encode(), content

    def _tell(self, seconds: float) -> None:
        seen, self._seen = self._seen, Seen()
        print(json.dumps(seen.told(seconds)), flush=True)

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(partial(_Connection, self), "127.0.0.1", self._plan.port)


def _quantiles(some: Sequence[float]) -> dict[str, float]:
    if not some:
        return {"p50": 0.0, "p99": 0.0, "most": 0.0}
    p50, p99 = (some[min(int(len(some) * share), len(some) - 1)] for share in (0.5, 0.99))
    return {"p50": p50, "p99": p99, "most": some[-1]}


def as_json(plan: Plan) -> str:
    """A plan for the process that carries it out."""
    return json.dumps(asdict(plan))


def main() -> None:
    """Carry out the plan on standard input."""
    given = json.load(sys.stdin)
    plan = Plan(**{**given, "kinds": [Kind(**kind) for kind in given["kinds"]]})
    from uvloop import new_event_loop

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_Load(plan).run())


if __name__ == "__main__":
    main()
