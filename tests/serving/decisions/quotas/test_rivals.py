from dataclasses import replace

import pytest

from serving.decisions.quotas.rivals import RIVALS, by_potential, even, kept, last_year_plus, proportional


def test_each_rival_by_hand(small) -> None:
    question = small(sellers=3, target=1_000)
    facts = [(100, 110, 1.0), (200, 190, 1.0), (None, None, 2.0)]
    people = [
        replace(s, last_result=r, last_quota=q, potential=p)
        for s, (r, q, p) in zip(question.sellers, facts, strict=True)
    ]
    question = replace(question, sellers=people)

    assert last_year_plus(question).tolist() == [110, 220, 165]
    assert proportional(question).tolist() == [222, 445, 333]
    assert by_potential(question).tolist() == [250, 250, 500]
    assert even(question).tolist() == [334, 333, 333]
    assert kept(question).tolist() == [110, 190, 150]


@pytest.mark.parametrize("name", [n for n in RIVALS if n not in ("last year plus 10 %", "own quotas")])
def test_shares_of_a_target_add_up(small, name: str) -> None:
    assert RIVALS[name](small(target=1_234_567)).sum() == 1_234_567
