"""How does the service run? Uvicorn around the app, in this process or in several workers."""

import os
import socket
from collections.abc import Callable
from datetime import datetime

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from features.errors import ForesellError
from features.without_pandas import keep_arrow_from_pandas
from serving.app import create_app, utc_now
from serving.request_log import log_json_lines
from serving.settings import ServingSettings
from serving.store.opening import open_store

HANDED_OVER = "FORESELL_SERVE"
"""Environment variable by which workers learn their settings."""


GRACE_SECONDS = 20
"""How long requests under way may take to end when the service is stopped."""


class PortTaken(ForesellError):
    problem = "The service cannot listen on {0}, port {1}: {2}."
    fix = "choose another port with --port, or stop what listens there."


class Handover(BaseModel):
    """What a worker must know. `as_of` is naive UTC."""

    settings: dict[str, object]
    as_of: datetime | None


def run(settings: ServingSettings, host: str, port: int, workers: int = 1, as_of: datetime | None = None) -> None:
    """Serve until told to stop; with `as_of` (naive UTC) the service's clock stands still at that moment.

    The database is brought up to date first, once. Raises PortTaken, StoreNotOpened, StoreTooNew.
    """
    require_port(host, port)
    open_store(settings.store_address).close()
    if workers > 1:
        os.environ[HANDED_OVER] = _handover(settings, as_of)
        _serve("serving.run:worker_app", host, port, workers)
    else:
        _serve(app_of(settings, as_of), host, port, None)


def require_port(host: str, port: int) -> None:
    """Try whether the service could listen here. Raises PortTaken."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as failure:
        raise PortTaken(host, port, failure.strerror or failure) from failure


def worker_app() -> FastAPI:
    """The app of one of several workers, with the settings handed over."""
    handed = Handover.model_validate_json(os.environ[HANDED_OVER])
    return app_of(ServingSettings(**handed.settings), handed.as_of)  # type: ignore[arg-type]


def standing_clock(as_of: datetime | None) -> Callable[[], datetime]:
    """The present, or always the same moment."""
    return utc_now if as_of is None else lambda: as_of


def app_of(settings: ServingSettings, as_of: datetime | None) -> FastAPI:
    """The app of a process that only serves: its log is ours, and pandas stays out."""
    keep_arrow_from_pandas()
    log_json_lines(settings.log_level)
    return create_app(settings, standing_clock(as_of))


def _handover(settings: ServingSettings, as_of: datetime | None) -> str:
    plain = settings.model_dump(mode="json")
    if settings.database is not None:
        plain["database"] = settings.database.get_secret_value()
    return Handover(settings=plain, as_of=as_of).model_dump_json()


def _serve(app: FastAPI | str, host: str, port: int, workers: int | None) -> None:
    """Our log has a line for each request already, and callers need not know which server this is."""
    uvicorn.run(
        app,
        host=host,
        port=port,
        workers=workers,
        factory=isinstance(app, str),
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
