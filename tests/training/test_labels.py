from datetime import datetime

import numpy as np
import pytest

from features.as_of import micros, parse_moment
from features.kernel import MISSING
from training.labels import match, outcomes


def at(day: str) -> datetime:
    return parse_moment(day, "Asia/Shanghai")


def told(story, until: str) -> dict[str, tuple[str, str]]:
    """What is known of each closed deal: the outcome and the day it closed."""
    found = outcomes(story.history, at(until))
    return {
        deal: ("won" if won else "lost", str(np.datetime64(int(happened), "us") + np.timedelta64(8, "h"))[:10])
        for deal, won, happened in zip(found.deal_id, found.won, found.happened, strict=True)
    }


def test_what_was_closed_before_the_moment_is_known_and_nothing_else(story):
    story.deal("won early").closes("won", on="2024-02-01")
    story.deal("lost early").closes("lost", on="2024-02-02")
    story.deal("closes that day").closes("won", on="2024-03-01")
    story.deal("still open")

    assert told(story, "2024-03-01") == {"won early": ("won", "2024-02-01"), "lost early": ("lost", "2024-02-02")}
    assert "closes that day" in told(story, "2024-03-02")


def test_a_closing_recorded_late_is_known_late_and_happened_early(story):
    story.deal("d1").closes("won", on="2024-02-01", recorded="2024-04-01")

    assert told(story, "2024-03-31") == {}
    assert told(story, "2024-04-02") == {"d1": ("won", "2024-02-01")}
    assert outcomes(story.history, at("2024-05-01")).known.tolist() == [micros(at("2024-04-01"))]


def test_a_reopened_deal_has_no_outcome_until_it_closes_again(story):
    story.deal("d1").closes("lost", on="2024-02-01", recorded="2024-02-01")
    story.deal("d1", status="open", closed_at=None, recorded="2024-03-01")
    story.deal("d1").closes("won", on="2024-04-01", recorded="2024-04-01")

    assert told(story, "2024-02-15") == {"d1": ("lost", "2024-02-01")}
    assert told(story, "2024-03-15") == {}
    assert told(story, "2024-04-15") == {"d1": ("won", "2024-04-01")}


def test_a_reopening_in_the_changes_counts_as_well(story):
    deal = story.deal("d1").closes("lost", on="2024-02-01")
    deal.changes("status", "open", on="2024-03-01")

    assert told(story, "2024-02-15") == {"d1": ("lost", "2024-02-01")}
    assert told(story, "2024-03-15") == {}


def test_deals_are_matched_with_what_became_of_them(story):
    story.deal("a").closes("won", on="2024-02-01")
    story.deal("b").closes("lost", on="2024-02-03")
    story.deal("c")
    known = outcomes(story.history, at("2024-03-01"))

    won, happened, since = match(np.array(["c", "b", "a", "b", "nobody"], object), known)

    np.testing.assert_array_equal(won, [np.nan, 0, 1, 0, np.nan])
    assert happened[[0, 4]].tolist() == [MISSING, MISSING]
    assert happened[1] == happened[3] == since[1] == micros(at("2024-02-03"))


@pytest.mark.parametrize("deals", [[], ["a", "b"]])
def test_where_nothing_closed_all_is_undecided(story, deals):
    story.deal("a")

    won, happened, since = match(np.array(deals, object), outcomes(story.history, at("2024-03-01")))

    assert np.isnan(won).all()
    assert (happened == MISSING).all()
    assert (since == MISSING).all()
    assert len(won) == len(happened) == len(since) == len(deals)
