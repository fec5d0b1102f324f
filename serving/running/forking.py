"""How do workers share the memory of what all of them load? They are forked from the process that loaded it.

A worker that is a program of its own loads Python, its libraries and our modules once more: some 90 MiB that are the
same in each. Here the supervising process imports them before it forks, so that they are in memory once and a worker
holds what it alone works with; it begins to answer sooner, too. On Linux alone: elsewhere libraries of the system
cannot be relied on after a fork. The process that forks has no other thread, and no connection is open in it.
"""

import gc
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from io import FileIO
from time import monotonic, sleep
from typing import ClassVar

from serving.running.thrift import give_back
from serving.telemetry.request_log import FACTS, LOGGER

SHARED = (
    "uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "serving.running.run",
    "serving.running.front",
    "serving.wire.connections",
)
LOOK_EVERY = 0.01
FAILED = 1

log = logging.getLogger(LOGGER)


def can_fork() -> bool:
    """Whether workers may be forked here: on Linux, while no other thread might hold a lock."""
    if sys.platform != "linux":
        return False
    with suppress(OSError):
        return len(os.listdir("/proc/self/task")) == 1
    return False


def load_what_workers_share() -> None:
    """Import all that a worker imports, and nothing that starts a thread or opens a connection."""
    from features.without_pandas import keep_arrow_from_pandas

    keep_arrow_from_pandas()
    for module in SHARED:
        with suppress(ModuleNotFoundError):
            import_module(module)
    from serving.running.coming_up import import_the_rest
    from training.rowwise.code import TROUBLE, code

    import_the_rest()
    with suppress(*TROUBLE):
        code()
    give_back()
    # What is never looked at again for garbage stays as it is, and so stays shared.
    gc.freeze()


class Forked:
    """A process of ours that does `work`, as `subprocess.Popen` shows one; `stdin` is its standard input."""

    _ours: ClassVar[set["Forked"]] = set()
    """Those whose standard input this process holds; their brothers must not hold it too."""

    def __init__(self, work: Callable[[], object]) -> None:
        theirs, ours = os.pipe()
        self.stdin = FileIO(ours, "w")
        self.returncode: int | None = None
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _be_born(theirs, [self.stdin, *(one.stdin for one in Forked._ours)], work)
        os.close(theirs)
        Forked._ours.add(self)

    def poll(self) -> int | None:
        """Its status if it ended: that of a signal is negative."""
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                pid, status = self.pid, FAILED << 8
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
                Forked._ours.discard(self)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its status when it has ended. Raises subprocess.TimeoutExpired."""
        until = None if timeout is None else monotonic() + timeout
        while (status := self.poll()) is None:
            if until is not None and monotonic() > until:
                raise subprocess.TimeoutExpired("worker", timeout or 0.0)
            sleep(LOOK_EVERY)
        return status

    def send_signal(self, number: int) -> None:
        """Send it a signal; nothing where it ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def _be_born(reads: int, not_its: list[FileIO], work: Callable[[], object]) -> None:
    """What the new process does, all its life; never returns."""
    status = FAILED
    try:
        # A signal to stop must stop it, though the process it came from has other plans with such.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for each in not_its:
            each.close()
        os.dup2(reads, 0)
        if reads:
            os.close(reads)
        work()
        status = 0
    except SystemExit as told:
        status = told.code if isinstance(told.code, int) else FAILED if told.code else 0
    except BaseException:
        log.critical("worker failed", exc_info=True, extra={FACTS: {"worker": os.getpid()}})
    finally:
        with suppress(Exception):
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)
