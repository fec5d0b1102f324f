from dataclasses import replace

import pytest

from serving.decisions.quotas.proposing import propose
from serving.decisions.quotas.sensitivity import WORDS, effects, hanging, told


def test_what_moves_the_number_most_comes_first(small) -> None:
    question = small(target=2_000_000, most_change=0.6, company_chance=0.7)
    teams = [replace(t, most=300_000) if t.id == "t1" else t for t in question.teams]
    people = [replace(s, locked=700_000) if s.id == "s00" else s for s in question.sellers]
    plan = propose(replace(question, teams=teams, sellers=people))
    found = effects(plan)
    by_change = {(one.change, one.node): one for one in found}

    assert set(by_change) == {
        ("target_up", ""), ("target_down", ""), ("no_over_assignment", ""), ("no_change_limit", ""),
        ("no_team_bound", "t1"), ("unlocked", "s00"),
    }  # fmt: skip
    moves = [abs(one.chance - one.chance_before) for one in found]
    assert moves == sorted(moves, reverse=True)
    assert by_change["target_up", ""].chance < plan.chances[plan.outlook.tree.teams :].max()
    assert by_change["no_over_assignment", ""].sum_change == -plan.over.amount
    assert by_change["unlocked", "s00"].sum_change == 0
    assert by_change["unlocked", "s00"].largest > 200_000
    for one in found:
        assert told(one, plan, "en")
        assert told(one, plan, "zh")


def test_a_change_that_leaves_no_plan_says_so(small) -> None:
    question = small(target=1_000_000)
    people = [replace(s, ceiling=85_000) for s in question.sellers]
    plan = propose(replace(question, sellers=people))
    up = next(one for one in effects(plan) if one.change == "target_up")

    assert not up.possible
    assert told(up, plan, "en") == "A target 5 % higher: then not all wishes can be kept."


def test_bottom_up_is_moved_by_its_chance(small) -> None:
    plan = propose(small(chance=0.6))
    found = {one.change: one for one in effects(plan)}

    assert found["chance_up"].sum_change < 0 < found["chance_down"].sum_change


def test_uncertainty_is_shared_out_without_rest(small) -> None:
    plan = propose(small())
    share = {one.node: one.share for one in hanging(plan)}

    assert share["co"] == pytest.approx(1.0)
    assert share["east"] + share["west"] == pytest.approx(1.0)
    assert sum(share[f"s{at:02d}"] for at in range(12)) == pytest.approx(1.0)
    assert hanging(plan)[0].node == "co"


def test_every_change_has_words() -> None:
    assert all(en and zh for en, zh in WORDS.values())
