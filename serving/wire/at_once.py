"""Which request is answered in the moment it is read, before there is a task or a message for it?

One about one deal by features, whose head and body came together and have nothing unusual. The connection asks here; in
every other case the request goes on through the envelope and the routes as if nobody had looked, and both ways give the
same bytes, count the same and write the same line.
"""

import logging
from collections.abc import Sequence
from hashlib import sha256
from itertools import count
from secrets import token_hex
from time import perf_counter
from typing import Any, NamedTuple

from serving.access.gate import Gate
from serving.access.key_ring import Caller
from serving.access.keys import Scope
from serving.language import Language, preferred
from serving.scores.scorebook import Asker, ScoreBook
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


MOST_KNOWN = 2_000
"""Heads that are known without being read; each takes a few hundred bytes."""


class Head(NamedTuple):
    """What the headers of a plain request say."""

    authorization: bytes
    accepted: bytes | None
    request_id: bytes | None
    length: int


class Known(NamedTuple):
    """What a head says that was read before, byte for byte: whose key, in which language, how long the body is."""

    key: bytes
    language: Language
    length: int


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
        self._known: dict[bytes, Known] = {}
        self._begun: dict[Language, bytes] = {}
        self._begun_with: Headers | None = None

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
        return Head(authorization, found.get(b"accept-language"), found.get(b"x-request-id"), int(length))

    def known(self, data: bytes) -> Known | None:
        """What the head of a whole request says, if it is one that was read before; the rest is its body.

        The parser makes the same of the same bytes wherever a request may begin, so it need not be asked again.
        """
        end = data.find(b"\r\n\r\n") + 4
        known = self._known.get(sha256(data[:end]).digest()) if end > 3 and tracer() is None else None
        return known if known is not None and known.length == len(data) - end else None

    def learn(self, data: bytes, head: Head) -> None:
        """Know the head of a request again that was answered; who numbers his requests has too many."""
        end = data.find(b"\r\n\r\n") + 4
        key = Gate.quick_digest(head.authorization.decode("latin-1"))
        if head.length != len(data) - end or head.request_id is not None or key is None:
            return
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        # Of what holds a key only a digest is kept.
        self._known[sha256(data[:end]).digest()] = Known(key, self._language(head.accepted), head.length)

    def answer(self, head: Head, body: bytes, began: float, default_headers: Headers) -> Tried:
        """The whole answer, head and body; `began` is the moment of `perf_counter` at which the request did."""
        gate: Gate | None = getattr(self._state, "gate", None)
        caller = None if gate is None else gate.quick(head.authorization.decode("latin-1"))
        if caller is None:
            return NOTHING
        language, request_id = self._language(head.accepted), self._id(head.request_id)
        return self._say(caller, language, request_id, body, began, default_headers)

    def answer_known(self, known: Known, data: bytes, began: float, default_headers: Headers) -> Tried:
        """The same for a whole request whose head is known."""
        caller = self._state.gate.quick_by(known.key)
        if caller is None:
            return NOTHING
        body = data[len(data) - known.length :]
        return self._say(caller, known.language, self._id(None), body, began, default_headers)

    def _say(
        self,
        caller: Caller,
        language: Language,
        request_id: str,
        body: bytes,
        began: float,
        default_headers: Headers,
    ) -> Tried:
        book: ScoreBook | None = getattr(self._state, "book", None)
        if book is None or not caller.may(Scope.SCORE):
            return Tried(None, caller)
        said = book.at_once(body, language, Asker(caller.actor, caller.reach, request_id))
        if said is None:
            return Tried(None, caller)
        if default_headers is not self._begun_with:
            # The server makes a new list each second, with the time.
            self._begun, self._begun_with = {}, default_headers
        begun = self._begun.get(language)
        if begun is None:
            headers = b"".join(b"%b: %b\r\n" % pair for pair in default_headers)
            begun = b"HTTP/1.1 200 OK\r\n%bcontent-language: %b\r\ncontent-length: " % (headers, language.encode())
            self._begun[language] = begun
        answer = b"%b%d\r\n%bx-request-id: %b\r\n\r\n%b" % (
            *(begun, len(said), _JSON_AND_SECURITY, request_id.encode(), said),
        )
        self._note(request_id, caller, perf_counter() - began)
        return Tried(answer, caller)

    def _language(self, accepted: bytes | None) -> Language:
        usual: Language = self._state.settings.language
        return usual if accepted is None else preferred(accepted.decode("latin-1"), usual)

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
