import pytest

from training.rivals.base_rate import BaseRate


def test_adds_half_a_win_and_half_a_loss(deals):
    rival = BaseRate().fit(deals(("a", 1, {}), ("b", 1, {}), ("c", 0, {}), ("open", float("nan"), {})))

    assert rival.rate == pytest.approx((2 + 0.5) / (3 + 1))
    assert rival.deals == 3


def test_is_never_certain_however_often_one_deal_was_seen(deals):
    rival = BaseRate().fit(deals(*[("a", 1, {})] * 40))

    assert rival.rate == pytest.approx(1.5 / 2)


def test_counts_weights(deals):
    rival = BaseRate().fit(deals(("a", 1, {}), ("b", 0, {}), weight=[3.0, 1.0]))

    assert rival.rate == pytest.approx((0.75 * 2 + 0.5) / 3)
