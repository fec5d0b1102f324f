"""Does a column tell the outcome, or the length, of a deal more than anything known at its creation can?

Statistics alone: arrays in, numbers out. What counts as an accusation is decided in `features.leak_rules`.
`alpha` is the chance, already divided among all tests made (Bonferroni), that a bound is wrong.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

FOLDS = 5
PRIOR_DEALS = 5.0
"""How many average deals a value's win rate is drawn toward the mean with."""


@dataclass(frozen=True)
class Auc:
    """How well a score orders won above lost deals: the estimate, and what it is at least."""

    value: float
    low: float


@dataclass(frozen=True)
class OddsRatio:
    """How many times the odds of the exposed are those of the others in the same stratum; with bounds."""

    low: float
    value: float
    high: float

    @property
    def strength(self) -> float:
        """The bound nearer to 1, in whichever direction: at least so many times; 1 where it may be none."""
        return max(self.low, 1 / self.high if self.high > 0 else 1.0, 1.0)


@dataclass(frozen=True)
class TellingValue:
    """The value that tells most: its code, its deals, those won, and how many times likelier it is at least
    among deals of one outcome than of the other. `covers` is the share of that outcome's deals that have it."""

    code: int
    deals: int
    won: int
    times: float
    covers: float


def rank_auc(score: Floats, won: Flags) -> float:
    """The chance that a won deal's score is above a lost one's (Mann and Whitney 1947); ties count half."""
    ranks = _ranks(score)
    wins = int(won.sum())
    losses = len(won) - wins
    return float((ranks[won].sum() - wins * (wins + 1) / 2) / (wins * losses))


