"""The kernel beside the plainest reading of what it promises: a walk over all events."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.engines.local import index_of
from features.kernel import FEW, MISSING, Index, distinct, first_known, latest, take, tally
from features.streams import Stream

KEYS = ("a", "b", "c")
STREAM = Stream("", ("deal",), {"n": "number", "c": "category"})


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
    return index_of(pa.Table.from_pylist(rows, schema), STREAM, ["c", "n"])


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


@settings(max_examples=400)  # what is recorded just as a window ends is rare
@given(events=st.one_of(HISTORIES, PUNCTUAL), asked=ASKED, window=WINDOWS, column=st.sampled_from([None, "n"]))
def test_a_tally_counts_what_was_on_record_and_happened_in_the_window(events, asked, window, column):
    built, codes, at = asked_of(events, asked)

    result = tally(built, codes, at, None if window is None else at - window, column)

    def reference(key: str, moment: int) -> int:
        found = [e for e in standing(events, key, moment) if window is None or e.happened >= moment - window]
        return len(found) if column is None else sum(e.n or 0 for e in found)

    assert result.tolist() == [reference(key, moment) for key, moment in asked]


@given(events=HISTORIES, asked=ASKED)
def test_the_latest_is_the_one_that_happened_last_and_of_several_the_one_recorded_last(events, asked):
    built, codes, at = asked_of(events, asked)

    found = latest(built, codes, at)

    for (key, moment), position in zip(asked, found, strict=True):
        seen = standing(events, key, moment)
        expected = max(seen, key=lambda e: (e.happened, e.known, events.index(e))) if seen else None
        assert (events[position] if position >= 0 else None) == expected


@given(events=HISTORIES, asked=ASKED)
def test_the_first_is_the_one_known_first_even_if_replaced_since(events, asked):
    built, codes, at = asked_of(events, asked)

    found = first_known(built, codes, at)

    for (key, moment), position in zip(asked, found, strict=True):
        expected = next((e for e in events if e.key == key and e.known < moment), None)
        assert (events[position] if position >= 0 else None) == expected


@given(events=HISTORIES, asked=ASKED)
def test_distinct_values_are_all_that_were_ever_on_record(events, asked):
    built, codes, at = asked_of(events, asked)

    result = distinct(built, "c", codes, at)

    seen = [{e.c for e in events if e.key == key and e.known < moment and e.c} for key, moment in asked]
    assert result.tolist() == [len(values) for values in seen]


@given(events=HISTORIES, asked=ASKED, window=WINDOWS, where=st.sampled_from(["x", "y", "never seen"]))
def test_an_index_of_some_events_is_the_index_of_those_alone(events, asked, window, where):
    built, codes, at = asked_of(events, asked)
    since = None if window is None else at - window

    some = [e for e in events if e.c == where]
    there = [e for e in events if e.n is not None]
    chosen, having = built.only((("c", where),)), built.having("n")

    for part, those in ((chosen, some), (having, there)):
        alone, own_codes, _ = asked_of(those, asked)
        assert tally(part, codes, at, since, "n").tolist() == tally(alone, own_codes, at, since, "n").tolist()
        assert tally(part, codes, at, since, None).tolist() == tally(alone, own_codes, at, since, None).tolist()
        happened = [take(i.happened, latest(i, c, at), MISSING) for i, c in ((part, codes), (alone, own_codes))]
        assert happened[0].tolist() == happened[1].tolist()


@given(events=HISTORIES, others=st.lists(event(), max_size=8), asked=ASKED)
def test_what_is_said_of_one_key_does_not_depend_on_the_others_beside_it(events, others, asked):
    crowd = [e._replace(key=f"{e.key}-other") for e in others]
    alone, codes, at = asked_of(events, asked)
    beside, beside_codes, _ = asked_of(in_order([*events, *crowd]), asked)

    assert tally(alone, codes, at, at - 3, "n").tolist() == tally(beside, beside_codes, at, at - 3, "n").tolist()
    found = latest(alone, codes, at), latest(beside, beside_codes, at)
    assert take(alone.columns["n"], found[0], MISSING).tolist() == take(beside.columns["n"], found[1], MISSING).tolist()


def test_many_names_are_found_like_few():
    built = index(in_order([Event(f"k{n:04}", n, n, None, n, None) for n in range(3 * FEW)]))
    names = [f"k{n:04}" for n in range(2 * FEW)] + ["nobody", None]

    assert built.codes_of(np.array(names, object)).tolist() == [*range(2 * FEW), -1, -1]
    assert built.codes_of(np.array(names[-3:], object)).tolist() == [2 * FEW - 1, -1, -1]


@pytest.mark.parametrize("known", [0, 5])
def test_a_key_is_told_from_its_neighbours_at_the_edges(known):
    built = index([Event("a", known, known, None, 1, None), Event("b", known, known, None, 10, None)])
    codes, at = np.array([0, 1, -1, 0]), np.array([known + 1, known + 1, known + 1, known])

    assert tally(built, codes, at, None, "n").tolist() == [1, 10, 0, 0]
    assert latest(built, codes, at).tolist() == [0, 1, -1, -1]


def test_when_the_latest_was_replaced_the_one_recorded_last_of_those_before_it_stands():
    built = index([Event("a", 1, 1, None, 1, None), Event("a", 2, 1, None, 2, None), Event("a", 3, 3, 4, 3, None)])

    found = latest(built, np.array([0, 0, 0]), np.array([3, 4, 5]))

    assert found.tolist() == [1, 2, 1]
