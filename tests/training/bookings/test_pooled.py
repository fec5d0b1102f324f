"""Small atoms forecast together and shared out."""

import numpy as np

from training.bookings import pooled
from training.bookings.levels import Codes
from training.bookings.pooled import Floats, PooledModel, pools

DRAWS, PERIODS = 400, 2


class Drawn:
    """A model of series whose draws are known."""

    def __init__(self, series: int) -> None:
        self.drawn = np.random.default_rng(0).gamma(4, 25, (DRAWS, series, PERIODS))

    def draw(self, panel: object, horizon: int, draws: int = 500, seed: int = 0) -> Floats:
        return self.drawn[:, :, :horizon]


def test_members_add_up_to_their_pool_and_have_their_share_on_average(monkeypatch) -> None:
    monkeypatch.setattr(pooled, "MOST_SERIES", 2)
    size = np.array([100.0, 90.0, 4.0, 1.0, 3.0])
    found = pools(
        size, {"region": np.array(["n", "s", "n", "n", "s"], object), "customer": np.arange(5).astype(object)}
    )
    assert found is not None
    assert found.of.tolist() == [0, 1, 2, 2, 3]
    model = PooledModel(Drawn(4), found)

    atoms = model.draw(None, PERIODS, DRAWS)
    sums = model.draw_sums(None, PERIODS, np.array([0, 0, 1, 1, 1]), DRAWS)

    assert np.allclose(atoms[:, 2] + atoms[:, 3], model.model.drawn[:, 2])
    assert np.allclose(atoms[:, [0, 1, 4]], model.model.drawn[:, [0, 1, 3]])
    assert np.allclose(sums[:, 1], atoms[:, 2:].sum(axis=1))
    assert 0.7 < atoms[:, 2].mean() / model.model.drawn[:, 2].mean() < 0.9


def test_few_atoms_have_a_series_each() -> None:
    assert pools(np.ones(10), {}) is None


def test_a_small_member_buys_seldom(monkeypatch) -> None:
    monkeypatch.setattr(pooled, "MOST_SERIES", 1)
    codes: Codes = np.zeros(30, np.int64)
    found = pools(np.linspace(30, 1, 30), {"region": codes.astype(str).astype(object)})
    assert found is not None

    atoms = PooledModel(Drawn(2), found).draw(None, PERIODS, DRAWS)

    assert np.median(atoms[:, 29, 0]) < 0.5 * atoms[:, 29, 0].mean()
