"""How would each estimate of churn have done? Fitted on the past, judged on what came after, again and again.

Rolling origin with a purge: at each cut every estimate learns from outcomes on record then, moments whose horizon was
not over take no part, and the active customers of the next weeks are foretold at each look. What learns between fits
(level, season) learns up to the look and no further. A snapshot has no time: customers are split instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from features.as_of import DAY
from training.churn.asked import asked
from training.churn.buyers import Buyers
from training.churn.dataset import Base
from training.churn.estimate import ChurnEstimate, inside
from training.churn.held_contracts import Curve, Holders, Once
from training.churn.plain_estimates import OF_CONTRACTS, OF_ORDERS
from training.horizon_scores import Asked, HorizonScores, judge_horizons
from training.judged_rows import Floats, Labels
from training.rivals.base_rate import BaseRate
from training.rivals.rival import NothingDecided, RivalNotApplicable
from training.segments import Words, segments_of

JUDGED = (30.0, 60.0, 90.0)
"""Horizons in days that are judged, where the history is long enough for them; else the longest three that are."""
FIRST_SHARE = 0.4
"""The share of the looks' time before the first cut."""
PARTS = 5
"""Parts into which the customers of a snapshot are split."""
OURS = Buyers.name


@dataclass(frozen=True)
class ChurnFold:
    """One cut: when (microseconds; 0 without time), what was looked at after it, P(churn) of each estimate [n, h].

    `unsure` is what each says of the standard deviation of the level, in log-odds [n, h].
    """

    cut: int
    end: int
    rows: Base
    outcome: Floats
    said: Mapping[str, Floats]
    unsure: Mapping[str, Floats]


@dataclass(frozen=True)
class ChurnTrial:
    """All folds of one kind of customers, and why an estimate is missing from some."""

    kind: str
    horizons: tuple[float, ...]
    folds: tuple[ChurnFold, ...]
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The estimates that spoke in every fold."""
        if not self.folds:
            return ()
        return tuple(name for name in self.folds[0].said if all(name in fold.said for fold in self.folds))

    def asked(self, *, plain: bool = False) -> list[Asked]:
        """Each horizon's question over all folds, for the judges; `plain`: without groups of rows."""
        subject = np.concatenate([fold.rows.subject for fold in self.folds])
        outcome = np.concatenate([fold.outcome for fold in self.folds])
        segments: dict[str, Labels] = {}
        if not plain:
            segments = segments_of(*[fold.rows.known(fold.rows.until + 1) for fold in self.folds])
        if not plain and len(self.folds) > 1 and self.folds[0].cut:
            months = [_month(moment) for fold in self.folds for moment in fold.rows.at.tolist()]
            segments = {"month": np.array(months, object), **segments}
        return [
            Asked(
                days,
                outcome[:, place],
                np.ones(len(outcome)),
                subject,
                {name: np.concatenate([fold.said[name][:, place] for fold in self.folds]) for name in self.names},
                segments,
            )
            for place, days in enumerate(self.horizons)
        ]

    def scores(self, words: Words | None = None) -> HorizonScores:
        """Every estimate judged at every horizon; ours less each other. `words` name features as groups of rows."""
        ours = OURS if OURS in self.names else BaseRate.name
        return judge_horizons(self.asked(), ours, words)


def estimates(kind: str, *, snapshot: bool = False) -> dict[str, Callable[[], ChurnEstimate]]:
    """Everything that may be served for a kind of customers: the rivals, and ours."""
    if kind == "orders":
        return {**OF_ORDERS, Buyers.name: Buyers}
    if snapshot:
        return {**OF_CONTRACTS, Once.name: Once}
    return {**OF_CONTRACTS, Curve.name: Curve, Holders.name: Holders}


