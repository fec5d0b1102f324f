"""How does the service run? Uvicorn around the app, in this process or in several workers."""

import logging
import os
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import ForesellError
from serving.present import utc_now
from serving.running.thrift import be_quick
from serving.settings import ServingSettings
from serving.telemetry.metrics import Metrics
from serving.telemetry.request_log import FACTS, LOGGER, log_json_lines

if TYPE_CHECKING:
    from serving.running.front import Front

GROUP_MAY_TALK = 0o660

log = logging.getLogger(LOGGER)


class PortTaken(ForesellError):
    problem = "The service cannot listen on {0}, port {1}: {2}."
    fix = "choose another port with --port, or stop what listens there."


class SocketTaken(ForesellError):
    problem = "The service cannot listen at {0}: {1}."
    fix = "choose another place with --unix-socket, or stop what listens there."


def run(
    settings: ServingSettings,
    host: str,
    port: int,
    workers: int = 1,
    as_of: datetime | None = None,
    unix_socket: Path | None = None,
) -> None:
    """Serve until told to stop; with `as_of` (naive UTC) the service's clock stands still at that moment.

    With `unix_socket` it listens there instead of on host and port. The database is brought up to date first, once.
    Raises PortTaken, SocketTaken, PublicUrlNeeded, StoreNotOpened, StoreTooNew, WorkersDoNotStart.
    """
    from serving.access.oidc import must_know_its_address
    from serving.store.opening import open_store

    must_know_its_address(settings)
    with listening(host, port, unix_socket) as listens:
        open_store(settings.store_address).close()
        if workers > 1:
            from serving.running.workers import serve_with_workers

            log_json_lines(settings.log_level)
            _say_where(listens, workers)
            serve_with_workers(settings, as_of, listens, workers)
        else:
            from serving.wire.connections import server_of

            metrics = Metrics()
            server = server_of(app_of(settings, as_of, metrics), settings, metrics)
            _say_where(listens, workers)
            server.run([listens])


@contextmanager
def listening(host: str, port: int, unix_socket: Path | None = None) -> Iterator[socket.socket]:
    """A socket that listens, closed at the end. Raises PortTaken, SocketTaken."""
    if unix_socket is None:
        try:
            opened = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except OSError as failure:
            raise PortTaken(host, port, failure.strerror or failure) from failure
        with opened:
            yield opened
        return
    with _listening_at(unix_socket) as opened:
        yield opened


def require_port(host: str, port: int) -> None:
    """Try whether the service could listen here. Raises PortTaken."""
    with listening(host, port):
        pass


def standing_clock(as_of: datetime | None) -> Callable[[], datetime]:
    """The present, or always the same moment."""
    return utc_now if as_of is None else lambda: as_of


def app_of(settings: ServingSettings, as_of: datetime | None, counts: Metrics | None = None) -> "Front":
    """The app of a process that only serves: its log is ours, and pandas stays out."""
    from features.without_pandas import keep_arrow_from_pandas
    from serving.running.front import Front

    keep_arrow_from_pandas()
    be_quick()
    log_json_lines(settings.log_level)
    return Front(settings, standing_clock(as_of), utc_now, counts or Metrics(), jobs=settings.jobs)


@contextmanager
def _listening_at(path: Path) -> Iterator[socket.socket]:
    """A socket in the file system. One that nobody answers any more is replaced."""
    opened = socket.socket(socket.AF_UNIX)
    try:
        if _is_left_over(path):
            path.unlink()
        opened.bind(str(path))
        path.chmod(GROUP_MAY_TALK)
        opened.listen()
    except OSError as failure:
        opened.close()
        raise SocketTaken(path, failure.strerror or failure) from failure
    try:
        with opened:
            yield opened
    finally:
        with suppress(OSError):
            path.unlink()


def _is_left_over(path: Path) -> bool:
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            return False
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(path))
    except FileNotFoundError:
        return False
    except ConnectionRefusedError:
        return True
    return False


def _say_where(listens: socket.socket, workers: int) -> None:
    at = listens.getsockname()
    where = at if isinstance(at, str) else f"{at[0]}:{at[1]}"
    log.info("listening", extra={FACTS: {"at": where, "workers": workers, "pid": os.getpid()}})
