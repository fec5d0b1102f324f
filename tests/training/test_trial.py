import numpy as np
import pytest
from numpy.typing import NDArray

from training.blend import Blend
from training.dataset import Dataset
from training.rivals.base_rate import BaseRate
from training.small_data import choose
from training.splits import judging_windows
from training.trial import ESTIMATES, Trial, run_trial


def served(dataset: Dataset, folds: int = 2) -> tuple[str, Trial]:
    """What the ladder chooses, and the trial it chose by."""
    trial = run_trial(dataset, folds)
    return choose(trial, trial.scorecards(), dataset.closed_deals).name, trial


def noise(random: np.random.Generator, deal: NDArray[np.int64]) -> dict[str, NDArray[np.generic]]:
    """Columns that say nothing, of both kinds, the same at every look at a deal."""
    per_deal = random.normal(size=(deal.max() + 1, 3))
    texts = random.choice(["red", "green", "blue"], deal.max() + 1).astype(object)
    return {"colour": texts[deal]} | {f"noise {k}": per_deal[deal, k] for k in range(3)}


@pytest.mark.parametrize("seed", range(4))
def test_where_nothing_can_be_told_the_base_rate_is_served(invented, seed):
    made = invented(500, seed, strength=0.0, extra=noise)

    assert served(made.dataset)[0] == BaseRate.name


def test_a_strong_signal_is_found_and_ours_is_served(invented):
    made = invented(900, 5, strength=2.5, extra=noise)
    name, trial = served(made.dataset)

    assert name == Blend.name
    assert trial.comparison(Blend.name, BaseRate.name).high < -0.05
    assert len(trial.folds[0].judged) == len(trial.folds[0].said[Blend.name])


def test_each_fold_judges_its_window_with_what_was_known_at_its_cut(invented):
    dataset = invented(300, 1).dataset
    seen = []
    trial = run_trial(dataset, 3, seen.append)

    windows = judging_windows(dataset, 3)
    assert [(fold.cut, fold.end) for fold in trial.folds] == windows
    for fold in trial.folds:
        at = fold.judged.as_of.astype("int64")
        assert ((at >= fold.cut) & (at < fold.end)).all()
        assert fold.judged.seen_until == dataset.seen_until
    assert trial.names[0] == BaseRate.name
    assert (
        len(trial.outcome) == len(trial.weight) == len(trial.subject) == len(trial.at) == len(trial.said("base_rate"))
    )
    assert f"fold 3 of 3: {Blend.name}" in seen


def test_an_estimate_that_cannot_be_built_is_missing_with_its_reason(invented):
    dataset = invented(300, 1).dataset
    assert "deal_crm_probability" not in dataset.x

    trial = run_trial(dataset, 1)

    assert "crm_probability" not in trial.names
    assert "crm_probability" in trial.absent["crm_probability"]
    assert set(trial.names) | set(trial.absent) == set(ESTIMATES)


def test_a_history_too_short_for_any_fold_gives_an_empty_trial(invented):
    dataset = invented(40, 1, days=3, mean_days=30).dataset
    assert (dataset.weight > 0).any()

    trial = run_trial(dataset, 3)

    assert trial.folds == ()
    assert trial.names == ()


def test_scorecards_are_told_apart_by_age(invented):
    trial = run_trial(invented(300, 1).dataset, 1)

    segments = trial.scorecards()[BaseRate.name].segments
    assert set(segments) == {"age=0 days", "age=7 days", "age=30 days"}
    assert np.isfinite([card.log_loss for card in segments.values()]).all()


def test_folds_before_ours_had_enough_deals_do_not_keep_it_from_being_judged(invented):
    dataset = invented(80, 2, days=300, mean_days=20).dataset
    windows = judging_windows(dataset, 4)
    trial = run_trial(dataset, 4)

    assert 0 < len(trial.folds) < len(windows)
    assert [(fold.cut, fold.end) for fold in trial.folds] == windows[-len(trial.folds) :]
    assert Blend.name in trial.names
    assert Blend.name not in trial.absent
