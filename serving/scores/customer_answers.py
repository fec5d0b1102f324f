"""What does the service answer about customers? The same stable shape as for deals."""

from datetime import date, datetime

from pydantic import Field

from serving.problems.documents import Problem
from serving.scores.answers import Answer, Move, ReasonSaid


class Risk(Answer):
    """The chance that a customer leaves or falls silent, and what goes with it."""

    kind: str | None
    """`orders`: no order within so many days; `contract`: the contract is left by then."""

    probability: float | None
    """Chance of it within the first horizon asked for."""

    low: float | None
    """Lower end of the 80 % interval."""

    high: float | None
    """Upper end of the 80 % interval."""

    churn_by: dict[date, float]
    """Chance of it by the end of each asked date, and within each asked horizon by the day it ends on."""

    churn_within_days: dict[str, float]
    """The same for the horizons alone, by their number of days: `{"30": 0.21}`."""

    expected_orders: float | None
    """Orders (or payments of the contract) expected within the longest horizon; null where nothing on record tells."""

    value_at_risk: float | None
    """Money expected to be lost within the longest horizon, in the base currency."""


class CustomerScore(Answer):
    """The answer for one customer. Where `error` is given, the fields about chances are null or empty."""

    customer_id: str | None
    """The customer asked about; null for features without an id."""

    kind: str | None = None
    """`orders`: no order within so many days; `contract`: the contract is left by then."""

    probability: float | None = None
    """Chance of it within the first horizon asked for."""

    low: float | None = None
    """Lower end of the 80 % interval."""

    high: float | None = None
    """Upper end of the 80 % interval."""

    churn_by: dict[date, float] = Field(default_factory=dict)
    """Chance of it by the end of each asked date, and within each asked horizon by the day it ends on."""

    churn_within_days: dict[str, float] = Field(default_factory=dict)
    """The same for the horizons alone, by their number of days: `{"30": 0.21}`."""

    expected_orders: float | None = None
    """Orders (or payments of the contract) expected within the longest horizon; null where nothing on record tells."""

    value_at_risk: float | None = None
    """Money expected to be lost within the longest horizon, in the base currency."""

    reasons: list[ReasonSaid] = Field(default_factory=list)
    """The strongest reasons first; together they add up to the distance from the base rate in log-odds."""

    before: Risk | None = None
    """Of a what-if: the answer without the changes. The fields above are the answer with them."""

    moved: list[Move] | None = None
    """Of a what-if: the reasons that changed most, the largest change first."""

    note: str | None = None
    """What else should be known: how old the level is, what the model never met, what was not given or not used."""

    model_version: str
    """The version that answered."""

    rung: str
    """What the answer stands on, from pooled rates to a full model."""

    data_as_of: datetime | None
    """The latest moment before `as_of` at which anything was recorded; null where no row says when."""

    level_as_of: datetime
    """Outcomes known before this moment have moved the model's level."""

    scored_at: datetime
    """When this was computed."""

    stale: bool
    """Whether the data is older than `stale_after`, of unknown age, or without events that were accepted already."""

    error: Problem | None = None
    """Why this customer has no answer; the others are not affected."""


class CustomerScores(Answer):
    """The answers, in the order of the request, and what is true of all of them."""

    scores: list[CustomerScore]
    """One for each customer asked."""

    model: str
    """Name of the model."""

    model_version: str
    """The version that answered."""

    rung: str
    """What the answers stand on, from pooled rates to a full model."""

    feature_fingerprint: str
    """Changes when the definition of any feature changes."""

    currency: str | None
    """The base currency of amounts."""

    as_of: datetime
    """The moment judged by."""

    scored_at: datetime
    """When this was computed."""

    data_as_of: datetime | None
    """The latest moment before `as_of` at which anything was recorded; null where no row says when."""

    level_as_of: datetime
    """Outcomes known before this moment have moved the model's level."""

    stale: bool
    """Whether the data is older than `stale_after`, of unknown age, or without events that were accepted already."""
