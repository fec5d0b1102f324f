from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from serving.events.feed import open_feed, reach_of
from serving.events.intake import Receipt, Sender, accept, read_events
from serving.events.questions import EventTold
from serving.problems.event_errors import EventsNotAccepted, TooManyEventsWaiting
from serving.store.event_tables import AcceptedEvent
from serving.store.opening import open_store
from tests.serving.events.conftest import NOW, UTC, event, tell_to


def kept(store) -> list[AcceptedEvent]:
    with store.session() as session:
        rows = list(session.scalars(select(AcceptedEvent).order_by(AcceptedEvent.position)))
        session.expunge_all()
    return rows


def faults(*events: EventTold) -> list[str]:
    with pytest.raises(EventsNotAccepted) as refused:
        tell_to(None, *events)  # type: ignore[arg-type]
    return [f"{fault.field}: {fault.message}" for fault in refused.value.faults]


def test_events_get_positions_in_their_order(store, tell):
    first = tell(event(activity_id="a"), event(activity_id="b"))
    second = tell(event(activity_id="c"))

    assert (first.accepted, first.repeated, first.position) == (2, 0, 2)
    assert second.position == 3
    rows = kept(store)
    assert [row.position for row in rows] == [1, 2, 3]
    assert rows[0].row == '{"activity_id":"a","happened_at":"2026-11-20T10:00:00.000000","type":"call"}'
    assert (rows[0].actor, rows[0].request_id) == ("key:a", "r-1")
    assert reach_of(store).last == 3


def test_the_same_content_again_is_repeated(store, tell):
    tell(event(type="call"), event(type="call"))
    again = tell(event(type="call"))

    assert (again.accepted, again.repeated, again.position) == (0, 1, 1)
    assert len(kept(store)) == 1


def test_content_that_came_back_is_news(store, tell):
    tell(event(type="call"))
    tell(event(type="email"))
    back = tell(event(type="call"))

    assert back.accepted == 1
    assert len(kept(store)) == 3


def test_what_is_recorded_before_is_compared_with_what_stood_then(tell):
    tell(event(type="call", recorded="2026-11-20T12:00:00Z"))
    tell(event(type="email", recorded="2026-11-21T08:00:00Z"))

    assert tell(event(type="call", recorded="2026-11-20T18:00:00Z")).repeated == 1
    assert tell(event(type="email", recorded="2026-11-21T08:00:00Z")).repeated == 1
    assert tell(event(type="email", recorded="2026-11-20T18:00:00Z")).accepted == 1
    assert tell(event(type="call", recorded="2026-11-19")).accepted == 1


def test_a_deletion_is_other_content_than_its_row(tell):
    row = {"activity_id": "a"}
    tell(event())

    assert tell(EventTold(table="activities", row=row, deleted=True)).accepted == 1
    assert tell(EventTold(table="activities", row=row, deleted=True)).repeated == 1


def test_an_id_is_accepted_once_whatever_came_between(store, tell):
    def told(id: str, **row: object) -> EventTold:
        return event(**row).model_copy(update={"id": id})

    tell(told("1", type="call"))
    tell(told("2", type="email"))

    assert tell(told("1", type="call")).repeated == 1
    assert tell(told("1", type="call"), actor="key:b").repeated == 1  # the same sender under another key
    assert tell(told("1", type="note"), actor="key:b").accepted == 1  # another sender's own id
    with pytest.raises(EventsNotAccepted) as refused:
        tell(told("2", type="visit"))
    assert refused.value.faults[0].field == "events[0].id"
    assert len(kept(store)) == 3


def test_what_arrives_counts_from_just_before_its_moment(store, tell):
    tell(event(activity_id="a"), event(activity_id="b", recorded="2026-11-21T10:30:20+01:00"), now=NOW)

    arrived, ahead = kept(store)
    assert arrived.recorded_at == datetime(2026, 11, 21, 9, 29, 59, 999999)
    assert ahead.recorded_at == arrived.recorded_at  # the clock of the source is some seconds ahead
    assert ahead.received_at == NOW


