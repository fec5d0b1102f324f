"""What do lists of deals and customers answer? Absent facts are null, not missing."""

from datetime import date, datetime

from serving.scores.answers import Answer


class ScoreKept(Answer):
    """The score a deal had when all were last scored."""

    probability: float | None
    """Chance that the deal is won, ever."""

    low: float | None
    """Lower end of the 80 % interval."""

    high: float | None
    """Upper end of the 80 % interval."""

    expected_close_on: date | None
    """When it is expected to be decided."""

    expected_amount: float | None
    """The amount expected if won, in the base currency."""

    model_version: str | None
    """The version that scored it."""

    as_of: datetime
    """The moment it was scored for."""

    outdated: bool
    """Whether something was told of the deal since, that this score does not know yet."""


class DealListed(Answer):
    """A deal in a list."""

    deal_id: str
    """The deal."""

    status: str
    """open, won or lost."""

    record: dict[str, object]
    """Its latest fields by the contract's names; times are UTC, money is in the deal's own currency."""

    score: ScoreKept | None
    """Its latest score; null for a deal that is closed or was not scored yet."""


class DealsListed(Answer):
    """A page of deals, and how fresh it is."""

    deals: list[DealListed]
    """The deals of this page, in the order asked for."""

    next: str | None
    """Send it as `cursor` for the next page; null on the last."""

    total: int
    """How many deals the filters leave, on all pages."""

    data_as_of: datetime | None
    """Up to when imports and events are in this list."""

    scored_as_of: datetime | None
    """When all open deals were last scored; null where they never were."""

    unscored: int
    """How many of `total` wait to be scored anew, because something was told of them: the next list goes on."""

    stale: bool
    """Whether this is not all that is known: scores are older than the service's `stale_after` or wait to be made
    anew, or accepted events are not in the list. `remark` says which."""

    remark: str | None
    """What is not as it should be, in words; null where all is."""


class ChurnKept(Answer):
    """The churn score a customer had when all were last scored."""

    probability: float | None
    """Chance of churn within the first horizon (30 days)."""

    low: float | None
    """Lower end of the 80 % interval."""

    high: float | None
    """Upper end of the 80 % interval."""

    expected_orders: float | None
    """Orders expected within the longest horizon (90 days)."""

    value_at_risk: float | None
    """Money at risk within the longest horizon (90 days), in the base currency."""

    model_version: str | None
    """The version that scored it."""

    as_of: datetime
    """The moment it was scored for."""

    outdated: bool
    """Whether something was told of the customer since, that this score does not know yet."""


class CustomerListed(Answer):
    """A customer in a list."""

    customer_id: str
    """The customer."""

    active: bool
    """Whether it ordered in the last 365 days or has a running subscription."""

    record: dict[str, object]
    """Its latest fields by the contract's names."""

    score: ChurnKept | None
    """Its latest churn score; null for a customer that is not active or was not scored yet."""


class CustomersListed(Answer):
    """A page of customers, and how fresh it is."""

    customers: list[CustomerListed]
    """The customers of this page, in the order asked for."""

    next: str | None
    """Send it as `cursor` for the next page; null on the last."""

    total: int
    """How many customers the filters leave, on all pages."""

    data_as_of: datetime | None
    """Up to when imports and events are in this list."""

    scored_as_of: datetime | None
    """When all active customers were last scored; null where they never were."""

    unscored: int
    """How many of `total` wait to be scored anew, because something was told of them: the next list goes on."""

    stale: bool
    """Whether this is not all that is known: scores are older than the service's `stale_after` or wait to be made
    anew, or accepted events are not in the list. `remark` says which."""

    remark: str | None
    """What is not as it should be, in words; null where all is."""


class ScoreOnDay(Answer):
    """A score of an earlier day. A day on which it hardly moved has none."""

    as_of: datetime
    """The moment it was for."""

    probability: float | None
    """The chance as it was said then."""

    low: float | None
    """Lower end of the 80 % interval."""

    high: float | None
    """Upper end of the 80 % interval."""

    worth: float | None
    """Expected amount of a deal, value at risk of a customer, in the base currency."""

    model_version: str | None
    """The version that said it."""
