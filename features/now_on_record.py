"""How does a deal stand at a moment? Its row with what changes told apart from it, by what is in memory.

The same as `serving.cards.reading` finds in a history that has the same rows: of two values of a field the one that
happened last stands, whenever it was told.
"""

from collections.abc import Callable
from datetime import UTC, date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from features.deal_facts import DealFacts
from features.deal_life import CHANGES
from features.history import History
from features.kernel import MISSING
from features.live_streams import LiveStreams
from features.plain_rows import MIDNIGHT, Plain, naive, typed
from features.quoting import name
from features.stream_sql import change_events

OWNER = "rep_id"
CLOSES = "expected_close_on"


def fields_at(
    streams: LiveStreams, facts: DealFacts, told: Callable[[], History], deal: str, at: int
) -> dict[str, Any] | None:
    """The deal's fields before a moment (microseconds) but its seller, in the contract's types; None where it is not on
    record then. `told` is the history with all that came since it was read."""
    found = facts.latest.row(deal)
    if found is None or streams.index("creations", "deal").look(deal, at).count((), None) <= 0:
        return None
    row = {column: typed("deals", column, value) for column, value in found[0].items()}
    foreign = facts.foreign(found[0]) or facts.foreign((facts.first.row(deal) or found)[0])
    for field, (stream, column) in CHANGES.items():
        if field == OWNER or (stream, "deal") not in streams.wanted:
            continue
        if field == "amount" and foreign:
            value = _amount_written(told(), deal, at)
        elif field == CLOSES:
            value = _local_day(_latest(streams, stream, column, deal, at), streams.zone)
        else:
            value = typed("deals", field, _latest(streams, stream, column, deal, at))
        if value is not None:
            row[field] = value
    row |= _state(streams, deal, at, row)
    return {column: value for column, value in row.items() if value is not None}


def _state(streams: LiveStreams, deal: str, at: int, row: dict[str, Any]) -> dict[str, object]:
    """Whether it was open, won or lost, and since when it was decided."""
    look = streams.index("states", "deal").look(deal, at)
    last = look.latest(())
    status = look.text("status", last) or "open"
    if status == "open":
        return {"status": status, "closed_at": None}
    happened = look.happened(last)
    decided = None if happened == MISSING else MIDNIGHT + timedelta(microseconds=happened)
    return {"status": status, "closed_at": row.get("closed_at") or decided}


def _latest(streams: LiveStreams, stream: str, column: str, deal: str, at: int) -> Plain:
    look = streams.index(stream, "deal").look(deal, at)
    last = look.latest(())
    if look.is_text(column):
        return look.text(column, last)
    value = look.number(column, last)
    return None if value == MISSING else value


def _local_day(first_moment: Plain, zone: ZoneInfo) -> date | None:
    """The day whose first moment, in microseconds of UTC, this is in a time zone: changes of a day are kept so."""
    if first_moment is None:
        return None
    return naive(int(first_moment)).replace(tzinfo=UTC).astimezone(zone).date()


def _amount_written(history: History, deal: str, at: int) -> object:
    """An amount in another currency than the base, of which the memory keeps the value in the base alone."""
    events = change_events(history, "amount")
    if events is None:
        return None
    with history.connect() as con:
        found = con.execute(
            f"SELECT try_cast(arg_max(new_value, (happened, known)) AS DECIMAL(18,4)) FROM ({events}) "
            "WHERE deal_id = ? AND known < ?",
            [deal, at],
        ).fetchone()
    return None if found is None else found[0]


def customer_on_record(history: History, customer: str) -> dict[str, object]:
    """A customer's row by the history itself: for one of whom something was told out of turn. Empty for none."""
    columns = [column for column in history.columns("customers") if column != "recorded_at"]
    chosen = ", ".join(name(column) for column in columns)
    with history.connect() as con:
        sql = f"SELECT {chosen} FROM ({history.sql_latest('customers')}) WHERE customer_id = ?"
        found = con.execute(sql, [customer]).fetchone()
    row = {} if found is None else dict(zip(columns, found, strict=True))
    return {column: value for column, value in row.items() if value is not None}
