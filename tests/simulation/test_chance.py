import numpy as np

from simulation.chance import below, normal, pick, streams, uniform

ENTITIES = np.arange(20_000, dtype=np.int64)


def test_an_entity_draws_the_same_whoever_is_drawn_with_it():
    some = np.array([5, 17, 19_999])

    alone = uniform(streams(7, "deal", some), 3)

    np.testing.assert_array_equal(alone, uniform(streams(7, "deal", ENTITIES), 3)[some])


def test_steps_may_be_one_number_or_one_for_each_key():
    keys = streams(7, "deal", ENTITIES[:10])

    np.testing.assert_array_equal(uniform(keys, 4), uniform(keys, np.full(10, 4)))


def test_seed_purpose_and_step_give_unrelated_draws():
    plain = uniform(streams(7, "deal", ENTITIES), 1)
    others = [
        uniform(streams(8, "deal", ENTITIES), 1),
        uniform(streams(7, "customer", ENTITIES), 1),
        uniform(streams(7, "deal", ENTITIES), 2),
        np.roll(plain, 1),
    ]

    assert all(abs(np.corrcoef(plain, other)[0, 1]) < 4 / np.sqrt(ENTITIES.size) for other in others)


def test_draws_are_even_and_normal():
    keys = streams(7, "deal", ENTITIES)
    tenths = np.histogram(uniform(keys, 1), bins=10, range=(0, 1))[0]
    bell = normal(keys, 5)

    # Chi-square with 9 degrees of freedom passes 33.7 once in 10,000 seeds.
    assert ((tenths - 2000) ** 2 / 2000).sum() < 33.7
    assert abs(bell.mean()) < 4 / np.sqrt(bell.size)
    assert abs(bell.std() - 1) < 0.03


def test_pick_cuts_the_line_in_proportion():
    assert pick(np.array([0.0, 0.24, 0.26, 0.74, 0.76, 0.999]), (1, 2, 1)).tolist() == [0, 0, 1, 1, 2, 2]


def test_below_stays_below_even_at_the_edge():
    assert below(np.array([0.0, 0.5, 1 - 2**-53]), 3).tolist() == [0, 1, 2]
