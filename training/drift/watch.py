"""Does the live model still fit what comes in? Held against its reference, from what was on record at a moment.

Three alarms: a figure of a feature, or of the model's own answers, has left the range in which it moved by itself;
outcomes come more or less often than was said; a column explains outcomes far better than it ever did. An alarm says
that a person should look, and what at: nothing is retrained or stopped by it.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from features.as_of import micros
from features.history import History
from training.drift.gauges import NEW, OTHERS, UNSEEN, bands_of, figures_of
from training.drift.outcomes import LEAK, LIMIT, MORE, YOUNG, evidence_of, explained
from training.drift.reference import Reference, columns_of, read_reference
from training.drift.rows import SCORE, Rows, rows_of
from training.drift.variation import WEEK, WINDOW

FEWEST_ROWS = 20
"""Rows in a window below which nothing is said of a figure."""
ALL_MODELS = ("win", "churn", "forecast")


@dataclass(frozen=True)
class Finding:
    """One thing watched, how far it went and may go, in words. `kind` is feature, score, outcomes or leak."""

    kind: str
    name: str
    figure: str
    value: float
    limit: float
    says: str

    @property
    def alarm(self) -> bool:
        """Whether it went further than it may."""
        return self.value >= self.limit


@dataclass(frozen=True)
class Watch:
    """What was watched of one version. Moments are naive UTC."""

    model: str
    version: str
    until: datetime
    as_of: datetime
    rows: int
    outcomes: int
    findings: tuple[Finding, ...]
    note: str = ""

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """What went further than it may, the farthest first."""
        return tuple(one for one in self.findings if one.alarm)

    def facts(self) -> dict[str, object]:
        """The same as JSON-ready values."""
        return {
            "model": self.model,
            "version": self.version,
            "until": self.until.isoformat(),
            "as_of": self.as_of.isoformat(),
            "rows": self.rows,
            "outcomes": self.outcomes,
            "alarm": bool(self.alarms),
            "note": self.note,
            "findings": [{**asdict(one), "alarm": one.alarm} for one in self.findings],
        }

    def lines(self, nearest: int = 3) -> list[str]:
        """The same for the terminal: alarms, else what came nearest."""
        head = (
            f"{self.model} version {self.version}, learned until {self.until:%Y-%m-%d}: "
            f"{self.rows:,} looks and {self.outcomes:,} outcomes since, as of {self.as_of:%Y-%m-%d}."
        )
        if self.note:
            return [head, f"  {self.note}"]
        if self.alarms:
            return [head, *(f"  ALARM {one.says}" for one in self.alarms)]
        if not self.findings:
            return [head, "  Too little has come since, or was learned from, to tell whether it still fits."]
        near = [f"    {one.says}" for one in self.findings[:nearest]]
        return [head, "  No alarm. Nearest to one:", *near]


def watch_home(
    home: Path, history: History, model: str | None, version: str | None, mlflow: str | None, as_of: datetime
) -> list[Watch]:
    """Watch a version, by default the live one; all live models where none is named.

    Raises NoChampion where the named model, or every model, is not live; NoReference; ModelKnowsTheFuture.
    """
    from training.bundle_file import live_bundle
    from training.predict import NoChampion
    from training.registry import Registry

    if version is not None and model is not None:
        return [watch(history, Registry(home, mlflow).folder(model, version), as_of)]
    names = [model] if model else [one for one in ALL_MODELS if live_bundle(home, one)]
    found = []
    for name in names or ["win"]:
        folder = live_bundle(home, name)
        if folder is None:
            raise NoChampion(name, home)
        found.append(watch(history, folder, as_of))
    return found


def watch(history: History, folder: Path, as_of: datetime) -> Watch:
    """Watch the bundle in a folder with what was on record before `as_of` (naive UTC)."""
    from training.bundle_file import load_any
    from training.predict import check_time

    bundle: Any = load_any(folder)
    check_time(bundle, as_of)
    if bundle.model == "forecast":
        from training.drift.forecast import watch_forecast

        return watch_forecast(history, bundle, as_of)
    weeks = (as_of - bundle.until) // timedelta(weeks=1)
    if weeks < 1:
        note = "Less than a week has passed since it learned: nothing can be told yet."
        return Watch(bundle.model, bundle.version, bundle.until, as_of, 0, 0, (), note)
    reference = read_reference(bundle.model, bundle.version, folder)
    end = bundle.until + timedelta(weeks=weeks)
    rows = rows_of(history, bundle, bundle.until, end, timedelta(weeks=WINDOW))
    findings = findings_of(reference, rows, micros(end))
    looks = int((rows.at >= reference.until).sum())
    return Watch(bundle.model, bundle.version, bundle.until, as_of, looks, int(rows.last.sum()), findings)


def findings_of(reference: Reference, rows: Rows, end: int) -> tuple[Finding, ...]:
    """All that is watched, what went farthest beyond its limit first."""
    found = [*_of_features(reference, rows, end), *_of_outcomes(reference, rows, end), *_of_leaks(reference, rows, end)]
    return tuple(sorted(found, key=lambda one: (-one.value / one.limit, one.name, one.figure)))


def _of_features(reference: Reference, rows: Rows, end: int) -> Iterator[Finding]:
    """Where the figures of the last four weeks lie: whole windows, since a part of a month is not like a month."""
    window = (rows.at >= end - WINDOW * WEEK) & (rows.at < end)
    later = (end - reference.until) / (WINDOW * WEEK)
    band = bands_of(rows.age)[window]
    for name, column in columns_of(rows).items():
        watched = reference.features.get(name)
        if watched is None:
            continue
        for figure, signal in figures_of(watched.gauge, column[window], band):
            known = signal[~np.isnan(signal)]
            if figure not in watched.figures or len(known) < FEWEST_ROWS:
                continue
            law, limit = watched.figures[figure].law, watched.figures[figure].limit
            mean = float(known.mean())
            far = law.distance(mean, float(len(known)), later)
            whom = " (new ones)" if figure.endswith(NEW) else ""
            moved = _words(figure.removesuffix(NEW), mean - law.level)
            says = f"{name}{whom}: {moved}, {abs(far):.1f} deviations (limit {limit:.1f})"
            yield Finding("score" if name == SCORE else "feature", name, figure, abs(far), limit, says)


def _words(figure: str, moved: float) -> str:
    """How a figure moved, in words and percentage points."""
    points = f"{abs(moved) * 100:.0f} points {'more' if moved > 0 else 'less'} often than when the model was trained"
    if figure == "level":
        return f"lies {abs(moved) * 100:.0f} percentiles {'higher' if moved > 0 else 'lower'} than when it was trained"
    if figure == "spread":
        return f"is spread {'wider' if moved > 0 else 'closer'} by {abs(moved) * 100:.0f} percentiles"
    if figure == "missing":
        return f"is missing {points}"
    if figure in (UNSEEN, OTHERS):
        return f"has a {figure.removeprefix('a ').removeprefix('any ')} {points}"
    return f"is '{figure}' {points}"


def _of_outcomes(reference: Reference, rows: Rows, end: int) -> Iterator[Finding]:
    """The evidence that the odds of outcomes have changed."""
    if reference.level is None or not rows.last.any():
        return
    weeks = int((end - reference.until) // WEEK)
    found = evidence_of(reference.level, rows.decided, reference.until, weeks)
    word = {"win": "wins", "churn": "customers lost"}[reference.model]
    says = (
        f"outcomes: {found.came:.0f} {word} among {found.outcomes:,} in the last {found.weeks} weeks, "
        f"{found.expected:.0f} expected; evidence {max(found.lower, found.higher):.1f} (limit {LIMIT:.1f})"
    )
    yield Finding("outcomes", "outcomes", "level", max(found.lower, found.higher), LIMIT, says)


def _of_leaks(reference: Reference, rows: Rows, end: int) -> Iterator[Finding]:
    """Columns that know outcomes of the last four weeks better than they ever did."""
    lately = rows.last & (rows.known >= end - WINDOW * WEEK) & (rows.known < end)
    young = lately & (rows.age_then <= YOUNG)
    for name, column in columns_of(rows).items():
        watched = reference.features.get(name)
        if watched is None or name == SCORE:
            continue
        for chosen, whom in ((lately, "those decided"), (young, "young ones decided")):
            share, nats = explained(column[chosen], rows.outcome[chosen], watched.gauge)
            surplus = share - watched.explains
            if surplus >= MORE:
                says = (
                    f"{name}: explains {share:.0%} of what is uncertain about the outcome of {whom} in the last four "
                    f"weeks; in the history never more than {max(watched.explains, 0):.0%}. A leak?"
                )
                yield Finding("leak", name, whom, surplus * nats, LEAK, says)
