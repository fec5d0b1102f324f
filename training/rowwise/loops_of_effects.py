"""What does each feature add to the chance of a curve? The loop, in the part of Python that is compiled.

The arithmetic is that of `curve.effects` and `Head.effects_of`; what the tables hold is told in
`training.rowwise.curves`.
"""

from math import log, log1p

from training.machine_code.compiling import Reals, Wholes
from training.rowwise.loops_of_curves import sigmoid

LEAST = 1e-15
NO_SIZE = 1e-12
MOST = 32


def certain_odds(p: float) -> float:
    """ln(p / (1 - p)), finite at both ends as `curve.effects` has it."""
    inside = min(max(p, LEAST), 1.0 - LEAST)
    return log(inside) - log1p(-inside)


def chance_of(many: int, last: int, starts: Reals, odds: Reals, way: float) -> float:
    """The chance of the event in intervals before `last`, a part of the way from the starts to a row's log-odds."""
    staying = 1.0
    found = 0.0
    for i in range(many + 1):
        ends = sigmoid(starts[i] + way * (odds[i] - starts[i])) if i < many else 1.0
        at = many + i
        event = sigmoid(starts[at] + way * (odds[at] - starts[at]))
        found += staying * ends * event if i < last else 0.0
        staying = staying * (1.0 - ends)
    return found


def mean_slopes(
    many: int, last: int, starts: Reals, odds: Reals, steps: int, points: Reals, shares: Reals, scratch: Reals,
    slopes: Reals,
) -> None:  # fmt: skip
    """The mean slope of the chance's log-odds in each of the heads' log-odds along the way."""
    for i in range(2 * many + 1):
        slopes[i] = 0.0
    for step in range(steps):
        way = points[step]
        staying = 1.0
        found = 0.0
        for i in range(many + 1):
            ends = sigmoid(starts[i] + way * (odds[i] - starts[i])) if i < many else 1.0
            at = many + i
            event = sigmoid(starts[at] + way * (odds[at] - starts[at]))
            term = staying * ends * event if i < last else 0.0
            found += term
            scratch[i] = ends
            scratch[MOST + i] = event
            scratch[2 * MOST + i] = term
            staying = staying * (1.0 - ends)
        beside = shares[step] / max(found * (1.0 - found), LEAST)
        so_far = 0.0
        for i in range(many + 1):
            term = scratch[2 * MOST + i]
            so_far += term
            if i < many:
                slopes[i] += ((1.0 - scratch[i]) * term - scratch[i] * (found - so_far)) * beside
            slopes[many + i] += term * (1.0 - scratch[MOST + i]) * beside


def add_trees(
    intervals: int, columns: int, values: Reals, interval_column: int, usual: Reals, slopes: Reals, lines: Reals,
    line: int, step: int, own: int, line_of: Wholes, place: Wholes, scratch: Reals, effects: Reals,
) -> None:  # fmt: skip
    """Add the effects of trees; what the interval does with the features is shared among them by their sizes."""
    for f in range(columns):
        scratch[f] = 0.0
    for i in range(intervals):
        weight = slopes[i] * lines[(line_of[i] if line < 0 else line) * step + 1 + own]
        crossed = values[i * columns + interval_column] - usual[i]
        size = 0.0
        for f in range(columns):
            size += abs(values[i * columns + f]) if f != interval_column else 0.0
        by_size = weight * crossed / max(size, NO_SIZE)
        even = 0.0
        if size < NO_SIZE:
            even = weight * crossed / float(columns - 1)
            by_size = 0.0
        for f in range(columns):
            value = values[i * columns + f]
            scratch[f] += weight * value + by_size * abs(value) + even
    for f in range(columns):
        if f != interval_column:
            effects[place[f]] += scratch[f]


