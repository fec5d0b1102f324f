import socket
from threading import Event
from time import monotonic

import pytest
from sqlalchemy import text

from serving.problems.errors import StoreAway
from serving.store.opening import Store, open_engine
from serving.store.pulse import Pulse, within

LONG = 30.0


class Server:
    """A server that answers, or hangs; counts who asks."""

    def __init__(self) -> None:
        self.hangs, self.asked = False, 0
        self.was_asked = Event()

    def __call__(self) -> None:
        self.asked += 1
        self.was_asked.set()
        if self.hangs:
            raise TimeoutError


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def pulse(server):
    pulse = Pulse(server, patience=0.05, look_again=0.01)
    yield pulse
    pulse.close()


def until(true):
    end = monotonic() + LONG
    while not true():
        assert monotonic() < end
        Event().wait(0.005)


def test_a_question_that_takes_long_is_waited_for_as_long_as_the_server_answers(pulse, server):
    assert not pulse.overdue(monotonic())
    assert server.asked == 0

    assert not pulse.overdue(monotonic() - 1)
    assert not pulse.overdue(monotonic() - 1), "it answered a moment ago"
    assert server.asked == 1


def test_a_server_that_hangs_is_not_asked_until_it_answers_again(pulse, server):
    server.hangs = True
    assert pulse.overdue(monotonic() - 1)
    assert pulse.hangs
    assert pulse.overdue(monotonic()), "nobody waits any more"

    server.hangs = False
    until(lambda: not pulse.hangs)
    assert not pulse.overdue(monotonic())
    asked = server.asked
    Event().wait(0.05)
    assert server.asked == asked, "who answers is left in peace"

    server.hangs = True
    until(lambda: pulse.overdue(monotonic() - 0.1))
    server.hangs = False
    until(lambda: not pulse.hangs)


def test_the_longer_a_question_takes_the_rarer_the_server_is_asked(pulse, server):
    pulse.overdue(monotonic() - 1)
    Event().wait(0.06)
    pulse.overdue(monotonic() - 0.05)
    assert server.asked == 2

    Event().wait(0.06)
    pulse.overdue(monotonic() - LONG)
    assert server.asked == 2


def test_who_has_another_answer_waits_no_longer_and_lets_the_server_be_looked_at(pulse, server):
    server.hangs = True
    with within(0.0):
        Event().wait(0.001)
        assert pulse.overdue(monotonic())
    until(lambda: pulse.hangs)


def test_a_limit_within_another_makes_it_no_longer(pulse):
    with within(0.0):
        Event().wait(0.001)
        with within(LONG):
            assert pulse.overdue(monotonic())
    assert not pulse.overdue(monotonic()) or pulse.hangs


def test_a_connection_that_never_comes_is_waited_for_once(caplog):
    """As behind a firewall that drops what is sent: the system takes the connection, nobody reads from it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        store = Store(open_engine(f"postgresql://someone:hunter2@127.0.0.1:{port}/db?connect_timeout=2"))
        for _ in range(2):
            with pytest.raises(StoreAway, match="nothing came back in time") as away, store.session() as session:
                session.execute(text("SELECT 1"))
        store.close()

    said = [record.message for record in caplog.records]
    assert said.count("the database hangs: it is not asked until it answers again") == 1
    assert "127.0.0.1" not in str(away.value)
    assert store.refused_within(LONG) == "nothing came back in time"


def test_a_new_connection_is_not_waited_for_longer_than_who_asks_waits(caplog):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        store = Store(open_engine(f"postgresql://someone@127.0.0.1:{port}/db?connect_timeout=30"))
        with within(0.1), pytest.raises(StoreAway, match="nothing came back in time"), store.session() as session:
            session.execute(text("SELECT 1"))
        assert not store.engine.pool.checkedout()
        store.close()
