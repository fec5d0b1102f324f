"""What does a curve say by any day, once its learners have spoken? The loop, in the part of Python that is compiled.

The arithmetic is that of `curve.heads`, `curve.hazards`, `curve.points` and `curve.direct`; what the tables hold is
told in `training.rowwise.curves`.
"""

from math import exp, expm1, log, log1p

from training.judged_rows import NEAREST_TO_CERTAIN
from training.machine_code.compiling import Reals, Wholes

SMALL = 1e-12
NEAR_ONE = 1 - 1e-9
NOWHERE = float("nan")
MOST = 32
"""Intervals, and horizons asked outright, of a curve at most."""


def sigmoid(odds: float) -> float:
    """The probability with these log-odds."""
    small = exp(-abs(odds))
    return (1.0 if odds >= 0.0 else small) / (1.0 + small)


def odds_of_chance(p: float) -> float:
    """ln(p / (1 - p)), finite at both ends as `judged_rows.log_odds` has it."""
    inside = min(max(p, NEAREST_TO_CERTAIN), 1.0 - NEAREST_TO_CERTAIN)
    return log(inside) - log1p(-inside)


def share_of(p: float, ever: float) -> float:
    """The share of those who ever have the event, inside both ends."""
    return min(max(p / max(ever, SMALL), SMALL), NEAR_ONE)


def bent(share: float) -> float:
    """The complementary log-log of a share."""
    return log(-log1p(-share))


def first_not_below(many: int, edges: Reals, days: float) -> int:
    """The place of the first edge that is not below so many days."""
    place = 0
    while place < many and edges[place] < days:
        place += 1
    return place


def weigh(
    x: Reals, said: Reals, intervals: int, learners: int, sources: Wholes, shifts: Reals, lines: Reals, line_of: Wholes,
    bands: int, band_starts: Reals, age: int, month: int, season: Reals, level: float, odds: Reals,
) -> None:  # fmt: skip
    """One head's log-odds in each interval: its learners weighed and calibrated, the level and the season added."""
    shift = level
    if month >= 0:
        value = x[month]
        if value - value == 0.0:
            at = (int(value) - 1) % 12
            shift += season[at + 12 if at < 0 else at]
    band = -1
    if bands > 0 and age >= 0:
        value = x[age]
        if value == value:
            band = 0
            while band + 1 < bands and band_starts[band + 1] <= value:
                band += 1
    for i in range(intervals):
        line = (line_of[i] if band < 0 else band) * (learners + 1)
        found = shift + lines[line]
        for n in range(learners):
            found += lines[line + 1 + n] * (said[sources[n * intervals + i]] + shifts[n * intervals + i])
        odds[i] = found


def pace_of(many: int, bounded: int, drawn: Reals, bends: Reals) -> float:
    """The chance that it ever happens; `bends` are the complementary log-logs of the shares at the edges."""
    ever = drawn[many] if bounded > 0 else 1.0
    for i in range(many):
        bends[i] = bent(share_of(drawn[i], ever))
    return ever


def read(many: int, edges: Reals, bends: Reals, ever: float, days: float) -> float:
    """The curve by any day."""
    if days > 1e300:
        return ever
    place = first_not_below(many, edges, days)
    if place == 0 or place == many:
        at = min(place, many - 1)
        return ever * -expm1(-exp(bends[at] + log(days / edges[at])))
    way = log(days / edges[place - 1]) / log(edges[place] / edges[place - 1])
    return ever * -expm1(-exp((1.0 - way) * bends[place - 1] + way * bends[place]))


def days_of(many: int, edges: Reals, bends: Reals, ever: float, part: float) -> float:
    """Days by which a part of those who ever have the event have had it; not a number where nobody has."""
    aim = bent(min(max(part, SMALL), NEAR_ONE))
    found = log(edges[many - 1]) + aim - bends[many - 1]
    if bends[0] >= aim:
        found = log(edges[0]) + aim - bends[0]
    for low in range(many - 1):
        if bends[low] < aim and bends[low + 1] >= aim:
            rise = max(bends[low + 1] - bends[low], SMALL)
            start = log(edges[low])
            found = start + (aim - bends[low]) / rise * (log(edges[low + 1]) - start)
    return exp(min(found, 20.0)) if ever > 0.0 else NOWHERE


