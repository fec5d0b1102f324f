"""The jobs of the roster run in a service: they are told apart, name real functions, and know the history's zone."""

from datetime import datetime, time, timedelta
from importlib import import_module
from pathlib import Path
from time import monotonic, sleep

import pytest

from serving.jobs import locks
from serving.jobs.job import Every, Nightly
from serving.settings import ServingSettings
from serving.store.opening import Store
from serving.upkeep.at_work import at_work
from serving.upkeep.roster import job_named, jobs_of, roster, zone_of
from tests.conftest import Story

NOW = datetime(2026, 11, 28, 12)


def test_every_job_can_be_found_again_by_the_process_that_runs_it_apart(tmp_path: Path) -> None:
    jobs = jobs_of(ServingSettings(home=tmp_path), zone_of(tmp_path))

    assert len({job.name for job in jobs}) == len(jobs)
    for job in jobs:
        assert getattr(import_module(job.run.__module__), job.run.__qualname__) is job.run


def test_nights_are_those_of_the_history_and_hours_those_of_the_settings(story: Story) -> None:
    story.deal("D-1")
    story.import_now()
    settings = ServingSettings(home=story.home, nightly_at=time(3, 30), fold_every=timedelta(minutes=1))

    assert job_named("retention", settings, zone_of(story.home)).due == Nightly(time(3, 30), zone_of(story.home))
    assert zone_of(story.home).key == "Asia/Shanghai"
    assert job_named("fold", settings, zone_of(story.home)).due == Every(timedelta(minutes=1))


def test_a_history_imported_later_sets_the_zone_in_time(story: Story) -> None:
    seconds = [0.0]
    jobs = roster(ServingSettings(home=story.home), tick=lambda: seconds[0])
    assert "UTC" in str(jobs()[-1].due)
    story.deal("D-1")
    story.import_now()
    seconds[0] = 700

    assert "Asia/Shanghai" in str(jobs()[-1].due)


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_service_does_its_work_and_ends_it_when_it_stops(store: Store, store_address: str, tmp_path: Path) -> None:
    settings = ServingSettings(home=tmp_path, database=store_address, catch_up_after="00:00:00")  # type: ignore[arg-type]
    slot = "2026-11-28"
    with at_work(settings, store, lambda: NOW, lambda: NOW, None) as runner:
        end = monotonic() + 60
        while (done := locks.run_of(store, "retention", slot)) is None or done.outcome != "done":
            runner.look()
            assert monotonic() < end
            sleep(0.02)
    assert done.said == "Nothing was old enough to be removed."
    assert locks.beats(store) == {}
