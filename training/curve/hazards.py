"""Which intervals did a moment live through, and how did it end? Rows to learn hazards from, and their sum.

A moment's future is cut into intervals. In each that it entered it either ended or went on, and where it ended the
event happened or its competitor did. A moment still undecided has lived through the intervals it was watched for, so
the latest moments teach the first intervals at once and no outcome has to be guessed: censored rows count for what is
known (discrete-time hazards; Allison, *Sociological Methodology* 13, 1982; competing ends: Tutz and Schmid, *Modeling
Discrete Time-to-Event Data*, 2016, chapter 8).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.kernel import MISSING

if TYPE_CHECKING:
    from training.dataset import Dataset

Floats = NDArray[np.float64]
INTERVAL = "curve_interval"
"""The column that says which interval a row is about, counted from 0."""
LEAST_WEIGHT = 0.2
"""A decided row beyond the grid counts at least so much: one that weighs nothing would teach nothing."""


def pace_rows(past: "Dataset", edges: Sequence[float], most: int | None = None, seed: int = 0) -> "Dataset":
    """One row per moment and interval it was watched through: outcome 1 where it ended there, else 0.

    `edges` are the intervals' ends in days, the first beginning at the moment. With more than `most` rows a random
    part of them is taken, so that many moments tell a little each. Column `INTERVAL` is added to `x`.

    What ended in an interval counts only where the moment was watched through all of it: those watched through a part
    of it and still undecided cannot count, and the ended ones among them alone would make the end look nearer.
    """
    end, decided = _ends(past)
    rows, interval, ended = [], [], []
    for number, (low, high) in enumerate(zip([0.0, *edges[:-1]], edges, strict=True)):
        entered = (end > low) | (decided if number == 0 else False)
        done = decided & (end <= high)
        place = np.flatnonzero(entered & (past.followed_for >= high))
        rows.append(place)
        interval.append(np.full(len(place), float(number)))
        ended.append(done[place].astype(float))
    at, number_of, outcome = np.concatenate(rows), np.concatenate(interval), np.concatenate(ended)
    if most is not None and len(at) > most:
        kept = np.sort(np.random.default_rng(seed).choice(len(at), most, replace=False))
        at, number_of, outcome = at[kept], number_of[kept], outcome[kept]
    return _stacked(past, at, number_of, outcome, np.ones(len(at)))


def outcome_rows(past: "Dataset", edges: Sequence[float], most: int | None = None, seed: int = 0) -> "Dataset":
    """One row per decided moment: outcome 1 where the event happened, 0 where its competitor did.

    The column `INTERVAL` says when it ended: `len(edges)` beyond the last edge, where weights make the
    decided rows stand for those that were not watched for as long.
    """
    end, decided = _ends(past)
    at = np.flatnonzero(decided)
    if most is not None and len(at) > most:
        at = np.sort(np.random.default_rng(seed).choice(at, most, replace=False))
    number = np.searchsorted(np.array(edges), end[at], side="left").astype(float)
    beyond = number == len(edges)
    weight = np.where(beyond, np.maximum(past.weight[at], LEAST_WEIGHT), 1.0)
    return _stacked(past, at, number, past.outcome[at], weight)


def incidence(ends: Floats, event: Floats) -> tuple[Floats, Floats]:
    """Shares that had the event, and its competitor, by each edge and in the end; both [n, intervals + 1].

    `ends` [n, intervals] is the chance to end in an interval for who entered it, `event` [n, intervals + 1] the chance
    that an end there is the event (the last one: an end beyond the last edge).
    """
    staying = np.cumprod(np.column_stack([np.ones(len(ends)), 1 - ends]), axis=1)
    ending = np.column_stack([staying[:, :-1] * ends, staying[:, -1]])
    return np.cumsum(ending * event, axis=1), np.cumsum(ending * (1 - event), axis=1)


def _ends(past: "Dataset") -> tuple[Floats, NDArray[np.bool_]]:
    """Days until the end or for as long as watched, and whether it ended."""
    decided = ~np.isnan(past.outcome) & (past.closed_known != MISSING)
    return np.where(decided, past.decided_after, past.followed_for), decided


def _stacked(past: "Dataset", at: NDArray[np.int64], interval: Floats, outcome: Floats, weight: Floats) -> "Dataset":
    chosen = past.rows(at)
    return replace(chosen, x=chosen.x.assign(**{INTERVAL: interval}), outcome=outcome, weight=weight)
