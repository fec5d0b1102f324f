"""What does the service say of deals and customers on record, one by one and in lists?"""

from typing import TypedDict

from serving.client.answers.problems import Problem
from serving.client.answers.scores import CustomerScore, DealScore


class ScoreKept(TypedDict):
    """The score a deal had when it was last scored; `outdated` where something was told of it since."""

    probability: float | None
    low: float | None
    high: float | None
    expected_close_on: str | None
    expected_amount: float | None
    model_version: str | None
    as_of: str
    outdated: bool


class Page(TypedDict):
    """What goes with every page of a list: where the next begins, and how fresh it is."""

    next: str | None
    total: int
    data_as_of: str | None
    scored_as_of: str | None
    unscored: int
    stale: bool
    remark: str | None


class DealListed(TypedDict):
    """A deal in a list."""

    deal_id: str
    status: str
    record: dict[str, object]
    score: ScoreKept | None


class DealsListed(Page):
    """A page of deals, and how fresh it is."""

    deals: list[DealListed]


class ChurnKept(TypedDict):
    """The churn score a customer had when last scored; `outdated` where something was told of it since."""

    probability: float | None
    low: float | None
    high: float | None
    expected_orders: float | None
    value_at_risk: float | None
    model_version: str | None
    as_of: str
    outdated: bool


class CustomerListed(TypedDict):
    """A customer in a list."""

    customer_id: str
    active: bool
    record: dict[str, object]
    score: ChurnKept | None


class CustomersListed(Page):
    """A page of customers, and how fresh it is."""

    customers: list[CustomerListed]


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
