"""When on its day does something close whose closing is written as a day alone, and what goes with it?

Exports often give the day of a closing without its time. That reads as 00:00, which is before or at the very beginning
of what began on the same day: such a deal would never have been open. It closes when its day ends instead. What is
written of it under the same bare day may well have come with the closing, so it counts from then too, or the first
look at the deal would see its end.
"""

from features.history import History
from features.quoting import name, text

SAME_DAY = (("deals", "closed_at", "created_at", "<="), ("tickets", "closed_at", "opened_at", "<"))
"""Table, closing, beginning, and how a closing at 00:00 stands to its beginning where it is moved to its day's end."""
LAST = 999_999
"""Microseconds of the last moment of a day beyond the full second."""


def at_the_end_of_its_day(table: str, columns: set[str], zone: str) -> str | None:
    """SQL of a typed row's columns (`* REPLACE ...`) with its closing moved; None where the table has no such pair."""
    for whose, closing, beginning, stands in SAME_DAY:
        if whose == table and {closing, beginning} <= columns:
            close, begun = _local(closing, zone), _local(beginning, zone)
            end = _utc(f"{_day(close)} + INTERVAL 1 DAY", zone)
            # The cheap question first: hardly a row comes to the second.
            moved = f"CASE WHEN {close} = {_day(begun)} THEN {end} - INTERVAL 1 MICROSECOND ELSE {closing} END"
            when = f"{closing} {stands} {beginning}"
            return f"* REPLACE (CASE WHEN {when} THEN {moved} ELSE {closing} END AS {name(closing)})"
    return None


def with_its_closing(history: History, rows: str) -> str:
    """SELECT of `rows` (deal_id, known, happened, ...), those under the bare day of their deal's closing moved to it.

    Only deals that were first told as closed on the day they began; what was recorded later stays as it is.
    """
    if not {"closed_at", "created_at"} <= set(history.columns("deals")):
        return rows
    zone = history.timezone or "UTC"
    day = _utc(_day(_local("closed_at", zone)), zone)
    next_day = _local("closed_at + INTERVAL 1 MICROSECOND", zone)
    days = (
        f"SELECT deal_id AS whose, epoch_us({day}) AS day, epoch_us(closed_at) AS closing "
        f"FROM ({history.sql_versions('deals')}) WHERE version = 0 AND epoch_us(closed_at) % 1000000 = {LAST} "
        f"AND created_at >= {day} AND {next_day} = {_day(next_day)}"
    )
    moved = "CASE WHEN e.known = d.day AND e.happened = d.day THEN d.closing ELSE e.{0} END AS {0}"
    return (
        f"SELECT e.* REPLACE ({moved.format('known')}, {moved.format('happened')}) "
        f"FROM ({rows}) e LEFT JOIN ({days}) d ON d.whose = e.deal_id"
    )


def _local(moment: str, zone: str) -> str:
    return f"timezone({text(zone)}, timezone('UTC', {moment}))"


def _day(local: str) -> str:
    return f"date_trunc('day', {local})"


def _utc(local: str, zone: str) -> str:
    return f"timezone('UTC', timezone({text(zone)}, {local}))"
