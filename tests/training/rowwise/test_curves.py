"""Laid out as tables a curve says what it says by its own slow path: chances, medians, effects, to 1e-12."""

import math
import pickle
import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.kernel import MISSING
from training.bundle import rows_of
from training.curve.calibration import Lines
from training.curve.level import Level
from training.curve.season import Season
from training.event_curve import EventCurve
from training.pyfunc import values_of
from training.rowwise import curves, forests
from training.rowwise.columns import code_of
from training.rowwise.curve_tables import NotLaidOut, lay_out
from training.rowwise.curves import CHUNK, CurveScorer, scorer_of
from training.stacking import Line

HORIZONS = (7.0, 30.0, 60.0)
DAYS = (3.0, 7.0, 20.0, 30.0, 60.0, 400.0, math.inf)
ROUNDING = 1e-12


def with_more(dataset, seed: int = 0):
    """Numbers of several kinds, missing ones among them, and texts, rare ones among them."""
    random = np.random.default_rng(seed)
    many, sign = len(dataset), dataset.x["sign"].to_numpy()
    amount = np.where(random.random(many) < 0.2, np.nan, np.exp(8 + 2.5 * random.normal(size=many) + sign))
    product = random.choice(["P1", "P2", "P3", "rare", None], many, p=[0.4, 0.3, 0.19, 0.01, 0.1])
    return replace(
        dataset,
        x=dataset.x.assign(
            deal_age_days=np.where(random.random(many) < 0.05, np.nan, dataset.age),
            deal_amount=amount,
            wave=np.sin(3 * sign) + 0.3 * random.normal(size=many),
            month=dataset.as_of.astype("datetime64[M]").astype(int) % 12 + 1.0,
            product=pd.Series(product, dtype=object),
        ),
    )


@pytest.fixture(scope="module")
def dataset(invented):
    return with_more(invented(400, 5).dataset)


@pytest.fixture(scope="module")
def won(dataset) -> EventCurve:
    """With a competitor, horizons asked outright, a season and a level."""
    curve = EventCurve(outright=True).fit(dataset, HORIZONS)
    months = tuple(np.linspace(-0.4, 0.5, 12).tolist())
    curve.pace = replace(curve.pace, season=Season(months))
    curve.outcome = replace(curve.outcome, season=Season(months[::-1]), level=-0.3)
    curve.level = Level()
    return curve


@pytest.fixture(scope="module")
def ordered(dataset) -> EventCurve:
    """Without a competitor; the headline is the first horizon."""
    had = dataset.outcome == 1
    alone = replace(
        dataset,
        outcome=np.where(had, 1.0, np.nan),
        decided_after=np.where(had, dataset.decided_after, np.nan),
        closed_known=np.where(had, dataset.closed_known, MISSING),
    )
    return EventCurve().fit(alone, HORIZONS)


@pytest.fixture(scope="module")
def young(invented) -> EventCurve:
    """Too little is known to weigh learners by, and no age is told."""
    return EventCurve(outright=True).fit(invented(150, 3, days=60).dataset, (14.0,))


@pytest.fixture(params=["won", "ordered", "young"])
def curve(request) -> EventCurve:
    return request.getfixturevalue(request.param)


def rows(dataset):
    odd = [
        {},
        {"sign": None, "deal_stage": None, "product": None},
        {"sign": math.inf, "deal_stage": "never seen", "product": "P1", "deal_amount": -5.0, "month": 12.0},
        {"sign": -math.inf, "deal_age_days": 1e9, "deal_amount": 1e300, "month": math.nan, "product": "rare"},
        {"sign": 0, "deal_age_days": 2.0, "deal_amount": 0.0, "month": 1, "product": 7.0, "who": "is this?"},
    ]
    known = dataset.x.iloc[::41].astype(object).where(dataset.x.iloc[::41].notna(), None).to_dict("records")
    return odd + known


def test_one_row_is_answered_as_the_curve_answers_it(curve, dataset):
    scorer = CurveScorer(curve)
    for row in rows(dataset):
        said, median = curve.answers(row, DAYS)
        found = scorer.of_row(row, DAYS)

        np.testing.assert_allclose(found.chances[0], said, rtol=0, atol=ROUNDING)
        assert median is not None
        assert found.medians[0] == pytest.approx(median, rel=1e-9)
        assert found.effects is None


