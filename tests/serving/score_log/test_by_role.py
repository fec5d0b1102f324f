"""Whatever a caller's reach: what he describes himself is logged as such, and joined with no deal's outcome."""

from datetime import datetime, timedelta

import pytest

from features.history import History
from serving.access.keys import Scope
from serving.access.reach import ALL, reach
from serving.score_log.outcomes import judge
from serving.score_log.reading import served
from tests.serving.everyone import NOW, REPS, World

ASKED = [f"D-{whose}" for whose in ("mine", "mate", "other")]
REACHES = {
    "own": (reach("own", rep_id=REPS["mine"]), {"D-mine"}),
    "team": (reach("team", team_id="T-1"), {"D-mine", "D-mate"}),
    "all": (ALL, set(ASKED)),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    made = World(home, f"sqlite:///{home / 'foresell.db'}")
    made.home = home
    yield made
    made.close()


@pytest.fixture(params=REACHES)
def logged(request, world):
    """What is logged of a caller who asks for every deal by id, and sends features and records under every id."""
    within, sees = REACHES[request.param]
    who = world._key(request.param, (Scope.SCORE, Scope.READ), within)
    forms = [{"deal_id": one} for one in ASKED]
    forms += [{"deal_id": one, "features": {"deal_amount": 1.0, "deal_stage": "Won"}} for one in (*ASKED, "D-phantom")]
    asks = [{"deals": forms}, *({"deals": [{"record": {"deal_id": one, "status": "open"}}]} for one in sorted(sees))]
    asks.append({"deals": [{"record": {"deal_id": "D-phantom", "status": "open"}}]})
    for asked in asks:
        answer = world.loop.run(world._client.post("/v1/scores/deals", json=asked, headers=who.headers))
        assert answer.status_code == 200, answer.text
    key = who.headers["Authorization"].removeprefix("Bearer fsl_").split("_")[0]
    world.app.state.book._log.write()
    table = served(world.home, None, NOW + timedelta(days=1))
    return table.filter([row["actor"] == f"key:{key}" for row in table.to_pylist()]), sees


def test_only_deals_within_reach_are_logged_as_known(logged):
    table, sees = logged
    rows = table.to_pylist()

    assert {row["subject"] for row in rows if row["form"] == "known"} == sees
    assert {row["subject"] for row in rows if row["form"] == "features"} == {*ASKED, "D-phantom"}
    assert {row["subject"] for row in rows if row["form"] == "described"} == {*sees, "D-phantom"}


def test_outcomes_are_joined_with_those_alone(logged, world):
    table, sees = logged

    judged = judge(History.existing(world.home), table, datetime(2027, 6, 1))

    assert {one.horizon: one.scores for one in judged} == {"30": len(sees), "60": len(sees), "90": len(sees)}
