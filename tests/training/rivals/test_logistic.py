import numpy as np
import pandas as pd
import pytest

from training.rivals import RivalNotApplicable
from training.rivals.logistic import Logistic, time_folds


def test_folds_go_forward_in_time_and_keep_deals_whole(past):
    past = past.rows(np.isfinite(past.outcome))
    folds = time_folds(past)

    assert len(folds) == 3
    for earlier, later in folds:
        assert not set(past.subject[earlier]) & set(past.subject[later])
        starts = pd.Series(past.as_of).groupby(past.subject).transform("min").to_numpy()
        assert starts[earlier].max() <= starts[later].min()


def test_bends_where_the_truth_bends(past, later):
    """Deals far from zero on either side win: a straight line cannot see that."""
    rival = Logistic().fit(past)

    assert rival.curved
    low, middle, high = (rival.score({"sign": sign, "region": "north"}) for sign in (-2, 0, 2))
    assert middle < min(low, high) - 0.2


def test_stays_cautious_on_few_deals(deals):
    past = deals(*((f"d{n}", float(n % 3 == 0), {"size": float(n)}) for n in range(30)))
    rival = Logistic().fit(past)

    assert (rival.curved, rival.strength) == (False, 0.1)
    assert 0.05 < rival.score({"size": 5.0}) < 0.95


def test_one_giant_deal_moves_nothing(past):
    rival = Logistic().fit(past)
    ordinary = {"sign": 1.0, "region": "north", "amount": float(np.quantile(past.x["amount"], 0.995))}

    assert rival.score({**ordinary, "amount": 1e15}) == pytest.approx(rival.score(ordinary), abs=1e-9)


def test_features_that_never_vary_leave_the_share_won(deals):
    past = deals(*((f"d{n}", float(n % 4 == 0), {"same": 1.0, "word": "x"}) for n in range(40)))

    assert Logistic().fit(past).score({"same": 1.0}) == pytest.approx(0.25)


def test_one_outcome_is_not_enough(deals):
    with pytest.raises(RivalNotApplicable, match="only one outcome"):
        Logistic().fit(deals(("a", 1, {"size": 1.0}), ("b", 1, {"size": 2.0})))
