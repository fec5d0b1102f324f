"""What if a deal were so? A record's own events, laid over the history's streams."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from features.as_of import DAY, Micros
from features.contracts import ATTRIBUTE_PREFIX
from features.engines.local import LocalStreams
from features.kernel import MISSING, SCALE, Index, build_index
from features.lookups import Rates, StagePlaces
from features.verbs import Of

Record = Mapping[str, object]

CHANGES = {
    "stage_changes": "stage",
    "amount_changes": "amount",
    "close_date_changes": "expected_close_on",
    "owner_changes": "rep_id",
    "category_changes": "forecast_category",
}
"""Streams of a deal's changes, and the field whose changes they hold; the column bears the same name."""
BESIDE = {
    "deals": frozenset({"currency", "pipeline"}),
    "stage_changes": frozenset({"stage", "position"}),
    "amount_changes": frozenset({"amount"}),
    "close_date_changes": frozenset({"expected_close_on"}),
    "owner_changes": frozenset({"rep_id"}),
    "category_changes": frozenset({"forecast_category"}),
}
"""Columns it takes to lay a record over these streams, whatever columns are asked for."""


class Overlay:
    """The history's streams with the records' own events in place of the deals'.

    An amount in a currency without a rate is missing. A record that changes a deal on record speaks in the
    deal's own currency and pipeline unless it names others.
    """

    def __init__(
        self, under: LocalStreams, records: Sequence[Record], at: int, rates: Rates, places: StagePlaces
    ) -> None:
        self._under = under
        self._at = at
        self._records = records
        self._rates = rates
        self._places = places
        given = [str(record.get("deal_id") or "") for record in records]
        on_record = under.index("creations", "deal").codes_of(np.array(given, object)) >= 0
        self.ids = [f"{number}" for number in range(len(records))]
        self._real = [name if there else None for name, there in zip(given, on_record, strict=True)]
        self._indexes: dict[str, Index] = {}

    @property
    def born(self) -> Micros:
        """When each record's deal was created, for those that are new; MISSING for deals on record."""
        return np.array(
            [
                MISSING if real is not None else self._born(record, new=True)
                for record, real in zip(self._records, self._real, strict=True)
            ],
            np.int64,
        )

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the calendar."""
        return self._under.zone

    def index(self, stream: str, of: Of) -> Index:
        """The records' own events for what belongs to a deal; the history's for everything else."""
        under = self._under.index(stream, of)
        if of != "deal":
            return under
        if stream not in self._indexes:
            self._indexes[stream] = self._own(stream, under)
        return self._indexes[stream]

    def _own(self, stream: str, under: Index) -> Index:
        """An index with one segment for each record: the deal's events on record, then the record's."""
        rows = _Rows(under, self.zone)
        codes = under.codes_of(np.array(self._real, object))
        for record, real, code in zip(self._records, self._real, codes.tolist(), strict=True):
            if real is not None and code >= 0:
                rows.take(under, int(under.starts[code]), int(under.starts[code + 1]), self._at)
            born = self._born(record, new=real is None)
            values = self._told(stream, record, real, born)
            if values is not None and not (stream in CHANGES and rows.stands(CHANGES[stream], values)):
                rows.add(born, stream, values)
            rows.close()
        return rows.index(self.ids)

    def _born(self, record: Record, *, new: bool) -> int:
        """When a record's own events count from: a new deal's creation, or just now."""
        just_now = self._at - 1
        return min(_micros_of(record.get("created_at"), just_now), just_now) if new else just_now

    def _told(self, stream: str, record: Record, real: str | None, born: int) -> dict[str, object] | None:
        """The values a record adds to a stream; None for nothing."""
        if stream == "creations":
            return {} if real is None else None
        if stream == "deals":
            attributes = record.get("attributes")
            extra = attributes if isinstance(attributes, Mapping) else {}
            named = {f"{ATTRIBUTE_PREFIX}{name}": value for name, value in extra.items()}
            numbers = {f"{name}:number": value for name, value in named.items()}
            return {**{k: v for k, v in record.items() if k != "attributes"}, **named, **numbers}
        field = CHANGES.get(stream)
        if field is None or record.get(field) is None:
            return None
        value = record[field]
        if field == "amount":
            value = self._in_base(value, self._field(record, real, "currency"), born)
        if field == "stage":
            place = self._places.place(self._field(record, real, "pipeline"), str(value), born)
            return {field: value, "position": place}
        return {field: value}

    def _in_base(self, amount: object, currency: str | None, at: int) -> float | None:
        rate = self._rates.rate(currency, at)
        try:
            return None if rate is None else float(str(amount)) * rate
        except ValueError:
            return None

    def _field(self, record: Record, real: str | None, column: str) -> str | None:
        """A field as the record tells it, else as the deal on record was created with."""
        if record.get(column) is not None:
            return str(record[column])
        index = self._under.index("deals", "deal")
        if real is None or column not in index.levels:
            return None
        segment = int(index.codes_of(np.array([real], object))[0])
        code = -1 if segment < 0 else int(index.columns[column][index.starts[segment]])
        return None if code < 0 else str(index.levels[column][code])


class _Rows:
    """Events gathered segment by segment."""

    def __init__(self, like: Index, zone: ZoneInfo) -> None:
        self.zone = zone
        self.levels = {column: list(names) for column, names in like.levels.items()}
        self.columns: dict[str, list[int]] = {column: [] for column in like.columns}
        self.known: list[int] = []
        self.happened: list[int] = []
        self.starts = [0]

    def take(self, under: Index, first: int, end: int, at: int) -> None:
        """Copy a deal's events on record before `at` that still stand."""
        for row in range(first, end):
            if under.known[row] >= at or (under.retired is not None and MISSING != under.retired[row] < at):
                continue
            self.known.append(int(under.known[row]))
            self.happened.append(int(under.happened[row]))
            for column, values in self.columns.items():
                values.append(int(under.columns[column][row]))

    def stands(self, column: str, values: Mapping[str, object]) -> bool:
        """Whether the segment's last event already has this value: then nothing changed."""
        last = self._last(column)
        return last is not None and last == self._stored(column, values.get(column))

    def add(self, at: int, stream: str, values: Mapping[str, object]) -> None:
        """Append an event, with what follows from the one before it."""
        stored: dict[str, int] = {}
        for column in self.columns:
            kept = self._last(column) if stream == "deals" else None
            missing = -1 if column in self.levels else MISSING
            told = column in values
            stored[column] = self._stored(column, values[column]) if told else missing if kept is None else kept
        self._derive(stream, stored)
        self.known.append(at)
        self.happened.append(at)
        for column, column_values in self.columns.items():
            column_values.append(stored[column])

    def _derive(self, stream: str, stored: dict[str, int]) -> None:
        """What a change is beside the value before it, as `features.streams` defines it."""
        if stream == "stage_changes":
            if "move" in stored:
                first = self._open_at() == len(self.known)
                move = _move(stored["position"], self._last("position"), first=first)
                stored["move"] = self._stored("move", move)
        elif stream in ("amount_changes", "close_date_changes"):
            column, by = ("amount", "change") if stream == "amount_changes" else ("expected_close_on", "slip_days")
            last = self._last(column)
            if last is None or MISSING in (last, stored.get(column, MISSING)):
                return
            change = stored[column] - last
            days = round(change / DAY)  # a local day may have 23 or 25 hours
            if by in stored:
                stored[by] = change if by == "change" else days * SCALE
            if "slip" in stored and days:
                stored["slip"] = self._stored("slip", "later" if days > 0 else "earlier")

    def close(self) -> None:
        """End the segment."""
        self.starts.append(len(self.known))

    def index(self, ids: list[str]) -> Index:
        """The gathered events as an index."""
        return build_index(
            ids,
            np.array(self.starts, np.int64),
            np.array(self.known, np.int64),
            np.array(self.happened, np.int64),
            {column: np.array(values, np.int64) for column, values in self.columns.items()},
            {column: np.array(names, object) for column, names in self.levels.items()},
            None,
        )

    def _open_at(self) -> int:
        return self.starts[-1]

    def _last(self, column: str) -> int | None:
        if column not in self.columns or len(self.known) == self._open_at():
            return None
        return self.columns[column][-1]

    def _stored(self, column: str, value: object) -> int:
        """A value as an index keeps it."""
        if column in self.levels:
            return self._code(column, value)
        if value is None or value == "":
            return MISSING
        if column == "position":
            return int(str(value))
        if column == "expected_close_on":
            return _day_micros(value, self.zone)
        try:
            number = float(str(value))
        except ValueError:
            return MISSING
        return _fixed(number)

    def _code(self, column: str, value: object) -> int:
        if value is None or value == "":
            return -1
        names = self.levels[column]
        if str(value) not in names:
            names.append(str(value))
        return names.index(str(value))


def _fixed(number: float) -> int:
    """A number as ten-thousandths, halves away from zero as DuckDB rounds; MISSING where 64 bits do not hold it."""
    scaled = number * SCALE
    if not math.isfinite(scaled) or abs(scaled) >= 2**63:
        return MISSING
    return math.floor(scaled + 0.5) if scaled >= 0 else math.ceil(scaled - 0.5)


def _move(place: int, before: int | None, *, first: bool) -> str:
    if first:
        return "first"
    if before is None or MISSING in (place, before) or place == before:
        return "aside"
    return "forward" if place > before else "back"


def _day_micros(value: object, zone: ZoneInfo) -> int:
    """The first moment of a day in the history's time zone."""
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    except ValueError:
        return MISSING
    if isinstance(day, datetime):
        day = day.date()
    return _micros_of(datetime(day.year, day.month, day.day, tzinfo=zone), MISSING)


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
