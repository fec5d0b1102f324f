"""What follows when something becomes known of a deal? Its events, and those of everyone whose deal it is.

All that became known of a deal at one moment is taken together: the same rules as the SELECTs of
`features.deal_streams`, for one deal and one moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from features.kernel import MISSING, SCALE
from features.live_events import Event, Value
from features.lookups import Rates, StagePlaces
from features.plain_rows import Row, fixed, midnight, text_real

CHANGES = {
    "stage": ("stage_changes", "stage"),
    "amount": ("amount_changes", "amount"),
    "expected_close_on": ("close_date_changes", "expected_close_on"),
    "rep_id": ("owner_changes", "rep_id"),
    "forecast_category": ("category_changes", "forecast_category"),
}
"""The fields of a deal whose changes are streams: the stream, and its column."""
Held = tuple[int, int, str] | None
"""A value of a field: when it happened, when it became known, the value. The greatest stands."""


class NotSimple(Exception):
    """What became known of a deal changes what was known before: its events have to be read from the history."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A value of a field, or a status, that became known of a deal.

    An amount is in `currency` where the deal's row told it (`of_row`), else in that of the row as first on record.
    """

    field: str
    happened: int
    value: str
    currency: str | None = None
    amount: str | None = None
    corrected: bool = False
    of_row: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """How a deal stood before a moment. `born` says whether it was on record, `stages` are all it was put in."""

    born: bool = False
    status: str = "open"
    rep: Held = None
    stage: Held = None
    amount: Held = None
    worth: tuple[int, int, str, int] | None = None
    stages: tuple[tuple[int, int, str], ...] = ()

    @property
    def opening(self) -> tuple[bool, str | None, int | None]:
        """Whether it was somebody's open deal, whose, and worth how much."""
        rep = None if self.rep is None else self.rep[2]
        return self.born and self.status == "open", rep, None if self.worth is None else self.worth[3]


@dataclass(frozen=True)
class Facts:
    """What a deal's events are read with.

    `first` is the deal's row as it was first on record (None for a deal without one), `owners` the names of whose
    it is by that row. `amounts` says which amount an outcome has: the one tracked, the one at the close, or none.
    """

    first: Row | None
    owners: Mapping[str, str | None]
    rates: Rates
    places: StagePlaces
    zone: ZoneInfo
    amounts: str | None = "tracked"


