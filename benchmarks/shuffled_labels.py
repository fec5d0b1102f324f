"""With outcomes dealt out at random, does every estimate order no better than chance, and is the base rate served?

`python benchmarks/shuffled_labels.py [--sets bpi,ibm,maven,retail,telco] [--seeds N] [--folds N] [--json]`.
Outcomes are permuted over closed deals in the tables themselves, before they are imported: each deal keeps its
attributes, its events and the day it closed, and features that hold outcomes (win rates of a seller) hold the dealt
ones. So a feature that knew of a deal's own outcome would still give itself away. Whatever finds an order looks where
it must not. Reported are each estimate's AUC over all shuffles with a 95 % interval over deals (from the errors of the
placements; DeLong and others 1988), and what the ladder would serve. Of customers without a contract, orders are both
features and outcome: their futures are mixed after the features were computed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from features.history import History  # noqa: E402
from features.importing import import_folder  # noqa: E402
from features.span import last_recorded  # noqa: E402
from training.churn.dataset import churn_data  # noqa: E402
from training.churn.recipe import judge_base  # noqa: E402
from training.dataset import Dataset  # noqa: E402
from training.horizon_scores import Asked  # noqa: E402
from training.judged_rows import Floats  # noqa: E402
from training.recipe import known_dataset, learnable  # noqa: E402
from training.small_data import choose  # noqa: E402
from training.trial import run_trial  # noqa: E402

FAR = datetime(2100, 1, 1)
MAPPINGS = {
    "bpi": "bpic2012",
    "ibm": "ibm_win_loss",
    "maven": "maven_crm",
    "retail": "online_retail_ii",
    "telco": "telco_churn",
}
CHURN = ("retail", "telco")
COLUMNS = {
    "ibm": ("sales_win_loss.csv", "Opportunity Result", ("Won", "Loss")),
    "maven": ("sales_pipeline.csv", "deal_stage", ("Won", "Lost")),
}
"""Where a set tells how a deal ended."""
MOST_DEALS = 6000
"""Larger sets are thinned to so many deals: chance needs no more."""


@dataclass(frozen=True)
class Judged:
    """One shuffle: what would be served, of how many, and what each estimate said of later rows."""

    served: str
    subjects: int
    asked: Asked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--sets", default=",".join(MAPPINGS))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--folds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = {}
    for name in options.sets.split(","):
        figures[name] = told(name, options.data, options.seeds, options.folds)
    if options.json:
        print(json.dumps(figures))


def dealt(name: str, data: Path, folder: Path, random: np.random.Generator) -> Dataset:
    """The win data set of a public set whose outcomes were dealt out at random."""
    source = folder / "in"
    source.mkdir()
    if name == "bpi":
        converter = ROOT / "examples" / "bpic2012_to_tables.py"
        command = [sys.executable, converter, data / MAPPINGS[name], source]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        deal_bpi(source, random)
    else:
        file, column, words = COLUMNS[name]
        for path in (data / MAPPINGS[name]).glob("*.csv"):
            table = pd.read_csv(path, dtype=str, keep_default_na=False)
            if path.name == file:
                closed = table[column].isin(words)
                table.loc[closed, column] = random.permutation(table.loc[closed, column].to_numpy(object))
            table.to_csv(source / path.name, index=False)
    import_folder(source, folder / "home", ROOT / "examples" / f"{MAPPINGS[name]}.yaml", FAR)
    history = History.existing(folder / "home")
    until = (last_recorded(history, FAR) or FAR) + timedelta(microseconds=1)
    features, _, _ = learnable(history, until)
    dataset = known_dataset(history, features, until)
    subjects = np.unique(dataset.subject.astype(str))
    if len(subjects) <= MOST_DEALS:
        return dataset
    kept = np.random.default_rng(0).choice(subjects, MOST_DEALS, replace=False)
    return dataset.rows(np.isin(dataset.subject.astype(str), kept))


def deal_bpi(folder: Path, random: np.random.Generator) -> None:
    """Permute how the cases ended, in both tables that tell it."""
    deals = pd.read_parquet(folder / "deals.parquet")
    closed = deals["status"] != "open"
    deals.loc[closed, "status"] = random.permutation(deals.loc[closed, "status"].to_numpy(object))
    deals.to_parquet(folder / "deals.parquet", index=False)
    changes = pd.read_parquet(folder / "deal_changes.parquet")
    ends = changes["field"] == "status"
    changes.loc[ends, "new_value"] = changes.loc[ends, "deal_id"].map(deals.set_index("deal_id")["status"])
    changes.to_parquet(folder / "deal_changes.parquet", index=False)


def win_trial(name: str, data: Path, seed: int, folds: int) -> Judged:
    """What each estimate said of deals whose outcomes were dealt out, and what would be served."""
    with tempfile.TemporaryDirectory() as folder:
        dataset = dealt(name, data, Path(folder), np.random.default_rng(seed))
    trial = run_trial(dataset, folds, horizons=())
    choice = choose(trial, trial.scorecards(), dataset.closed_deals)
    asked = Asked(np.inf, trial.outcome, trial.weight, trial.subject, {name: trial.said(name) for name in trial.names})
    return Judged(choice.name, dataset.closed_deals, asked)


def churn_trial(name: str, data: Path, seed: int, folds: int) -> Judged:
    """The same of customers, their futures mixed after the features were computed: orders are features and outcome."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        import_folder(data / MAPPINGS[name], home, ROOT / "examples" / f"{MAPPINGS[name]}.yaml", FAR)
        history = History.existing(home)
        until = (last_recorded(history, FAR) or FAR) + timedelta(microseconds=1)
        mixed = churn_data(history, until).shuffled(seed)
    base = max(mixed.bases, key=len)
    found = judge_base(base, mixed, folds)
    return Judged(found.choice.name, len(set(base.subject.tolist())), found.trial.asked(plain=True)[-1])