def answer_curve(
    rows: int, width: int, x: Reals, stride: int, said: Reals,
    edges_many: int, edges: Reals, bounded: int,
    pace_learners: int, pace_sources: Wholes, pace_shifts: Reals, pace_lines: Reals, pace_line_of: Wholes,
    pace_bands: int, pace_month: int, pace_season: Reals, pace_level: float,
    learners: int, sources: Wholes, shifts: Reals, lines: Reals, line_of: Wholes,
    bands: int, month: int, season: Reals, level: float,
    band_starts: Reals, age: int,
    asked: int, asked_days: Reals, asked_from: int, share: float,
    horizons: int, days: Reals, scratch: Reals, odds: Reals, chances: Reals, medians: Reals,
) -> None:  # fmt: skip
    """Chances by each of the days [rows, horizons] and median days [rows], from what learners said [rows, stride].

    `odds` [rows, 2 * edges + 1] are log-odds of the pace and of the outcome. Without `learners` there is no competitor.
    """
    for row in range(rows):
        here = row * (2 * edges_many + 1)
        weigh(
            x[row * width :], said[row * stride :], edges_many, pace_learners, pace_sources, pace_shifts, pace_lines,
            pace_line_of, pace_bands, band_starts, age, pace_month, pace_season, pace_level, odds[here:],
        )  # fmt: skip
        if learners > 0:
            weigh(
                x[row * width :], said[row * stride :], edges_many + 1, learners, sources, shifts, lines,
                line_of, bands, band_starts, age, month, season, level, odds[here + edges_many :],
            )  # fmt: skip
        staying = 1.0
        had = 0.0
        for i in range(edges_many + 1):
            ends = sigmoid(odds[here + i]) if i < edges_many else 1.0
            event = sigmoid(odds[here + edges_many + i]) if learners > 0 else 1.0
            had += staying * ends * event
            staying = staying * (1.0 - ends)
            scratch[i] = had
        ever = pace_of(edges_many, bounded, scratch, scratch[MOST:])
        if asked > 0:
            mix(
                edges_many, edges, scratch[MOST:], ever, asked, asked_days, said[row * stride + asked_from :], share,
                scratch[2 * MOST :], scratch[3 * MOST :], scratch[4 * MOST :],
            )  # fmt: skip
        for h in range(horizons):
            found = read(edges_many, edges, scratch[MOST:], ever, days[h])
            if asked > 0:
                place = first_not_below(asked, asked_days, days[h])
                low, high = scratch[2 * MOST + place], scratch[2 * MOST + place + 1]
                way = (found - low) / max(high - low, 1e-300) if high > low else 1.0
                start = scratch[3 * MOST + place]
                found = start + min(max(way, 0.0), 1.0) * (scratch[3 * MOST + place + 1] - start)
            chances[row * horizons + h] = found
        part = 0.5
        if asked > 0:
            top = scratch[2 * MOST + asked]
            half = scratch[3 * MOST + asked] / 2.0
            target = top / 2.0
            for place in range(asked):
                before, after = scratch[3 * MOST + place], scratch[3 * MOST + place + 1]
                if before < half and after >= half:
                    low = scratch[2 * MOST + place]
                    rise = max(after - before, 1e-300)
                    target = low + (half - before) / rise * (scratch[2 * MOST + place + 1] - low)
            part = target / max(top, 1e-300)
        medians[row] = days_of(edges_many, edges, scratch[MOST:], ever, part)


def mix(
    many: int, edges: Reals, bends: Reals, ever: float, asked: int, days: Reals, odds: Reals, share: float,
    plain: Reals, knots: Reals, up: Reals,
) -> None:  # fmt: skip
    """The curve at nothing and at each horizon that was asked outright, and the mix of both there."""
    plain[0] = 0.0
    knots[0] = 0.0
    for n in range(asked):
        plain[n + 1] = read(many, edges, bends, ever, days[n])
        own = odds_of_chance(sigmoid(odds[n]))
        knots[n + 1] = sigmoid((1.0 - share) * odds_of_chance(plain[n + 1]) + share * own)
    top = knots[asked]
    # Where horizons cross they meet half-way; "ever" stays, since the reasons add up to it.
    highest = 0.0
    for n in range(1, asked):
        highest = max(highest, min(knots[n], top))
        up[n] = highest
    lowest = top
    for n in range(asked - 1, 0, -1):
        lowest = min(lowest, min(knots[n], top))
        knots[n] = (up[n] + lowest) / 2.0
