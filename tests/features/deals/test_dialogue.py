import pytest

AS_OF = "2024-03-31"
DIALOGUE = (
    "deal_reply_days",
    "deal_reply_share",
    "deal_answer_days",
    "deal_tries_unanswered",
    "deal_last_direction",
    "deal_usual_gap_days",
    "deal_gap_spread",
    "deal_silence_to_usual",
    "deal_inbound_hour",
    "deal_weekend_share",
)


@pytest.fixture
def talked(story):
    """Written to on Friday the 1st, they reply on Sunday at noon; they write on the 11th, we answer on the 15th, and
    write again on the 21st and the 27th. A reply of the 28th is written down on April 2nd."""
    deal = story.deal("d1")
    deal.activity(on="2024-03-01", direction="outbound").activity(on="2024-03-03T12:00:00", direction="inbound")
    deal.activity(on="2024-03-11T10:00:00", direction="inbound").activity(on="2024-03-15", direction="outbound")
    deal.activity(on="2024-03-21", direction="outbound").activity(on="2024-03-27", direction="outbound")
    deal.activity(on="2024-03-28", direction="inbound", recorded="2024-04-02")
    story.deal("d2").activity(on="2024-03-01", direction="internal")
    story.deal("d3")
    return story


def test_who_answers_whom_and_how_quickly(talked):
    told = {
        "deal_reply_days": 2.5,
        "deal_reply_share": 1 / 4,
        "deal_answer_days": pytest.approx(3 + 14 / 24, abs=1e-4),
        "deal_tries_unanswered": 3,
        "deal_last_direction": "outbound",
        "deal_inbound_hour": 11,
        "deal_weekend_share": pytest.approx(1 / 6),
    }

    assert talked.values(told, "d1", as_of=AS_OF) == told


def test_the_rhythm_and_whether_the_silence_breaks_it(talked):
    gaps = [2.5, 7 + 22 / 24, 3 + 14 / 24, 6, 6]
    mean = sum(gaps) / 5
    spread = (sum((gap - mean) ** 2 for gap in gaps) / 4) ** 0.5

    assert talked.value("deal_usual_gap_days", "d1", as_of=AS_OF) == pytest.approx(mean, abs=1e-4)
    assert talked.value("deal_gap_spread", "d1", as_of=AS_OF) == pytest.approx(spread, abs=1e-3)
    assert talked.value("deal_silence_to_usual", "d1", as_of=AS_OF) == pytest.approx(4 / mean, abs=1e-4)


def test_what_happens_at_the_moment_is_not_seen(talked):
    assert talked.value("deal_tries_unanswered", "d1", as_of="2024-03-21") == 1
    assert talked.value("deal_last_direction", "d1", as_of="2024-03-03T12:00:00") == "outbound"
    assert talked.value("deal_last_direction", "d1", as_of="2024-03-03T12:00:01") == "inbound"
    assert talked.value("deal_reply_days", "d1", as_of="2024-03-03T12:00:00") is None


def test_a_reply_written_down_late_counts_from_then(talked):
    assert talked.value("deal_tries_unanswered", "d1", as_of="2024-04-02") == 3
    assert talked.value("deal_tries_unanswered", "d1", as_of="2024-04-03") == 0
    assert talked.value("deal_last_direction", "d1", as_of="2024-04-03") == "inbound"
    assert talked.value("deal_reply_days", "d1", as_of="2024-04-03") == (2.5 + 1) / 2


def test_of_a_deal_with_one_activity_there_is_no_rhythm(talked):
    told = dict.fromkeys(DIALOGUE) | {
        "deal_tries_unanswered": 0,
        "deal_last_direction": "internal",
        "deal_weekend_share": 0,
    }

    assert talked.values(told, "d2", as_of=AS_OF) == told


def test_of_a_deal_nobody_spoke_about_nothing_is_known(talked):
    told = dict.fromkeys(DIALOGUE) | {"deal_tries_unanswered": 0}

    assert talked.values(told, "d3", as_of=AS_OF) == told


def test_where_the_customer_was_never_heard_from_all_tries_are_unanswered(story):
    story.deal("d1").activity(on="2024-02-01", direction="outbound").activity(on="2024-03-01", direction="outbound")

    assert story.value("deal_tries_unanswered", "d1", as_of=AS_OF) == 2
    assert story.value("deal_reply_share", "d1", as_of=AS_OF) == 0
