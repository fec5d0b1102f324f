"""Features of one deal or customer now, or of a thousand: the streams in memory, told what happens as it happens."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import numpy as np

from features.as_of import micros
from features.definition import Entity, Feature
from features.evaluate import Category, Values
from features.history import History
from features.memory_making import kept_of, read
from features.merged import same_customer
from features.now_on_record import customer_on_record, fields_at
from features.one_moment import Program, Shared, wanted_by
from features.overlay import NOBODY, Overlay, Record, overlay_customer
from features.plain_rows import Row, typed
from features.signs_of_life import signs_of_life
from features.span import last_recorded
from features.staff import Staff
from features.streams import open_streams
from features.told_memory import ToldRows
from features.values_at import One
from features.verbs import First, Latest

FAR = datetime(9999, 1, 1)
LATEST = micros(FAR)
BETWEEN = 250
"""Deals asked until what was looked at in the file is left to the system's cache."""
AT_ONCE = 64
"""Deals whose features are looked up before others may have their turn."""


class Memory(ToldRows):
    """The streams that some features need, in memory, for one history and what is told since.

    `data_as_of` is the latest moment before `not_after` at which anything was recorded (naive UTC). The features may
    be of deals and of customers. Raises NotInHistory where the history does not give one.

    Several threads may ask and tell at once: one lock is held for a row told and for AT_ONCE deals asked, so every
    answer sees each row wholly or not at all.
    """

    def __init__(self, history: History, features: tuple[Feature, ...], not_after: datetime = FAR) -> None:
        history = history.with_log(history.log)  # what is imported later comes row by row
        self.history = history
        self.features = features
        self._asked = 0
        self._kept = kept_of(history, features)
        data_as_of = last_recorded(history, not_after, self._kept)
        self._programs = {
            entity: Program([f for f in features if f.entity == entity], entity)
            for entity in dict.fromkeys(feature.entity for feature in features)
        }
        self._signs = Program(signs_of_life(open_streams(history)), "customer")
        super().__init__(history, *read(history, wanted_by(features), self._kept), self._kept, data_as_of)
        kinds = {stream: self._streams.streams.columns(stream) for stream in self._streams.by_stream}
        self._texts = {
            feature.name
            for feature in features
            if isinstance(feature.verb, Latest | First)
            and kinds[feature.verb.stream][feature.verb.column] == "category"
        }

    def has(self, deal_id: str) -> bool:
        """Whether the deal is on record at all."""
        facts = self._absorbing.facts
        with self._lock:
            return facts is not None and facts.on_record(deal_id)

    def is_open(self, deal_id: str, as_of: datetime) -> bool:
        """Whether the deal was on record and open just before a moment (naive UTC)."""
        if self._absorbing.facts is None:
            return False
        at = micros(as_of)
        with self._lock:
            lives = self._streams.index("creations", "deal").look(deal_id, at).count((), None)
            states = self._streams.index("states", "deal").look(deal_id, at)
            return lives > 0 and states.text("status", states.latest(())) in (None, "open")

    def has_customer(self, customer_id: str) -> bool:
        """Whether any row on record speaks of the customer."""
        with self._lock:
            return self._absorbing.whose.has_customer(customer_id)

    def is_active(self, customer_id: str, as_of: datetime) -> bool:
        """Whether the customer had a purchase in the 365 days before a moment (naive UTC), or a running contract.

        The same answer as `features.open_deals.active_customers`.
        """
        with self._lock:
            return any(value > 0 for value in self._signs.run(self._streams, customer_id, micros(as_of)))  # type: ignore[operator]

    def rep_of(self, deal_id: str) -> str | None:
        """The seller who was last named for a deal; None where none was, and for an unknown deal."""
        with self._lock:
            return self._absorbing.whose.rep_of(deal_id)

    def reps_of_customer(self, customer_id: str) -> frozenset[str]:
        """The sellers of the customer's open deals, of its latest deal and of its latest order.

        Of a customer who was merged into another, what is either's counts for both.
        """
        whose, found = self._absorbing.whose, set[str | None]()
        with self._lock:
            last: tuple[int, str] | None = None
            for customer in self._same_customer(customer_id):
                found.add(whose.rep_of_orders(customer))
                for deal in whose.deals_of(customer):
                    row = self._latest_deal(deal)
                    if row is None or row.get("customer_id") != customer:
                        continue
                    if self._stands_open(deal):
                        found.add(whose.rep_of(deal))
                    created = row.get("created_at")
                    last = max(last or (-(2**62), ""), (-(2**62) if created is None else int(created), deal))
            if last is not None:
                found.add(whose.rep_of(last[1]))
        return frozenset(rep for rep in found if rep is not None)

    def staff(self) -> Staff:
        """The sellers and their teams as last recorded."""
        with self._lock:
            return self._absorbing.whose.staff()

    def _same_customer(self, customer: str) -> set[str]:
        return same_customer(self._streams.merged, customer)

    def _latest_deal(self, deal: str) -> Row | None:
        facts = self._absorbing.facts
        found = None if facts is None or facts.latest.gone(deal) else facts.latest.row(deal)
        return None if found is None else found[0]

    def _stands_open(self, deal: str) -> bool:
        """Whether no closing of a deal was told yet."""
        states = self._streams.index("states", "deal").look(deal, LATEST)
        return states.text("status", states.latest(())) in (None, "open")

    def values(self, ids: Sequence[str], as_of: datetime, entity: Entity | None = None) -> dict[str, Values]:
        """The features of deals or customers on record, at a moment (naive UTC).

        `entity` says which, where the features are of both; else it is theirs.
        """
        program = self._programs[entity if entity is not None else next(iter(self._programs), "deal")]
        at, shared = micros(as_of), Shared()
        found: list[list[One]] = []
        for first in range(0, len(ids), AT_ONCE):
            with self._lock:
                self._leave(len(ids))
                # What others told meanwhile counts for the deals of the next turn and for all they share.
                shared.clear()
                for name in ids[first : first + AT_ONCE]:
                    found.append(program.run(self._streams, name, at, shared if len(ids) > 1 else None))
        return self._columns(program, found)

    def values_of_records(self, records: Sequence[Record], as_of: datetime) -> dict[str, Values]:
        """The features of deals as these records tell them, at a moment (naive UTC).

        A record has the contract's deal fields by name and `attributes`. With the `deal_id` of a deal on
        record its fields count as changed just now; any other record is a new deal, created at its
        `created_at` or just now.
        """
        absorbing, program = self._absorbing, self._programs["deal"]
        assert absorbing.facts is not None
        at = micros(as_of)
        found: list[list[One]] = []
        for record in records:
            with self._lock:
                told = Overlay(self._streams, absorbing.facts, record, at, absorbing.rates, absorbing.places)
                found.append(program.run(told.streams, told.deal, at))
        return self._columns(program, found)

    def record(self, deal_id: str, as_of: datetime = FAR) -> dict[str, object]:
        """The deal's fields as they stand just before a moment (naive UTC), changes told apart from its row among them.

        What was never given is left out; empty for a deal that is not on record then.
        """
        absorbing = self._absorbing
        if absorbing.facts is None:
            return {}
        with self._lock:
            found = fields_at(self._streams, absorbing.facts, absorbing.pending.told, deal_id, micros(as_of))
            seller = absorbing.whose.rep_of(deal_id)
        if found is None:
            return {}
        found.pop("rep_id", None)
        return found if seller is None else {**found, "rep_id": seller}

    def values_of_customers(self, records: Sequence[Record], as_of: datetime) -> dict[str, Values]:
        """The features of customers as these records tell them, at a moment (naive UTC): a what-if.

        A record has the contract's fields of customers by name, in its types, and `attributes`. Its `customer_id`
        names a customer on record, whose fields count as changed just now; any other is one of whom nothing else
        is known.
        """
        absorbing, program = self._absorbing, self._programs["customer"]
        book = absorbing.books.get("customers")
        at = micros(as_of)
        found: list[list[One]] = []
        for record in records:
            customer = str(record.get("customer_id") or NOBODY)
            with self._lock:
                held = None if book is None else book.row(customer)
                row = None if held is None else held[0]
                streams = overlay_customer(self._streams, row, {**record, "customer_id": customer}, at, absorbing.rates)
                found.append(program.run(streams, customer, at))
        return self._columns(program, found)

    def customer_record(self, customer_id: str) -> dict[str, object]:
        """The customer's fields as last recorded, those never given left out; empty where there is no row of it."""
        book = self._absorbing.books.get("customers")
        with self._lock:
            if book is not None and book.gone(customer_id):
                return customer_on_record(self._absorbing.pending.told(), customer_id)
            found = None if book is None else book.row(customer_id)
        return {} if found is None else {c: typed("customers", c, v) for c, v in found[0].items() if v is not None}

    @property
    def bytes(self) -> int:
        """What the arrays of the memory take."""
        return self._streams.bytes + self._absorbing.bytes

    def _leave(self, asked: int) -> None:
        """Now and then leave to the system's cache what was looked at in the file."""
        self._asked += min(asked, AT_ONCE)
        if self._asked > BETWEEN:
            self._asked = 0
            self._kept.let_go()

    def _columns(self, program: Program, rows: list[list[One]]) -> dict[str, Values]:
        texts = [feature.name in self._texts for feature in program.features]
        numbers = [[value for value, text in zip(row, texts, strict=True) if not text] for row in rows]
        columns = iter(np.array(numbers, np.float64).reshape(len(rows), texts.count(False)).T)
        return {
            feature.name: _category([row[place] for row in rows]) if text else next(columns)
            for place, (feature, text) in enumerate(zip(program.features, texts, strict=True))
        }


@lru_cache(10_000)
def _of_one(text: One) -> Category:
    """A text alone."""
    there = text is not None
    found = Category(np.array([0 if there else -1], np.int64), np.array([text] if there else [], object))
    found.codes.setflags(write=False)
    return found


def _category(texts: list[One]) -> Category:
    if len(texts) == 1:
        return _of_one(texts[0])
    levels = list(dict.fromkeys(text for text in texts if text is not None))
    places = {text: place for place, text in enumerate(levels)}
    codes = np.array([-1 if text is None else places[text] for text in texts], np.int64)
    return Category(codes, np.array(levels, object))
