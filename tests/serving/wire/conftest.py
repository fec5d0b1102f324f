"""A bare app behind the guarded server, asked over raw sockets."""

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Thread
from time import sleep

import pytest

from serving.settings import ServingSettings
from serving.telemetry.metrics import Metrics
from serving.wire.connections import GuardedServer, server_of
from serving.wire.envelope import Envelope

QUICK = {"head_wait": "PT0.3S", "body_wait": "PT0.3S", "keep_alive": "PT1S", "request_most": "PT5S", "grace": "PT2S"}


async def echo(scope, receive, send):
    """Answers with the length of the body; waits at /soon and /slow, too long at /never; says much at /long."""
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return
    import asyncio

    if scope["path"] == "/long":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(400):
            await send({"type": "http.response.body", "body": b"x" * 20_000, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return
    if scope["path"] in ("/soon", "/slow"):
        await asyncio.sleep(0.1 if scope["path"] == "/soon" else 0.6)
    if scope["path"] == "/never":
        await asyncio.sleep(60)
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length += len(message["body"])
        more = message["more_body"]
    told = str(length).encode() if scope["path"] != "/who" else f"{scope['client'][0]} {scope['scheme']}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(told))]})
    await send({"type": "http.response.body", "body": told})


@dataclass
class Bare:
    """The running server."""

    server: GuardedServer
    port: int
    thread: Thread
    metrics: Metrics

    def open(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def counted(self, status: str) -> int:
        """How many requests were counted under a status."""
        cells = self.metrics.together().get("request_duration_seconds", {})
        return int(sum(sum(cell[1:]) for labels, cell in cells.items() if labels[2] == status))

    def say(self, text: bytes) -> bytes:
        """All that is answered until the server closes the connection."""
        with self.open() as connection:
            connection.sendall(text)
            return everything(connection)


def everything(connection: socket.socket) -> bytes:
    answered = b""
    try:
        while part := connection.recv(65536):
            answered += part
    except ConnectionResetError:
        pass
    return answered


def problem(answered: bytes) -> dict[str, object]:
    head, _, body = answered.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head.lower()
    return dict(json.loads(body))


@pytest.fixture
def serve() -> Iterator[Callable[..., Bare]]:
    """Starts servers: `serve(<setting>=...)`."""
    yield from starting()


def starting() -> Iterator[Callable[..., Bare]]:
    """What starts servers, which are stopped at the end."""
    running: list[Bare] = []

    def start(**changed: object) -> Bare:
        settings = ServingSettings(**{**QUICK, **changed})  # type: ignore[arg-type]
        metrics = Metrics()
        server = server_of(Envelope(echo, settings, metrics), settings, metrics)
        listens = socket.create_server(("127.0.0.1", 0))
        thread = Thread(target=server.run, args=([listens],), daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            sleep(0.005)
        running.append(Bare(server, listens.getsockname()[1], thread, metrics))
        return running[-1]

    yield start
    for one in running:
        one.server.should_exit = True
        one.thread.join(10)
        assert not one.thread.is_alive()


CLOSE = b"Host: x\r\nConnection: close\r\n\r\n"
