"""Every verb beside its plainest reading: for one deal at one moment, walk over all events."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import isnan
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import verbs
from features.as_of import DAY, Moments
from features.evaluate import Category
from features.indexing import index_of
from features.kernel import MISSING, SCALE, Index
from features.owners import owner_of, parts_of
from features.verbs import Of, Verb
from tests.features.evaluation import Evaluation

ZONE = ZoneInfo("Asia/Shanghai")
QUARTER = DAY // 4
"""Events fall on quarters of days, so that they meet each other and the edges of windows."""
KINDS = {"n": "number", "hit": "number", "c": "category", "m": "moment", "seen": "category"}
KINDS |= dict.fromkeys(("customer_id", "product_id", "rep_id", "team_id", "segment"), "category")


@dataclass(frozen=True)
class Event:
    """Whose it was, its three times in quarters of days, its values: numbers in ten-thousandths."""

    keys: dict[str, str]
    known: int
    happened: int
    retired: int | None
    tie: int
    values: dict[str, int | str | None] = field(default_factory=dict)


class Told:
    """Streams made of events, sorted for the kernel."""

    zone = ZONE

    def __init__(self, streams: dict[str, list[Event]]) -> None:
        self.streams = streams
        self.indexes: dict[tuple[str, Of], Index] = {}

    def index(self, stream: str, of: Of) -> Index:
        if (stream, of) not in self.indexes:
            self.indexes[stream, of] = self._sorted(stream, of)
        return self.indexes[stream, of]

    def _sorted(self, stream: str, of: Of) -> Index:
        events = sorted(
            (e for e in self.streams[stream] if _joint(e.keys, of) is not None),
            key=lambda e: (_joint(e.keys, of), e.known, e.happened, e.tie),
        )
        rows = [
            {
                "id": _joint(e.keys, of),
                "known": e.known * QUARTER,
                "happened": e.happened * QUARTER,
                "retired": MISSING if e.retired is None else e.retired * QUARTER,
            }
            | {c: _held(e.values.get(c), kind) for c, kind in KINDS.items()}
            for e in events
        ]
        kinds = {c: pa.string() if kind == "category" else pa.int64() for c, kind in KINDS.items()}
        times = dict.fromkeys(("known", "happened", "retired"), pa.int64())
        schema = pa.schema({"id": pa.string(), **times, **kinds})
        return index_of(pa.Table.from_pylist(rows, schema), [c for c, kind in KINDS.items() if kind == "category"])


def _joint(keys: dict[str, str], of: Of) -> str | None:
    parts = [keys.get(key) for key in parts_of(of)]
    return None if None in parts else "\x1f".join(str(part) for part in parts)


def _held(value: int | str | None, kind: str) -> int | str | None:
    return MISSING if value is None and kind != "category" else value


class Plain:
    """What a verb says of one deal at one moment, in quarters of days."""

    def __init__(self, streams: dict[str, list[Event]], deal: str, at: int) -> None:
        self.streams, self.deal, self.at = streams, deal, at

    def value(self, verb: Verb) -> float | str | None:
        compute: Callable[[Verb], float | str | None] = getattr(self, type(verb).__name__.lower())
        return compute(verb)

    def key(self, of: Of) -> str | None:
        keys = {key: self.single_key(key) for key in parts_of(of)}
        return _joint({key: name for key, name in keys.items() if name is not None}, of)

    def single_key(self, key: str) -> str | None:
        if key in ("deal", "everyone"):
            return self.deal if key == "deal" else "all"
        owner = self.value(owner_of(key, "deal"))
        assert owner is None or isinstance(owner, str)
        return owner

    def seen(self, stream: str, of: Of) -> list[Event]:
        key = self.key(of)
        seen = [e for e in self.streams[stream] if key is not None and _joint(e.keys, of) == key and e.known < self.at]
        return sorted(seen, key=lambda e: (e.known, e.happened, e.tie))

    def events(self, verb: Verb, having: str | None = None) -> list[Event]:
        days = getattr(verb, "within_days", None)
        if (since := getattr(verb, "since", None)) is not None:
            days = self.value(since)
        return [
            e
            for e in self.seen(verb.stream, verb.of)
            if (e.retired is None or e.retired >= self.at)
            and (days is None or e.happened * QUARTER >= self.at * QUARTER - round(days * DAY))
            and all(e.values.get(column) == value for column, value in getattr(verb, "where", ()))
            and (having is None or e.values.get(having) is not None)
        ]

    def last(self, verb: Verb) -> Event | None:
        return max(self.events(verb), key=lambda e: (e.happened, e.known, e.tie), default=None)

    def first_seen(self, verb: Verb) -> Event | None:
        return next(iter(self.events(verb)), None)

    def count(self, verb: verbs.Count) -> float:
        return len(self.events(verb))

    def sum(self, verb: verbs.Sum) -> float:
        return sum(e.values.get(verb.column) or 0 for e in self.events(verb)) / SCALE

    def mean(self, verb: verbs.Mean) -> float | None:
        values = [e.values[verb.column] for e in self.events(verb, having=verb.column)]
        return sum(values) / SCALE / len(values) if values else None

    def latest(self, verb: verbs.Latest) -> float | str | None:
        return _shown(self.last(verb), verb.column)

    def first(self, verb: verbs.First) -> float | str | None:
        return _shown(self.first_seen(verb), verb.column)

    def dayssince(self, verb: verbs.DaysSince) -> float | None:
        event = self.last(verb)
        return None if event is None else (self.at - event.happened) / 4

    def dayssincefirst(self, verb: verbs.DaysSinceFirst) -> float | None:
        event = self.first_seen(verb)
        return None if event is None else (self.at - event.happened) / 4

    def daysuntil(self, verb: verbs.DaysUntil) -> float | None:
        event = self.last(verb)
        moment = event and event.values.get(verb.column)
        return None if moment is None else (moment - self.at * QUARTER) / DAY

    def distinct(self, verb: verbs.Distinct) -> float:
        return len({e.values.get(verb.column) for e in self.events(verb)} - {None})

    def countgiven(self, verb: verbs.CountGiven) -> float:
        return len(self.events(verb, having=verb.column))

    def share(self, verb: verbs.Share) -> float | None:
        every = self.events(verbs.Count(verb.stream, verb.within_days, of=verb.of))
        return len(self.events(verb)) / len(every) if every else None

    def deviation(self, verb: verbs.Deviation) -> float | None:
        values = [e.values[verb.column] / SCALE for e in self.events(verb, having=verb.column)]
        return statistics.stdev(values) if len(values) > 1 else None

    def trend(self, verb: verbs.Trend) -> float | None:
        told = [(e.happened // 4, e.values[verb.column] / SCALE) for e in self.events(verb, having=verb.column)]
        if len({day for day, _ in told}) < 2:
            return None
        return statistics.linear_regression(*zip(*told, strict=True)).slope

    def timemean(self, verb: verbs.TimeMean) -> float | None:
        told = [(e.known, e.values[verb.column]) for e in self.seen(verb.stream, verb.of)]
        told = [(known, value) for known, value in told if value is not None]
        if not told:
            return None
        ends = [known for known, _ in told[1:]] + [self.at]
        area = sum(value / SCALE * (end - known) for (known, value), end in zip(told, ends, strict=True))
        return area / (self.at - told[0][0])

    def sumbefore(self, verb: verbs.SumBefore) -> float | None:
        own = self.last(verbs.DaysUntil(verb.stream, verb.by))
        limit = own and own.values.get(verb.by)
        if limit is None:
            return None
        events = self.events(verbs.Count(verb.stream, of=verb.of))
        before = [e for e in events if e.values.get(verb.by) is None or e.values[verb.by] < limit]
        return sum(e.values.get(verb.column) or 0 for e in before) / SCALE

    def smoothedrate(self, verb: verbs.SmoothedRate) -> float | None:
        def tried(of: Of) -> list[int]:
            asked = verbs.Count(verb.stream, of=of)
            return [e.values[verb.column] for e in self.events(asked, having=verb.column)]

        own, everyones = tried(verb.of), tried("everyone")
        if not everyones:
            return None
        rate = sum(everyones) / SCALE / len(everyones)
        if verb.above:
            return (sum(own) / SCALE - len(own) * rate) / (len(own) + verb.strength)
        return (sum(own) / SCALE + verb.strength * rate) / (len(own) + verb.strength)

    def ratio(self, verb: verbs.Ratio) -> float | None:
        over, under = self.value(verb.over), self.value(verb.under)
        return None if over is None or not under else over / under

    def difference(self, verb: verbs.Difference) -> float | None:
        left, right = self.value(verb.left), self.value(verb.right)
        return None if left is None or right is None else left - right

    def calendar(self, verb: verbs.Calendar) -> float:
        local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=6 * self.at)
        day = local.astimezone(ZONE).date()
        if verb.part in ("month", "weekday"):
            return day.month if verb.part == "month" else day.weekday()
        months = 1 if verb.part == "days_to_month_end" else 3
        ends = (day + timedelta(days=n) for n in range(100))
        return next(n for n, end in enumerate(ends) if _ends_period(end, months))


def _ends_period(day: datetime, months: int) -> bool:
    following = day + timedelta(days=1)
    return following.day == 1 and (following.month - 1) % months == 0


def _shown(event: Event | None, column: str) -> float | str | None:
    value = event and event.values.get(column)
    return value / SCALE if isinstance(value, int) else value


NAMES = st.sampled_from(["a", "b", "c"])
MAYBE = st.one_of(st.none(), NAMES)
NUMBERS = st.one_of(st.none(), st.integers(-30_000, 30_000))


@st.composite
def an_event(draw: st.DrawFn, keys: dict[str, st.SearchStrategy], values: dict[str, st.SearchStrategy]) -> Event:
    happened = draw(st.integers(-4, 20))
    known = happened + draw(st.sampled_from([0, 0, 0, 1, 3, 9]))
    retired = draw(st.one_of(st.none(), st.none(), st.integers(1, 9).map(lambda later: known + later)))
    named = {of: name for of, strategy in keys.items() if (name := draw(strategy)) is not None}
    told = {column: draw(strategy) for column, strategy in values.items()}
    return Event(named, known, happened, retired, draw(st.integers(0, 10**9)), told)


def stream_of(keys: dict[str, st.SearchStrategy], size: int = 8, **values: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(an_event(keys, values), max_size=size, unique_by=lambda e: e.tie)


THINGS = {"n": NUMBERS, "hit": st.sampled_from([0, SCALE, None]), "c": MAYBE, "seen": MAYBE}
THINGS["m"] = st.one_of(st.none(), st.integers(-10, 30).map(lambda quarters: quarters * QUARTER))
OWNED = ("deal", "customer", "rep", "product", "team", "segment")
STREAMS = st.fixed_dictionaries(
    {
        "deals": stream_of({"deal": NAMES}, 6, customer_id=MAYBE, product_id=MAYBE),
        "owner_changes": stream_of({"deal": NAMES}, 6, rep_id=MAYBE),
        "reps": stream_of({"rep": NAMES}, 6, team_id=MAYBE),
        "customers": stream_of({"customer": NAMES}, 6, segment=MAYBE),
        "things": stream_of(
            {
                "everyone": st.just("all"),
                **dict.fromkeys(("deal", "customer", "rep", "product", "team", "segment"), MAYBE),
            },
            10,
            **THINGS,
        ),
    }
)
OFS = st.sampled_from(["deal", "customer", "rep", "product", "team", "segment", "rep&segment", "deal&team", "everyone"])
WINDOWS = st.sampled_from([None, 0.25, 1, 2.5, 1 / 3])
STRENGTHS = st.sampled_from([0.5, 20.0])
WHERES = st.sampled_from([(), (("c", "a"),), (("c", "b"), ("seen", "a")), (("c", "never"),)])
THING = st.just("things")
SINCE = st.one_of(st.none(), st.builds(verbs.DaysSince, THING, WHERES, OFS))
COUNTS = st.one_of(
    st.builds(verbs.Count, THING, WINDOWS, WHERES, OFS), st.builds(verbs.Count, THING, st.none(), WHERES, OFS, SINCE)
)
NUMBER = (THING, st.just("n"), WINDOWS, WHERES, OFS)
SUMS = st.builds(verbs.Sum, THING, st.just("n"), WINDOWS, WHERES, OFS)
PLAIN_VERBS = {
    "Count": COUNTS,
    "Sum": SUMS,
    "Mean": st.builds(verbs.Mean, THING, st.just("n"), WINDOWS, WHERES, OFS),
    "Latest": st.builds(verbs.Latest, THING, st.sampled_from(["n", "c"]), WHERES, OFS),
    "First": st.builds(verbs.First, THING, st.sampled_from(["n", "c"]), WHERES, OFS),
    "DaysSince": st.builds(verbs.DaysSince, THING, WHERES, OFS),
    "DaysSinceFirst": st.builds(verbs.DaysSinceFirst, THING, WHERES, OFS),
    "DaysUntil": st.builds(verbs.DaysUntil, THING, st.just("m"), OFS),
    "Distinct": st.builds(verbs.Distinct, THING, st.sampled_from(["c", "seen"]), WINDOWS, WHERES, OFS),
    "CountGiven": st.builds(verbs.CountGiven, *NUMBER),
    "Share": st.builds(verbs.Share, THING, WHERES, WINDOWS, OFS),
    "Deviation": st.builds(verbs.Deviation, *NUMBER),
    "Trend": st.builds(verbs.Trend, *NUMBER),
    "TimeMean": st.builds(verbs.TimeMean, THING, st.just("n"), OFS),
    "SumBefore": st.builds(verbs.SumBefore, THING, st.just("n"), st.just("m"), OFS),
    "SmoothedRate": st.builds(verbs.SmoothedRate, THING, st.just("hit"), OFS, STRENGTHS, st.booleans()),
    "Calendar": st.builds(
        verbs.Calendar, st.sampled_from(["month", "weekday", "days_to_month_end", "days_to_quarter_end"])
    ),
}
PLAIN_VERBS["Ratio"] = st.builds(verbs.Ratio, st.one_of(SUMS, COUNTS), st.one_of(SUMS, COUNTS, PLAIN_VERBS["Mean"]))
PLAIN_VERBS["Difference"] = st.builds(verbs.Difference, SUMS, PLAIN_VERBS["Mean"])
ASKED = st.lists(st.tuples(st.sampled_from(["a", "b", "c", "nobody"]), st.integers(-6, 36)), min_size=1, max_size=8)


def shown(streams: dict[str, list[Event]], verb: Verb, asked: list[tuple[str, int]]) -> list[float | str | None]:
    moments = Moments(
        np.array([deal for deal, _ in asked], object), np.array([at * QUARTER for _, at in asked], np.int64)
    )
    value = Evaluation(Told(streams), moments).value(verb)
    if isinstance(value, Category):
        return value.texts().tolist()
    return [None if isnan(number) else number for number in value.tolist()]


@pytest.mark.parametrize("kind", sorted(PLAIN_VERBS))
def test_a_verb_says_what_a_walk_over_the_events_says(kind: str) -> None:
    @settings(max_examples=60)
    @given(streams=STREAMS, verb=PLAIN_VERBS[kind], asked=ASKED)
    def check(streams: dict[str, list[Event]], verb: Verb, asked: list[tuple[str, int]]) -> None:
        for found, (deal, at) in zip(shown(streams, verb, asked), asked, strict=True):
            expected = Plain(streams, deal, at).value(verb)
            # Statistics are compared as numbers, the rest to the last bit.
            close = kind in STATISTICS and expected is not None
            assert found == (pytest.approx(expected, rel=1e-9, abs=1e-9) if close else expected)

    check()


STATISTICS = ("Deviation", "Trend", "TimeMean", "Share", "SmoothedRate")


def test_every_verb_is_put_to_this_test():
    assert sorted(PLAIN_VERBS) == sorted(verb.__name__ for verb in Verb.__args__)


@pytest.mark.parametrize("kind", sorted(PLAIN_VERBS))
def test_where_nothing_ever_happened_counts_are_0_and_the_rest_is_missing(kind: str) -> None:
    nothing: dict[str, list[Event]] = {name: [] for name in ("deals", "owner_changes", "reps", "customers", "things")}

    @settings(max_examples=25)
    @given(verb=PLAIN_VERBS[kind])
    def check(verb: Verb) -> None:
        expected = {
            "Count": 0,
            "CountGiven": 0,
            "Sum": 0,
            "Distinct": 0,
            "Calendar": Plain(nothing, "a", 3).value(verb),
        }
        expected_value = expected.get(kind)
        assert shown(nothing, verb, [("a", 3), ("b", 3)]) == [expected_value, expected_value]

    check()
