"""One connection, whatever is sent on it: each request gets one answer, its own, or none."""

import socket
from itertools import pairwise
from time import monotonic, sleep

import pytest

from serving.wire.protocol import MOST_HEAD, MOST_HEADERS, MOST_PIPELINED
from tests.serving.wire.conftest import CLOSE, everything, problem, starting

H2C = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\nUpgrade: h2c\r\n"
INNER = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def bare():
    """One server for many."""
    made = starting()
    yield next(made)()
    next(made, None)


def statuses(answered: bytes) -> list[int]:
    return [int(part[:3]) for part in answered.split(b"HTTP/1.1 ")[1:]]


def post(body: bytes, more: bytes = b"") -> bytes:
    return b"POST / HTTP/1.1\r\nHost: x\r\n" + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize("cuts", [[], [20], [60], [-len(INNER)], [-5], [20, -len(INNER), -5]])
@pytest.mark.parametrize("asks", [H2C, b"Connection: upgrade\r\nUpgrade: websocket\r\n"])
def test_a_request_that_asks_for_another_protocol_keeps_its_body(bare, asks, cuts) -> None:
    sent = post(INNER, asks) + post(b"abc", b"Connection: close\r\n")
    first = len(post(INNER, asks))
    places = [0, *(cut if cut > 0 else first + cut for cut in cuts), len(sent)]
    with bare.open() as connection:
        for start, end in pairwise(places):
            connection.sendall(sent[start:end])
            sleep(0.02)
        answered = everything(connection)

    assert statuses(answered) == [200, 200]
    assert b"\r\n\r\n%dHTTP" % len(INNER) in answered
    assert answered.endswith(b"\r\n\r\n3")


def test_another_protocol_is_passed_over_in_chunks_and_pipelines_too(bare) -> None:
    chunked = b"POST / HTTP/1.1\r\nHost: x\r\n" + H2C + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    without = b"GET / HTTP/1.1\r\nHost: x\r\n" + H2C + b"\r\n"
    answered = bare.say(chunked + without + chunked + b"GET / HTTP/1.1\r\n" + CLOSE)

    assert statuses(answered) == [200] * 4
    assert [part[:1] for part in answered.split(b"\r\n\r\n")[1:]] == [b"3", b"0", b"3", b"0"]


AFTER = b"GET / HTTP/1.1\r\n" + CLOSE
START = b"POST / HTTP/1.1\r\nHost: x\r\n"
NOT_HTTP = {
    "length and chunks": START + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": START + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "the same length twice": START + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "two lengths": START + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    "a list of lengths": START + b"Content-Length: 3, 3\r\n\r\nabc",
    "a length with a sign": START + b"Content-Length: +3\r\n\r\nabc",
    "a length beyond all numbers": START + b"Content-Length: 99999999999999999999999\r\n\r\nabc",
    "a space before the colon": START + b"Content-Length : 3\r\n\r\nabc",
    "chunks that are not last": START + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "a chunk of no size": START + b"Transfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n",
    "a chunk of an odd size": START + b"Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
    "a chunk of a negative size": START + b"Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
    "a chunk beyond all sizes": START + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff1\r\nabc\r\n0\r\n\r\n",
    "a chunk longer than said": START + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcde\r\n0\r\n\r\n",
    "a chunk that ends in a bare LF": START + b"Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n",
    "a folded header": START + b"X-Long: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "a bare LF in the head": START + b"X-A: a\nContent-Length: 0\r\n\r\n",
    "a head of bare LFs": b"GET / HTTP/1.1\nHost: x\n\n",
    "a bare CR in a header": START + b"X-A: a\rb\r\nContent-Length: 0\r\n\r\n",
    "a zero in a header": START + b"X-A: a\0b\r\nContent-Length: 0\r\n\r\n",
    "a header without a name": START + b": a\r\nContent-Length: 0\r\n\r\n",
    "a tunnel": b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n",
    "HTTP/2 from the start": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
}


