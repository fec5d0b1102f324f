import pytest

ENGAGEMENT = {
    # 90 days before a visit, 21 a call of ours, 19 their mail, 10 a meeting.
    "customer_activities_30d": 3,
    "customer_activities_90d": 4,
    "customer_activity_pace": 3 / 4,
    "customer_days_silent": 10,
    "customer_silence_to_usual": 10 / (80 / 3),
    "customer_inbound_90d": 1,
    "customer_inbound_share": 1 / 4,
    "customer_days_since_inbound": 19,
    "customer_reply_days": 2,
    "customer_answer_days": 9,
    "customer_calls_180d": 1,
    "customer_emails_180d": 1,
    "customer_meetings_180d": 1,
    "customer_visits_180d": 1,
    "customer_web_visits_180d": 0,
    "customer_minutes_90d": 75,
    "customer_last_activity": "meeting",
}


@pytest.fixture
def talker(story):
    story.activity(on="2024-04-02", type="visit", customer="c", direction="outbound", duration_minutes=60)
    story.activity(on="2024-06-10", type="call", customer="c", direction="outbound", duration_minutes=15)
    story.activity(on="2024-06-12", type="email", customer="c", direction="inbound")
    story.activity(on="2024-06-21", type="meeting", customer="c", direction="outbound")
    story.activity(on="2024-06-30", type="call", customer="another", direction="inbound")
    return story


def test_engagement_of_four_activities(talker):
    found = talker.values_of_customer(ENGAGEMENT, "c", as_of="2024-07-01")

    assert found == {n: v if isinstance(v, str) else pytest.approx(v) for n, v in ENGAGEMENT.items()}


def test_an_activity_at_the_moment_or_written_down_later_is_not_seen(talker):
    talker.activity(on="2024-06-28", customer="c", direction="inbound", recorded="2024-07-05")

    assert talker.value_of_customer("customer_days_silent", "c", as_of="2024-06-21") == 9
    assert talker.value_of_customer("customer_inbound_90d", "c", as_of="2024-07-01") == 1
    assert talker.value_of_customer("customer_inbound_90d", "c", as_of="2024-07-05T00:00:01") == 2


def test_with_nobody_nothing_happens(talker):
    found = talker.values_of_customer(ENGAGEMENT, "nobody", as_of="2024-07-01")

    counts = {name for name in ENGAGEMENT if name.endswith(("_30d", "_90d", "_180d"))}
    assert found == {name: 0 if name in counts else None for name in ENGAGEMENT}
