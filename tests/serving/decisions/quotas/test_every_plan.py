"""What holds of every plan, whatever is asked: sums, bounds, refusals, order; beside HiGHS and plain search."""

from dataclasses import replace
from itertools import combinations, pairwise, permutations

import numpy as np
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from serving.decisions.quotas.attainment import look_out
from serving.decisions.quotas.bounds import bounds_of
from serving.decisions.quotas.conflicts import MOST_TOLD, find_conflicts, reach, without
from serving.decisions.quotas.policies import response_of
from serving.decisions.quotas.proposing import QuotaPlan, WishesConflict, propose
from serving.decisions.quotas.question import Contract, QuotaQuestion, Seller, Team, Wish
from serving.decisions.quotas.stepping import StepsDoNotAddUp
from serving.decisions.quotas.tree import Tree

FEW = settings(max_examples=40, deadline=None, derandomize=True)


def maybe(values: st.SearchStrategy[int]) -> st.SearchStrategy[int | None]:
    return st.none() | values


@st.composite
def questions(draw: st.DrawFn) -> QuotaQuestion:
    """Trees of any shape, sellers at any depth, draws with zeros, every kind of wish, seldom contradictory."""
    many = draw(st.integers(0, 6))
    teams = [Team("a")]
    for at in range(many):
        up = teams[draw(st.integers(0, len(teams) - 1))].id
        bound = draw(st.sampled_from(["", "", "", "least", "most", "locked", "least_chance"]))
        amount = {} if not bound else {bound: draw(st.integers(0, 900))}
        amount = {"least_chance": 0.3} if bound == "least_chance" else amount
        teams.append(Team(f"b{at}", up, **amount))
    people = draw(st.integers(1, 8))
    money = st.integers(0, 400)
    sellers = []
    for at in range(people):
        kind = draw(st.sampled_from(["", "", "", "floor", "ceiling", "locked", "contract"]))
        extra: dict[str, object] = {} if not kind else {kind: draw(money)}
        if kind == "contract":
            extra = {"contract": Contract(draw(st.integers(0, 100)), draw(st.integers(1, 60)), draw(maybe(money)))}
        sellers.append(
            Seller(
                f"s{at}",
                draw(st.sampled_from(teams)).id,
                last_quota=draw(maybe(money)),
                last_result=draw(money),
                potential=float(draw(money)),
                ramp=draw(st.sampled_from([1.0, 1.0, 0.5, 0.0])),
                **extra,  # type: ignore[arg-type]
            )
        )
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    totals = np.maximum(rng.normal(150, 100, (draw(st.sampled_from([1, 2, 30])), people)), 0)
    wish = Wish(
        target=draw(maybe(st.integers(0, 2500))),
        policy=draw(st.sampled_from(["equal-chance", "proportional", "potential", "even"])),
        chance=draw(st.sampled_from([0.3, 0.6, 0.9])),
        most_change=draw(st.sampled_from([None, None, 0.5])),
        chances=draw(st.sampled_from([(None, None), (None, None), (0.2, None), (0.1, 0.9)])),
        company_chance=draw(st.sampled_from([None, 0.7])),
        unit=draw(st.sampled_from([1, 10])),
    )
    return QuotaQuestion("2027", "CNY", teams, sellers, totals, wish)


def asked(question: QuotaQuestion) -> QuotaPlan | WishesConflict:
    try:
        return propose(question)
    except WishesConflict as refused:
        return refused
    except StepsDoNotAddUp:
        reject()


def planned(question: QuotaQuestion) -> QuotaPlan | None:
    found = asked(question)
    return found if isinstance(found, QuotaPlan) else None


@FEW
@given(questions())
def test_every_plan_adds_up_and_keeps_all_bounds(question: QuotaQuestion) -> None:
    plan = asked(question)
    if isinstance(plan, WishesConflict):
        return
    tree = plan.outlook.tree
    for node in range(tree.teams):
        kids = tree.children[tree.first[node] : tree.first[node + 1]]
        assert plan.amounts[node] == plan.amounts[kids].sum()
    assert (plan.amounts >= plan.bounds.lower).all()
    assert (plan.amounts <= plan.bounds.upper).all()
    assert ((plan.chances >= 0) & (plan.chances <= 1)).all()
    if question.wish.target is not None:
        assert plan.amounts[0] == question.wish.target + (plan.over.amount if plan.over else 0)
    for row, seller in enumerate(plan.question.sellers):
        if seller.locked is not None:
            assert plan.of_sellers[list(tree.order).index(row)] == seller.locked
    for one, two in pairwise(plan.tiers):
        assert (one.amounts <= two.amounts).all()
        assert (one.chances >= two.chances).all()


