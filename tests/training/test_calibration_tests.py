import numpy as np
import pytest

from training.calibration_tests import calibration_tests
from training.judged_rows import decided_rows


def result(y, p, *deal):
    return calibration_tests(decided_rows(y, p, None, *deal or (None,))[0])


def clustered(seed, shift=0.0, stretch=1.0):
    """400 deals with 1 to 6 rows that share their deal's outcome; probabilities are right unless bent."""
    random = np.random.default_rng(seed)
    share = random.beta(2, 4, 400)
    won = (random.random(400) < share).astype(float)
    deal = np.repeat(np.arange(400), random.integers(1, 7, 400))
    odds = np.log(share / (1 - share)) * stretch + shift
    return won[deal], (1 / (1 + np.exp(-odds)))[deal], deal


def test_right_probabilities_are_refused_about_as_often_as_the_level_says():
    """Rows of a deal share its outcome: counted as rows, both tests would refuse far more often."""
    found = [result(*clustered(seed)) for seed in range(300)]

    by_z = np.mean([one.spiegelhalter < 0.05 for one in found])
    by_group = np.mean([one.groups < 0.05 for one in found])
    assert 0.02 <= by_z <= 0.09
    assert 0.02 <= by_group <= 0.09


def test_as_rows_of_their_own_they_would_be_refused_far_more_often():
    found = [result(*clustered(seed)[:2]) for seed in range(60)]

    assert np.mean([one.groups < 0.05 for one in found]) > 0.2


@pytest.mark.parametrize(("shift", "stretch"), [(0.6, 1.0), (0.0, 2.5), (0.0, 0.3)])
def test_bent_probabilities_are_seen(shift, stretch):
    found = [result(*clustered(seed, shift, stretch)) for seed in range(20)]

    assert np.mean([one.groups < 0.05 for one in found]) > 0.8


def test_a_row_repeated_is_no_new_evidence():
    y, p, deal = clustered(1)
    once, thrice = result(y, p, deal), result(np.tile(y, 3), np.tile(p, 3), np.tile(deal, 3))

    assert once.spiegelhalter == pytest.approx(thrice.spiegelhalter)
    assert once.groups == pytest.approx(thrice.groups)


def test_spiegelhalters_z_by_hand():
    """One row per deal: z is the sum of (y - p)(1 - 2p) over the root of the sum of its squares."""
    y, p = np.tile([1.0, 0.0], 15), np.linspace(0.1, 0.7, 30)
    pull = (y - p) * (1 - 2 * p)

    assert result(y, p).z == pytest.approx(pull.sum() / np.sqrt((pull**2).sum()))


def test_too_few_to_tell():
    assert result(np.array([1.0, 0.0]), np.array([0.4, 0.3])).spiegelhalter is None
    assert result(np.ones(50), np.full(50, 0.9)).groups is None
    rare = result(np.array([1.0] * 5 + [0.0] * 95), np.linspace(0.02, 0.3, 100))
    assert rare.spiegelhalter is not None
    assert rare.groups is None
