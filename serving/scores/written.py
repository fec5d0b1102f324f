"""How does an answer become JSON without building it twice? The shapes of `serving.scores.answers`, written by msgspec.

The same fields in the same order (a test holds both together); those of `answers` describe the API.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Raw, Struct
from msgspec.json import Encoder

from serving.champion import ReasonGiven

Numbers = Mapping[str, float]


class Source(Struct, frozen=True):
    """Where an answer comes from; the same for all of a request."""

    model_version: str
    rung: str
    data_as_of: str | None
    level_as_of: str
    scored_at: str
    stale: bool


class Move(Struct, frozen=True):
    """A reason that a what-if changed."""

    feature: str
    value_before: float | str | None
    value_after: float | str | None
    change: float
    text: str


class Chance(Struct, frozen=True):
    """Numbers of one deal."""

    probability: float | None
    low: float | None
    high: float | None
    win_by: Numbers
    win_by_low: Numbers
    win_by_high: Numbers
    win_within_days: Numbers
    expected_close_on: str | None
    expected_amount: float | None


class Risk(Struct, frozen=True):
    """Numbers of one customer."""

    kind: str | None
    probability: float | None
    low: float | None
    high: float | None
    churn_by: Numbers
    churn_within_days: Numbers
    expected_orders: float | None
    value_at_risk: float | None


class DealScore(Struct, frozen=True):
    """The answer for one deal."""

    deal_id: str | None
    probability: float | None
    low: float | None
    high: float | None
    win_by: Numbers
    win_by_low: Numbers
    win_by_high: Numbers
    win_within_days: Numbers
    expected_close_on: str | None
    expected_amount: float | None
    reasons: Sequence[ReasonGiven]
    before: Chance | None
    moved: Sequence[Move] | None
    note: str | None
    model_version: str
    rung: str
    data_as_of: str | None
    level_as_of: str
    scored_at: str
    stale: bool
    error: Mapping[str, Any] | None


class CustomerScore(Struct, frozen=True):
    """The answer for one customer."""

    customer_id: str | None
    kind: str | None
    probability: float | None
    low: float | None
    high: float | None
    churn_by: Numbers
    churn_within_days: Numbers
    expected_orders: float | None
    value_at_risk: float | None
    reasons: Sequence[ReasonGiven]
    before: Risk | None
    moved: Sequence[Move] | None
    note: str | None
    model_version: str
    rung: str
    data_as_of: str | None
    level_as_of: str
    scored_at: str
    stale: bool
    error: Mapping[str, Any] | None


class DealScores(Struct, frozen=True):
    """The answers, in the order of the request, and what is true of all of them."""

    scores: Raw
    model: str
    model_version: str
    rung: str
    feature_fingerprint: str
    base_rate: float | None
    currency: str | None
    as_of: str
    scored_at: str
    data_as_of: str | None
    level_as_of: str
    stale: bool


class CustomerScores(Struct, frozen=True):
    """The same of customers."""

    scores: Raw
    model: str
    model_version: str
    rung: str
    feature_fingerprint: str
    currency: str | None
    as_of: str
    scored_at: str
    data_as_of: str | None
    level_as_of: str
    stale: bool


def together(pieces: Sequence[bytes]) -> Raw:
    """Lists written piece by piece as one list."""
    return Raw(pieces[0] if len(pieces) == 1 else b"[" + b",".join(piece[1:-1] for piece in pieces) + b"]")


def _plain(value: object) -> object:
    """Numbers of NumPy as Python's."""
    item = getattr(value, "item", None)
    if item is None:
        raise NotImplementedError(f"an answer cannot hold {type(value).__name__}")
    return item()


WRITE = Encoder(enc_hook=_plain).encode
"""Any of the shapes above as JSON in UTF-8; what is no number becomes null."""
