"""How does a serving process do the work of the service itself? With a runner of all jobs, as long as it lives."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from serving.jobs.runner import Runner
from serving.jobs.running import JobMetrics, Pace
from serving.settings import ServingSettings
from serving.store.opening import Store
from serving.upkeep.roster import roster


@contextmanager
def at_work(
    settings: ServingSettings,
    store: Store,
    clock: Callable[[], datetime],
    wall_clock: Callable[[], datetime],
    metrics: JobMetrics | None,
) -> Iterator[Runner]:
    """A runner of the roster's jobs, at work meanwhile."""
    pace = Pace(settle=settings.catch_up_after / timedelta(seconds=1))
    runner = Runner(roster(settings), store, settings.home, settings, clock, wall_clock, metrics, pace)
    runner.start()
    try:
        yield runner
    finally:
        runner.close()
