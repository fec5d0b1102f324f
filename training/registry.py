"""The only file that speaks to MLflow: log a candidate, promote a version, say which was live when.

The champion is also exported as plain files under `<home>/champions`, from which the service scores:
answering needs no MLflow, and goes on when a tracking server is away.
"""

import json
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import ForesellError
from features.history import History
from features.home import make_private
from training.bundle import FILE, Bundle
from training.recipe import Candidate

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"
BACK = " back"
"""Ends the moment of a promotion that was a rollback."""
PROMOTIONS = "foresell.promotions"
"""Tag of a registered model: a JSON list of [version, moment] pairs, oldest first."""


class NoSuchVersion(ForesellError):
    problem = "There is no version {1} of the {0} model."
    fix = "see foresell models list."


class NothingToRollBack(ForesellError):
    problem = "The {0} model has had no champion before the present one."
    fix = "promote a version by number: foresell models promote {0} VERSION."


class RegistryAway(ForesellError):
    problem = "The MLflow store at {0} cannot be used: {1}."
    fix = "check FORESELL_MLFLOW and that the server is up; the live champion keeps answering meanwhile."


@dataclass(frozen=True)
class Version:
    """One registered version of a model."""

    model: str
    version: str
    until: str
    serves: str
    rung: str
    log_loss: float | None
    live: bool
    run_id: str
    says: str


class Registry:
    """Versions of models in one MLflow store; by default SQLite in the home folder."""

    def __init__(self, home: Path, address: str | None = None) -> None:
        self.home = home
        self.address = address or os.environ.get("FORESELL_MLFLOW") or f"sqlite:///{home / 'mlflow.db'}"

    def log(self, candidate: Candidate, history: History, at: datetime) -> str:
        """Store a candidate as a run and a registered version; return the version."""
        with self._client() as client:
            import mlflow

            experiment = self._experiment(client, f"foresell-{candidate.bundle.model}")
            with mlflow.start_run(experiment_id=experiment, run_name=f"{candidate.choice.name} until {at:%Y-%m-%d}"):
                mlflow.log_params(_params(candidate, history))
                mlflow.log_metrics(_metrics(candidate))
                mlflow.set_tags(_tags(candidate, history))
                with tempfile.TemporaryDirectory() as folder:
                    _write_artifacts(candidate, Path(folder))
                    mlflow.log_artifacts(folder)
                    version = self._register(candidate, Path(folder) / "bundle")
            for key, value in _tags(candidate, history).items():
                client.set_model_version_tag(candidate.bundle.model, version, key, value)
            return version

    def _register(self, candidate: Candidate, bundle: Path) -> str:
        import mlflow

        from training.pyfunc import WinScores, example_of, signature_of

        signature = signature_of(candidate.bundle, example_of(candidate))
        # MLflow tells of its progress on standard error whatever its log level.
        with redirect_stderr(StringIO()):
            logged = mlflow.pyfunc.log_model(
                name="model",
                python_model=WinScores(),
                artifacts={"bundle": str(bundle)},
                signature=signature,
                pip_requirements=["foresell"],
                registered_model_name=candidate.bundle.model,
            )
        return str(logged.registered_model_version)

    def promote(self, model: str, version: str, at: datetime) -> None:
        """Make a version the one that answers. `at` is naive UTC. Raises NoSuchVersion."""
        self._go_live(model, version, at, "")

    def _go_live(self, model: str, version: str, at: datetime, how: str) -> None:
        with self._client() as client:
            found = self._version(client, model, version)
            folder = self._export(found)
            client.set_registered_model_alias(model, CHAMPION, version)
            log = [*self._promotions(client, model), (version, at.isoformat(timespec="seconds") + how)]
            client.set_registered_model_tag(model, PROMOTIONS, json.dumps(log))
            self._point(model, version, folder, at)

    def rollback(self, model: str, at: datetime) -> str:
        """Make the champion before the present one answer again; return its version. Again goes further back."""
        with self._client() as client:
            log = self._promotions(client, model)
        standing: list[str] = []
        for version, when in log:
            standing = standing[:-1] if when.endswith(BACK) else [*standing, version]
        if len(standing) < 2:
            raise NothingToRollBack(model)
        self._go_live(model, standing[-2], at, BACK)
        return standing[-2]

    def versions(self, model: str | None = None) -> list[Version]:
        """Every version, newest first."""
        with self._client() as client:
            found = client.search_model_versions(f"name = '{model}'" if model else None, max_results=1000)
            live = {name: self._live(client, name) for name in {one.name for one in found}}
        rows = [_version_row(one, live[one.name]) for one in found]
        return sorted(rows, key=lambda row: (row.model, -int(row.version)))

    def show(self, model: str, version: str) -> dict[str, object]:
        """All that was logged of one version. Raises NoSuchVersion."""
        with self._client() as client:
            found = self._version(client, model, version)
            run = client.get_run(str(found.run_id))
            return {
                "model": model,
                "version": version,
                "run_id": found.run_id,
                "tags": dict(found.tags),
                "params": dict(run.data.params),
                "metrics": dict(run.data.metrics),
                "live": version == self._live(client, model),
                "promotions": [
                    at.removesuffix(BACK) for which, at in self._promotions(client, model) if which == version
                ],
            }

    def live_at(self, model: str, at: datetime) -> str | None:
        """The version that answered at a moment (naive UTC); None before the first promotion."""
        with self._client() as client:
            log = self._promotions(client, model)
        before = [version for version, since in log if datetime.fromisoformat(since.removesuffix(BACK)) <= at]
        return before[-1] if before else None

    def bundle(self, model: str, version: str) -> Bundle:
        """The bundle of any version, fetched into the home folder. Raises NoSuchVersion."""
        with self._client() as client:
            return Bundle.load(self._export(self._version(client, model, version)))

    def _export(self, found: "ModelVersion") -> Path:
        """Copy a version's bundle to where the service reads it; whole or not at all."""
        import mlflow

        # The run tells versions of the same number apart where one home has seen two stores.
        folder = self.home / "champions" / str(found.name) / f"{found.version}-{str(found.run_id)[:8]}"
        if (folder / "version").exists():
            return folder
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as cache:
            fetched = mlflow.artifacts.download_artifacts(
                run_id=str(found.run_id), artifact_path=f"bundle/{FILE}", dst_path=cache
            )
            _replace(folder / FILE, Path(fetched).read_text("utf-8"))
        _replace(folder / "version", str(found.version))
        return folder

    def _point(self, model: str, version: str, folder: Path, at: datetime) -> None:
        champions = self.home / "champions"
        pointer = {
            "version": version,
            "folder": folder.relative_to(champions).as_posix(),
            "promoted_at": at.isoformat(timespec="seconds"),
        }
        _replace(champions / f"{model}.json", json.dumps(pointer))

    @contextmanager
    def _client(self) -> "Iterator[MlflowClient]":
        """MLflow set to this store, quietly; its errors become ours."""
        make_private(self.home)
        # MLflow would knock at the door of a server that is away for many minutes.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        logging.getLogger("alembic").setLevel(logging.WARNING)
        # Nothing of ours calls home, so neither does what we use.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import mlflow
            from mlflow import MlflowClient
            from mlflow.exceptions import MlflowException
            from sqlalchemy.exc import SQLAlchemyError

            logging.getLogger("mlflow").setLevel(logging.ERROR)
            before = mlflow.get_tracking_uri()
            mlflow.set_tracking_uri(self.address)
            mlflow.set_registry_uri(self.address)
            try:
                yield MlflowClient(self.address, self.address)
            except (MlflowException, SQLAlchemyError, OSError) as failure:
                said = str(failure).splitlines() or [type(failure).__name__]
                raise RegistryAway(self.address, said[0]) from failure
            finally:
                mlflow.set_tracking_uri(before)

    def _experiment(self, client: "MlflowClient", name: str) -> str:
        found = client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        place = (self.home / "mlruns").absolute().as_uri() if self.address.startswith("sqlite:") else None
        return str(client.create_experiment(name, artifact_location=place))

    def _version(self, client: "MlflowClient", model: str, version: str) -> "ModelVersion":
        found = client.search_model_versions(f"name = '{model}'", max_results=1000)
        for one in found:
            if str(one.version) == version:
                return one
        raise NoSuchVersion(model, version)

    def _live(self, client: "MlflowClient", model: str) -> str | None:
        aliases: dict[str, Any] = client.get_registered_model(model).aliases
        return str(aliases[CHAMPION]) if CHAMPION in aliases else None

    def _promotions(self, client: "MlflowClient", model: str) -> list[tuple[str, str]]:
        if not client.search_registered_models(f"name = '{model}'"):
            return []
        stored = client.get_registered_model(model).tags.get(PROMOTIONS, "[]")
        return [(version, at) for version, at in json.loads(stored)]


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(path.name + ".tmp")
    draft.write_text(text, "utf-8")
    os.replace(draft, path)