@dataclass
class Life:
    """A deal at a moment: how it stood before, what became known at the moment, and what follows."""

    deal: str
    known: int
    before: State
    told: list[Telling] = field(default_factory=list)
    rows: list[Event] = field(default_factory=list)
    """Events of the deal's own row: its beginning, what it says of itself."""
    births: int = 0

    def follows(self, facts: Facts) -> tuple[list[Event], State]:
        """The events of the moment, and how the deal stands after it. Raises NotSimple."""
        state = replace(self.before, born=self.before.born or self.births > 0)
        events = list(self.rows)
        currency = None if facts.first is None else _text(facts.first.get("currency"))
        statuses = []
        for one in self.told:
            if one.field == "status":
                statuses.append(one)
                continue
            if one.field == "amount" and facts.first is None:
                continue  # an amount says nothing before its currency is on record
            event, state = self._change(one, state, facts)
            events.append(event)
        kept = self._kept(statuses)
        if kept:
            if self.before.status != "open" or len(kept) > 1:
                raise NotSimple
            closing = kept[0]
            state = replace(state, status=closing.value)
            events.append(self._event("states", {"deal": self.deal}, closing, {"status": closing.value}))
            if facts.first is not None:
                events.append(self._outcome(closing, state, facts, currency))
            events += self._stays(closing, state)
        if facts.first is not None:
            events += self._openings(state, facts)
        return events, state

    def _change(self, one: Telling, state: State, facts: Facts) -> tuple[Event, State]:
        stream, column = CHANGES[one.field]
        held = (one.happened, self.known, one.value)
        values: dict[str, Value] = {column: one.value}
        if one.field == "stage":
            pipeline = None if facts.first is None else _text(facts.first.get("pipeline"))
            place = facts.places.place(pipeline, one.value, self.known)
            values["position"] = None if place == MISSING else place
            stages = tuple(sorted((*state.stages, (self.known, one.happened, one.value))))
            state = replace(state, stages=stages, stage=_later(state.stage, held))
        elif one.field == "amount":
            own = None if facts.first is None else _text(facts.first.get("currency"))
            rate = facts.rates.rate(one.currency if one.of_row else own, self.known)
            number = text_real(one.value)
            base = None if rate is None or number is None else fixed(number * rate)
            values["amount"] = base
            state = replace(state, amount=_later(state.amount, held))
            if base is not None:
                worth = (one.happened, self.known, str(base), base)
                state = replace(state, worth=worth if state.worth is None else max(state.worth, worth))
        elif one.field == "rep_id":
            state = replace(state, rep=_later(state.rep, held))
        elif one.field == "expected_close_on":
            values[column] = day_of(one.value, facts.zone)
        return self._event(stream, {"deal": self.deal}, one, values), state

    def _event(self, stream: str, keys: Mapping[str, str | None], one: Telling, values: dict[str, Value]) -> Event:
        happened, tie = one.happened, one.value
        if stream == "states":  # what was learned last stands, whatever day it speaks of
            return Event(stream, keys, self.known, self.known, (happened, tie), values)
        return Event(stream, keys, self.known, happened, tie, values)

    def _kept(self, statuses: list[Telling]) -> list[Telling]:
        """The statuses that say something new."""
        kept: list[Telling] = []
        status = self.before.status
        for one in sorted(statuses, key=lambda s: (s.happened, s.value, s.amount is None, s.amount or "")):
            if one.value != status or one.corrected:
                kept.append(one)
            status = one.value
        return kept

    def _outcome(self, closing: Telling, state: State, facts: Facts, currency: str | None) -> Event:
        assert facts.first is not None
        keys = {**facts.owners, "deal": self.deal}
        keys["rep"] = None if state.rep is None else state.rep[2]
        keys["stage"] = None if state.stage is None else state.stage[2]
        created = facts.first.get("created_at")
        cycle = None if created is None else fixed((closing.happened - int(created)) / 86400e6)
        values: dict[str, Value] = {
            "won": SCALE if closing.value == "won" else 0,
            "outcome": closing.value,
            "cycle_days": cycle,
        }
        if facts.amounts is not None:
            if facts.amounts == "tracked":
                amount = None if state.amount is None else state.amount[2]
            else:
                amount, currency = closing.amount, closing.currency
            rate = facts.rates.rate(currency, self.known)
            number = None if amount is None else text_real(amount)
            values["amount"] = None if rate is None or number is None else fixed(number * rate)
        return Event("outcomes", keys, self.known, closing.happened, self.deal, values)

    def _stays(self, closing: Telling, state: State) -> list[Event]:
        entered = [(happened, stage) for _, happened, stage in state.stages if happened < closing.happened]
        if not entered:
            return []
        gone = [happened for happened, _ in entered[1:]] + [closing.happened]
        won = SCALE if closing.value == "won" else 0
        found = []
        for (since, stage), until in zip(entered, gone, strict=True):
            days = fixed(max(until - since, 0) / 86400e6)
            values: dict[str, Value] = {"outcome": closing.value, "won": won, "days": days}
            found.append(Event("stage_stays", {"stage": stage}, self.known, closing.happened, self.deal, values))
        return found

    def _openings(self, state: State, facts: Facts) -> list[Event]:
        before, now = self.before.opening, state.opening
        if before == now or (not before[0] and not now[0]):
            return []
        assert facts.first is not None
        born = facts.first.get("created_at")
        found = []
        for sign, (is_open, rep, worth) in ((-1, before), (1, now)):
            if is_open:
                keys = {**facts.owners, "deal": self.deal, "rep": rep}
                values: dict[str, Value] = {
                    "delta": sign * SCALE,
                    "worth": None if worth is None else sign * worth,
                    "born": None if born is None else int(born),
                }
                found.append(Event("openings", keys, self.known, self.known, self.deal, values))
        return found


def _later(one: Held, other: tuple[int, int, str]) -> Held:
    return other if one is None or other >= one else one


def day_of(text: str, zone: ZoneInfo) -> int | None:
    """The first moment of the day a text begins with, as DuckDB casts it; None for no day."""
    from features.plain_rows import EPOCH, text_day

    day = text_day(text[:10])
    return None if day is None else midnight((day - EPOCH).days, zone)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
