"""A look at one key says what the look for many says, to the last bit, however the key's events are kept."""

from dataclasses import dataclass
from math import isnan
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import verbs
from features.as_of import DAY
from features.evaluate import leaf
from features.kernel import MISSING, build_index
from features.live_segment import Entry, OrderUnclear, Segment, Shape, empty_run
from features.looks import VectorLook
from features.names import Names
from features.packed import packed
from features.runs import Run
from features.segments import SegmentLook
from features.summed import SummedRun
from features.values_at import Category
from features.verbs import Leaf

QUARTER = DAY // 4
"""Events fall on quarters of days, so that they meet each other and the edges of windows."""
LEVELS = ("red", "green", "blue")
WHERE = (("c", "red"),)
SINCE = verbs.DaysSince("s", of="k")
LEAVES: tuple[Leaf, ...] = (
    *(
        verbs.Count("s", within_days=days, where=where)
        for days in (None, 2, 0.5)
        for where in ((), WHERE, (("c", "grey"),))
    ),
    verbs.Count("s", since=SINCE),
    verbs.Count("s", within_days=3, since=SINCE),
    *(verbs.CountGiven("s", "n", within_days=days, where=where) for days in (None, 2) for where in ((), WHERE)),
    *(verbs.Sum("s", "n", within_days=days, where=where) for days in (None, 2) for where in ((), WHERE)),
    verbs.Mean("s", "n", within_days=2),
    verbs.Mean("s", "n", since=SINCE),
    verbs.Deviation("s", "n"),
    verbs.Deviation("s", "n", within_days=2, where=WHERE),
    verbs.Trend("s", "n"),
    verbs.Trend("s", "n", within_days=3),
    verbs.Share("s", WHERE),
    verbs.Share("s", WHERE, within_days=2),
    *(verbs.Latest("s", column, where) for column in ("n", "c") for where in ((), WHERE, (("c", "grey"),))),
    *(verbs.First("s", column, where) for column in ("n", "c") for where in ((), WHERE)),
    verbs.DaysSince("s"),
    verbs.DaysSince("s", where=WHERE),
    verbs.DaysSinceFirst("s"),
    verbs.DaysUntil("s", "m"),
    *(
        verbs.Distinct("s", "c", within_days=days, where=where)
        for days in (None, 2)
        for where in ((), (("c", "blue"),))
    ),
    verbs.SumBefore("s", "n", "m", of="k"),
)


@dataclass(frozen=True)
class Told:
    """An event in quarters of days; `late` is how much later than it happened it became known."""

    happened: int
    late: int
    ended: int | None
    number: int | None
    colour: int
    moment: int | None

    @property
    def known(self) -> int:
        return self.happened + self.late


events = st.lists(
    st.builds(
        Told,
        happened=st.integers(0, 24),
        late=st.sampled_from((0, 0, 0, 1, 6)),
        ended=st.sampled_from((None, None, None, 1, 5)),
        number=st.one_of(st.none(), st.sampled_from((0, -7, 10_000, 12_345, 2**41))),
        colour=st.integers(-1, 2),
        moment=st.one_of(st.none(), st.integers(0, 30)),
    ),
    max_size=14,
).map(lambda told: sorted(told, key=lambda e: (e.known, e.happened)))


def _columns(told: list[Told]) -> dict[str, list[int]]:
    return {
        "n": [MISSING if e.number is None else e.number for e in told],
        "c": [e.colour for e in told],
        "m": [MISSING if e.moment is None else e.moment * QUARTER for e in told],
    }


def _retired(told: list[Told]) -> list[int] | None:
    if all(e.ended is None for e in told):
        return None
    return [MISSING if e.ended is None else (e.known + e.ended) * QUARTER for e in told]


def many(told: list[Told], at: int) -> VectorLook:
    retired = _retired(told)
    index = build_index(
        ["other", "key"],
        np.array([0, 0, len(told)]),
        np.array([e.known * QUARTER for e in told], np.int64),
        np.array([e.happened * QUARTER for e in told], np.int64),
        {c: np.array(v, np.int64) for c, v in _columns(told).items()},
        {"c": np.array(LEVELS, object)},
        None if retired is None else np.array(retired, np.int64),
    )
    return VectorLook(index, np.array([1]), np.array([at]))


TEXTS = {"c": Names(LEVELS)}
SHAPE = Shape("s", ("c", "m", "n"), (), TEXTS, ZoneInfo("UTC"))


def walked(told: list[Told]) -> Run:
    known = [e.known * QUARTER for e in told]
    happened = known if all(not e.late for e in told) else [e.happened * QUARTER for e in told]
    return Run(known, happened, _columns(told), TEXTS, _retired(told))


def summed(told: list[Told]) -> SummedRun:
    run = walked(told)
    known = np.array(run.known, np.int64)
    happened = known if run.happened is run.known else np.array(run.happened, np.int64)
    columns = {c: packed(np.array(v, np.int64), c == "c") for c, v in run.columns.items()}
    return SummedRun(known, happened, columns, TEXTS, None if run.retired is None else np.array(run.retired, np.int64))


def one(found: object) -> float | str | None:
    if isinstance(found, Category):
        text = found.texts()[0]
        assert text is None or isinstance(text, str)
        return text
    value = found[0].item() if isinstance(found, np.ndarray) else found
    assert value is None or isinstance(value, float | str)
    return None if isinstance(value, float) and isnan(value) else value


def differing(vectors: VectorLook, segment: SegmentLook, own: float = 1.25) -> dict[Leaf, tuple[object, object]]:
    """The verbs of which the two looks say different things."""
    found = {}
    for verb in LEAVES:
        bounded = isinstance(verb, verbs.SumBefore) or getattr(verb, "since", None) is not None
        expected = one(leaf(vectors, verb, (np.array([own]),) if bounded else ()))
        told = one(leaf(segment, verb, (own,) if bounded else ()))
        if told != expected:
            found[verb] = (told, expected)
    return found


