"""How long does training take at size, and in how much memory?

`python benchmarks/training.py [--moments N] [--features K] [--json]`. Invents a data set of that size: deals looked at
six times each, numbers and texts, a signal in some of them. Judges every estimate on rolling folds and fits ours on all
of it, as `foresell train win` does once the features are there. `--home HOME --until DAY` trains on a history instead,
features included, such as one that `benchmarks/features.py --repeat 0 --home HOME` made. Learners run on one thread, as
they usually do.
"""

import argparse
import json
import resource
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from features.as_of import DAY  # noqa: E402
from features.history import History  # noqa: E402
from features.kernel import MISSING  # noqa: E402
from training.dataset import Dataset  # noqa: E402
from training.recipe import train_win  # noqa: E402
from training.small_data import choose  # noqa: E402
from training.trial import run_trial  # noqa: E402
from training.win_curve import WinCurve  # noqa: E402

LOOKS = (0.0, 3.0, 7.0, 14.0, 21.0, 30.0, 45.0, 60.0, 90.0, 120.0)
MEAN_DAYS = 63.0
LOOKS_FOUND_OPEN = 6.2
"""Of the looks at a deal, so many find it open."""
DAYS = 900.0
START = int(np.datetime64("2022-01-01", "us").astype(np.int64))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=3_000_000)
    parser.add_argument("--features", type=int, default=100)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--home", type=Path, help="train on this history instead")
    parser.add_argument("--until", type=datetime.fromisoformat, help="as of this moment (UTC), with --home")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    started, cpu = time.perf_counter(), time.process_time()

    def progress(says: str) -> None:
        print(f"{time.perf_counter() - started:7.1f} s  {peak_mb():7,.0f} MB  {says}", flush=True)

    if options.home:
        candidate = train_win(History.existing(options.home), options.until, options.folds, progress)
        moments, says = len(candidate.sample), candidate.choice.says
    else:
        dataset = invented(options.moments, options.features, options.seed)
        moments = len(dataset)
        started, cpu = time.perf_counter(), time.process_time()
        progress(f"{moments:,} moments of {len(set(dataset.subject.tolist())):,} deals, {dataset.x.shape[1]} features")
        trial = run_trial(dataset, options.folds, progress)
        cards = trial.scorecards()
        says = choose(trial, cards, dataset.closed_deals).says
        progress("fitting")
        WinCurve().fit(dataset)
    figures = {
        "moments": moments,
        "wall_s": time.perf_counter() - started,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": peak_mb(),
    }
    progress(says)
    print(" ".join(f"{name} {value:,.1f}" for name, value in figures.items()))
    if options.json:
        print(json.dumps(figures))


def invented(moments: int, features: int, seed: int) -> Dataset:
    """Deals open for two months on average, looked at at some ages; a tenth of the features say something."""
    random = np.random.default_rng(seed)
    deals = round(moments / LOOKS_FOUND_OPEN)
    start = np.sort(random.uniform(0, DAYS, deals))
    sign = random.normal(size=(deals, 3))
    chance = 1 / (1 + np.exp(-(sign @ np.array([1.0, 0.7, 0.5]) - 0.8)))
    won = random.random(deals) < chance
    length = random.exponential(MEAN_DAYS, deals) * np.where(won, 1.3, 1.0)
    deal, age = np.repeat(np.arange(deals), len(LOOKS)), np.tile(np.array(LOOKS), deals)
    seen = (length[deal] > age) & (start[deal] + age < DAYS)
    deal, age = deal[seen], age[seen]
    columns: dict[str, pd.Series] = {"deal_age_days": pd.Series(age)}
    for number in range(features - 6):
        noise = random.normal(size=len(deal))
        told = sign[deal, number % 3] if number < features // 10 else 0.0
        columns[f"number_{number}"] = pd.Series(told + noise)
    stages = np.array(["New", "Talks", "Offer", "Signing"], object)
    columns["deal_stage"] = pd.Series(stages[np.minimum(np.searchsorted((3, 14, 30), age, side="right"), 3)])
    for number, levels in enumerate((5, 12, 40, 8)):
        names = np.array([f"level {level}" for level in range(levels)], object)
        columns[f"text_{number}"] = pd.Series(names[random.integers(0, levels, deals)[deal]])
    at = START + np.round((start[deal] + age) * DAY).astype(np.int64)
    closed = START + np.round((start + length) * DAY).astype(np.int64)[deal]
    end = START + round(DAYS * DAY)
    names = np.array([f"d{number:07d}" for number in range(deals)], object)
    everything = Dataset(
        x=pd.DataFrame(index=range(len(deal))),
        outcome=won[deal].astype(float),
        decided_after=(closed - at) / DAY,
        followed_for=(end - at) / DAY,
        weight=np.zeros(len(deal)),
        subject=names[deal],
        as_of=at.astype("datetime64[us]"),
        age=age,
        closed_known=np.where(closed < end, closed, MISSING),
        seen_until=end,
    )
    # The large table joins last: nothing copies it.
    return replace(everything.between(START, end, end), x=pd.DataFrame(columns, copy=False))


def peak_mb() -> float:
    """The most memory this process has had at a time, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
