"""What shows that a customer is active: a purchase not long ago, or a running contract."""

from features.definition import Feature
from features.needs import lacking
from features.stream import StreamSet
from features.verbs import Count, Difference, Verb

WITHIN_DAYS = 365.0


def signs_of_life(streams: StreamSet, within_days: float = WITHIN_DAYS) -> tuple[Feature, ...]:
    """Features of customers, columns of no table: who is active has one above zero.

    Empty where the history has neither orders nor contracts.
    """
    begun, over = (Count(stream, of="customer") for stream in ("subscriptions", "endings"))
    running: Verb = begun if "endings" not in streams.streams else Difference(begun, over)
    signs = (
        Feature("purchases", "", "", Count("purchases", within_days=within_days, of="customer"), "customer"),
        Feature("contracts", "", "", running, "customer"),
    )
    return tuple(feature for feature in signs if lacking(feature, streams) is None)
