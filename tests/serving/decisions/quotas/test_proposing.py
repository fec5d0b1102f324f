from dataclasses import replace

import numpy as np
import pytest

from serving.decisions.quotas.proposing import propose
from serving.decisions.quotas.question import BadQuestion, Contract, Move, QuotaQuestion, Seller, Team


def test_free_sellers_stand_at_one_chance(small) -> None:
    plan = propose(small(target=1_800_000, draws=2000))
    chances = plan.chances[plan.outlook.tree.teams :]

    assert plan.amounts[0] == 1_800_000
    assert np.ptp(chances) <= 0.002
    assert plan.chance == pytest.approx(float(chances.mean()), abs=0.002)


def test_no_other_plan_within_the_bounds_is_nearer_to_one_chance(small) -> None:
    question = small(target=1_900_000, most_change=0.4)
    question = replace(question, teams=[replace(t, most=400_000) if t.id == "t1" else t for t in question.teams])
    plan = propose(question)
    levels, tree = plan.outlook.sorted, plan.outlook.tree
    amounts = plan.of_sellers.astype(float)
    grid = np.linspace(0, 1, levels.shape[1])

    def cost(of_sellers: np.ndarray) -> float:
        """Least where levels are equal: the area under each distribution function up to the quota."""
        area = 0.0
        for quota, row in zip(of_sellers, levels, strict=True):
            at = np.linspace(0, quota, 2000)
            area += float(np.trapezoid(np.interp(at, row, grid), at))
        return area

    best = cost(amounts)
    rng = np.random.default_rng(0)
    tried = 0
    for _ in range(400):
        one, two = rng.choice(len(amounts), 2, replace=False)
        other = amounts.copy()
        shift = float(rng.integers(500, 20_000))
        other[one] += shift
        other[two] -= shift
        sums = tree.sums(other.astype(np.int64))
        if (sums >= plan.bounds.lower).all() and (sums <= plan.bounds.upper).all():
            tried += 1
            assert cost(other) >= best - 1.0
    assert tried > 30


def test_bottom_up_asks_of_everybody_what_is_made_with_the_stated_chance(small) -> None:
    plan = propose(small(chance=0.6, draws=1000))
    chances = plan.chances[plan.outlook.tree.teams :]

    assert np.abs(chances - 0.6).max() <= 0.002
    assert plan.target == plan.amounts[0] == plan.of_sellers.sum()


def test_a_harder_chance_asks_for_less(small) -> None:
    sure, bold = propose(small(chance=0.8)), propose(small(chance=0.4))

    assert (sure.of_sellers < bold.of_sellers).all()


@pytest.mark.parametrize("policy", ["proportional", "potential", "even"])
def test_shares_follow_the_policy(small, policy: str) -> None:
    plan = propose(small(target=1_200_000, policy=policy))
    sellers = [plan.question.sellers[row] for row in plan.outlook.tree.order]
    weight = {
        "proportional": [s.last_result for s in sellers],
        "potential": [s.potential for s in sellers],
        "even": [1] * 12,
    }
    wanted = 1_200_000 * np.array(weight[policy], float) / sum(weight[policy])

    assert np.abs(plan.of_sellers - wanted).max() <= 1
    assert plan.chance is None


def test_half_there_carries_half(small) -> None:
    question = small(target=1_200_000, policy="even")
    people = [replace(s, present=0.5) if s.id == "s03" else s for s in question.sellers]
    plan = propose(replace(question, sellers=people))

    assert plan.amount("s03") == pytest.approx(plan.amount("s04") / 2, abs=1)


def test_contracts_hold_in_whole_steps_and_the_others_share_the_rest(small) -> None:
    question = small(target=1_500_000, policy="contracted", draws=1000)
    people = [
        replace(s, contract=Contract(60_000, 25_000, 141_000)) if s.id == "s00" else
        replace(s, contract=Contract(50_000, 10_000)) if s.id == "s01" else s
        for s in question.sellers
    ]  # fmt: skip
    plan = propose(replace(question, sellers=people))
    chances = dict(zip(plan.ids, plan.chances, strict=True))

    assert plan.amount("s00") == 60_000 + 3 * 25_000
    assert (plan.amount("s01") - 50_000) % 10_000 == 0
    assert chances["s01"] >= question.wish.chance
    assert plan.amounts[0] == 1_500_000
    assert np.ptp([chances[f"s{at:02d}"] for at in range(2, 12)]) <= 0.003


