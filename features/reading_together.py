"""What do rows mean that change what was known before? Asked of the history, before and after them, for many at once.

A row that was recorded before others of its deal or key, one that takes back or deletes, a rate of an older day: the
streams' own SELECTs answer for them, over the rows of the deals and keys concerned. It takes some queries, however many
rows there are. Nobody need wait while they run: what they found is put in place afterwards, in one step.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from features.absorbing import MONEY, OWNED_BY, PLACED, Absorbing, purchase_of
from features.contracts import DELETED, TABLES
from features.history import History
from features.kernel import MISSING, Index
from features.live_events import Event
from features.live_streams import LiveStreams
from features.looked_up_again import looked_up_again
from features.lookups import Rates, StagePlaces, read_places, read_rates
from features.merged import merged_customers
from features.owners import OF_CUSTOMER, parts_of
from features.pending import Files, events_on_record
from features.plain_rows import Row
from features.stream import StreamSet
from features.streams import FED, open_streams
from features.telling import Taken, Telling
from features.verbs import Of

ENTERED = ("stages", "fx_rates")
"""Tables whose rows enter the events of others."""
OF_DEALS = ("deals", "deal_changes")


@dataclass(frozen=True)
class Waiting:
    """A row that waits to be read: its place among those told, and the fields whose changes nobody else tells."""

    place: int
    table: str
    row: Row
    at: int
    unsaid: frozenset[str]


@dataclass
class Meaning:
    """What rows were found to mean. `taken` is by the rows' places."""

    taken: dict[int, list[Taken]]
    told: History
    files: Files
    had: list[Event] = field(default_factory=list)
    has: list[Event] = field(default_factory=list)
    again: dict[tuple[str, Of], Index] = field(default_factory=dict)
    rates: Rates | None = None
    places: StagePlaces | None = None
    merged: tuple[StreamSet, dict[str, set[str]]] | None = None


class Together:
    """The rows of one telling that have to be read, and what they are found to mean."""

    def __init__(self, absorbing: Absorbing) -> None:
        self._absorbing = absorbing
        self.waiting: list[Waiting] = []
        self._names: set[tuple[str, ...]] = set()

    def add(self, place: int, table: str, row: Row, at: int) -> None:
        """A row has to be read, and all that comes after it of its deal or key."""
        # Who recorded the change of a field counts from here on, whether the rows before were read yet or not.
        unsaid = self._absorbing.unsaid
        self.waiting.append(Waiting(place, table, row, at, frozenset(unsaid)))
        if table == "deal_changes":
            unsaid.discard(str(row["field"]))
        self._names.add(_name(table, row))

    def waits(self, table: str, row: Row) -> bool:
        """Whether rows of the same deal or key wait."""
        return bool(self._names) and _name(table, row) in self._names

    def read(self, waiting: Sequence[Waiting]) -> Meaning:
        """Ask the history; nothing changes yet."""
        pending, streams = self._absorbing.pending, self._absorbing.streams
        before = pending.told()
        with before.connect() as con:
            told = [(one.table, one.row, one.at) for one in waiting]
            news = Telling(before, con).tell(told, [one.unsaid for one in waiting])
        every = [one for found in news for one in found]
        rows: dict[str, list[tuple[Row, int]]] = {}
        for one in every:
            gone = {DELETED.name: one.version.at} if one.version.gone else {}
            rows.setdefault(one.table, []).append(({**one.version.row, **gone}, one.version.at))
        now, files = pending.with_more(rows)
        found = Meaning({one.place: some for one, some in zip(waiting, news, strict=True)}, now, files)
        again: dict[tuple[str, Of], None] = {}
        joined = self._joined(every)
        if joined:
            found.merged = open_streams(now), merged_customers(now)
            again |= dict.fromkeys(
                (stream, of)
                for stream, of in streams.wanted
                if stream == "deals" or any(part == "customer" or part in OF_CUSTOMER for part in parts_of(of))
            )
        for table in {one.table for one in every if one.table in ENTERED and one.before is None}:
            # Of rates and places only what is told first counts.
            found.rates, found.places = read_rates(now), read_places(now)
            entered = PLACED if table == "stages" else (*MONEY, "cancellations", "endings")
            again |= dict.fromkeys((s, of) for s in entered for of in streams.by_stream.get(s, ()))
        for table in {one.table for one in every} & OWNED_BY.keys():
            again |= dict.fromkeys(looked_up_again(streams, OWNED_BY[table]))
        wanted = set(streams.by_stream)
        for asked, column, names in _asked(every, but="customers" if joined else ""):
            found.had += events_on_record(before, asked, column, names, wanted)
            found.has += events_on_record(now, asked, column, names, wanted)
        found.again = streams.fetch(open_streams(now), again)
        return found

    def _joined(self, every: Iterable[Taken]) -> bool:
        """Whether customers may have become one."""
        rows = [one.version.row for one in every if one.table == "customers"]
        return bool(rows) and (self._absorbing.merges or any(row.get("merged_into") is not None for row in rows))

    def put(self, found: Meaning) -> dict[int, list[Taken]]:
        """Put in place what was read; what of it is news, by the rows' places. Who asks sees all of it or nothing."""
        absorbing, streams, deals = self._absorbing, self._absorbing.streams, self._absorbing.deals
        absorbing.pending.take(found.files)
        if found.rates is not None and found.places is not None:
            absorbing.rates, absorbing.places = found.rates, found.places
        if found.merged is not None:
            absorbing.merges = True
            streams.streams, streams.merged = found.merged
        if deals is not None and (found.rates is not None or found.merged is not None):
            deals.forget()
        for stream, of in found.again:
            streams.forget(stream, of)
        fresh = exchange(streams, found.had, found.has)
        streams.put(found.again)
        absorbing.recent += [event for event in fresh if event.known >= absorbing.now]
        until = _known_until(found.has)
        news: dict[int, list[Taken]] = {}
        for place, some in found.taken.items():
            for one in some:
                if one.version.gone and one.before is None:
                    self._gone_before(one)
                    continue
                self._note(one, until)
                gone = {DELETED.name: one.version.at} if one.version.gone else {}
                latest = None if one.latest is None else one.latest.row
                absorbing.told(one.table, {**one.version.row, **gone}, one.version.at, latest)
                news.setdefault(place, []).append(one)
        return news

    def _gone_before(self, one: Taken) -> None:
        """A deletion came before its row: it is kept, and ends the row when that comes late."""
        absorbing, table = self._absorbing, one.table
        key = str(one.version.row[TABLES[table].key[0]])
        if table in absorbing.seen:
            absorbing.seen[table].forget(key)
        elif table in absorbing.books:
            absorbing.books[table].strike(key)
        elif table in OF_DEALS and absorbing.deals is not None:
            absorbing.deals.read_again(key, one.version.at, odd=True)

    def _note(self, one: Taken, until: dict[str, int]) -> None:
        """Remember a row that was read."""
        absorbing, table, row, at = self._absorbing, one.table, one.version.row, one.version.at
        key = str(row[TABLES[table].key[0]])
        stands = one.last and not one.version.gone
        if table in OF_DEALS:
            assert absorbing.deals is not None
            assert absorbing.facts is not None
            absorbing.deals.read_again(key, max(at, until.get(key, at)), odd=not stands)
            if table == "deals" and not one.version.gone:
                if one.before is None:
                    absorbing.facts.first.write(key, row, at)
                if one.last:
                    absorbing.facts.latest.write(key, row, at)
        elif table in absorbing.seen:
            absorbing.seen[table].told.pop(key, None)
            absorbing.seen[table].forget(key)
            if table == "orders" and absorbing.groups is not None:
                for version in (one.before, one.version):
                    if version is not None:
                        absorbing.groups.forget(purchase_of(version.row))
        elif table in absorbing.books:
            if stands:
                absorbing.books[table].write(key, row, at)
            else:
                absorbing.books[table].strike(key)


