from dataclasses import replace

import pytest

from training.gate import passes


def with_slope(candidate, slope, low, high, name="blend"):
    card = replace(
        candidate.scorecards["blend"],
        calibration_slope=slope,
        calibration_slope_low=low,
        calibration_slope_high=high,
    )
    return replace(
        candidate,
        choice=replace(candidate.choice, name=name),
        scorecards={**candidate.scorecards, "blend": card},
    )


@pytest.mark.parametrize(
    ("slope", "low", "high", "passed"),
    [
        (1.0, 0.8, 1.2, True),
        (0.6, 0.4, 0.8, True),
        (0.3, 0.1, 0.49, False),
        (0.45, 0.3, 0.6, True),
        (2.5, 2.1, 2.9, False),
        (None, None, None, False),
    ],
)
def test_a_model_far_too_bold_or_too_timid_is_stopped(candidate, slope, low, high, passed):
    verdict = passes(with_slope(candidate, slope, low, high))

    assert verdict.passed == passed
    assert passed or "outside 0.5 to 2.0" in verdict.says


def test_the_base_rate_may_always_answer(candidate):
    assert passes(with_slope(candidate, None, None, None, name="base_rate")).passed
