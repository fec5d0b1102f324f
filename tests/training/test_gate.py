from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from training.candidate import Verdict
from training.gate import TOLERANCE, passes
from training.scorecard import Comparison

LIVE_UNTIL = datetime(2026, 6, 1)


@dataclass(frozen=True)
class Told:
    """A bundle of which only the version and the end of its learning matter."""

    until: datetime
    version: str = "4"


@dataclass(frozen=True)
class Tried:
    """A candidate whose comparison with the champion is given."""

    bundle: Told
    found: Comparison | None
    loss: float = 0.5
    calibrated: bool = True

    def calibration(self) -> Verdict:
        return Verdict(self.calibrated, "Its calibration slope is told.")

    def beside(self, champion: object) -> Comparison | None:
        return self.found

    def metrics(self) -> dict[str, float]:
        return {"log_loss": self.loss}


def tried(difference: float | None, half: float = 0.01, *, later: bool = True, calibrated: bool = True) -> Tried:
    until = datetime(2026, 7, 1) if later else LIVE_UNTIL
    found = None if difference is None else Comparison(difference, difference - half, difference + half, 300, 2000)
    return Tried(Told(until), found, calibrated=calibrated)


def judged(candidate: Tried, live: bool = True) -> Verdict:
    return passes(candidate, Told(LIVE_UNTIL) if live else None)  # type: ignore[arg-type]


def test_where_nothing_is_live_what_is_calibrated_goes_live():
    assert judged(tried(None), live=False).passed
    assert not judged(tried(None, calibrated=False), live=False).passed


def test_worse_beyond_noise_is_refused_with_the_figures_whatever_its_age():
    verdict = judged(tried(+0.03))

    assert not verdict.passed
    assert "worse than the live version 4 beyond noise" in verdict.says
    assert "+0.0300 [+0.0200, +0.0400]" in verdict.says
    assert "300 subjects" in verdict.says


@pytest.mark.parametrize("later", [True, False])
def test_better_beyond_noise_is_promoted_whatever_its_age(later):
    verdict = judged(tried(-0.03, later=later))

    assert verdict.passed
    assert "better than the live version 4" in verdict.says


def test_equal_within_noise_is_promoted_only_for_later_data_that_did_no_harm():
    allowed = TOLERANCE * 0.5

    assert judged(tried(0.0)).passed
    assert judged(tried(0.9 * allowed)).passed
    assert not judged(tried(1.1 * allowed)).passed
    refused = judged(tried(0.0, later=False))
    assert not refused.passed
    assert "learned from nothing later" in refused.says


def test_where_nothing_tells_the_two_apart_less_learned_is_refused():
    assert judged(tried(None)).passed
    assert judged(tried(None, later=False)).passed
    older = replace(tried(None), bundle=Told(datetime(2026, 1, 1)))
    verdict = judged(older)
    assert not verdict.passed
    assert "2026-06-01" in verdict.says
    assert "2026-01-01" in verdict.says


def test_far_off_calibration_is_refused_even_where_it_is_better():
    verdict = judged(tried(-0.03, calibrated=False))

    assert not verdict.passed
    assert "calibration" in verdict.says


def test_on_few_deals_a_tie_is_within_half_a_standard_error():
    half = 0.196  # a standard error of 0.1

    assert judged(tried(+0.049, half)).passed
    assert not judged(tried(+0.051, half)).passed
    assert "where 0.0500 would pass" in judged(tried(+0.051, half)).says
