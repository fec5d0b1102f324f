"""Work is done once whoever is there to do it, taken up when its holder is killed, and tried again when it fails."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from threading import Event, Lock
from time import monotonic, sleep
from zoneinfo import ZoneInfo

import pytest

from features.errors import ForesellError
from serving.jobs import locks
from serving.jobs.apart import Task, answer_of, do_task, run_apart
from serving.jobs.errors import JobCutOff, JobFailedApart, JobIsRunning
from serving.jobs.job import Due, Every, Job, JobContext, Nightly
from serving.jobs.runner import Runner
from serving.jobs.running import Pace
from serving.problems.errors import StoreAway
from serving.settings import ServingSettings
from serving.store.opening import Store, open_store

QUICK = Pace(look=0.01, beat=0.02, lease=0.4, settle=0.0)
NOW = datetime(2026, 11, 28, 12)
NIGHT = Nightly(time(2), ZoneInfo("Asia/Shanghai"))


class Trouble(ForesellError):
    problem = "It did not work: {0}."
    fix = "try again."


class Work:
    """Counts how often it was done; waits where it is told to, and fails so many times first."""

    def __init__(self, fails: int = 0) -> None:
        self.done, self.fails, self.go, self._lock = 0, fails, Event(), Lock()
        self.go.set()

    def __call__(self, context: JobContext) -> str:
        with self._lock:
            self.done += 1
            number = self.done
        assert self.go.wait(10)
        if number <= self.fails:
            raise Trouble(number)
        return f"done {number} as of {context.now:%H:%M}"


class Counts:
    """Metrics of jobs."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def job(self, name: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.seen.append((name, outcome))


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


Maker = Callable[..., Runner]


@pytest.fixture
def make(store: Store, tmp_path: Path) -> Iterator[Maker]:
    """Makes runners of the same database and closes them."""
    made: list[Runner] = []

    def runner(*jobs: Job, clock: Callable[[], datetime] = lambda: NOW, **more: object) -> Runner:
        settings = ServingSettings(home=tmp_path)
        made.append(Runner(lambda: jobs, store, tmp_path, settings, clock, clock, **{"pace": QUICK, **more}))  # type: ignore[arg-type]
        return made[-1]

    yield runner
    for one in made:
        one.close()


def job(work: Callable[[JobContext], str], due: Due = NIGHT, apart: bool = False) -> Job:
    return Job("a", "does something", due, work, apart)


def until(happens: Callable[[], object], seconds: float = 60) -> None:
    end = monotonic() + seconds
    while not happens():
        assert monotonic() < end, "it did not happen"
        sleep(0.01)


def outcome(store: Store, slot: str = "2026-11-28") -> tuple[str, str] | None:
    run = locks.run_of(store, "a", slot)
    return None if run is None else (run.outcome, run.said)


def test_two_runners_do_a_night_once(store: Store, make: Maker) -> None:
    work, counts = Work(), Counts()
    runners = [make(job(work), metrics=counts) for _ in range(2)]
    for runner in runners:
        runner.start()
    until(lambda: outcome(store) == ("done", "done 1 as of 12:00"))
    sleep(0.1)

    assert work.done == 1
    assert counts.seen == [("a", "done")]


def test_a_night_missed_while_nobody_was_there_is_made_up_for_once_after_a_while(store: Store, make: Maker) -> None:
    work, clock = Work(), Clock()
    seconds = [0.0]
    make(job(work), clock=clock).look()
    until(lambda: outcome(store, "2026-11-28") is not None and work.done == 1)
    until(lambda: locks.beats(store) == {})

    clock.now += timedelta(days=3)
    late = make(job(work), clock=clock, tick=lambda: seconds[0], pace=Pace(settle=60))
    assert late.look() == []
    seconds[0] = 60
    assert late.look() == ["a"]
    until(lambda: outcome(store, "2026-12-01") == ("done", "done 2 as of 12:00"))
    assert late.look() == []
    assert outcome(store, "2026-11-30") is None


