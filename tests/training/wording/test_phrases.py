import pytest

from training.wording.phrases import Phrase

CALLS = Phrase("{v:call|calls} in stage {deal_stage}", "在“{deal_stage}”阶段通话 {v} 次")


def test_blanks_are_filled_with_the_value_and_others_of_the_row():
    row = {"deal_stage": "Offer"}

    assert CALLS.say(1.0, "count", row, "en") == "1 call in stage Offer"
    assert CALLS.say(0.0, "count", row, "en") == "No calls in stage Offer"
    assert CALLS.say(2.0, "count", row, "zh") == "在“Offer”阶段通话 2 次"


@pytest.mark.parametrize("row", [{}, {"deal_stage": None}])
def test_nothing_is_said_where_another_value_is_not_known(row):
    assert CALLS.say(1.0, "count", row, "en") is None


def test_below_zero_other_words_are_used_where_there_are_some():
    phrase = Phrase("{v} left", "还剩 {v}", "{v} over", "已过 {v}")

    assert phrase.say(2.0, "days", {}, "en") == "2 days left"
    assert phrase.say(-2.0, "days", {}, "en") == "2 days over"
    assert phrase.say(-2.0, "days", {}, "zh") == "已过 2 天"
    assert Phrase("at {v}", "为 {v}").say(-2.0, "number", {}, "en") == "At -2"


def test_what_the_company_wrote_keeps_its_letters():
    assert Phrase("{v} as type", "类型 {v}").say("upsell", "text", {}, "en") == "upsell as type"
    assert Phrase("size: {v}", "size：{v}", capital=False).say("big", "text", {}, "en") == "size: big"
    assert CALLS.say(1.0, "count", {"deal_stage": "{v}"}, "en") == "1 call in stage {v}"