@pytest.mark.parametrize("sent", NOT_HTTP.values(), ids=NOT_HTTP)
def test_what_could_be_read_in_two_ways_is_read_in_none(bare, sent) -> None:
    answered = bare.say(sent + AFTER)

    assert statuses(answered) == [400]
    assert problem(answered)["type"] == "urn:foresell:problem:not-http"


@pytest.mark.parametrize("sent", NOT_HTTP.values(), ids=NOT_HTTP)
def test_nonsense_behind_a_request_is_not_taken_for_its_answer(bare, sent) -> None:
    answered = bare.say(b"GET /soon HTTP/1.1\r\nHost: x\r\n\r\n" + sent + AFTER)

    assert statuses(answered) == [200]
    assert b"connection: close" in answered


def test_nonsense_in_a_body_that_was_answered_already_closes_without_a_word(serve) -> None:
    bare = serve(max_body_bytes=100)
    with bare.open() as connection:
        connection.sendall(START + b"Transfer-Encoding: chunked\r\n\r\n" + b"64\r\n" + b"x" * 100 + b"\r\n1\r\nx\r\n")
        sleep(0.1)
        connection.sendall(b"nonsense\r\n")
        answered = everything(connection)

    assert statuses(answered) == [413]


def test_too_many_headers_are_refused(bare) -> None:
    def head(count: int) -> bytes:
        return b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(count)) + CLOSE

    assert statuses(bare.say(head(MOST_HEADERS - 2))) == [200]
    answered = bare.say(head(MOST_HEADERS))
    assert problem(answered)["type"] == "urn:foresell:problem:too-many-headers"
    assert statuses(answered) == [431]


def test_bodies_and_pipelined_requests_are_not_counted_as_a_head(bare) -> None:
    long = post(b"x" * (MOST_HEAD - 50))
    many = b"".join(post(b"x" * 2000) for _ in range(MOST_PIPELINED - 10))
    with bare.open() as connection:
        for part in (long, long, many, long + INNER):
            connection.sendall(part)
        connection.sendall(AFTER)
        answered = everything(connection)

    assert statuses(answered) == [200] * (MOST_PIPELINED - 10 + 5)


def test_very_many_pipelined_requests_end_the_connection_and_not_the_memory(bare) -> None:
    answered = bare.say(b"GET /soon HTTP/1.1\r\nHost: x\r\n\r\n" + INNER * (MOST_PIPELINED + 1))

    assert statuses(answered) == [200]


def test_a_body_that_was_refused_unread_is_not_kept_while_the_connection_rests(serve) -> None:
    bare = serve(max_body_bytes=100, keep_alive="PT20S", body_wait="PT20S")
    with bare.open() as connection:
        connection.sendall(START + b"Content-Length: 60000\r\n\r\n" + b"x" * 30_000)
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")
        (kept,) = bare.server.server_state.connections
        until = monotonic() + 5
        while kept.running.body and monotonic() < until:
            sleep(0.01)

        assert not kept.running.body


def test_who_does_not_read_his_answers_is_let_go_and_counted(serve) -> None:
    bare = serve()
    with socket.create_connection(("127.0.0.1", bare.port)) as connection:
        connection.sendall(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        until = monotonic() + 10
        while (sent := bare.counted("499")) == 0 and monotonic() < until:
            sleep(0.05)

    assert sent == 1
    assert not bare.server.server_state.tasks


def test_who_reads_slowly_but_reads_gets_everything(serve) -> None:
    with serve(body_wait="PT0.5S").open() as connection:
        connection.sendall(b"GET /long HTTP/1.1\r\n" + CLOSE)
        sleep(0.3)
        answered = everything(connection)

    assert len(answered) > 8_000_000


def test_a_last_answer_that_nobody_reads_does_not_keep_the_connection(serve) -> None:
    bare = serve()
    with socket.create_connection(("127.0.0.1", bare.port)) as connection:
        connection.sendall(b"GET /long HTTP/1.1\r\n" + CLOSE)
        until = monotonic() + 10
        while not bare.server.server_state.connections and monotonic() < until:
            sleep(0.01)
        while bare.server.server_state.connections and monotonic() < until:
            sleep(0.05)

    assert not bare.server.server_state.connections
