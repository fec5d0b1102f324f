"""How good would the churn model have been, and beside whom? Rolling origins over the whole history."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import numpy as np

from features.errors import ForesellError
from features.history import History
from training.churn.candidate import Judged, lines_of
from training.churn.dataset import ChurnData, churn_data
from training.churn.money import Campaign
from training.churn.recipe import horizon_said, judge_base, widths_of
from training.churn.trial import OURS
from training.interval_coverage import IntervalCoverage, interval_coverage
from training.rivals.base_rate import BaseRate


class TooShortToJudge(ForesellError):
    problem = (
        "The history before {0} is too short to judge churn: no moment was watched for {1} days after a first cut."
    )
    fix = "import more history, or backtest as of a later day (--until)."


@dataclass(frozen=True)
class ChurnBacktest:
    """What was judged for each kind of customers, and what it says."""

    until: datetime
    data: ChurnData
    judged: Mapping[str, Judged]
    coverage: Mapping[str, IntervalCoverage]

    @property
    def main(self) -> Judged:
        """The kind with most moments."""
        return max(self.judged.values(), key=lambda one: len(one.base))

    def lines(self) -> list[str]:
        """Tables for the terminal, kind by kind."""
        found = []
        for kind, one in self.judged.items():
            found += lines_of(one)
            held = self.coverage.get(kind)
            if held is not None and held.held is not None:
                found += [
                    f"80 % intervals held what came in {held.held:.0%} of {held.groups} groups of later customers."
                ]
            found += [one.choice.says, ""]
        return [*found, *horizon_said(self.data, "en"), f"Profit: {Campaign().said()}."]

    def to_json(self) -> str:
        """All figures; those of the main kind of customers on top, every kind under `kinds`."""
        main = self.main
        return json.dumps(
            {
                "until": self.until.isoformat(),
                "kind": main.base.kind,
                **_figures(main),
                "suggested_horizon_days": self.data.suggested,
                "campaign": asdict(Campaign()),
                "interval_coverage": {kind: asdict(found) for kind, found in self.coverage.items()},
                "kinds": {kind: _figures(one) for kind, one in self.judged.items()},
            },
            ensure_ascii=False,
        )

    def to_html(self, language: str) -> str:
        """A page a manager can read, in "en" or "zh"."""
        from training.churn.report import churn_page

        return churn_page(self.data, self.judged, "zh" if language == "zh" else "en", self.coverage)


def backtest_churn(
    history: History, until: datetime, folds: int, progress: Callable[[str], None] = lambda _: None
) -> ChurnBacktest:
    """Judge every estimate on `folds` windows before `until` (naive UTC), with a purge as long as the horizon.

    Raises NobodyToWatch, TooYoung, TooShortToJudge.
    """
    return backtested(churn_data(history, until, progress), folds, progress)


def backtested(data: ChurnData, folds: int, progress: Callable[[str], None] = lambda _: None) -> ChurnBacktest:
    """Judge on customers already looked at."""
    judged: dict[str, Judged] = {
        base.kind: judge_base(base, data, folds, progress) for base in data.bases if base.horizons
    }
    there = {kind: one for kind, one in judged.items() if one.trial.folds}
    if not there:
        longest = max(max(base.horizons, default=0.0) for base in data.bases)
        raise TooShortToJudge(data.until.date(), f"{longest:g}")
    coverage = {kind: found for kind, one in there.items() if (found := coverage_of(one)) is not None}
    return ChurnBacktest(data.until, data, there, coverage)


def coverage_of(one: Judged) -> IntervalCoverage | None:
    """Whether 80 % intervals held what came: learned on all folds but the last, judged on the last, all horizons.

    A snapshot's parts of customers stand for its folds. None where there are fewer than two folds.
    """
    folds = one.trial.folds
    if len(folds) < 2 or one.scores is None:
        return None
    name, past, last = OURS if OURS in one.trial.names else BaseRate.name, folds[:-1], folds[-1]
    # Whoever states an interval at the last cut knows no outcome whose days were not over by then.
    widths = widths_of(replace(one.trial, folds=past), name, last.cut or None, one.base.lag)
    held, groups = 0.0, 0
    for place, each in enumerate(replace(one.trial, folds=(last,)).asked(plain=True)):
        known = np.isfinite(each.outcome)
        if each.days not in widths or not known.any():
            continue
        pairs = zip(each.said[name][known].tolist(), last.unsure[name][known, place].tolist(), strict=True)
        bounds = np.array([widths[each.days].around(p, level) for p, level in pairs])
        found = interval_coverage(
            each.outcome[known],
            each.said[name][known],
            bounds[:, 0],
            bounds[:, 1],
            each.weight[known],
            np.asarray(each.subject, object)[known],
            last.rows.at[known].astype(float),
        )
        if found.held is not None:
            held, groups = held + found.held * found.groups, groups + found.groups
    return IntervalCoverage(groups, held / groups) if groups else None


def _figures(one: Judged) -> dict[str, object]:
    """One kind of customers: who is served and why, means over horizons by estimate, and everything by horizon."""
    scores, profits = one.scores, one.profits()
    assert scores is not None
    cards = {
        name: {
            "log_loss": scores.integrated[name].log_loss,
            "brier": scores.integrated[name].brier,
            **{f"{metric}_{days:g}d": value for days, card in by.items() for metric, value in card.metrics().items()},
            **profits[name].to_dict(),
        }
        for name, by in scores.cards.items()
    }
    folds = [
        {
            "learned_until": str(np.datetime64(fold.cut, "us"))[:10] if fold.cut else None,
            "judged_until": str(np.datetime64(fold.end, "us"))[:10] if fold.cut else None,
            "moments": len(fold.rows),
            "customers": len(set(fold.rows.subject.tolist())),
        }
        for fold in one.trial.folds
    ]
    return {
        "ours": scores.ours,
        "served": one.choice.name,
        "rung": one.choice.rung,
        "says": one.choice.says,
        "says_zh": one.choice.says_zh,
        "folds": folds,
        "scorecards": cards,
        "ours_less_rival": {n: {**asdict(c), "verdict": c.verdict} for n, c in scores.integrated_against.items()},
        "by_horizon": scores.to_dict(),
        "absent": dict(one.trial.absent),
    }
