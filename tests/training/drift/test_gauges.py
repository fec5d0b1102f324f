import numpy as np
import pytest

from training.drift.gauges import NEW, OTHERS, UNSEEN, bands_of, figures_of, gauge_from_json, gauge_of

RANDOM = np.random.default_rng(0)
AGE = np.tile([0.0, 7.0, 30.0, 90.0], 500)
BAND = bands_of(AGE)


def means(gauge, column, band=BAND):
    return {name: float(np.nanmean(signal)) for name, signal in gauge.signals(column, band)}


def test_an_age_belongs_to_the_band_that_begins_before_it():
    assert bands_of(np.array([0.0, 1.0, 14.0, 21.0, 60.0, 90.0, 730.0])).tolist() == [0, 1, 1, 2, 2, 3, 3]


def test_figures_of_the_reference_itself_average_zero():
    numbers = RANDOM.normal(size=2000)
    numbers[::10] = np.nan
    texts = RANDOM.choice(np.array(["a", "b", "c", None], object), 2000)

    assert means(gauge_of(numbers, BAND), numbers) == pytest.approx({"missing": 0, "level": 0, "spread": 0}, abs=0.01)
    found = means(gauge_of(texts, BAND), texts)
    assert set(found) == {"missing", "a", "b", "c", OTHERS, UNSEEN}
    assert found == pytest.approx(dict.fromkeys(found, 0.0), abs=1e-9)


def test_a_number_that_moves_and_one_that_spreads_are_told_apart():
    numbers = RANDOM.normal(size=2000)
    gauge = gauge_of(numbers, BAND)

    higher, wider = means(gauge, numbers + 1), means(gauge, numbers * 3)
    assert higher["level"] == pytest.approx(0.26, abs=0.03)
    assert wider["level"] == pytest.approx(0, abs=0.02)
    assert wider["spread"] > 0.1


def test_rows_are_compared_with_their_own_age_band():
    """Old deals have more activities; more old deals are not a feature that moved."""
    numbers = RANDOM.normal(size=2000) + 10 * (BAND == 3)
    gauge = gauge_of(numbers, BAND)
    old = BAND == 3

    assert means(gauge, numbers[old], BAND[old])["level"] == pytest.approx(0, abs=0.01)
    assert means(gauge, numbers[old], np.zeros(old.sum(), int))["level"] > 0.4


def test_missing_new_and_rare_values_have_figures_of_their_own():
    texts = np.array(["a", "b"] * 1000, object)
    gauge = gauge_of(texts, BAND)
    changed = texts.copy()
    changed[:200], changed[200:500] = None, "new"

    found = means(gauge, changed)
    assert found["missing"] == pytest.approx(0.1)
    assert found[UNSEEN] == pytest.approx(300 / 1800)


def test_a_number_with_ties_lies_in_the_middle_of_its_stretch():
    zeros = np.where(np.arange(2000) < 1600, 0.0, 5.0)
    gauge = gauge_of(zeros, np.zeros(2000, int))

    place = dict(gauge.signals(np.array([0.0, 5.0]), np.zeros(2, int)))["level"]
    assert place == pytest.approx([-0.1, 0.4], abs=0.03)


@pytest.mark.parametrize(
    "column", [RANDOM.normal(size=2000), np.full(2000, 1 / 86_400_000_000), np.array(["甲", None] * 1000, object)]
)
def test_a_gauge_is_read_back_as_it_was_written(column):
    gauge = gauge_of(column, BAND)
    again = gauge_from_json(gauge.to_json())

    assert means(again, column) == means(gauge, column)
    assert again.to_json() == gauge.to_json()


def test_a_column_of_nothing_has_no_level():
    found = dict(gauge_of(np.full(2000, np.nan), BAND).signals(np.full(4, np.nan), BAND[:4]))

    assert np.isnan(found["level"]).all()
    assert found["missing"].tolist() == [0.0] * 4


def test_those_just_created_have_figures_of_their_own():
    numbers = RANDOM.normal(size=2000)
    gauge = gauge_of(numbers, BAND)
    moved = {name: float(np.nanmean(signal)) for name, signal in figures_of(gauge, numbers + (BAND == 0), BAND)}

    assert moved[f"level{NEW}"] == pytest.approx(0.26, abs=0.03)
    assert moved["level"] == pytest.approx(0.26 / 4, abs=0.02)
    young = BAND == 0
    assert f"level{NEW}" not in dict(figures_of(gauge, numbers[young], BAND[young]))
