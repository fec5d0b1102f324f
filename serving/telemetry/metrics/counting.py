"""How is counted? In plain lists of this process, at less than a microsecond a request; told only when asked.

Counting does not go through `prometheus_client`, whose shared files want an environment variable before the first
import and one service per process; its text format is used when someone asks (`serving.telemetry.metrics.telling`).
"""

import logging
import os
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Lock, Thread

from serving.telemetry.metrics import measures as m
from serving.telemetry.metrics.measures import MEASURES, Cell, Labels, Measure
from serving.telemetry.metrics.sharing import Shared, Snapshot, joined
from serving.telemetry.request_log import LOGGER

log = logging.getLogger(LOGGER)

SHARE_EVERY = 1.0
"""Seconds after which the other workers know what this one counted."""


class Metrics:
    """What one process counts. With a `folder`, shared with the other workers of the same service.

    `clock` gives seconds since 1970. Methods may be called from any thread, `request` only from the event loop.
    """

    def __init__(self, folder: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._clock, self._lock = clock, Lock()
        self._series: dict[str, dict[Labels, Cell]] = {name: {} for name in MEASURES}
        self._requests: dict[tuple[str, str, int], Cell] = {}
        self._asked: list[Callable[[], None]] = []
        self._failing: list[Callable[[], None]] = []
        self._shared = Shared(folder) if folder is not None else None
        self._stop = Event()
        self._thread = Thread(target=self._keep_sharing, name="metrics", daemon=True)
        self._started_at = clock()
        self._cpu = 0.0

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered. `route` is the template, `/v1/deals/{deal_id}`."""
        key = (route, method, status)
        cell = self._requests.get(key)
        if cell is None:
            cell = self._requests[key] = m.REQUESTS.empty
        cell[0] += seconds
        cell[bisect_left(m.QUICK, seconds) + 1] += 1

    def under_way(self, count: int) -> None:
        """So many requests are being answered now."""
        self._set(m.UNDER_WAY, (), count)

    def scores(self, model: str, form: str, count: int) -> None:
        """Scores were given to questions of one form: known, described, what_if or features."""
        self._add(m.SCORES, (model, form), count)

    def queue(self, name: str, length: int) -> None:
        """So much waits in a queue."""
        self._set(m.QUEUE, (name,), length)

    def lost(self, name: str, count: int) -> None:
        """Something could not be kept."""
        self._add(m.LOST, (name,), count)

    def staleness(self, seconds: float) -> None:
        """The latest row of the history was recorded so long ago."""
        self._set(m.STALENESS, (), seconds)

    def drift(self, model: str, value: float) -> None:
        """A model's drift was measured."""
        self._set(m.DRIFT, (model,), value)

    def job(self, name: str, outcome: str, seconds: float) -> None:
        """A run of a job ended: done, failed ..."""
        with self._lock:
            cell = self._cell(m.JOBS, (name, outcome))
            cell[0] += seconds
            cell[bisect_left(m.SLOW, seconds) + 1] += 1
        self._set(m.JOB_ENDED, (name, outcome), self._clock())

    def models(self, live: Mapping[tuple[str, str], str]) -> None:
        """Which models are in memory now: {(model, version): "champion" or "shadow"}."""
        now = self._clock()
        with self._lock:
            self._series[m.MODEL.name] = {(model, version, role): [1.0, now] for (model, version), role in live.items()}

    def ready(self, ready: bool) -> None:
        """Whether this worker can answer scores."""
        self._set(m.READY, (), float(ready))

    def release(self, release: str) -> None:
        """Which release runs."""
        self._set(m.RELEASE, (release,), 1.0)

    def when_asked(self, look: Callable[[], None]) -> None:
        """Call this before anything is told, for what is cheaper to look up than to follow."""
        self._asked.append(look)

    def start(self) -> None:
        """Begin to share, where there is someone to share with."""
        if self._shared is not None:
            self._thread.start()

    def close(self) -> None:
        """Share a last time and stop."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(SHARE_EVERY + 1)

    def snapshot(self) -> Snapshot:
        """What this process counted so far."""
        for look in self._asked:
            self._ask(look)
        self._look_at_the_process()
        with self._lock:
            found = {
                name: {labels: list(cell) for labels, cell in list(series.items())}
                for name, series in self._series.items()
                if series
            }
        requests = list(self._requests.items())
        found[m.REQUESTS.name] = {
            (route, method, str(status)): list(cell) for (route, method, status), cell in requests
        }
        return found

    def together(self) -> Snapshot:
        """What all workers of the service counted; of the others up to a second ago."""
        own = self.snapshot()
        return own if self._shared is None else joined([own, *self._shared.others()])

    def _keep_sharing(self) -> None:
        shared = self._shared
        assert shared is not None
        while True:
            last = self._stop.wait(SHARE_EVERY)
            shared.write(self.snapshot())
            if last:
                return

    def _ask(self, look: Callable[[], None]) -> None:
        """What cannot be looked up must not keep the rest from being told; it is said once."""
        try:
            look()
        except Exception:
            if look not in self._failing:
                self._failing.append(look)
                log.exception("a count cannot be looked up")
        else:
            if look in self._failing:
                self._failing.remove(look)

    def _look_at_the_process(self) -> None:
        pid = (str(os.getpid()),)
        self._set(m.WORKERS, (), 1.0)
        self._set(m.STARTED, pid, self._started_at)
        resident, files = resident_memory(), open_files()
        if resident is not None:
            self._set(m.MEMORY, pid, resident)
        if files is not None:
            self._set(m.FILES, pid, files)
        with self._lock:
            self._cell(m.CPU, ())[0] = time.process_time()

    def _cell(self, measure: Measure, labels: Labels) -> Cell:
        series = self._series[measure.name]
        if labels not in series:
            series[labels] = measure.empty
        return series[labels]

    def _add(self, measure: Measure, labels: Labels, count: float) -> None:
        with self._lock:
            self._cell(measure, labels)[0] += count

    def _set(self, measure: Measure, labels: Labels, value: float) -> None:
        with self._lock:
            self._series[measure.name][labels] = [float(value), self._clock()]


class NoMetrics(Metrics):
    """Counts nothing."""

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Nothing."""

    def _add(self, measure: Measure, labels: Labels, count: float) -> None:
        """Nothing."""

    def _set(self, measure: Measure, labels: Labels, value: float) -> None:
        """Nothing."""

    def job(self, name: str, outcome: str, seconds: float) -> None:
        """Nothing."""

    def models(self, live: Mapping[tuple[str, str], str]) -> None:
        """Nothing."""

    def snapshot(self) -> Snapshot:
        """Nothing."""
        return {}


def resident_memory() -> int | None:
    """Bytes of memory that this process holds; None where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as told:
            return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def open_files() -> int | None:
    """How many files and connections this process holds open; None where the system does not say."""
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return None
