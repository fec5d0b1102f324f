import json

import numpy as np
import pytest

from training.churn.held_contracts import Curve, Holders, Once
from training.churn.served import estimate_from_json
from training.churn.trial import estimates
from training.rivals.rival import NothingDecided, RivalNotApplicable


def row_of(x, place: int) -> dict[str, float | str | None]:
    return {c: (None if x[c].iloc[place] != x[c].iloc[place] else x[c].iloc[place]) for c in x.columns}


@pytest.fixture(scope="module")
def fitted(holders_data) -> Holders:
    base = holders_data.bases[0]
    return Holders().fit(base.known(base.until), base.market, base.horizons)


def test_those_who_leave_more_often_are_known(fitted, holders_data):
    base = holders_data.bases[0]
    low = base.x["customer_recurring_amount"].to_numpy() < 50
    found = fitted.predict(base.x, base.at.astype(float), [30.0, 90.0])

    assert found[low].mean(axis=0)[1] > 1.5 * found[~low].mean(axis=0)[1]
    assert (np.diff(found, axis=1) >= 0).all()


def test_a_row_is_scored_as_a_table_and_again_after_json(fitted, holders_data):
    base = holders_data.bases[0]
    table = fitted.predict(base.x, base.at.astype(float), [30.0, 90.0])
    again = estimate_from_json(json.loads(json.dumps(fitted.to_json())), "contract")

    for place in (0, 77, len(base) - 1):
        row, at = row_of(base.x, place), int(base.at[place])
        assert fitted.score(row, at, [30.0, 90.0]) == pytest.approx(table[place].tolist(), abs=1e-9)
        assert again.score(row, at, [30.0, 90.0]) == fitted.score(row, at, [30.0, 90.0])
        assert "log_horizon" not in fitted.effects(row, at, 30.0)
    assert fitted.unsure(int(base.at[0]), 30.0) > 0


def test_machine_code_says_what_the_departures_themselves_say(fitted, holders_data):
    base = holders_data.bases[0]
    slow = Holders.from_json(json.loads(json.dumps(fitted.to_json())))
    slow.__dict__["scorer"] = None

    assert fitted.scorer is not None
    for place in range(0, len(base), max(len(base) // 20, 1)):
        row, at = row_of(base.x, place), int(base.at[place])
        said = fitted.score(row, at, [5.0, 30.0, 365.0])
        assert said == pytest.approx(slow.score(row, at, [5.0, 30.0, 365.0]), rel=0, abs=1e-12)
        effects, expected = fitted.effects(row, at, 47.0), slow.effects(row, at, 47.0)
        assert effects == pytest.approx({**dict.fromkeys(effects, 0.0), **expected}, rel=0, abs=1e-12)


def test_the_level_goes_on_learning(fitted, holders_data):
    base = holders_data.bases[0]
    cut = int(np.quantile(base.at, 0.7))
    early = Holders().fit(base.known(cut), base.market, (7.0, 14.0, 30.0))

    assert len(early.refreshed(base.known(base.until), base.market).level.seen.shift) > len(early.level.seen.shift)


def test_with_few_leavings_nothing_is_learned(holders_data):
    base = holders_data.bases[0]
    few = base.rows(np.isin(base.subject.astype(str), [f"h{n:03d}" for n in range(12)]))
    with pytest.raises(RivalNotApplicable, match="fewer than 15"):
        Holders().fit(few.known(few.until), few.market, (30.0,))
    early = base.known(int(base.at.min()) + 1)
    with pytest.raises(NothingDecided):
        Curve().fit(early, base.market, (30.0,))


def test_of_a_snapshot_one_chance_stands_for_all(holders_data):
    from dataclasses import replace

    base = replace(holders_data.bases[0], snapshot=True)
    once = Once().fit(base.known(base.until), base.market, base.horizons)
    found = once.predict(base.x.iloc[:20], base.at[:20].astype(float), [30.0, 90.0])
    again = estimate_from_json(json.loads(json.dumps(once.to_json())), "contract")

    assert (found[:, 0] == found[:, 1]).all()
    assert again.score(row_of(base.x, 3), 0, [1.0, 9.0]) == pytest.approx([found[3, 0]] * 2)
    assert estimates("contract", snapshot=True)["blend"] is Once
    assert estimates("contract")["blend"] is Holders