moments = st.integers(0, 34).map(lambda quarters: quarters * QUARTER + 0)


@settings(max_examples=300)
@given(told=events, at=moments, cut=st.integers(0, 14))
def test_one_key_at_one_moment_is_told_as_many_are(told, at, cut):
    expected = many(told, at)

    for runs in ([walked(told)], [summed(told)], [summed(told[:cut]), walked(told[cut:])]):
        look = SegmentLook([run.at(at) for run in runs if len(run)], TEXTS, at)
        assert differing(expected, look) == {}, runs


@settings(max_examples=100)
@given(told=events, at=moments)
def test_blocks_add_up(told, at):
    """As many events as many blocks: each event a hundred times."""
    again = [e for e in told for _ in range(100)]
    look = SegmentLook([summed(again).at(at)] if again else [], TEXTS, at)

    assert differing(many(again, at), look) == {}


@given(told=events, at=moments, own=st.sampled_from((float("nan"), 0.0, 3.5)))
def test_a_window_that_opens_with_something_missing_is_for_ever(told, at, own):
    look = SegmentLook([walked(told).at(at)], TEXTS, at)

    assert differing(many(told, at), look, own) == {}


@given(told=events.map(lambda told: [e for e in told if e.ended is None]), at=moments, cut=st.integers(0, 14))
def test_a_mean_over_time_is_told_as_many_are(told, at, cut):
    verb = verbs.TimeMean("s", "n", of="k")
    expected = one(leaf(many(told, at), verb))

    for runs in ([walked(told)], [summed(told)], [summed(told[:cut]), walked(told[cut:])]):
        look = SegmentLook([run.at(at) for run in runs if len(run)], TEXTS, at)
        assert one(leaf(look, verb)) == expected


def test_nobody_has_nothing():
    look = SegmentLook([], TEXTS, 0)

    assert differing(many([], 0), look) == {}
    assert look.area("n") == (0, 0)


@settings(max_examples=200)
@given(told=events, order=st.randoms(use_true_random=False), at=moments, frozen=st.integers(0, 14))
def test_events_that_come_in_any_order_are_put_in_theirs(told, order, at, frozen):
    loaded, later = told[:frozen], list(enumerate(told[frozen:]))
    order.shuffle(later)
    segment = Segment(SHAPE, [summed(loaded)] if loaded else [], empty_run(SHAPE))
    try:
        for tie, event in later:
            columns = {c: values[0] for c, values in _columns([event]).items()}
            ended = MISSING if event.ended is None else (event.known + event.ended) * QUARTER
            segment.add(Entry(event.known * QUARTER, event.happened * QUARTER, tie, columns, ended))
    except OrderUnclear:
        pairs = [(e.known, e.happened) for e in told]
        assert len(set(pairs)) < len(pairs)  # only events at the same times are unclear
        return
    look = SegmentLook([run.at(at) for run in segment.runs], TEXTS, at)

    assert differing(many(told, at), look) == {}


@given(
    told=events.map(lambda told: [e for e in told if e.ended is None]),
    at=moments,
    frozen=st.integers(0, 14),
    data=st.data(),
)
def test_events_taken_back_count_no_more(told, at, frozen, data):
    loaded, later = told[:frozen], told[frozen:]
    segment = Segment(SHAPE, [summed(loaded)] if loaded else [], walked(later))
    if not told:
        return
    gone = data.draw(st.sampled_from(range(len(told))))
    after = data.draw(st.sampled_from((0, 1, 8)))
    event = told[gone]
    entry = Entry(event.known * QUARTER, event.happened * QUARTER, "", {c: v[0] for c, v in _columns([event]).items()})
    segment.retire(entry, (event.known + after) * QUARTER)
    ended = [Told(e.happened, e.late, after, e.number, e.colour, e.moment) if e == event else e for e in told]
    first = ended.index(next(e for e in ended if e.ended is not None))
    rest = [e if n == first else told[n] for n, e in enumerate(ended) if after or n != first]
    look = SegmentLook([run.at(at) for run in segment.runs], TEXTS, at)

    same = [e for e in told if e == event]
    if len(same) == 1:
        assert differing(many(rest, at), look) == {}
    else:  # which of equal events was taken back makes no difference to what they add up to
        assert one(leaf(look, verbs.Count("s"))) == one(leaf(many(rest, at), verbs.Count("s")))


def test_what_was_never_there_cannot_be_taken_back():
    segment = Segment(SHAPE, [], walked([Told(1, 0, None, 5, 0, None)]))

    with pytest.raises(OrderUnclear):
        segment.retire(Entry(QUARTER, QUARTER, "", {"n": 6, "c": 0, "m": MISSING}), 2 * QUARTER)


def test_a_question_beside_the_events_leaves_them_as_they_were():
    segment = Segment(SHAPE, [summed([Told(1, 0, None, 5, 0, None)])], walked([Told(2, 0, None, 6, 1, 4)]))
    layer = segment.copy(SHAPE, 9 * QUARTER)
    layer.add(Entry(3 * QUARTER, 3 * QUARTER, "", {"n": 7, "c": 2, "m": MISSING}))
    layer.retire(Entry(QUARTER, QUARTER, "", {"n": 5, "c": 0, "m": MISSING}), 2 * QUARTER)

    def total(asked: Segment) -> int:
        look = SegmentLook([run.at(9 * QUARTER) for run in asked.runs], TEXTS, 9 * QUARTER)
        return look.sum((), "n", None)

    assert total(segment) == 11
    assert total(layer) == 13
