"""What does the service answer? The JSON of docs/api.md with its types; days and times are ISO 8601 texts."""

from typing import Literal, NotRequired, TypedDict


class FieldProblem(TypedDict):
    """One field of the request that cannot be used."""

    field: str
    message: str


class Problem(TypedDict):
    """A problem document (RFC 9457): what went wrong and what to do about it."""

    type: str
    title: str
    status: int
    detail: str
    fix: str
    instance: NotRequired[str | None]
    errors: NotRequired[list[FieldProblem] | None]


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


class DealScore(TypedDict):
    """The answer for one deal. Where `error` is given, the fields about chances are null or empty."""

    deal_id: str | None
    probability: float | None
    low: float | None
    high: float | None
    win_by: dict[str, float]
    win_by_low: dict[str, float]
    win_by_high: dict[str, float]
    win_within_days: dict[str, float]
    expected_close_on: str | None
    expected_amount: float | None
    reasons: list[ReasonSaid]
    before: Chance | None
    moved: list[Move] | None
    note: str | None
    model_version: str
    rung: str
    data_as_of: str | None
    level_as_of: str
    scored_at: str
    stale: bool
    error: Problem | None


class DealScores(TypedDict):
    """The answers, in the order of the request, and what is true of all of them."""

    scores: list[DealScore]
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


class CustomerScore(TypedDict):
    """The answer for one customer. Where `error` is given, the fields about chances are null or empty."""

    customer_id: str | None
    kind: str | None
    probability: float | None
    low: float | None
    high: float | None
    churn_by: dict[str, float]
    churn_within_days: dict[str, float]
    expected_orders: float | None
    value_at_risk: float | None
    reasons: list[ReasonSaid]
    before: Risk | None
    moved: list[Move] | None
    note: str | None
    model_version: str
    rung: str
    data_as_of: str | None
    level_as_of: str
    scored_at: str
    stale: bool
    error: Problem | None


class CustomerScores(TypedDict):
    """The answers, in the order of the request, and what is true of all of them."""

    scores: list[CustomerScore]
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


class ScoreKept(TypedDict):
    """The score a deal had when all were last scored."""

    probability: float | None
    low: float | None
    high: float | None
    expected_close_on: str | None
    expected_amount: float | None
    model_version: str | None
    as_of: str


class DealListed(TypedDict):
    """A deal in a list."""

    deal_id: str
    status: str
    record: dict[str, object]
    score: ScoreKept | None


class DealsListed(TypedDict):
    """A page of deals, and how fresh it is."""

    deals: list[DealListed]
    next: str | None
    total: int
    data_as_of: str | None
    scored_as_of: str | None
    stale: bool


class ChurnKept(TypedDict):
    """The churn score a customer had when all were last scored."""

    probability: float | None
    low: float | None
    high: float | None
    expected_orders: float | None
    value_at_risk: float | None
    model_version: str | None
    as_of: str


class CustomerListed(TypedDict):
    """A customer in a list."""

    customer_id: str
    active: bool
    record: dict[str, object]
    score: ChurnKept | None


class CustomersListed(TypedDict):
    """A page of customers, and how fresh it is."""

    customers: list[CustomerListed]
    next: str | None
    total: int
    data_as_of: str | None
    scored_as_of: str | None
    stale: bool


class ScoreOnDay(TypedDict):
    """A score of an earlier day. A day on which it hardly moved has none."""

    as_of: str
    probability: float | None
    low: float | None
    high: float | None
    worth: float | None
    model_version: str | None


class DealOnRecord(TypedDict):
    """A deal as the history last described it."""

    deal_id: str
    open: bool
    record: dict[str, object]
    score: DealScore | None
    error: Problem | None
    scores: list[ScoreOnDay]


class CustomerOnRecord(TypedDict):
    """A customer as the history last described it."""

    customer_id: str
    active: bool
    record: dict[str, object]
    reps: list[str]
    score: CustomerScore | None
    error: Problem | None
    scores: list[ScoreOnDay]


class ModelServed(TypedDict):
    """A model that is live."""

    model: str
    version: str
    live: bool
    rung: str
    until: str
    feature_fingerprint: str
    features: int
    base_rate: float | None
    serves: str | None
    says: str | None
    closed_deals: int | None
    scorecard: dict[str, object]


class ModelsServed(TypedDict):
    """The models that are live."""

    models: list[ModelServed]


class Trouble(TypedDict):
    """Something that could not be loaded."""

    type: str
    detail: str
    fix: str


class Part(TypedDict):
    """How one part of the service stands."""

    part: str
    state: str
    detail: str


class Readiness(TypedDict):
    """Whether scores can be answered, and what stands in the way."""

    ready: bool
    model_version: str | None
    data_as_of: str | None
    troubles: list[Trouble]
    parts: list[Part]


class EventsAccepted(TypedDict):
    """What became of the events. They are on disk; nothing that happens to a process or a machine's power undoes it."""

    accepted: int
    repeated: int
    position: int
    seen: Literal["by the next score", "after the next folding"]
    seen_after_folding: list[str]
