"""The ways to a number: table, feature file, service and MLflow's function. Each gives all numbers of all rows."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from serving.client import Foresell
from training.bundle_file import live_bundle, load_any

DAYS = (7, 30, 60, 90)
HORIZONS = ",".join(map(str, DAYS))
NEAR = 1e-12
PLURAL = {"win": "deals", "churn": "customers"}
ID = {"win": "deal_id", "churn": "customer_id"}
Numbers = dict[tuple[str, str], list[float]]
"""By id and moment of the features: the chance, its ends, then for each horizon what there is."""


@dataclass(frozen=True)
class Company:
    """A home with a service before it, asked as of the moment at which its models ended learning."""

    home: Path
    as_of: datetime
    client: Foresell
    command: Callable[..., Any]
    folder: Path
    models_in: Path
    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """What the service says is on record, by model and id."""

    @property
    def moment(self) -> str:
        return f"{self.as_of.isoformat()}Z"

    def run(self, *words: object) -> None:
        said = self.command("--home", self.home, *words)
        assert said.status == 0, said.err

    def features(self, model: str, *since: object) -> Path:
        """A feature table of what is open or active at the moment, and at the ends of earlier weeks."""
        out = self.folder / f"{model}-{len(since)}.parquet"
        if not out.exists():
            self.run("features", "build", PLURAL[model], "--as-of", self.moment, "--out", out, *since)
        return out


def columns_of(model: str, asked: Sequence[str]) -> list[str]:
    """The columns with the numbers, of those a table has."""
    names = [f"{model}_probability", "low", "high"]
    names += [f"p_{model}_by_{days}d{end}" for days in DAYS for end in ("", "_low", "_high")]
    return [name for name in names if name in asked]


def of_table(model: str, table: pa.Table, keys: list[tuple[str, str]]) -> Numbers:
    assert table[ID[model]].to_pylist() == [each for each, _ in keys]
    rows = table.select(columns_of(model, table.column_names)).to_pylist()
    return dict(zip(keys, ([*row.values()] for row in rows), strict=True))


def by_predict(company: Company, model: str) -> Numbers:
    out = company.folder / f"predicted-{model}.parquet"
    company.run("predict", model, "--as-of", company.moment, "--horizons", HORIZONS, "--out", out)
    return of_table(model, pq.read_table(out), keys_of(model, out))


def by_score(company: Company, model: str, features: Path, reasons: int = 0) -> Numbers:
    out = features.with_suffix(f".scores-{reasons}.parquet")
    words = ("--model", model, "--as-of", company.moment, "--horizons", HORIZONS, "--reasons", reasons, "--out", out)
    company.run("score", features, *words)
    # All are scored as of the one moment; the table of features says of which moment a row is.
    return of_table(model, pq.read_table(out), keys_of(model, features))


def keys_of(model: str, path: Path) -> list[tuple[str, str]]:
    """Who a row is about and as of when, in UTC: a table of features holds moments, one of scores local times."""
    table = pq.read_table(path, columns=[ID[model], "as_of"])
    moments = [datetime.fromisoformat(str(moment)) for moment in table["as_of"].to_pylist()]
    in_utc = [str(one.astimezone(UTC).replace(tzinfo=None) if one.tzinfo else one) for one in moments]
    return list(zip(table[ID[model]].to_pylist(), in_utc, strict=True))


def by_function(company: Company, model: str, features: Path) -> Numbers:
    import mlflow

    bundle = load_any(live_bundle(company.home, model))  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of MLflow about itself
        mlflow.set_tracking_uri(f"sqlite:///{company.models_in / 'mlflow.db'}")
        function = mlflow.pyfunc.load_model(f"models:/{model}/{bundle.version}")
    x = pq.read_table(features).select([one.name for one in bundle.features]).to_pandas()  # type: ignore[attr-defined]
    asked = {"horizons": HORIZONS, "home": str(company.home), "as_of": company.moment}
    found = function.predict(x, params=asked)
    rows = found[columns_of(model, found.columns)].to_numpy().tolist()
    return dict(zip(keys_of(model, features), rows, strict=True))


def by_service(company: Company, model: str, features: Path, form: str, reasons: int) -> Numbers:
    """In calls of 1,000: the client cuts them. Records and changes are what the service says is on record."""
    keys, ask = keys_of(model, features), getattr(company.client, f"score_{PLURAL[model]}")
    asked: list[Any] = [each for each, _ in keys]
    if form == "features":
        names = [one.name for one in load_any(live_bundle(company.home, model)).features]  # type: ignore[arg-type,attr-defined]
        rows = pq.read_table(features).select(names).to_pylist()
        asked = [{"features": {name: told(value) for name, value in row.items()}} for row in rows]
    elif form != "id":
        records = on_record(company, model, [each for each, _ in keys])
        asked = [{"record": record} for record in records]
        if form == "changes":
            asked = [
                {ID[model]: each, "changes": same(model, record)}
                for (each, _), record in zip(keys, records, strict=True)
            ]
    scores = ask(asked, horizons=list(DAYS), reasons=reasons, as_of=company.moment)["scores"]
    return {key: of_answer(model, score, reasons) for key, score in zip(keys, scores, strict=True)}


def on_record(company: Company, model: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The fields of each as the service tells them, asked once."""
    get, known = {"win": company.client.deal, "churn": company.client.customer}[model], company.records
    with ThreadPoolExecutor(4) as pool:
        asked = [each for each in ids if (model, each) not in known]
        known |= {(model, each): one["record"] for each, one in zip(asked, pool.map(get, asked), strict=True)}
    return [known[model, each] for each in ids]


FIXED = ("deal_id", "customer_id", "created_at", "status", "closed_at", "lost_reason", "recorded_at")


def same(model: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Changes that change nothing."""
    return {
        name: value for name, value in record.items() if name not in FIXED or (name == "customer_id" and model == "win")
    }


def told(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


def of_answer(model: str, score: Mapping[str, Any], reasons: int) -> list[float]:
    assert score["error"] is None
    assert len(score["reasons"]) <= reasons + (reasons > 0), "the strongest, and the rest in one line"
    within, by = score[f"{model}_within_days"], f"{model}_by"
    around = [[*score[f"{by}{end}"].values()] for end in ("_low", "_high") if score.get(f"{by}{end}")]
    horizons = [[within[str(days)], *(each[place] for each in around)] for place, days in enumerate(DAYS)]
    return [score["probability"], score["low"], score["high"], *(one for told in horizons for one in told)]


def apart(one: Numbers, other: Numbers) -> float:
    """How far two ways are apart at most, where both tell; they tell of the same."""
    assert one.keys() == other.keys()
    mine, others = (np.array([way[key] for key in one], np.float64) for way in (one, other))
    assert mine.shape == others.shape
    assert (np.isnan(mine) == np.isnan(others)).all()
    return float(np.nanmax(np.abs(mine - others)))


def ways(company: Company, model: str, features: Path, *, everything: bool = False) -> dict[str, Callable[[], Numbers]]:
    """Every way but `predict`, by name, for the rows of a table of features; records only with `everything`."""
    found: dict[str, Callable[[], Numbers]] = {
        "score": partial(by_score, company, model, features),
        "score with reasons": partial(by_score, company, model, features, 3),
        "MLflow's function": partial(by_function, company, model, features),
    }
    forms = ("id", "features", *(("record", "changes") if model == "win" else ("changes",)))
    for form in forms if everything else ("id", "features"):
        for reasons in (0, 5):
            name = f"service by {form}, {reasons} reasons"
            found[name] = partial(by_service, company, model, features, form, reasons)
    return found