@FEW
@given(questions())
def test_every_refusal_is_a_set_that_ends_with_any_one_of_it(question: QuotaQuestion) -> None:
    question = replace(question, wish=replace(question.wish, company_chance=None))
    refused = asked(question)
    if isinstance(refused, QuotaPlan):
        return
    outlook = look_out(question)
    wishes = [one for conflict in refused.conflicts for one in conflict.wishes]
    bounds = bounds_of(question, outlook, question.wish.target)
    every = {*zip(outlook.tree.ids, bounds.lower_by, strict=True), *zip(outlook.tree.ids, bounds.upper_by, strict=True)}

    assert refused.conflicts
    for conflict in refused.conflicts:
        named = {(one.node, one.kind) for one in conflict.wishes}
        alone = without(outlook.tree, bounds, every - named)
        assert not possible(outlook.tree, alone)
        assert conflict.missing > 0
        for one in named:
            assert possible(outlook.tree, without(outlook.tree, alone, {one})), (one, conflict)
    if len(refused.conflicts) < MOST_TOLD:
        mended = without(outlook.tree, bounds, {(one.node, one.kind) for one in wishes})
        assert possible(outlook.tree, mended)


@FEW
@given(questions())
def test_no_smaller_set_of_wishes_conflicts(question: QuotaQuestion) -> None:
    outlook = look_out(question)
    bounds = bounds_of(question, outlook, question.wish.target)
    found = find_conflicts(outlook.tree, bounds)
    pairs = {*zip(outlook.tree.ids, bounds.lower_by, strict=True), *zip(outlook.tree.ids, bounds.upper_by, strict=True)}
    every = {pair for pair in pairs if pair[1]}
    if not found or len(every) > 10:
        return
    for count in range(1, len(found[0].wishes)):
        for some in combinations(sorted(every), count):
            low, high = reach(outlook.tree, without(outlook.tree, bounds, every - set(some)))
            assert (low <= high).all(), (some, found[0])


@FEW
@given(questions())
def test_nobody_could_give_a_unit_to_somebody_who_stands_lower(question: QuotaQuestion) -> None:
    question = replace(question, wish=replace(question.wish, unit=1, target=question.wish.target or 700))
    plan = planned(question)
    if plan is None:
        return
    tree, response = plan.outlook.tree, response_of(question, plan.outlook)

    def level_at(amounts: np.ndarray) -> np.ndarray:
        """The lowest level at which each is asked for so much."""
        low, high = np.zeros(len(amounts)), np.full(len(amounts), 2.0**40)
        for _ in range(100):
            middle = (low + high) / 2
            short = response(middle) < amounts
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        return high

    up, down = level_at(plan.of_sellers + 1.0), level_at(plan.of_sellers - 1.0)
    for giver, taker in permutations(range(tree.sellers), 2):
        change = np.zeros(tree.sellers, np.int64)
        change[[giver, taker]] = -1, 1
        after = plan.amounts + tree.sums(change)
        if (after >= plan.bounds.lower).all() and (after <= plan.bounds.upper).all():
            assert up[taker] >= down[giver] - 1e-6 * down[giver]


def possible(tree: Tree, bounds: object) -> bool:
    """Asked of HiGHS: are there amounts within all bounds? Nothing of ours but the bounds themselves."""
    from scipy.optimize import linprog
    from scipy.sparse import lil_array

    rows = lil_array((tree.teams, len(tree.ids)))
    for node in range(tree.teams):
        rows[node, node] = -1
        for kid in tree.children[tree.first[node] : tree.first[node + 1]]:
            rows[node, int(kid)] = 1
    limits = list(zip(bounds.lower.tolist(), [u if u < 2**53 else None for u in bounds.upper.tolist()], strict=True))  # type: ignore[attr-defined]
    if any(high is not None and low > high for low, high in limits):
        return False
    return bool(linprog(np.zeros(len(tree.ids)), A_eq=rows.tocsr(), b_eq=np.zeros(tree.teams), bounds=limits).success)


@FEW
@given(questions())
def test_ours_and_highs_agree_on_what_is_possible(question: QuotaQuestion) -> None:
    outlook = look_out(question)
    bounds = bounds_of(question, outlook, question.wish.target)
    low, high = reach(outlook.tree, bounds)

    assert possible(outlook.tree, bounds) == bool((low <= high).all())


@FEW
@given(questions(), st.integers(1, 300))
def test_a_larger_target_lowers_nobody(question: QuotaQuestion, more: int) -> None:
    question = replace(question, wish=replace(question.wish, target=question.wish.target or 500, company_chance=None))
    higher = replace(question, wish=replace(question.wish, target=(question.wish.target or 0) + more))
    one, two = planned(question), planned(higher)
    if one is not None and two is not None:
        assert (two.amounts >= one.amounts).all()


@FEW
@given(questions(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(question: QuotaQuestion, chance: object) -> None:
    rows = list(range(len(question.sellers)))
    chance.shuffle(rows)  # type: ignore[attr-defined]
    teams = list(question.teams)
    chance.shuffle(teams)  # type: ignore[attr-defined]
    other = replace(question, teams=teams, sellers=[question.sellers[r] for r in rows], totals=question.totals[:, rows])
    one, two = planned(question), planned(other)

    assert (one is None) == (two is None)
    if one is not None and two is not None:
        assert one.ids == two.ids
        assert (one.amounts == two.amounts).all()
        assert (one.chances == two.chances).all()


@FEW
@given(questions())
def test_the_same_question_gives_the_same_bytes(question: QuotaQuestion) -> None:
    one, two = planned(question), planned(question)

    assert one is None or (two is not None and one.amounts.tobytes() == two.amounts.tobytes())
