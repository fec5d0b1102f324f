from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from features.as_of import NotAMoment
from serving.problems.errors import DateNotAccepted, ModelKnowsTheFuture, MomentNotAccepted
from serving.questions.questions import DealsAsked
from serving.scores.occasion import Occasions, occasion
from serving.shelf.pairs import Bundled, Pair

NOW = datetime(2026, 11, 21, 17, 30)
"""Already the 22nd in Shanghai."""


class Seen:
    def __init__(self, data_as_of: datetime | None) -> None:
        self.data_as_of = data_as_of


@pytest.fixture
def asked_when(company):
    def asking(data_as_of=datetime(2026, 11, 21, 8), stale_after=timedelta(hours=10), **question):
        bundled = Bundled(company.champion("7"), {}, company.until)
        pair = Pair(bundled, None, None, Seen(data_as_of), ZoneInfo("Asia/Shanghai"), "CNY", 1)
        asked = DealsAsked.model_validate({"deals": [{"deal_id": "D-1"}], **question})
        return occasion(pair, asked, "en", NOW, stale_after)

    return asking


def test_without_as_of_it_is_now(asked_when):
    assert asked_when().as_of == NOW


def test_a_day_means_its_first_moment_in_the_historys_time_zone(asked_when):
    assert asked_when(as_of="2026-11-20").as_of == datetime(2026, 11, 19, 16)
    assert asked_when(as_of="2026-11-20T00:00:00Z").as_of == datetime(2026, 11, 20)


def test_horizons_end_on_days_of_the_calendar_there(asked_when):
    found = asked_when(horizons=[1, 30])

    assert found.ends == (("2026-11-23", 1), ("2026-12-22", 30))
    assert found.within == (("1", 1), ("30", 30))


def test_a_date_lasts_to_its_end_there(asked_when):
    found = dict(asked_when(dates=["2026-11-22", "2026-12-31"]).ends)

    assert found["2026-11-22"] == pytest.approx(22.5 / 24)
    assert found["2026-12-31"] == pytest.approx(39 + 22.5 / 24)


def test_the_model_is_asked_for_each_horizon_once_the_first_before_all(asked_when):
    days = asked_when(horizons=[60, 30, 60], dates=["2026-11-22"]).days

    assert days == (60, 30, pytest.approx(0.9375))


@pytest.mark.parametrize("day", ["2026-11-21", "2037-01-01", "9999-12-31"])
def test_a_date_that_passed_or_is_too_far_is_refused(asked_when, day):
    with pytest.raises(DateNotAccepted, match=day):
        asked_when(dates=[day])


def test_moments_that_cannot_be_are_refused(asked_when):
    with pytest.raises(MomentNotAccepted):
        asked_when(as_of="2026-11-21T17:31:00Z")
    with pytest.raises(ModelKnowsTheFuture):
        asked_when(as_of="2026-10-31")
    with pytest.raises(NotAMoment):
        asked_when(as_of="last week")


@pytest.mark.parametrize(("hours", "stale"), [(9.5, False), (9, True)])
def test_old_data_makes_answers_stale(asked_when, hours, stale):
    assert asked_when(stale_after=timedelta(hours=hours)).stale is stale


def test_with_a_level_brought_up_to_date_it_answers_later_moments_and_without_it_those_before(company):
    followed = Bundled(company.champion("7"), {}, datetime(2026, 11, 20))
    pair = Pair(Bundled(company.champion("7"), {}, company.until), followed, None, None, ZoneInfo("UTC"), None, 1)

    assert pair.at(datetime(2026, 11, 20)) is followed
    assert pair.at(datetime(2026, 11, 19)).level_as_of == company.until
    with pytest.raises(ModelKnowsTheFuture):
        pair.at(datetime(2026, 10, 31))


def test_data_of_unknown_age_is_stale(asked_when):
    assert asked_when(data_as_of=None).stale
    assert asked_when(data_as_of=None).data_as_of is None


def test_what_was_recorded_after_the_moment_does_not_make_data_younger(asked_when):
    found = asked_when(as_of="2026-11-20")

    assert found.data_as_of == found.as_of


def test_days_beyond_the_calendar_are_unknown(asked_when):
    assert asked_when().day_after(1) == "2026-11-23"
    assert asked_when().day_after(None) is None
    assert asked_when().day_after(1e9) is None
    assert asked_when().day_after(float("nan")) is None


def test_an_occasion_of_the_present_is_the_same_whether_days_are_kept_or_not(company):
    bundled, kept = Bundled(company.champion("7"), {}, company.until), Occasions()
    moments = [datetime(2027, 3, 27, 15, 50) + timedelta(minutes=7 * place) for place in range(1000)]
    for zone in ("Asia/Shanghai", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"):
        pair = Pair(bundled, None, None, Seen(datetime(2027, 3, 28)), ZoneInfo(zone), "CNY", 1)
        for horizons in ([30, 60, 90], [7.3], [], [2, 1]):
            asked = DealsAsked.model_validate({"deals": [{"deal_id": "D-1"}], "horizons": horizons})
            for now in moments[:: 1 if horizons == [2, 1] else 37]:
                told = (pair, bundled, asked, "en", now, timedelta(hours=10))
                assert kept.now(*told) == occasion(pair, asked, "en", now, timedelta(hours=10)), (zone, now)
