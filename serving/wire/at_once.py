"""Which request is answered in the moment it is read, before there is a task or a message for it?

One about one deal by features, whose head and body came together and have nothing unusual. The connection asks here; in
every other case the request goes on through the envelope and the routes as if nobody had looked, and both ways give the
same bytes, count the same and write the same line.
"""

import logging
from collections.abc import Sequence
from itertools import count
from secrets import token_hex
from time import perf_counter
from typing import Any, NamedTuple

from serving.access.key_ring import Caller
from serving.access.keys import Scope
from serving.language import Language, preferred
from serving.scores.scorebook import Asker
from serving.shelf.one_deal import LONGEST_BODY
from serving.telemetry.metrics import Metrics
from serving.telemetry.request_log import FACTS, LOGGER, request_line, stream_of
from serving.telemetry.tracing import tracer
from serving.wire.envelope import PLAIN_ID, SECURITY_HEADERS
from serving.wire.short_way import PLAIN_JSON

PATH = "/v1/scores/deals"
ASKED = PATH.encode()
Headers = Sequence[tuple[bytes, bytes]]

log = logging.getLogger(LOGGER)
_SECURITY = b"".join(f"{name.lower()}: {value}\r\n".encode() for name, value in SECURITY_HEADERS.items())
_JSON_AND_SECURITY = b"content-type: application/json\r\n" + _SECURITY
_UNUSUAL = frozenset({b"content-encoding", b"transfer-encoding", b"expect", b"upgrade", b"x-http-method-override"})


class Head(NamedTuple):
    """What the headers of a plain request say."""

    authorization: bytes
    accepted: bytes | None
    request_id: bytes | None


class Tried(NamedTuple):
    """The bytes of the answer, None where there is none at once; and the caller, whose request was counted already."""

    answer: bytes | None
    caller: Caller | None


NOTHING = Tried(None, None)


class AtOnce:
    """Answers for the connections of one process. `state` is that of the app."""

    def __init__(self, state: Any, metrics: Metrics) -> None:
        self._state, self._metrics = state, metrics
        self._ids, self._first_half = count(1), token_hex(8)

    def head(self, headers: Headers) -> Head | None:
        """What the headers say; None where anything is unusual."""
        found: dict[bytes, bytes] = {}
        for name, value in headers:
            if name in found or name in _UNUSUAL:
                return None
            found[name] = value
        length, kind = found.get(b"content-length", b""), found.get(b"content-type", b"")
        if not length.isdigit() or len(length) > 5 or int(length) > LONGEST_BODY or kind.lower() not in PLAIN_JSON:
            return None
        authorization = found.get(b"authorization")
        if authorization is None or tracer() is not None:
            return None
        return Head(authorization, found.get(b"accept-language"), found.get(b"x-request-id"))

    def answer(self, head: Head, body: bytes, began: float, default_headers: Headers) -> Tried:
        """The whole answer, head and body; `began` is the moment of `perf_counter` at which the request did."""
        state = self._state
        gate, book = getattr(state, "gate", None), getattr(state, "book", None)
        if gate is None or book is None:
            return NOTHING
        caller: Caller | None = gate.quick(head.authorization.decode("latin-1"))
        if caller is None:
            return NOTHING
        tried = Tried(None, caller)
        if not caller.may(Scope.SCORE):
            return tried
        language: Language = state.settings.language
        if head.accepted is not None:
            language = preferred(head.accepted.decode("latin-1"), language)
        request_id = self._id(head.request_id)
        said: bytes | None = book.at_once(body, language, Asker(caller.actor, caller.reach, request_id))
        if said is None:
            return tried
        parts = [b"HTTP/1.1 200 OK\r\n"]
        for name, value in default_headers:
            parts += (name, b": ", value, b"\r\n")
        parts.append(
            b"content-language: %b\r\ncontent-length: %d\r\n%bx-request-id: %b\r\n\r\n"
            % (language.encode(), len(said), _JSON_AND_SECURITY, request_id.encode())
        )
        parts.append(said)
        self._note(request_id, caller, perf_counter() - began)
        return Tried(b"".join(parts), caller)

    def _id(self, given: bytes | None) -> str:
        if given is not None and PLAIN_ID.fullmatch(text := given.decode("latin-1")):
            return text
        return f"{self._first_half}{next(self._ids):016x}"

    def _note(self, request_id: str, caller: Caller, seconds: float) -> None:
        """Count the request and write its line, as the envelope does."""
        self._metrics.request(PATH, "POST", 200, seconds)
        stream = stream_of(log)
        noted = {"key": caller.key_id, "deals": 1}
        if stream is not None:
            stream.write(request_line(request_id, "POST", PATH, 200, seconds * 1000, noted))
        else:
            told = {"request_id": request_id, "method": "POST", "path": PATH, "status": 200}
            log.info("request", extra={FACTS: {**told, "milliseconds": round(seconds * 1000, 2), **noted}})
