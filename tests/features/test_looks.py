"""Looks beside the plainest reading of what they promise: a walk over all events."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import looks
from features.as_of import DAY
from features.indexing import index_of
from features.kernel import FEW, MISSING, Index, take
from features.looks import VectorLook, Window

KEYS = ("a", "b", "c")


class Event(NamedTuple):
    """What happened to whom; in the order of an index: by key, known, happened, then as they came."""

    key: str
    known: int
    happened: int
    retired: int | None
    n: int | None
    c: str | None


@st.composite
def event(draw: st.DrawFn) -> Event:
    happened = draw(st.integers(-3, 12))
    known = max(happened + draw(st.sampled_from([0, 0, 0, 1, 2, 7])), draw(st.sampled_from([-9, 4])))
    retired = draw(st.one_of(st.none(), st.none(), st.integers(1, 8).map(lambda later: known + later)))
    n = draw(st.one_of(st.none(), st.integers(-5, 5)))
    return Event(draw(st.sampled_from(KEYS)), known, happened, retired, n, draw(st.sampled_from([None, "x", "y", "z"])))


def in_order(events: list[Event]) -> list[Event]:
    return sorted(events, key=lambda e: (e.key, e.known, e.happened))


def index(events: list[Event]) -> Index:
    schema = pa.schema(
        [("id", "string"), *((c, "int64") for c in ("known", "happened", "retired", "n")), ("c", "string")]
    )
    rows = [dict(zip(schema.names, [MISSING if v is None else v for v in e[:5]] + [e.c], strict=True)) for e in events]
    return index_of(pa.Table.from_pylist(rows, schema), ["c"])


HISTORIES = st.lists(event(), max_size=14).map(in_order)
PUNCTUAL = HISTORIES.map(lambda events: in_order([e._replace(known=e.happened, retired=None) for e in events]))
ASKED = st.lists(st.tuples(st.sampled_from([*KEYS, "nobody"]), st.integers(-4, 16)), min_size=1, max_size=12)
WINDOWS = st.sampled_from([None, 0, 1, 3, 6])


def standing(events: list[Event], key: str, at: int) -> list[Event]:
    """The key's events that count at a moment: on record before it, and not replaced before it."""
    seen = [e for e in events if e.key == key and e.known < at]
    return [e for e in seen if e.retired is None or e.retired >= at]


def asked_of(events: list[Event], asked: list[tuple[str, int]]) -> tuple[Index, np.ndarray, np.ndarray]:
    built = index(events)
    return (
        built,
        built.codes_of(np.array([key for key, _ in asked], object)),
        np.array([at for _, at in asked], np.int64),
    )


def look_of(events: list[Event], asked: list[tuple[str, int]]) -> VectorLook:
    return VectorLook(*asked_of(events, asked))


def window_of(look: VectorLook, length: int | None, *, named: bool) -> Window | None:
    """A window of a length in microseconds; `named` if it is known to be the same for all moments."""
    return None if length is None else Window(("test", length, named), look.at - length, length if named else None)


def total(look: VectorLook, window: Window | None, column: str | None, where: tuple[tuple[str, str], ...] = ()):
    return look.count(where, window) if column is None else look.sum(where, column, window)


@pytest.mark.parametrize("walked", [0, 10**9])  # by rank, or walking
@pytest.mark.parametrize("named", [True, False])
def test_a_sum_counts_what_was_on_record_and_happened_in_the_window(named, walked, monkeypatch):
    monkeypatch.setattr(looks, "WALKED", walked)
    monkeypatch.setattr(looks, "BLOCK", 5 if walked else 0)

    @settings(max_examples=300)  # what is recorded just as a window ends is rare
    @given(
        events=st.one_of(HISTORIES, PUNCTUAL),
        asked=ASKED,
        length=WINDOWS,
        column=st.sampled_from([None, "n"]),
        where=st.sampled_from([(), (("c", "x"),), (("c", "never"),)]),
    )
    def check(events, asked, length, column, where):
        if not walked and not named:
            monkeypatch.setattr(looks, "BLOCK", -1)
        look = look_of(events, asked)

        result = total(look, window_of(look, length, named=named), column, where)

        def reference(key: str, moment: int) -> int:
            found = [e for e in standing(events, key, moment) if length is None or e.happened >= moment - length]
            found = [e for e in found if all(e.c == value for _, value in where)]
            return len(found) if column is None else sum(e.n or 0 for e in found)

        assert result.tolist() == [reference(key, moment) for key, moment in asked]

    check()


@given(events=HISTORIES, asked=ASKED, lengths=st.lists(st.integers(0, 9), min_size=12, max_size=12))
def test_a_window_may_open_at_another_time_for_each_moment(events, asked, lengths):
    look = look_of(events, asked)
    since = look.at - np.array(lengths[: len(asked)])

    result = look.count((), Window("own", since))

    opened = zip(asked, since.tolist(), strict=True)
    expected = [len([e for e in standing(events, key, at) if e.happened >= begin]) for (key, at), begin in opened]
    assert result.tolist() == expected


WHERES = st.sampled_from([(), (("c", "x"),), (("c", "never"),)])


def having(events: list[Event], where: tuple[tuple[str, str], ...]) -> list[Event]:
    return [e for e in events if all(e.c == value for _, value in where)]


