"""What does the service answer when it scores? Chances, reasons, and on what they stand."""

from typing import TypedDict

from serving.client.answers.problems import Problem


class ReasonSaid(TypedDict):
    """One part of the distance from the base rate."""

    feature: str
    value: float | str | None
    effect: float
    text: str


class Move(TypedDict):
    """A reason that a what-if changed."""

    feature: str
    value_before: float | str | None
    value_after: float | str | None
    change: float
    text: str


class Answered(TypedDict):
    """What goes with every score, or says why there is none."""

    reasons: list[ReasonSaid]
    moved: list[Move] | None
    note: str | None
    model_version: str
    rung: str
    data_as_of: str | None
    level_as_of: str
    scored_at: str
    stale: bool
    error: Problem | None


class Chance(TypedDict):
    """A probability and what goes with it."""

    probability: float | None
    low: float | None
    high: float | None
    win_by: dict[str, float]
    win_by_low: dict[str, float]
    win_by_high: dict[str, float]
    win_within_days: dict[str, float]
    expected_close_on: str | None
    expected_amount: float | None


class DealScore(Chance, Answered):
    """The answer for one deal. Where `error` is given, the fields about chances are null or empty."""

    deal_id: str | None
    before: Chance | None


class OfAll(TypedDict):
    """What is true of all answers of a request.

    More than 1,000 are asked in several calls. Then times are the earliest that was said, `stale` is true if one call
    said so, and what was not the same in all, as after a change of the model, is None: each score says its own.
    """

    model: str | None
    model_version: str | None
    rung: str | None
    feature_fingerprint: str | None
    currency: str | None
    as_of: str | None
    scored_at: str | None
    data_as_of: str | None
    level_as_of: str | None
    stale: bool


class DealScores(OfAll):
    """The answers, in the order of the request, and what is true of all of them."""

    scores: list[DealScore]
    base_rate: float | None


class Risk(TypedDict):
    """The chance that a customer leaves or falls silent, and what goes with it."""

    kind: str | None
    probability: float | None
    low: float | None
    high: float | None
    churn_by: dict[str, float]
    churn_within_days: dict[str, float]
    expected_orders: float | None
    value_at_risk: float | None


class CustomerScore(Risk, Answered):
    """The answer for one customer. Where `error` is given, the fields about chances are null or empty."""

    customer_id: str | None
    before: Risk | None


class CustomerScores(OfAll):
    """The answers, in the order of the request, and what is true of all of them."""

    scores: list[CustomerScore]
