"""One holder for each job, whoever asks at once; a holder that is gone is replaced, and finds out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from serving.jobs import locks
from serving.jobs.job import Every
from serving.store.opening import Store

NOW = datetime(2026, 11, 28)
DUE = Every(timedelta(minutes=5))


def test_of_many_at_once_one_takes_it(store: Store) -> None:
    with ThreadPoolExecutor(6) as pool:
        taken = list(pool.map(lambda who: locks.take(store, "a", "1", str(who), NOW, due=DUE), range(6)))
    assert sum(taken) == 1


def test_a_slot_that_is_done_is_not_taken_again(store: Store) -> None:
    assert locks.take(store, "a", "1", "me", NOW, due=DUE)
    assert locks.finish(store, "a", "1", "me", NOW, "done", "something")

    assert not locks.take(store, "a", "1", "you", NOW, due=DUE)
    assert locks.take(store, "a", "1", "you", NOW + timedelta(minutes=5), due=DUE)


def test_a_holder_that_lives_keeps_it_and_one_that_is_gone_is_replaced_and_finds_out(store: Store) -> None:
    locks.take(store, "a", "1", "me", NOW)
    seen = locks.beats(store)["a"]
    assert locks.beat(store, "a", "me")
    assert not locks.take(store, "a", "1", "you", NOW, gone=seen)

    assert locks.take(store, "a", "1", "you", NOW, gone=locks.beats(store)["a"])
    assert not locks.beat(store, "a", "me")
    assert not locks.finish(store, "a", "1", "me", NOW, "done", "late")
    assert locks.finish(store, "a", "1", "you", NOW, "done", "in time")
    run = locks.run_of(store, "a", "1")
    assert run is not None
    assert (run.holder, run.outcome, run.said) == ("you", "done", "in time")


def test_what_fails_waits_longer_each_time_until_it_goes_well(store: Store) -> None:
    waits, now = [], NOW
    for _ in range(3):
        assert locks.take(store, "a", "1", "me", now, due=DUE)
        locks.finish(store, "a", "1", "me", now, "failed", "why")
        run = locks.run_of(store, "a", "1")
        assert run is not None
        assert run.next_try_at is not None
        assert not locks.take(store, "a", "1", "me", run.next_try_at - timedelta(seconds=1), due=DUE)
        waits.append(run.next_try_at - now)
        now = run.next_try_at
    assert waits == [timedelta(minutes=n) for n in (1, 2, 4)]

    locks.take(store, "a", "1", "me", now, due=DUE)
    locks.finish(store, "a", "1", "me", now, "done", "")
    run = locks.run_of(store, "a", "1")
    assert run is not None
    assert (run.attempts, run.next_try_at) == (0, None)


def test_what_was_stopped_is_taken_up_at_once(store: Store) -> None:
    locks.take(store, "a", "1", "me", NOW, due=DUE)
    locks.finish(store, "a", "1", "me", NOW, "stopped", "the service is stopping")

    assert locks.take(store, "a", "1", "you", NOW, due=DUE)


def test_the_latest_run_of_each_job_is_told(store: Store) -> None:
    for slot, moment in (("1", NOW), ("2", NOW + timedelta(days=1))):
        locks.take(store, "a", slot, "me", moment)
        locks.finish(store, "a", slot, "me", moment, "done", "x" * 5000 + "\x00")

    found = locks.latest_runs(store, ["a", "b"])
    assert {job: run.slot for job, run in found.items()} == {"a": "2"}
    assert len(found["a"].said) == locks.MOST_SAID
