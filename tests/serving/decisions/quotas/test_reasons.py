from dataclasses import replace

import pytest

from serving.decisions.quotas.bounds import KINDS
from serving.decisions.quotas.conflict_words import FIXES, FIXES_MANY, MANY, ONE
from serving.decisions.quotas.proposing import propose
from serving.decisions.quotas.question import POLICIES, BadQuestion, Contract
from serving.decisions.quotas.reasons import BOUND, RULES, reason


def test_every_kind_of_wish_has_words() -> None:
    assert set(ONE) == set(FIXES) == set(KINDS)
    assert set(MANY) == set(FIXES_MANY) == set(KINDS) - {"target"}
    assert set(BOUND) == set(KINDS) - {"target"}
    assert set(RULES) == set(POLICIES)


def test_each_seller_is_told_what_set_the_number(small) -> None:
    question = small(target=1_800_000, draws=1000)
    change = {
        "s00": {"floor": 500_000}, "s01": {"ceiling": 10_000}, "s02": {"locked": 77_700},
        "s03": {"contract": Contract(50_000, 10_000, 90_000)}, "s04": {"ramp": 0.5, "present": 0.75},
    }  # fmt: skip
    people = [replace(s, **change.get(s.id, {})) for s in question.sellers]  # type: ignore[arg-type]
    plan = propose(replace(question, sellers=people))
    en = {s: reason(plan, s, "en") for s in plan.ids}
    zh = {s: reason(plan, s, "zh") for s in plan.ids}

    assert en["s00"].startswith("CNY 5,000: the floor. By the rule alone it would be CNY ")
    assert en["s01"].startswith("CNY 100: the ceiling.")
    assert en["s02"].startswith("CNY 777: locked, left as it is. Made in ")
    assert "contract" in en["s03"]
    assert en["s04"].endswith("There 75 % of the time, at 50 % of full strength.")
    assert "the same chance as everybody" in en["s05"]
    assert zh["s02"].startswith("777 元：已锁定，保持不变。达成把握约")
    assert zh["s04"].endswith("在岗时间 75%，熟练度 50%。")
    assert "the sum of its people" in en["east"]
    assert "成员合计" in zh["east"]


def test_who_is_not_in_the_plan_is_named(small) -> None:
    with pytest.raises(BadQuestion):
        reason(propose(small()), "nobody", "en")


def test_what_a_teams_bound_does_to_its_people_is_told(small) -> None:
    question = small(target=2_400_000)
    teams = [replace(t, most=300_000, name="Team One") if t.id == "t1" else t for t in question.teams]
    plan = propose(replace(question, teams=teams))

    assert "Team One carries no more than its limit" in reason(plan, "s01", "en")
    assert plan.amount("t1") == 300_000
    assert plan.chances[plan.node("s01")] > plan.chances[plan.node("s00")]
