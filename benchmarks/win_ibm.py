"""How good is the win model on the newest fifth of IBM win/loss, beside its rivals on the same columns?

`python benchmarks/win_ibm.py [--data FOLDER] [--json]`. Imports the set with `examples/ibm_win_loss.yaml`, trains as
`foresell train win --until` does at the moment when four fifths of the deals had been created, and scores the others
just after their creation. Rivals are fitted on the creation moments of the same past. Differences are paired
bootstraps over deals.
"""

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from features.as_of import micros  # noqa: E402
from features.history import History  # noqa: E402
from features.importing import import_folder  # noqa: E402
from features.open_deals import deals_created  # noqa: E402
from features.span import last_recorded  # noqa: E402
from training.dataset import Dataset, build_dataset  # noqa: E402
from training.judged_rows import Floats  # noqa: E402
from training.pyfunc import score_table  # noqa: E402
from training.recipe import train_win  # noqa: E402
from training.rivals import RIVALS, RivalNotApplicable  # noqa: E402
from training.scorecard import compare, judge  # noqa: E402

FAR = datetime(2100, 1, 1)


def catboost_of(past: Dataset, later: Dataset) -> Floats:
    """CatBoost with its default settings and its own handling of categories."""
    from catboost import CatBoostClassifier

    texts = [name for name in past.x if past.x[name].dtype == object]
    fitted = CatBoostClassifier(
        verbose=False, random_seed=0, thread_count=2, cat_features=texts, allow_writing_files=False
    )
    fitted.fit(past.x.assign(**{n: past.x[n].fillna("") for n in texts}), past.outcome)
    return np.asarray(fitted.predict_proba(later.x.assign(**{n: later.x[n].fillna("") for n in texts}))[:, 1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "ibm_win_loss")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        import_folder(
            options.data, Path(home), ROOT / "examples" / "ibm_win_loss.yaml", datetime.now(UTC).replace(tzinfo=None)
        )
        history = History.existing(Path(home))
        _, created = deals_created(history, FAR)
        cut = int(np.quantile(created, 0.8))
        until = datetime.fromtimestamp(cut / 1e6, UTC).replace(tzinfo=None)
        candidate = train_win(history, until)
        end = last_recorded(history, FAR) or FAR
        births = build_dataset(history, candidate.bundle.features, end, (0.0,))
        past = births.between(0, micros(until), micros(until)).decided()
        later = births.between(micros(until), births.seen_until, births.seen_until).decided()
        said = {"foresell": score_table(candidate.bundle, later.x, [])["win_probability"].to_numpy()}
        for name, rival in RIVALS.items():
            try:
                said[name] = rival().fit(past).predict(later.x)
            except RivalNotApplicable as reason:
                print(f"{name}: {reason.problem.format(*reason.args)}", file=sys.stderr)
        said["catboost"] = catboost_of(past, later)
    report(said, later, candidate.choice.name, as_json=options.json)


def report(said: dict[str, Floats], later: Dataset, served: str, *, as_json: bool) -> None:
    """A table, and a JSON line when asked."""
    figures: dict[str, dict[str, float | None]] = {}
    print(f"served: {served}; {len(later):,} deals of the newest fifth, {later.outcome.mean():.1%} won")
    print(f"{'estimate':<14}{'log loss':>9}{'Brier':>8}{'AUC':>7}{'slope':>7}   foresell less this one, 95 %")
    for name, p in sorted(said.items(), key=lambda item: judge(later.outcome, item[1]).log_loss):
        card = judge(later.outcome, p, None, later.subject)
        found = compare(later.outcome, said["foresell"], p, None, later.subject)
        slope = f"{card.calibration_slope:7.2f}" if card.calibration_slope is not None else "      -"
        print(
            f"{name:<14}{card.log_loss:>9.4f}{card.brier:>8.4f}{card.auc or 0.5:>7.3f}{slope}   "
            f"{found.difference:+.4f} [{found.low:+.4f}, {found.high:+.4f}] {found.verdict}"
        )
        figures[name] = {
            "log_loss": card.log_loss,
            "brier": card.brier,
            "auc": card.auc,
            "slope": card.calibration_slope,
            "slope_low": card.calibration_slope_low,
            "slope_high": card.calibration_slope_high,
            "foresell_less": found.difference,
            "foresell_less_low": found.low,
            "foresell_less_high": found.high,
        }
    if as_json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
