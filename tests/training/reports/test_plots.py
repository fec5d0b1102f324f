"""Plots show the figures they are given, in places that fit, and say them in words and in a table."""

import re
from itertools import pairwise

import numpy as np
import pytest

from training.paired import Comparison
from training.reports.canvas import HEIGHT, WIDTH, Canvas, round_ticks, span_of
from training.reports.plots import (
    difference_plot,
    error_by_week_plot,
    fan_plot,
    gains_plot,
    lines_plot,
    reliability_plot,
)
from training.scorecard import judge

RANDOM = np.random.default_rng(1)
P = RANDOM.beta(2, 5, 900)
Y = (RANDOM.random(900) < P).astype(float)


def circles(svg):
    return [
        (float(x), float(y)) for x, y in re.findall(r'<circle class="f\d" cx="([\d.]+)" cy="([\d.]+)" r="4.2"', svg)
    ]


def test_dots_of_a_reliability_plot_stand_where_the_bins_are():
    bins = judge(Y, P).reliability
    plot = reliability_plot(bins, "30 days", "en")

    found = circles(plot.svg)
    assert len(found) == len(bins) == len(plot.rows)
    said = [one.mean_probability for one in bins]
    place = np.polyfit(said, [x for x, _ in found], 1)
    assert np.allclose(np.polyval(place, said), [x for x, _ in found], atol=0.1)
    height = np.polyfit([one.rate for one in bins], [y for _, y in found], 1)
    assert height[0] < 0, "up is more"
    inside = sum(one.rate_low <= one.mean_probability <= one.rate_high for one in bins)
    assert f"{inside} of {len(bins)}" in plot.alt
    assert plot.rows[0][0] == f"{said[0]:.1%}"


def test_rare_events_fill_the_plot():
    p = RANDOM.beta(1, 60, 2000)
    y = (RANDOM.random(2000) < p).astype(float)

    xs = [x for x, _ in circles(reliability_plot(judge(y, p).reliability, "", "en").svg)]
    assert max(xs) - min(xs) > 0.4 * (WIDTH - 80)


def test_differences_are_ordered_and_told():
    found = {
        "near": Comparison(-0.001, -0.004, 0.002, 100, 2000),
        "far": Comparison(-0.1, -0.2, -0.05, 100, 2000),
        "ahead": Comparison(0.02, 0.01, 0.03, 100, 2000),
        "alone": Comparison(-0.05, None, None, 1, 0),
    }
    plot = difference_plot(found, "t", "en")

    assert [row[0] for row in plot.rows] == ["ahead", "near", "alone", "far"]
    assert "better than 1 of 4" in plot.alt
    assert "worse than 1" in plot.alt
    ys = [y for _, y in circles(plot.svg)]
    assert ys == sorted(ys)
    xs = [x for x, _ in circles(plot.svg)]
    assert xs == sorted(xs, reverse=True)


def test_gains_of_the_truth_beat_chance_and_ties_are_straight():
    same = np.full(900, 0.3)
    plot = gains_plot(Y, {"true": P, "same": same, "order": Y}, np.ones(900), "t", "en")

    by_share = {row[0]: row[1:] for row in plot.rows}
    assert by_share["20%"][1] == "20%"
    assert float(by_share["20%"][0][:-1]) > 30
    assert by_share["40%"][2] == "100%"
    assert by_share["100%"] == ("100%",) * 3


def test_undecided_rows_take_no_part_in_gains():
    y = np.append(Y, [np.nan, 1.0])
    more = gains_plot(y, {"a": np.append(P, [1.0, 1.0])}, np.append(np.ones(900), [1.0, 0.0]), "t", "en")

    assert more == gains_plot(Y, {"a": P}, np.ones(900), "t", "en")


def test_lines_with_gaps_are_told_by_x():
    plot = lines_plot({"a": [(1, 0.5), (3, 0.25)], "b": [(2, 0.1)]}, "t", "week", "loss")

    assert plot.head == ("week", "a", "b")
    assert plot.rows == (("1", "0.5", "–"), ("2", "–", "0.1"), ("3", "0.25", "–"))
    assert plot.svg.count("<polyline") == 1, "a single point is a dot"


def test_error_by_week_says_where_it_starts_and_ends():
    plot = error_by_week_plot({"ours": [(2, 0.1), (1, 0.3)], "silent": []}, "t", "zh")

    assert "ours 30% → 10%" in plot.alt
    assert "silent" not in plot.svg


def test_a_fan_counts_what_lies_within():
    quantiles = {0.1: [80, 90, 100], 0.25: [90, 95, 105], 0.5: [100] * 3, 0.75: [110] * 3, 0.9: [120, 130, 140]}
    plot = fan_plot(["a", "b", "c"], quantiles, [70, 100, None], "t", "en")

    assert "1 of 2 periods" in plot.alt
    assert plot.svg.count("<polygon") == 2
    assert plot.rows[0] == ("a", "80", "90", "100", "110", "120", "70")
    assert plot.rows[2][-1] == "–"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_large_amounts_are_short(language):
    svg = fan_plot(["a"], {0.5: [3e6]}, [2e6], "t", language).svg

    assert (">2m<" if language == "en" else ">200万<") in svg


def test_names_are_escaped():
    svg = difference_plot({"<b>&": Comparison(0.1, 0.0, 0.2, 9, 9)}, "t", "en").svg

    assert "<b>" not in svg
    assert "&lt;b&gt;&amp;" in svg


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-0.003, 0.0017), (-3e7, 9e8), (5, 5), (0.2, 0.21)])
def test_ticks_are_round_few_and_inside(low, high):
    ticks = round_ticks(low, high)

    assert 1 <= len(ticks) <= 8
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)
    gaps = {round(b - a, 12) for a, b in pairwise(ticks)}
    assert len(gaps) <= 1 or max(gaps) - min(gaps) < 1e-9


def test_all_is_drawn_within_the_picture():
    canvas = Canvas((0, 1), (0, 1))
    canvas.line([(-5, 9), (0.5, float("nan")), (2, -7)], 0, "outside")

    points = re.search(r'points="([^"]+)"', canvas.svg()).group(1)
    for x, y in (map(float, pair.split(",")) for pair in points.split()):
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT
    assert "nan" not in canvas.svg()


def test_a_long_legend_breaks_into_lines():
    canvas = Canvas((0, 1), (0, 1))
    for number in range(6):
        canvas.line([(0, 0), (1, 1)], number, f"a rather long name {number}")

    xs = [float(x) for x in re.findall(r'<text x="([\d.]+)"', canvas.svg())]
    assert max(xs) < WIDTH - 60
    height = float(re.search(r'viewBox="0 0 420 (\d+)"', canvas.svg()).group(1))
    assert height >= HEIGHT + 3 * 18


def test_spans_of_odd_values():
    assert span_of([5.0, 5.0], zero=False)[0] < 5 < span_of([5.0, 5.0], zero=False)[1]
    assert span_of([-2.0, float("inf")]) == (-2.1, 0.0)
