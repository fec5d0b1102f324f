"""What a single event is beside the one before it is what the rule for all events at once says."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.as_of import DAY
from features.derived import DERIVED
from features.derived_one import RULES, Two
from features.indexing import derive
from features.kernel import MISSING, SCALE, build_index
from features.names import Names

DIRECTIONS = ("outbound", "inbound", "internal")
LAST_SUNDAY_OF_OCTOBER = 1_729_987_200_000_000
"""2024-10-27, when summer time ends in Berlin."""
times = st.integers(0, 9 * DAY).map(lambda micros: LAST_SUNDAY_OF_OCTOBER - 4 * DAY + micros)
numbers = st.one_of(st.just(MISSING), st.integers(-3, 3).map(lambda n: n * SCALE), times)
events = st.lists(st.tuples(times, numbers, st.integers(-1, len(DIRECTIONS) - 1)), min_size=1, max_size=6).map(
    lambda told: sorted(told, key=lambda event: event[0])
)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Shanghai"])
@given(told=events)
def test_one_event_is_told_as_all_are(zone, told):
    known = np.array([at for at, _, _ in told], np.int64)
    for stream, derived in DERIVED.items():
        needed = {column for derivation in derived.values() for column in derivation.needs}
        held = {c: [code if c == "direction" else number for _, number, code in told] for c in needed}
        index = build_index(
            ["key"],
            np.array([0, len(told)]),
            known,
            known,
            {column: np.array(values, np.int64) for column, values in held.items()},
            {"direction": np.array(DIRECTIONS, object)},
            None,
        )
        derive(index, derived, ZoneInfo(zone))
        for row, (happened, _, _) in enumerate(told):
            now = {column: values[row] for column, values in held.items()}
            before = {column: values[row - 1] for column, values in held.items()} if row else None
            two = Two(now, happened, before, told[row - 1][0], {"direction": Names(DIRECTIONS)}, ZoneInfo(zone))
            for column in derived:
                assert RULES[stream][column](two) == index.columns[column][row], (stream, column, row)


def test_every_derived_column_has_its_rule_for_one():
    assert {stream: set(rules) for stream, rules in RULES.items()} == {s: set(found) for s, found in DERIVED.items()}
