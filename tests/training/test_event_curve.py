"""The event curve on deals whose true chances are known."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from features.kernel import MISSING
from training.dataset import Dataset
from training.event_curve import EventCurve
from training.horizons import at_horizon
from training.rivals import NothingDecided, RivalNotApplicable
from training.rivals.base_rate import BaseRate
from training.rivals.rival import log_odds, probabilities
from training.scorecard import judge

HORIZONS = (7.0, 30.0, 60.0)
DAYS = [3.0, 7.0, 20.0, 30.0, 60.0, 400.0, float("inf")]
SCORING = """
import json, sys
from training.event_curve import EventCurve
curve = EventCurve.from_json(json.load(open(sys.argv[1])))
row = {"sign": 0.7, "deal_stage": "Talks"}
said = [curve.score(row, [7.0, 30.0, float("inf")]), curve.answers(row, [30.0])[1], sum(curve.effects(row).values())]
heavy = {"pandas", "sklearn", "mlflow", "lightgbm", "scipy", "duckdb"}
print(json.dumps([sorted({name.split(".")[0] for name in sys.modules} & heavy), said]))
"""
ROW = {"sign": 0.7, "deal_stage": "Talks"}


@pytest.fixture(scope="module")
def made(invented):
    return invented(900, 5)


@pytest.fixture(scope="module")
def curve(made) -> EventCurve:
    return EventCurve().fit(made.dataset, HORIZONS)


@pytest.fixture(scope="module")
def orders(made) -> Dataset:
    """The wins as events that nothing competes with; who was lost is still awaited."""
    won = made.dataset.outcome == 1
    return replace(
        made.dataset,
        outcome=np.where(won, 1.0, np.nan),
        decided_after=np.where(won, made.dataset.decided_after, np.nan),
        closed_known=np.where(won, made.dataset.closed_known, MISSING),
    )


def test_chances_are_near_the_truth_at_every_horizon(made, curve):
    said = curve.predict(made.dataset.x, [*HORIZONS, np.inf])

    for column, days in enumerate([*HORIZONS, np.inf]):
        truth = made.p * (1 - np.exp(-days / 30))
        assert np.abs(said[:, column] - truth).mean() < 0.05, days
        assert abs(said[:, column].mean() - truth.mean()) < 0.04, days


def test_it_beats_the_share_at_each_horizon_on_later_deals(invented):
    whole = invented(1500, 6).dataset
    cut = int(np.quantile(whole.closed_known[whole.closed_known != MISSING], 0.6))
    past, later = whole.between(0, cut, cut), whole.between(cut, whole.seen_until, whole.seen_until)
    curve = EventCurve().fit(past, HORIZONS)

    for days in HORIZONS:
        asked = at_horizon(later, days)
        ours = judge(asked.outcome, curve.predict(later.x, [days])[:, 0], asked.weight, asked.subject)
        share = BaseRate().fit(at_horizon(past, days)).predict(later.x)
        assert ours.log_loss < judge(asked.outcome, share, asked.weight, asked.subject).log_loss - 0.02
        assert ours.calibration_slope_low < 1.1
        assert ours.calibration_slope_high > 0.9


def test_curves_rise_and_winning_and_losing_never_pass_all(made, curve):
    won, lost = curve.predict_both(made.dataset.x, DAYS)

    for share in (won, lost):
        assert (np.diff(share, axis=1) >= -1e-12).all()
        assert (share >= 0).all()
    assert (won + lost <= 1 + 1e-9).all()
    np.testing.assert_allclose(won[:, -1] + lost[:, -1], 1, atol=1e-9)


def test_one_row_is_answered_as_the_table_is(made, curve):
    some = made.dataset.x.iloc[::100]
    table, medians = curve.predict(some, DAYS), curve.median_days(some)
    for row, said, median in zip(some.to_dict("records"), table, medians, strict=True):
        np.testing.assert_allclose(curve.score(row, DAYS), said, atol=1e-9)
        assert curve.answers(row, DAYS)[1] == pytest.approx(median)


def test_effects_add_up_to_the_distance_from_the_start(made, curve):
    for row in made.dataset.x.iloc[::150].to_dict("records"):
        found = curve.effects(row)
        distance = log_odds(curve.score(row, [np.inf])[0]) - log_odds(curve.baseline)
        assert sum(found.values()) == pytest.approx(distance, abs=1e-9)
        assert (found["sign"] > 0) == (row["sign"] > 0) or abs(row["sign"]) < 0.3


def test_it_comes_back_from_json_as_it_was_and_is_learned_the_same_twice(made, curve):
    text = json.dumps(curve.to_json())
    again = EventCurve.from_json(json.loads(text))

    np.testing.assert_array_equal(again.predict(made.dataset.x, DAYS), curve.predict(made.dataset.x, DAYS))
    assert json.dumps(again.to_json()) == text
    assert json.dumps(EventCurve().fit(made.dataset, HORIZONS).to_json()) == text


def test_an_answer_needs_no_learning_library(curve, tmp_path):
    path = tmp_path / "curve.json"
    path.write_text(json.dumps(curve.to_json()), "utf-8")
    ran = subprocess.run([sys.executable, "-c", SCORING, str(path)], capture_output=True, text=True, check=True)
    loaded, said = json.loads(ran.stdout)

    assert loaded == []
    assert said[0] == curve.score(ROW, [7.0, 30.0, np.inf])


def test_without_a_competitor_everybody_comes_back_in_the_end(made, orders):
    curve = EventCurve().fit(orders, HORIZONS)
    said = curve.predict(orders.x, DAYS)

    assert curve.outcome is None
    assert curve.headline == 7.0
    assert (np.diff(said, axis=1) >= -1e-12).all()
    assert (said[:, -1] == 1).all()
    truth = 1 - np.exp(-7 / 30)
    assert said[:, 1].mean() == pytest.approx(float((made.p * truth).mean()), abs=0.05)
    _, other = curve.predict_both(orders.x, DAYS)
    assert (other == 0).all()
    distance = log_odds(curve.score(ROW, [7.0])[0]) - log_odds(curve.baseline)
    assert sum(curve.effects(ROW).values()) == pytest.approx(distance, abs=1e-9)


def test_too_little_to_learn_from_is_a_named_error(made):
    open_deals = made.dataset.rows(np.isnan(made.dataset.outcome))
    with pytest.raises(NothingDecided):
        EventCurve().fit(open_deals, HORIZONS)
    few = made.dataset.rows(np.isin(made.dataset.subject, np.unique(made.dataset.subject)[:12]))
    with pytest.raises(RivalNotApplicable, match="fewer than 15"):
        EventCurve().fit(few, HORIZONS)


def test_a_history_too_young_to_set_a_later_part_apart_is_learned_from_all_the_same(invented):
    dataset = invented(150, 3, days=40, mean_days=15).dataset
    curve = EventCurve().fit(dataset, (7.0, 14.0))

    assert np.isfinite(curve.predict(dataset.x, DAYS)).all()
    assert curve.score({"sign": 2.0}, [14.0])[0] > curve.score({"sign": -2.0}, [14.0])[0]


def seasonal(invented, height: float):
    """Three years of deals; what is won beyond what was said follows the month by a wave in log-odds."""
    made = invented(2200, 12, days=1100, mean_days=12, ages=(0,))
    dataset = made.dataset
    month = dataset.as_of.astype("datetime64[M]").astype(int) % 12 + 1
    wave = height * np.sin(2 * np.pi * (month - 0.5) / 12)
    _, number = np.unique(dataset.subject, return_inverse=True)
    luck = np.random.default_rng(3).random(number.max() + 1)[number]
    first = np.unique(number, return_index=True)[1]
    won = luck < probabilities(np.log(made.p / (1 - made.p)) + wave)[first][number]
    outcome = np.where(np.isnan(dataset.outcome), np.nan, won.astype(float))
    return replace(dataset, outcome=outcome, x=dataset.x.assign(month=month.astype(float)))


def test_a_season_is_learned_where_there_is_one_and_is_a_reason(invented):
    dataset = seasonal(invented, 1.0)
    curve = EventCurve().fit(dataset, (14.0,))
    row = {"sign": 0.2, "deal_stage": "New"}
    march, september = curve.score({**row, "month": 3.0}, [np.inf])[0], curve.score({**row, "month": 9.0}, [np.inf])[0]

    assert curve.outcome.season is not None
    assert march - september > 0.2
    effects = curve.effects({**row, "month": 3.0})
    distance = log_odds(curve.score({**row, "month": 3.0}, [np.inf])[0]) - log_odds(curve.baseline)
    assert effects["month"] > 0.4
    assert sum(effects.values()) == pytest.approx(distance, abs=1e-9)
    again = EventCurve.from_json(json.loads(json.dumps(curve.to_json())))
    np.testing.assert_array_equal(again.predict(dataset.x, DAYS), curve.predict(dataset.x, DAYS))
    np.testing.assert_allclose(
        curve.score({**row, "month": 3.0}, DAYS),
        curve.predict(dataset.x.head(1).assign(**{**row, "month": 3.0}), DAYS)[0],
        atol=1e-9,
    )


def test_the_regressions_that_are_asked_outright_do_not_see_the_month(invented):
    curve = EventCurve(outright=True).fit(seasonal(invented, 1.0), (14.0,))
    row = {"sign": 0.2, "deal_stage": "New"}

    assert curve.direct is not None
    for asked in curve.direct.asked:
        assert asked.score({**row, "month": 3.0}) == asked.score({**row, "month": 9.0})


def test_no_season_is_kept_where_there_is_none(invented):
    curve = EventCurve().fit(seasonal(invented, 0.0), (14.0,))

    assert curve.outcome.season is None
    assert "month" not in curve.effects({"sign": 0.2, "month": 3.0})


def test_regressions_asked_outright_are_part_of_every_answer(made):
    curve = EventCurve(outright=True).fit(made.dataset, HORIZONS)
    said = curve.predict(made.dataset.x, DAYS)

    assert curve.direct is not None
    assert (np.diff(said, axis=1) >= -1e-12).all()
    won, lost = curve.predict_both(made.dataset.x, DAYS)
    np.testing.assert_array_equal(won, said)
    assert (np.diff(lost, axis=1) >= -1e-12).all()
    assert (won + lost <= 1 + 1e-9).all()
    for place in range(0, len(said), 300):
        row = made.dataset.x.iloc[place].to_dict()
        np.testing.assert_allclose(curve.score(row, DAYS), said[place], atol=1e-9)
        distance = log_odds(curve.score(row, [np.inf])[0]) - log_odds(curve.baseline)
        assert sum(curve.effects(row).values()) == pytest.approx(distance, abs=1e-9)
    again = EventCurve.from_json(json.loads(json.dumps(curve.to_json())))
    np.testing.assert_array_equal(again.predict(made.dataset.x, DAYS), said)


def test_what_was_recorded_after_the_cut_changes_nothing(invented):
    """Outcomes that became known later are rewritten: the curve, its season and its regressions stay as they were."""
    whole = seasonal(invented, 0.5)
    cut = int(np.quantile(whole.closed_known[whole.closed_known != MISSING], 0.9))
    late = whole.closed_known >= cut
    other = replace(whole, outcome=np.where(late, 1 - whole.outcome, whole.outcome))

    one, two = (EventCurve(outright=True).fit(each.between(0, cut, cut), HORIZONS).to_json() for each in (whole, other))
    assert json.dumps(one) == json.dumps(two)
