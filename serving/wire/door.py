"""Whose body is read, and how many at once? Nobody's without a key, and of large ones a few megabytes at a time.

Raw ASGI in front of the routes. A framework reads and parses a body before it asks who sent it; here a body that
someone wants to read brings the question for the key first, and who has none is refused before its first byte was kept.
JSON takes twenty times its own size in memory while a framework checks it, so large ones wait as bytes for their turn,
and what holds more values than any call needs is not parsed at all.
"""

import asyncio
from collections import deque

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.errors import ForesellError
from serving.access.gate import admitted
from serving.problems.documents import RefusedRequest
from serving.problems.limit_errors import OpenBodyTooLarge, TooManyValues

OPEN = frozenset({"/v1/session", "/sign-in", "/sign-out"})
"""Paths that read a body of someone who is not known yet."""

MOST_OPEN = 16_384
"""Bytes of a body there."""

LARGE = 262_144
"""Bytes; larger bodies are read when there is room."""

READ_AT_ONCE = 4_000_000
"""Bytes of large bodies that are parsed and answered at the same time; a larger one alone."""


MOST_VALUES = 500_000
"""Values and containers in a large body: a thousand deals with every feature have a quarter of it."""

_ALL_BUT_SHAPE = bytes(set(range(256)) - set(b'",[{'))


class Door:
    """ASGI middleware, inside what surrounds every request and in front of whatever reads bodies."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self._room = app, Room(READ_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        length = _length(scope) if scope["type"] == "http" else 0
        if length == 0:
            await self.app(scope, receive, send)
            return
        visit = _Visit(self._room, scope, receive, length)
        try:
            await self.app(scope, visit.receive, send)
        finally:
            visit.leave()


class Room:
    """Room for so many bytes, taken in the order of arrival; what is larger than all of it takes all."""

    def __init__(self, most: int) -> None:
        self._most, self._taken = most, 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def enter(self, size: int) -> int:
        """Wait for room; the bytes taken, to be given to `leave`."""
        size = min(size, self._most)
        if not self._waiting and self._taken + size <= self._most:
            self._taken += size
            return size
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                # It may be first in the row: those behind it need not wait for it.
                self._let_in()
            else:
                self.leave(size)
            raise
        return size

    def leave(self, size: int) -> None:
        """Give room back."""
        self._taken -= size
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if not turn.cancelled():
                if self._taken + size > self._most:
                    return
                self._taken += size
                turn.set_result(None)
            self._waiting.popleft()


class _Visit:
    """One request with a body. `length` is None where it is not said."""

    def __init__(self, room: Room, scope: Scope, receive: Receive, length: int | None) -> None:
        self._room, self._scope, self._receive = room, scope, receive
        self._open = scope["path"] in OPEN
        self._whole = not self._open and (length is None or length > LARGE)
        self._asked, self._arrived, self._taken = False, 0, 0

    async def receive(self) -> Message:
        """The next part of the body, a large one whole. Raises RefusedRequest for who has no key, or sends too much."""
        if not self._asked:
            self._asked = True
            if not self._open:
                await self._must_be_known()
            if self._whole:
                return await self._read()
        message = await self._receive()
        self._arrived += len(message.get("body", b""))
        if self._open and self._arrived > MOST_OPEN:
            raise RefusedRequest(OpenBodyTooLarge(MOST_OPEN))
        return message

    def leave(self) -> None:
        """It was answered."""
        if self._taken:
            self._room.leave(self._taken)

    async def _must_be_known(self) -> None:
        if "caller" not in self._scope["state"]:
            try:
                await admitted(Request(self._scope))
            except ForesellError as refusal:
                raise RefusedRequest(refusal) from refusal

    async def _read(self) -> Message:
        """The whole body, once there is room for it."""
        parts: list[bytes] = []
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                return message
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                break
        body = b"".join(parts)
        del parts, message
        if len(body) > LARGE:
            if values_in(body) > MOST_VALUES:
                raise RefusedRequest(TooManyValues(MOST_VALUES))
            self._taken = await self._room.enter(len(body))
        return {"type": "http.request", "body": body, "more_body": False}


def values_in(body: bytes) -> int:
    """About how many values JSON holds, without parsing it; more than there are, as long as these are few.

    >>> values_in(b'{"a": [1, 2, "x, y"]}')
    6
    """
    # A comma, a bracket or a brace stands before every value but the first; those in texts are left out if they matter.
    most = 1 + body.count(b",") + body.count(b"[") + body.count(b"{")
    if most <= MOST_VALUES:
        return most
    shape = body.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _ALL_BUT_SHAPE)
    # A value has a name at most, and is a text at most: four quotes.
    by_quotes = shape.count(b'"') // 4
    return by_quotes if by_quotes > MOST_VALUES else 1 + len(b"".join(shape.split(b'"')[::2]))


def _length(scope: Scope) -> int | None:
    """How long the body is: 0 without one, None where it is not said."""
    length: int | None = 0
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            length = int(value) if value.isdigit() else None
    return length
