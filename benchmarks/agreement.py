"""Do all ways to a number give the same one? The largest difference between them, over thousands of deals.

    python benchmarks/agreement.py --home foresell-home [--rows 10000] [--url http://127.0.0.1:8000 --key fsl_...]

The deals are those that were open at the end of each of many weeks of the company's history, all taken as of the day on
which the live win model ended learning. Their chance to win, its interval, and the chance by each horizon with its
interval are read from `foresell score`, from the Python function of the model store, from the live model asked one row
after the other as the service asks it, by the curve's own arithmetic in Python (every twentieth row) and, where a
service is named, over HTTP by their features. Deals open on that day are asked of `foresell predict` too.
"""

import argparse
import json
import math
import os
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.feature_building import build
from features.history import History
from training.bundle import Bundle, Score
from training.bundle_file import live_bundle, load_any
from training.predict import predict_win
from training.pyfunc import values_of
from training.table_scoring.feature_columns import FeatureColumns
from training.table_scoring.reading import FeatureTable
from training.table_scoring.streaming import Asked, score_file
from training.win_curve import WinCurve

HORIZONS = [30.0, 60.0, 90.0]
PARTS = [(days, end) for days in HORIZONS for end in ("", "_low", "_high")]
COLUMNS = ["win_probability", "low", "high", *(f"p_win_by_{days:g}d{end}" for days, end in PARTS)]
WEEKS = 400
CALL = 500
EVERY = 20
Floats = np.typing.NDArray[np.float64]


def deals(history: History, bundle: Bundle, rows: int, folder: Path) -> Path:
    """A feature table of so many different rows, as of the end of the training."""
    own = folder / "own.parquet"
    build(history, "deal", [bundle.until - timedelta(days=7 * week) for week in reversed(range(WEEKS))], own)
    table = pq.read_table(own)
    table = table.take(np.sort(np.random.default_rng(0).choice(len(table), min(rows, len(table)), replace=False)))
    moments = pa.array([bundle.until] * len(table), pa.timestamp("us"))
    pq.write_table(table.set_column(1, "as_of", moments), folder / "deals.parquet")
    return folder / "deals.parquet"


def columns_of(table: pa.Table) -> Floats:
    return np.column_stack([table[name].to_numpy() for name in COLUMNS])


def scored(bundle: Bundle, history: History, source: Path) -> Floats:
    table = FeatureTable.open(source, "deal", bundle.features, ("win", bundle.version))
    out = source.with_name("scores.parquet")
    score_file(table, bundle, history, Asked(HORIZONS), out, 1)
    return columns_of(pq.read_table(out))


def of_function(home: Path, bundle: Bundle, x: Any) -> Floats:
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{(home / 'mlflow.db').resolve()}")
    model = mlflow.pyfunc.load_model(f"models:/win/{bundle.version}")
    asked = {"horizons": "30,60,90", "home": str(home), "as_of": f"{bundle.until.isoformat()}Z"}
    return np.asarray(model.predict(x, params=asked)[COLUMNS].to_numpy(), np.float64)


def one_by_one(bundle: Bundle, columns: FeatureColumns) -> Floats:
    def numbers(score: Score) -> list[float | None]:
        by = [(score.by_days[days], *score.around_days.get(days, (None, None))) for days in HORIZONS]
        return [score.probability, score.low, score.high, *(each for told in by for each in told)]

    rows = (columns.row(at) for at in range(len(columns)))
    return np.array([numbers(bundle.answer(row, HORIZONS, most_reasons=0)) for row in rows], np.float64)


def by_arithmetic(bundle: Bundle, columns: FeatureColumns) -> Floats | None:
    """Chances alone, without intervals: ever, and by each horizon."""
    if not isinstance(bundle.estimate, WinCurve):
        return None
    curve, picked = bundle.estimate.curve, range(0, len(columns), EVERY)
    return np.array([curve.score(columns.row(at), [math.inf, *HORIZONS]) for at in picked])


def over_http(url: str, key: str, bundle: Bundle, columns: FeatureColumns) -> Floats:
    found = []
    for answer in _calls(url, key, bundle, columns):
        for score in answer["scores"]:
            by = {float(days): chance for days, chance in score["win_within_days"].items()}
            found.append([score["probability"], score["low"], score["high"], *(by[days] for days in HORIZONS)])
    return np.array(found, np.float64)


def _calls(url: str, key: str, bundle: Bundle, columns: FeatureColumns) -> Iterator[Any]:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    as_of = bundle.until.replace(tzinfo=UTC).isoformat()
    for start in range(0, len(columns), CALL):
        rows = [{"features": columns.row(at)} for at in range(start, min(start + CALL, len(columns)))]
        body = json.dumps({"deals": rows, "horizons": HORIZONS, "reasons": 0, "as_of": as_of}).encode()
        call = urllib.request.Request(f"{url}/v1/scores/deals", body, headers)
        with urllib.request.urlopen(call, timeout=120) as answer:
            yield json.load(answer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--url")
    parser.add_argument("--key", default=os.environ.get("FORESELL_KEY", ""))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    history, live = History.existing(asked.home), live_bundle(asked.home, "win")
    assert live is not None, "no win model has been promoted in this home"
    bundle = load_any(live)
    assert isinstance(bundle, Bundle)
    with tempfile.TemporaryDirectory(prefix="agreement-") as scratch:
        source = deals(history, bundle, asked.rows, Path(scratch))
        x = pq.read_table(source).select([feature.name for feature in bundle.features]).to_pandas()
        columns = FeatureColumns(values_of(x), len(x))
        ours = scored(bundle, history, source)
        apart = {
            "function": _apart(ours, of_function(asked.home, bundle, x)),
            "one by one": _apart(ours, one_by_one(bundle, columns)),
        }
        chances = [0, *(COLUMNS.index(f"p_win_by_{days:g}d") for days in HORIZONS)]
        if (plain := by_arithmetic(bundle, columns)) is not None:
            apart["arithmetic"] = _apart(ours[::EVERY, chances], plain)
        if asked.url:
            apart["http"] = _apart(ours[:, [0, 1, 2, *chances[1:]]], over_http(asked.url, asked.key, bundle, columns))
        build(history, "deal", [bundle.until], source)
        predicted = columns_of(predict_win(history, bundle, bundle.until, HORIZONS))
        apart["predict"] = _apart(scored(bundle, history, source), predicted)
    print(f"{len(x):,} deals, {len(COLUMNS)} numbers each; {len(predicted):,} of `predict`")
    for name, each in apart.items():
        print(f"score and {name:<14}{each:>10.1e} apart at most")
    if asked.json:
        print(json.dumps({"deals": len(x), "predicted": len(predicted), "apart": apart}))
    if not max(apart.values()) <= 1e-12:
        sys.exit(1)


def _apart(one: Floats, other: Floats) -> float:
    assert one.shape == other.shape, f"{one.shape} and {other.shape}"
    assert (np.isnan(one) == np.isnan(other)).all(), "one tells what the other does not"
    return float(np.nanmax(np.abs(one - other)))


if __name__ == "__main__":
    main()