def run_churn_trial(base: Base, folds: int, progress: Callable[[str], None] = lambda _: None) -> ChurnTrial:
    """Judge every estimate on `folds` successive windows; fewer where the history is too short."""
    horizons = judged_horizons(base)
    done: list[ChurnFold] = []
    absent: dict[str, str] = {}
    for number, (cut, end, past, later) in enumerate(_windows(base, folds, horizons), 1):
        outcome = outcomes_of(later, horizons)
        if not len(later) or not past.horizons:
            continue
        said, unsure = {}, {}
        for name, make in estimates(base.kind, snapshot=base.snapshot).items():
            progress(f"fold {number}: {name}")
            try:
                learned = past.horizons if name in (OURS, Curve.name) else horizons
                fitted = make().fit(past.known(cut), past.market.until(cut), learned)
                said[name], unsure[name] = foretell(fitted, base, later, cut, horizons)
            except (RivalNotApplicable, NothingDecided) as reason:
                absent[name] = reason.problem.format(*reason.args)
        if BaseRate.name in said:
            done.append(ChurnFold(0 if base.snapshot else cut, end, later, outcome, said, unsure))
    ours = [fold for fold in done if OURS in fold.said]
    told = tuple(ours or done)
    spoke = set.intersection(*(set(fold.said) for fold in told)) if told else set()
    return ChurnTrial(base.kind, horizons, told, {n: why for n, why in absent.items() if n not in spoke})


def judged_horizons(base: Base) -> tuple[float, ...]:
    """The horizons that are judged: 30, 60 and 90 days where they can be learned by the first cut."""
    can = base.horizons
    return tuple(days for days in can if days in JUDGED) or can[-3:]


def foretell(
    fitted: ChurnEstimate, base: Base, later: Base, cut: int, horizons: tuple[float, ...]
) -> tuple[Floats, Floats]:
    """P(churn) of each moment within each horizon, [n, h], learning in between only what was known at each look.

    And the standard deviation of the level that the estimate tells, in log-odds [n, h].
    """
    said, unsure = np.empty((len(later), len(horizons))), np.zeros((len(later), len(horizons)))
    for look in np.unique(later.at).tolist():
        rows = later.at == look
        then = fitted
        if not base.snapshot and look > cut:
            then = fitted.refreshed(base.known(look), base.market.until(look))
        part = later.rows(rows)
        said[rows] = inside(then.predict(part.x, part.at.astype(np.float64), horizons))
        unsure[rows] = [then.unsure(look, days) for days in horizons]
    return (1 - said if base.kind == "orders" else said), unsure


def outcomes_of(later: Base, horizons: tuple[float, ...]) -> Floats:
    """1 where the customer churned within each horizon, 0 where not, NaN where it is not over; [n, h]."""
    known = later.known(later.until)
    found = np.full((len(later), len(horizons)), np.nan)
    for place, days in enumerate(horizons):
        over = known.followed_for >= days
        came = asked(known, days).outcome
        found[np.flatnonzero(over), place] = 1 - came if later.kind == "orders" else came
    return found


def _windows(base: Base, folds: int, horizons: tuple[float, ...]) -> list[tuple[int, int, Base, Base]]:
    """Cut, end, what may be learned from, what is judged."""
    if not horizons:
        return []
    if base.snapshot:
        names, rows = np.unique(base.subject.astype(str), return_inverse=True)
        part = (np.random.default_rng(0).permutation(len(names)) % PARTS)[rows]
        return [(base.until, base.until, base.rows(part != one), base.rows(part == one)) for one in range(PARTS)]
    looks = np.unique(base.at)
    longest = round((max(horizons) + base.lag) * DAY)
    end = base.until - longest
    looks = looks[looks <= end]
    if len(looks) < 2:
        return []
    # The first cut must have seen the longest horizon over at some looks.
    first = max(int(looks[0] + FIRST_SHARE * (looks[-1] - looks[0])), int(looks[0]) + longest + 1)
    there = looks[looks >= first]
    groups = [group for group in np.array_split(there, min(folds, len(there))) if len(group)] if len(there) else []
    found = []
    for group in groups:
        cut, last = int(group[0]), int(group[-1]) + 1
        judged = base.rows((base.at >= cut) & (base.at < last))
        found.append((cut, last, base.rows(base.at < cut), judged))
    return found


def _month(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1e6, UTC).strftime("%Y-%m")
