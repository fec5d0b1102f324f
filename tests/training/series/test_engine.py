"""Learning a series model: every panel has an honest answer, coherent, within the past, the same under a seed."""

import json

import numpy as np
import pytest

from training.series.engine import fit_series
from training.series.model import SeriesModel
from training.series.panel import Floats, Panel, panel_of


def quarters(amounts: Floats, **labels: list[str]) -> Panel:
    starts = (np.datetime64("2015-01") + 3 * np.arange(amounts.shape[1])).astype("datetime64[D]")
    return panel_of(amounts, labels, starts, "Q")


def company(n_atoms: int = 4, n_quarters: int = 26, seed: int = 0) -> Panel:
    rng = np.random.default_rng(seed)
    season = 1 + 0.4 * np.sin(2 * np.pi * np.arange(40) / 4 + 0.4)
    amounts = rng.uniform(50, 200, (n_atoms, 1)) * season * rng.gamma(50, 0.02, (n_atoms, 40))
    region = [f"r{number % 2}" for number in range(n_atoms)]
    product = [f"p{number // 2}" for number in range(n_atoms)]
    return quarters(amounts[:, :n_quarters], region=region, product=product)


@pytest.fixture(scope="module")
def fitted() -> tuple[Panel, SeriesModel]:
    panel = company()
    return panel, fit_series(panel, [("region",), ("product",)], horizon=6)


def test_a_season_is_foretold_and_the_truth_lies_within_the_draws(fitted: tuple[Panel, SeriesModel]) -> None:
    panel, model = fitted
    truth = company(n_quarters=32).amounts[:, 26:]
    drawn = model.draw(panel, 6, 400)
    total = drawn.sum(axis=1)
    low, high = np.quantile(total, [0.02, 0.98], axis=0)

    assert np.corrcoef(total.mean(axis=0), truth.sum(axis=0))[0, 1] > 0.9
    assert ((truth.sum(axis=0) > low) & (truth.sum(axis=0) < high)).mean() >= 0.6
    assert ((high - low) < 0.8 * total.mean(axis=0)).all()


def test_means_and_sums_of_draws_agree_at_every_level(fitted: tuple[Panel, SeriesModel]) -> None:
    panel, model = fitted
    drawn, mean = model.draw(panel, 6, 300, seed=3), model.mean(panel, 6)
    _, region = panel.groups(("region",))

    by_region = model.draw_sums(panel, 6, region, 300, seed=3)

    assert np.allclose(by_region.sum(axis=1), drawn.sum(axis=1))
    assert np.allclose(by_region[:, 0], drawn[:, region == 0].sum(axis=1))
    assert np.allclose(drawn.mean(axis=0), mean, rtol=1e-6, atol=0.05 * mean.mean())


def test_the_same_seed_draws_the_same_and_a_document_keeps_it(fitted: tuple[Panel, SeriesModel]) -> None:
    panel, model = fitted
    again = SeriesModel.from_json(json.loads(json.dumps(model.to_json())))

    assert np.array_equal(model.draw(panel, 4, 50, seed=1), model.draw(panel, 4, 50, seed=1))
    assert not np.array_equal(model.draw(panel, 4, 50, seed=1), model.draw(panel, 4, 50, seed=2))
    assert np.allclose(again.draw(panel, 4, 50, seed=1), model.draw(panel, 4, 50, seed=1), rtol=1e-4)
    assert json.dumps(fit_series(panel, [("region",), ("product",)], 6).to_json()) == json.dumps(model.to_json())


def test_a_document_of_before_the_totals_scale_is_still_read(fitted: tuple[Panel, SeriesModel]) -> None:
    panel, model = fitted
    document = model.to_json()
    del document["total"]
    for each in document["weights"].values():
        each.pop("company's season, a year's level")

    older = SeriesModel.from_json(document)

    assert older.paths.total is None
    assert np.isfinite(older.draw(panel, 3, 20)).all()


def test_what_comes_after_the_panel_changes_nothing() -> None:
    panel = company()
    other = company()
    other.amounts[:, 20:] *= 9.0

    one, two = (fit_series(each.until(20), [("region",)], 3) for each in (panel, other))

    assert json.dumps(one.to_json()) == json.dumps(two.to_json())
    assert np.array_equal(one.draw(panel.until(20), 3, 20), two.draw(other.until(20), 3, 20))


def test_a_longer_horizon_than_learned_is_wider(fitted: tuple[Panel, SeriesModel]) -> None:
    panel, model = fitted
    drawn = model.draw(panel, 12, 400).sum(axis=1)

    assert drawn.shape == (400, 12)
    assert drawn[:, 11].std() > drawn[:, 5].std() * 0.9


