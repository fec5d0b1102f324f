from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from serving.decisions.quotas.proposing import WishesConflict, propose
from serving.decisions.quotas.question import Contract, QuotaQuestion, Seller, Team, Wish
from serving.decisions.quotas.stepping import StepsDoNotAddUp


def contracted(question: QuotaQuestion, floor: int, step: int, **more: Contract) -> QuotaQuestion:
    people = [replace(s, contract=more.get(s.id, Contract(floor, step))) for s in question.sellers]
    return replace(question, sellers=people)


def test_a_company_of_contracts_shares_its_number_in_whole_steps(small) -> None:
    plan = propose(contracted(small(target=2_000_000, policy="contracted"), 40_000, 20_000))
    equal = propose(small(target=2_000_000))

    assert plan.amounts[0] == 2_000_000
    assert ((plan.of_sellers - 40_000) % 20_000 == 0).all()
    assert (plan.of_sellers >= 40_000).all()
    assert np.abs(plan.of_sellers - equal.of_sellers).max() <= 20_000
    assert set(plan.binds) == {"contract"}


def test_no_other_steps_are_nearer_to_equal_chances() -> None:
    draws = np.random.default_rng(0).lognormal(4, 0.5, (300, 4))
    steps = [30, 20, 50, 20]
    sellers = [Seller(f"s{at}", "co", contract=Contract(10, step)) for at, step in enumerate(steps)]
    question = QuotaQuestion("2027", "CNY", [Team("co")], sellers, draws, Wish(target=240, policy="contracted"))
    free = [replace(one, contract=None, floor=10) for one in sellers]
    ideal = propose(replace(question, sellers=free, wish=Wish(target=240))).of_sellers
    found = propose(question).of_sellers
    others = [
        np.array([10 + k * s for k, s in zip(counts, steps, strict=True)])
        for counts in product(range(9), repeat=4)
        if 40 + sum(k * s for k, s in zip(counts, steps, strict=True)) == 240
    ]

    def far(amounts: np.ndarray) -> float:
        return float(np.max(np.abs(amounts - ideal) / ideal))

    assert far(found) == pytest.approx(min(far(one) for one in others))


def test_fixed_amounts_and_team_bounds_are_kept(small) -> None:
    question = contracted(small(target=2_000_000), 40_000, 20_000, s00=Contract(0, 10_000, 300_000))
    teams = [replace(t, most=160_000) if t.id == "t1" else t for t in question.teams]
    plan = propose(replace(question, teams=teams))

    assert plan.amount("s00") == 300_000
    assert plan.amount("t1") <= 160_000
    assert plan.amounts[0] == 2_000_000


def test_steps_that_cannot_add_up_name_the_nearest_numbers(small) -> None:
    with pytest.raises(StepsDoNotAddUp, match="CNY 19,800 or CNY 20,000"):
        propose(contracted(small(target=1_999_999), 40_000, 20_000))


def test_wishes_that_conflict_whatever_the_steps_are_told_as_such(small) -> None:
    with pytest.raises(WishesConflict):
        propose(contracted(small(target=100_000), 40_000, 20_000))
