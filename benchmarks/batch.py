"""How many deals a second go from a Parquet file of features to a Parquet file of scores, beside MLflow's own ways?

    python benchmarks/batch.py --home foresell-home [--rows 100000] [--rounds 5] [--memory 200000 1000000] [--json]

The home must hold a trained win model. The table is made of the company's own feature table, of many weeks, repeated
with numbers shifted a little, so that no row comes twice. All ways read the same file, answer by the same registered
model and write a Parquet file; they take turns, on as many rows as each can do in some seconds, and the ratio of a turn
is what counts. Measured beside each other:

* ours: `foresell score`, with all processors and with one;
* pyfunc: `mlflow.pyfunc.load_model(...).predict` on chunks of the size that is best for it. It answers through the same
  compiled tables as we do, on one processor: what is compared is all that lies around them;
* library: the same model asked through pandas and LightGBM's library, as its authors' own packages would be
  (`EventCurve.predict`, which the function of the model store did until these tables were there, row by row);
* rows: one row after the other by the curve's own arithmetic, which is what that function did.

With reasons the rival is LightGBM's `pred_contrib`, with all processors, on each tree model of the bundle for every
interval that our reasons explain, the strongest five picked by their size, beside the numbers of pyfunc. It groups
nothing and writes no words; ours does both.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.feature_building import build
from features.history import History
from features.processors import processors
from training.bundle import Bundle
from training.bundle_file import live_bundle, load_any
from training.curve.hazards import INTERVAL
from training.curve.learners import PeriodTrees
from training.pyfunc import values_of
from training.table_scoring.feature_columns import FeatureColumns
from training.table_scoring.reading import FeatureTable
from training.table_scoring.streaming import Asked, score_file
from training.win_curve import WinCurve

HORIZONS = [30.0, 60.0, 90.0]
ASKED = {"horizons": "30,60,90"}
CHUNKS = (5_000, 20_000, 50_000)
WEEKS = 60
STRONGEST = 5
Way = Callable[[Path, Path], int]


def tables(history: History, bundle: Bundle, sizes: list[int], folder: Path) -> dict[int, Path]:
    """Feature tables of so many rows: the company's own of many weeks, its numbers shifted a little each time."""
    own = folder / "own.parquet"
    build(history, "deal", [bundle.until - timedelta(days=7 * week) for week in reversed(range(WEEKS))], own)
    table, random = pq.read_table(own), np.random.default_rng(0)
    at = table.schema.get_field_index("as_of")
    found = {}
    for size in sizes:
        found[size] = folder / f"{size}.parquet"
        done = 0
        with pq.ParquetWriter(found[size], table.schema, compression="zstd") as writer:
            while done < size:
                part = table.slice(0, min(size - done, table.num_rows))
                part = part.set_column(at, "as_of", pa.array([bundle.until] * len(part), pa.timestamp("us")))
                writer.write_table(_shifted(part, random))
                done += part.num_rows
    return found


def _shifted(table: pa.Table, random: np.random.Generator) -> pa.Table:
    for place, field in enumerate(table.schema):
        if pa.types.is_floating(field.type):
            column = table.column(place).to_numpy()
            moved = np.where(column == np.rint(column), column, column * (1 + 0.01 * random.normal(size=len(column))))
            table = table.set_column(place, field, pa.array(moved, pa.float64(), mask=np.isnan(moved)))
    return table


def ours(bundle: Bundle, jobs: int, most: int = 0) -> Way:
    def way(source: Path, out: Path) -> int:
        table = FeatureTable.open(source, "deal", bundle.features, ("win", bundle.version))
        return score_file(table, bundle, None, Asked(HORIZONS, most), out, jobs)[0]

    return way


def frames(source: Path, chunk: int, names: list[str]) -> Iterator[tuple[pa.Array, Any]]:
    with pq.ParquetFile(source) as file:
        for batch in file.iter_batches(chunk, columns=["deal_id", *names]):
            yield batch.column(0), batch.select(names).to_pandas()


def by_frame(names: list[str], chunk: int, answer: Callable[[Any], dict[str, Any]]) -> Way:
    """A way that answers chunks as pandas tables."""

    def way(source: Path, out: Path) -> int:
        writer, rows = None, 0
        for ids, x in frames(source, chunk, names):
            told = pa.table({"deal_id": ids, **{name: pa.array(each) for name, each in answer(x).items()}})
            writer = writer or pq.ParquetWriter(out, told.schema)
            writer.write_table(told)
            rows += len(told)
        if writer is not None:
            writer.close()
        return rows

    return way


def library(bundle: Bundle) -> Callable[[Any], dict[str, Any]]:
    curve = _curve(bundle)

    def answer(x: Any) -> dict[str, Any]:
        said = curve.predict(x, [*HORIZONS, math.inf])
        return {f"p{at}": said[:, at] for at in range(said.shape[1])}

    return answer


def one_by_one(bundle: Bundle) -> Callable[[Any], dict[str, Any]]:
    curve = _curve(bundle)

    def answer(x: Any) -> dict[str, Any]:
        columns = FeatureColumns(values_of(x))
        said = [curve.score(columns.row(at), [*HORIZONS, math.inf]) for at in range(len(x))]
        return {f"p{at}": [row[at] for row in said] for at in range(len(HORIZONS) + 1)}

    return answer


