from datetime import datetime

import numpy as np

from features.as_of import parse_moment
from features.catalog import select
from training.recent import decided_since

FEATURES = select("deal_age_days")


def at(day: str) -> datetime:
    return parse_moment(day, "Asia/Shanghai")


def test_only_deals_whose_outcome_became_known_in_between_are_looked_at(story):
    story.deal("before", created="2024-01-01").closes("won", on="2024-01-20")
    story.deal("since", created="2024-01-05").closes("lost", on="2024-02-10")
    story.deal("told late", created="2024-01-05").closes("won", on="2024-01-15", recorded="2024-02-12")
    story.deal("after", created="2024-01-05").closes("won", on="2024-03-20")
    story.deal("open", created="2024-01-05")

    found = decided_since(story.history, FEATURES, at("2024-02-01"), at("2024-03-01"))

    assert set(found.subject.tolist()) == {"since", "told late"}
    assert not np.isnan(found.outcome).any()
    assert set(found.outcome[found.subject == "since"]) == {0.0}
    assert len(found.x) == len(found)


def test_where_nothing_became_known_there_are_no_rows(story):
    story.deal("open", created="2024-01-05")

    assert len(decided_since(story.history, FEATURES, at("2024-02-01"), at("2024-03-01"))) == 0
