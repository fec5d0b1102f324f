import numpy as np

from features.as_of import DAY, micros, parse_moment
from training.moments import AGES, life_moments


def looks(story, until: str, ages: tuple[float, ...] = (0, 1, 7, 30)) -> dict[str, list[float]]:
    moments, age = life_moments(story.history, parse_moment(until, "Asia/Shanghai"), ages)
    return {deal: age[moments.ids == deal].tolist() for deal in sorted(set(moments.ids.tolist()))}


def test_a_deal_is_looked_at_while_it_is_open_and_not_after(story):
    story.deal("closed").closes("won", on="2024-01-08")
    story.deal("closed after a look").closes("won", on="2024-01-08T12:00")
    story.deal("open")

    assert looks(story, "2024-06-01") == {
        "closed": [0, 1],
        "closed after a look": [0, 1, 7],
        "open": [0, 1, 7, 30],
    }


def test_nothing_is_looked_at_at_or_after_the_end(story):
    story.deal("d1")

    assert looks(story, "2024-01-08") == {"d1": [0, 1]}
    assert looks(story, "2024-01-01") == {}


def test_a_deal_is_open_until_its_closing_was_on_record(story):
    story.deal("d1").closes("lost", on="2024-01-02", recorded="2024-01-20")

    assert looks(story, "2024-06-01") == {"d1": [0, 1, 7]}


def test_a_reopened_deal_is_looked_at_again(story):
    story.deal("d1").closes("lost", on="2024-01-02", recorded="2024-01-02")
    story.deal("d1", status="open", closed_at=None, recorded="2024-01-20")

    assert looks(story, "2024-06-01") == {"d1": [0, 30]}


def test_ages_count_from_when_the_deal_came_on_record(story):
    story.deal("d1", created="2024-01-01", recorded="2024-01-05")
    moments, age = life_moments(story.history, parse_moment("2024-06-01", "Asia/Shanghai"), (0, 1))

    since = micros(parse_moment("2024-01-05", "Asia/Shanghai"))
    np.testing.assert_array_equal(moments.at, since + age * DAY + 1)


def test_a_history_without_deals_has_no_moments(story):
    story.order("C-1", on="2024-01-01")

    assert looks(story, "2024-06-01") == {}


def test_ages_rise_from_the_creation():
    assert AGES[0] == 0
    assert list(AGES) == sorted(set(AGES))
