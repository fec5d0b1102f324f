"""Past forecasts scored: better ones score better, and only beyond noise is something proven."""

import numpy as np
import pytest

from training.bookings.judged import Block, Judged
from training.bookings.rest import QUANTILES
from training.bookings.trial import OURS
from training.forecast.choice import choose, sure
from training.forecast.report import ranked, table_lines
from training.paired import Comparison


def judged(rival_off: float, moments: int = 9, ours_off: float = 0.0) -> Judged:
    random = np.random.default_rng(0)
    blocks = []
    came = 100 + 10 * random.standard_normal((2, moments + 2))
    for origin in range(moments):
        actual = came[:, origin : origin + 3]
        past = 100 + 10 * random.standard_normal((2, 24))
        for name, off in ((OURS, ours_off), ("trailing three months", rival_off)):
            from scipy.stats import norm

            mean = np.full((2, 3), 100.0 + off)
            quantiles = mean[None] + 10 * norm.ppf(QUANTILES)[:, None, None]
            blocks.append(Block(origin, "month", "company", name, actual, mean, quantiles, past, 12))
    return Judged("bookings", tuple(blocks))


def test_a_right_forecast_scores_what_its_spread_allows_and_covers() -> None:
    score = judged(0).score(OURS, ("month", "company"))

    assert score is not None
    # The CRPS of a right normal forecast is its standard deviation over the root of pi.
    assert score.scrps == pytest.approx(10 / np.sqrt(np.pi) / 100, rel=0.25)
    assert 0.65 <= score.coverage <= 0.95
    assert abs(score.bias) < 0.05


def test_ours_is_served_unless_a_rival_is_better_beyond_noise() -> None:
    assert choose(judged(30), ("trailing three months",)).name == OURS
    assert choose(judged(0.5, ours_off=0.7), ("trailing three months",)).name == OURS
    worse = choose(judged(0, ours_off=30), ("trailing three months",))
    assert (worse.name, worse.rung) == ("trailing three months", "rival")
    assert "beyond noise" in worse.says


def test_a_rival_that_cannot_be_served_is_not_and_two_moments_prove_nothing() -> None:
    assert choose(judged(0, ours_off=30), ()).name == OURS
    assert choose(judged(0, moments=2, ours_off=30), ("trailing three months",)).name == OURS


def test_what_is_not_known_yet_is_left_out() -> None:
    whole = judged(0)
    cut = []
    for block in whole.blocks:
        actual = block.actual.copy()
        actual[:, 1:] = np.nan
        cut.append(
            Block(block.origin, "month", "company", block.estimate, actual, block.mean, block.quantiles, block.past, 12)
        )

    score = Judged("bookings", tuple(cut)).score(OURS, ("month", "company"))

    assert score is not None
    assert (score.points, np.isfinite(score.scrps)) == (18, True)


def test_moments_that_sold_nothing_leave_the_noise_of_a_comparison_known() -> None:
    blocks = []
    for block in judged(3, moments=6).blocks:
        actual = block.actual if block.origin == 0 else np.zeros_like(block.actual)
        blocks.append(
            Block(block.origin, "month", "company", block.estimate, actual, block.mean, block.quantiles, block.past, 12)
        )

    found = Judged("bookings", tuple(blocks)).compare(OURS, "trailing three months")

    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.difference <= found.high


def test_why_a_better_rival_is_not_served_is_said() -> None:
    few = choose(judged(0, moments=2, ours_off=30), ("trailing three months",))
    assert "4 past periods are too few to prove it better" in few.says
    assert "it cannot be served" in choose(judged(0, ours_off=30), ()).says
    assert "it cannot be served" not in choose(judged(30), ()).says


def test_one_of_several_rivals_must_be_better_by_nearly_three_standard_errors() -> None:
    def found(errors: float) -> Comparison:
        return Comparison(errors, errors - 1.96, errors + 1.96, 20, 2000)

    assert not sure(found(2.5))
    assert sure(found(2.9))
    assert not sure(Comparison(2.9, 0.94, 4.86, 4, 2000))


def test_moments_that_look_at_the_same_months_are_not_a_proof_each() -> None:
    """Of two estimates that differ by the luck of single months alone, one is hardly ever proved better."""
    moments, horizon, called, beyond = 9, 6, 0, 0
    for seed in range(60):
        luck = np.random.default_rng(seed).normal(size=moments)
        blocks = []
        for origin in range(moments):
            actual = np.full((1, horizon), np.nan)
            actual[0, : moments - origin] = 100.0
            for name, side in ((OURS, 1.0), ("other", -1.0)):
                mean = np.full((1, horizon), 100.0)
                mean[0, : moments - origin] += 10 + side * luck[origin : origin + horizon]
                quantiles = np.repeat(mean[None], len(QUANTILES), axis=0)
                blocks.append(
                    Block(origin, "month", "company", name, actual, mean, quantiles, np.full((1, 12), 100.0), 12)
                )
        found = Judged("bookings", tuple(blocks)).compare(OURS, "other")
        assert found is not None
        assert found.deals == moments
        called += sure(found)
        beyond += found.verdict != "no different"

    assert called <= 1
    assert beyond <= 6  # of 60, at 95 %


def test_a_rival_that_is_better_below_the_company_only_is_not_served_and_why_is_said() -> None:
    company, parts = judged(30), judged(0, ours_off=60)
    below = [Block(b.origin, b.frequency, "rep", *list(vars(b).values())[3:]) for b in parts.blocks]

    choice = choose(Judged("bookings", (*company.blocks, *below)), ("trailing three months",))

    assert choice.name == OURS
    assert "better below the company" in choice.says


def test_what_cancels_out_leaves_nothing_to_be_scaled_by() -> None:
    blocks = [
        Block(b.origin, "month", "company", b.estimate, b.actual * 1e-16, b.mean, b.quantiles, b.past, 12)
        for b in judged(3).blocks
    ]
    score = Judged("orders", tuple(blocks)).score(OURS, ("month", "company"))

    assert score is not None
    assert np.isnan(score.scrps)


def test_estimates_are_ranked_by_the_levels_that_ours_answered_too() -> None:
    """A rival asked at an easy level only is not the best for it."""
    hard = judged(10, ours_off=5).blocks
    easy = [
        Block(
            b.origin,
            "month",
            "rep",
            OURS if b.estimate == OURS else "asked little",
            b.actual,
            b.mean,
            *list(vars(b).values())[6:],
        )
        for b in judged(3).blocks
    ]
    both = Judged("bookings", (*hard, *easy))

    assert ranked(both, OURS) == [OURS, "asked little", "trailing three months"]
    assert both.overall("asked little") < both.overall(OURS)
    lines = table_lines(both, OURS)
    assert next(line for line in lines if line.startswith("asked little"))[24:34].endswith("* ")
    assert lines[-1].startswith("* judged at fewer levels")
