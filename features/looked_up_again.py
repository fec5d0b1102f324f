"""Which streams must be read again when a row that says something of an owner comes late?

Events carry what was known of their customer, seller or contact when they became known. A row that counts from an
earlier moment than events that came already changes what they carry.
"""

from datetime import datetime
from functools import cached_property

from features.books import Book
from features.contracts import TABLES, Kind
from features.history import History
from features.live_streams import LiveStreams
from features.owners import OF_CUSTOMER, parts_of
from features.plain_rows import Row, moment
from features.span import last_recorded
from features.verbs import Of

NEVER = -(2**62)
OWNERS = {"customer_id": "customer", "rep_id": "rep", "contact_id": "contact"}
MOMENTS = {table: [c.name for c in spec.columns if c.kind is Kind.MOMENT] for table, spec in TABLES.items()}


class Touched:
    """Up to when anything became known that carries something of an owner: by what rows name that were told, and
    of the history as it was read, which names everyone."""

    def __init__(self, history: History, deals: Book | None) -> None:
        self._history, self._deals = history, deals
        self._until: dict[tuple[str, str], int] = {}

    def tell(self, table: str, row: Row, at: int) -> None:
        """A row was told: it, and the deal it is of, name owners."""
        until = max([at, *(int(row[name]) for name in MOMENTS[table] if row.get(name) is not None)])  # type: ignore[arg-type]
        deal = row.get("deal_id")
        for column, owner in OWNERS.items():
            names = [row.get(column)]
            if deal is not None and self._deals is not None and column != "contact_id":
                names.append(self._deals.value(str(deal), column))
            for name in names:
                if name is not None and self._until.get((owner, str(name)), NEVER) < until:
                    self._until[owner, str(name)] = until

    def after(self, owner: str, name: str, at: int, now: int) -> bool:
        """Whether anything of an owner may have become known at a moment or later, before the latest one told."""
        return (at < now and at <= self._until.get((owner, name), NEVER)) or at <= self._read_until

    @cached_property
    def _read_until(self) -> int:
        until = last_recorded(self._history, datetime(9999, 1, 1))
        return NEVER if until is None else moment(until)


def looked_up_again(streams: LiveStreams, owner: str) -> list[tuple[str, Of]]:
    """The streams to be read again whose events carry something of an owner of this kind."""
    columns = OF_CUSTOMER if owner == "customer" else ("team",) if owner == "rep" else ()
    found = []
    for stream, of in streams.wanted:
        beside = streams.streams.streams[stream].beside
        if any(part in columns for part in parts_of(of)) or any(shared == owner for shared, *_ in beside.values()):
            found.append((stream, of))
    return found
