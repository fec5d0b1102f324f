"""Who does the service's own work? A thread of each serving process, which looks what is due and does it in turn.

Every process looks; the lock in the database lets one of them do each slot. What fails is tried again after a pause,
what was cut off at once. Jobs that compute much run one at a time, each in a process of its own.
"""

import logging
import os
import socket
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from threading import Event, Lock, Thread
from time import monotonic

from features.errors import ForesellError
from serving.jobs import locks
from serving.jobs.apart import run_apart
from serving.jobs.errors import JobCutOff, JobIsRunning
from serving.jobs.job import Job, JobContext, Nightly
from serving.jobs.running import JobMetrics, Pace, Run
from serving.problems.errors import StoreAway
from serving.settings import ServingSettings
from serving.store.opening import Store
from serving.telemetry.request_log import FACTS, LOGGER
from serving.telemetry.tracing import step

log = logging.getLogger(LOGGER)
CLOSE_SECONDS = 10


class Runner:
    """Runs the jobs that `roster` names at each look. `clock` is the moment jobs work as of and may stand still.

    When jobs are due is read from the `wall_clock`, both naive UTC; `tick` counts seconds.
    """

    def __init__(
        self,
        roster: Callable[[], Sequence[Job]],
        store: Store,
        home: Path,
        settings: ServingSettings,
        clock: Callable[[], datetime],
        wall_clock: Callable[[], datetime],
        metrics: JobMetrics | None = None,
        pace: Pace | None = None,
        tick: Callable[[], float] = monotonic,
    ) -> None:
        self._roster, self._store, self._home, self._settings = roster, store, home, settings
        self._clock, self._wall_clock, self._metrics, self._tick = clock, wall_clock, metrics, tick
        self._pace = pace or Pace()
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
        self._seen: dict[str, tuple[locks.Beat, float]] = {}
        self._running: dict[str, Run] = {}
        self._guard = Lock()
        self._stop = Event()
        self._born = tick()
        self._thread = Thread(target=self._keep_looking, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking, end what runs apart and give its jobs back, so that another takes them up at once."""
        self._stop.set()
        with self._guard:
            running = list(self._running.values())
        for run in running:
            run.end("the service is stopping")
        if self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)
        until = self._tick() + CLOSE_SECONDS
        while self._running and self._tick() < until:
            Event().wait(0.02)

    def look(self) -> list[str]:
        """Let what runs here beat, begin what is due; the names of what was begun. Raises StoreAway."""
        self._beat()
        self._watch()
        return [job.name for job in self._roster() if self._begin(job)]

    def run_now(self, job: Job) -> str:
        """Run a job here and now, due or not, and return what it did.

        A night's slot that has not been done yet is done by it. Where the job has a holder, it is watched for a beat or
        for the length of a lease. Raises JobIsRunning, StoreAway, and what the job raises.
        """
        now = self._wall_clock()
        slot = job.due.slot(now)
        past = locks.run_of(self._store, job.name, slot)
        if isinstance(job.due, Nightly) and past is not None and past.outcome == "done":
            slot = f"by hand {now.isoformat(timespec='milliseconds')}"
        gone = self._wait_for_holder(job)
        if not locks.take(self._store, job.name, slot, self.holder, now, gone=gone):
            raise JobIsRunning(job.name, "another process")
        run = self._note(job, slot)
        beating = Thread(target=self._beat_until, args=(run,), daemon=True)
        beating.start()
        try:
            said = self._do(run, here=True)
        finally:
            run.end("it has ended")
            beating.join(CLOSE_SECONDS)
        return said

    def _wait_for_holder(self, job: Job) -> locks.Beat | None:
        """See whether the holder of a job lives, if it has one; its lock if it does not. Raises JobIsRunning."""
        first: locks.Beat | None = None
        while True:
            self._watch()
            now = self._seen.get(job.name)
            if now is None or self._gone(job.name):
                return None if now is None else now[0]
            if first is not None and now[0] != first:
                raise JobIsRunning(job.name, now[0].holder)
            first = now[0]
            self._stop.wait(min(self._pace.look, self._pace.beat))

    def _begin(self, job: Job) -> bool:
        now = self._wall_clock()
        with self._guard:
            if job.name in self._running or self._stop.is_set():
                return False
            if job.apart and any(run.job.apart for run in self._running.values()):
                return False
        if isinstance(job.due, Nightly) and self._tick() - self._born < self._pace.settle:
            return False
        slot = job.due.slot(now)
        past = locks.run_of(self._store, job.name, slot)
        if past is not None and not job.due.is_due(past.past, now):
            return False
        held, gone = self._seen.get(job.name), self._gone(job.name)
        if held is not None and gone is None:
            return False
        if not locks.take(self._store, job.name, slot, self.holder, now, due=job.due, gone=gone):
            return False
        run = self._note(job, slot)
        Thread(target=self._do_quietly, args=(run,), name=f"job-{job.name}", daemon=True).start()
        return True

    def _note(self, job: Job, slot: str) -> Run:
        run = Run(job, slot, self._tick(), self._tick())
        with self._guard:
            self._running[job.name] = run
        return run

    def _do_quietly(self, run: Run) -> None:
        try:
            self._do(run, here=not run.job.apart)
        except JobCutOff as cut:
            told = log.info if run.why else log.warning
            told("job stopped" if run.why else "job failed", extra={FACTS: {"job": run.job.name, "problem": str(cut)}})
        except ForesellError as failure:
            log.warning("job failed", extra={FACTS: {"job": run.job.name, "problem": str(failure)}})
        except Exception:
            log.exception("job failed", extra={FACTS: {"job": run.job.name}})

    def _do(self, run: Run, here: bool) -> str:
        job, outcome, said = run.job, "failed", ""
        now = self._clock()
        context = JobContext(self._store, self._home, self._settings, now, self._saying(job))
        try:
            if not job.wanted(context):
                said = "There was nothing to do."
            else:
                with step("job", job=job.name):
                    said = job.run(context) if here else run_apart(job, self._settings, now, run.cut_off)
            outcome = "done"
        except JobCutOff as cut:
            outcome, said = "stopped" if run.why else "failed", str(cut)
            raise
        except ForesellError as failure:
            said = str(failure)
            raise
        except Exception as fault:
            said = f"{type(fault).__name__}: {fault}"
            raise
        finally:
            self._ended(run, outcome, said)
        return said

    def _ended(self, run: Run, outcome: str, said: str) -> None:
        seconds = self._tick() - run.started
        try:
            kept = self._finish(run, outcome, said)
        finally:
            with self._guard:
                self._running.pop(run.job.name, None)
        if self._metrics is not None:
            self._metrics.job(run.job.name, outcome, seconds)
        facts = {"job": run.job.name, "slot": run.slot, "outcome": outcome, "seconds": round(seconds, 2), "said": said}
        log.log(
            logging.INFO if kept else logging.WARNING,
            "job" if kept else "job was taken over meanwhile",
            extra={FACTS: facts},
        )

    def _finish(self, run: Run, outcome: str, said: str) -> bool:
        """Keep what became of it, patiently: a database that is away for a moment must not make it run again."""
        until = self._tick() + self._pace.lease
        while True:
            try:
                moment = self._wall_clock()
                return locks.finish(self._store, run.job.name, run.slot, self.holder, moment, outcome, said)
            except StoreAway:
                if self._tick() >= until or self._stop.wait(min(1.0, self._pace.look)):
                    return False

    def _beat(self) -> None:
        with self._guard:
            running = list(self._running.values())
        for run in running:
            if self._tick() - run.beaten >= self._pace.beat:
                self._beat_of(run)

    def _beat_of(self, run: Run) -> None:
        try:
            if locks.beat(self._store, run.job.name, self.holder):
                run.beaten = self._tick()
            elif run.job.name in self._running:
                run.end("another has taken it over")
        except StoreAway:
            if self._tick() - run.beaten >= self._pace.lease:
                run.end("the database was away for too long")
            raise

    def _beat_until(self, run: Run) -> None:
        while not run.stop.wait(self._pace.beat):
            try:
                self._beat_of(run)
            except StoreAway:
                continue

    def _watch(self) -> None:
        """Note since when each lock has stood still, by our own steady clock."""
        tick, beats = self._tick(), locks.beats(self._store)
        self._seen = {
            job: self._seen[job] if job in self._seen and self._seen[job][0] == beat else (beat, tick)
            for job, beat in beats.items()
        }

    def _gone(self, job: str) -> locks.Beat | None:
        seen = self._seen.get(job)
        return seen[0] if seen is not None and self._tick() - seen[1] >= self._pace.lease else None

    def _saying(self, job: Job) -> Callable[[str], None]:
        return lambda text: log.info("job says", extra={FACTS: {"job": job.name, "said": text}})

    def _keep_looking(self) -> None:
        while not self._stop.wait(self._pace.look):
            try:
                self.look()
            except StoreAway as away:
                log.warning("jobs wait", extra={FACTS: {"problem": str(away)}})
            except Exception:
                log.exception("the look for jobs that are due failed")
