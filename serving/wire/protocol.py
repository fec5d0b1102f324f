"""What does one connection bring? HTTP as uvicorn speaks it, read with limits, some of it answered in that moment.

A request to change to another protocol is answered as if it had not asked for that (RFC 9110, section 7.8): the parser
would lose its body, and take it for the next request.
"""

import logging
from time import perf_counter
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from features.errors import ForesellError
from serving.access.key_ring import Caller
from serving.problems.limit_errors import HeadTooLarge, NotHttp, TooManyHeaders
from serving.telemetry.request_log import LOGGER
from serving.wire.at_once import ASKED, NOTHING, AtOnce, Head
from serving.wire.guarded import Guarded, Phase

MOST_HEAD = 65_536
"""Bytes of a request's head, its address and headers together; what one reading brought may be more."""

VERSIONS = frozenset({"1.0", "1.1"})
MOST_HEADERS = 200
MOST_PIPELINED = 100
"""Requests that wait for their turn on one connection."""

log = logging.getLogger(LOGGER)


class Connection(Guarded):
    """One connection."""

    at_once: AtOnce | None = None
    """Who may answer a request in the moment it is read."""

    held_body = b""
    learned: Head | None = None
    """The head of a request that was answered so."""

    counted: Caller | None = None
    """The caller of a request that was tried, and not answered, before it was read."""

    refusal: ForesellError | None = None
    """Why the parser was stopped."""

    renewing = False
    """Whether the request being read asks for another protocol, and is read once more without that."""

    began = 0.0
    head_bytes = 0
    read = 0
    """Requests read to their end."""

    def data_received(self, data: bytes) -> None:
        """Read on. What is not HTTP is answered with a problem document, a head without end too."""
        self._unset_keepalive_if_required()
        if self.ends or self.transport.is_closing():
            return
        rested = self.phase is Phase.IDLE and self.at_once is not None
        if rested and self._answer_known(data):
            return
        read, self.learned = self.read, None
        try:
            self._feed(data)
        except HttpParserError:
            self.turn_away(self.refusal or NotHttp())
            return
        self.counted = None
        if rested and self.learned is not None and self.read == read + 1 and self.at_once is not None:
            self.at_once.learn(data, self.learned)
        if self.held is not None:
            # The rest of the body is still to come.
            self._go_on()
        if self.phase <= Phase.HEAD and self.read == read:
            # No request came to its end in it: the whole of it belongs to one head.
            self.head_bytes += len(data)
            if self.head_bytes > MOST_HEAD and not self.transport.is_closing():
                self.turn_away(HeadTooLarge(MOST_HEAD))

    def _feed(self, data: bytes) -> None:
        """Raises HttpParserError."""
        while True:
            try:
                self.parser.feed_data(data)
            except HttpParserUpgrade as stopped:
                data = self._without_upgrade() + data[stopped.args[0] :]
            else:
                return

    def _without_upgrade(self) -> bytes:
        """A new parser, and the head for it that the old one read last, without the header that stopped it."""
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        lines += [b"%b: %b" % pair for pair in self.headers if pair[0] != b"upgrade"]
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return b"\r\n".join([*lines, b"", b""])

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self.phase, self.since, self.head_bytes, self.renewing = Phase.HEAD, self.loop.time(), 0, False

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header. Raises TooManyHeaders."""
        super().on_header(name, value)
        if len(self.headers) > MOST_HEADERS:
            self.refusal = TooManyHeaders(MOST_HEADERS)
            raise self.refusal

    def on_headers_complete(self) -> None:
        """Its head is complete. Raises NotHttp for CONNECT."""
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise NotHttp
            self.renewing = True
            return
        if self.at_once is not None and self.url == ASKED and self._may_be_held():
            self.held = self.at_once.head(self.headers)
            self.held_body = b""
            if self.held is not None:
                self.began, self.phase = perf_counter(), Phase.BODY
                return
        self._take()

    def _take(self) -> None:
        """Let the request take its usual way, behind those before it. Raises NotHttp where too many wait, and for HTTP
        of another age, whose end is the connection's.
        """
        if self.parser.get_http_version() not in VERSIONS:
            raise NotHttp
        super().on_headers_complete()
        if len(self.pipeline) > MOST_PIPELINED:
            raise NotHttp
        if not self.pipeline:
            self.running = self.cycle
        self.phase = Phase.BODY

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        if self.held is not None:
            self.held_body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Its body is complete."""
        self.read += 1
        if self.renewing or (self.held is not None and self._answer_at_once(self.held)):
            return
        self.phase = Phase.ANSWER
        super().on_message_complete()
        if self._answered():
            self._rest()

    def _answer_known(self, data: bytes) -> bool:
        """Answer a whole request whose head was read before, without reading it again."""
        assert self.at_once is not None
        began = perf_counter()
        known = self.at_once.known(data)
        if known is None or not self._at_rest():
            return False
        try:
            tried = self.at_once.answer_known(known, data, began, self.server_state.default_headers)
        except Exception:
            log.exception("fault")
            return False
        if tried.answer is None:
            self.counted = tried.caller
            return False
        self._sent(tried.answer)
        return True

    def _at_rest(self) -> bool:
        """Whether nothing else is under way, on the connection and as far as the server may tell."""
        return (
            not self.pipeline
            and (self.cycle is None or self.cycle.response_complete)
            and len(self.tasks) < self.limits.requests_most
            and not self.flow.write_paused
            and not self.transport.is_closing()
        )

    def _may_be_held(self) -> bool:
        """Whether the connection and the server are at rest but for this request."""
        return (
            self._at_rest()
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
        )

    def _answer_at_once(self, head: Head) -> bool:
        """Answer the request that is held; else let it go on."""
        assert self.at_once is not None
        if self.counted is not None:
            # It was tried before it was read.
            self._go_on(self.counted)
            return False
        try:
            tried = self.at_once.answer(head, self.held_body, self.began, self.server_state.default_headers)
        except Exception:
            log.exception("fault")
            tried = NOTHING
        if tried.answer is None:
            self._go_on(tried.caller)
            return False
        self.held, self.learned = None, head
        self._sent(tried.answer)
        return True

    def _sent(self, answer: bytes) -> None:
        self.was_asked = self.proven = True
        self.transport.write(answer)
        self.server_state.total_requests += 1
        self._rest()

    def _go_on(self, caller: Caller | None = None) -> None:
        """What was held takes its usual way; of a `caller` the gate has counted the request already."""
        self.held = None
        if caller is not None:
            cast("dict[str, object]", self.scope["state"])["caller"] = caller
        self._take()
        if self.held_body:
            super().on_body(self.held_body)

    def on_response_complete(self) -> None:
        """It was answered, maybe before its body was complete."""
        if self.running is not None:
            self.proven = self.proven or "caller" in cast("dict[str, object]", self.running.scope["state"])
            if self.running.body:
                # It was refused unread; the connection may rest for a minute, and a thousand of them may.
                self.running.body = bytearray()
        if self.pipeline:
            self.running = self.pipeline[-1][0]
        super().on_response_complete()
        if self.phase is Phase.ANSWER:
            self._rest()

    def _rest(self) -> None:
        self.phase, self.since, self.head_bytes = Phase.IDLE, self.loop.time(), 0

    def _answered(self) -> bool:
        return self.cycle is not None and self.cycle.response_complete
