from datetime import datetime, timedelta

from training.promotions import Move, Promotion, entry, live_at, log_in, shadow_at, standing

START = datetime(2026, 11, 2, 8)
HOUR = timedelta(hours=1)


def log_of(*moves: tuple[str, Move]) -> tuple[Promotion, ...]:
    """Moves an hour apart, written to tags and read back."""
    tags: dict[str, str] = {"other": "tag"}
    for number, (version, move) in enumerate(moves):
        name, value = entry(log_in(tags), Promotion(version, START + number * HOUR, move))
        tags[name] = value
    return log_in(tags)


def test_it_is_told_who_answered_when():
    log = log_of(("1", Move.LIVE), ("2", Move.LIVE), ("1", Move.BACK), ("3", Move.SHADOW))

    assert live_at(log, START - timedelta(microseconds=1)) is None
    assert [live_at(log, START + n * HOUR) for n in range(4)] == ["1", "2", "1", "1"]
    assert live_at(log, START + HOUR - timedelta(microseconds=1)) == "1"


def test_a_rollback_is_taken_from_those_that_stand():
    assert standing(log_of(("1", Move.LIVE), ("2", Move.LIVE), ("3", Move.LIVE), ("2", Move.BACK))) == ["1", "2"]
    assert standing(log_of(("1", Move.LIVE), ("2", Move.LIVE), ("1", Move.BACK), ("4", Move.LIVE))) == ["1", "4"]
    assert standing(log_of(("1", Move.LIVE), ("9", Move.SHADOW))) == ["1"]


def test_a_shadow_ends_when_it_is_ended_or_goes_live():
    log = log_of(("1", Move.LIVE), ("2", Move.SHADOW), ("", Move.NO_SHADOW), ("3", Move.SHADOW), ("3", Move.LIVE))

    assert [shadow_at(log, START + n * HOUR) for n in range(5)] == [None, "2", None, "3", None]


def test_entries_of_two_processes_that_saw_the_same_log_are_both_kept():
    first = entry((), Promotion("1", START, Move.LIVE))
    second = entry((), Promotion("2", START + HOUR, Move.LIVE))

    assert [one.version for one in log_in(dict([second, first]))] == ["1", "2"]


def test_the_list_of_earlier_releases_is_still_read():
    tags = {"foresell.promotions": '[["1", "2026-11-02T08:00:00"], ["2", "2026-11-02T09:00:00"], '
            '["1", "2026-11-02T10:00:00 back"]]'}  # fmt: skip
    name, value = entry(log_in(tags), Promotion("3", START + 3 * HOUR, Move.LIVE))

    log = log_in({**tags, name: value})

    assert standing(log) == ["1", "3"]
    assert live_at(log, START + 2 * HOUR) == "1"
