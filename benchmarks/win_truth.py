"""How near do the win probabilities come to the true ones, where the truth is known?

`python benchmarks/win_truth.py [--deals N] [--seed N] [--json]`. Invents a company (`simulation/`), imports what its
systems would export, learns from what was on record at a cut and judges later moments, at ages of 0, 7, 30 and 90 days,
beside the true probabilities. The truth knows what no record tells: moods, and what pace and quality the deal, its
seller and its customer have. So three references stand between:

* `truth`: the exact probabilities, given all that is hidden;
* `stage and mood`: the same learners on the features and, as a column more, the hidden mood of the moment: what knowing
  the mood would be worth;
* `deals x K`: the same learners on K times as many deals: what more data would be worth.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from features.as_of import Moments  # noqa: E402
from features.definition import Feature  # noqa: E402
from features.history import History  # noqa: E402
from features.importing import import_folder  # noqa: E402
from features.open_deals import open_then  # noqa: E402
from simulation.company import CompanySettings  # noqa: E402
from simulation.truth import write_truth  # noqa: E402
from simulation.writing import write_company  # noqa: E402
from training.dataset import Dataset, dataset_at  # noqa: E402
from training.judged_rows import Floats  # noqa: E402
from training.recipe import known_dataset, learnable  # noqa: E402
from training.rivals.base_rate import BaseRate  # noqa: E402
from training.rivals.logistic import Logistic  # noqa: E402
from training.scorecard import compare, judge  # noqa: E402
from training.win_curve import WinCurve  # noqa: E402

AGES = (0, 7, 30, 90)
JUDGED_DAYS = 230
"""The last days of the history, whose moments are judged."""
MOOD = "hidden_mood"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deals", type=int, default=4000)
    parser.add_argument("--times", type=int, default=4, help="how many times as many deals the last reference sees")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    settings = CompanySettings(deals=options.deals)
    if options.seed is not None:
        settings = replace(settings, seed=options.seed)
    said, truth, deals = one_company(settings, mood=True)
    if options.times > 1:
        more, other, _ = one_company(replace(settings, deals=options.deals * options.times), mood=False)
        won, p = other["won"].to_numpy().astype(float), other["p_win"].to_numpy()
        ratio = judge(won, more["ours"]).log_loss / judge(won, p).log_loss
        print(f"with {options.times} times the deals ours is {ratio:.3f} times the truth's own log loss")
    figures = report(said, truth, deals)
    if options.times > 1:
        figures["ratio_with_more_deals"] = ratio
    if options.json:
        print(json.dumps(figures))


def one_company(settings: CompanySettings, *, mood: bool) -> tuple[dict[str, Floats], pa.Table, NDArray[np.object_]]:
    """What each estimate said of the judged moments, the truth of these, and their deals."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        write_company(settings, at / "files")
        end = datetime.combine(settings.end, datetime.min.time())
        import_folder(at / "files", at / "home", at / "files" / "mapping.yaml", end)
        history, cut = History.existing(at / "home"), end - timedelta(days=JUDGED_DAYS)
        truth = pq.read_table(write_truth(settings, at / "truth", horizons=(), ages=AGES))
        features, _, _ = learnable(history, cut)
        past = known_dataset(history, features, cut)
        later = truth.filter(pc.greater_equal(truth["as_of"], cut))
        later = later.filter(open_then(history, moments_of(later)))
        asked = dataset_at(history, features, moments_of(later), later["age_days"].to_numpy().astype(float), end)
        said = {
            "base_rate": BaseRate().fit(past).predict(asked.x),
            "logistic": Logistic().fit(past).predict(asked.x),
            "ours": WinCurve().fit(past).predict(asked.x),
        }
        if mood:
            said["ours and the mood"] = with_mood(history, features, truth, cut, later, asked)
    return said, later, np.array(later["deal_id"].to_pylist(), object)


def with_mood(
    history: History,
    features: tuple[Feature, ...],
    truth: pa.Table,
    cut: datetime,
    later: pa.Table,
    asked: Dataset,
) -> Floats:
    """Ours, fitted and asked with the hidden mood as a column more, on moments of the same ages."""
    earlier = truth.filter(pc.less(truth["as_of"], cut))
    earlier = earlier.filter(open_then(history, moments_of(earlier)))
    past = dataset_at(history, features, moments_of(earlier), earlier["age_days"].to_numpy().astype(float), cut)
    told = replace(past, x=past.x.assign(**{MOOD: earlier["mood"].to_numpy().astype(float)}))
    x: pd.DataFrame = asked.x.assign(**{MOOD: later["mood"].to_numpy().astype(float)})
    return WinCurve().fit(told).predict(x)


def moments_of(truth: pa.Table) -> Moments:
    """The moments that the truth was asked about."""
    at = truth["as_of"].to_numpy().astype("datetime64[us]").astype(np.int64)
    return Moments(np.array(truth["deal_id"].to_pylist(), object), at)


def report(said: dict[str, Floats], truth: pa.Table, deals: NDArray[np.object_]) -> dict[str, object]:
    """A table; returns its figures."""
    won, p = truth["won"].to_numpy().astype(float), truth["p_win"].to_numpy()
    best = judge(won, p, None, deals).log_loss
    print(f"{len(won):,} later moments of {len(set(deals.tolist())):,} deals, {won.mean():.1%} of them won")
    print(f"{'estimate':<20}{'log loss':>9}{'x truth':>9}{'AUC':>7}{'slope':>7}   mean distance from the truth")
    figures: dict[str, object] = {}
    for name, each in {"truth": p, **said}.items():
        card = judge(won, each, None, deals)
        distance = float(np.abs(each - p).mean())
        slope = "      -" if card.calibration_slope is None else f"{card.calibration_slope:7.2f}"
        shown = f"{card.log_loss:>9.4f}{card.log_loss / best:>9.3f}{card.auc or 0.5:>7.3f}"
        print(f"{name:<20}{shown}{slope}   {distance:.3f}")
        figures[name] = {
            "log_loss": card.log_loss,
            "ratio": card.log_loss / best,
            "auc": card.auc,
            "distance": distance,
        }
    found = compare(won, said["ours"], said["logistic"], None, deals)
    print(f"ours less logistic: {found.difference:+.4f} [{found.low:+.4f}, {found.high:+.4f}] {found.verdict}")
    return figures


if __name__ == "__main__":
    main()
