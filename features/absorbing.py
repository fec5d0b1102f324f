"""How does a row that was just recorded get into the memory? At once, and as if the history had been read again.

Most rows (an activity, a deal, a change, an order, a ticket, a customer) say all that it takes. The few that change
what was known before are `features.reading_together`'s.
"""

from features.absorbing_deals import AbsorbingDeals, Entangled
from features.books import KEPT, NEVER, Book, Seen
from features.contracts import DELETED, TABLES
from features.deal_facts import DealFacts
from features.history import History
from features.kept_arrays import Fleeting, Group, Keep
from features.live_events import Event
from features.live_streams import LiveStreams
from features.looked_up_again import Touched
from features.lookups import read_places, read_rates
from features.merged import merged_customers
from features.owners import OF_CUSTOMER, parts_of
from features.pending import Pending
from features.plain_rows import Row, midnight
from features.row_events import Beside, described, events_of, gives_back
from features.stream import merges_on_record
from features.streams import FED
from features.untold_changes import changes_noticed, untold_fields
from features.whose import Whose

GROUP = "customer_id || chr(31) || coalesce(group_id, order_id)"
"""SQL of what names a purchase."""
RATE = "currency || chr(31) || (valid_on - DATE '1970-01-01')"
"""SQL of what names a rate."""
OWNED_BY = {"customers": "customer", "reps": "rep", "contacts": "contact"}
"""Tables that say something of an owner which other events are looked up in, and the owner."""
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
        self.groups = Seen(history, "orders", GROUP, keep) if "orders" in tables else None
        self._bought: dict[str, Event] = {}
        self.facts: DealFacts | None = None
        self.deals: AbsorbingDeals | None = None
        if "deals" in tables:
            self.facts = DealFacts(history, streams, streams.keys("deal"), keep)
            self.deals = AbsorbingDeals(history, self.facts, streams, keep)
        self.merges = "customers" in tables and merges_on_record(history)
        streams.merged = merged_customers(history, keep) if self.merges else {}
        self._rates_told = Seen(history, "fx_rates", RATE, keep) if "fx_rates" in tables else None
        self._said: set[str] = set()
        self.recent: list[Event] = []
        self.now = -(2**62)
        streams.told = self.pending.told
        untold = streams.untold()
        fed = {**FED, "deal_changes": FED["deals"]}
        self._untold = {table for table, found in fed.items() if not untold.isdisjoint(found)}
        self.whose = Whose(history, self.pending.told, streams.keys, keep)
        self._columns = {t: {*TABLES[t].names, *history.columns(t)} - {"recorded_at"} for t in tables}
        unsaid = keep.group("deals/unsaid", lambda: Group(plain=sorted(untold_fields(history))))
        self.touched = Touched(history, None if self.facts is None else self.facts.latest)
        self.unsaid: set[str] = set(unsaid.plain) if {"deals", "deal_changes"} <= tables else set()

    @property
    def bytes(self) -> int:
        """What the arrays beside the streams take."""
        books: list[Book | Seen] = [*self.books.values(), *self.seen.values()]
        books += [] if self.facts is None else [self.facts.latest, self.facts.first]
        return sum(book.bytes for book in books) + self.whose.bytes

    def columns(self, table: str) -> set[str] | None:
        """The columns of a table that are absorbed; None for a table that the history has not."""
        return self._columns.get(table)

    def take(self, table: str, row: Row, at: int) -> tuple[bool | None, list[Row]]:
        """Take a row in memory alone: whether it is news, None where that takes more than the memory.

        A row has plain values of the columns absorbed. Beside it stand the changes (of deal_changes) that the row
        shows and that take more than the memory.
        """
        told = dict(row)
        latest = self.facts.latest.row(str(row["deal_id"])) if table == "deals" and self.facts is not None else None
        taken = self._take(table, row, at)
        if taken:
            self.told(table, told, at, None if latest is None else latest[0])
        if table == "deal_changes":
            self.unsaid.discard(str(told["field"]))
        if not taken or table != "deals":
            return taken, []
        before, since = latest or (None, NEVER)
        noticed = changes_noticed(before, since, told, at, self.unsaid)
        return taken, [change for change in noticed if self._take("deal_changes", dict(change), at) is None]

    def told(self, table: str, row: Row, at: int, before: Row | None) -> None:
        """A row is news: whose records are, and up to when anything was told of whom, follow from it."""
        self.whose.tell(table, row, at, before)
        self.touched.tell(table, row, at)

    def _take(self, table: str, plain: Row, at: int) -> bool | None:
        if at > self.now:
            self.recent = [event for event in self.recent if event.known >= at]
            self.now = at
        if DELETED.name in plain or table in self._untold:
            return None
        self.pending.add(table, plain, at)
        whole: Row | None = None
        try:
            whole = self._simple(table, plain, at)
        except Entangled:
            return None
        finally:
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
        if table == "customers" and (self.merges or row.get("merged_into") is not None):
            raise Entangled
        if table in OWNED_BY and self.touched.after(OWNED_BY[table], key, at, self.now):
            raise Entangled
        if table == "orders":
            self._line(whole, at, again=held is not None)
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
        self.recent.append(event)

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
        found = [event for event in self.recent if event.known >= at and event.keys.get(owner) == key]
        if self.deals is not None:
            found += [event for event in self.deals.told_at(at) if event.keys.get(owner) == key]
        return [event for event in found if event.stream not in (table, "deals")]

    def _line(self, row: Row, at: int, *, again: bool) -> None:
        """An order line may be a purchase, or part of one."""
        if "purchases" not in self.streams.by_stream or gives_back(row):
            if again:
                raise Entangled
            return
        assert self.groups is not None
        bought = _bought(row)
        name = purchase_of(row)
        if again or self.groups.on_record(name):
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
        if rate is None or (last and last[-1] > since) or since > at or self._told_at(since, MONEY):
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
        events = [*self.recent, *(self.deals.told_at(since) if self.deals is not None else ())]
        return any(event.known >= since and event.stream in streams for event in events)


PLACED = ("stage_changes",)
MONEY = ("amount_changes", "outcomes", "openings", "orders", "subscriptions", "products")
"""Streams whose events take a rate as known when they were; those of endings take the one of their contract."""


def purchase_of(row: Row) -> str:
    """The purchase that an order line is part of, as GROUP names it."""
    return f"{row.get('customer_id')}\x1f{_bought(row)}"


def _bought(row: Row) -> str:
    return str(row["order_id"] if row.get("group_id") is None else row["group_id"])
