import pytest

AS_OF = "2024-03-31"


@pytest.fixture
def talked_about(story):
    """A deal with six activities, one of which nobody had written down yet."""
    deal = story.deal("d1")
    deal.activity(on="2024-02-01", type="visit", direction="outbound", contact="anna", rep="r1", duration_minutes=90)
    deal.activity(on="2024-03-02", type="call", direction="outbound", contact="anna", rep="r1", duration_minutes=10)
    deal.activity(on="2024-03-20", type="email", direction="inbound", contact="bo", rep="r2")
    deal.activity(on="2024-03-25", type="call", direction="inbound", contact="anna", rep="r1", outcome="interested")
    deal.activity(on="2024-03-28", type="meeting", direction="outbound", contact="cai", rep="r1", duration_minutes=60)
    deal.activity(on="2024-03-29", type="task", direction="inbound", recorded="2024-04-02")
    story.deal("d2").activity(on="2024-03-30", type="call", direction="internal")
    story.deal("d1").changes_stage("Lead", on="2024-01-01").changes_stage("Offer", on="2024-03-20")
    story.deal("d3")
    return story


def test_what_was_said_on_the_deal(talked_about):
    told = {
        "deal_activities": 5,
        "deal_activities_7d": 2,
        "deal_activities_30d": 4,
        "deal_activity_pace": 0.5,
        "deal_activities_in_stage": 3,
        "deal_days_to_first_activity": 31,
        "deal_days_silent": 3,
        "deal_inbound": 2,
        "deal_inbound_share": 0.4,
        "deal_days_since_inbound": 6,
        "deal_inbound_30d": 2,
        "deal_outbound_30d": 2,
        "deal_calls": 2,
        "deal_emails": 1,
        "deal_meetings": 1,
        "deal_meetings_30d": 1,
        "deal_chats": 0,
        "deal_visits": 1,
        "deal_tasks": 0,
        "deal_minutes": 160,
        "deal_last_activity": "meeting",
        "deal_last_outcome": None,
    }

    assert talked_about.values(told, "d1", as_of=AS_OF) == told


def test_what_is_written_down_later_counts_from_then(talked_about):
    assert talked_about.value("deal_tasks", "d1", as_of="2024-04-03") == 1
    assert talked_about.value("deal_days_silent", "d1", as_of="2024-04-03") == 5
    assert talked_about.value("deal_activities_7d", "d1", as_of="2024-04-03") == 2


@pytest.mark.parametrize(
    ("feature", "value"),
    [
        ("deal_activities", 0),
        ("deal_minutes", 0),
        ("deal_chats", 0),
        ("deal_inbound_30d", 0),
        ("deal_activities_in_stage", 0),
        ("deal_days_silent", None),
        ("deal_inbound_share", None),
        ("deal_days_to_first_activity", None),
    ],
)
def test_a_deal_nobody_spoke_about(talked_about, feature, value):
    assert talked_about.value(feature, "d3", as_of=AS_OF) == value


def test_an_activity_in_the_calendar_for_tomorrow_has_not_happened(story):
    story.deal("d1").activity(on="2024-03-10", recorded="2024-03-01")

    assert story.value("deal_activities", "d1", as_of="2024-03-05") == 0
    assert story.value("deal_activities", "d1", as_of="2024-03-11") == 1


def test_an_activity_put_right_counts_once_and_as_it_was_known(story):
    story.deal("d1").activity(on="2024-03-10", type="call", activity_id="a1", direction="outbound")
    story.import_now("2024-03-11")
    story.activity(on="2024-03-10", type="visit", activity_id="a1", direction="outbound", deal_id="d1")
    story.import_now("2024-03-15")

    assert story.value("deal_last_activity", "d1", as_of="2024-03-12") == "call"
    assert story.value("deal_last_activity", "d1", as_of="2024-03-20") == "visit"
    assert story.value("deal_calls", "d1", as_of="2024-03-20") == 0
    assert story.value("deal_activities", "d1", as_of="2024-03-20") == 1
    assert story.value("deal_activities", "d1", as_of="2024-03-12") == 1


def test_the_windows_have_edges(talked_about):
    told = {"deal_outbound_30d": 2, "deal_inbound_30d": 2, "deal_meetings_30d": 1}

    assert talked_about.values(told, "d1", as_of="2024-04-01") == told
    told = {"deal_outbound_30d": 1, "deal_inbound_30d": 2, "deal_meetings_30d": 1}
    assert talked_about.values(told, "d1", as_of="2024-04-01T00:00:01") == told
    told = {"deal_outbound_30d": 1, "deal_inbound_30d": 2, "deal_meetings_30d": 0}
    assert talked_about.values(told, "d1", as_of="2024-03-28") == told | {"deal_outbound_30d": 1}


def test_activities_count_for_the_stage_the_deal_is_in(talked_about):
    talked_about.deal("d1").changes_stage("Contract", on="2024-03-27", recorded="2024-03-30")

    assert talked_about.value("deal_activities_in_stage", "d1", as_of="2024-03-20") == 2
    assert talked_about.value("deal_activities_in_stage", "d1", as_of="2024-03-30") == 3
    assert talked_about.value("deal_activities_in_stage", "d1", as_of="2024-03-31") == 1
    assert talked_about.value("deal_activities_in_stage", "d1", as_of="2024-04-03") == 2


def test_a_talk_that_began_before_the_deal_was_created(story):
    story.deal("d1", created="2024-03-01").activity(on="2024-02-20", recorded="2024-02-20", type="chat")

    assert story.value("deal_days_to_first_activity", "d1", as_of="2024-03-02") == -10
    assert story.value("deal_chats", "d1", as_of="2024-03-02") == 1
