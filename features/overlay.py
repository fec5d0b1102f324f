"""What if a deal were so? A record taken as if it had just been recorded, in a layer over the memory."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from features.contracts import ATTRIBUTE_PREFIX, TABLES, Kind
from features.deal_facts import DealFacts, told_of_deal
from features.deal_life import CHANGES, Facts, Life, State, Telling, day_of
from features.live_events import Event, Value
from features.live_streams import LiveStreams
from features.lookups import Rates, StagePlaces
from features.plain_rows import Row, fixed, plain_row, text_real
from features.row_events import Beside, events_of

Record = Mapping[str, object]
NOBODY = "\x1fnew"
"""The name of a deal that has none."""


class Overlay:
    """The streams as they would be had a record been told just before a moment.

    A record that changes a deal on record speaks in the deal's own currency and pipeline unless it names others.
    Any other record is a new deal. An amount in a currency without a rate is missing.
    """

    def __init__(
        self, under: LiveStreams, facts: DealFacts, record: Record, at: int, rates: Rates, places: StagePlaces
    ) -> None:
        self.streams = under.layer(at)
        self._facts = facts
        self._record = record
        self._at = at
        given = str(record.get("deal_id") or "")
        self.deal = given or NOBODY
        if given and facts.on_record(given):
            held = facts.of(given, rates, places)
            self._change(held, facts.state(under, given, held, at))
        else:
            self._create(rates, places)

    def _change(self, held: Facts, state: State) -> None:
        """What the record says otherwise than the deal on record, as known just now."""
        told = {c: self._record.get(c) for c in ("pipeline",) if self._record.get(c) is not None}
        first: Row = {**(held.first or {}), **{c: str(v) for c, v in told.items()}}
        facts = Facts(first, held.owners, held.rates, held.places, held.zone, held.amounts)
        tellings = [one for one in self._tellings(first, self._at - 1) if not self._stands(one, facts)]
        self._tell(Life(self.deal, self._at - 1, state, tellings, self._described(self._at - 1)), facts)

    def _create(self, rates: Rates, places: StagePlaces) -> None:
        """The record as a deal that began at its `created_at`, or just now."""
        just_now = self._at - 1
        born = min(_micros_of(self._record.get("created_at"), just_now), just_now)
        row = _row(self._record)
        row |= {"created_at": born, "deal_id": self.deal}
        facts = self._facts.of(self.deal, rates, places, row)
        keys = {**facts.owners, "deal": self.deal}
        if self._facts.rep_of_row:
            keys["rep"] = None if row.get("rep_id") is None else str(row["rep_id"])
        rows = [Event("creations", keys, born, born, self.deal), *self._described(born)]
        state = State()
        self._tell(Life(self.deal, born, state, self._tellings(row, born), rows, 1), facts)

    def _tell(self, life: Life, facts: Facts) -> None:
        events, _ = life.follows(facts)
        for event in events:
            self.streams.add(event)

    def _tellings(self, first: Row, at: int) -> list[Telling]:
        """The values of the fields whose changes are streams."""
        currency = self._record.get("currency", first.get("currency"))
        found = []
        for field in CHANGES:
            value = self._record.get(field)
            if value is None or field not in self._facts.from_row | self._facts.from_changes:
                continue
            if isinstance(value, datetime):
                value = value.date()
            found.append(Telling(field, at, str(value), None if currency is None else str(currency), of_row=True))
        return found

    def _stands(self, one: Telling, facts: Facts) -> bool:
        """Whether the deal has this value already: then nothing changed."""
        stream, column = CHANGES[one.field]
        held = told_of_deal(self.streams, stream, column, self.deal, self._at)
        if not held:
            return False
        said: Value = one.value
        if one.field == "amount":
            # At the rate of the day on which it was told: money that is worth more today is no new amount.
            rate, number = facts.rates.rate(one.currency, held[-1][0]), text_real(one.value)
            said = None if rate is None or number is None else fixed(number * rate)
        elif one.field == "expected_close_on":
            said = day_of(one.value, facts.zone)
        return said is not None and held[-1][2] == said

    def _described(self, at: int) -> list[Event]:
        """What the deal says of itself: as the record has it, else as it was last said."""
        if ("deals", "deal") not in self.streams.wanted:
            return []
        said: dict[str, Value] = {}
        for column in self.streams.index("deals", "deal").shape.stored:
            before = told_of_deal(self.streams, "deals", column, self.deal, self._at)
            said[column] = before[-1][2] if before else None  # type: ignore[assignment]
        row = _row(self._record)
        for column, value in row.items():
            found = TABLES["deals"].column(column)
            if found is not None and found.kind in (Kind.SHARE, Kind.NUMBER):
                said[column] = fixed(text_real(str(value)))
            else:
                said[column] = None if value is None else str(value)
            said[f"{column}:number"] = None if value is None else fixed(text_real(str(value)))
        return [Event("deals", {"deal": self.deal}, at, at, self.deal, said)]


def overlay_customer(under: LiveStreams, held: Row | None, record: Record, at: int, rates: Rates) -> LiveStreams:
    """The streams as they would be had a record of a customer been told just before a moment.

    `held` is the customer's row as last recorded. The record's fields are the customer's from then on; what it does
    not name stays as it is.
    """
    streams = under.layer(at)
    if "customers" in streams.by_stream:
        told = plain_row("customers", _typed_customer(record))
        row: Row = {**(held or {}), **told}
        for event in events_of("customers", row, at - 1, Beside(rates, streams.zone)):
            streams.add(event)
    return streams


def _typed_customer(record: Record) -> dict[str, object]:
    """A customer's fields in the contract's types; what is empty is missing."""
    attributes = record.get("attributes")
    extra = attributes if isinstance(attributes, Mapping) else {}
    fields = {c: v for c, v in record.items() if c not in ("attributes", "recorded_at")}
    fields |= {f"{ATTRIBUTE_PREFIX}{name}": value for name, value in extra.items()}
    found: dict[str, object] = {}
    for column, value in fields.items():
        contract = TABLES["customers"].column(column)
        if value == "":
            value = None
        elif contract is not None and contract.kind is Kind.MOMENT and isinstance(value, str):
            value = datetime.fromisoformat(value)
        found[column] = value
    return found


def _row(record: Record) -> Row:
    """A record's fields as texts, attributes by their columns; what is empty is missing."""
    attributes = record.get("attributes")
    extra = attributes if isinstance(attributes, Mapping) else {}
    fields = {c: v for c, v in record.items() if c not in ("attributes", "created_at", "deal_id")}
    fields |= {f"{ATTRIBUTE_PREFIX}{name}": value for name, value in extra.items()}
    return {column: None if value is None or value == "" else str(value) for column, value in fields.items()}


def _micros_of(value: object, otherwise: int) -> int:
    """A moment given as datetime or ISO text, in microseconds UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return otherwise
    if not isinstance(value, datetime):
        return otherwise
    if value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return int(np.datetime64(value, "us").astype(np.int64))
