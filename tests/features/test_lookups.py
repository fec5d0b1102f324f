from features.as_of import micros, parse_moment
from features.kernel import MISSING
from features.lookups import read_places, read_rates


def at(day: str) -> int:
    return micros(parse_moment(day, "Asia/Shanghai"))


def test_a_rate_is_the_latest_days_among_those_known(story):
    story.rate("USD", on="2024-01-01", rate=7).rate("USD", on="2024-03-01", rate=7.5)
    story.rate("EUR", on="2024-02-01", rate=8)
    rates = read_rates(story.history)

    assert rates.rate("USD", at("2024-02-01")) == 7
    assert rates.rate("USD", at("2024-03-01")) == 7.5
    assert rates.rate("USD", at("2023-12-31")) is None
    assert rates.rate("EUR", at("2024-06-01")) == 8
    assert rates.rate("JPY", at("2024-06-01")) is None
    assert rates.rate("CNY", at("2000-01-01")) == rates.rate(None, at("2000-01-01")) == 1


def test_without_rates_only_the_base_currency_has_one(story):
    story.deal("d1")
    rates = read_rates(story.history)

    assert rates.rate("CNY", 0) == 1
    assert rates.rate("USD", at("2024-01-01")) is None


def test_a_stage_has_its_place_in_its_pipeline_and_elsewhere_the_first(story):
    story.stages("New", "Offer").stages("Ask", "Talk", "Offer", pipeline="partner")
    places, now = read_places(story.history), at("2030-06-01")

    assert places.place("sales", "Offer", now) == 20_000
    assert places.place("partner", "Offer", now) == 30_000
    assert places.place("sales", "Ask", now) == MISSING
    assert places.place("unheard of", "Talk", now) == 20_000
    assert places.place(None, "Offer", now) == 20_000
    assert places.place(None, "Unheard of", now) == MISSING


def test_without_stages_nothing_has_a_place(story):
    story.deal("d1")

    assert read_places(story.history).place("sales", "New", at("2024-06-01")) == MISSING