def test_a_what_if_on_the_same_people_reads_the_same_draws(small) -> None:
    question = small(target=1_500_000)
    plan = propose(question)
    again = replace(question, wish=replace(question.wish, target=1_600_000))

    assert propose(again, plan.outlook).outlook is plan.outlook
    assert (propose(again, plan.outlook).amounts == propose(again).amounts).all()


def test_an_outlook_of_other_people_is_not_used(small) -> None:
    question = small(target=1_500_000)
    plan = propose(question)
    other = replace(question, sellers=[replace(s, ramp=0.5) for s in question.sellers])

    assert (propose(other, plan.outlook).amounts == propose(other).amounts).all()


def test_a_territory_that_moves_takes_its_draws_along(small) -> None:
    question = small(draws=500)
    before = propose(question)
    after = propose(replace(question, moves=[Move("s00", "s01", 0.5)]))

    assert after.amount("s00") == pytest.approx(before.amount("s00") / 2, abs=1)
    assert after.amount("s01") > before.amount("s01")
    assert after.outlook.teams[0] == pytest.approx(before.outlook.teams[0])


def test_a_newcomer_is_judged_by_the_team(small) -> None:
    question = small(draws=500)
    totals = question.totals.copy()
    totals[:, 4] = np.nan
    plan = propose(replace(question, totals=totals))
    draws = dict(zip(plan.ids[plan.outlook.tree.teams :], plan.outlook.draws, strict=True))

    assert set(np.round(draws["s04"] / question.sellers[4].potential, 6)) <= {
        value
        for peer in ("s00", "s08")
        for value in np.round(draws[peer] / question.sellers[int(peer[1:])].potential, 6)
    }


def test_what_the_unit_is_for(small) -> None:
    plan = propose(small(target=1_500_000, unit=10_000))

    assert (plan.of_sellers % 10_000 == 0).all()


def test_a_target_that_is_no_multiple_leaves_one_odd_seller(small) -> None:
    plan = propose(small(target=1_503_217, unit=10_000))

    assert plan.amounts[0] == 1_503_217
    assert (plan.of_sellers % 10_000 != 0).sum() == 1


def test_a_team_that_is_to_be_sure_carries_no_more_than_it_makes_so_often(small) -> None:
    question = small(target=2_800_000)
    teams = [replace(t, least_chance=0.7) if t.id == "east" else t for t in question.teams]
    plan = propose(replace(question, teams=teams))

    assert plan.chances[plan.node("east")] >= 0.7
    assert set(np.array(plan.binds)[plan.outlook.tree.below(plan.node("east"))]) == {"team_chance"}


@pytest.mark.parametrize(
    "change",
    [
        {"chance": 1.2},
        {"target": -5},
        {"unit": 0},
        {"chances": (0.9, 0.2)},
        {"most_change": -0.1},
        {"company_chance": 1.0},
        {"policy": "by mood"},
        {"policy": "contracted"},
    ],
)
def test_a_wish_without_sense_is_named(small, change: dict[str, object]) -> None:
    with pytest.raises(BadQuestion, match="To fix: "):
        propose(small(**change))


@pytest.mark.parametrize(
    ("teams", "sellers"),
    [
        ([Team("a"), Team("b")], [Seller("s", "a")]),
        ([Team("a", "b"), Team("b", "a")], [Seller("s", "a")]),
        ([Team("c"), Team("a", "b"), Team("b", "a")], [Seller("s", "a")]),
        ([Team("a"), Team("b", "x")], [Seller("s", "a")]),
        ([Team("a")], [Seller("s", "x")]),
        ([Team("a")], [Seller("a", "a")]),
        ([Team("a")], []),
        ([Team("a"), Team("a")], [Seller("s", "a")]),
    ],
)
def test_a_tree_that_is_none_is_named(teams: list[Team], sellers: list[Seller]) -> None:
    with pytest.raises(BadQuestion):
        propose(QuotaQuestion("2027", "CNY", teams, sellers, np.ones((3, len(sellers)))))
