from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq
import pytest

from simulation.company import CompanySettings
from simulation.deals import born
from simulation.errors import BadCompany
from simulation.truth import true_probabilities, write_truth

HORIZONS = (30, 60, 90)


def sigmas(happened, chance):
    """How many standard errors lie between what happened and what was said."""
    return abs(happened.sum() - chance.sum()) / np.sqrt((chance * (1 - chance)).sum())


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    """One row per deal and age, as columns."""
    settings = CompanySettings(deals=8000, seed=2)
    path = write_truth(settings, tmp_path_factory.mktemp("truth"), HORIZONS, ages=(0, 21, 60))
    return {name: column.to_numpy() for name, column in zip(*columns(pq.read_table(path)), strict=True)}


def columns(table):
    return table.column_names, table.columns


@pytest.mark.parametrize("age", [0, 21, 60])
def test_of_the_deals_said_to_win_with_a_chance_that_share_wins(truth, age):
    here = truth["age_days"] == age
    chance, won = truth["p_win"][here], truth["won"][here]
    tenth = np.digitize(chance, np.quantile(chance, np.arange(0.1, 1, 0.1)))

    assert sigmas(won, chance) < 3
    # Chi-square with 10 degrees of freedom passes 35.6 once in 10,000 seeds.
    assert sum(sigmas(won[tenth == bin_], chance[tenth == bin_]) ** 2 for bin_ in range(10)) < 35.6


@pytest.mark.parametrize("age", [0, 21, 60])
@pytest.mark.parametrize("horizon", HORIZONS)
def test_the_chance_within_a_horizon_holds_too(truth, age, horizon):
    here = truth["age_days"] == age
    happened = truth["won"][here] & (truth["closes_in_days"][here] < horizon)

    assert sigmas(happened, truth[f"p_win_by_{horizon}d"][here]) < 3.5


def test_longer_horizons_promise_more_and_ever_most(truth):
    ladder = [truth[f"p_win_by_{days}d"] for days in HORIZONS] + [truth["p_win"] + 1e-12]

    assert all((short <= long).all() for short, long in pairwise(ladder))
    assert (truth["p_win"] > 0).all()
    assert (truth["p_win"] < 1).all()


def test_two_ways_of_reckoning_meet(tmp_path):
    """Forward through 1,000 days and backward from the last day give the same chance of winning ever."""
    settings = CompanySettings(deals=60)
    table = pq.read_table(write_truth(settings, tmp_path, (1000,), ages=(0, 100)))

    np.testing.assert_allclose(table["p_win"], table["p_win_by_1000d"], atol=1e-12)


def test_today_s_chance_is_the_mean_of_next_week_s():
    settings = CompanySettings(deals=6000, seed=5)
    deals = born(settings, np.arange(6000))
    early = deals.created_day + 15
    every = np.arange(6000)
    now, later = (true_probabilities(settings, deals, every, early + ahead, ()).to_pydict() for ahead in (0, 7))
    by_then = dict(zip(later["deal_id"], later["p_win"], strict=True))
    change = np.array(
        [
            by_then.get(deal, float(won)) - chance
            for deal, won, chance in zip(now["deal_id"], now["won"], now["p_win"], strict=True)
        ]
    )

    assert abs(change.mean()) < 3 * change.std() / np.sqrt(change.size)
    assert change.std() > 0.03


def test_the_best_score_there_is_leaves_room_for_luck(truth):
    order = np.argsort(truth["p_win"])
    won = truth["won"][order]
    ranks = np.arange(1, won.size + 1)
    area = (ranks[won].sum() - won.sum() * (won.sum() + 1) / 2) / (won.sum() * (~won).sum())

    assert 0.75 < area < 0.85


def test_the_truth_does_not_depend_on_chunks(tmp_path):
    settings = CompanySettings(deals=90)
    one, many = (pq.read_table(write_truth(settings, tmp_path / str(chunk), chunk=chunk)) for chunk in (90, 7))

    assert one.drop_columns(["p_win"]).schema == many.drop_columns(["p_win"]).schema
    assert one["deal_id"].equals(many["deal_id"])
    np.testing.assert_allclose(one["p_win"], many["p_win"], rtol=1e-12)


def test_a_horizon_beyond_the_calendar_is_refused(tmp_path):
    with pytest.raises(BadCompany, match="horizons"):
        write_truth(CompanySettings(deals=5), tmp_path, (30, 5000))
