"""What does a new row of deals or of their changes add to the events in memory?

News of a deal that comes in the order in which it was recorded is taken in memory alone. What changes the past of a
deal (a row recorded before others, a deal opened again or deleted, a closing in the future) is Entangled.
"""

from typing import TYPE_CHECKING

from features.books import Seen
from features.deal_facts import DealFacts, text_of_field
from features.deal_life import CHANGES, Life, NotSimple, State, Telling
from features.kept_arrays import Group, Keep
from features.live_events import Event
from features.live_streams import LiveStreams
from features.lookups import Rates, StagePlaces
from features.plain_rows import Row, fixed, is_attribute, real

if TYPE_CHECKING:
    from features.history import History

STATUSES = ("open", "won", "lost")
CHANGE_KEY = "deal_id || chr(31) || field || chr(31) || epoch_us(changed_at)"
"""SQL of what names a change."""


class Entangled(Exception):
    """What a row means depends on more than is in memory: the history has to be read for it."""


class AbsorbingDeals:
    """Takes rows of deals and of their changes."""

    def __init__(self, history: "History", facts: DealFacts, streams: LiveStreams, keep: Keep) -> None:
        self.facts = facts
        self.streams = streams
        self.rates: Rates
        self.places: StagePlaces
        self._lives: dict[str, tuple[Life, list[Event], State]] = {}
        self._changes = Seen(history, "deal_changes", CHANGE_KEY, keep) if "deal_changes" in history.tables() else None
        self._said: dict[str, tuple[str, int]] = {}
        self._until: dict[str, int] = {}
        self._latest: set[str] = set()
        self._now = -(2**62)
        odd = keep.group("deals/deleted", lambda: Group(plain=sorted(self._ever_deleted(history))))
        self._odd: set[str] = set(odd.plain)

    @staticmethod
    def _ever_deleted(history: "History") -> set[str]:
        from features.version_sql import sql_told

        with history.connect() as con:
            found = con.execute(f"SELECT DISTINCT deal_id FROM ({sql_told(history, 'deals')}) WHERE gone").fetchall()
        return {deal for (deal,) in found}

    def deal(self, row: Row, at: int) -> tuple[Row, int] | None:
        """A row of deals on record since a moment: the whole version; None where nothing is new. Raises Entangled."""
        deal = str(row["deal_id"])
        held = self.facts.latest.row(deal)
        if deal in self._odd:
            raise Entangled
        created = row.get("created_at") if held is None or "created_at" in row else held[0].get("created_at")
        if created is None or int(created) > at:
            raise Entangled
        if held is None:
            self._first_told(deal, row, at)
            return row, at
        before, since = held
        if at < since:
            raise Entangled
        whole = {**before, **row}
        if all(whole[column] == before.get(column) for column in row):
            return None
        if at == since:
            raise Entangled  # it stands for the other row of that moment, which counts for nothing
        self._told_again(deal, before, whole, at)
        return whole, at

    def _first_told(self, deal: str, row: Row, at: int) -> None:
        if not self._begins(deal, at):
            raise Entangled  # its changes came before its row
        told = [self._telling(field, row, at) for field in self.facts.from_row if row.get(field) is not None]
        closed = row.get("closed_at")
        if row["status"] != "open" and closed is not None:
            if int(closed) > at:
                raise Entangled
            told.append(self._closing(row, int(closed), corrected=False))
        keys = {**self.facts.owners(row), "deal": deal}
        if self.facts.rep_of_row:
            keys["rep"] = None if row.get("rep_id") is None else str(row["rep_id"])
        born = Event("creations", keys, at, int(row["created_at"]), deal)  # type: ignore[arg-type]
        self._process(deal, at, told, [born, self._described(deal, row, at)], 1, row)
        self.facts.first.write(deal, row, at)

    def _told_again(self, deal: str, before: Row, whole: Row, at: int) -> None:
        was, closed = before["status"], whole.get("closed_at")
        was_closed_at = before.get("closed_at")
        if was != "open" and was_closed_at is not None and int(was_closed_at) >= at:
            raise Entangled  # the closing that was foretold is no more
        told = []
        for field in self.facts.from_row:
            news = ("amount", "currency") if field == "amount" else (field,)
            if whole.get(field) is None or all(whole.get(c) == before.get(c) for c in news):
                continue
            if before.get(field) is None:
                raise Entangled  # the value before may be that of an older version
            told.append(self._telling(field, whole, at))
        was_closed = was != "open"
        if whole["status"] != "open" and (closed is not None or was_closed):
            happened = at if closed is None else int(closed)
            if happened > at:
                raise Entangled
            otherwise = closed != was_closed_at or (self.facts.at_close and whole.get("amount") != before.get("amount"))
            corrected = was_closed and was == whole["status"] and otherwise
            told.append(self._closing(whole, happened, corrected=corrected))
        elif was_closed and whole["status"] == "open":
            told.append(Telling("status", at, "open"))
        self._process(deal, at, told, [self._described(deal, whole, at)], 0, None)

    def _telling(self, field: str, row: Row, at: int) -> Telling:
        value = text_of_field(field, row[field])
        assert value is not None
        currency = row.get("currency")
        return Telling(field, at, value, None if currency is None else str(currency), of_row=True)

    def _closing(self, row: Row, happened: int, *, corrected: bool) -> Telling:
        currency = row.get("currency")
        amount = text_of_field("amount", row.get("amount"))
        return Telling(
            "status", happened, str(row["status"]), None if currency is None else str(currency), amount, corrected
        )

    def _described(self, deal: str, row: Row, at: int) -> Event:
        texts = ("customer_id", "product_id", "pipeline", "source", "type", "currency")
        values = {c: None if row.get(c) is None else str(row[c]) for c in texts}
        found: dict[str, int | str | None] = dict(values)
        found["crm_probability"] = fixed(real("deals", "crm_probability", row.get("crm_probability")))
        for column, value in row.items():
            if is_attribute(column):
                found[column] = None if value is None else str(value)
                found[f"{column}:number"] = fixed(real("deals", column, value))
        return Event("deals", {"deal": deal}, at, at, deal, found)

    def change(self, row: Row, at: int) -> tuple[Row, int] | None:
        """A row of deal_changes on record since a moment. Raises Entangled."""
        deal, field, changed = str(row["deal_id"]), str(row["field"]), row["changed_at"]
        value = row.get("new_value")
        key = f"{deal}\x1f{field}\x1f{changed}"
        if changed is None or value is None or int(changed) > at:
            raise Entangled
        said = self._said.get(key)
        if said is not None and said[0] == value:
            return None
        if (said is not None and said[1] >= at) or (self._changes is not None and self._changes.on_record(key)):
            raise Entangled
        known = field in self.facts.from_changes or field == "status"
        value = str(value)
        if field == "status":
            value = value.lower()
            known = value in STATUSES
        if known:
            if deal in self._odd or not (self.facts.on_record(deal) or self._begins(deal, at)):
                raise Entangled
            self._process(deal, at, [Telling(field, int(changed), value)], [], 0, None)
        self._said[key] = (str(row["new_value"]), at)
        return row, at

    def _begins(self, deal: str, at: int) -> bool:
        """Whether nothing was told of a deal before a moment."""
        held = self._lives.get(deal)
        if held is not None:
            return held[0].known == at and held[0].before == State()
        return self._told_until(deal) is None

    def _told_until(self, deal: str) -> int | None:
        """The latest moment of which anything was told of a deal; None for an unknown one."""
        if deal in self._until:
            return self._until[deal]
        found = self.facts.told_until(deal)
        return None if found < -(2**61) and not self.facts.on_record(deal) else found

    def _process(
        self, deal: str, at: int, told: list[Telling], rows: list[Event], births: int, first: Row | None
    ) -> None:
        """Take what became known at a moment together with what became known of the deal at the same moment before."""
        facts = self.facts.of(deal, self.rates, self.places, first)
        held = self._lives.get(deal)
        if held is not None and held[0].known == at:
            life, had, _ = held
            life = Life(deal, at, life.before, [*life.told, *told], [*life.rows, *rows], life.births + births)
        else:
            until = self._told_until(deal)
            if until is not None and until >= at:
                raise Entangled
            before = held[2] if held is not None else self.facts.state(self.streams, deal, facts)
            life, had = Life(deal, at, before, told, rows, births), []
        try:
            events, after = life.follows(facts)
        except NotSimple as entangled:
            raise Entangled from entangled
        apply(self.streams, had, events)
        if at > self._now:
            self._latest.clear()
            self._now = at
        self._latest.add(deal)
        self._lives[deal] = (life, events, after)
        self._until[deal] = at

    def forget(self) -> None:
        """What all events were told with is another now: how deals stand is asked of the events in memory."""
        self._lives.clear()
        self._latest.clear()

    def read_again(self, deal: str, until: int, *, odd: bool) -> None:
        """The deal's events were read from the history; what was held of it counts no more."""
        self._lives.pop(deal, None)
        self._until[deal] = max(until, self._until.get(deal, until))
        first = self.facts.first.row(deal)
        if odd or self.facts.foreign(None if first is None else first[0]):
            self._odd.add(deal)

    def told_at(self, since: int) -> list[Event]:
        """The events that became known at a moment or later, of deals of which nothing was told after."""
        lives = (self._lives.get(deal) for deal in self._latest)
        return [event for held in lives if held is not None for event in held[1] if event.known >= since]


def apply(streams: LiveStreams, had: list[Event], events: list[Event]) -> None:
    """Take back the events that are no more, and add those that are new."""
    fresh = list(events)
    for event in had:
        if event in fresh:
            fresh.remove(event)
        else:
            streams.retire(event, event.known)
    for event in fresh:
        streams.add(event)


__all__ = ["CHANGES", "AbsorbingDeals", "Entangled", "apply"]