def contributions(bundle: Bundle, model: Any, threads: int) -> Callable[[Any], dict[str, Any]]:
    """LightGBM's own effects of each tree model in each interval, and the numbers of pyfunc."""
    import lightgbm

    curve = _curve(bundle)
    learners = [
        (each, head.intervals)
        for head in (curve.pace, curve.outcome)
        if head is not None
        for each in head.learners
        if isinstance(each, PeriodTrees)
    ]
    boosters = [lightgbm.Booster(model_str=each.trees.text) for each, _ in learners]

    def answer(x: Any) -> dict[str, Any]:
        told = {name: column.to_numpy() for name, column in model.predict(x, params=ASKED).items()}
        total = np.zeros(0)
        for (learner, intervals), booster in zip(learners, boosters, strict=True):
            matrix, place = learner._matrix(x.assign(**{INTERVAL: 0.0})), learner.columns.index(INTERVAL)
            for number in range(intervals):
                matrix[:, place] = number
                found = np.asarray(booster.predict(matrix, pred_contrib=True, num_threads=threads))
                total = found[:, :-1] + (total if len(total) else 0.0)
        strongest = np.argpartition(-np.abs(total), STRONGEST, axis=1)[:, :STRONGEST]
        return told | {f"reason{at}": strongest[:, at] for at in range(STRONGEST)}

    return answer


def _curve(bundle: Bundle) -> Any:
    assert isinstance(bundle.estimate, WinCurve), "the live win model is no curve: train on more deals"
    return bundle.estimate.curve


def rates(way: Way, source: Path, out: Path) -> tuple[float, float]:
    """Rows a second, and rows a second of a processor."""
    start, begun = time.perf_counter(), time.process_time()
    rows = way(source, out)
    return rows / (time.perf_counter() - start), rows / (time.process_time() - begun)


def peak_memory_mb(home: Path, source: Path, out: Path, reasons: int) -> float:
    """Of the command in a process of its own, with its start."""
    # Linux tells the peak of this program alone; the usage of resources would count that of the one it was begun by.
    code = (
        "import resource, sys; from pathlib import Path; from serving.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "status = Path('/proc/self/status')\n"
        "told = [line.split()[1] for line in status.read_text().splitlines() if line.startswith('VmHWM')] "
        "if status.exists() else [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]\n"
        "print(told[0])"
    )
    words = ["foresell", "--home", home, "score", source, "--model", "win", "--out", out, "--reasons", reasons]
    code = f"import sys; sys.argv = {list(map(str, words))!r}\n{code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", type=int, nargs="*", default=[])
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    history, live = History.existing(asked.home), live_bundle(asked.home, "win")
    assert live is not None, "no win model has been promoted in this home"
    bundle = load_any(live)
    assert isinstance(bundle, Bundle)
    mlflow.set_tracking_uri(f"sqlite:///{(asked.home / 'mlflow.db').resolve()}")
    model = mlflow.pyfunc.load_model(f"models:/win/{bundle.version}")
    names, jobs = [feature.name for feature in bundle.features], processors()

    def pyfunc(x: Any) -> dict[str, Any]:
        return {name: column.to_numpy() for name, column in model.predict(x, params=ASKED).items()}

    with tempfile.TemporaryDirectory(prefix="batch-") as scratch:
        folder = Path(scratch)
        sizes = {"all": asked.rows, "some": asked.rows // 2, "tenth": asked.rows // 10, "few": asked.rows // 50}
        made = tables(history, bundle, sorted({*sizes.values(), max(asked.rows // 200, 100), *asked.memory}), folder)
        out = folder / "out.parquet"
        chunk = max(CHUNKS, key=lambda size: rates(by_frame(names, size, pyfunc), made[sizes["some"]], out)[1])
        ways: dict[str, tuple[Way, int]] = {
            "ours": (ours(bundle, jobs), sizes["all"]),
            "ours_one": (ours(bundle, 1), sizes["all"]),
            "pyfunc": (by_frame(names, chunk, pyfunc), sizes["some"]),
            "library": (by_frame(names, chunk, library(bundle)), sizes["tenth"]),
            "rows": (by_frame(names, chunk, one_by_one(bundle)), sizes["few"]),
            "ours_reasons": (ours(bundle, jobs, STRONGEST), sizes["tenth"]),
            "contrib": (
                by_frame(names, chunk, contributions(bundle, model, jobs)),
                max(asked.rows // 200, 100),
            ),
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(asked.rounds):
            for name, (way, size) in ways.items():
                found[name].append(rates(way, made[size], out))
        memory = {
            f"{reasons}_reasons_{size}": round(peak_memory_mb(asked.home, made[size], out, reasons))
            for reasons in (0, STRONGEST)
            for size in asked.memory
        }
    figures = {name: [float(each) for each in np.median(np.array(turns), axis=0)] for name, turns in found.items()}
    ratios = {
        f"{one}_to_{other}": [float(each) for each in np.median(np.array(found[one]) / np.array(found[other]), axis=0)]
        for one, others in (("ours", ("pyfunc", "library", "rows")), ("ours_reasons", ("contrib",)))
        for other in others
    }
    print(f"{jobs} processors, {len(names)} features, chunks of {chunk:,} for pyfunc, {asked.rounds} rounds")
    print(f"{'':<26}{'by the clock':>14}{'of a processor':>16}")
    for name, (clock, processor) in figures.items():
        print(f"{name:<26}{clock:>14,.0f}{processor:>16,.0f}  rows a second")
    for name, (clock, processor) in ratios.items():
        print(f"{name:<26}{clock:>14.1f}{processor:>16.1f}  times")
    for name, each in memory.items():
        print(f"peak, {name:<20}{each:>14,} MB")
    if asked.json:
        told = {"jobs": jobs, "chunk": chunk, "rows_a_second": figures, "ratios": ratios, "peak_mb": memory}
        print(json.dumps(told))


if __name__ == "__main__":
    main()
