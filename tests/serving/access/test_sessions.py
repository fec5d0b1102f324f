from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from serving.access.audit import BY_COMMAND
from serving.access.sessions import Sessions, csrf_token, end_all, is_csrf_token
from serving.access.users import Wanted, create_user
from serving.problems.access_errors import SessionNotAccepted
from serving.store.people_tables import SignedIn

NOW = datetime(2026, 11, 21, 9)


class Watch:
    def __init__(self):
        self.seconds = 0.0

    def tick(self):
        return self.seconds

    def clock(self):
        return NOW + timedelta(seconds=self.seconds)


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def sessions(store, watch):
    with store.session() as session:
        create_user(session, "anna", Wanted(role="seller", rep_id="R-1"), BY_COMMAND, NOW)
    return Sessions(store, timedelta(hours=2), timedelta(hours=12), timedelta(seconds=10), watch.clock, watch.tick)


def start(store, sessions):
    with store.session() as session:
        return sessions.start(session, "anna")


def test_a_checked_session_is_remembered_for_a_while(store, sessions, watch):
    session_id = start(store, sessions)
    assert sessions.remembered(session_id) is None

    caller = sessions.caller(session_id)

    assert (caller.actor, caller.role, caller.reach.rep_id) == ("user:anna", "seller", "R-1")
    watch.seconds = 9
    assert sessions.remembered(session_id) == caller
    watch.seconds = 10
    assert sessions.remembered(session_id) is None


def test_one_that_was_ended_elsewhere_stops_within_the_recheck(store, sessions, watch):
    session_id = start(store, sessions)
    sessions.caller(session_id)
    with store.session() as session:
        end_all(session, "anna")

    assert sessions.remembered(session_id) is not None
    watch.seconds = 10
    with pytest.raises(SessionNotAccepted):
        sessions.caller(session_id)
    assert sessions.remembered(session_id) is None


def test_requests_keep_it_alive_and_are_written_down_to_the_minute(store, sessions, watch):
    session_id = start(store, sessions)
    for watch.seconds in (59, 60, 119, 7000, 14000):
        sessions.caller(session_id)
        with store.session() as session:
            seen = session.scalars(select(SignedIn.seen_at)).one()
        expected = {59: 0, 60: 60, 119: 60, 7000: 7000, 14000: 14000}[watch.seconds]
        assert seen == NOW + timedelta(seconds=expected)
    watch.seconds = 14000 + 7200
    with pytest.raises(SessionNotAccepted):
        sessions.caller(session_id)


def test_a_remembered_one_does_not_outlive_its_end(store, watch):
    with store.session() as session:
        create_user(session, "anna", Wanted(role="scientist"), BY_COMMAND, NOW)
    short = Sessions(store, timedelta(hours=2), timedelta(seconds=5), timedelta(minutes=5), watch.clock, watch.tick)
    session_id = start(store, short)
    assert short.caller(session_id)

    watch.seconds = 5
    assert short.remembered(session_id) is None


def test_ended_ones_are_cleared_away_when_another_starts(store, sessions, watch):
    start(store, sessions)
    watch.seconds = 7200
    start(store, sessions)

    with store.session() as session:
        assert session.scalar(select(func.count()).select_from(SignedIn)) == 1


def test_the_token_belongs_to_one_session():
    token = csrf_token("one")

    assert is_csrf_token(token, "one")
    assert not is_csrf_token(token, "other")
    assert not is_csrf_token("", "one")
    assert not is_csrf_token("\ud800", "one")
    assert "one" not in token
