"""What does each term of several regressions add for some rows? The loop, in the part of Python that is compiled.

The arithmetic is that of `training.rivals.logistic_row`; `training.rowwise.regressions` tells what the tables hold.
"""

from math import log1p

from training.machine_code.compiling import Reals, Wholes


def add_terms(
    rows: int, width: int, texts: int, x: Reals, codes: Wholes,
    regressions: int, firsts: Wholes, centres: Reals,
    column: Wholes, low: Reals, high: Reals, start: Reals, gain: Reals, offset: Reals, missing: Reals,
    scale: Reals, reach: Reals, bends: Wholes, bend: Reals,
    text: Wholes, level: Wholes, levels: Reals,
    terms: int, effects: Reals, stride: int, odds: Reals,
) -> None:  # fmt: skip
    """`effects` [rows, terms] and `odds` [rows, stride] of rows x [rows, width] and codes [rows, texts]."""
    for row in range(rows):
        for r in range(regressions):
            sum_of_terms = centres[r]
            first, bent, texts_from, end = firsts[4 * r], firsts[4 * r + 1], firsts[4 * r + 2], firsts[4 * r + 3]
            for k in range(first, bent):
                value = x[row * width + column[k]]
                known = value - value == 0.0
                unit = min(max(value if known else low[k], low[k]), high[k])
                effects[row * terms + k] = (unit - start[k]) * gain[k] + offset[k] if known else missing[k]
            for k in range(bent, texts_from):
                value = x[row * width + column[k]]
                if value - value == 0.0:
                    unit = min(max(value, low[k]), high[k])
                    if scale[k] > 0.0:
                        unit = log1p(unit / scale[k])
                    effect = (unit - start[k]) * gain[k] + offset[k]
                    if bends[k] > 0:
                        effect += bent_part((unit - start[k]) / reach[k], bend[20 * bends[k] :])
                    effects[row * terms + k] = effect
                else:
                    effects[row * terms + k] = missing[k]
            for k in range(texts_from, end):
                effects[row * terms + k] = levels[level[k] + codes[row * texts + text[k]] + 2]
            for k in range(first, end):
                sum_of_terms += effects[row * terms + k]
            odds[row * stride + r] = sum_of_terms


def bent_part(unit: float, bend: Reals) -> float:
    """What the bends of a spline add; `bend` holds five numbers for each of three, then the last two knots."""
    found = 0.0
    last, end = above(unit - bend[15]), above(unit - bend[16])
    for n in range(3):
        rise = above(unit - bend[5 * n]) - last * bend[5 * n + 1] + end * bend[5 * n + 2]
        found += (rise - bend[5 * n + 3]) * bend[5 * n + 4]
    return found


def above(distance: float) -> float:
    """The cube of what is above zero."""
    beyond = max(distance, 0.0)
    return beyond * beyond * beyond
