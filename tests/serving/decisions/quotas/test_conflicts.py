from dataclasses import replace

import pytest

from serving.decisions.quotas.conflict_words import in_words, mended, told
from serving.decisions.quotas.conflicts import Conflict
from serving.decisions.quotas.proposing import WishesConflict, propose
from serving.decisions.quotas.question import QuotaQuestion


def refused(question: QuotaQuestion) -> WishesConflict:
    with pytest.raises(WishesConflict) as found:
        propose(question)
    return found.value


def only(question: QuotaQuestion) -> Conflict:
    (one,) = refused(question).conflicts
    return one


def people(question: QuotaQuestion, ids: str, **change: object) -> QuotaQuestion:
    return replace(
        question,
        sellers=[replace(s, **change) if s.id in ids.split() else s for s in question.sellers],  # type: ignore[arg-type]
    )


def team(question: QuotaQuestion, name: str, **change: object) -> QuotaQuestion:
    return replace(question, teams=[replace(t, **change) if t.id == name else t for t in question.teams])  # type: ignore[arg-type]


def test_floors_beyond_the_target_name_only_the_largest_that_matter(small) -> None:
    question = people(small(target=500_000), "s00 s01 s02", floor=10_000)
    question = people(people(question, "s03 s04", floor=300_000), "s05", floor=290_000)
    conflict = only(question)

    assert {(w.node, w.kind) for w in conflict.wishes} == {("co", "target"), ("s03", "floor"), ("s04", "floor")}
    assert conflict.missing == 100_000
    assert told(conflict, question, "en") == (
        "CNY 1,000 cannot be placed: the floors of s03 and s04 come to CNY 6,000, but co is to carry CNY 5,000. "
        "With the smaller wishes of the kind it is CNY 4,200."
    )
    assert mended(conflict, question, "en") == (
        "Any one of these is enough: bring the floors of s03 and s04 down to CNY 1,800 in sum (-70 %); "
        "or bring the number of co to CNY 9,200."
    )
    assert (
        told(conflict, question, "zh")
        == "有 1,000 元放不下：s03、s04的保底合计 6,000 元；但co要承担 5,000 元。计入其余同类要求，共 4,200 元。"
    )


def test_a_team_bound_stands_for_its_people_where_that_is_enough(small) -> None:
    question = team(small(target=5_000_000), "east", most=1_000_000)
    question = team(question, "west", most=2_000_000)
    question = people(question, " ".join(s.id for s in question.sellers), ceiling=300_000)
    conflict = only(question)

    assert {(w.node, w.kind) for w in conflict.wishes} >= {("co", "target"), ("east", "team_most")}
    assert len(conflict.wishes) == 3
    assert conflict.at == "co"


def test_two_conflicts_are_told_at_once(small) -> None:
    question = people(team(small(target=2_000_000), "t1", most=100_000), "s01 s05", locked=80_000)
    question = people(question, "s00", floor=50_000, ceiling=40_000)
    found = refused(question)

    assert {c.at for c in found.conflicts} == {"s00", "t1"}
    assert "To fix: change one of the wishes. (1) Any one of these is enough" in str(found)
    problem, fix = in_words(found.conflicts, question, "zh")
    assert problem.count("（2）") == fix.count("（2）") == 1


def test_each_way_out_is_enough_alone(small) -> None:
    question = people(small(target=500_000), "s03 s04", floor=300_000)
    conflict = only(question)

    assert propose(replace(question, wish=replace(question.wish, target=500_000 + conflict.gap)))
    assert propose(people(question, "s03", floor=300_000 - conflict.gap))


def test_doing_without_over_assignment_is_offered_where_it_is_enough(small) -> None:
    question = small(target=2_000_000, company_chance=0.8)
    everybody = " ".join(s.id for s in question.sellers)
    question = people(question, everybody, ceiling=180_000)

    assert "do without the over-assignment" in str(refused(question))


@pytest.mark.parametrize(("extra", "sign"), [({"ceiling": 180_000}, -1), ({"floor": 280_000}, 1)])
def test_the_number_offered_instead_is_enough_with_over_assignment_too(small, extra: dict[str, int], sign: int) -> None:
    question = small(target=2_000_000, company_chance=0.8, unit=100)
    question = people(question, " ".join(s.id for s in question.sellers), **extra)
    fix = str(refused(question)).split("To fix: ")[1]
    number = int(float(fix.split("bring the number of co to CNY ")[1].split(";")[0].rstrip(".").replace(",", "")) * 100)

    assert propose(replace(question, wish=replace(question.wish, target=number)))
    assert refused(replace(question, wish=replace(question.wish, target=number - sign * 1_000)))


def test_a_team_of_nobody_that_is_to_carry_something_says_so(small) -> None:
    from serving.decisions.quotas.question import Team

    question = small(target=2_000_000)
    question = replace(question, teams=[*question.teams, Team("new", "east", name="New office", least=5_000)])
    conflict = only(question)

    assert told(conflict, question, "en") == "New office has nobody who could carry CNY 50."
    assert "New office" in mended(conflict, question, "en")


def test_who_is_not_there_carries_nothing_and_that_is_told_where_it_matters(small) -> None:
    question = people(small(target=1_500_000), "s01 s05 s09", present=0.0, name="Li Lei")
    assert [propose(question).amount(one) for one in ("s01", "s05", "s09", "t1")] == [0, 0, 0, 0]

    conflict = only(team(question, "t1", least=100_000))
    assert told(conflict, question, "en") == (
        "CNY 1,000 cannot be placed: t1 is to carry at least CNY 1,000, but Li Lei, Li Lei and Li Lei are not there "
        "in the period."
    )
    assert mended(conflict, question, "zh") == (
        "以下任选其一即可：将t1的下限降到 0 元；或者安排Li Lei、Li Lei、Li Lei到岗，承担 1,000 元。"
    )


def test_a_locked_row_is_not_held_to_its_own_floor(small) -> None:
    plan = propose(people(small(target=2_000_000), "s00", locked=5_000, floor=50_000))

    assert plan.amount("s00") == 5_000


def test_the_error_travels_between_processes(small) -> None:
    import pickle

    found = refused(people(small(target=100), "s00", floor=5_000))

    assert pickle.loads(pickle.dumps(found)).conflicts == found.conflicts
