"""How good is the win model through a case's life in BPI 2012, beside its rivals?

`python benchmarks/win_bpi.py [--data FOLDER] [--folds N] [--json]`. Turns the event log into tables, imports them, and
judges every estimate on rolling folds: snapshots at days 0, 1, 3, 7, 14, 21 and 30 of cases still undecided, learning
only from what was on record at each cut. Cases open at a cut stay in: decided cases like them stand for them.
A quarter of the cases are declined by rule within a minute of their application; they are told apart.
Asked are "won ever" and "won within 7, 14 and 30 days": every rival is fitted for each of these questions anew.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from features.history import History  # noqa: E402
from features.importing import import_folder  # noqa: E402
from features.span import last_recorded  # noqa: E402
from training.dataset import build_dataset  # noqa: E402
from training.horizon_scores import judge_horizons  # noqa: E402
from training.recipe import learnable  # noqa: E402
from training.scorecard import compare, judge  # noqa: E402
from training.trial import Trial, run_trial  # noqa: E402
from training.trial_questions import asked_of  # noqa: E402

HORIZONS = (7.0, 14.0, 30.0)
AGES = (0.0, 1.0, 3.0, 7.0, 14.0, 21.0, 30.0)
MINUTE = 1 / 1440
"""Days within which a case declined by rule is decided."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "bpic2012")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tables, home = Path(folder) / "tables", Path(folder) / "home"
        converter = ROOT / "examples" / "bpic2012_to_tables.py"
        subprocess.run([sys.executable, converter, options.data, tables], check=True, stdout=subprocess.DEVNULL)
        now = datetime.now(UTC).replace(tzinfo=None)
        import_folder(tables, home, ROOT / "examples" / "bpic2012.yaml", now)
        history = History.existing(home)
        last = last_recorded(history, now)
        assert last is not None
        until = last + timedelta(microseconds=1)
        features, _, _ = learnable(history, until)
        trial = run_trial(build_dataset(history, features, until, AGES), options.folds, horizons=HORIZONS)
    figures: dict[str, object] = dict(report(trial))
    scores = judge_horizons(asked_of(trial), "blend")
    print("\nwon within so many days; the mean counts each horizon for its part of the time between the first and last")
    print("\n".join(scores.lines()))
    if options.json:
        print(json.dumps(figures | {"by_horizon": scores.to_dict()}))


def report(trial: Trial) -> dict[str, dict[str, float | None]]:
    """Tables over all folds: all cases, those not declined by rule, and by age."""
    age = np.concatenate([fold.judged.age for fold in trial.folds])
    after = np.concatenate([fold.judged.decided_after for fold in trial.folds])
    by_rule = (age == 0) & (after <= MINUTE) & (trial.outcome == 0)
    figures = table("all snapshots", trial, np.ones(len(age), bool))
    table(f"without the {by_rule.sum():,} cases declined by rule within a minute", trial, ~by_rule)
    for each in AGES:
        if (age == each).any():
            table(f"day {each:g}", trial, age == each)
    return figures


def table(title: str, trial: Trial, rows: np.ndarray) -> dict[str, dict[str, float | None]]:  # type: ignore[type-arg]
    """One table over some rows; returns its figures."""
    rows = rows & (trial.weight > 0)
    won, weight, deal = trial.outcome[rows], trial.weight[rows], trial.subject[rows]
    print(f"\n{title}: {rows.sum():,} snapshots of {len(set(deal.tolist())):,} cases")
    print(f"{'estimate':<14}{'log loss':>9}{'Brier':>8}{'AUC':>7}{'slope':>7}   blend less this one, 95 %")
    figures: dict[str, dict[str, float | None]] = {}
    for name in trial.names:
        card = judge(won, trial.said(name)[rows], weight, deal)
        found = compare(won, trial.said("blend")[rows], trial.said(name)[rows], weight, deal)
        figures[name] = {
            "log_loss": card.log_loss,
            "brier": card.brier,
            "auc": card.auc,
            "slope": card.calibration_slope,
            "blend_less": found.difference,
            "blend_less_low": found.low,
            "blend_less_high": found.high,
        }
    for name, f in sorted(figures.items(), key=lambda item: item[1]["log_loss"] or 0.0):
        auc, slope = (f"{f[k]:7.2f}" if f[k] is not None else "      -" for k in ("auc", "slope"))
        print(
            f"{name:<14}{f['log_loss']:>9.4f}{f['brier']:>8.4f}{auc}{slope}   "
            f"{f['blend_less']:+.4f} [{f['blend_less_low']:+.4f}, {f['blend_less_high']:+.4f}]"
        )
    return figures


if __name__ == "__main__":
    main()
