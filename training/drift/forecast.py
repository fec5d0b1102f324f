"""Do totals still come as they were forecast? The company's week against its quantiles, week by week.

Each week is forecast as of its first moment and held against what was sold in it. Where in its distribution a total
lies should be even (probability integral transform, Dawid 1984); turned into a normal score, evidence for a shift of
one standard deviation up or down adds up as in `drift.outcomes`.
"""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.history import History
from training.drift.watch import Finding, Watch

WEEKS = 26
"""So many weeks back the forecasts are looked at."""
SHIFT = 1.0
"""Standard deviations of a week's total that a change moves it by."""
LIMIT = 7.0
"""Log of the evidence at which a change is certain enough: by chance some exp(7) weeks pass, twenty years."""
FARTHEST = 2.0
"""Normal score of what lies beyond the outermost quantile."""
LEVELS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def watch_forecast(history: History, bundle: Any, as_of: datetime) -> Watch:
    """Watch a forecast's bundle with what was on record before `as_of` (naive UTC), for each of its measures."""
    findings: list[Finding] = []
    judged = 0
    starts = _weeks(history, bundle.until, as_of)
    for measure in bundle.measures if starts else ():
        scores = np.array([_score(history, bundle, start, as_of, measure) for start in starts])
        judged = len(scores)
        findings.append(_finding(measure, scores))
    note = "" if judged else "No whole week has passed since it learned: nothing can be told yet."
    order = tuple(sorted(findings, key=lambda one: (-one.value, one.name)))
    return Watch(bundle.model, bundle.version, bundle.until, as_of, judged, judged, order, note)


def evidence(scores: NDArray[np.float64]) -> tuple[float, float]:
    """The evidence, never below zero, that normal scores lie `SHIFT` lower, and higher, than they should.

    >>> lower, higher = evidence(np.full(8, -1.5))
    >>> lower, higher
    (8.0, 0.0)
    """
    found = []
    for sign in (-1.0, 1.0):
        total = 0.0
        for step in sign * SHIFT * scores - SHIFT**2 / 2:
            total = max(total + float(step), 0.0)
        found.append(total)
    return found[0], found[1]


def normal_score(actual: float, quantiles: NDArray[np.float64]) -> float:
    """Where a total lies among its quantiles (of `LEVELS`), as a normal score; ties lie in the middle."""
    from scipy.stats import norm

    below = float(np.interp(actual, quantiles, LEVELS, left=0.0, right=1.0))
    if quantiles[0] == quantiles[-1]:
        below = 0.5 if actual == quantiles[0] else float(actual > quantiles[0])
    return float(np.clip(norm.ppf(below), -FARTHEST, FARTHEST))


def _weeks(history: History, until: datetime, as_of: datetime) -> list[datetime]:
    """The first moments of whole weeks (naive UTC) in [until, as_of), the latest `WEEKS`."""
    from datetime import UTC
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(history.timezone or "UTC")
    local = until.replace(tzinfo=UTC).astimezone(zone)
    monday = (local - timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    for _ in range(10_000):
        start, end = monday, monday + timedelta(days=7)
        if end.astimezone(UTC).replace(tzinfo=None) > as_of:
            break
        moment = start.astimezone(UTC).replace(tzinfo=None)
        if moment >= until:
            found.append(moment)
        monday = end
    return found[-WEEKS:]


def _score(history: History, bundle: Any, start: datetime, as_of: datetime, measure: str) -> float:
    from training.forecast.predict import predict_forecast

    table = predict_forecast(history, bundle, start, "week", 1, measure=measure).table
    row = table.to_pylist()[0]
    quantiles = np.array([row[f"q{round(level * 100):02d}"] for level in LEVELS], np.float64)
    return normal_score(_sold(history, measure, start, as_of), quantiles)


def _sold(history: History, measure: str, start: datetime, as_of: datetime) -> float:
    """What was sold in the week that begins at a moment, as on record at `as_of`."""
    from features.bookings.calendar import day_of
    from training.bookings.measure import read_sales

    sold = read_sales(history, measure, as_of)
    first = day_of(start, history.timezone)
    return float(sold.amount[(sold.day >= first) & (sold.day < first + 7)].sum())


def _finding(measure: str, scores: NDArray[np.float64]) -> Finding:
    lower, higher = evidence(scores)
    side = "below" if lower >= higher else "above"
    count = int((scores < 0).sum() if lower >= higher else (scores > 0).sum())
    says = (
        f"{measure}: {count} of {len(scores)} weeks lay {side} the middle of their forecast; "
        f"evidence of a shift {max(lower, higher):.1f} (limit {LIMIT:.1f})"
    )
    return Finding("outcomes", measure, "level", max(lower, higher), LIMIT, says)
