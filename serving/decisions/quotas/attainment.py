"""How likely is it that a number is made? Counted in the joint draws, at every node of the tree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serving.decisions.quotas.money import MOST, Floats, Wholes
from serving.decisions.quotas.question import BadQuestion, Move, QuotaQuestion, Seller
from serving.decisions.quotas.tree import Tree, grow

HALF = 0.5
"""Half a minor unit: what a float of money may be off by before it is another amount."""


@dataclass(frozen=True)
class Outlook:
    """What everybody would book, ready to be asked: rows in the order of the tree.

    `draws` [sellers, draws] with ramp, presence and moves counted; `sorted` the same, rising; `teams` [teams, draws].
    `source` and `made_for` are the draws and facts it was made from.
    """

    tree: Tree
    draws: Floats
    sorted: Floats
    teams: Floats
    teams_sorted: Floats
    source: Floats
    made_for: tuple[object, ...]

    def fits(self, question: QuotaQuestion) -> bool:
        """Whether it may serve another question: same draws, people and teams; bounds and wishes may differ."""
        return question.totals is self.source and _facts(question) == self.made_for

    def chances(self, amounts: Wholes) -> Floats:
        """The chance that each node's own total reaches its own amount [nodes]."""
        teams = self.tree.teams
        above = chance_of(self.teams_sorted, amounts[:teams])
        return np.concatenate([above, chance_of(self.sorted, amounts[teams:])])


def look_out(question: QuotaQuestion) -> Outlook:
    """Sorts the draws once; every plan and what-if on the same people reads from it. Raises BadQuestion."""
    tree = grow(question.teams, question.sellers)
    totals = np.asarray(question.totals, np.float64)
    if totals.ndim != 2 or totals.shape[1] != len(question.sellers) or not totals.shape[0]:
        raise BadQuestion("totals", f"shape {totals.shape}", f"give draws by {len(question.sellers)} sellers")
    if np.isinf(totals).any() or float(np.nanmax(np.abs(totals), initial=0.0)) >= MOST / max(len(tree.ids), 1):
        raise BadQuestion("totals", "a draw is infinite or beyond all money", "give finite draws in minor units")
    sellers = [question.sellers[row] for row in tree.order]
    draws = np.ascontiguousarray(totals[:, tree.order].T)
    draws = _with_newcomers(draws, sellers)
    draws = _moved(draws, sellers, question.moves)
    strength = np.array([seller.ramp * seller.present for seller in sellers])
    if not (np.isfinite(strength).all() and (strength >= 0).all() and (strength <= 1.0 + 1e-9).all()):
        raise BadQuestion("sellers", "a ramp or presence is not between 0 and 1", "give shares")
    draws *= strength[:, None]
    of_teams = tree.draws_of_teams(draws)
    return Outlook(
        tree, draws, np.sort(draws, axis=1), of_teams, np.sort(of_teams, axis=1), question.totals, _facts(question)
    )


def chance_of(rising: Floats, amounts: Wholes) -> Floats:
    """The share of each row's sorted draws [rows, draws] that reach the row's amount."""
    count = rising.shape[1]
    low, high = np.zeros(len(rising), np.int64), np.full(len(rising), count, np.int64)
    rows, wanted = np.arange(len(rising)), amounts - HALF
    while (low < high).any():
        middle = (low + high) // 2
        short = rising[rows, np.minimum(middle, count - 1)] < wanted
        low, high = np.where((low < high) & short, middle + 1, low), np.where((low < high) & ~short, middle, high)
    return np.asarray((count - low) / count, np.float64)


def amount_at(rising: Floats, chance: float) -> Floats:
    """The largest amount that each row reaches with at least a chance (in (0, 1]); not rounded."""
    count = rising.shape[1]
    return np.asarray(rising[:, count - max(int(np.ceil(chance * count - 1e-9)), 1)], np.float64)


def amount_beyond(rising: Floats, chance: float) -> Floats:
    """The amount beyond which each row's chance is no more than `chance` (in [0, 1))."""
    count = rising.shape[1]
    return np.asarray(rising[:, count - 1 - min(int(np.floor(chance * count + 1e-9)), count - 1)], np.float64)


def _facts(question: QuotaQuestion) -> tuple[object, ...]:
    people = tuple((one.id, one.team, one.ramp, one.present, one.potential) for one in question.sellers)
    teams = tuple((one.id, one.parent) for one in question.teams)
    return people, teams, tuple(question.moves)


def _with_newcomers(draws: Floats, sellers: Sequence[Seller]) -> Floats:
    """A newcomer books what a colleague of the team, one after the other, books in a draw, by potential where known."""
    unknown = np.isnan(draws).any(axis=1)
    if not unknown.any():
        return draws
    if unknown.all():
        raise BadQuestion("totals", "no seller has a draw", "give draws of at least one")
    teams = np.array([seller.team for seller in sellers])
    potential = np.array([np.nan if one.potential is None else one.potential for one in sellers], np.float64)
    at = np.arange(draws.shape[1])
    for row in np.flatnonzero(unknown):
        peers = np.flatnonzero(~unknown & (teams == teams[row]))
        peers = peers if len(peers) else np.flatnonzero(~unknown)
        whose = peers[(at + row) % len(peers)]
        scale = potential[row] / potential[whose]
        draws[row] = draws[whose, at] * np.where(np.isfinite(scale), scale, 1.0)
    return draws


def _moved(draws: Floats, sellers: Sequence[Seller], moves: Sequence[Move]) -> Floats:
    number = {seller.id: row for row, seller in enumerate(sellers)}
    given: dict[str, float] = {}
    before = draws.copy() if moves else draws
    for move in sorted(moves, key=lambda one: (one.giver, one.taker, one.share)):
        for who in (move.giver, move.taker):
            if who not in number:
                raise BadQuestion("moves", f"{who} is no seller", "name sellers of the list")
        given[move.giver] = given.get(move.giver, 0.0) + move.share
        if not 0 <= move.share <= 1 or given[move.giver] > 1 + 1e-9 or move.giver == move.taker:
            raise BadQuestion(
                "moves", f"{move.giver} gives away {given[move.giver]:.0%}", "give at most all, to others"
            )
        draws[number[move.taker]] += before[number[move.giver]] * move.share
        draws[number[move.giver]] -= before[number[move.giver]] * move.share
    return draws