def _params(candidate: Candidate, history: History) -> dict[str, object]:
    bundle = candidate.bundle
    return {
        "serves": candidate.choice.name,
        "rung": bundle.rung,
        "until": bundle.until.isoformat(),
        "features": len(bundle.features),
        "moments": len(candidate.sample),
        "closed_deals": candidate.sample.closed_deals,
        "folds": len(candidate.trial.folds),
        "seed": 0,
        "timezone": history.timezone,
    }


def _metrics(candidate: Candidate) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, card in candidate.scorecards.items():
        prefix = "" if name == candidate.choice.name else f"{name}."
        found |= {f"{prefix}{metric}": value for metric, value in card.metrics().items()}
    for name, comparison in candidate.against_base.items():
        found[f"{name}.log_loss_less_base_rate"] = comparison.difference
    return found


def _tags(candidate: Candidate, history: History) -> dict[str, str]:
    bundle = candidate.bundle
    card = candidate.scorecards.get(candidate.choice.name)
    return {
        "foresell.until": bundle.until.isoformat(),
        "foresell.serves": candidate.choice.name,
        "foresell.rung": bundle.rung,
        "foresell.says": candidate.choice.says,
        "foresell.history": history.fingerprint,
        "foresell.features": bundle.fingerprint,
        "foresell.log_loss": "" if card is None else repr(card.log_loss),
    }


def _write_artifacts(candidate: Candidate, folder: Path) -> None:
    from training.report import scorecard_text, write_plots

    candidate.bundle.save(folder / "bundle")
    (folder / "scorecard.json").write_text(scorecard_text(candidate), "utf-8")
    (folder / "features.json").write_text(
        json.dumps(
            {
                "used": [f.name for f in candidate.bundle.features],
                "left_out": candidate.left_out,
                "leaks": candidate.leaks,
            },
            ensure_ascii=False,
            indent=1,
        ),
        "utf-8",
    )
    write_plots(candidate, folder)


def _version_row(found: "ModelVersion", live: str | None) -> Version:
    tags = found.tags
    loss = tags.get("foresell.log_loss", "")
    return Version(
        str(found.name),
        str(found.version),
        tags.get("foresell.until", ""),
        tags.get("foresell.serves", ""),
        tags.get("foresell.rung", ""),
        float(loss) if loss else None,
        str(found.version) == live,
        str(found.run_id),
        tags.get("foresell.says", ""),
    )
