import json

import numpy as np
import pytest

from features.as_of import DAY
from training.curve.level import HALF_LIFE, PRIOR, Known, Level, helps
from training.rivals.rival import probabilities


def told(seed: int, shift: float, size: int = 1500, odds: float = -0.5) -> Known:
    """Outcomes a tenth of a day apart whose log-odds are `shift` above what was said."""
    random = np.random.default_rng(seed)
    said = random.normal(odds, 0.7, size)
    happened = (random.random(size) < probabilities(said + shift)).astype(float)
    at = np.arange(size) * round(DAY / 10)
    return Known(said, happened, at, np.array([f"d{n}" for n in range(size)], object))


def test_the_level_goes_to_where_outcomes_are():
    assert Level().after(told(1, 0.8), 10**15).shift == pytest.approx(0.75, abs=0.2)
    assert Level().after(told(1, -0.8), 10**15).shift == pytest.approx(-0.75, abs=0.2)
    assert abs(Level().after(told(1, 0.0), 10**15).shift) < 0.15


def test_one_outcome_by_hand():
    one = Known(np.zeros(1), np.ones(1), np.array([5]), np.array(["d1"], object))

    assert Level().after(one, 10).shift == pytest.approx(0.5 / (0.25 + PRIOR))
    assert Level().after(one, 5).shift == 0  # not known before then


def test_old_outcomes_fade_by_half():
    once = Level(10.0, 20.0)
    later = told(2, 0.0, size=round(HALF_LIFE))
    after = once.after(later, 10**15)
    alone = Level().after(later, 10**15)

    assert after.pull - alone.pull == pytest.approx(5.0, rel=1e-6)
    assert after.information - alone.information == pytest.approx(10.0, rel=1e-6)


def test_an_outcome_counts_once_however_often_the_level_is_asked():
    known = told(3, 0.5)
    half = int(known.at[700])
    stepwise = Level().after(known, half).after(known, 10**15)

    assert stepwise.shift == pytest.approx(Level().after(known, 10**15).shift, rel=1e-6)
    assert stepwise.after(known, 10**15).shift == stepwise.shift


def test_each_moment_knows_only_the_outcomes_before_it():
    known = told(4, 1.0)
    at = known.at[[0, 300, 1200]]
    shifts = Level().shifts(known, at)

    assert shifts[0] == 0
    assert shifts[0] < shifts[1]
    other = Known(known.odds, np.where(known.at >= at[1], 1 - known.happened, known.happened), known.at, known.subject)
    assert Level().shifts(other, at)[1] == shifts[1]
    assert Level().shifts(other, at)[2] != shifts[2]


def test_how_often_deals_decided_later_were_looked_at_does_not_change_what_was_known_before():
    early, late = told(7, 0.8, size=300), told(8, 0.8, size=100)
    late = Known(
        late.odds, late.happened, late.at + 10**15, np.char.add("late ", late.subject.astype(str)).astype(object)
    )
    seldom, often = (
        Known(*(np.concatenate([getattr(early, name), np.repeat(getattr(late, name), times)]) for name in vars(early)))
        for times in (1, 8)
    )
    at = early.at[[100, 299]]

    assert Level().shifts(often, at).tolist() == Level().shifts(seldom, at).tolist()


def test_many_looks_at_a_deal_are_one_piece_of_evidence():
    known = told(5, 0.8, size=300)
    again = Known(*(np.repeat(each, 5) for each in (known.odds, known.happened, known.at, known.subject)))

    assert Level().after(again, 10**15).shift == pytest.approx(Level().after(known, 10**15).shift, rel=0.02)


def test_it_is_found_to_help_where_the_level_is_off_and_not_where_it_is_right():
    assert helps(told(6, 0.6), told(6, 0.6).at)
    assert not any(helps(told(seed, 0.0), told(seed, 0.0).at) for seed in range(5))
    assert not helps(told(6, 0.6, size=1), told(6, 0.6, size=1).at)


def test_it_comes_back_from_json_as_it_was():
    level = Level().after(told(1, 0.3), 10**15)

    assert Level.from_json(json.loads(json.dumps(level.to_json()))) == level
