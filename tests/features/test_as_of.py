import pickle
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.as_of import DAY, NotAMoment, known_before, micros, parse_moment


@pytest.mark.parametrize(
    ("text", "timezone", "utc"),
    [
        ("2026-11-21", "Asia/Shanghai", datetime(2026, 11, 20, 16)),
        ("2026-11-21", "UTC", datetime(2026, 11, 21)),
        ("2026-11-21", "America/New_York", datetime(2026, 11, 21, 5)),
        ("2026-06-21", "America/New_York", datetime(2026, 6, 21, 4)),
        ("2026-11-21T09:30:00", "Asia/Shanghai", datetime(2026, 11, 21, 1, 30)),
        ("2026-11-21 09:30", "Asia/Shanghai", datetime(2026, 11, 21, 1, 30)),
        ("2026-11-21T09:30:00+08:00", "America/New_York", datetime(2026, 11, 21, 1, 30)),
        ("2026-11-21T09:30:00.000001Z", "Asia/Shanghai", datetime(2026, 11, 21, 9, 30, 0, 1)),
        ("2018-11-04", "America/Sao_Paulo", datetime(2018, 11, 4, 3)),  # this day began at 01:00
        ("2024-11-03", "America/Havana", datetime(2024, 11, 3, 4)),  # midnight came twice: the first one
    ],
)
def test_a_moment_is_read_in_the_mappings_time_zone(text, timezone, utc):
    assert parse_moment(text, timezone) == utc


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2026-13-01",
        "2026-02-30",
        "21/11/2026",
        "2026-11-21T25:00",
        "2026/11/21",
        "0001-01-01T00:00+08:00",
    ],
)
def test_what_is_no_moment_is_refused_by_name(text):
    with pytest.raises(NotAMoment, match="To fix: write 2026-11-21") as refused:
        parse_moment(text, "UTC")

    assert f"'{text}'" in str(refused.value)
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)


def test_micros_count_from_1970():
    assert micros(datetime(1970, 1, 2, 0, 0, 0, 5)) == DAY + 5
    assert micros(datetime(1969, 12, 31)) == -DAY


@given(
    segments=st.lists(st.lists(st.integers(-3, 12), max_size=9), max_size=5),
    asked=st.lists(st.tuples(st.integers(-1, 6), st.integers(-4, 14)), max_size=20),
)
def test_the_cut_is_where_the_first_unknown_event_stands(segments, asked):
    segments = [sorted(segment) for segment in segments]
    starts = np.cumsum([0, *map(len, segments)])
    known = np.array([moment for segment in segments for moment in segment], np.int64)
    codes = np.array([code if code < len(segments) else -1 for code, _ in asked], np.int64)
    at = np.array([moment for _, moment in asked], np.int64)

    ends = known_before(starts, known, codes, at)

    for code, moment, end in zip(codes, at, ends, strict=True):
        begin = starts[code] if code >= 0 else starts[0]
        expected = sum(event < moment for event in segments[code]) if code >= 0 else 0
        assert end == begin + expected
