"""The only file that writes to MLflow: log a candidate, promote a version, say which was live when.

A version is a *candidate* until it is promoted, in the *shadow* while it is scored beside the one that answers,
*champion* while it answers, and *archived* afterwards.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.errors import ForesellError
from features.history import History
from training import exporting, promotions, registry_card
from training.bundle_file import ModelBundle, load_any
from training.candidate import Candidate, Verdict
from training.mlflow_store import RegistryAway, address_of, experiment, opened
from training.promotions import Move, Promotion
from training.version_tags import CHAMPION, SHADOW, Version, gate_tags, tags_of, version_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

__all__ = ["NoSuchVersion", "NothingToRollBack", "Refused", "Registry", "RegistryAway", "ShadowOfItself", "Version"]

PAGE = 1000
"""Versions asked for at once."""


class NoSuchVersion(ForesellError):
    problem = "There is no version {1} of the {0} model."
    fix = "see foresell models list."


class NothingToRollBack(ForesellError):
    problem = "The {0} model has had no champion before the present one."
    fix = "promote a version by number: foresell models promote {0} VERSION."


class Refused(ForesellError):
    problem = "The gate refused version {1} of the {0} model: {2}"
    fix = "leave the live version, or promote it all the same: foresell models promote {0} {1} --force."


class ShadowOfItself(ForesellError):
    problem = "Version {1} of the {0} model is the champion, and cannot stand in its own shadow."
    fix = "name another version: foresell models list {0}."


class Registry:
    """Versions of models in one MLflow store; by default SQLite in the home folder."""

    def __init__(self, home: Path, address: str | None = None) -> None:
        self.home = home
        self.address = address_of(home, address)

    def check(self) -> None:
        """Whether the store can be used at all. Raises RegistryAway, StoreNotWritable."""
        with self._client():
            pass

    def log(self, candidate: Candidate, history: History, gate: Verdict | None = None) -> str:
        """Store a candidate, and what the gate said, as a run and a registered version; return the version."""
        from training.drift.reference import write_reference

        bundle: ModelBundle = candidate.bundle
        with self._client() as client, promotions.one_at_a_time(self.home):
            import mlflow

            place = experiment(client, self.home, self.address, f"foresell-{bundle.model}")
            with (
                mlflow.start_run(
                    experiment_id=place, run_name=f"{candidate.choice.name} until {bundle.until:%Y-%m-%d}"
                ),
                tempfile.TemporaryDirectory() as name,
            ):
                folder = Path(name)
                mlflow.log_params({**candidate.params(), "timezone": history.timezone})
                mlflow.log_metrics(dict(candidate.metrics()))
                candidate.write_artifacts(folder)
                write_reference(bundle, history, folder / "bundle")
                tags = tags_of(candidate, history, gate, folder / "bundle")
                mlflow.set_tags(tags)
                mlflow.log_artifacts(name)
                version = _register(candidate, folder / "bundle")
            for key, value in tags.items():
                client.set_model_version_tag(bundle.model, version, key, value)
            self._tell(client, bundle.model)
            return version

    def note_gate(self, model: str, version: str, gate: Verdict) -> None:
        """Keep what the gate says of a version in place of what it said before."""
        with self._client() as client:
            for key, value in gate_tags(gate).items():
                client.set_model_version_tag(model, version, key, value)
            self._tell(client, model)

    def log_run(self, model: str, name: str, artifacts: Path, metrics: Mapping[str, float]) -> str:
        """Store what is not a model, as a backtest or a search; return the run's id."""
        with self._client() as client, promotions.one_at_a_time(self.home):
            import mlflow

            place = experiment(client, self.home, self.address, f"foresell-{model}")
            with mlflow.start_run(experiment_id=place, run_name=name) as run:
                mlflow.log_metrics(dict(metrics))
                mlflow.log_artifacts(str(artifacts))
                return str(run.info.run_id)

    def promote(self, model: str, version: str, at: datetime, *, force: bool = False) -> None:
        """Make a version the one that answers. `at` is naive UTC. Raises NoSuchVersion, Refused."""
        with self._client() as client, promotions.one_at_a_time(self.home):
            found = self._version(client, model, version)
            if version == self._aliases(client, model).get(CHAMPION):
                # Once more would only stand in the way of a rollback; but its files may be damaged.
                self._restore(client, model, found)
                return
            if found.tags.get("foresell.passed") == "no" and not force:
                raise Refused(model, version, found.tags.get("foresell.gate", ""))
            self._go_live(client, model, version, at, Move.LIVE)

    def restore(self, model: str) -> bool:
        """Fetch the live version's files again where they are damaged or gone; False where nothing is live."""
        with self._client() as client, promotions.one_at_a_time(self.home):
            if not client.search_registered_models(f"name = '{model}'"):
                return False
            version = self._aliases(client, model).get(CHAMPION)
            if version is None:
                return False
            self._restore(client, model, self._version(client, model, version))
            return True

    def _restore(self, client: "MlflowClient", model: str, found: "ModelVersion") -> None:
        since = [one.at for one in self._log(client, model) if one.is_of_champion]
        exporting.point(self.home, model, str(found.version), exporting.export(self.home, found), since[-1])

    def rollback(self, model: str, at: datetime) -> str:
        """Make the champion before the present one answer again; return its version. Again goes further back."""
        with self._client() as client, promotions.one_at_a_time(self.home):
            standing = promotions.standing(self._log(client, model))
            if len(standing) < 2:
                raise NothingToRollBack(model)
            self._go_live(client, model, standing[-2], at, Move.BACK)
            return standing[-2]

    def shadow(self, model: str, version: str | None, at: datetime) -> None:
        """Score a version beside the champion from now on; None ends it. Raises NoSuchVersion, ShadowOfItself."""
        with self._client() as client, promotions.one_at_a_time(self.home):
            if version is None:
                self._end_shadow(client, model, at)
                return
            found = self._version(client, model, version)
            if version == self._aliases(client, model).get(CHAMPION):
                raise ShadowOfItself(model, version)
            folder = exporting.export(self.home, found)
            client.set_registered_model_alias(model, SHADOW, version)
            moment = self._write(client, model, version, at, Move.SHADOW)
            exporting.point(self.home, f"{model}.{SHADOW}", version, folder, moment)
            self._tell(client, model)

    def _go_live(self, client: "MlflowClient", model: str, version: str, at: datetime, move: Move) -> None:
        folder = exporting.export(self.home, self._version(client, model, version))
        if self._aliases(client, model).get(SHADOW) == version:
            self._end_shadow(client, model, at)
        client.set_registered_model_alias(model, CHAMPION, version)
        moment = self._write(client, model, version, at, move)
        exporting.point(self.home, model, version, folder, moment)
        self._tell(client, model)

    def _end_shadow(self, client: "MlflowClient", model: str, at: datetime) -> None:
        if SHADOW in self._aliases(client, model):
            client.delete_registered_model_alias(model, SHADOW)
            self._write(client, model, "", at, Move.NO_SHADOW)
        exporting.unpoint(self.home, f"{model}.{SHADOW}")
        self._tell(client, model)

    def _tell(self, client: "MlflowClient", model: str) -> None:
        """Leave word of all versions where the service reads it; figures told before are not asked for again."""
        found = _all_versions(client, f"name = '{model}'")
        aliases, log = self._aliases(client, model), self._log(client, model)
        rows = sorted((version_of(one, aliases, log) for one in found), key=lambda row: -int(row.version))
        told = registry_card.metrics_in(self.home, model)
        metrics = {
            row.version: told[row.version] if row.version in told else dict(client.get_run(row.run_id).data.metrics)
            for row in rows
        }
        registry_card.write(self.home, model, rows, log, metrics)

    def _write(self, client: "MlflowClient", model: str, version: str, at: datetime, move: Move) -> datetime:
        """Add to the log; return the moment, moved past the last entry's where another process was quicker."""
        log = self._log(client, model)
        moment = max(at, log[-1].at + timedelta(microseconds=1)) if log else at
        client.set_registered_model_tag(model, *promotions.entry(log, Promotion(version, moment, move)))
        return moment

    def versions(self, model: str | None = None) -> list[Version]:
        """Every version, newest first."""
        with self._client() as client:
            found = _all_versions(client, f"name = '{model}'" if model else None)
            names = {str(one.name) for one in found}
            aliases = {name: self._aliases(client, name) for name in names}
            logs = {name: self._log(client, name) for name in names}
        rows = [version_of(one, aliases[one.name], logs[one.name]) for one in found]
        return sorted(rows, key=lambda row: (row.model, -int(row.version)))

    def show(self, model: str, version: str) -> dict[str, object]:
        """All that was logged of one version. Raises NoSuchVersion."""
        with self._client() as client:
            found = self._version(client, model, version)
            run = client.get_run(str(found.run_id))
            log = self._log(client, model)
            row = version_of(found, self._aliases(client, model), log)
        mine = [one for one in log if one.version == version]
        return {
            "model": model,
            "version": version,
            "state": row.state,
            "live": row.live,
            "run_id": found.run_id,
            "tags": dict(found.tags),
            "params": dict(run.data.params),
            "metrics": dict(run.data.metrics),
            "promotions": [one.at.isoformat() for one in mine if one.is_of_champion],
            "log": [{"at": one.at.isoformat(), "move": one.move.value} for one in mine],
        }

    def log_of(self, model: str) -> tuple[Promotion, ...]:
        """Every promotion, rollback and shadow of a model, oldest first."""
        with self._client() as client:
            return self._log(client, model)

    def live_at(self, model: str, at: datetime) -> str | None:
        """The version that answered at a moment (naive UTC); None before the first promotion."""
        return promotions.live_at(self.log_of(model), at)

    def bundle(self, model: str, version: str) -> ModelBundle:
        """The bundle of any version, fetched into the home folder. Raises NoSuchVersion."""
        return load_any(self.folder(model, version))

    def folder(self, model: str, version: str) -> Path:
        """Where the bundle of any version lies, fetched into the home folder. Raises NoSuchVersion."""
        with self._client() as client, promotions.one_at_a_time(self.home):
            return exporting.export(self.home, self._version(client, model, version))

    @contextmanager
    def _client(self) -> "Iterator[MlflowClient]":
        with opened(self.home, self.address) as client:
            yield client

    def _version(self, client: "MlflowClient", model: str, version: str) -> "ModelVersion":
        for one in _all_versions(client, f"name = '{model}'"):
            if str(one.version) == version:
                return one
        raise NoSuchVersion(model, version)

    def _aliases(self, client: "MlflowClient", model: str) -> dict[str, str]:
        found: Mapping[str, Any] = client.get_registered_model(model).aliases
        return {name: str(version) for name, version in found.items()}

    def _log(self, client: "MlflowClient", model: str) -> tuple[Promotion, ...]:
        if not client.search_registered_models(f"name = '{model}'"):
            return ()
        return promotions.log_in(client.get_registered_model(model).tags)


def _all_versions(client: "MlflowClient", which: str | None) -> "list[ModelVersion]":
    """Page by page: a model trained every night has more versions than a page after three years."""
    found: list[ModelVersion] = []
    token = None
    while True:
        page = client.search_model_versions(which, max_results=PAGE, page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def _register(candidate: Candidate, bundle: Path) -> str:
    import mlflow

    from training.pyfunc import ModelScores, signature_of

    # MLflow tells of its progress on standard error whatever its log level.
    with redirect_stderr(StringIO()):
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=ModelScores(),
            artifacts={"bundle": str(bundle)},
            signature=signature_of(candidate),
            pip_requirements=["foresell"],
            registered_model_name=candidate.bundle.model,
        )
    return str(logged.registered_model_version)
