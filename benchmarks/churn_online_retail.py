"""How good is the churn model on Online Retail II, beside its rivals, by backtest and by the commands?

`python benchmarks/churn_online_retail.py [--data FOLDER] [--folds N] [--json]`. Imports the set with
`examples/online_retail_ii.yaml`. First every estimate is judged on rolling origins within 30, 60 and 90 days, as
`foresell backtest churn` does. Then `foresell train churn --until DAY` and `foresell predict churn --as-of DAY` are
run at the last days that were watched for 90 days, and their 90-day chances are held against rivals fitted on the
same past. Differences are paired bootstraps over customers.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from features.as_of import DAY, Moments, micros  # noqa: E402
from features.history import History  # noqa: E402
from features.importing import import_folder  # noqa: E402
from features.span import last_recorded  # noqa: E402
from training.churn.backtest import backtested  # noqa: E402
from training.churn.dataset import churn_data  # noqa: E402
from training.churn.events import purchases  # noqa: E402
from training.churn.plain_estimates import OF_ORDERS  # noqa: E402
from training.judged_rows import Floats  # noqa: E402
from training.paired import Paired, compare_mean  # noqa: E402
from training.scorecard import judge  # noqa: E402

FAR = datetime(2100, 1, 1)
HORIZON = 90
ORIGINS = 2
"""Days at which the commands are run, 45 days apart, the last of them watched for 90 days."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "online_retail_ii")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home, now = Path(folder), datetime.now(UTC).replace(tzinfo=None)
        import_folder(options.data, home, ROOT / "examples" / "online_retail_ii.yaml", now)
        history = History.existing(home)
        last = last_recorded(history, FAR)
        assert last is not None
        found = backtested(churn_data(history, last + timedelta(microseconds=1)), options.folds)
        print("\n".join(found.lines()))
        latest = (last - timedelta(days=HORIZON)).replace(hour=0, minute=0, second=0, microsecond=0)
        origins = [latest - timedelta(days=45 * back) for back in range(ORIGINS - 1, -1, -1)]
        figures = by_command(home, history, origins)
    if options.json:
        print(json.dumps({"backtest": json.loads(found.to_json())["scorecards"], "commands": figures}))


def by_command(home: Path, history: History, origins: list[datetime]) -> dict[str, dict[str, float | None]]:
    """Train and predict by command at each origin; a table of all origins together beside rivals."""
    said: dict[str, list[Floats]] = {}
    outcome: list[Floats] = []
    customers: list[object] = []
    for origin in origins:
        day, out = f"{origin:%Y-%m-%d}", home / f"{origin:%Y%m%d}.parquet"
        run(home, "train", "churn", "--until", f"{day}T00:00:00Z")
        run(
            home, "predict", "churn", "--as-of", f"{day}T00:00:00Z", "--horizons", f"30,60,{HORIZON}", "--out", str(out)
        )
        rows = pq.read_table(out)
        ids = np.array(rows["customer_id"].to_pylist(), object)
        said.setdefault("foresell", []).append(rows[f"p_churn_by_{HORIZON}d"].to_numpy())
        outcome.append(silent(history, ids, origin))
        customers += ids.tolist()
        for name, p in rivals(history, ids, origin).items():
            said.setdefault(name, []).append(p)
    y, subject = np.concatenate(outcome), np.array(customers, object)
    print(f"\nby command, {HORIZON} days, {len(y):,} moments at {', '.join(f'{o:%Y-%m-%d}' for o in origins)}")
    print(f"{'estimate':<16}{'log loss':>9}{'Brier':>8}{'AUC':>7}{'said':>7}{'came':>7}   foresell less this one, 95 %")
    figures: dict[str, dict[str, float | None]] = {}
    ours = np.concatenate(said["foresell"])
    for name, parts in said.items():
        p = np.concatenate(parts)
        card = judge(y, p, None, subject)
        found = compare_mean([Paired(y, ours, p, None, subject)], [1.0])
        figures[name] = {
            "log_loss": card.log_loss,
            "brier": card.brier,
            "auc": card.auc,
            "said": card.mean_probability,
            "came": card.rate,
            "foresell_less": found.difference,
            "foresell_less_low": found.low,
            "foresell_less_high": found.high,
        }
    for name, f in sorted(figures.items(), key=lambda item: item[1]["log_loss"] or 0.0):
        print(
            f"{name:<16}{f['log_loss']:>9.4f}{f['brier']:>8.4f}{f['auc'] or 0.5:>7.3f}"
            f"{f['said']:>7.3f}{f['came']:>7.3f}   "
            f"{f['foresell_less']:+.4f} [{f['foresell_less_low']:+.4f}, {f['foresell_less_high']:+.4f}]"
        )
    return figures


def run(home: Path, *words: str) -> None:
    """A command of the first floor, on this home."""
    command = [sys.executable, "-m", "training", *words]
    environment = {**os.environ, "FORESELL_HOME": str(home), "PYTHONPATH": str(ROOT)}
    subprocess.run(command, check=True, env=environment, cwd=home, stdout=subprocess.DEVNULL)


def silent(history: History, ids: np.ndarray, origin: datetime) -> Floats:
    """Whether each customer ordered nothing in the 90 days after."""
    at, end = np.full(len(ids), micros(origin)), origin + timedelta(days=HORIZON)
    happened, _ = purchases(history, end).next_after(ids, at, micros(end))
    return np.asarray((happened < 0) | (happened - at > HORIZON * DAY), np.float64)


def rivals(history: History, ids: np.ndarray, origin: datetime) -> dict[str, Floats]:
    """What each rival says, learned from what was on record before the origin."""
    from features.table import build_table

    data = churn_data(history, origin)
    base = next(one for one in data.bases if one.kind == "orders")
    moments = Moments(ids, np.full(len(ids), micros(origin)))
    x = build_table(data.features, moments, history).to_pandas()[list(base.x.columns)]
    for name in x.columns:
        if x[name].dtype.kind != "f":
            x[name] = x[name].astype(object).where(x[name].notna(), None)
    said = {}
    for name, make in OF_ORDERS.items():
        fitted = make().fit(base.known(micros(origin)), base.market, (float(HORIZON),))
        said[name] = 1 - fitted.predict(x, moments.at.astype(float), (float(HORIZON),))[:, 0]
    return said


if __name__ == "__main__":
    main()
