"""Laid out as tables, departures add to one row what they add by their own slow path, to 1e-12."""

import math
import pickle

import numpy as np
import pytest

from training.churn.departures import OffsetLogistic, OffsetTrees
from training.rowwise import offsets
from training.rowwise.offsets import MOST, OffsetScorer, scorer_of

HORIZON = "log_horizon"
ROWS = [
    {"sign": 0.4, "kind": "a", "amount": 50.0},
    {"sign": -3.0, "kind": "never seen", "amount": None},
    {"sign": math.inf, "kind": None, "amount": 1e12, HORIZON: 99.0},
    {},
]


@pytest.fixture(scope="module", params=[True, False])
def pair(request) -> tuple[OffsetLogistic, OffsetTrees]:
    """Learned with the offset's own level corrected, or not."""
    import pandas as pd

    random = np.random.default_rng(0)
    many = 2000
    x = pd.DataFrame(
        {
            "sign": random.normal(size=many),
            "kind": random.choice(["a", "b"], many).astype(object),
            "amount": np.where(random.random(many) < 0.1, np.nan, np.exp(4 + 2 * random.normal(size=many))),
            HORIZON: random.choice([2.0, 3.4, 4.5], many),
        }
    )
    odds = np.sin(2 * x["sign"]) + 0.5 * (x["kind"] == "a") + (x[HORIZON] - 3) * x["sign"] - 1
    y = (random.random(many) < 1 / (1 + np.exp(-odds))).astype(float)
    names = [f"c{n}" for n in range(many)]
    offset = np.zeros(many)
    makers = (OffsetLogistic(), OffsetTrees())
    return tuple(make.fit(x, y, offset, names, centred=request.param) for make in makers)


@pytest.mark.parametrize("many", [1, 3, MOST + 2])
def test_what_is_added_at_each_horizon_is_that_of_both(pair, many):
    regression, trees = pair
    scorer, logs = OffsetScorer(regression, trees), np.linspace(1.5, 5.0, many).tolist()
    for row in ROWS:
        found = scorer.added(row, {HORIZON: logs})
        lines = [{**row, HORIZON: one} for one in logs]
        slow = [(sum(regression.effects(line).values()) + trees.added_one(line)) / 2 for line in lines]

        assert found == pytest.approx(slow, rel=0, abs=1e-12)


def test_effects_are_the_means_of_both(pair):
    regression, trees = pair
    scorer = OffsetScorer(regression, trees)
    for row in ROWS:
        line = {**row, HORIZON: 3.1}
        expected = dict.fromkeys(scorer.features, 0.0)
        for effects in (regression.effects(line), trees.effects(line)):
            for name, effect in effects.items():
                if name:
                    expected[name] += effect / 2
        found = dict(zip(scorer.features, scorer.effects(row, {HORIZON: 3.1}).tolist(), strict=True))

        assert found == pytest.approx(expected, rel=0, abs=1e-12)


def test_it_can_be_sent_to_another_process(pair):
    scorer = OffsetScorer(*pair)
    again = pickle.loads(pickle.dumps(scorer))

    assert again.added(ROWS[0], {HORIZON: [2.0, 3.0]}) == scorer.added(ROWS[0], {HORIZON: [2.0, 3.0]})


def test_without_departures_or_machine_code_there_is_no_scorer(pair, monkeypatch):
    assert scorer_of(None, None) is None
    assert scorer_of(*pair) is not None

    def none() -> None:
        raise ImportError("no llvmlite")

    monkeypatch.setattr(offsets, "code", none)
    assert scorer_of(*pair) is None