def test_effects_are_those_of_the_curve(curve, dataset):
    scorer = CurveScorer(curve)
    for row in rows(dataset):
        expected = curve.effects(row)
        found = dict(zip(scorer.features, scorer.of_row(row, DAYS, why=True).effects[0].tolist(), strict=True))

        assert set(expected) <= set(found)
        assert {name: found[name] for name in found} == pytest.approx(
            {name: expected.get(name, 0.0) for name in found}, rel=0, abs=ROUNDING
        )


def test_many_rows_are_answered_as_each_alone(curve, dataset):
    scorer, x = CurveScorer(curve), dataset.x.iloc[: 2 * CHUNK + 7]
    found = scorer.of_columns(values_of(x), DAYS, why=True)

    np.testing.assert_allclose(found.chances, curve.predict(x, DAYS), rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(found.medians, curve.median_days(x), rtol=1e-9)
    for at in (0, CHUNK, 2 * CHUNK + 6):
        one = scorer.of_row(x.iloc[at].to_dict(), DAYS, why=True)
        assert found.chances[at].tolist() == one.chances[0].tolist()
        assert found.effects[at].tolist() == one.effects[0].tolist()


def test_no_rows_are_no_answers(won):
    found = CurveScorer(won).of_columns({"sign": np.empty(0)}, DAYS, why=True)

    assert (found.chances.shape, found.medians.shape) == ((0, len(DAYS)), (0,))


def test_columns_of_another_kind_are_read_as_the_curve_reads_them(won, dataset):
    x = dataset.x.iloc[:3].assign(product=[1.0, 2.0, math.nan])
    scorer = CurveScorer(won)
    found = scorer.of_columns({**values_of(x), "product": x["product"].to_numpy()}, DAYS)

    for at, row in enumerate(x.to_dict("records")):
        np.testing.assert_allclose(found.chances[at], won.answers(row, DAYS)[0], rtol=0, atol=ROUNDING)


def test_horizons_may_change_from_call_to_call(won, dataset):
    scorer, row = CurveScorer(won), rows(dataset)[-1]
    for days in ((30.0,), (30.0, math.inf), (30.0,), ()):
        assert scorer.of_row(row, days).chances[0].tolist() == pytest.approx(won.answers(row, days)[0], abs=ROUNDING)


def test_threads_do_not_disturb_each_other(won, dataset):
    scorer, all_rows = CurveScorer(won), rows(dataset)
    alone = [scorer.of_row(row, DAYS, why=True).effects[0].tolist() for row in all_rows]
    wrong = []

    def ask() -> None:
        for _ in range(20):
            found = [scorer.of_row(row, DAYS, why=True).effects[0].tolist() for row in all_rows]
            if found != alone:
                wrong.append(found)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not wrong


def test_it_can_be_sent_to_another_process(won, dataset):
    scorer = CurveScorer(won)
    again = pickle.loads(pickle.dumps(scorer))

    row = rows(dataset)[-1]
    assert again.of_row(row, DAYS).chances.tolist() == scorer.of_row(row, DAYS).chances.tolist()


def test_a_curve_of_another_shape_is_left_to_itself(won):
    odd = EventCurve.from_json(won.to_json())
    odd.pace = replace(odd.pace, learners=odd.pace.learners[1:], lines=Lines(Line(0.0, (1.0,)), ()))
    with pytest.raises(NotLaidOut):
        lay_out(odd)
    assert scorer_of(odd) is None


def test_trees_too_large_for_the_tables_are_left_to_lightgbm(won, monkeypatch):
    monkeypatch.setattr(forests, "MOST_LEAVES", 3)

    assert scorer_of(won) is None


def test_without_machine_code_there_is_no_scorer(won, monkeypatch):
    def none() -> None:
        raise OSError("no code on this machine")

    monkeypatch.setattr(curves, "code", none)
    assert scorer_of(won) is None


def test_values_in_the_order_of_its_columns_are_answered_alike(won, dataset):
    scorer, horizons = scorer_of(won), (30.0, math.inf)
    assert scorer is not None
    columns = scorer.tables.columns
    rows = rows_of(values_of(dataset.x.head(CHUNK + 9)))
    numbers = [[row.get(name) for name in columns.numbers] for row in rows]
    texts = [
        [code_of(known, row.get(name)) for name, known in zip(columns.texts, columns.codes, strict=True)]
        for row in rows
    ]
    for row, told, codes, many in zip(
        rows, numbers, texts, scorer.of_many_told(numbers, texts, horizons, why=True), strict=True
    ):
        one = [each.copy() for each in scorer.of_row(row, horizons, why=True)]
        for found in (scorer.of_told(told, codes, horizons, why=True), many):
            assert all(np.array_equal(mine, its, equal_nan=True) for mine, its in zip(found, one, strict=True))
