from dataclasses import replace

import numpy as np
import pytest

from training.horizon_scores import EVER
from training.horizons import at_horizon
from training.intervals import fit_spread
from training.splits import judging_windows, later_than
from training.trial import Fold, Trial
from training.trial_questions import asked_of, coverage_of


@pytest.fixture(scope="module")
def made(invented):
    """A trial of three folds in which one estimate says the truth, with amounts."""

    def columns(random, deal):
        return {"deal_amount": np.exp(random.normal(8, 1, deal.max() + 1))[deal]}

    whole = invented(1500, 4, extra=columns)
    folds = []
    for cut, end in judging_windows(whole.dataset, 3):
        at = whole.dataset.as_of.astype("int64")
        truth = whole.p[(at >= cut) & (at < end)]
        folds.append(Fold(cut, end, later_than(whole.dataset, cut, end), {"base_rate": truth, "blend": truth}))
    return Trial(tuple(folds))


def test_ever_is_always_asked_over_the_rows_of_all_folds(made):
    (ever,) = asked_of(made)

    assert ever.days == EVER
    np.testing.assert_array_equal(ever.outcome, made.outcome)
    np.testing.assert_array_equal(ever.said["blend"], made.said("blend"))
    assert len(ever.amount) == len(ever.segments["age"]) == len(made.outcome)
    assert "deal_stage" in ever.segments


def test_horizons_that_every_fold_was_asked_about_are_questions_of_their_own(made, monkeypatch):
    asked = {fold.cut: {30.0: {"blend": np.full(len(fold.judged), 0.2)}} for fold in made.folds}
    asked[made.folds[0].cut][60.0] = asked[made.folds[0].cut][30.0]
    monkeypatch.setattr("training.trial_questions.said_by", lambda fold: asked[fold.cut])

    near, ever = asked_of(made)

    assert (near.days, ever.days) == (30.0, EVER)
    assert set(near.said) == {"blend"}
    expected = np.concatenate([at_horizon(fold.judged, 30.0).outcome for fold in made.folds])
    np.testing.assert_array_equal(near.outcome, expected)
    assert np.nanmean(near.outcome) < np.nanmean(ever.outcome)


def test_intervals_of_true_probabilities_hold_and_of_false_ones_learn_to_be_wide(made):
    found = coverage_of(made, "blend")

    assert found.groups >= 16
    assert found.held >= 0.7


def test_more_deals_than_wanted_are_drawn_whole(made):
    deals = len(set(made.subject.tolist()))
    (ever,) = asked_of(made, deals // 3)

    drawn = set(ever.subject.tolist())
    assert len(drawn) == deals // 3
    assert len(ever.outcome) == sum(deal in drawn for deal in made.subject.tolist())
    assert len(ever.segments["age"]) == len(ever.said["blend"]) == len(ever.outcome)


def test_intervals_need_a_fold_before(made):
    assert coverage_of(Trial(made.folds[:1]), "blend") is None


def test_fast_deals_stand_for_all_that_were_open_when_an_interval_is_stated(made, monkeypatch):
    """Weights are those of the second fold's cut, as if the history had ended there."""
    seen = []

    def spread(won, p, weight, deal, at):
        seen.append((won, weight))
        return fit_spread(won, p, weight, deal, at)

    monkeypatch.setattr("training.trial_questions.fit_spread", spread)
    first, second = made.folds[:2]
    then = first.judged.between(first.cut, second.cut, second.cut)
    coverage_of(Trial((first, second)), "blend")

    np.testing.assert_array_equal(seen[0][0], then.outcome[then.weight > 0])
    np.testing.assert_array_equal(seen[0][1], then.weight[then.weight > 0])


def test_an_interval_is_learned_from_what_was_decided_before_its_fold(made):
    """Outcomes that came after the second cut are rewritten: nothing of the second fold's intervals may change."""
    first, second = made.folds[:2]
    late = first.judged.closed_known >= second.cut
    assert late.any()
    other = replace(first.judged, outcome=np.where(late, 1 - first.judged.outcome, first.judged.outcome))

    assert coverage_of(Trial((replace(first, judged=other), second)), "blend") == coverage_of(
        Trial((first, second)), "blend"
    )