def _ranks(values: Floats) -> Floats:
    """Ranks from 1; equal values share their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[place])


def auc_at_least(value: float, wins: int, losses: int, alpha: float) -> float:
    """The smallest area that would give `value` or more with chance `alpha`.

    The variance is that of Hanley and McNeil (1982), taken at the bound and not at the estimate, so that
    it stays honest where the deals are perfectly separated.
    """
    z = float(special.ndtri(1 - alpha))
    low, high = 0.5, max(value, 0.5)
    for _ in range(50):
        area = (low + high) / 2
        if area + z * _auc_error(area, wins, losses) > value:
            high = area
        else:
            low = area
    return low


def _auc_error(area: float, wins: int, losses: int) -> float:
    alike = area / (2 - area) - area**2
    unlike = 2 * area**2 / (1 + area) - area**2
    spread = area * (1 - area) + (wins - 1) * alike + (losses - 1) * unlike
    return float(np.sqrt(max(spread, 0.0) / (wins * losses)))


def out_of_fold_rates(codes: Ints, won: Flags) -> Floats:
    """For each deal the win rate of its value among the other folds' deals, drawn toward their mean.

    A deal never counts for its own rate, so a value that occurs once tells nothing. Codes from 0.
    """
    fold = np.random.default_rng(0).permutation(len(codes)) % FOLDS
    rates = np.empty(len(codes))
    size = int(codes.max(initial=0)) + 1
    for k in range(FOLDS):
        rest, here = fold != k, fold == k
        deals = np.bincount(codes[rest], minlength=size)
        wins = np.bincount(codes[rest], weights=won[rest], minlength=size)
        mean = won[rest].mean() if rest.any() else 0.5
        rates[here] = ((wins + PRIOR_DEALS * mean) / (deals + PRIOR_DEALS))[codes[here]]
    return rates


def category_auc(codes: Ints, won: Flags, alpha: float) -> Auc:
    """The area of the out-of-fold win rate of each value."""
    value = rank_auc(out_of_fold_rates(codes, won), won)
    return Auc(value, auc_at_least(value, int(won.sum()), int((~won).sum()), alpha))


def number_auc(numbers: Floats, won: Flags, alpha: float) -> Auc:
    """The area of a number where it is given, in whichever direction."""
    given = ~np.isnan(numbers)
    wins, losses = int((won & given).sum()), int((~won & given).sum())
    if not wins or not losses:
        return Auc(0.5, 0.5)
    value = rank_auc(numbers[given], won[given])
    value = max(value, 1 - value)
    return Auc(value, auc_at_least(value, wins, losses, alpha))


def binned(numbers: Floats, bins: int = 20) -> Ints:
    """Codes of a number: 0 where missing, one for each value that many deals share, else its quantile bin."""
    codes = np.zeros(len(numbers), np.int64)
    given = ~np.isnan(numbers)
    if not given.any():
        return codes
    values, counts = np.unique(numbers[given], return_counts=True)
    frequent = values[counts >= max(20, 0.005 * len(numbers))]
    edges = np.quantile(numbers[given], np.linspace(0, 1, bins + 1)[1:-1])
    codes[given] = 1 + np.searchsorted(edges, numbers[given])
    own = np.isin(numbers, frequent)
    codes[own] = bins + 1 + np.searchsorted(frequent, numbers[own])
    return codes


def mantel_haenszel(exposed: Flags, won: Flags, strata: Ints, alpha: float) -> OddsRatio | None:
    """The common odds ratio over strata (Mantel and Haenszel 1959; variance of Robins, Breslow and Greenland 1986).

    What the strata explain is not counted. Half a deal is added to empty sums, so that a perfect
    relation keeps finite bounds. None where no stratum has both kinds and both outcomes.
    """
    _, stratum = np.unique(strata, return_inverse=True)

    def count(rows: Flags) -> Floats:
        counted = np.bincount(stratum, weights=rows.astype(float), minlength=int(stratum.max(initial=0)) + 1)
        return np.asarray(counted, np.float64)

    a, b, c, d = count(exposed & won), count(exposed & ~won), count(~exposed & won), count(~exposed & ~won)
    mixed = ((a + b) * (c + d) * (a + c) * (b + d)) > 0
    if not mixed.any():
        return None
    a, b, c, d = (x[mixed] for x in (a, b, c, d))
    n = a + b + c + d
    if not (a * d).any() or not (b * c).any():
        a, b, c, d, n = a + 0.5, b + 0.5, c + 0.5, d + 0.5, n + 2
    p, q, r, s = (a + d) / n, (b + c) / n, a * d / n, b * c / n
    over, under = r.sum(), s.sum()
    mixed_term = (p * s + q * r).sum() / (2 * over * under)
    variance = (p * r).sum() / (2 * over**2) + mixed_term + (q * s).sum() / (2 * under**2)
    reach = float(special.ndtri(1 - alpha / 2)) * float(np.sqrt(variance))
    middle = float(np.log(over / under))
    return OddsRatio(float(np.exp(middle - reach)), float(np.exp(middle)), float(np.exp(middle + reach)))


def magnitude_strata(numbers: Floats, most: int = 40) -> Ints:
    """Bins of like size: quantiles of the distinct absolute values, narrower than any real effect of size."""
    sizes = np.abs(numbers)
    edges = np.quantile(np.unique(sizes), np.linspace(0, 1, most + 1)[1:-1])
    return np.asarray(np.searchsorted(edges, sizes), np.int64)


def is_round(numbers: Floats, digits: int = 2) -> Flags:
    """Whether a number is written with at most so many figures before the zeros.

    >>> is_round(np.array([45000.0, 45100.0, 0.0, 1e6])).tolist()
    [True, False, True, True]
    """
    sizes = np.abs(numbers)
    found: Flags = np.asarray(sizes == 0, bool)
    some = sizes > 0
    unit = 10.0 ** (np.floor(np.log10(sizes[some])) - digits + 1)
    steps = sizes[some] / unit
    found[some] = np.abs(steps - np.round(steps)) < 1e-9
    return found


def occurs_once(numbers: Floats) -> Flags:
    """Whether no other deal has the same number."""
    _, row, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    return np.asarray(counts[row] == 1, bool)


def telling_value(codes: Ints, won: Flags, fewest: int, alpha: float) -> TellingValue | None:
    """The value whose presence speaks most for one outcome, by the lower bound of its likelihood ratio.

    The lower bound of one outcome's share over the upper bound of the other's (Clopper and Pearson 1934).
    """
    size = int(codes.max(initial=0)) + 1
    wins = np.bincount(codes[won], minlength=size)
    losses = np.bincount(codes[~won], minlength=size)
    often = np.flatnonzero(wins + losses >= fewest)
    if not len(often) or not won.any() or won.all():
        return None
    least = alpha / len(often)
    for_won = _at_least(wins[often], won.sum(), least) / _at_most(losses[often], (~won).sum(), least)
    for_lost = _at_least(losses[often], (~won).sum(), least) / _at_most(wins[often], won.sum(), least)
    times = np.maximum(for_won, for_lost)
    best = int(np.argmax(times))
    code = int(often[best])
    covers = wins[code] / won.sum() if for_won[best] > for_lost[best] else losses[code] / (~won).sum()
    deals, of_won = int(wins[code] + losses[code]), int(wins[code])
    return TellingValue(code, deals, of_won, float(max(times[best], 1.0)), float(covers))


def _at_least(hits: Ints, tries: int, alpha: float) -> Floats:
    return np.where(hits > 0, special.betaincinv(np.maximum(hits, 1), tries - hits + 1, alpha), 0.0)


def _at_most(hits: Ints, tries: int, alpha: float) -> Floats:
    below = hits < tries
    return np.where(below, special.betaincinv(hits + 1, np.where(below, tries - hits, 1), 1 - alpha), 1.0)


def rank_correlation_at_least(left: Floats, right: Floats, alpha: float) -> tuple[float, float]:
    """Spearman's correlation, and what its size is at least (Fisher's z; error of Bonett and Wright 2000)."""
    if len(left) < 10 or np.ptp(left) == 0 or np.ptp(right) == 0:
        return 0.0, 0.0
    rho = float(np.corrcoef(_ranks(left), _ranks(right))[0, 1])
    size = min(abs(rho), 1 - 1e-12)
    error = np.sqrt((1 + size**2 / 2) / (len(left) - 3))
    return rho, max(float(np.tanh(np.arctanh(size) - special.ndtri(1 - alpha) * error)), 0.0)


def exceeding(numbers: Floats, limit: Floats) -> tuple[float, float]:
    """The share of numbers above the limit of their own row, and above that of any row."""
    if not len(numbers):
        return 0.0, 0.0
    below = np.searchsorted(np.sort(limit), numbers, side="left")
    return float((numbers > limit).mean()), float((below / len(limit)).mean())


def share_at_least(hits: int, tries: int, alpha: float) -> float:
    """Lower bound of a share (Clopper and Pearson 1934)."""
    return float(_at_least(np.array([hits]), tries, alpha)[0])


def share_at_most(hits: int, tries: int, alpha: float) -> float:
    """Upper bound of a share (Clopper and Pearson 1934)."""
    return float(_at_most(np.array([hits]), tries, alpha)[0])


def count_at_most(seen: int, alpha: float) -> float:
    """Upper bound of the mean of a Poisson count (Garwood 1936)."""
    return float(special.gammainccinv(seen + 1, alpha))


def count_against_expected(rows: Flags, closed: Flags, cohort: Ints) -> tuple[int, float]:
    """How many closed deals are among the rows, and how many would be if closing were all the same to them.

    Expected within cohorts of deals created at about the same time, as older deals have closed more often.
    """
    size = int(cohort.max(initial=0)) + 1
    deals = np.bincount(cohort, minlength=size)
    share = np.bincount(cohort[closed], minlength=size) / np.maximum(deals, 1)
    return int((rows & closed).sum()), float(share[cohort[rows]].sum())
