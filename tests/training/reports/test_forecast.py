import re

from training.paired import Comparison
from training.reports.forecast import ForecastScore, forecast_definitions, levels_table, scores_table

SCORES = [
    ForecastScore("seasonal naive", 0.2, 0.21, 1.0, 1.0, 0.7, 0.031, 240, Comparison(-0.05, -0.08, -0.02, 9, 99)),
    ForecastScore("ours", 0.15, coverage=0.8, bias=-0.0123, points=240),
    ForecastScore("<silent>", float("nan")),
]


def cells(markup):
    return [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in markup.split("<tr")[1:]]


def test_the_best_stands_first_and_the_unknown_last():
    head, *rows = cells(scores_table(SCORES, "Company", "en", "ours").markup)

    assert [row[0] for row in rows] == ["ours", "seasonal naive", "&lt;silent&gt;"]
    assert len(head) == len(rows[0]) == 9
    assert rows[0][5:8] == ["80%", "-1.2%", "240"]
    assert rows[1][8] == "-0.0500 [-0.0800, -0.0200]"
    assert rows[2][1] == "–"


def test_levels_stand_side_by_side_with_gaps():
    head, *rows = cells(levels_table({"company": {"a": 0.1, "b": 0.2}, "region": {"b": 0.3}}, "sCRPS", "zh").markup)

    assert head == ["方法", "company", "region"]
    assert rows == [["a", "0.1000", "–"], ["b", "0.2000", "0.3000"]]


def test_every_figure_is_explained_in_both_languages():
    assert forecast_definitions("en").markup.count("<dt>") == forecast_definitions("zh").markup.count("<dt>") == 7
