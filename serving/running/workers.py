"""How do several processes answer on one port? This one listens, starts them, and replaces those that end.

A worker is forked from this process where it can be (`forking`). Else it is a program of its own, which learns its
settings from its standard input, so that no secret stands in its environment or command line. Either way its standard
input is a pipe that stays open: when it closes, whoever started the worker is gone, and the worker ends too.
"""

import logging
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from fcntl import F_DUPFD_CLOEXEC, fcntl
from os import getpid
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, TypeAlias

from pydantic import BaseModel

from features.errors import ForesellError
from features.own_process import command_of
from serving.settings import ServingSettings
from serving.telemetry.metrics.sharing import fold_ended
from serving.telemetry.request_log import FACTS, LOGGER

if TYPE_CHECKING:
    from serving.running.forking import Forked

Process: TypeAlias = "subprocess.Popen[bytes] | Forked"

COULD_NOT_START = 3
"""Status of a worker whose service could not start: the same would happen again."""

LOOK_EVERY = 0.2
LAST_STANDARD = 2
"""The number of standard error."""
LIVED = 10.0
"""Seconds after which a worker's end is not taken for a failure to start."""

LONGEST_PAUSE = 30.0

log = logging.getLogger(LOGGER)


class WorkersDoNotStart(ForesellError):
    problem = "A worker process ended while it started, with status {0}."
    fix = "read what it wrote to the log above this line, or try foresell serve without --workers."


class Handover(BaseModel):
    """What a worker must know. `as_of` is naive UTC, `listens` the number of the open socket."""

    settings: dict[str, object]
    as_of: datetime | None
    listens: int
    counts: Path | None


@dataclass
class Worker:
    """One process, since when it runs, and how often in a row its forerunners failed to start."""

    process: "Process"
    since: float
    failures: int = 0


def serve_with_workers(settings: ServingSettings, as_of: datetime | None, listens: socket.socket, count: int) -> None:
    """Keep so many workers running until told to stop. Raises WorkersDoNotStart."""
    listens = beside_standard_streams(listens)
    with _told_to_stop() as told, _counts_folder(settings.home) as counts:
        handover = Handover(settings=settings.plain(), as_of=as_of, listens=listens.fileno(), counts=counts)
        workers = Workers(handover, count, settings.grace.total_seconds(), _best_start())
        try:
            workers.start()
            while not told:
                workers.replace_ended()
                sleep(LOOK_EVERY)
        finally:
            workers.stop()


def beside_standard_streams(listens: socket.socket) -> socket.socket:
    """The socket under a number that no worker uses for its standard streams: a process begun without them gives 0."""
    if listens.fileno() > LAST_STANDARD:
        return listens
    return socket.socket(fileno=fcntl(listens.fileno(), F_DUPFD_CLOEXEC, LAST_STANDARD + 1))


class Workers:
    """The workers of one service. `start_one` gives a new process; `tick` counts seconds."""

    def __init__(
        self,
        handover: Handover,
        count: int,
        grace: float,
        start_one: "Callable[[Handover], Process] | None" = None,
        tick: Callable[[], float] = monotonic,
    ) -> None:
        self._handover, self._count, self._grace = handover, count, grace
        self._start_one, self._tick = start_one or start_worker, tick
        self._running: list[Worker] = []
        self._due: list[tuple[float, int]] = []
        self._replaced = False

    @property
    def pids(self) -> list[int]:
        """The processes that run now."""
        return [worker.process.pid for worker in self._running]

    def start(self) -> None:
        """Start all."""
        for _ in range(self._count):
            self._begin(0)

    def replace_ended(self) -> None:
        """Start a worker for each that ended, after a pause that doubles while new ones fail.

        Raises WorkersDoNotStart where one of the first could not start at all.
        """
        for worker in [one for one in self._running if one.process.poll() is not None]:
            self._running.remove(worker)
            self._ended(worker)
        now = self._tick()
        for due, failures in [one for one in self._due if one[0] <= now]:
            self._due.remove((due, failures))
            self._replaced = True
            self._begin(failures)

    def stop(self) -> None:
        """Let all end what they are doing; who takes longer than the grace is killed."""
        for worker in self._running:
            with suppress(OSError):
                worker.process.send_signal(signal.SIGTERM)
        latest = self._tick() + self._grace + 5
        for worker in self._running:
            try:
                worker.process.wait(max(0.1, latest - self._tick()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            _close_pipe(worker.process)
        self._running = []

    def _begin(self, failures: int) -> None:
        process = self._start_one(self._handover)
        self._running.append(Worker(process, self._tick(), failures))
        log.info("worker started", extra={FACTS: {"worker": process.pid}})

    def _ended(self, worker: Worker) -> None:
        status, lived = worker.process.returncode, self._tick() - worker.since
        _close_pipe(worker.process)
        if self._handover.counts is not None:
            with suppress(OSError):
                fold_ended(self._handover.counts, self.pids)
        if status == COULD_NOT_START and not self._replaced:
            raise WorkersDoNotStart(status)
        failures = 0 if lived > LIVED else worker.failures + 1
        pause = min(LONGEST_PAUSE, 0.5 * 2 ** (failures - 1)) if failures > 1 else 0.0
        facts = {"worker": worker.process.pid, "status": status, "seconds": round(lived, 1), "pause": pause}
        log.warning("worker ended; another is started", extra={FACTS: facts})
        self._due.append((self._tick() + pause, failures))


def _best_start() -> "Callable[[Handover], Process]":
    """How workers are started here. Loads what they share where they can share it."""
    from serving.running.forking import can_fork, load_what_workers_share

    if can_fork():
        load_what_workers_share()
        if can_fork():
            return fork_worker
        log.warning("workers share no memory: a library started a thread")
    return start_worker


def fork_worker(handover: Handover) -> "Forked":
    """A process that answers, forked from this one."""
    from serving.running.forking import Forked
    from serving.running.worker import work

    return Forked(lambda: work(handover))


def start_worker(handover: Handover) -> "subprocess.Popen[bytes]":
    """A process that answers (`serving.running.worker`)."""
    process = subprocess.Popen(
        command_of("serving.running.worker"), stdin=subprocess.PIPE, pass_fds=(handover.listens,)
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write(handover.model_dump_json().encode() + b"\n")
        process.stdin.flush()
    return process


def _close_pipe(process: "Process") -> None:
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()


@contextmanager
def _told_to_stop() -> Iterator[list[int]]:
    """The signals to stop that have come: SIGTERM and SIGINT.

    A list and no event: a handler runs in the thread that may hold the event's lock just then, and would wait for ever.
    """
    told: list[int] = []
    before = {sig: signal.signal(sig, lambda which, _: told.append(which)) for sig in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)


@contextmanager
def _counts_folder(home: Path) -> Iterator[Path | None]:
    """A folder for the counts of this service's workers, removed at the end; None where the home cannot be written."""
    folder = home / "run" / "metrics" / f"{socket.gethostname()}-{getpid()}"
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    except OSError as failure:
        log.warning("workers cannot share their counts", extra={FACTS: {"folder": str(folder), "why": str(failure)}})
        yield None
        return
    try:
        yield folder.resolve()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
