"""Which events a feature may look at: each stream is a question to the history.

A stream's rows have `key_<owner>` columns, the moment they became known, when they happened, when they
were replaced, and values. Whatever a row says is computed only from rows known by then.
"""

from collections.abc import Callable

from features import customer_streams, deal_streams
from features.history import History
from features.stream import Stream, StreamSet


def open_streams(history: History) -> StreamSet:
    """The streams that this history's tables and columns can give."""
    present = set(history.tables())
    found: dict[str, Stream] = {}
    for stream, (tables, build) in STREAMS.items():
        if present >= set(tables) and (built := build(history)) is not None:
            found[stream] = built
    return StreamSet(history, found)


STREAMS: dict[str, tuple[tuple[str, ...], Callable[[History], Stream | None]]] = {
    "deals": (("deals",), deal_streams.deals),
    "creations": (("deals",), deal_streams.creations),
    "states": (("deals",), deal_streams.states),
    "outcomes": (("deals",), deal_streams.outcomes),
    "openings": (("deals",), deal_streams.openings),
    "stage_changes": (("deals",), deal_streams.stage_changes),
    "stage_stays": (("deals",), deal_streams.stage_stays),
    "amount_changes": (("deals",), deal_streams.amount_changes),
    "close_date_changes": (("deals",), deal_streams.close_date_changes),
    "owner_changes": (("deals",), deal_streams.owner_changes),
    "category_changes": (("deals",), deal_streams.category_changes),
    "activities": (("activities",), customer_streams.activities),
    "orders": (("orders",), customer_streams.orders),
    "purchases": (("orders",), customer_streams.purchases),
    "tickets": (("tickets",), customer_streams.tickets),
    "resolutions": (("tickets",), customer_streams.resolutions),
    "ratings": (("tickets",), customer_streams.ratings),
    "subscriptions": (("subscriptions",), customer_streams.subscriptions),
    "cancellations": (("subscriptions",), customer_streams.cancellations),
    "endings": (("subscriptions",), customer_streams.endings),
    "customers": (("customers",), customer_streams.customers),
    "contacts": (("contacts",), customer_streams.contacts),
    "products": (("products",), customer_streams.products),
    "reps": (("reps",), customer_streams.reps),
}

FED = {
    table: tuple(stream for stream, (tables, _) in STREAMS.items() if tables[0] == table)
    for table in dict.fromkeys(tables[0] for tables, _ in STREAMS.values())
}
"""The streams that a table's rows are events of; those of deals' changes are the deals'."""
