import numpy as np
import pytest

from simulation.chain import OPEN_STATES, Today, chances
from simulation.company import AS_EVER, CONTACT_LAWS, DIFFERS, LEAST_MOVABLE_ON_TOP, NOTHING, CompanySettings
from simulation.deals import born
from simulation.errors import BadCompany
from simulation.response import (
    ACTIONS,
    CARE_DAYS,
    MINUTES,
    NO_ACTION,
    STRENGTH,
    customer_receptivity,
    harm,
    strength_of,
    touch,
    usual_action,
    usual_strength,
)

STATES = np.arange(OPEN_STATES)


def deals(law, count=4000):
    return born(CompanySettings(deals=count, contact=law), np.arange(count))


def test_a_law_that_nobody_wrote_is_refused():
    with pytest.raises(BadCompany, match=r"(?s)contact is magic.*one of as ever, differs"):
        CompanySettings(contact="magic")


@pytest.mark.parametrize("law", CONTACT_LAWS)
def test_the_strongest_contact_leaves_chances_chances(law):
    receptivity = deals(law).receptivity
    for drive in (-9.0, 0.0, 9.0):
        for value in (receptivity.min(), receptivity.max()):
            one = np.array([[1.0]])
            day = Today(0, np.array([[0]]), one * drive, one * 2.5, one * value, one, 2.2, touch(law), harm(law))
            odds = chances(STATES, day, np.full((1, 1), STRENGTH.max()))

            assert (odds.advance + odds.lose + odds.back + odds.warm + odds.cool < 1).all()


def test_effects_differ_and_most_of_why_is_on_record():
    some = deals(DIFFERS)
    groups = some.source * 100 + some.type * 10 + (some.competitor >= 0)
    means = {group: some.receptivity[groups == group].mean() for group in np.unique(groups)}
    explained = np.var([means[group] for group in groups]) / some.receptivity.var()

    assert some.receptivity.std() > 2 * deals(AS_EVER).receptivity.std() / 1.5
    assert 0.3 < (some.receptivity < 0).mean() < 0.5
    assert 0.65 < explained < 0.85


def test_where_contact_does_nothing_nobody_is_receptive():
    some = np.zeros(5, dtype=int)

    assert not deals(NOTHING).receptivity.any()
    assert not customer_receptivity(NOTHING, np.ones(5), np.ones(5), some, some).any()


def test_the_better_the_deal_the_less_it_moves_where_winners_are_least_movable():
    some = deals(LEAST_MOVABLE_ON_TOP)
    by_quality = np.array_split(some.receptivity[np.argsort(some.quality)], 5)
    means = [part.mean() for part in by_quality]

    assert (np.diff(means) < 0).all()
    assert (np.diff(touch(LEAST_MOVABLE_ON_TOP).reshape(4, 4)[:, 1]) < 0).all()


def test_the_law_of_old_weighs_every_contact_alike_and_the_others_by_its_kind():
    actions = np.array([NO_ACTION, *range(len(ACTIONS))])

    assert strength_of(AS_EVER, actions).tolist() == [0, 1, 1, 1, 1, 1]
    assert strength_of(DIFFERS, actions).tolist() == [0, *STRENGTH]
    assert len(ACTIONS) == len(MINUTES) == len(CARE_DAYS) == len(STRENGTH)


def test_the_mean_strength_is_that_of_the_actions_sellers_take():
    draws = (np.arange(20_000) + 0.5) / 20_000
    for stage in range(4):
        taken = usual_action(np.full(draws.size, stage), draws)

        assert strength_of(DIFFERS, taken).mean() == pytest.approx(
            usual_strength(DIFFERS, 4 * stage * np.ones(1, int))[0], abs=1e-3
        )
