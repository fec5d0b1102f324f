from dataclasses import replace

import numpy as np
import pytest

from simulation.chain import WON, usual_contact
from simulation.company import LONGEST_LIFE, CompanySettings
from simulation.deals import born
from simulation.life import Moves, Witness, closing, live


@pytest.fixture(scope="module")
def settings():
    return CompanySettings(deals=3000)


def lives(settings, deals, until=None, contact=usual_contact):
    moves = Moves()
    live(settings, deals, [moves], until or settings.days + LONGEST_LIFE + 1, contact)
    return moves.gathered()


def test_a_deal_lives_the_same_life_in_any_company(settings):
    together = lives(settings, born(settings, np.arange(3000)))
    some = np.arange(700, 2900, 37)
    apart = lives(settings, born(settings, some))
    position = np.flatnonzero(np.isin(together[0], some))

    np.testing.assert_array_equal(some[apart[0]], together[0][position])
    for column in (1, 2, 3):
        np.testing.assert_array_equal(apart[column], together[column][position])


def test_nothing_stays_open_for_ever(settings):
    deals = born(settings, np.arange(3000))
    outcome, closed = closing(deals, lives(settings, deals))

    assert (outcome >= 0).all()
    assert (closed > deals.created_day).all()
    assert (closed - deals.created_day).max() == LONGEST_LIFE


def test_another_policy_meets_the_same_luck_and_contact_helps(settings):
    deals = born(settings, np.arange(3000))
    wins = {}
    for name, policy in (
        ("usual", usual_contact),
        ("never", lambda states, today: np.zeros(states.shape)),
        ("always", lambda states, today: np.ones(states.shape)),
    ):
        wins[name] = closing(deals, lives(settings, deals, contact=policy))[0] == WON

    assert wins["never"].sum() < wins["usual"].sum() < wins["always"].sum()
    # Most deals end alike: the difference is what contact did, not other luck.
    assert np.mean(wins["never"] == wins["always"]) > 0.65


def test_skill_wins_deals(settings):
    deals = born(settings, np.arange(3000))
    better = replace(deals, quality=deals.quality + 0.8)
    won = [np.mean(closing(some, lives(settings, some))[0] == WON) for some in (deals, better)]

    assert won[1] > won[0] + 0.08


def test_owners_change_hands_when_somebody_leaves(settings):
    class Owners(Witness):
        seen: dict[int, set[int]]

        def see(self, day):
            for deal, owner in zip(day.deal, day.owner, strict=True):
                self.seen.setdefault(int(deal), set()).add(int(owner))

    owners = Owners()
    owners.seen = {}
    live(settings, born(settings, np.arange(300)), [owners], settings.days)

    assert max(len(sellers) for sellers in owners.seen.values()) > 1
