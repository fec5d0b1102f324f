"""How is MLflow opened: quietly, at this address, its errors turned into ours?"""

import errno
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import ForesellError
from features.home import make_private

if TYPE_CHECKING:
    from mlflow import MlflowClient


class RegistryAway(ForesellError):
    problem = "The MLflow store at {0} cannot be used: {1}."
    fix = (
        "check FORESELL_MLFLOW, that the server is up and that no other process holds the store; "
        "the live champion keeps answering meanwhile."
    )


class StoreNotWritable(ForesellError):
    problem = "What was to be kept of the model could not be written: {0}."
    fix = "free some space on the disk, or mend the permissions of the home folder; what answers keeps answering."


UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
"""Of a folder that is full or not ours."""
UNWRITABLE_WORDS = ("readonly database", "disk is full", "disk i/o error")
"""The same as SQLite says it."""


def address_of(home: Path, address: str | None) -> str:
    """Where runs and versions are kept: as given, else FORESELL_MLFLOW, else SQLite in the home folder."""
    return address or os.environ.get("FORESELL_MLFLOW") or f"sqlite:///{home / 'mlflow.db'}"


@contextmanager
def opened(home: Path, address: str) -> "Iterator[MlflowClient]":
    """MLflow set to this store, quietly. Raises RegistryAway, StoreNotWritable."""
    try:
        make_private(home)
    except OSError as failure:
        raise StoreNotWritable(failure) from failure
    # MLflow would knock at the door of a server that is away for many minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # Nothing of ours calls home, so neither does what we use.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # A bar for each file copied would fill the logs of a nightly run.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow
        from alembic.util import CommandError
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        logging.getLogger("mlflow").setLevel(logging.ERROR)
        before = mlflow.get_tracking_uri()
        mlflow.set_tracking_uri(address)
        mlflow.set_registry_uri(address)
        try:
            with _one_that_makes(home) if address.startswith("sqlite:") else nullcontext():
                client = MlflowClient(address, address)
                client.search_experiments(max_results=1)
                client.search_registered_models(max_results=1)
            yield client
        except (MlflowException, SQLAlchemyError, CommandError, OSError) as failure:
            said = str(failure).splitlines() or [type(failure).__name__]
            full = any(word in str(failure).lower() for word in UNWRITABLE_WORDS)
            if full or getattr(failure, "errno", None) in UNWRITABLE:
                raise StoreNotWritable(said[0]) from failure
            raise RegistryAway(address, said[0]) from failure
        finally:
            mlflow.set_tracking_uri(before)


@contextmanager
def _one_that_makes(home: Path) -> Iterator[None]:
    """One process at a time may make the tables of a store in a file: two that begin together would trip each other."""
    import fcntl

    with (home / ".mlflow.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def experiment(client: "MlflowClient", home: Path, address: str, name: str) -> str:
    """The id of the experiment of this name, made where it is missing; artifacts of a local store stay in the home."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    place = (home / "mlruns").absolute().as_uri() if address.startswith("sqlite:") else None
    return str(client.create_experiment(name, artifact_location=place))