def test_a_round_is_done_again_after_its_interval(store: Store, make: Maker) -> None:
    work, clock = Work(), Clock()
    runner = make(job(work, Every(timedelta(minutes=5))), clock=clock)
    for passed in (0, 4, 5):
        clock.now = NOW + timedelta(minutes=passed)
        runner.look()
        until(lambda: locks.beats(store) == {})
    assert work.done == 2


def test_a_holder_that_lives_longer_than_a_lease_keeps_its_job(store: Store, make: Maker) -> None:
    work = Work()
    work.go.clear()
    for runner in [make(job(work)) for _ in range(2)]:
        runner.start()
    until(lambda: work.done == 1)
    sleep(2 * QUICK.lease)
    work.go.set()
    until(lambda: outcome(store) == ("done", "done 1 as of 12:00"))
    assert work.done == 1


def test_what_fails_is_tried_again_after_a_pause_and_says_why(store: Store, make: Maker) -> None:
    work, clock, counts = Work(fails=1), Clock(), Counts()
    runner = make(job(work), clock=clock, metrics=counts)
    runner.look()
    until(lambda: outcome(store) == ("failed", "It did not work: 1.\nTo fix: try again."))
    assert runner.look() == []

    clock.now += timedelta(minutes=1)
    until(lambda: runner.look() == ["a"])
    until(lambda: outcome(store) == ("done", "done 2 as of 12:01"))
    assert counts.seen == [("a", "failed"), ("a", "done")]


def test_a_fault_of_ours_is_a_failure_too(store: Store, make: Maker) -> None:
    def faulty(_: JobContext) -> str:
        raise LookupError("nothing there")

    make(job(faulty)).look()
    until(lambda: outcome(store) == ("failed", "LookupError: nothing there"))


def test_by_hand_a_job_runs_though_it_is_not_due(store: Store, make: Maker) -> None:
    work = Work()
    runner = make(job(work))
    assert runner.run_now(job(work)) == "done 1 as of 12:00"
    assert runner.look() == [], "it was the night's work"
    assert runner.run_now(job(work)) == "done 2 as of 12:00"


def test_by_hand_a_job_is_not_run_beside_another_that_lives_but_in_place_of_one_that_is_gone(
    store: Store, make: Maker
) -> None:
    work = Work()
    work.go.clear()
    other = make(job(work))
    other.start()
    until(lambda: work.done == 1)
    runner = make(job(work))
    with pytest.raises(JobIsRunning, match=other.holder):
        runner.run_now(job(work))
    work.go.set()
    until(lambda: locks.beats(store) == {})

    locks.take(store, "a", "1", "one that is gone", NOW)
    assert runner.run_now(job(work)) == "done 2 as of 12:00"


WORK_APART = """
import os, time
from pathlib import Path
from features.errors import ForesellError

class Trouble(ForesellError):
    problem = "It did not work: {0}."
    fix = "try again."

def does(context):
    print("noise " * 50_000)
    return f"done as of {context.now:%H:%M} in {context.home.name} by {os.getpid()}"

def fails(context):
    raise Trouble("so it is")

def breaks(context):
    raise LookupError("nothing there")

def waits(context):
    (context.home / "pid").write_text(str(os.getpid()))
    time.sleep(60)
    return "too late"
"""


@pytest.fixture
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Job]:
    """A job done in a process of its own, by a function of WORK_APART."""
    (tmp_path / "work_apart.py").write_text(WORK_APART)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def named(name: str) -> Job:
        def work(context: JobContext) -> str:
            raise AssertionError("not here")

        work.__module__, work.__qualname__ = "work_apart", name
        return job(work, apart=True)

    return named


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait(seconds: float) -> str:
    sleep(seconds)
    return ""


