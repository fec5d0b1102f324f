"""The parts of the engine, each against an answer known from elsewhere."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from training.series.base_forecasts import MODELS, PRIOR, PRIOR_SHORT, prior_at
from training.series.blend import blended, error_products, level_correction, weights
from training.series.calendar_effect import chosen_exponent, day_factors
from training.series.cells import Cells, Concentration, atoms_drawn, cells_of, choose_cells, concentration
from training.series.coherent import drawn_to_law, not_negative, reconciled, with_shared_error
from training.series.conformal import SEEN, few_origins, level_factor, reach, shared_and_own
from training.series.errors import cells_drawn, error_paths, growth_by_step, total_scale
from training.series.folds import past_folds
from training.series.intermittent import same_phase, seasonal_naive, shared_season, trailing_mean, tsb
from training.series.lag_trees import lag_trees
from training.series.panel import panel_of


def test_tsb_is_that_of_statsforecast() -> None:
    from statsforecast.models import TSB

    rng = np.random.default_rng(0)
    amounts = rng.poisson(3, (5, 40)) * (rng.random((5, 40)) < 0.4).astype(float)
    amounts[:, 0] = 1.0
    theirs = [TSB(alpha_d=0.1, alpha_p=0.1).forecast(y=row, h=1)["mean"][0] for row in amounts]

    assert tsb(amounts, np.zeros(5, np.int64), [40])[0] == pytest.approx(theirs, rel=1e-5)


def test_simple_forecasts_look_at_what_counts_only() -> None:
    amounts = np.array([[0.0, 0.0, 4.0, 6.0, 8.0, 10.0]])
    first = np.array([2])

    assert trailing_mean(amounts, first, [6, 3, 2], 5).ravel().tolist() == [7.0, 4.0, 0.0]
    assert seasonal_naive(amounts, first, [6], 5, 4)[0, 0].tolist() == [4.0, 6.0, 8.0, 10.0, 4.0]
    assert seasonal_naive(amounts, first, [5], 2, 4)[0, 0].tolist() == [6.0, 4.0]


def test_a_part_takes_its_season_from_the_total() -> None:
    total = np.array([10.0, 20.0, 30.0, 40.0, 20.0])
    part = np.array([[1.0, 1.0, 4.0, 2.0, 4.0]])
    first = np.zeros(1, np.int64)

    year = shared_season(part, first, total, [5, 4, 3], 3, 4, 4)[:, 0]
    quarter = shared_season(part, first, total, [5], 2, 4, 1)[0, 0]

    assert year[0] == pytest.approx(np.array([20.0, 30.0, 40.0]) * 2.75 / 27.5)
    assert year[1] == pytest.approx(np.array([10.0, 20.0, 30.0]) * 2.0 / 25.0)
    assert np.isnan(year[2]).all()
    assert quarter == pytest.approx([4.0 * 20 / 10, 4.0 * 30 / 10])


def test_months_of_a_quarter_are_told_apart_before_a_year_is_on_record() -> None:
    amounts = np.array([[0.0, 9.0, 1.0, 2.0, 7.0, 3.0, 4.0]])

    one, two = (same_phase(amounts, np.array([1]), [7], 5, 3, rounds)[0, 0] for rounds in (1, 2))

    assert one.tolist() == [7.0, 3.0, 4.0, 7.0, 3.0]
    assert two.tolist() == [8.0, 2.0, 3.0, 8.0, 2.0]
    assert np.isnan(same_phase(amounts, np.array([7]), [7], 1, 3, 2)).all()
    assert np.array_equal(same_phase(amounts, np.array([0]), [4], 3, 3, 1)[0, 0], [9.0, 1.0, 2.0])


def test_of_the_total_it_is_the_seasonal_naive_forecast() -> None:
    total = np.random.default_rng(0).gamma(3, 10, (1, 30))
    first = np.zeros(1, np.int64)

    assert shared_season(total, first, total[0], [30], 14, 12, 12) == pytest.approx(
        seasonal_naive(total, first, [30], 14, 12)
    )


def test_trust_passes_from_short_histories_to_long_ones() -> None:
    half = prior_at(34, 12)

    assert prior_at(28, 12) == PRIOR_SHORT
    assert prior_at(3, 1) == PRIOR
    assert sum(half.values()) == pytest.approx(1.0)
    for name in MODELS:
        low, high = sorted((PRIOR[name] / sum(PRIOR.values()), PRIOR_SHORT[name] / sum(PRIOR_SHORT.values())))
        assert low <= half[name] + 1e-12
        assert half[name] <= high + 1e-12


def test_no_model_sees_beyond_its_origin() -> None:
    rng = np.random.default_rng(0)
    amounts = rng.gamma(5, 10, (40, 30))
    later = amounts.copy()
    later[:, 20:] *= 5
    first = np.zeros(40, np.int64)

    for changed in (later,):
        assert np.array_equal(
            lag_trees(amounts, first, [15, 18], [15, 16, 18, 20], 6, 12, 0),
            lag_trees(changed, first, [15, 18], [15, 16, 18, 20], 6, 12, 0),
        )
        assert np.array_equal(tsb(amounts, first, [20]), tsb(changed, first, [20]))
        assert np.array_equal(seasonal_naive(amounts, first, [20], 6, 12), seasonal_naive(changed, first, [20], 6, 12))


def test_weights_follow_errors_and_stay_with_the_prior_without_them() -> None:
    prior = np.array([0.5, 0.5])

    assert weights(np.diag([1.0, 9.0]), 1e6, prior)[0] > 0.8
    assert weights(np.diag([1.0, 9.0]), 1.0, prior)[0] < 0.8
    assert weights(np.zeros((2, 2)), 0.0, prior).tolist() == [0.5, 0.5]


def test_a_model_without_a_word_leaves_its_weight_to_the_rest() -> None:
    said = np.array([[1.0, np.nan], [3.0, 5.0]])

    assert blended(said, np.array([0.5, 0.5])) == pytest.approx([2.0, 5.0])


def test_products_of_errors_count_what_is_known() -> None:
    said = np.array([[[[2.0, 9.0]]], [[[1.0, 9.0]]]])
    products, count = error_products(said, np.array([[[1.0, np.nan]]]), np.array([1.0]))

    assert products.tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert count == 0.5


def test_rare_series_are_set_right_in_their_mean() -> None:
    said, truth = np.full((2, 3, 1), 1.0), np.array([[[2.0], [2.0], [5.0]], [[2.0], [np.nan], [5.0]]])

    found = level_correction(["atoms|intermittent", "atoms|intermittent", "atoms|dense"], said, truth)

    assert found["atoms|intermittent"] == pytest.approx(2.0**0.5)
    assert found["atoms|dense"] == 1.0


def test_least_squares_weighs_each_sum_by_its_variance() -> None:
    matrix = csr_matrix(np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]))
    base = np.array([[12.0], [4.0], [6.0]])

    firm_top = reconciled(matrix, base, np.array([1e-9, 1.0, 1.0]))
    firm_atoms = reconciled(matrix, base, np.array([1e9, 1.0, 1.0]))

    structural = 10 + 2 / 2  # half of the weight is by the number of atoms: two against one and one
    assert firm_top.sum() == pytest.approx((12 + structural) / 2)
    assert firm_atoms.sum() == pytest.approx((10 + structural) / 2)


def test_gradients_find_what_solving_outright_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    matrix = csr_matrix(np.vstack([np.ones((1, 30)), np.kron(np.eye(3), np.ones((1, 10))), np.eye(30)]))
    base, variance = rng.gamma(2, 5, (34, 2)), rng.gamma(2, 5, 34)
    outright = reconciled(matrix, base, variance)
    monkeypatch.setattr("training.series.coherent.MOST_DENSE", 1)

    assert reconciled(matrix, base, variance) == pytest.approx(outright, rel=1e-3, abs=1e-3)


def test_nothing_falls_below_zero_and_the_cell_keeps_its_sum() -> None:
    kept = not_negative(np.array([[-2.0], [6.0], [-1.0]]), np.array([0, 0, 1]), np.array([0.0, 0.0, 1.0]))

    assert kept.ravel().tolist() == [0.0, 4.0, -1.0]


def test_rare_series_that_err_together_do_not_outvote_their_total() -> None:
    errors = np.ones((4, 3, 1)) * np.array([2.0, -2.0, 2.0, -2.0])[:, None, None]
    classes, size = ["atoms|intermittent", "atoms|intermittent", "company|dense"], np.array([3.0, 1.0, 4.0])

    found = with_shared_error(np.array([4.0, 4.0, 4.0]), classes, errors, size)

    assert found.tolist() == [4.0 + 8.0 * 0.75, 4.0 + 8.0 * 0.25, 4.0]


def test_variance_follows_a_power_of_size() -> None:
    size = np.exp(np.linspace(0, 6, 30))

    assert drawn_to_law(3.0 * size**1.5, size) == pytest.approx(3.0 * size**1.5, rel=1e-6)


def test_error_paths_keep_what_goes_wrong_together() -> None:
    rng = np.random.default_rng(0)
    shock = rng.normal(size=(20, 1, 3))
    paths = error_paths(np.concatenate([shock, shock, -shock], axis=1), np.ones(3))
    drawn = paths.drawn(4000, rng)

    assert np.corrcoef(drawn[:, 0, 0], drawn[:, 1, 0])[0, 1] > 0.7
    assert np.corrcoef(drawn[:, 0, 0], drawn[:, 2, 0])[0, 1] < -0.7
    assert drawn.std(axis=0) == pytest.approx(np.ones((3, 3)), abs=0.1)


@pytest.mark.parametrize("negative", [False, True])
def test_the_total_errs_as_it_did_though_cells_that_cancel_out_do_not(negative: bool) -> None:
    rng = np.random.default_rng(0)
    n_cells, centre, unit = 60, np.full((60, 2), 10.0), np.full(60, 10.0)
    wrong = rng.normal(0, 8, (10, n_cells, 2))
    wrong -= wrong.mean(axis=1, keepdims=True) - rng.normal(0, 0.5, (10, 1, 2))
    said = np.broadcast_to(centre, wrong.shape)
    paths = error_paths(wrong / 10.0, unit)
    total = total_scale(wrong, said, np.broadcast_to(unit, (10, n_cells)), 12)
    may, idle = np.arange(n_cells) < (1 if negative else 0), np.full(n_cells, 0.6)

    def drawn(paths_, factor):
        return cells_drawn(centre, unit, paths_, may, idle, (factor, 1.0), 2000, np.random.default_rng(1), True)

    past = wrong.sum(axis=1).std()
    plain, set_right = drawn(paths, 1.0), drawn(replace(paths, total=total), 1.0)
    assert total is not None
    assert total[0] == pytest.approx(past / 600, rel=0.4)
    assert plain.sum(axis=1).std(axis=0).min() > 1.5 * past
    assert set_right.sum(axis=1).std(axis=0) == pytest.approx(total * 600, rel=0.15)
    assert drawn(replace(paths, total=total), 2.0).sum(axis=1).std(axis=0) == pytest.approx(2 * total * 600, rel=0.15)
    assert set_right.mean(axis=0) == pytest.approx(centre, rel=1e-6)
    assert (set_right[:, ~may] >= 0).all()


def test_steps_that_no_origin_knows_grow_with_the_root() -> None:
    errors = np.full((2, 1, 4), np.nan)
    errors[:, :, 0] = 1.0

    assert growth_by_step(errors) == pytest.approx(np.sqrt([1, 2, 3, 4]))
    assert np.isfinite(error_paths(errors, np.ones(1)).paths).all()


def test_a_factor_covers_as_often_as_said() -> None:
    rng = np.random.default_rng(0)
    drawn = rng.normal(size=(5000, 5, 1))
    reaches = np.array([reach(each, drawn) for each in rng.normal(size=(200, 5, 1)) * 2.0])

    factor, count = level_factor(reaches)

    assert factor == pytest.approx(2.0, rel=0.1)
    assert count > 100
    assert level_factor(np.full((2, 1, 1), np.nan)) == (1.0, 0.0)


def test_an_error_is_held_against_its_own_side() -> None:
    drawn = np.concatenate([np.linspace(0, 10, 501), np.linspace(-1, 0, 500)])[:, None, None]

    above, below = (reach(np.array([[error]]), drawn)[0, 0] for error in (4.0, -4.0))

    assert above == pytest.approx(0.5, rel=0.02)
    assert below == pytest.approx(5.0, rel=0.02)
    assert reach(np.array([[1.0]]), np.zeros((10, 1, 1)))[0, 0] > 1e100
    assert np.isnan(reach(np.array([[np.nan]]), drawn)[0, 0])


def test_few_errors_are_drawn_to_those_of_all_levels() -> None:
    shared, own = shared_and_own([(3.0, 1.0), (1.0, 500.0)])

    assert own == pytest.approx(SEEN, abs=0.01)
    assert SEEN < shared < SEEN * 1.2
    assert shared_and_own([(1.0, 0.0)]) == (1.15, 1.15)


def test_few_origins_widen_the_companys_interval() -> None:
    widths = [few_origins(n, 3) for n in (3, 6, 12, 24, 1000)]

    assert widths == sorted(widths, reverse=True)
    assert widths[0] < 2.0
    assert widths[-1] == pytest.approx(1.0, abs=0.01)
    assert shared_and_own([(1.0, 0.0), (1.0, 500.0)], 1.4)[0] == pytest.approx(1.4)


def test_cells_cross_the_coarse_labels_while_they_stay_few() -> None:
    n_atoms = 1000
    labels = {"customer": [f"c{n}" for n in range(n_atoms)], "region": [f"r{n % 4}" for n in range(n_atoms)]}
    panel = panel_of(np.ones((n_atoms, 1)), labels, np.array(["2024-01-01"], "datetime64[D]"), "M")

    assert choose_cells(panel, True) == ("region",)
    assert choose_cells(panel, False) is None
    assert len(cells_of(panel, ("region",))) == 4


def test_drawn_shares_keep_the_cell_and_are_as_firm_as_measured() -> None:
    rng = np.random.default_rng(0)
    cells = Cells(np.array([0, 0, 0, 1]), [("a",), ("b",)], ("x",))
    mean = np.tile(np.array([[5.0], [3.0], [2.0], [4.0]]), (1, 3))
    draws = rng.gamma(50, 0.2, (4000, 2, 3))

    loose, firm = (atoms_drawn(draws, mean, cells, Concentration(c, 50.0), rng) for c in (2.0, 200.0))

    for found in (loose, firm):
        assert found[:, :3].sum(axis=1) == pytest.approx(draws[:, 0])
        assert found[:, 3] == pytest.approx(draws[:, 1])
        assert (found[:, :3].mean(axis=0) / draws[:, 0].mean(axis=0))[:, 0] == pytest.approx([0.5, 0.3, 0.2], abs=0.03)
    assert loose[:, 0].std() > 2 * firm[:, 0].std()


def test_concentration_is_that_of_the_shares() -> None:
    rng = np.random.default_rng(0)
    share = np.array([0.4, 0.3, 0.2, 0.1])
    cells = Cells(np.zeros(4, np.int64), [("a",)], ("x",))
    actual = 100 * rng.dirichlet(share * 20, (60, 6)).transpose(0, 2, 1)

    held = concentration(actual, np.broadcast_to(100 * share[None, :, None], actual.shape), cells)

    assert held.passing == pytest.approx(20, rel=0.3)
    assert held.lasting > 100


def test_sales_that_follow_the_days_worked_are_found_out() -> None:
    rng = np.random.default_rng(0)
    starts = (np.datetime64("2018-01") + np.arange(60)).astype("datetime64[D]")
    plain = panel_of(rng.gamma(400, 0.25, (8, 60)), {}, starts, "M", country="CN", ahead=12)
    moved = panel_of(plain.amounts * day_factors(plain, 1.5, 60), {}, starts, "M", country="CN", ahead=12)
    origins = past_folds(60, 12).origins

    assert chosen_exponent(moved, moved.amounts, origins) in (1.0, 1.5, 2.0)
    assert chosen_exponent(plain, plain.amounts, origins) == 0.0
    assert day_factors(plain, 0.0, 70).tolist() == [1.0] * 70
    february = np.flatnonzero(plain.starts == np.datetime64("2021-02-01"))[0]
    assert day_factors(plain, 1.0, 60)[february] == pytest.approx(
        (plain.working_days[february] + 0.5) / (plain.working_days[1::12].mean() + 0.5)
    )


@pytest.mark.parametrize("n_periods", range(1, 60))
def test_folds_leave_a_period_to_be_judged_by(n_periods: int) -> None:
    folds = past_folds(n_periods, 12)

    assert all(0 < origin < n_periods for origin in folds.origins)
    assert set(folds.fits) <= set(folds.origins)
    assert not folds.origins or folds.fits[0] == folds.origins[0]
    assert n_periods < 2 or folds.origins[-1] == n_periods - 1


def test_errors_from_before_a_cell_began_do_not_count_as_its_own() -> None:
    errors = np.array([[[np.nan], [3.0]], [[1.0], [3.0]], [[-1.0], [3.0]], [[np.nan], [np.nan]]])

    paths = error_paths(errors, np.ones(2)).paths

    assert np.abs(paths[:3, 0, 0]).tolist() == [1.0, 1.0, 1.0]
    assert paths[:3, 1, 0].tolist() == [3.0, 3.0, 3.0]


def test_cells_of_other_kinds_keep_how_regular_they_are() -> None:
    errors = np.tile(np.array([[[0.02], [1.0], [1.0], [1.0]]]), (12, 1, 1)) * np.resize([1, -1], 12)[:, None, None]

    alike, apart = (error_paths(errors, size).scale[0, 0] for size in (np.ones(4), None))

    assert alike > 0.4
    assert 0.02 <= apart < 0.15
