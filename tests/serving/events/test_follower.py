import asyncio
import gc
import logging
import threading
from datetime import datetime, timedelta
from time import sleep

import pytest

from features.fold_marks import Mark
from features.folding import Told, fold
from features.history import History
from serving.events.feed import reach_of
from serving.events.follower import Follower
from serving.problems.errors import StoreAway
from serving.store.opening import open_store
from tests.serving.events.conftest import NOW, Remembering, event, tell_to


@pytest.fixture
def history(story):
    story.deal("D").activity(on="2026-01-01")
    return story.history


@pytest.fixture
def follower(store):
    found = Follower(store)
    yield found
    found.close()


def folded(store, history: History, last: int) -> History:
    """The history with what was told up to a position, and an entry that says so."""
    grown = History.existing(history.home)
    row = {"activity_id": "x", "type": "call", "happened_at": datetime(2026, 1, 1)}
    fold(grown, [Told("activities", row, NOW)], Mark(reach_of(store).name, last, "stamp"), NOW)
    return grown


async def caught_up(follower: Follower) -> bool:
    return await follower.catch_up()


def test_a_memory_is_told_what_came_before_and_after_it_was_loaded(tell, follower, history):
    tell(event(activity_id="a"), event(activity_id="b"))
    memory = Remembering(history)
    assert follower.loaded(memory, history.log)
    assert memory.keys == ["a", "b"]

    tell(event(activity_id="c"))
    assert asyncio.run(caught_up(follower))

    table, row, at = memory.told[-1]
    assert (table, row["type"], row["happened_at"]) == ("activities", "call", datetime(2026, 11, 20, 10))
    assert at == NOW + timedelta(seconds=2, microseconds=-1)
    assert follower.position == 3


def test_each_event_is_told_once(tell, follower, history):
    memory = Remembering(history)
    follower.loaded(memory, history.log)
    for name in "abc":
        tell(event(activity_id=name))
        assert follower.catch_up_now()
        assert follower.catch_up_now()

    assert memory.keys == ["a", "b", "c"]


def test_two_followers_of_one_database_learn_of_the_same_events(tell, store_address, follower, history):
    """As in two processes, or two instances."""
    other_store = open_store(store_address)
    other = Follower(other_store)
    first, second = Remembering(history), Remembering(history)
    follower.loaded(first, history.log)
    other.loaded(second, history.log)
    try:
        tell(event(activity_id="a"))
        assert asyncio.run(caught_up(other))
        tell_to(other_store, event(activity_id="b"))
        assert asyncio.run(caught_up(follower))
        assert asyncio.run(caught_up(other))
    finally:
        other.close()
        other_store.close()

    assert first.keys == second.keys == ["a", "b"]


def test_many_that_ask_at_once_share_few_looks(tell, follower, history, monkeypatch):
    memory = Remembering(history)
    follower.loaded(memory, history.log)
    looks: list[None] = []
    look = follower._glance.look
    monkeypatch.setattr(follower._glance, "look", lambda: (looks.append(None), sleep(0.02), look())[2])
    tell(event(activity_id="a"))

    async def ask() -> list[bool]:
        return await asyncio.gather(*(follower.catch_up() for _ in range(50)))

    assert all(asyncio.run(ask()))
    assert memory.keys == ["a"]
    assert len(looks) <= 2


def test_a_call_that_comes_while_another_looks_waits_for_the_next_look(tell, follower, history, monkeypatch):
    memory = Remembering(history)
    follower.loaded(memory, history.log)
    looked, go_on = threading.Event(), threading.Event()
    look = follower._glance.look

    def slowly():
        found = look()
        looked.set()
        assert go_on.wait(10)
        return found

    tell(event(activity_id="a"))
    monkeypatch.setattr(follower._glance, "look", slowly)

    async def ask() -> None:
        first = asyncio.ensure_future(follower.catch_up())
        await asyncio.to_thread(looked.wait, 10)
        await asyncio.to_thread(tell, event(activity_id="b"))
        second = asyncio.ensure_future(follower.catch_up())
        await asyncio.sleep(0.01)
        go_on.set()
        await first
        await second

    asyncio.run(ask())
    assert memory.keys == ["a", "b"]


def test_what_the_history_has_is_not_told_again(tell, store, follower, history):
    tell(event(activity_id="a"), event(activity_id="b"), event(activity_id="c"))
    grown = folded(store, history, last=2)
    memory = Remembering(grown)
    follower.loaded(memory, grown.log)

    assert memory.keys == ["c"]


def test_a_memory_covers_a_history_that_grew_by_its_own_events_alone(tell, store, follower, history):
    tell(event(activity_id="a"))
    memory = Remembering(history)
    assert not follower.covers(memory, history.log)  # not loaded yet
    follower.loaded(memory, history.log)
    assert follower.covers(memory, history.log)

    grown = folded(store, history, last=1)
    assert follower.covers(memory, grown.log)
    ahead = folded(store, history, last=2)
    assert not follower.covers(memory, ahead.log)  # the second event it was not told
    tell(event(activity_id="b"))
    follower.catch_up_now()
    assert follower.covers(memory, ahead.log)


def test_a_memory_does_not_cover_another_delivery(story, follower):
    story.deal("D")
    history = story.history
    memory = Remembering(History.existing(story.home))
    follower.loaded(memory, history.log)
    story.deal("E")

    assert not follower.covers(memory, story.history.log)


