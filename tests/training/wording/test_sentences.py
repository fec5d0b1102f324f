import math
import re

import pytest

from features.catalog import CATALOG, CATALOGS, CUSTOMER_CATALOG, activity_feature, attribute_feature, attribute_rate
from training.wording.comparisons import Comparisons, Usual
from training.wording.labels import kind_of
from training.wording.sentences import sentence

ABOUT = {"deal": "win", "customer": "churn"}
EVERY = [(entity, name) for entity, catalog in CATALOGS.items() for name in catalog]
TYPICAL = {
    "number": 2.5, "count": 3.0, "days": 41.3, "money": 125_000.0, "minutes": 340.0, "months": 12.0, "share": 0.34,
    "points": -0.051, "times": 1.4, "percent_a_day": -0.004, "money_a_day": 3.2, "slope": 0.02, "month": 11.0,
    "weekday": 4.0, "hour": 14.5, "flag": 1.0,
}  # fmt: skip


def values_of(kind, language):
    if kind == "text":
        return ["Proposal" if language == "en" else "方案", None]
    usual = TYPICAL[kind]
    signed = [] if kind in ("month", "weekday", "hour", "flag", "count", "share") else [-usual]
    return [usual, *signed, None] if kind in ("month", "weekday", "hour") else [usual, *signed, 0.0, 1.0, None]


def told(feature, value, language, about):
    """Sentences with and without what is usual."""
    name, stage = feature.name, "Proposal" if language == "en" else "方案"
    numbers = {} if isinstance(value, str) else {name: Usual((1, 2, 3), (4, 5, 6))}
    shares = {name: {value: 0.47}} if isinstance(value, str) else {}
    row = {"deal_stage": stage, "deal_stage_age_to_won": 2.0, name: value}
    for known in (Comparisons(about), Comparisons(about, 0.4, numbers, shares=shares)):
        for effect in (0.3, -0.3):
            yield sentence(name, feature, row, effect, language, known)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("entity", "name"), EVERY)
def test_every_feature_is_told_in_words_of_its_language(entity, name, language):
    feature = CATALOGS[entity][name]
    for value in values_of(kind_of(feature), language):
        for text in told(feature, value, language, ABOUT[entity]):
            assert name not in text or "_" not in name
            assert not re.search(r"[{}_|]|nan|inf\b|None|\s\s|\.\.", text), text
            assert 15 <= len(text) <= 170 if language == "en" else 8 <= len(text) <= 90, text
            if language == "en":
                assert text.isascii() or set(text) - set(map(chr, range(128))) <= {"−"}, text
                assert text[0].isupper() or text[0].isdigit() or text[0] in "−+-", text
            else:
                assert not re.search(r"[A-Za-z]", text.replace("CRM", "")), text
                assert re.search(r"[一-鿿]", text), text


def test_each_sentence_is_a_features_own():
    for entity, catalog in CATALOGS.items():
        for language in ("en", "zh"):
            said = {}
            for feature in catalog.values():
                value = values_of(kind_of(feature), language)[0]
                said.setdefault(next(told(feature, value, language, ABOUT[entity])), []).append(feature.name)
            alike = [names for names in said.values() if len(names) > 1]
            assert alike == []


STAGED = {"deal_stage": "Proposal", "deal_days_in_stage": 41.0}
IN_STAGE = CATALOG["deal_days_in_stage"]
STAY = {"deal_days_in_stage": {"Proposal": Usual((3, 8, 18), (10, 30, 60))}}
ALL = {"deal_days_in_stage": Usual((3, 9, 20), (9, 25, 50))}


@pytest.mark.parametrize(
    ("language", "row", "text"),
    [
        (
            "en",
            STAGED | {"deal_stage_age_to_won": 41 / 18},
            "In stage Proposal for 41 days; deals that are won leave it within 18 days on average (lowers the chance)",
        ),
        (
            "zh",
            STAGED | {"deal_stage": "方案", "deal_stage_age_to_won": 41 / 18},
            "已在“方案”阶段停留 41 天；赢单商机平均在 18 天内离开（降低赢单概率）",
        ),
        (
            "en",
            STAGED,
            "In stage Proposal for 41 days; deals that are won are rarely in it for longer than 18 days"
            " (lowers the chance)",
        ),
    ],
)
def test_a_stay_is_compared_with_that_of_deals_that_were_won(language, row, text):
    known = Comparisons("win", 0.4, ALL, STAY, shares={"deal_stage": {"方案": 0.5}})

    assert sentence("deal_days_in_stage", IN_STAGE, row, -0.5, language, known) == text


def test_nothing_is_compared_where_too_little_was_seen():
    assert sentence("deal_days_in_stage", IN_STAGE, STAGED, -0.5, "en", Comparisons()) == (
        "In stage Proposal for 41 days (lowers the chance)"
    )


def test_a_stay_in_a_stage_that_is_not_known_is_told_by_its_label():
    text = sentence("deal_days_in_stage", IN_STAGE, {"deal_days_in_stage": 41.0}, 0.5, "en", Comparisons())

    assert text == "Days since the deal last changed stage: 41 days (raises the chance)"


def test_a_value_is_compared_with_the_stage_where_that_differs():
    feature = CATALOG["deal_meetings"]
    known = Comparisons(
        "win", 0.4, {"deal_meetings": Usual((0, 1, 2), (0, 0, 1))},
        {"deal_meetings": {"Proposal": Usual((2, 4, 6), (1, 2, 3))}},
    )  # fmt: skip
    row = {"deal_meetings": 1.0, "deal_stage": "Proposal"}

    assert sentence("deal_meetings", feature, row, -0.1, "en", known) == (
        "1 meeting so far; typical of deals won in this stage: 4, of deals lost: 2 (lowers the chance)"
    )
    assert sentence("deal_meetings", feature, row | {"deal_stage": "New"}, -0.1, "zh", known) == (
        "至今会议 1 次；赢单商机通常为 1，输单商机为 0（降低赢单概率）"
    )