def _name(table: str, row: Row) -> tuple[str, ...]:
    """What rows wait for each other by."""
    if table in OF_DEALS:
        return "deals", str(row["deal_id"])
    return table, *(str(row[column]) for column in TABLES[table].key)


def _asked(every: Iterable[Taken], but: str) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """Of which rows' events are to be compared: table, column, names. An order may move to another customer."""
    names: dict[tuple[str, str], dict[str, None]] = {}
    for one in every:
        table = "deals" if one.table in OF_DEALS else one.table
        if table not in FED or table in ENTERED or table == but:
            continue
        column = "customer_id" if table == "orders" else TABLES[table].key[0]
        for version in (one.before, one.version):
            if version is not None and version.row.get(column) is not None:
                names.setdefault((table, column), {})[str(version.row[column])] = None
    return [(table, column, tuple(found)) for (table, column), found in names.items()]


def _known_until(events: Iterable[Event]) -> dict[str, int]:
    """By deal, up to when anything becomes known of it."""
    found: dict[str, int] = {}
    for event in events:
        deal = event.keys.get("deal", event.tie if event.stream == "stage_stays" else None)
        if deal is not None:
            found[str(deal)] = max(found.get(str(deal), MISSING), event.known, event.retired)
    return found


def exchange(streams: LiveStreams, had: Iterable[Event], has: Iterable[Event]) -> list[Event]:
    """Put the events that are for those that were; those that are new."""
    fresh: dict[tuple[object, ...], list[Event]] = defaultdict(list)
    for event in has:
        fresh[_said(event)].append(event)
    gone = []
    for event in had:
        same = fresh.get(_said(event))
        if same:
            same.pop()
        else:
            gone.append(event)
    left = {id(event): event for same in fresh.values() for event in same}
    ended: dict[tuple[object, ...], list[Event]] = defaultdict(list)
    for event in left.values():
        ended[_said(replace(event, retired=MISSING))].append(event)
    for event in gone:
        later = ended.get(_said(event)) if event.retired == MISSING else None
        if later:
            end = later.pop()
            del left[id(end)]
            streams.retire(event, end.retired)
        else:
            streams.retire(event, event.known)
    found = [event for event in has if id(event) in left]
    for event in found:
        streams.add(event)
    return found


def _said(event: Event) -> tuple[object, ...]:
    keys, values = tuple(sorted(event.keys.items())), tuple(sorted(event.values.items()))
    return event.stream, keys, event.known, event.happened, event.tie, event.retired, values
