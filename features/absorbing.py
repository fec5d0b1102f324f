"""How does a row that was just recorded get into the memory? At once, and as if the history had been read again.

Most rows (an activity, a deal, a change, an order, a ticket, a customer) say all that it takes. The few that change
what was known before are answered by the streams' own SELECTs, over the rows of the deal or key concerned.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from features.absorbing_deals import AbsorbingDeals, Entangled, apply
from features.books import KEPT, NEVER, Book, Seen
from features.contracts import DELETED, TABLES
from features.deal_facts import DealFacts
from features.history import History
from features.kept_arrays import Fleeting, Group, Keep
from features.kernel import MISSING
from features.live_streams import Event, LiveStreams
from features.looked_up_again import Touched, look_up_again
from features.lookups import read_places, read_rates
from features.merged import merged_customers
from features.owners import OF_CUSTOMER, parts_of
from features.pending import Pending, events_on_record
from features.plain_rows import Row, midnight, moment, plain_row
from features.row_events import Beside, described, events_of, gives_back
from features.stream import merges_on_record
from features.streams import FED, open_streams
from features.untold_changes import changes_noticed, untold_fields
from features.whose import Whose

GROUP = "customer_id || chr(31) || coalesce(group_id, order_id)"
"""SQL of what names a purchase."""
RATE = "currency || chr(31) || (valid_on - DATE '1970-01-01')"
"""SQL of what names a rate."""
OWNED_BY = {"customers": "customer", "reps": "rep", "contacts": "contact"}
"""Tables that say something of an owner which other events are looked up in, and the owner."""
ENTERED = ("stages", "fx_rates")
"""Tables whose rows enter the events of others."""
LATEST = moment(datetime(9999, 1, 1))
AHEAD = ("cancellations", "endings", "resolutions", "ratings")
"""Streams whose events may be told before they become known."""


class Absorbing:
    """The rows told to a memory since its history was read."""

    def __init__(self, history: History, streams: LiveStreams, keep: Keep | None = None) -> None:
        keep = Fleeting() if keep is None else keep
        self.history = history
        self.streams = streams
        self.pending = Pending(history)
        self.rates = read_rates(history, keep)
        self.places = read_places(history, keep)
        tables = set(history.tables())
        shared = {"deals": "deal", "customers": "customer", "reps": "rep", "products": "product", "contacts": "contact"}
        self.books: dict[str, Book] = {}
        for table in KEPT:
            if table in tables and table != "deals":
                keys = streams.keys(shared.get(table, f"row of {table}"))
                self.books[table] = Book(history, table, keys, keep)
        self.seen: dict[str, Seen] = {
            table: Seen(history, table, keep=keep) for table in ("activities", "orders") if table in tables
        }
        self._groups = Seen(history, "orders", GROUP, keep) if "orders" in tables else None
        self._bought: dict[str, Event] = {}
        self.facts: DealFacts | None = None
        self.deals: AbsorbingDeals | None = None
        if "deals" in tables:
            self.facts = DealFacts(history, streams, streams.keys("deal"), keep)
            self.deals = AbsorbingDeals(history, self.facts, streams, keep)
        self._merges = "customers" in tables and merges_on_record(history)
        streams.merged = merged_customers(history, keep) if self._merges else {}
        self._rates_told = Seen(history, "fx_rates", RATE, keep) if "fx_rates" in tables else None
        self._said: set[str] = set()
        self._recent: list[Event] = []
        self._now = -(2**62)
        streams.told = self._told
        untold = streams.untold()
        fed = {**FED, "deal_changes": FED["deals"]}
        self._untold = {table for table, found in fed.items() if not untold.isdisjoint(found)}
        self.whose = Whose(history, self._told, streams.keys, keep)
        self._columns = {t: {*TABLES[t].names, *history.columns(t)} - {"recorded_at"} for t in tables}
        unsaid = keep.group("deals/unsaid", lambda: Group(plain=sorted(untold_fields(history))))
        self._touched = Touched(history, None if self.facts is None else self.facts.latest)
        self._unsaid: set[str] = set(unsaid.plain) if {"deals", "deal_changes"} <= tables else set()

    def _told(self) -> History:
        return self.pending.told()

    @property
    def bytes(self) -> int:
        """What the arrays beside the streams take."""
        books: list[Book | Seen] = [*self.books.values(), *self.seen.values()]
        books += [] if self.facts is None else [self.facts.latest, self.facts.first]
        return sum(book.bytes for book in books) + self.whose.bytes

    def absorb(self, table: str, row: Mapping[str, object], recorded_at: datetime) -> bool:
        """Take a row of the contract (typed values, naive UTC) on record since a moment; False if it is no news."""
        columns = self._columns.get(table)
        if columns is None:
            return False
        plain = plain_row(table, {c: v for c, v in row.items() if c in columns})
        at = moment(recorded_at)
        told = dict(plain)
        latest = self.facts.latest.row(str(plain["deal_id"])) if table == "deals" and self.facts is not None else None
        taken = self._absorb(table, plain, at)
        if taken:
            self.whose.tell(table, told, at, None if latest is None else latest[0])
            self._touched.tell(table, told, at)
        if table == "deal_changes":
            self._unsaid.discard(str(told["field"]))
        if taken and table == "deals" and DELETED.name not in told:
            before, since = latest or (None, NEVER)
            for change in changes_noticed(before, since, told, at, self._unsaid):
                self._absorb("deal_changes", change, at)
        return taken

    def _absorb(self, table: str, plain: Row, at: int) -> bool:
        if at > self._now:
            self._recent = [event for event in self._recent if event.known >= at]
            self._now = at
        if plain.pop(DELETED.name, None) is not None:
            return self._read(table, {**plain, DELETED.name: at}, at)
        if table in self._untold:
            return self._read(table, plain, at)
        self.pending.add(table, plain, at)
        try:
            whole = self._simple(table, plain, at)
        except Entangled:
            self.pending.amend(table, None)
            return self._read(table, plain, at)
        self.pending.amend(table, whole)
        return whole is not None

    def _simple(self, table: str, row: Row, at: int) -> Row | None:
        """Take a row in memory alone; the whole version, or None where nothing is new. Raises Entangled."""
        if table in ("deals", "deal_changes"):
            if self.deals is None or self.facts is None:
                raise Entangled
            self.deals.rates, self.deals.places = self.rates, self.places
            found = self.deals.deal(row, at) if table == "deals" else self.deals.change(row, at)
            if found is not None and table == "deals":
                self.facts.latest.write(str(row["deal_id"]), *found)
            return None if found is None else found[0]
        if table == "fx_rates":
            return self._rate(row, at)
        if table == "stages":
            return self._stage(row, at)
        if table not in FED:
            return row
        return self._version(table, row, at)

    def _version(self, table: str, row: Row, at: int) -> Row | None:
        """A version of a row whose events are its own."""
        key = str(row[TABLES[table].key[0]])
        book, seen = self.books.get(table), self.seen.get(table)
        held = book.row(key) if book is not None else seen.told.get(key) if seen is not None else None
        if held is None:
            if (seen is not None and seen.on_record(key)) or (book is not None and book.gone(key)):
                raise Entangled
            whole = row
        else:
            before, since = held
            if at < since or (book is not None and book.gone(key)):
                raise Entangled
            whole = {**before, **row}
            if all(whole[column] == before.get(column) for column in row):
                return None
        if table == "customers" and (self._merges or row.get("merged_into") is not None):
            raise Entangled
        if table == "orders":
            self._line(whole, at, again=held is not None)
        if table in OWNED_BY and self._touched.after(OWNED_BY[table], key, at, self._now):
            look_up_again(self.streams, OWNED_BY[table])
        moved = self._looked_up_in(table, key, at)
        for event in moved:
            self.streams.retire(event, event.known)
        beside = Beside(self.rates, self.streams.zone)
        if held is not None:
            for event in events_of(table, held[0], held[1], beside):
                if not described(table) or event.known >= at:
                    self.streams.retire(event, at)
        for event in events_of(table, whole, at, beside):
            self._add(event)
        for event in moved:
            self.streams.add(event)
        if book is not None:
            book.write(key, whole, at)
        elif seen is not None:
            seen.told[key] = (whole, at)
        return whole

    def _add(self, event: Event) -> None:
        self.streams.add(event)
        self._recent.append(event)

    def _looked_up_in(self, table: str, key: str, at: int) -> list[Event]:
        """Events known at a moment or later whose owners' kind is told anew: they belong to others now."""
        owner = OWNED_BY.get(table)
        if owner is None:
            return []
        columns = OF_CUSTOMER if owner == "customer" else ("team",) if owner == "rep" else ()
        for stream in AHEAD:
            for of in self.streams.by_stream.get(stream, ()):
                if any(part in columns for part in parts_of(of)):
                    self.streams.forget(stream, of)
        found = [event for event in self._recent if event.known >= at and event.keys.get(owner) == key]
        if self.deals is not None:
            found += [event for event in self.deals.told_at(at) if event.keys.get(owner) == key]
        return [event for event in found if event.stream not in (table, "deals")]

    def _line(self, row: Row, at: int, *, again: bool) -> None:
        """An order line may be a purchase, or part of one."""
        if "purchases" not in self.streams.by_stream or gives_back(row):
            if again:
                raise Entangled
            return
        assert self._groups is not None
        bought = str(row["order_id"] if row.get("group_id") is None else row["group_id"])
        name = f"{row['customer_id']}\x1f{bought}"
        if again or self._groups.on_record(name):
            raise Entangled
        happened = int(row["ordered_at"])  # type: ignore[arg-type]
        known = max(at, happened)
        event = Event("purchases", {"customer": str(row["customer_id"])}, known, happened, bought)
        before = self._bought.get(name)
        if before is not None and (before.known < known or before.happened <= happened):
            if before.known > known:
                raise Entangled
            return
        if before is not None:
            self.streams.retire(before, before.known)
        self._bought[name] = event
        self._add(event)

    def _rate(self, row: Row, at: int) -> Row:
        since = max(at, midnight(int(row["valid_on"]), self.streams.zone))  # type: ignore[arg-type]
        currency, rate = str(row["currency"]), row.get("rate")
        last = self.rates.over_time.get(currency, ((), ()))[0]
        if rate is None or (last and last[-1] > since) or since > at or self._told_at(since, _MONEY):
            raise Entangled
        told = f"{currency}\x1f{row['valid_on']}"
        if told in self._said or self._rates_told is None or self._rates_told.on_record(told):
            raise Entangled
        self._said.add(told)
        self.rates = self.rates.told(currency, int(row["valid_on"]), float(rate), since)  # type: ignore[arg-type]
        return row

    def _stage(self, row: Row, at: int) -> Row:
        known = (str(row["pipeline"]), str(row["stage"])) in self.places.stages
        if known or self._told_at(at, PLACED) or row.get("position") is None:
            raise Entangled
        self.places = self.places.told(str(row["pipeline"]), str(row["stage"]), int(row["position"]), at)  # type: ignore[arg-type]
        return row

    def _told_at(self, since: int, streams: tuple[str, ...]) -> bool:
        """Whether any event of these streams became known at a moment or later, of those that came."""
        events = [*self._recent, *(self.deals.told_at(since) if self.deals is not None else ())]
        return any(event.known >= since and event.stream in streams for event in events)

    def _read(self, table: str, row: Row, at: int) -> bool:
        """Take a row whose meaning takes more than the memory: ask the history, before and after it."""
        key = {c: row[c] for c in TABLES[table].key}
        standing = self.pending.standing(table, key, at)
        gone = row.get(DELETED.name) is not None
        if standing is not None:
            before, last, stands = standing
            whole = {**before, **row}
            if not stands if gone else stands and all(whole[column] == before.get(column) for column in row):
                return False
        elif gone:
            self._gone_before(table, row, at)
            return False
        else:
            before, whole, last = {}, row, self.pending.standing(table, key, LATEST) is None
        if table not in FED and table not in ("deal_changes", *ENTERED):
            self.pending.add(table, whole, at)
            return True
        if table in ENTERED:
            self.pending.add(table, whole, at)
            if standing is None:  # only what is told first counts
                self._reload_all(table)
            return True
        if table == "customers" and (self._merges or row.get("merged_into") is not None):
            self._reload_customers(whole, at)
            return True
        had = self._on_record(table, before, whole)
        self.pending.add(table, whole, at)
        has = self._on_record(table, before, whole)
        self._exchange(had, has)
        if table in OWNED_BY:
            look_up_again(self.streams, OWNED_BY[table])
        self._note(table, whole, at, has, first=standing is None, last=last, gone=gone)
        return True

    def _gone_before(self, table: str, row: Row, at: int) -> None:
        """A deletion came before its row: it is kept, and ends the row when that comes late."""
        self.pending.add(table, row, at)
        key = str(row[TABLES[table].key[0]])
        if table in self.seen:
            self.seen[table].forget(key)
        elif table in self.books:
            self.books[table].strike(key)
        elif table in ("deals", "deal_changes") and self.deals is not None:
            self.deals.read_again(key, at, odd=True)

    def _on_record(self, table: str, before: Row, row: Row) -> list[Event]:
        """The events of the rows that a row may change the meaning of; an order may move to another customer."""
        column = "customer_id" if table == "orders" else TABLES[table].key[0]
        names = {str(one[column]): None for one in (before, row) if one.get(column) is not None}
        return events_on_record(self.pending.told(), table, column, tuple(names), set(self.streams.by_stream))

    def _exchange(self, had: list[Event], has: list[Event]) -> None:
        """Put the events that are for those that were."""
        left, fresh = [], list(has)
        for event in had:
            if event in fresh:
                fresh.remove(event)
            else:
                left.append(event)
        for event in left:
            ended = next((e for e in fresh if replace(e, retired=event.retired) == event), None)
            if ended is not None and event.retired == MISSING:
                fresh.remove(ended)
                self.streams.retire(event, ended.retired)
            else:
                self.streams.retire(event, event.known)
        apply(self.streams, [], fresh)

    def _note(self, table: str, row: Row, at: int, has: list[Event], *, first: bool, last: bool, gone: bool) -> None:
        """Remember a row that was read with the help of the history."""
        if table in ("deals", "deal_changes"):
            assert self.deals is not None
            assert self.facts is not None
            deal = str(row["deal_id"])
            until = max([at, *(event.known for event in has), *(e.retired for e in has)])
            self.deals.read_again(deal, until, odd=gone or not last)
            if table == "deals" and not gone:
                if first:
                    self.facts.first.write(deal, row, at)
                if last:
                    self.facts.latest.write(deal, row, at)
            return
        key = str(row[TABLES[table].key[0]])
        if table in self.seen:
            self.seen[table].told.pop(key, None)
            self.seen[table].forget(key)
        elif last and not gone:
            self.books[table].write(key, row, at)
        else:
            self.books[table].strike(key)

    def _reload_all(self, table: str) -> None:
        """Read again every stream that a rate or a place enters."""
        told = self.pending.told()
        self.rates, self.places = read_rates(told), read_places(told)
        if self.deals is not None:
            self.deals.forget()
        for stream in PLACED if table == "stages" else (*_MONEY, "cancellations", "endings"):
            for of in self.streams.by_stream.get(stream, ()):
                self.streams.forget(stream, of)

    def _reload_customers(self, row: Row, at: int) -> None:
        """Read again every stream whose events count for a customer."""
        self.pending.add("customers", row, at)
        self.books["customers"].write(str(row["customer_id"]), row, at)
        self._merges = True
        if self.deals is not None:
            self.deals.forget()
        self.streams.streams = open_streams(self.pending.told())
        self.streams.merged = merged_customers(self.pending.told())
        for stream, of in self.streams.wanted:
            if stream == "deals" or any(part == "customer" or part in OF_CUSTOMER for part in parts_of(of)):
                self.streams.forget(stream, of)


PLACED = ("stage_changes",)
_MONEY = ("amount_changes", "outcomes", "openings", "orders", "subscriptions", "products")
"""Streams whose events take a rate as known when they were; those of endings take the one of their contract."""
