import json

import numpy as np
import pytest

from training.rivals import RivalNotApplicable
from training.stored_estimate import estimate_from_json
from training.win_curve import EVER, WinCurve, chances_along


@pytest.fixture(scope="module")
def fitted(invented):
    made = invented(500, 4)
    return made.dataset, WinCurve((14.0, 45.0)).fit(made.dataset)


def test_it_answers_for_ever_like_any_estimate_and_for_any_day_besides(fitted):
    dataset, curve = fitted
    said = chances_along(curve, dataset, [14.0, EVER])

    np.testing.assert_allclose(curve.predict(dataset.x), curve.curve.predict(dataset.x, [EVER])[:, 0])
    assert (said[:, 0] <= said[:, 1]).all()
    assert {14.0, 45.0} <= set(curve.curve.points.edges)
    assert curve.curve.direct.days == (14.0, 45.0, EVER)
    assert chances_along(object(), dataset, [14.0]) is None


def test_one_row_scores_as_the_table_does(fitted):
    dataset, curve = fitted
    for row, said in zip(dataset.x.iloc[::80].to_dict("records"), curve.predict(dataset.x.iloc[::80]), strict=True):
        assert curve.score(row) == pytest.approx(said, abs=1e-9)


def test_it_comes_back_from_a_bundles_json_as_it_was(fitted):
    dataset, curve = fitted
    again = estimate_from_json(json.loads(json.dumps(curve.to_json())))

    assert isinstance(again, WinCurve)
    np.testing.assert_array_equal(again.predict(dataset.x), curve.predict(dataset.x))


def test_too_few_won_or_lost_are_refused(invented):
    with pytest.raises(RivalNotApplicable, match="fewer than 15"):
        WinCurve().fit(invented(40, 1, days=60).dataset)


def drifting(invented, drop: float):
    """Deals of which ever fewer are won as told: after two thirds of the time wins turn into losses by `drop`."""
    made = invented(2500, 8, days=700, mean_days=12)
    dataset = made.dataset
    late = dataset.as_of.astype("int64") > np.quantile(dataset.as_of.astype("int64"), 0.62)
    random = np.random.default_rng(0)
    unlucky = dict(zip(np.unique(dataset.subject), random.random(len(np.unique(dataset.subject))) < drop, strict=True))
    lost = late & (dataset.outcome == 1) & np.array([unlucky[subject] for subject in dataset.subject])
    return type(dataset)(**{**vars(dataset), "outcome": np.where(lost, 0.0, dataset.outcome)})


def test_a_level_that_moves_is_followed_by_the_outcomes_known_by_then(invented):
    dataset = drifting(invented, 0.7)
    cut = int(np.quantile(dataset.as_of.astype("int64"), 0.75))
    past, later = dataset.between(0, cut, cut), dataset.between(cut, dataset.seen_until, dataset.seen_until)
    curve = WinCurve().fit(past).curve

    assert curve.level is not None
    assert curve.outcome.level < -0.1
    moved = curve.updated(later)
    assert moved.outcome.level < curve.outcome.level
    assert moved.updated(later).outcome.level == moved.outcome.level  # what is counted in counts once
    assert curve.predict_along(later, [EVER]).mean() < curve.predict(later.x, [EVER]).mean()


def test_a_level_that_stays_is_left_alone(invented):
    curve = WinCurve().fit(drifting(invented, 0.0)).curve

    assert curve.level is None
    assert curve.updated(invented(50, 1).dataset) is curve