def test_too_many_that_wait_are_refused_and_nothing_of_them_is_kept(store, tell):
    tell(event(activity_id="a"), event(activity_id="b"), most=3)
    with pytest.raises(TooManyEventsWaiting):
        tell(event(activity_id="c"), event(activity_id="d"), most=3)

    assert len(kept(store)) == 2
    assert tell(event(activity_id="c"), most=3).position == 3


def test_every_field_at_fault_is_named_and_nothing_is_kept(store, tell):
    tell(event(activity_id="a"))
    with pytest.raises(EventsNotAccepted) as refused:
        tell(event(activity_id="b"), event(activity_id="c", type="phone"), event("activitys"))

    assert refused.value.args[0] == 2
    assert [fault.field for fault in refused.value.faults] == ["events[1].row.type", "events[2].table"]
    assert len(kept(store)) == 1


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (event("activitys"), "events[0].table: is no table. Did you mean 'activities'?"),
        (event(dealid="D"), "events[0].row.dealid: is no column of activities. Did you mean 'deal_id'?"),
        (event(recorded="2026-11-22"), "events[0].recorded_at: is later than now"),
        (event(recorded="soon"), "events[0].recorded_at: is a time such as"),
        (
            event("deals", deal_id="D", status="won", created_at="2026-01-01"),
            "events[0].row.closed_at: is missing: the",
        ),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(told, said):
    assert faults(told)[0].startswith(said)


def test_a_closing_may_be_told_by_the_change_of_status_beside_it(tell):
    deal = event("deals", deal_id="D", status="won", created_at="2026-01-01")
    change = event("deal_changes", deal_id="D", field="status", changed_at="2026-11-20", new_value="won")

    assert tell(deal, change).accepted == 2


def test_positions_have_no_gap_when_many_write_at_once(store, store_address, tell):
    def write(number: int) -> list[int]:
        own = open_store(store_address)
        try:
            return [tell_to(own, event(activity_id=f"{number}-{n}")).position for n in range(5)]
        finally:
            own.close()

    with ThreadPoolExecutor(4) as pool:
        given = [position for found in pool.map(write, range(4)) for position in found]

    assert sorted(given) == list(range(1, 21))
    assert [row.position for row in kept(store)] == list(range(1, 21))


def test_the_sequence_is_begun_once(store):
    assert open_feed(store).name == open_feed(store).name != ""


def test_what_is_accepted_later_counts_from_later_whatever_the_clocks_of_instances_say(store, tell):
    tell(event(activity_id="a"), now=NOW)
    tell(event(activity_id="b"), event(activity_id="c"), now=NOW - timedelta(seconds=5))  # an instance behind
    tell(event(activity_id="d", recorded="2026-11-20"), now=NOW)
    tell(event(activity_id="e"), now=NOW)

    a, b, c, d, e = (one.recorded_at for one in kept(store))
    step = timedelta(microseconds=1)
    assert a == NOW - step
    assert (b, c) == (a + step, a + step)  # of one call, at one moment
    assert d == datetime(2026, 11, 20)  # the source said so
    assert e == b + step


def test_a_clock_that_was_wrong_by_hours_is_not_followed_once_it_is_right(store, tell):
    tell(event(activity_id="a"), now=NOW + timedelta(hours=5))
    tell(event(activity_id="b"), now=NOW)
    tell(event(activity_id="c"), now=NOW)

    step = timedelta(microseconds=1)
    assert [one.recorded_at for one in kept(store)] == [NOW + timedelta(hours=5) - step, NOW - step, NOW]


def test_what_was_sent_before_is_known_again_under_another_key(store, tell):
    def told(kind: str) -> EventTold:
        return event(type=kind)

    def sent(actor: str, key: str, kind: str) -> Receipt:
        with store.session() as session:
            read = read_events([told(kind)], UTC, actor, NOW, key)
            return accept(session, read, Sender(actor, "r", NOW), 1000, NOW)

    assert sent("key:a", "first", "call").accepted == 1
    assert sent("key:a", "second", "email").accepted == 1
    assert sent("key:b", "first", "call").repeated == 1  # the same request, its key was replaced meanwhile
    assert sent("key:b", "third", "call").accepted == 1  # another one, which takes the change back