def test_rows_of_a_table_that_the_history_never_had_ask_for_a_new_memory_once_folded(tell, store, follower, history):
    memory = Remembering(history)
    follower.loaded(memory, history.log)
    tell(event("teams", team_id="T"))
    follower.catch_up_now()
    assert follower.covers(memory, history.log)

    assert not follower.covers(memory, folded(store, history, last=1).log)


def test_a_row_that_a_memory_stumbles_over_does_not_stop_the_others(tell, store, follower, history, caplog):
    memory = Remembering(history, stumbles="teams")
    follower.loaded(memory, history.log)
    tell(event(activity_id="a"), event("teams", team_id="T"), event(activity_id="b"))
    with caplog.at_level(logging.ERROR):
        assert follower.catch_up_now()

    assert memory.keys == ["a", "b"]
    assert follower.failures == 1
    assert "an event could not be taken" in caplog.text
    assert not follower.covers(memory, folded(store, history, last=3).log)


def test_a_memory_that_was_told_very_much_is_loaded_anew(tell, store, history):
    follower = Follower(store, most_told=1)
    memory = Remembering(history)
    follower.loaded(memory, history.log)
    tell(event(activity_id="a"), event(activity_id="b"))
    follower.catch_up_now()

    assert not follower.covers(memory, folded(store, history, last=2).log)
    follower.close()


def test_memories_that_nobody_uses_any_more_are_told_nothing(tell, follower, history):
    first, second = Remembering(history), Remembering(history)
    follower.loaded(first, history.log)
    follower.loaded(second, history.log)
    told = first.told
    del first
    gc.collect()
    tell(event(activity_id="a"))
    follower.catch_up_now()

    assert told == []
    assert second.keys == ["a"]


def test_where_the_database_does_not_answer_scores_are_said_to_be_behind(tell, follower, history, monkeypatch):
    memory = Remembering(history)
    follower.loaded(memory, history.log)
    tell(event(activity_id="a"))
    look = follower._glance.look

    def away():
        raise StoreAway("gone")

    monkeypatch.setattr(follower._glance, "look", away)
    assert not asyncio.run(caught_up(follower))
    assert not follower.current
    monkeypatch.setattr(follower._glance, "look", look)
    assert asyncio.run(caught_up(follower))
    assert memory.keys == ["a"]
    assert follower.current


def test_a_memory_of_another_kind_is_left_alone(follower, history):
    assert follower.loaded({}, history.log)
    assert not follower.covers({}, history.log)
    assert follower.position is None


def test_a_thread_follows_by_itself(tell, follower, history):
    memory = Remembering(history)
    follower.loaded(memory, history.log)
    follower.start(timedelta(milliseconds=5))
    tell(event(activity_id="a"))
    for _ in range(1000):
        if memory.told:
            break
        sleep(0.01)

    assert memory.keys == ["a"]


def test_nothing_new_takes_no_look_on_a_file(tmp_path, history, monkeypatch):
    store = open_store(f"sqlite:///{tmp_path / 'own.db'}")
    follower, memory = Follower(store), Remembering(history)
    follower.loaded(memory, history.log)
    with monkeypatch.context() as patch:
        patch.setattr(follower._glance, "look", lambda: pytest.fail("looked"))
        assert asyncio.run(caught_up(follower))
    follower.close()
    store.close()


class Slow(Remembering):
    """A memory that takes its time with each telling."""

    def __init__(self, history: History) -> None:
        super().__init__(history)
        self.go_on = threading.Event()

    def absorb_all(self, told, stumbled) -> None:
        assert self.go_on.wait(10)
        super().absorb_all(told, stumbled)


def test_a_score_waits_no_longer_than_it_may_and_learns_how_much_is_left(tell, store, history):
    follower, memory = Follower(store, longest_wait=timedelta(milliseconds=20)), Slow(history)
    follower.loaded(memory, history.log)
    tell(event(activity_id="a"), event(activity_id="b"))

    async def ask() -> int:
        assert not await follower.catch_up()
        while not follower.behind:
            assert not await follower.catch_up()  # the first look takes a moment
        left = follower.behind
        memory.go_on.set()
        while not await follower.catch_up():
            await asyncio.sleep(0.01)
        return left

    assert asyncio.run(ask()) == 2
    assert memory.keys == ["a", "b"]
    assert follower.behind == 0
    follower.close()


def test_scores_are_as_of_a_moment_after_all_that_the_memory_was_told(tell, store, follower, history):
    ahead = NOW + timedelta(seconds=3)
    memory = Remembering(history)
    follower.loaded(memory, history.log)
    assert follower.present(NOW) == NOW
    tell(event(activity_id="a"), now=ahead)  # by an instance whose clock is ahead
    follower.catch_up_now()

    assert follower.present(NOW) == ahead
    assert follower.present(ahead + timedelta(seconds=1)) == ahead + timedelta(seconds=1)
    assert follower.present(NOW - timedelta(days=1)) == NOW - timedelta(days=1)  # a clock is not followed for hours
    grown = folded(store, history, last=1)
    other = Follower(store)
    other.loaded(Remembering(grown), grown.log)  # has the event in its history
    assert other.present(NOW) == ahead
    other.close()