def test_a_job_apart_says_what_it_did_or_how_it_broke(tmp_path: Path, apart: Callable[[str], Job]) -> None:
    settings = ServingSettings(home=tmp_path)

    assert run_apart(apart("does"), settings, NOW, wait).startswith(f"done as of 12:00 in {tmp_path.name} by ")
    with pytest.raises(JobCutOff, match="LookupError: nothing there"):
        run_apart(apart("breaks"), settings, NOW, wait)


def test_an_error_of_ours_comes_back_from_a_job_apart_in_its_two_sentences(
    tmp_path: Path, apart: Callable[[str], Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the child does, here; the file it leaves is what the parent reads."""
    monkeypatch.syspath_prepend(tmp_path)
    answer = tmp_path / "answer.json"
    do_task(Task(work="work_apart:fails", settings=ServingSettings(home=tmp_path).plain(), now=NOW, answer=answer))

    with pytest.raises(JobFailedApart) as failed:
        answer_of(apart("fails"), 0, answer, tmp_path / "none.txt")
    assert str(failed.value) == "The job a failed: It did not work: so it is.\nTo fix: try again."


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_runner_that_closes_ends_its_child_and_gives_the_job_back(
    store: Store, make: Maker, tmp_path: Path, apart: Callable[[str], Job]
) -> None:
    runner = make(apart("waits"))
    runner.start()
    until((tmp_path / "pid").exists)
    until(lambda: (tmp_path / "pid").read_text())
    runner.close()

    found = outcome(store)
    assert found is not None
    assert found[0] == "stopped"
    assert found[1].startswith("The job a was cut off: the service is stopping.")
    assert not alive(int((tmp_path / "pid").read_text()))
    assert locks.beats(store) == {}


HOLDER = """
import sys, time
from datetime import datetime
from pathlib import Path
sys.path[:0] = {path!r}
from serving.jobs.job import Job, Nightly
from serving.jobs.runner import Runner
from serving.jobs.running import Pace
from serving.settings import ServingSettings
from serving.store.opening import open_store
from zoneinfo import ZoneInfo
import work_apart
def now(): return datetime(2026, 11, 28, 12)
home = Path({home!r})
night = Nightly(datetime(2026, 1, 1, 2).time(), ZoneInfo("Asia/Shanghai"))
job = Job("a", "", night, work_apart.waits, apart=True)
runner = Runner(lambda: [job], open_store({address!r}), home, ServingSettings(home=home), now, now,
                pace=Pace(0.01, 0.02, 60, 0))
runner.start()
time.sleep(60)
"""


def test_a_job_whose_holder_is_killed_is_taken_up_by_another_and_its_child_ends(
    store: Store, store_address: str, make: Maker, tmp_path: Path, apart: Callable[[str], Job]
) -> None:
    apart("waits")
    program = HOLDER.format(path=sys.path, home=str(tmp_path), address=store_address)
    holder = subprocess.Popen([sys.executable, "-c", program])
    try:
        until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        work = Work()
        runner = make(job(work))
        runner.start()
        sleep(2 * QUICK.lease)
        assert work.done == 0, "the holder lived"
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()

    until(lambda: not alive(int((tmp_path / "pid").read_text())))
    until(lambda: outcome(store) == ("done", "done 1 as of 12:00"))
    assert work.done == 1


def test_a_database_that_is_away_for_a_moment_loses_no_outcome(own_postgres, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store = open_store(own_postgres.address())
    work = Work()
    work.go.clear()
    settings = ServingSettings(home=tmp_path)
    runner = Runner(
        lambda: [job(work)], store, tmp_path, settings, lambda: NOW, lambda: NOW, pace=Pace(0.02, 0.02, 30, 0)
    )
    runner.start()
    until(lambda: work.done == 1)

    own_postgres.stop()
    with pytest.raises(StoreAway):
        locks.beats(store)
    work.go.set()
    sleep(0.1)
    own_postgres.start()

    until(lambda: outcome(store) == ("done", "done 1 as of 12:00"))
    assert work.done == 1
    runner.close()
    store.close()