@given(events=st.one_of(HISTORIES, PUNCTUAL), asked=ASKED, where=WHERES)
def test_the_latest_is_the_one_that_happened_last_and_of_several_the_one_recorded_last(events, asked, where):
    found = look_of(events, asked).latest(where)

    for (key, moment), position in zip(asked, found, strict=True):
        seen = having(standing(events, key, moment), where)
        expected = max(seen, key=lambda e: (e.happened, e.known, events.index(e))) if seen else None
        assert (events[position] if position >= 0 else None) == expected


@given(events=st.one_of(HISTORIES, PUNCTUAL), asked=ASKED, where=WHERES)
def test_the_earliest_is_the_one_known_first_of_those_that_stand(events, asked, where):
    found = look_of(events, asked).earliest(where)

    for (key, moment), position in zip(asked, found, strict=True):
        expected = next(iter(having(standing(events, key, moment), where)), None)
        assert (events[position] if position >= 0 else None) == expected


@given(events=st.one_of(HISTORIES, PUNCTUAL), asked=ASKED, where=WHERES, length=WINDOWS)
def test_distinct_values_are_those_of_the_events_that_stand_in_the_window(events, asked, where, length):
    look = look_of(events, asked)

    result = look.distinct(where, "c", window_of(look, length, named=True))

    def reference(key: str, moment: int) -> int:
        seen = having(standing(events, key, moment), where)
        return len({e.c for e in seen if e.c and (length is None or e.happened >= moment - length)})

    assert result.tolist() == [reference(key, moment) for key, moment in asked]


@given(events=HISTORIES, others=st.lists(event(), max_size=8), asked=ASKED)
def test_what_is_said_of_one_key_does_not_depend_on_the_others_beside_it(events, others, asked):
    crowd = [e._replace(key=f"{e.key}-other") for e in others]
    alone, beside = look_of(events, asked), look_of(in_order([*events, *crowd]), asked)

    for look in (alone, beside):
        look.window = window_of(look, 3, named=True)
    assert alone.sum((), "n", alone.window).tolist() == beside.sum((), "n", beside.window).tolist()
    said = [take(look.index.columns["n"], look.latest(()), MISSING).tolist() for look in (alone, beside)]
    assert said[0] == said[1]


@given(events=HISTORIES, asked=ASKED, limit=st.one_of(st.none(), st.integers(-6, 6)))
def test_a_sum_before_a_limit_counts_the_events_below_it(events, asked, limit):
    events = [e._replace(n=e.n or 0) for e in events]
    look = look_of(events, asked)

    result = look.sum_before("n", "n", np.full(len(asked), MISSING if limit is None else limit))

    expected = [sum(e.n for e in standing(events, key, at) if limit is not None and e.n < limit) for key, at in asked]
    assert result.tolist() == expected


def test_a_value_lasts_until_the_next_one():
    minute = 60_000_000
    told = [(2, None), (10, 40_000), (20, None), (25, 0)]
    events = [Event("a", at * minute, at * minute, None, n, None) for at, n in told]

    area, minutes = look_of(events, [("a", 5 * minute), ("a", 15 * minute), ("a", 30 * minute), ("b", 30)]).area("n")

    assert area.tolist() == [0, 5 * 40_000, 15 * 40_000, 0]
    assert minutes.tolist() == [0, 5, 20, 0]


def test_days_and_squares_are_exact_for_large_numbers():
    numbers = [3, 2**45 + 1, -(2**40) - 7]
    events = [Event("a", n * DAY, n * DAY, None, value, None) for n, value in enumerate(numbers)]
    look = look_of(events, [("a", 9 * DAY)])

    days, squares, products = look.by_days((), "n", None)

    assert (days[0], squares[0], products[0]) == (3, 5, numbers[1] + 2 * numbers[2])
    assert look.squares((), "n", None)[0] == pytest.approx(sum(n * n for n in numbers), rel=1e-15)


def test_many_names_are_found_like_few():
    built = index(in_order([Event(f"k{n:04}", n, n, None, n, None) for n in range(3 * FEW)]))
    names = [f"k{n:04}" for n in range(2 * FEW)] + ["nobody", None]

    assert built.codes_of(np.array(names, object)).tolist() == [*range(2 * FEW), -1, -1]
    assert built.codes_of(np.array(names[-3:], object)).tolist() == [2 * FEW - 1, -1, -1]


@pytest.mark.parametrize("known", [0, 5])
def test_a_key_is_told_from_its_neighbours_at_the_edges(known):
    built = index([Event("a", known, known, None, 1, None), Event("b", known, known, None, 10, None)])
    codes, at = np.array([0, 1, -1, 0]), np.array([known + 1, known + 1, known + 1, known])

    look = VectorLook(built, codes, at)
    assert look.sum((), "n", None).tolist() == [1, 10, 0, 0]
    assert look.latest(()).tolist() == [0, 1, -1, -1]


def test_when_the_latest_was_replaced_the_one_recorded_last_of_those_before_it_stands():
    built = index([Event("a", 1, 1, None, 1, None), Event("a", 2, 1, None, 2, None), Event("a", 3, 3, 4, 3, None)])

    found = VectorLook(built, np.array([0, 0, 0]), np.array([3, 4, 5])).latest(())

    assert found.tolist() == [1, 2, 1]
