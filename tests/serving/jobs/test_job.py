"""When is a job due? Nights and rounds, failures, and clocks that jump."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from serving.jobs.job import Every, Nightly, PastRun

NOW = datetime(2026, 11, 28, 12)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("past", "due"),
    [
        (None, True),
        (PastRun("done", NOW - 4 * MINUTE, None), False),
        (PastRun("done", NOW - 5 * MINUTE, None), True),
        (PastRun("done", NOW + timedelta(days=365), None), True),
        (PastRun("failed", NOW - 9 * MINUTE, NOW + MINUTE), False),
        (PastRun("failed", NOW - 9 * MINUTE, NOW), True),
        (PastRun("failed", NOW - 9 * MINUTE, NOW + timedelta(days=365)), True),
        (PastRun("stopped", NOW, None), True),
        (PastRun("running", None, None), True),
    ],
)
def test_a_round_is_due_after_its_interval_and_after_a_clock_was_put_back(past: PastRun | None, due: bool) -> None:
    assert Every(5 * MINUTE).is_due(past, NOW) is due


@pytest.mark.parametrize(
    ("past", "due"),
    [
        (None, True),
        (PastRun("done", NOW, None), False),
        (PastRun("failed", NOW, NOW + MINUTE), False),
        (PastRun("failed", NOW, NOW), True),
        (PastRun("stopped", NOW, None), True),
    ],
)
def test_a_night_is_due_until_it_is_done(past: PastRun | None, due: bool) -> None:
    assert Nightly(time(2), ZoneInfo("UTC")).is_due(past, NOW) is due


def test_every_night_has_one_slot_also_where_clocks_are_put_forward_and_back() -> None:
    night = Nightly(
        time(2, 30), ZoneInfo("Europe/Berlin")
    )  # 02:30 is left out on March 29 and comes twice on October 25
    for begin, days in ((datetime(2026, 3, 27), 5), (datetime(2026, 10, 23), 5)):
        slots = [night.slot(begin + timedelta(minutes=10 * step)) for step in range(days * 144)]
        changes = [slot for slot, before in zip(slots[1:], slots, strict=False) if slot != before]
        assert len(changes) == days
        assert sorted(set(slots)) == [(begin + timedelta(days=n - 1)).date().isoformat() for n in range(days + 1)]
