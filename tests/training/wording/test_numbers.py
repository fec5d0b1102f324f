import pytest

from training.wording.numbers import counted, written


@pytest.mark.parametrize(
    ("value", "kind", "english", "chinese"),
    [
        (41.3, "days", "41 days", "41 天"),
        (1.0, "days", "1 day", "1 天"),
        (2.54, "days", "2.5 days", "2.5 天"),
        (0.25, "days", "6 hours", "6 小时"),
        (0.04, "days", "1 hour", "1 小时"),
        (0.01, "days", "less than an hour", "不到 1 小时"),
        (1e-11, "days", "less than an hour", "不到 1 小时"),
        (0.0, "days", "0 days", "0 天"),
        (-12.0, "days", "12 days", "12 天"),
        (1096.0, "days", "3 years", "3 年"),
        (980.0, "money", "980", "980"),
        (12_345.678, "money", "12,346", "1.23 万"),
        (125_000.0, "money", "125,000", "12.5 万"),
        (1_250_000.0, "money", "1.25 million", "125 万"),
        (320_000_000.0, "money", "320 million", "3.2 亿"),
        (0.3456, "share", "34.6 %", "34.6%"),
        (0.0, "share", "0 %", "0%"),
        (-0.051, "points", "5.1 points", "5.1 个百分点"),
        (0.01, "points", "1 point", "1 个百分点"),
        (1.4, "times", "1.4 times", "1.4 倍"),
        (45.0, "minutes", "45 minutes", "45 分钟"),
        (1.0, "minutes", "1 minute", "1 分钟"),
        (150.0, "minutes", "2.5 hours", "2.5 小时"),
        (1.0, "months", "1 month", "1 个月"),
        (12.0, "months", "12 months", "12 个月"),
        (0.012, "percent_a_day", "+1.2 % a day", "每天 +1.2%"),
        (-3.25, "money_a_day", "-3.25 a day", "每天 -3.25"),
        (11.0, "month", "November", "11 月"),
        (0.0, "weekday", "Monday", "星期一"),
        (14.5, "hour", "14:30", "14:30"),
        (1.0, "flag", "yes", "是"),
        (0.0, "flag", "no", "否"),
        (1234.0, "count", "1,234", "1,234"),
        (23_456.0, "count", "23,456", "2.35 万"),
        (99.96, "number", "100", "100"),
        (-0.5, "number", "-0.5", "-0.5"),
        (1.2e-11, "number", "0", "0"),
        (float("inf"), "times", "beyond measure", "极大"),
        ("inbound", "text", "inbound", "客户发起"),
        ("North", "text", "North", "North"),
    ],
)
def test_values_are_written_as_people_write_them(value, kind, english, chinese):
    assert written(value, kind, "en") == english
    assert written(value, kind, "zh") == chinese


def test_counts_stand_before_their_nouns():
    assert [counted(number, "try", "tries") for number in (0, 1, 2, 12_345)] == [
        "no tries",
        "1 try",
        "2 tries",
        "12,345 tries",
    ]
