import json

import numpy as np
import pytest

from features.as_of import DAY
from training.churn.asked import asked
from training.churn.buyers import SEASON, Buyers
from training.churn.departures import OffsetLogistic, OffsetTrees
from training.churn.levelled import LEVEL
from training.judged_rows import log_loss, log_odds
from training.rivals.rival import RivalNotApplicable, probabilities


@pytest.fixture(scope="module")
def fitted(buyers_data) -> Buyers:
    base = buyers_data.bases[0]
    return Buyers().fit(base.known(base.until), base.market, base.horizons)


def row_of(x, place: int) -> dict[str, float | str | None]:
    return {c: (None if x[c].iloc[place] != x[c].iloc[place] else x[c].iloc[place]) for c in x.columns}


def test_the_chance_of_an_order_does_not_fall_with_the_horizon(fitted, buyers_data):
    base = buyers_data.bases[0]
    found = fitted.predict(base.x, base.at.astype(float), [5.0, 30.0, 47.0, 90.0, 400.0])

    assert (np.diff(found, axis=1) >= 0).all()
    assert ((found > 0) & (found < 1)).all()


def test_a_row_is_scored_as_a_table_and_again_after_json(fitted, buyers_data):
    base = buyers_data.bases[0]
    again = Buyers.from_json(json.loads(json.dumps(fitted.to_json())))
    table = fitted.predict(base.x, base.at.astype(float), [30.0, 90.0])

    for place in (0, 100, len(base) - 1):
        row, at = row_of(base.x, place), int(base.at[place])
        assert fitted.score(row, at, [30.0, 90.0]) == pytest.approx(table[place].tolist(), abs=1e-9)
        assert again.score(row, at, [30.0, 90.0]) == fitted.score(row, at, [30.0, 90.0])


def test_effects_tell_of_the_customer_the_season_and_the_level(fitted, buyers_data):
    base = buyers_data.bases[0]
    row, at = row_of(base.x, 50), int(base.at[50])
    effects = fitted.effects(row, at, 30.0)

    assert {SEASON, LEVEL, "customer_purchases", "customer_days_since_purchase"} <= effects.keys()
    assert not any(name.startswith("purchase_model") or name == "log_horizon" for name in effects)
    silent = fitted.effects({**row, "customer_days_since_purchase": 200.0, "customer_purchases": 6.0}, at, 30.0)
    fresh = fitted.effects({**row, "customer_days_since_purchase": 1.0, "customer_purchases": 6.0}, at, 30.0)
    assert silent["customer_days_since_purchase"] < fresh["customer_days_since_purchase"]


def test_machine_code_says_what_the_departures_themselves_say(fitted, buyers_data):
    base = buyers_data.bases[0]
    fitted = Buyers.from_json(json.loads(json.dumps(fitted.to_json())))
    assert fitted.scorer is None
    fitted._learn(fitted._stack(base.known(base.until)))
    fitted.strength = 0.5
    assert fitted.scorer is not None
    slow = Buyers.from_json(json.loads(json.dumps(fitted.to_json())))
    slow.__dict__["scorer"] = None

    for place in range(0, len(base), max(len(base) // 20, 1)):
        row, at = row_of(base.x, place), int(base.at[place])
        said = fitted.score(row, at, [5.0, 30.0, 365.0])
        assert said == pytest.approx(slow.score(row, at, [5.0, 30.0, 365.0]), rel=0, abs=1e-12)
        effects, expected = fitted.effects(row, at, 47.0), slow.effects(row, at, 47.0)
        assert effects == pytest.approx({**dict.fromkeys(effects, 0.0), **expected}, rel=0, abs=1e-12)


def test_the_level_learns_what_has_become_known_since(buyers_data):
    base = buyers_data.bases[0]
    cut = int(np.quantile(base.at, 0.6))
    early = Buyers().fit(base.known(cut), base.market.until(cut), (7.0, 14.0, 30.0))
    later = early.refreshed(base.known(base.until), base.market)

    assert len(later.level.seen.shift) > len(early.level.seen.shift)
    assert later.level.seen.end[: len(early.level.seen.shift)].tolist() == early.level.seen.end.tolist()
    assert (later.level.seen.end[len(early.level.seen.shift) :] > cut / DAY).all()
    assert later.model is early.model


def test_what_is_learned_at_a_cut_knows_nothing_of_later(buyers_data):
    base = buyers_data.bases[0]
    cut = int(np.quantile(base.at, 0.6))
    from dataclasses import replace

    # After the cut everybody orders at once, as far as the shuffled futures are concerned.
    waits = np.where(base.at < cut, np.inf, 0.0)
    known = np.nan_to_num(base.known(base.until).decided_after, nan=np.inf)
    waits[: len(known)] = np.where(base.at[: len(known)] + known * DAY < cut, known, waits[: len(known)])
    other = replace(base, waits=waits)
    one = Buyers().fit(
        replace(base, waits=np.where(base.at + waits * DAY < cut, waits, np.inf)).known(cut),
        base.market.until(cut),
        (30.0,),
    )
    two = Buyers().fit(other.known(cut), base.market.until(cut), (30.0,))

    assert json.dumps(one.to_json()) == json.dumps(two.to_json())


def test_few_customers_are_refused(buyers_data):
    base = buyers_data.bases[0]
    few = base.rows(np.isin(base.subject.astype(str), [f"c{n:03d}" for n in range(20)]))
    with pytest.raises(RivalNotApplicable, match="fewer than 30"):
        Buyers().fit(few.known(few.until), few.market, (30.0,))


def departing(rows: int, seed: int):
    import pandas as pd

    random = np.random.default_rng(seed)
    sign, kind = random.normal(size=rows), random.choice(["a", "b"], rows).astype(object)
    offset = random.normal(size=rows)
    truth = offset + 0.8 * sign + 0.5 * (kind == "a")
    y = (random.random(rows) < probabilities(truth)).astype(float)
    return pd.DataFrame({"sign": sign, "kind": kind}), y, offset, truth, [f"c{n}" for n in range(rows)]


@pytest.mark.parametrize("make", [OffsetLogistic, OffsetTrees])
def test_departures_are_learned_on_top_of_the_offset(make):
    x, y, offset, _, names = departing(4000, 0)
    new, came, start, truth, _ = departing(2000, 1)
    fitted = make().fit(x, y, offset, names)
    odds = start + fitted.added(new)

    assert log_loss(came, probabilities(odds + 0.25)) < log_loss(came, probabilities(start)) - 0.05
    assert np.corrcoef(odds, truth)[0, 1] > 0.95
    row = {"sign": float(new["sign"].iloc[3]), "kind": new["kind"].iloc[3]}
    effects = fitted.effects(row)
    assert sum(effects.values()) == pytest.approx(fitted.added(new)[3], abs=1e-6)
    again = make.from_json(json.loads(json.dumps(fitted.to_json())))
    assert again.added(new).tolist() == fitted.added(new).tolist()


def test_not_centred_the_offset_itself_is_corrected():
    x, y, _, _, names = departing(4000, 2)
    low = np.full(4000, log_odds(np.array([0.01]))[0])
    fitted = OffsetLogistic().fit(x, y, low, names, centred=False)

    assert probabilities(low + fitted.added(x)).mean() == pytest.approx(y.mean(), abs=0.02)
    assert sum(fitted.effects({"sign": 0.0, "kind": "a"}).values()) > 3


def test_horizons_are_asked_of_the_same_moments(buyers_data):
    base = buyers_data.bases[0]
    known = base.known(base.until)

    assert len(asked(known, 7)) > len(asked(known, 90))
