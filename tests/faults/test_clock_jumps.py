"""The clock of the machine jumps ahead and back: what is told afterwards is seen, keys end when they should, once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from threading import Event
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from features.online import Memory
from serving.access.limits import Buckets
from serving.app import create_app
from serving.jobs.job import Job, JobContext, Nightly
from serving.jobs.runner import Runner
from serving.jobs.running import Pace
from serving.settings import ServingSettings
from serving.store.opening import Store
from tests.serving.conftest import NOW, SMALL, Served, Service, make_key

DAY = timedelta(days=1)


class Clock:
    """A clock that is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(settings: ServingSettings, clock: Clock) -> Iterator[Service]:
    """A service with a real memory that goes by the clock."""
    sources = replace(SMALL, remember=lambda history, features: Memory(history, features))
    served = Served(create_app(settings, clock, sources=sources, wall_clock=clock))
    served.app.state.shelf.wait_until_loaded(timedelta(seconds=20))
    yield Service(served.client, make_key(settings, "score", "read", "ingest"))
    served.stop()


def tell(service: Service, stage: str) -> None:
    row = {"deal_id": "D-1", "status": "open", "created_at": "2026-10-01", "stage": stage}
    body = {"events": [{"table": "deals", "row": row}]}
    headers = {**service.headers, "Idempotency-Key": uuid4().hex}
    answer = service.client.post("/v1/events", json=body, headers=headers)
    assert answer.status_code == 202, answer.text


def score(service: Service) -> float:
    return float(service.score({"deal_id": "D-1"})["scores"][0]["probability"])  # type: ignore[index]


def test_events_are_seen_after_a_jump_ahead_and_after_one_back(service: Service, clock: Clock) -> None:
    proposal = score(service)
    clock.now = NOW + 3 * DAY
    tell(service, "Contact")
    contact = score(service)
    assert contact < proposal

    clock.now = NOW + timedelta(minutes=1)
    assert score(service) == proposal, "what was recorded later than now is not known yet"
    tell(service, "Proposal")
    assert score(service) == proposal
    tell(service, "Contact")
    assert score(service) == contact

    clock.now = NOW + 4 * DAY
    assert score(service) == contact


def test_a_key_that_ended_during_a_jump_opens_again_after_it(
    service: Service, settings: ServingSettings, clock: Clock
) -> None:
    key = make_key(settings, "score", expires_at=NOW + DAY)
    asked = {"deals": [{"deal_id": "D-1"}]}

    def status() -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return service.client.post("/v1/scores/deals", json=asked, headers=headers).status_code

    found = []
    for moved in (timedelta(0), 3 * DAY, timedelta(minutes=1), -DAY):
        clock.now = max(NOW + moved, NOW - timedelta(minutes=30))
        found.append(status())

    assert found == [200, 401, 200, 200]


def test_rates_do_not_go_by_the_clock() -> None:
    """They count seconds that pass, which no jump of the clock changes."""
    ticks = [100.0]
    buckets = Buckets(lambda: ticks[0])

    taken = [buckets.take("key", 2) for _ in range(3)]
    assert taken[:2] == [0, 0]
    assert taken[2] > 0
    ticks[0] += 60
    assert buckets.take("key", 2) == 0


def test_a_night_is_done_once_when_the_clock_jumps_over_it_and_back(store: Store, clock: Clock, tmp_path: Path) -> None:
    done: list[datetime] = []
    ended = Event()

    def work(context: JobContext) -> str:
        done.append(context.now)
        ended.set()
        return "done"

    job = Job("a", "does something", Nightly(time(2), ZoneInfo("UTC")), work)
    runner = Runner(lambda: [job], store, tmp_path, ServingSettings(home=tmp_path), clock, clock, pace=Pace(settle=0.0))
    try:
        for moved, is_new in ((0, True), (3, True), (0, False), (-1, True), (0, False), (3, False), (4, True)):
            clock.now = NOW + moved * DAY
            ended.clear()
            begun = runner.look()
            assert begun == (["a"] if is_new else []), f"at {moved} days"
            if is_new:
                assert ended.wait(10)
                while runner._running:
                    Event().wait(0.005)
    finally:
        runner.close()
    assert len(done) == len(set(done)) == 4
