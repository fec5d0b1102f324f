import numpy as np
import pytest

from training.churn.estimate import PerHorizon, between
from training.churn.market import Market
from training.churn.plain_estimates import BY_NAME, OF_ORDERS, READERS, MomentRate, SeasonalRate
from training.rivals.rival import RivalNotApplicable

NO_MARKET = Market(0, (), 0)


def test_at_its_own_horizons_a_chance_is_as_said():
    anchors = np.array([[0.2, 0.35, 0.5]])

    assert between([30, 60, 90], anchors, [30, 60, 90])[0] == pytest.approx([0.2, 0.35, 0.5])


def test_between_and_beyond_it_grows_without_end():
    found = between([30, 90], np.array([[0.2, 0.5]]), [1, 10, 30, 50, 90, 200, 2000])[0]

    assert (np.diff(found) > 0).all()
    assert found[-1] < 1


def test_an_even_hazard_is_read_exactly():
    rate = 0.01
    anchors = -np.expm1(-rate * np.array([[30.0, 90.0]]))

    assert between([30, 90], anchors, [10, 45])[0] == pytest.approx(-np.expm1(-rate * np.array([10, 45])))


def test_a_rival_that_contradicts_itself_does_not_fall():
    found = between([30, 60], np.array([[0.5, 0.4]]), [30, 60])[0]

    assert found[1] >= found[0]


def test_each_plain_estimate_scores_a_row_as_a_table(buyers_data):
    base = buyers_data.bases[0]
    known, horizons = base.known(base.until), (30.0, 90.0)
    x, at = base.x.iloc[:40], base.at[:40].astype(float)
    for name, make in OF_ORDERS.items():
        fitted = make().fit(known, base.market, horizons)
        table = fitted.predict(x, at, [30.0, 45.0, 90.0])
        row = {c: (None if x[c].iloc[5] != x[c].iloc[5] else x[c].iloc[5]) for c in x.columns}
        assert fitted.score(row, int(at[5]), [30.0, 45.0, 90.0]) == pytest.approx(table[5].tolist(), abs=1e-9), name
        assert (np.diff(table, axis=1) >= -1e-12).all(), name
        assert isinstance(fitted.effects(row, int(at[5]), 30.0), dict)
        assert fitted.unsure(int(at[5]), 30.0) == 0


def test_where_no_horizon_was_watched_it_is_not_applicable(buyers_data):
    base = buyers_data.bases[0]
    with pytest.raises(RivalNotApplicable, match="cannot be built"):
        PerHorizon("base_rate", MomentRate).fit(base.known(int(base.at.min()) + 1), NO_MARKET, (90.0,))


def test_the_base_rate_counts_every_moment(buyers_data):
    base = buyers_data.bases[0]
    from training.churn.asked import asked

    known = asked(base.known(base.until), 30)
    rate = MomentRate().fit(known).rate

    assert rate == pytest.approx(known.outcome.mean(), abs=0.01)


def test_the_seasonal_rate_takes_last_years(buyers_data):
    base = buyers_data.bases[0]
    fitted = SeasonalRate().fit(base.known(base.until), base.market, (30.0,))
    day = 86_400_000_000
    first = fitted.rates[30.0][0]
    near = fitted.score({}, first[0] + 365 * day, [30.0])[0]

    assert near == pytest.approx(first[1], abs=1e-6)
    assert fitted.score({}, first[0] + 3000 * day, [30.0])[0] == pytest.approx(fitted.rates[30.0][-1][1], abs=1e-6)


def test_every_rival_can_be_read_again():
    assert READERS.keys() == BY_NAME.keys()


def test_why_a_rival_cannot_be_built_is_said_once(buyers_data):
    class Never:
        name = "never"

        def fit(self, past):
            raise RivalNotApplicable("never", "only one outcome is on record")

    base = buyers_data.bases[0]
    with pytest.raises(RivalNotApplicable) as found:
        PerHorizon("never", Never).fit(base.known(base.until), NO_MARKET, (30.0,))

    assert found.value.why == "only one outcome is on record"