def attribute_curve(
    rows: int, width: int, x: Reals, many: int, odds: Reals, starts: Reals, last: int,
    steps: int, points: Reals, shares: Reals, heads: int, head_ints: Wholes, line_of: Wholes, lines: Reals,
    begins: Reals, sources: Wholes, seasons: Reals, band_starts: Reals, age: int, age_place: int, month_place: int,
    forest_ints: Wholes, usual: Reals, first_values: Reals, second_values: Reals, columns_place: Wholes,
    regressions: int, firsts: Wholes, terms: int, term_effects: Reals, term_place: Wholes,
    ever: int, share: float, features: int, scratch: Reals, coefficients: Reals, effects: Reals,
) -> None:  # fmt: skip
    """`effects` [rows, features] in log-odds of the headline."""
    for row in range(rows):
        base = row * features
        for f in range(features):
            effects[base + f] = 0.0
        here = row * (2 * many + 1)
        mean_slopes(many, last, starts, odds[here:], steps, points, shares, scratch, scratch[3 * MOST :])
        for r in range(regressions):
            coefficients[r] = 0.0
        for h in range(heads):
            intervals, learners, bands = head_ints[7 * h], head_ints[7 * h + 1], head_ints[7 * h + 2]
            month, of_lines, of_line = head_ints[7 * h + 3], head_ints[7 * h + 4], head_ints[7 * h + 5]
            of_begin, slope_from = head_ints[7 * h + 6], 3 * MOST + many * h
            band = -1
            if bands > 0 and age >= 0:
                value = x[row * width + age]
                if value == value:
                    band = 0
                    while band + 1 < bands and band_starts[band + 1] <= value:
                        band += 1
            if month >= 0:
                value = x[row * width + month]
                if value - value == 0.0:
                    at = (int(value) - 1) % 12
                    shift = seasons[12 * h + (at + 12 if at < 0 else at)]
                    for i in range(intervals):
                        effects[base + month_place] += shift * scratch[slope_from + i]
            for n in range(learners):
                source = sources[of_begin + n * intervals]
                if source < 0:
                    values_from = row * (intervals + 1) * forest_ints[2 * h]
                    if h == 0:
                        add_trees(
                            intervals, forest_ints[0], first_values[values_from:], forest_ints[1],
                            usual, scratch[slope_from:], lines[of_lines:], band, learners + 1, n,
                            line_of[of_line:], columns_place, scratch[6 * MOST :], effects[base:],
                        )  # fmt: skip
                    else:
                        add_trees(
                            intervals, forest_ints[2], second_values[values_from:], forest_ints[3],
                            usual[MOST:], scratch[slope_from:], lines[of_lines:], band, learners + 1, n,
                            line_of[of_line:], columns_place[forest_ints[0] :], scratch[6 * MOST :], effects[base:],
                        )  # fmt: skip
                else:
                    for i in range(intervals):
                        weight = lines[of_lines + (line_of[of_line + i] if band < 0 else band) * (learners + 1) + 1 + n]
                        coefficients[sources[of_begin + n * intervals + i]] += weight * scratch[slope_from + i]
            if bands > 0:
                # What an age band's line adds by itself is the age's.
                whole = of_lines + line_of[of_line] * (learners + 1)
                mine = of_lines + band * (learners + 1) if band >= 0 else whole
                for i in range(intervals):
                    apart = lines[mine] - lines[whole]
                    for n in range(learners):
                        apart += (lines[mine + 1 + n] - lines[whole + 1 + n]) * begins[of_begin + n * intervals + i]
                    effects[base + age_place] += apart * scratch[slope_from + i]
        for r in range(regressions):
            for k in range(firsts[4 * r], firsts[4 * r + 3]):
                if term_place[k] >= 0:
                    effects[base + term_place[k]] += coefficients[r] * term_effects[row * terms + k]
        found = 0.0
        size = 0.0
        for f in range(features):
            found += effects[base + f]
            size += abs(effects[base + f])
        begin = certain_odds(chance_of(many, last, starts, odds[here:], 0.0))
        arrive = certain_odds(chance_of(many, last, starts, odds[here:], 1.0))
        # What the quadrature leaves, some billionths, goes where the effects are.
        left = (arrive - begin - found) / size if size > 0.0 else 0.0
        keep = 1.0 - share if ever >= 0 else 1.0
        for f in range(features):
            effects[base + f] = keep * (effects[base + f] + left * abs(effects[base + f]))
        if ever >= 0:
            for k in range(firsts[4 * ever], firsts[4 * ever + 3]):
                effects[base + term_place[k]] += share * term_effects[row * terms + k]
