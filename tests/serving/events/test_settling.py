from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from features.contracts import DELETED
from features.fold_marks import latest_mark, mark_of
from features.history import History
from serving.events import folding
from serving.events.feed import open_feed, reach_of
from serving.events.folding import fold_accepted
from serving.events.questions import EventTold
from serving.events.settling import settle
from serving.jobs.job import JobContext
from serving.settings import ServingSettings
from serving.store.event_tables import AcceptedEvent, EventFeed
from tests.serving.events.conftest import NOW, event

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def history(story):
    story.deal("D").activity(on="2026-01-01")
    return story.history


@pytest.fixture
def context(store, history):
    open_feed(store)
    return JobContext(store, history.home, ServingSettings(home=history.home), LATER, lambda _: None)


def rows_of(history: History, table: str, columns: str) -> list[tuple[object, ...]]:
    grown = History.existing(history.home)
    with grown.connect() as con:
        found = con.execute(f"SELECT {columns} FROM ({grown.sql_latest(table)}) ORDER BY ALL").fetchall()
    return list(found)


def entries_of(history: History) -> list[str]:
    return [entry.origin.split()[0] for entry in History.existing(history.home).entries]


def test_accepted_events_become_rows_of_the_history(context, history, tell):
    tell(event(activity_id="a"), event("deals", deal_id="E", status="open", created_at="2026-11-20", amount=5))
    tell(EventTold(table="activities", row={"activity_id": "activities-1"}, deleted=True))

    assert fold_accepted(context) == "Wrote 3 events into the history, up to its entry 2."
    assert rows_of(history, "activities", "activity_id") == [("a",)]
    assert [deal for (deal,) in rows_of(history, "deals", "deal_id")] == ["D", "E"]
    reach = reach_of(context.store)
    assert (reach.last, reach.folded, reach.entry, reach.folded_at) == (3, 3, 2, LATER)
    mark = mark_of(History.existing(history.home).entries[-1])
    assert mark is not None
    assert (mark.name, mark.last) == (reach.name, 3)


def test_where_nothing_waits_nothing_is_written(context, history, tell):
    tell(event())
    fold_accepted(context)

    assert fold_accepted(context) == "Nothing waited."
    assert entries_of(history) == ["a", "events"]


def test_many_events_become_several_deliveries(context, history, tell):
    tell(*(event(activity_id=str(n)) for n in range(5)))

    assert fold_accepted(context, piece=2) == "Wrote 5 events into the history, up to its entry 4."
    assert entries_of(history) == ["a", "events", "events", "events"]
    assert len(rows_of(history, "activities", "activity_id")) == 6


def cut_off(context, monkeypatch) -> None:
    """A fold that ends between the history's entry and its note in the database."""

    def stop(*_: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(folding, "keep_folded", stop)
        with pytest.raises(InterruptedError):
            fold_accepted(context)


def test_a_fold_that_was_cut_off_before_it_was_noted_is_found(context, history, tell, monkeypatch):
    tell(event(activity_id="a"))
    cut_off(context, monkeypatch)
    assert reach_of(context.store).folded == 0
    tell(event(activity_id="b"))

    assert fold_accepted(context) == "Wrote 1 events into the history, up to its entry 3."
    assert entries_of(history) == ["a", "events", "events"]
    assert len(rows_of(history, "activities", "activity_id")) == 3


def spoil(store, position: int) -> None:
    with store.session() as session:
        changed = {"row": '{"activity_id":"a","happened_at":"not a time"}'}
        session.execute(update(AcceptedEvent).where(AcceptedEvent.position == position).values(**changed))


def test_a_row_that_the_history_cannot_take_is_set_aside_with_its_reason(context, history, tell, caplog):
    tell(event(activity_id="a"), event(activity_id="b"))
    spoil(context.store, 1)

    assert "1 were set aside" in fold_accepted(context)
    assert rows_of(history, "activities", "activity_id") == [("activities-1",), ("b",)]
    with context.store.session() as session:
        kept = session.scalars(select(AcceptedEvent).where(AcceptedEvent.refused.is_not(None))).one()
        assert (kept.position, kept.refused) == (1, "ValueError: Invalid isoformat string: 'not a time'")
    assert reach_of(context.store).refused == 1
    assert "did not take an event" in caplog.text


def test_what_was_set_aside_is_noted_also_when_the_fold_was_cut_off(context, tell, monkeypatch):
    tell(event(activity_id="a"), event(activity_id="b"))
    spoil(context.store, 1)
    cut_off(context, monkeypatch)
    settle(context.store, History.existing(context.home))

    assert reach_of(context.store).refused == 1


def test_events_folded_into_a_history_that_was_put_back_are_folded_again(context, history, tell):
    tell(event(activity_id="a"))
    fold_accepted(context)
    tell(event(activity_id="b"))
    fold_accepted(context)
    newest = History.existing(history.home).log.number
    (history.folder / "log" / f"{newest:08d}.json").unlink()

    assert rows_of(history, "activities", "activity_id") == [("a",), ("activities-1",)]
    assert settle(context.store, History.existing(history.home)).waiting == 1
    fold_accepted(context)
    assert len(rows_of(history, "activities", "activity_id")) == 3


def test_a_database_that_was_put_back_begins_a_new_sequence_and_loses_nothing(context, history, tell):
    tell(event(activity_id="a"))
    tell(event(activity_id="b"))
    fold_accepted(context)
    before = reach_of(context.store).name
    with context.store.session() as session:
        session.execute(delete(AcceptedEvent).where(AcceptedEvent.position == 2))
        session.execute(update(EventFeed).values(last=1, folded=0, stamp=None))
    tell(event(activity_id="c"))  # bears the position of an event that the history has

    fold_accepted(context)
    assert reach_of(context.store).name != before
    assert [name for (name,) in rows_of(history, "activities", "activity_id")] == ["a", "activities-1", "b", "c"]
    assert fold_accepted(context) == "Nothing waited."


def test_the_first_events_of_all_begin_a_history(store, tmp_path, tell):
    context = JobContext(store, tmp_path / "new", ServingSettings(home=tmp_path / "new"), LATER, lambda _: None)
    tell(event("deals", deal_id="E", status="open", created_at="2026-11-20", amount=5))
    fold_accepted(context)

    history = History.existing(context.home)
    assert history.timezone == "UTC"
    assert [deal for (deal,) in rows_of(history, "deals", "deal_id")] == ["E"]
    assert latest_mark(history.entries, reach_of(store).name) is not None
    assert DELETED.name not in history.columns("deals")
