"""What must be known of a deal before something new is told of it? Its row, and how it stands by what is in memory."""

from bisect import bisect_left
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from features.arrow_columns import integers
from features.books import NEVER, Book
from features.contracts import Known
from features.deal_life import CHANGES, Facts, State
from features.history import History
from features.kept_arrays import Group, Keep
from features.live_index import FAR
from features.live_streams import LiveStreams
from features.lookups import Rates, StagePlaces
from features.names import Names
from features.owners import OF_DEAL
from features.packed import bisected
from features.plain_rows import Plain, Row, day_text, is_attribute, money_text
from features.stream_sql import change_events, known_since
from features.table_streams import usable

BY_DEAL: dict[str, frozenset[str]] = {
    "creations": frozenset(),
    "states": frozenset({"status"}),
    "stage_changes": frozenset({"stage", "position"}),
    "amount_changes": frozenset({"amount"}),
    "close_date_changes": frozenset({"expected_close_on"}),
    "owner_changes": frozenset({"rep_id"}),
    "category_changes": frozenset({"forecast_category"}),
}
"""Streams and columns of a deal's own that it takes to tell what follows from news of it."""


class DealFacts:
    """The deals of a history: rows, fields and how they are told, rates and places."""

    def __init__(self, history: History, streams: LiveStreams, keys: Names, keep: Keep) -> None:
        self.history = history
        self.streams = streams
        self.latest = Book(history, "deals", keys, keep)
        self.first = Book(history, "deals", keys, keep, first=True)
        alike = keep.group("deals/alike", lambda: Group(plain=self.first.alike(self.latest)))
        self.first.share(self.latest, alike.plain)
        known = {field: history.known("deals", field) for field in CHANGES}
        present = set(streams.streams.streams)
        told = {field for field, (stream, _) in CHANGES.items() if stream in present}
        self.from_row = frozenset(f for f in told if known[f] is Known.AT_CREATION and f in history.columns("deals"))
        self.from_changes = frozenset(f for f in told if known[f] in (Known.AT_CREATION, Known.TRACKED))
        self.at_close = history.known("deals", "amount") is Known.AT_CLOSE
        self.amounts = "tracked" if "amount" in told else "at_close" if self.at_close else None
        self.rep_of_row = bool(usable(history, "deals", "rep_id"))
        self._keys = keys
        self._told_until: NDArray[np.int64] = keep.group("deals/told", self._last_told).arrays["until"]
        none = Group({c: np.empty(0, np.int64) for c in ("deals", "happened", "known")}, {"values": []})
        foreign = keep.group("deals/foreign", self._foreign_amounts if "amount" in told else lambda: none)
        self._foreign = bisected(foreign.arrays["deals"])
        self._foreign_at = foreign.arrays["happened"], foreign.arrays["known"]
        self._foreign_values = foreign.texts["values"]

    def _last_told(self) -> Group:
        """By the deal's code: the latest moment of which the history tells anything of it."""
        parts = [
            f"SELECT deal_id, greatest({known_since('deals')}, epoch_us(closed_at)) AS told "
            f"FROM ({self.history.sql_versions('deals')})"
        ]
        if "deal_changes" in self.history.tables():
            changes = self.history.sql_versions("deal_changes")
            parts.append(f"SELECT deal_id, {known_since('deal_changes')} AS told FROM ({changes})")
        with self.history.connect() as con:
            sql = f"SELECT deal_id, coalesce(max(told), {NEVER}) AS told FROM ({' UNION ALL '.join(parts)}) GROUP BY 1"
            found = con.sql(sql).to_arrow_table()
        codes = np.array([self._keys.add(deal) for deal in found["deal_id"].to_pylist()], np.int64)
        until = np.full(len(self._keys), NEVER, np.int64)
        until[codes] = integers(found["told"])
        return Group({"until": until})

    def _foreign_amounts(self) -> Group:
        """The amounts as they were written of deals in other currencies than the base, by the deals' codes."""
        events = change_events(self.history, "amount")
        base = self.history.currency
        with self.history.connect() as con:
            rows = con.execute(
                f"WITH told AS ({events}) SELECT deal_id, happened, known, new_value FROM told "
                "WHERE deal_id IN (SELECT deal_id FROM told WHERE coalesce(currency, ?) <> ?)",
                [base, base],
            ).fetchall()
        told = sorted((self._keys.add(deal), happened, known, value) for deal, happened, known, value in rows)
        deals, happened, known = (np.array([one[place] for one in told], np.int64) for place in range(3))
        return Group({"deals": deals, "happened": happened, "known": known}, {"values": [one[3] for one in told]})

    def _foreign_of(self, deal: str) -> list[tuple[int, int, str]]:
        """When such amounts happened and became known, and what was written; none for a deal in the base currency."""
        code, (happened, known) = self._keys.code(deal), self._foreign_at
        rows = range(bisect_left(self._foreign, code), bisect_left(self._foreign, code + 1)) if code >= 0 else ()
        return [(int(happened[row]), int(known[row]), self._foreign_values[row]) for row in rows]

    def told_until(self, deal: str) -> int:
        """The latest moment of which the history as loaded tells anything of a deal."""
        code = self._keys.code(deal)
        return int(self._told_until[code]) if 0 <= code < len(self._told_until) else NEVER

    def on_record(self, deal: str) -> bool:
        """Whether the deal's own row is on record."""
        return self.latest.row(deal) is not None

    def of(self, deal: str, rates: Rates, places: StagePlaces, first: Row | None = None) -> Facts:
        """What a deal's events are read with; `first` is its row where that is new."""
        if first is None:
            found = self.first.row(deal)
            first = None if found is None else found[0]
        owners = {} if first is None else self.owners(first)
        return Facts(first, owners, rates, places, self.streams.zone, self.amounts)

    def owners(self, first: Row) -> Mapping[str, str | None]:
        """Whose a deal is by its row as it was first on record."""
        owners = {"customer": _text(first.get("customer_id")), "product": _text(first.get("product_id"))}
        owners |= {key: _text(first.get(key)) for key in OF_DEAL}
        owners |= {column: _text(value) for column, value in first.items() if is_attribute(column)}
        return owners

    def state(self, streams: LiveStreams, deal: str, facts: Facts, before: int = FAR) -> State:
        """How a deal stood before a moment, by its events in memory. Raises KeyError where that cannot be told."""
        born = bool(told_of_deal(streams, "creations", None, deal, before)) if facts.first is not None else False
        statuses = told_of_deal(streams, "states", "status", deal, before)
        status = statuses[-1][2] if statuses else "open"
        reps = told_of_deal(streams, "owner_changes", "rep_id", deal, before)
        stages = told_of_deal(streams, "stage_changes", "stage", deal, before)
        amounts = told_of_deal(streams, "amount_changes", "amount", deal, before)
        rep = max(((h, k, str(v)) for k, h, v in reps), default=None)
        stage = max(((h, k, str(v)) for k, h, v in stages), default=None)
        worth = max(((h, k, str(v), int(v)) for k, h, v in amounts if v is not None), default=None)
        amount = self._raw(deal, amounts, facts, before)
        return State(born, str(status), rep, stage, amount, worth, tuple((k, h, str(v)) for k, h, v in stages))

    def _raw(
        self, deal: str, amounts: list[tuple[int, int, Plain]], facts: Facts, before: int
    ) -> tuple[int, int, str] | None:
        foreign = self._foreign_of(deal)
        if foreign:
            return max((one for one in foreign if one[1] < before), default=None)
        # In the base currency the amount as kept says the same as the text that was written.
        found = None
        for known, happened, value in amounts:
            if found is None or (happened, known) >= found[:2]:
                found = (happened, known, "" if value is None else money_text(int(value)))
        return found

    def foreign(self, first: Row | None) -> bool:
        """Whether a deal is in another currency than the base."""
        currency = None if first is None else first.get("currency")
        return currency is not None and currency != self.history.currency


def told_of_deal(
    streams: LiveStreams, stream: str, column: str | None, deal: str, before: int
) -> list[tuple[int, int, Plain]]:
    """A deal's events of a stream known before a moment: known, happened, value."""
    if (stream, "deal") not in streams.wanted:
        return []
    return streams.index(stream, "deal").told(deal, column, before)


def text_of_field(field: str, value: Plain) -> str | None:
    """The value of a deal's field as DuckDB casts it to text."""
    if value is None:
        return None
    if field == "amount":
        return money_text(int(value))
    return day_text(int(value)) if field == "expected_close_on" else str(value)


def _text(value: Plain) -> str | None:
    return None if value is None else str(value)