def told(name: str, data: Path, seeds: int, folds: int) -> dict[str, object]:
    """Print a line per estimate; return the figures."""
    one_trial = churn_trial if name in CHURN else win_trial
    found = [one_trial(name, data, seed, folds) for seed in range(seeds)]
    served = Counter(one.served for one in found)
    whom = "customers" if name in CHURN else "closed deals"
    print(f"\n{name}: {found[-1].subjects:,} {whom}, {seeds} shuffles; served: {dict(served)}")
    figures: dict[str, object] = {"served": dict(served)}
    for estimate in [each for each in found[0].asked.said if all(each in one.asked.said for one in found)]:
        values = [
            auc_with_error(one.asked.outcome, one.asked.said[estimate], one.asked.weight, np.asarray(one.asked.subject))
            for one in found
        ]
        mean = float(np.mean([auc for auc, _ in values]))
        error = float(np.sqrt(np.mean([error**2 for _, error in values]) / len(values)))
        low, high = mean - 1.96 * error, mean + 1.96 * error
        verdict = "within noise" if low <= 0.5 <= high else "NOT within noise"
        print(f"    {estimate:<18} AUC {mean:.3f} [{low:.3f}, {high:.3f}] {verdict}", flush=True)
        figures[estimate] = {"auc": mean, "low": low, "high": high}
    return figures


def auc_with_error(outcome: Floats, p: Floats, weight: Floats, subject: np.ndarray) -> tuple[float, float]:  # type: ignore[type-arg]
    """The weighted AUC and its standard error over subjects (placements, DeLong and others 1988, by cluster)."""
    known = np.isfinite(outcome) & (weight > 0)
    y, p, weight = outcome[known], p[known], weight[known]
    _, number = np.unique(subject[known].astype(str), return_inverse=True)
    placement = np.empty(len(y))
    sums = {}
    for value in (0.0, 1.0):
        there, other = y == value, y != value
        order = np.argsort(p[other])
        ladder, mass = p[other][order], np.append(0, np.cumsum(weight[other][order]))
        below = mass[np.searchsorted(ladder, p[there], side="left")]
        upto = mass[np.searchsorted(ladder, p[there], side="right")]
        beaten = (below + upto) / 2 / mass[-1]
        placement[there] = beaten if value else 1 - beaten
        sums[value] = float(weight[there].sum())
    auc = float(np.average(placement[y == 1], weights=weight[y == 1]))
    pull = weight * (placement - auc) / np.where(y == 1, sums[1.0], sums[0.0])
    return auc, float(np.sqrt((np.bincount(number, pull) ** 2).sum()))


if __name__ == "__main__":
    main()
