"""How the guarded server looks after its connections: a bare app behind it, asked over raw sockets."""

from time import monotonic, sleep

import pytest

from serving.wire.protocol import MOST_HEAD
from tests.serving.wire.conftest import CLOSE, everything, problem


def test_requests_are_answered_one_after_another_on_one_connection(serve) -> None:
    answered = serve().say(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n" + CLOSE)

    assert answered.count(b"HTTP/1.1 200") == 2
    assert b"\r\n\r\n3HTTP" in answered


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\nX-Part: ", b"POST /", b""])
def test_a_head_that_does_not_come_to_an_end_closes_the_connection(serve, sent) -> None:
    started = monotonic()
    answered = serve().say(sent)

    assert monotonic() - started < 8
    if sent:
        assert problem(answered)["type"] == "urn:foresell:problem:head-too-slow"
    else:
        assert answered == b""


def test_a_body_that_does_not_come_is_refused(serve) -> None:
    answered = problem(serve().say(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nabc"))

    assert (answered["status"], answered["type"]) == (408, "urn:foresell:problem:body-too-slow")


def test_chunks_without_end_are_refused_when_there_are_too_many(serve) -> None:
    bare = serve(max_body_bytes=1000)
    with bare.open() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(2000):
            connection.sendall(b"64\r\n" + b"x" * 100 + b"\r\n")
        answered = problem(everything(connection))

    assert (answered["status"], answered["type"]) == (413, "urn:foresell:problem:body-too-large")
    assert bare.say(b"GET / HTTP/1.1\r\n" + CLOSE).startswith(b"HTTP/1.1 200")


def test_a_head_without_end_is_refused_before_it_fills_the_memory(serve) -> None:
    bare = serve()
    with bare.open() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * (MOST_HEAD + 100))
        answered = problem(everything(connection))

    assert (answered["status"], answered["type"]) == (431, "urn:foresell:problem:head-too-large")
    counted = bare.metrics.together()["request_duration_seconds"]
    assert sum(counted["none", "other", "431"][1:]) == 1


def test_those_turned_away_are_one_line_a_second_however_many(serve, caplog) -> None:
    bare = serve()
    for _ in range(5):
        bare.say(b"HELLO\r\n\r\n")
    for _ in range(100):
        said = [record for record in caplog.records if record.message == "turned away"]
        if sum(sum(record.facts["connections"].values()) for record in said) == 5:
            break
        sleep(0.05)

    assert 1 <= len(said) <= 2


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"HELLO\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_what_is_not_http_gets_a_problem_document(serve, sent) -> None:
    answered = problem(serve().say(sent))

    assert (answered["status"], answered["type"]) == (400, "urn:foresell:problem:not-http")


def test_too_many_connections_are_told_so_and_the_old_ones_go_on(serve) -> None:
    bare = serve(connections_most=2, keep_alive="PT20S", head_wait="PT20S")
    with bare.open() as first, bare.open() as second:
        sleep(0.05)
        refused = bare.say(b"")
        first.sendall(b"GET / HTTP/1.1\r\n" + CLOSE)
        assert everything(first).startswith(b"HTTP/1.1 200")
        second.sendall(b"GET / HTTP/1.1\r\n" + CLOSE)
        assert everything(second).startswith(b"HTTP/1.1 200")

    assert problem(refused)["type"] == "urn:foresell:problem:too-many-connections"
    assert b"Retry-After: 5" in refused


def test_too_many_requests_at_once_are_told_to_come_again(serve) -> None:
    bare = serve(requests_most=1)
    with bare.open() as slow:
        slow.sendall(b"GET /slow HTTP/1.1\r\n" + CLOSE)
        sleep(0.1)
        refused = bare.say(b"GET / HTTP/1.1\r\n" + CLOSE)
        health = bare.say(b"GET /healthz HTTP/1.1\r\n" + CLOSE)
        answered = everything(slow)

    assert problem(refused)["type"] == "urn:foresell:problem:too-busy"
    assert b"retry-after: 1" in refused.lower()
    assert health.startswith(b"HTTP/1.1 200")
    assert answered.startswith(b"HTTP/1.1 200")


def test_bodies_that_are_too_much_together_are_told_to_come_again(serve) -> None:
    bare = serve(bodies_most=1000, body_wait="PT5S")
    post = b"POST / HTTP/1.1\r\nContent-Length: 800\r\n" + CLOSE
    with bare.open() as slow:
        slow.sendall(post + b"x" * 700)
        sleep(0.1)
        refused = bare.say(post + b"x" * 800)
        slow.sendall(b"x" * 100)
        assert everything(slow).endswith(b"800")

    assert problem(refused)["type"] == "urn:foresell:problem:too-much-at-once"
    assert bare.say(post + b"x" * 800).endswith(b"800")


def test_an_answer_that_does_not_come_is_given_up(serve) -> None:
    answered = problem(serve(request_most="PT0.2S").say(b"GET /never HTTP/1.1\r\n" + CLOSE))

    assert (answered["status"], answered["type"]) == (503, "urn:foresell:problem:took-too-long")


def test_a_request_under_way_ends_when_the_server_stops(serve) -> None:
    bare = serve()
    with bare.open() as slow:
        slow.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        sleep(0.1)
        bare.server.should_exit = True
        answered = everything(slow)
    bare.thread.join(10)

    assert answered.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answered


def test_a_request_that_outlives_the_grace_is_told_so(serve) -> None:
    bare = serve(grace="PT1S")
    with bare.open() as slow:
        slow.sendall(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n")
        sleep(0.1)
        bare.server.should_exit = True
        answered = problem(everything(slow))

    assert (answered["status"], answered["type"]) == (503, "urn:foresell:problem:stopping")


def test_a_caller_who_hangs_up_is_no_fault(serve, caplog) -> None:
    bare = serve()
    with bare.open() as gone:
        gone.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nabc")
        sleep(0.05)
    sleep(0.1)

    assert bare.say(b"GET / HTTP/1.1\r\n" + CLOSE).startswith(b"HTTP/1.1 200")
    assert [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []


@pytest.mark.parametrize(("trusted", "seen"), [("", "127.0.0.1 http"), ("10.0.0.1,127.0.0.0/8", "203.0.113.9 https")])
def test_who_calls_is_believed_only_of_trusted_proxies(serve, trusted, seen) -> None:
    forwarded = b"X-Forwarded-For: 198.51.100.1, 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
    answered = serve(trusted_proxies=trusted).say(b"GET /who HTTP/1.1\r\n" + forwarded + CLOSE)

    assert answered.endswith(seen.encode())


def test_head_is_answered_without_a_body(serve) -> None:
    answered = serve().say(b"HEAD / HTTP/1.1\r\n" + CLOSE)

    assert answered.startswith(b"HTTP/1.1 200")
    assert b"content-length: 1" in answered
    assert answered.endswith(b"\r\n\r\n")
