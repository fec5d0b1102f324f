"""Which measures does the service give out? Each with its labels, its meaning and how several workers' add up."""

from dataclasses import dataclass
from enum import StrEnum

PREFIX = "foresell_"
Labels = tuple[str, ...]
Cell = list[float]
"""What is kept of one series. Counter: [count]. Gauge: [value, time it was set]. Histogram: [sum, count by bucket]."""


class Kind(StrEnum):
    """What Prometheus calls them."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Together(StrEnum):
    """What several workers' gauges come to."""

    SUM = "sum"
    MOST = "most"
    LATEST = "latest"


@dataclass(frozen=True)
class Measure:
    """One measure. `bounds` are the upper ends of a histogram's buckets, the last one (infinity) left out."""

    name: str
    kind: Kind
    labels: Labels
    meaning: str
    together: Together = Together.SUM
    bounds: tuple[float, ...] = ()

    @property
    def full_name(self) -> str:
        """As Prometheus shows it."""
        return PREFIX + self.name + ("_total" if self.kind is Kind.COUNTER else "")

    @property
    def empty(self) -> Cell:
        """A series of which nothing has been seen."""
        return [0.0] * {Kind.COUNTER: 1, Kind.GAUGE: 2, Kind.HISTOGRAM: len(self.bounds) + 2}[self.kind]

    def joined(self, one: Cell, other: Cell) -> Cell:
        """The series of two workers as one."""
        if self.kind is not Kind.GAUGE:
            return [a + b for a, b in zip(one, other, strict=True)]
        set_at = max(one[1], other[1])
        if self.together is Together.SUM:
            return [one[0] + other[0], set_at]
        if self.together is Together.MOST:
            return [max(one[0], other[0]), set_at]
        return one if one[1] >= other[1] else other


QUICK = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds that a request takes."""

SLOW = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)
"""Seconds that a job takes."""

REQUESTS = Measure(
    "request_duration_seconds",
    Kind.HISTOGRAM,
    ("route", "method", "status"),
    "How long requests took, from the first byte of the head to the last of the answer.",
    bounds=QUICK,
)
UNDER_WAY = Measure("requests_under_way", Kind.GAUGE, (), "Requests being answered now.")
SCORES = Measure(
    "scores",
    Kind.COUNTER,
    ("model", "form"),
    "Scores given, by model and by form of the question: known, described, what_if, features.",
)
QUEUE = Measure("queue_length", Kind.GAUGE, ("queue",), "What waits: events to be folded, scores to be logged ...")
LOST = Measure("lost", Kind.COUNTER, ("what",), "What could not be kept and was only counted. Should stay at zero.")
STALENESS = Measure(
    "staleness_seconds",
    Kind.GAUGE,
    (),
    "How long before now the latest row of the history was recorded.",
    Together.MOST,
)
DRIFT = Measure(
    "drift",
    Kind.GAUGE,
    ("model",),
    "How far the farthest thing watched of a model has moved, as a share of how far it may: 1 is an alarm.",
    Together.LATEST,
)
JOBS = Measure(
    "job_duration_seconds",
    Kind.HISTOGRAM,
    ("job", "outcome"),
    "How long runs of nightly and other jobs took.",
    bounds=SLOW,
)
JOB_ENDED = Measure(
    "job_ended_timestamp_seconds",
    Kind.GAUGE,
    ("job", "outcome"),
    "When a job last ended so, in seconds since 1970.",
    Together.MOST,
)
MODEL = Measure(
    "model_info", Kind.GAUGE, ("model", "version", "role"), "The models in memory: champion or shadow.", Together.MOST
)
READY = Measure("ready", Kind.GAUGE, (), "Workers that can answer scores.")
WORKERS = Measure("workers", Kind.GAUGE, (), "Worker processes that report.")
RELEASE = Measure("release_info", Kind.GAUGE, ("release",), "The release that runs.", Together.MOST)
MEMORY = Measure("process_resident_memory_bytes", Kind.GAUGE, ("pid",), "Memory of a worker.")
CPU = Measure("process_cpu_seconds", Kind.COUNTER, (), "Processor time of all workers.")
FILES = Measure("process_open_fds", Kind.GAUGE, ("pid",), "Open files and connections of a worker.")
STARTED = Measure("process_start_time_seconds", Kind.GAUGE, ("pid",), "When a worker started, in seconds since 1970.")

MEASURES = {
    one.name: one
    for one in (
        REQUESTS,
        UNDER_WAY,
        SCORES,
        QUEUE,
        LOST,
        STALENESS,
        DRIFT,
        JOBS,
        JOB_ENDED,
        MODEL,
        READY,
        WORKERS,
        RELEASE,
        MEMORY,
        CPU,
        FILES,
        STARTED,
    )
}
