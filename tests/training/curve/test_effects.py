import numpy as np
import pytest

from training.curve.effects import attribute, chance
from training.rivals.rival import log_odds


def head(random: np.random.Generator, intervals: int, names: str):
    return random.normal(-1, 1, intervals), {name: random.normal(0, 1.5, intervals) for name in names}


@pytest.mark.parametrize("last", [1, 2, 4])
@pytest.mark.parametrize("seed", range(4))
def test_effects_add_up_to_the_difference_in_log_odds(seed, last):
    random = np.random.default_rng(seed)
    ends, event = head(random, 3, "ab"), head(random, 4, "bc")
    begin = chance(ends[0][None], event[0][None], last)[0]
    arrive = chance((ends[0] + sum(ends[1].values()))[None], (event[0] + sum(event[1].values()))[None], last)[0]

    found = attribute(ends, event, last)

    assert set(found) == {"a", "b", "c"}
    assert sum(found.values()) == pytest.approx(log_odds(arrive) - log_odds(begin), abs=1e-9)


def test_a_feature_that_moves_every_chance_of_the_event_alike_moves_the_whole_alike():
    """With one chance to be the event whenever it ends, that chance is the whole chance."""
    ends = (np.array([-1.0, 0.5]), {"pace": np.array([2.0, -1.0])})
    event = (np.full(3, -0.4), {"good": np.full(3, 0.7)})

    found = attribute(ends, event, 3)

    assert found["good"] == pytest.approx(0.7, abs=1e-9)
    assert found["pace"] == pytest.approx(0.0, abs=1e-9)


def test_what_moves_nothing_has_no_effect():
    ends = (np.array([-1.0]), {"idle": np.zeros(1), "busy": np.array([1.0])})
    event = (np.array([0.2, -0.2]), {"idle": np.zeros(2)})

    found = attribute(ends, event, 1)

    assert found["idle"] == 0
    assert found["busy"] > 0
