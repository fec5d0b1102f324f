"""What is known of a run under way here, and at what pace are runs looked after?"""

from dataclasses import dataclass, field
from threading import Event
from typing import Protocol

from serving.jobs.job import Job


class JobMetrics(Protocol):
    """Where runs are counted."""

    def job(self, name: str, outcome: str, seconds: float) -> None:
        """A run ended."""


@dataclass(frozen=True)
class Pace:
    """How often the runner looks and its locks beat, in seconds, and how long a silent holder keeps a job.

    A missed night is made up for `settle` seconds after the start, when the service has loaded what it serves from.
    """

    look: float = 5.0
    beat: float = 10.0
    lease: float = 60.0
    settle: float = 60.0


@dataclass
class Run:
    """A run under way here. `stop` is set when it is to end at once, for the reason `why`."""

    job: Job
    slot: str
    started: float
    beaten: float
    stop: Event = field(default_factory=Event)
    why: str = ""

    def cut_off(self, seconds: float) -> str:
        """Wait so long at most; why the run is to end, "" for not at all."""
        return self.why if self.stop.wait(seconds) else ""

    def end(self, why: str) -> None:
        """Ask it to end."""
        self.why = self.why or why
        self.stop.set()
