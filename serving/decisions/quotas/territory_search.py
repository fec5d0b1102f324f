"""Who goes where? Search by single moves, and the mixed-integer program that says how good that is."""

import numpy as np

from serving.decisions.quotas.money import Wholes
from serving.decisions.quotas.territory_numbers import Flags, Sums

MOST_CELLS = 60_000
"""Customers times sellers they may go to, beyond which the smallest customers stay where they are."""
NODES = 50
"""Branches that HiGHS looks into: a limit that is the same on every machine, as time is not."""
OUT_OF_TIME = 1
ROUNDS = 50
MOST_WORK = 100_000
"""Moves looked for, times customers, after which the last search ends."""
SQUARES = 2.0
"""Weight of squared distances: as much as the score gives a distance of a quarter of a fair share."""
TINY = 1e-12


def settled(sums: Sums) -> Wholes:
    """As it is; customers without an owner go, the largest first, to who may and has the least of a fair share."""
    who = sums.owner.copy()
    held = who >= 0
    load = np.stack([np.bincount(who[held], sums.weight[held, k], len(sums.sellers)) for k in (0, 1)]).mean(axis=0)
    loose = np.flatnonzero(~held)
    for row in loose[np.argsort(-sums.weight[loose].sum(axis=1), kind="stable")]:
        options = np.flatnonzero(sums.may[row])
        taker = options[np.argmin((load / sums.fair)[options])]
        who[row] = taker
        load[taker] += sums.weight[row].mean()
    return who


def searched(sums: Sums, start: Wholes) -> Wholes:
    """The best by single moves from the start: first by squares, which see past the worst seller, then by the score."""
    best = start
    for who in (_polished(sums, start), _polished(sums, _smoothed(sums, start))):
        if sums.score(who) < sums.score(best) - TINY:
            best = who
    return best


def _smoothed(sums: Sums, start: Wholes) -> Wholes:
    """While the squared distances from fair shares, with moves and travel, get less: the best moves of each round that
    concern no seller twice."""
    who, people = start.copy(), len(sums.sellers)
    row, taker = np.nonzero(sums.may)
    weight, fair, region = sums.weight[row], sums.fair, sums.region[row]
    away = sums.ask.continuity * sums.moved[row]
    for _ in range(ROUNDS * 4):
        giver = who[row]
        over = np.stack([np.bincount(who, sums.weight[:, k], people) for k in (0, 1)]) / fair - 1.0
        there = np.bincount(sums.region * people + who, minlength=(int(sums.region.max()) + 1) * people)
        change = (
            sums.ask.travel
            / people
            * ((there[region * people + taker] == 0).astype(float) - (there[region * people + giver] == 1))
        )
        change += away * ((taker != sums.owner[row]).astype(float) - (giver != sums.owner[row]))
        for kind in (0, 1):
            part = weight[:, kind]
            change += SQUARES * sums.ask.balance * part * (2 * (over[kind, taker] - over[kind, giver])
                + part / fair[taker] + part / fair[giver])  # fmt: skip
        change[taker == giver] = 0.0
        used, moved = np.zeros(people, bool), False
        for cell in np.argsort(change, kind="stable")[: 20 * people]:
            if change[cell] >= -TINY:
                break
            if used[taker[cell]] or used[giver[cell]]:
                continue
            who[row[cell]] = taker[cell]
            if sums.hangs(who):
                used[taker[cell]] = used[giver[cell]] = moved = True
            else:
                who[row[cell]] = giver[cell]
        if not moved:
            break
    return who


