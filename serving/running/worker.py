"""What does one of several processes that answer do? Started by `workers` beside it alone."""

import logging
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from threading import Thread, Timer
from time import monotonic, sleep
from typing import TYPE_CHECKING

from serving.running.thrift import be_thrifty
from serving.running.workers import Handover
from serving.settings import ServingSettings
from serving.telemetry.metrics import Metrics
from serving.telemetry.request_log import FACTS, LOGGER, log_json_lines

if TYPE_CHECKING:
    from serving.wire.connections import GuardedServer

STUCK = 60.0
"""Seconds without a turn of the event loop after which a worker is given up."""

LOOK_EVERY = 5.0
STATUS_STUCK = 70

log = logging.getLogger(LOGGER)


def main() -> None:
    """Serve until told to stop, or until whoever started this process is gone."""
    work(Handover.model_validate_json(_first_line(0)))


def work(handed: Handover) -> None:
    """The same, told what to do; the standard input ends when whoever started this process is gone."""
    settings = ServingSettings(**handed.settings)  # type: ignore[arg-type]
    log_json_lines(settings.log_level)
    be_thrifty()
    # Only now, so that what goes wrong while it loads is a line of the log too.
    from serving.running.run import app_of
    from serving.wire.connections import server_of

    metrics = Metrics(handed.counts)
    server = server_of(app_of(settings, handed.as_of, metrics), settings, metrics)
    Thread(target=_end_with_the_parent, args=(settings.grace.total_seconds(),), name="parent", daemon=True).start()
    Thread(target=end_when_stuck, args=(server,), name="stuck", daemon=True).start()
    server.run([socket.socket(fileno=handed.listens)])


def _first_line(pipe: int) -> bytes:
    """The first line of a pipe, read byte by byte past nothing else."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(pipe, 65536)
        if not part:
            sys.exit("serving.running.worker is started by foresell serve --workers")
        line += part
    return line


def _end_with_the_parent(grace: float) -> None:
    """Wait for the end of the pipe, then stop as if told to, and for good when that takes too long."""
    while os.read(0, 1024):
        pass
    late = Timer(grace + 5, os._exit, (1,))
    late.daemon = True
    late.start()
    os.kill(os.getpid(), signal.SIGTERM)


def end_when_stuck(
    server: "GuardedServer",
    pause: Callable[[float], None] = sleep,
    tick: Callable[[], float] = monotonic,
    end: Callable[[int], None] = os._exit,
) -> None:
    """End a process whose event loop comes round no more, saying where it hangs; another is started in its place.

    Two looks must agree: a machine that was suspended wakes its threads in any order.
    """
    late = 0
    while late < 2:
        pause(LOOK_EVERY)
        late = late + 1 if tick() - server.ticked > STUCK else 0
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    facts = {"seconds": STUCK, "at": "".join(traceback.format_stack(frame)) if frame else ""}
    log.critical("stuck; this worker ends", extra={FACTS: facts})
    end(STATUS_STUCK)


if __name__ == "__main__":
    main()