def test_a_value_is_compared_with_deals_of_its_age_where_those_differ():
    known = Comparisons(
        "win", 0.4, {"deal_meetings": Usual((0, 1, 2), (0, 0, 1))},
        ages={"deal_meetings": {"30": Usual((3, 5, 9), (1, 2, 3))}},
    )  # fmt: skip
    row = {"deal_meetings": 1.0, "deal_age_days": 41.0}

    assert sentence("deal_meetings", CATALOG["deal_meetings"], row, -0.1, "en", known) == (
        "1 meeting so far; typical of deals won at this age: 5, of deals lost: 2 (lowers the chance)"
    )
    assert sentence("deal_meetings", CATALOG["deal_meetings"], row, -0.1, "zh", known) == (
        "至今会议 1 次；同龄赢单商机通常为 5，输单商机为 2（降低赢单概率）"
    )


def test_an_age_is_compared_with_the_whole_life_of_deals():
    age, known = CATALOG["deal_age_days"], Comparisons(life=Usual((10, 30, 60), (20, 55, 90)))

    assert sentence(age.name, age, {age.name: 120.0}, -0.1, "en", known) == (
        "Open for 120 days; deals that are won take 30 days from creation to close, lost ones 55 days"
        " (lowers the chance)"
    )
    assert sentence(age.name, age, {age.name: 120.0}, -0.1, "en", Comparisons()) == (
        "Open for 120 days (lowers the chance)"
    )


def test_where_won_and_lost_are_alike_it_is_said_once():
    known = Comparisons("win", 0.4, {"deal_calls": Usual((1, 2, 3), (1, 2, 4))})

    assert sentence("deal_calls", CATALOG["deal_calls"], {"deal_calls": 0.0}, -0.1, "en", known) == (
        "No calls so far; 2 is typical (lowers the chance)"
    )


def test_a_share_is_told_of_a_value_often_seen_and_of_no_other():
    known = Comparisons("win", 0.304, shares={"deal_source": {"referral": 0.4519}})
    feature = CATALOG["deal_source"]

    assert sentence("deal_source", feature, {"deal_source": "referral"}, 0.2, "en", known) == (
        "Source: referral; 45 % of such deals are won, 30 % of all (raises the chance)"
    )
    assert sentence("deal_source", feature, {"deal_source": "fair"}, 0.2, "en", known) == (
        "Source: fair (raises the chance)"
    )


def test_customers_are_compared_with_those_who_leave_and_those_who_stay():
    known = Comparisons("churn", 0.2, {"customer_lateness": Usual((2, 3.2, 5), (0.3, 0.7, 1.1))})
    feature = CUSTOMER_CATALOG["customer_lateness"]

    assert sentence("customer_lateness", feature, {"customer_lateness": 4.0}, 0.2, "zh", known) == (
        "距上次购买的时间是平常间隔的 4 倍；流失客户通常为 3.2 倍，留存客户为 0.7 倍（提高流失风险）"
    )


def test_what_lies_on_the_other_side_of_zero_is_told_in_other_words():
    late = CATALOG["deal_days_to_expected_close"]

    assert sentence(late.name, late, {late.name: -12.0}, -0.2, "en", Comparisons()).startswith(
        "The expected close date passed 12 days ago"
    )
    known = Comparisons("win", 0.4, {late.name: Usual((5, 10, 20), (-40, -20, -5))})
    assert "of deals won: 10 days, of deals lost: −20 days" in sentence(
        late.name, late, {late.name: 3.0}, 1, "en", known
    )


def test_attributes_are_told_by_their_name():
    region, rate, last = attribute_feature("region", False), attribute_rate("re{v}gion"), activity_feature("mood")

    assert sentence(region.name, region, {region.name: "North"}, 1, "en", Comparisons()) == (
        "region: North (raises the chance)"
    )
    assert sentence(rate.name, rate, {rate.name: 0.05}, 1, "zh", Comparisons()) == (
        "re(v)gion 相同的商机赢率高于整体 5 个百分点（提高赢单概率）"
    )
    assert sentence(rate.name, rate, {rate.name: -0.01}, -1, "en", Comparisons()) == (
        "Deals with the same re(v)gion are won 1 point less often than others (lowers the chance)"
    )
    assert sentence(last.name, last, {last.name: "good"}, 1, "en", Comparisons()) == (
        "The mood of the deal's last activity: good (raises the chance)"
    )


def test_a_number_without_end_is_told_without_digits():
    feature = CATALOG["deal_amount_drift"]

    assert "beyond measure" in sentence(feature.name, feature, {feature.name: math.inf}, 1, "en", Comparisons())


def test_what_moves_all_customers_alike_is_told_in_words():
    from training.churn.served import EVERYBODYS

    assert len(EVERYBODYS) == 2
    for name, feature in EVERYBODYS.items():
        for effect, way in ((0.2, "raises the risk"), (-0.2, "lowers the risk")):
            said = {
                language: sentence(name, feature, {name: 0.8}, effect, language, Comparisons("churn"))
                for language in ("en", "zh")
            }
            assert re.match(rf"[A-Z].* 0\.8 times .*{way}", said["en"])
            assert re.fullmatch(r"[^A-Za-z_]*0\.8 倍[^A-Za-z_]*", said["zh"])
