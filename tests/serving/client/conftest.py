"""A tiny raw server that does what it is told: drop the connection, answer a status, send half an answer."""

import json
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread

import pytest

DROP = "drop"
HALF = "half"
Step = str | tuple[int, dict[str, str], object]


@dataclass
class Faulty:
    """What it does with each request in turn; and what it was asked."""

    address: str
    asked: list[bytes] = field(default_factory=list)

    def head(self, number: int) -> dict[str, str]:
        lines = self.asked[number].partition(b"\r\n\r\n")[0].decode().split("\r\n")
        return {"": lines[0]} | {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }

    def body(self, number: int) -> object:
        return json.loads(self.asked[number].partition(b"\r\n\r\n")[2])


def request_of(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            return received
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0]) if lengths else 0
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def faulty() -> Iterator[Callable[[Sequence[Step]], Faulty]]:
    listening: list[socket.socket] = []

    def start(steps: Sequence[Step]) -> Faulty:
        listener = socket.create_server(("127.0.0.1", 0))
        listening.append(listener)
        told = Faulty(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def work() -> None:
            for step in steps:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    told.asked.append(request_of(connection))
                    if step == DROP:
                        continue
                    status, headers, body = (200, {}, {}) if isinstance(step, str) else step
                    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
                    length = len(sent) + (100 if step == HALF else 0)
                    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {length}", "Connection: close"]
                    lines += [f"{name}: {value}" for name, value in headers.items()]
                    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + sent)

        Thread(target=work, daemon=True).start()
        return told

    yield start
    for one in listening:
        one.close()