def _polished(sums: Sums, start: Wholes) -> Wholes:
    """While the score gets less: single moves from the most loaded to those who may take more."""
    who, score = start.copy(), sums.score(start)
    free = sums.may.sum(axis=1) > 1
    for _ in range(min(ROUNDS * len(sums.sellers), MOST_WORK // len(who) + 1)):
        load = np.stack([np.bincount(who, sums.weight[:, k], len(sums.sellers)) for k in (0, 1)])
        off = (load / sums.fair - 1.0).mean(axis=0)
        best, better = None, score - TINY
        for giver in np.argsort(-off, kind="stable")[: max(2, len(off) // 4)]:
            mine = np.flatnonzero((who == giver) & free)
            # Those that fit the gap best are tried; the rest would overshoot.
            excess = max(float(off[giver]) * sums.fair[giver], 0.0)
            mine = mine[np.argsort(np.abs(sums.weight[mine].mean(axis=1) - excess / 2), kind="stable")][:12]
            for row in mine:
                options = np.flatnonzero(sums.may[row] & (off < off[giver]))
                for taker in options[np.argsort(off[options], kind="stable")][:4]:
                    who[row] = taker
                    if (now := sums.score(who)) < better and sums.hangs(who):
                        best, better = (int(row), int(taker)), now
                    who[row] = giver
        if best is None:
            return who
        who[best[0]], score = best[1], better
    return who


def floor_of(sums: Sums) -> float:
    """A score that no split can be below: customers cut at will, one seller a region. 0.0 where time ran out."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_array, vstack

    row, seller = np.nonzero(sums.may)
    cells, people = len(row), len(sums.sellers)
    size = cells + 2 * people + 1
    cost = np.zeros(size)
    cost[:cells] = np.where(seller != sums.owner[row], sums.ask.continuity * sums.moved[row], 0.0)
    cost[cells:-1] = sums.ask.balance / 4
    cost[-1] = sums.ask.balance / 2
    each, at = np.arange(people), np.arange(cells)
    blocks, limits = [], []
    for kind in (0, 1):
        load = coo_array((sums.weight[row, kind], (seller, at)), (people, size))
        apart = coo_array((np.ones(people), (each, cells + kind * people + each)), (people, size))
        largest = coo_array((sums.fair, (each, np.full(people, size - 1))), (people, size))
        blocks += [load - apart, -load - apart, apart - largest]
        limits += [sums.fair, -sums.fair, np.zeros(people)]
    whole = coo_array((np.ones(cells), (row, at)), (len(sums.may), size))
    answer = linprog(
        cost, vstack(blocks).tocsr(), np.concatenate(limits), whole.tocsr(), np.ones(len(sums.may)),
        options={"time_limit": float(sums.ask.seconds)},
    )  # fmt: skip
    if answer.status != 0:
        return 0.0
    return float(answer.fun) + sums.ask.travel * len(np.unique(sums.region)) / people


def left_out(sums: Sums) -> Flags:
    """The smallest customers, as many as must stay for the program to be small enough."""
    order = np.argsort(-sums.weight.sum(axis=1), kind="stable")
    cells = np.cumsum(sums.may.sum(axis=1)[order])
    left = np.zeros(len(order), bool)
    left[order[cells > MOST_CELLS]] = True
    return left


def solved(sums: Sums, left: Flags) -> tuple[Wholes | None, float, bool]:
    """HiGHS' split, the bound below which none can be (0 where customers were left out), whether it ended in time."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    may = sums.may.copy()
    start = settled(sums)
    may[left] = False
    may[np.flatnonzero(left), start[left]] = True
    row, seller = np.nonzero(may)
    cells, people = len(row), len(sums.sellers)
    pair, pair_of = np.unique(sums.region[row] * people + seller, return_inverse=True)
    # Variables: customer to seller; seller in region; distances of potential and workload; the largest of them.
    at_pair, at_off = cells, cells + len(pair)
    at_most, size = at_off + 2 * people, at_off + 2 * people + 1
    cost = np.zeros(size)
    cost[:cells] = sums.ask.continuity * np.where(seller != sums.owner[row], sums.moved[row], 0.0)
    cost[at_pair:at_off] = sums.ask.travel / people
    cost[at_off:at_most] = sums.ask.balance / 4
    cost[at_most] = sums.ask.balance / 2
    ones = np.ones(cells)
    rules = [LinearConstraint(coo_array((ones, (row, np.arange(cells))), (len(may), size)).tocsr(), 1, 1)]
    opened = coo_array(
        (np.r_[ones, -ones], (np.r_[np.arange(cells), np.arange(cells)], np.r_[np.arange(cells), at_pair + pair_of])),
        (cells, size),
    )
    rules.append(LinearConstraint(opened.tocsr(), -np.inf, 0))
    # A region away from home is opened only next door to a home that is kept.
    place, whose = pair // people, pair % people
    away = np.flatnonzero(~sums.home[place, whose])
    near = (
        (whose[away][:, None] == whose[None, :]) & sums.home[place, whose][None, :] & sums.touch[place[away]][:, place]
    )
    line, kept = np.nonzero(near)
    if len(away):
        needs = coo_array(
            (
                np.r_[np.ones(len(away)), -np.ones(len(line))],
                (np.r_[np.arange(len(away)), line], np.r_[at_pair + away, at_pair + kept]),
            ),
            (len(away), size),
        )
        rules.append(LinearConstraint(needs.tocsr(), -np.inf, 0))
    each = np.arange(people)
    for kind in (0, 1):
        off = at_off + kind * people + each
        load = coo_array((sums.weight[row, kind], (seller, np.arange(cells))), (people, size))
        apart = coo_array((np.ones(people), (each, off)), (people, size))
        largest = coo_array((sums.fair, (each, np.full(people, at_most))), (people, size))
        rules.append(LinearConstraint((load - apart).tocsr(), -np.inf, sums.fair))
        rules.append(LinearConstraint((load + apart).tocsr(), sums.fair, np.inf))
        rules.append(LinearConstraint((apart - largest).tocsr(), -np.inf, 0))
    whole = np.r_[np.ones(cells), np.zeros(size - cells)]
    upper = np.r_[np.ones(at_off), np.full(size - at_off, np.inf)]
    options = {"time_limit": float(sums.ask.seconds), "node_limit": NODES, "mip_rel_gap": 1e-3}
    answer = milp(cost, constraints=rules, integrality=whole, bounds=Bounds(np.zeros(size), upper), options=options)
    if answer.status == OUT_OF_TIME:
        return None, 0.0, False
    bound = answer.mip_dual_bound if answer.mip_dual_bound is not None else 0.0
    bound = float(bound) if np.isfinite(bound) and not left.any() else 0.0
    if answer.x is None:
        return None, bound, True
    who = start.copy()
    chosen = answer.x[:cells] > 0.5
    who[row[chosen]] = seller[chosen]
    return who, bound, True
