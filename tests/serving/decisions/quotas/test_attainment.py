import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.decisions.quotas.attainment import amount_at, amount_beyond, chance_of, look_out

DRAWS = st.lists(st.integers(0, 50), min_size=1, max_size=30)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(DRAWS, st.integers(0, 60), st.integers(0, 20))
def test_a_chance_is_a_share_of_draws_and_falls_with_the_quota(draws: list[int], quota: int, more: int) -> None:
    rising = np.sort(np.array([draws], float), axis=1)
    low, high = (float(chance_of(rising, np.array([q]))[0]) for q in (quota, quota + more))

    assert low == sum(d >= quota for d in draws) / len(draws)
    assert 0 <= high <= low <= 1


@settings(max_examples=80, deadline=None, derandomize=True)
@given(DRAWS, st.floats(0.01, 0.99))
def test_amounts_at_a_chance_keep_it_and_one_more_does_not(draws: list[int], chance: float) -> None:
    rising = np.sort(np.array([draws], float), axis=1)
    sure, easy = amount_at(rising, chance), amount_beyond(rising, chance)

    assert chance_of(rising, sure.astype(np.int64))[0] >= chance - 1e-9
    assert chance_of(rising, sure.astype(np.int64) + 1)[0] < chance
    assert chance_of(rising, easy.astype(np.int64) + 1)[0] <= chance + 1e-9
    assert chance_of(rising, easy.astype(np.int64))[0] > chance - 1e-9


def test_a_team_is_surer_of_its_sum_than_its_people_are_when_luck_is_their_own(small) -> None:
    question = small(draws=2000)
    outlook = look_out(question)
    amounts = outlook.tree.sums(np.floor(amount_at(outlook.sorted, 0.7)).astype(np.int64))

    assert outlook.chances(amounts)[0] > 0.85
    assert np.allclose(outlook.chances(amounts)[outlook.tree.teams :], 0.7, atol=0.001)
