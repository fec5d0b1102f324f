"""Who runs a job? One row in the service's database for each job, so that two instances never run it at once.

The holder counts the row's beat up while it lives. Whether it still lives is told by watching: a beat that stands
still for the length of a lease, by the watcher's own steady clock, belongs to a holder that is gone. So clocks that
differ, or jump, take no job from anyone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update

from serving.jobs.job import Due, PastRun, pause_after
from serving.store.job_tables import JobLock, JobRun
from serving.store.opening import Store

TURN = "jobs"
MOST_SAID = 2_000
"""Characters kept of what a job says."""


class Beat(NamedTuple):
    """A lock as it was seen."""

    holder: str
    beat: int


@dataclass(frozen=True)
class RunFacts:
    """A run as the store has it. Moments are naive UTC."""

    job: str
    slot: str
    holder: str
    attempts: int
    started_at: datetime
    ended_at: datetime | None
    next_try_at: datetime | None
    outcome: str
    said: str

    @property
    def past(self) -> PastRun:
        """What matters for when it is due next."""
        return PastRun(self.outcome, self.ended_at, self.next_try_at)


def beats(store: Store) -> dict[str, Beat]:
    """The jobs that someone holds, and how far their holders have counted. Raises StoreAway."""
    with store.session() as session:
        rows = session.execute(select(JobLock.job, JobLock.holder, JobLock.beat)).all()
    return {job: Beat(holder, beat) for job, holder, beat in rows if holder is not None}


def run_of(store: Store, job: str, slot: str) -> RunFacts | None:
    """What became of a slot so far. Raises StoreAway."""
    with store.session() as session:
        row = session.get(JobRun, (job, slot))
        return None if row is None else _facts(row)


def latest_runs(store: Store, jobs: Sequence[str]) -> dict[str, RunFacts]:
    """The run of each job that began last. Raises StoreAway."""
    found = {}
    with store.session() as session:
        for job in jobs:
            wanted = select(JobRun).where(JobRun.job == job).order_by(JobRun.started_at.desc()).limit(1)
            if (row := session.scalars(wanted).first()) is not None:
                found[job] = _facts(row)
    return found


def take(
    store: Store, job: str, slot: str, holder: str, now: datetime, *, due: Due | None = None, gone: Beat | None = None
) -> bool:
    """Become the holder of a job and begin a slot of it; False where another holds it or the slot is not due.

    `gone` is the lock of a holder that no longer lives; without `due` the slot is run in any case. Raises StoreAway.
    """
    with store.writing(TURN) as session:
        lock = session.get(JobLock, job)
        if lock is None:
            session.add(lock := JobLock(job=job, beat=0))
        elif lock.holder is not None and gone != Beat(lock.holder, lock.beat):
            return False
        run = session.get(JobRun, (job, slot))
        if run is None:
            session.add(run := JobRun(job=job, slot=slot, attempts=0))
        elif due is not None and not due.is_due(_facts(run).past, now):
            return False
        lock.holder, lock.slot, lock.beat = holder, slot, lock.beat + 1
        run.holder, run.started_at, run.ended_at, run.next_try_at = holder, now, None, None
        run.attempts, run.outcome, run.said = run.attempts + 1, "running", ""
        return True


def beat(store: Store, job: str, holder: str) -> bool:
    """Say that the holder lives; False where the job was taken from it. Raises StoreAway."""
    mine = update(JobLock).where(JobLock.job == job, JobLock.holder == holder).values(beat=JobLock.beat + 1)
    with store.session() as session:
        return bool(session.connection().execute(mine).rowcount)


def finish(store: Store, job: str, slot: str, holder: str, now: datetime, outcome: str, said: str) -> bool:
    """Give a job back and keep what became of the slot; False where it was taken from the holder.

    `outcome` is done, failed or stopped: what failed waits before the next attempt. Raises StoreAway.
    """
    with store.writing(TURN) as session:
        lock, run = session.get(JobLock, job), session.get(JobRun, (job, slot))
        if lock is None or run is None or lock.holder != holder:
            return False
        lock.holder, lock.slot = None, None
        run.ended_at, run.outcome, run.said = now, outcome, said[:MOST_SAID].replace("\x00", "")
        if outcome == "failed":
            run.next_try_at = now + pause_after(run.attempts)
        else:
            run.attempts = 0 if outcome == "done" else run.attempts - 1
        return True


def _facts(row: JobRun) -> RunFacts:
    return RunFacts(
        row.job,
        row.slot,
        row.holder,
        row.attempts,
        row.started_at,
        row.ended_at,
        row.next_try_at,
        row.outcome,
        row.said,
    )
