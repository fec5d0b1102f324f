"""With 30 to 500 closed deals, is what we serve ever worse than the base rate or the table by stage?

`python benchmarks/small_data.py [--sets bpi,ibm] [--sizes 30,60,120,250,500] [--draws 1.0] [--seed N] [--json]`.
A draw is a small company: deals of a public set chosen at random, so that it keeps the rhythm, the drift and the
open deals of the real one (a stretch of neighbouring days would hold nothing but fast deals at these sizes). Its
tables are imported alone, so that no feature sees a deal of another company; the moment of training is when so many
of its deals had closed, and `train_win` chooses what is served, the ladder included. Judged are the company's own
later moments, asked whether they are won ever and within some horizons: every estimate learned from the same past.
Pooled over draws, differences in log loss are paired, and the interval comes from a bootstrap of whole draws and of
deals within them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from features.as_of import micros  # noqa: E402
from features.history import History  # noqa: E402
from features.importing import import_folder  # noqa: E402
from training.dataset import Dataset, build_dataset  # noqa: E402
from training.horizons import at_horizon  # noqa: E402
from training.judged_rows import Floats, losses  # noqa: E402
from training.moments import AGES  # noqa: E402
from training.pyfunc import score_table  # noqa: E402
from training.recipe import known_dataset, train_win  # noqa: E402
from training.rivals.base_rate import BaseRate  # noqa: E402
from training.rivals.rival import NothingDecided, RivalNotApplicable  # noqa: E402
from training.rivals.stage_table import StageTable  # noqa: E402

FAR = datetime(2100, 1, 1)
SIZES = (30, 60, 120, 250, 500)
DRAWS = {30: 24, 60: 16, 120: 12, 250: 8, 500: 6}
"""More draws where one says less; about as many deals are judged at each size."""
SETS = ("bpi", "ibm")
RIVALS = ("base_rate", "stage_table")
EVER = float("inf")
QUESTIONS = {"bpi": (7.0, 14.0, 30.0, EVER), "ibm": (14.0, 30.0, 60.0, EVER)}
"""Days within which a deal is won."""
RESAMPLES = 4000


@dataclass(frozen=True)
class Whole:
    """A public set as tables: the deals with `id`, `created` and `closed` (naive UTC), and where the others lie."""

    deals: pd.DataFrame
    files: Mapping[str, tuple[pd.DataFrame, str]]
    mapping: Path
    questions: tuple[float, ...]


@dataclass(frozen=True)
class Judged:
    """One draw: what was served, and by question the log loss of each estimate per judged moment, weights and deals."""

    served: str
    loss: Mapping[float, Mapping[str, Floats]]
    weight: Mapping[float, Floats]
    deal: Mapping[float, np.ndarray]  # type: ignore[type-arg]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--sizes", default=",".join(str(size) for size in SIZES))
    parser.add_argument("--draws", type=float, default=1.0, help="times the usual number of draws")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures: dict[str, object] = {}
    for name in options.sets.split(","):
        with tempfile.TemporaryDirectory() as folder:
            whole = read_bpi(options.data, Path(folder)) if name == "bpi" else read_ibm(options.data)
        print(f"\n{name}: served less the rival in log loss (below zero: ours is better), 95 %")
        for size in [int(text) for text in options.sizes.split(",")]:
            wanted = max(1, round(DRAWS.get(size, 6) * options.draws))
            seeds = np.random.SeedSequence([options.seed, size]).spawn(wanted)
            found = [one for seed in seeds for one in judged_draws(whole, size, np.random.default_rng(seed))]
            figures[f"{name} {size}"] = told(size, found)
    if options.json:
        print(json.dumps(figures))


def read_bpi(data: Path, folder: Path) -> Whole:
    """BPI 2012 as the converter of examples/ makes it."""
    converter = ROOT / "examples" / "bpic2012_to_tables.py"
    subprocess.run([sys.executable, converter, data / "bpic2012", folder], check=True, stdout=subprocess.DEVNULL)
    files = {name: pd.read_parquet(folder / f"{name}.parquet") for name in ("deals", "deal_changes", "activities")}
    deals = files["deals"]
    facts = pd.DataFrame(
        {
            "id": deals["deal_id"],
            "created": deals["created_at"].dt.tz_localize(None),
            "closed": deals["closed_at"].dt.tz_localize(None),
        }
    )
    tables = {f"{name}.parquet": (table, "deal_id") for name, table in files.items()}
    tables["stages.parquet"] = (pd.read_parquet(folder / "stages.parquet"), "")
    return Whole(facts, tables, ROOT / "examples" / "bpic2012.yaml", QUESTIONS["bpi"])


def read_ibm(data: Path) -> Whole:
    """IBM win/loss; times as its mapping makes them of the numbers. Repeated numbers are left out at once."""
    table = pd.read_csv(data / "ibm_win_loss" / "sales_win_loss.csv", keep_default_na=False, dtype=str)
    table = table.drop_duplicates("Opportunity Number")
    number = table["Opportunity Number"].astype(np.int64) - 1_641_984
    created = pd.Timestamp("2014-01-01") + pd.to_timedelta(number * 9386, unit="ms")
    days = table["Total Days Identified Through Closing"].astype(int)
    closed = created + pd.to_timedelta(np.maximum(1, 1440 * days), unit="min")
    facts = pd.DataFrame({"id": table["Opportunity Number"], "created": created, "closed": closed})
    return Whole(
        facts,
        {"sales_win_loss.csv": (table, "Opportunity Number")},
        ROOT / "examples" / "ibm_win_loss.yaml",
        QUESTIONS["ibm"],
    )


def judged_draws(whole: Whole, size: int, random: np.random.Generator) -> Iterator[Judged]:
    """One small company, if anything of it can be judged."""
    deals = whole.deals
    until = deals["created"].quantile(random.uniform(0.5, 0.75)).floor("us")
    closed = deals["closed"] < until
    share = size / closed.sum()
    # Exactly `size` closed by then; of the others as many as belong to a company of that size.
    chosen = pd.Index(random.choice(deals.index[closed], size, replace=False)).append(
        deals.index[~closed][random.random(int((~closed).sum())) < share]
    )
    ids = set(deals.loc[chosen, "id"])
    with tempfile.TemporaryDirectory() as folder:
        files, home = Path(folder) / "files", Path(folder) / "home"
        files.mkdir()
        for name, (table, key) in whole.files.items():
            part = table[table[key].isin(ids)] if key else table
            if name.endswith(".csv"):
                part.to_csv(files / name, index=False)
            else:
                part.to_parquet(files / name, index=False)
        import_folder(files, home, whole.mapping, FAR)
        history = History.existing(home)
        yield from judge_company(history, until.to_pydatetime(), whole.questions)


def judge_company(history: History, until: datetime, questions: Sequence[float]) -> Iterator[Judged]:
    """Train at `until` and judge what is served on the moments after it."""
    candidate = train_win(history, until)
    features = candidate.bundle.features
    past = known_dataset(history, features, until)
    later = build_dataset(history, features, until + timedelta(days=3650), AGES)
    later = later.between(micros(until), later.seen_until, later.seen_until)
    if not len(later.decided()):
        return
    finite = [days for days in questions if days < EVER]
    table = score_table(candidate.bundle, later.x, finite)
    loss, weight, deal = {}, {}, {}
    for days in questions:
        asked = at_horizon(later, days)
        known = np.isfinite(asked.outcome) & (asked.weight > 0)
        column = "win_probability" if days == EVER else f"p_win_by_{days:.15g}d"
        said = {"served": table[column].to_numpy()} | dict(rivals_on(at_horizon(past, days), later))
        loss[days] = {name: losses(asked.outcome[known], p[known]) for name, p in said.items()}
        weight[days], deal[days] = asked.weight[known], asked.subject[known]
    yield Judged(candidate.choice.name, loss, weight, deal)


def rivals_on(past: Dataset, later: Dataset) -> Iterator[tuple[str, Floats]]:
    """What the rivals, fitted on the same past, say of the later moments."""
    for rival in (BaseRate(), StageTable()):
        try:
            yield rival.name, rival.fit(past).predict(later.x)
        except (RivalNotApplicable, NothingDecided):
            continue


def told(size: int, found: Sequence[Judged]) -> dict[str, object]:
    """Print one line per question and rival; return the figures."""
    served = Counter(one.served for one in found)
    deals = sum(len(set(one.deal[EVER].tolist())) for one in found)
    shown = ", ".join(f"{name} {count}" for name, count in served.most_common())
    print(f"  {size} closed deals, {len(found)} draws, {deals:,} later deals; served: {shown}")
    figures: dict[str, object] = {"draws": len(found), "deals": deals, "served": dict(served)}
    for days in found[0].loss:
        question = "ever" if days == EVER else f"{days:g} d"
        for rival in RIVALS:
            there = [one for one in found if rival in one.loss[days]]
            if not there:
                continue
            difference, low, high = difference_of(there, days, rival)
            verdict = "WORSE" if low > 0 else "better" if high < 0 else "no different"
            ours, theirs = pooled(there, days, "served"), pooled(there, days, rival)
            print(
                f"    {question:<6}{rival:<12} {ours:.4f} against {theirs:.4f}: "
                f"{difference:+.4f} [{low:+.4f}, {high:+.4f}] {verdict}"
            )
            values = {"ours": ours, "rival": theirs, "difference": difference, "low": low, "high": high}
            figures[f"{question} {rival}"] = values
    worst = max(found, key=lambda one: gap(one, "base_rate"))
    print(f"    worst draw: {gap(worst, 'base_rate'):+.4f} against the base rate, {worst.served} served", flush=True)
    return figures


def pooled(found: Sequence[Judged], days: float, name: str) -> float:
    """Mean log loss over all draws' moments."""
    total = sum(float((one.weight[days] * one.loss[days][name]).sum()) for one in found)
    return total / sum(float(one.weight[days].sum()) for one in found)


