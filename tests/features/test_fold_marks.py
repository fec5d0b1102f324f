from features.fold_marks import Mark, latest_mark, mark_of
from features.ledger import Entry


def entry(origin: str, number: int = 1) -> Entry:
    return Entry(number, origin, "2026-01-01", "UTC", "CNY", {})


def test_the_log_says_how_far_the_rows_of_a_sequence_reach():
    entries = [
        entry(Mark("a", 5, "x").origin, 2),
        entry(Mark("b", 9, "y").origin, 3),
        entry(Mark("a", 7, "z").origin, 4),
        entry("exports", 5),
    ]

    assert latest_mark(entries, "a") == (Mark("a", 7, "z"), 4)
    assert latest_mark(entries, "c") is None


def test_other_deliveries_bear_no_mark_whatever_their_folder_is_called():
    for origin in ("events", "events 2024", "events a b c", "events a 1", "my events a 1 x"):
        assert mark_of(entry(origin)) is None