@pytest.mark.parametrize(
    "amounts",
    [
        np.zeros((3, 20)),
        np.zeros((1, 1)),
        np.array([[5.0]]),
        np.array([[5.0, 7.0]]),
        np.array([[1.0, 2.0, 4.0, 3.0, 5.0], [0.0, 0.0, 0.0, 0.0, 9.0]]),
        np.eye(4, 30),
        np.full((2, 26), 3.0),
        np.array([[4.0, -2.0, 6.0, 5.0, -1.0, 3.0, 7.0, 2.0]]),
    ],
    ids=["all zero", "one zero", "one", "two", "begins late", "sold once", "constant", "returns"],
)
def test_any_panel_has_an_answer(amounts: Floats) -> None:
    panel = quarters(amounts, product=[f"p{number}" for number in range(len(amounts))])
    model = fit_series(panel, [("product",)], horizon=4)
    drawn, mean = model.draw(panel, 4, 60), model.mean(panel, 4)

    assert np.isfinite(drawn).all()
    assert np.isfinite(mean).all()
    assert amounts.min() < 0 or (drawn.min() >= 0 and mean.min() >= 0)
    recently = bool(amounts[:, -8:].any())
    assert drawn.std(axis=0).max() > 0 if recently else drawn.max() < 1


def test_one_short_series_is_not_called_certain() -> None:
    panel = quarters(np.array([[100.0, 120.0, 90.0]]))

    drawn = fit_series(panel, [], 2).draw(panel, 2, 400)[:, 0]

    low, high = np.quantile(drawn, [0.1, 0.9], axis=0)
    assert (high - low > 20).all()
    assert (low < 115).all()
    assert (high > 95).all()


def test_series_that_ended_fade_and_new_ones_are_followed() -> None:
    rng = np.random.default_rng(1)
    amounts = rng.gamma(20, 5.0, (4, 28))
    amounts[0, 10:] = 0.0
    amounts[1, :22] = 0.0
    panel = quarters(amounts, product=["ended", "new", "a", "b"])

    mean = fit_series(panel, [("product",)], 3).mean(panel, 3)

    assert mean[0].max() < 20
    assert mean[1].min() > 50


def test_many_sparse_atoms_share_what_their_cells_sell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.series.cells.MOST_CELLS", 50)
    rng = np.random.default_rng(2)
    n_atoms = 150
    amounts = rng.gamma(2, 10.0, (n_atoms, 12)) * (rng.random((n_atoms, 12)) < 0.2)
    region = [f"r{number % 3}" for number in range(n_atoms)]
    customer = [f"c{number}" for number in range(n_atoms)]
    panel = quarters(amounts, region=region, customer=customer)

    model = fit_series(panel, [("region",)], 3)
    drawn = model.draw(panel, 3, 100)

    assert model.by == ("region",)
    assert drawn.min() >= 0
    assert (drawn < 1.0).mean() > 0.3
    total = amounts.sum(axis=0)[-8:].mean()
    assert np.allclose(drawn.sum(axis=1).mean(axis=0), total, rtol=0.2)
    _, number = panel.groups(("region",))
    assert np.allclose(model.draw_sums(panel, 3, number, 100).sum(axis=1), drawn.sum(axis=1))


def test_series_that_add_up_to_nothing_are_forecast_each_for_itself() -> None:
    panel = company(n_atoms=3, n_quarters=14)

    model = fit_series(panel, [], 3, adds_up=False)

    assert set(model.weights) == {"atoms|dense"}
    assert model.draw(panel, 3, 20).shape == (20, 3, 3)


def test_series_of_other_units_and_ages_are_as_wide_as_their_own_errors() -> None:
    rng = np.random.default_rng(0)
    amounts = 100.0 * (1.0 + 0.05 * rng.standard_normal((6, 40)))
    units, first = np.array([1e6, 1e3, 1.0, 1e-2, 1.0, 1.0]), np.array([0, 0, 0, 0, 24, 30])
    amounts = np.where(np.arange(40)[None, :] >= first[:, None], amounts * units[:, None], 0.0)
    starts = (np.datetime64("2015-01") + 3 * np.arange(40)).astype("datetime64[D]")
    panel = panel_of(amounts, {"series": [f"s{n}" for n in range(6)]}, starts, "Q", first=first)

    drawn = fit_series(panel, [], 4, adds_up=False).draw(panel, 4, 400)
    low, high = np.quantile(drawn, [0.1, 0.9], axis=0) / (100.0 * units[:, None])

    assert (high - low).max() < 0.6
    assert ((low < 1.0) & (high > 1.0)).all()