def gap(one: Judged, rival: str) -> float:
    """Served less the rival within a draw, of "ever"."""
    return float(np.average(one.loss[EVER]["served"] - one.loss[EVER][rival], weights=one.weight[EVER]))


def difference_of(found: Sequence[Judged], days: float, rival: str) -> tuple[float, float, float]:
    """The pooled difference with a 95 % interval: draws are drawn again, and deals within them."""
    sums: list[tuple[Floats, Floats]] = []
    for one in found:
        _, deal = np.unique(one.deal[days].astype(str), return_inverse=True)
        gain = np.bincount(deal, one.weight[days] * (one.loss[days]["served"] - one.loss[days][rival]))
        sums.append((gain, np.bincount(deal, one.weight[days])))
    random = np.random.default_rng(0)
    drawn = np.empty((RESAMPLES, 2))
    for again in range(RESAMPLES):
        total = np.zeros(2)
        for which in random.integers(0, len(sums), len(sums)):
            gain, size = sums[which]
            picks = random.integers(0, len(gain), len(gain))
            total += gain[picks].sum(), size[picks].sum()
        drawn[again] = total
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], (0.025, 0.975))
    point = sum(gain.sum() for gain, _ in sums) / sum(size.sum() for _, size in sums)
    return float(point), float(low), float(high)


if __name__ == "__main__":
    main()
