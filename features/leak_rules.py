"""Which statistics are evidence that a column knows the outcome, and how grave each is?

An error is decisive: nothing known at a deal's creation looks like that. A warning is a relation that an
honest column can have, stronger than is usual. Both compare lower bounds with thresholds, so chance and
many columns do not accuse; and an honest effect, however certain, stays below the thresholds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features import leak_tests as tests
from features.audit_columns import Deals, Tested
from features.audit_report import Severity
from features.leak_tests import Flags, Floats, Ints

FALSE_ALARMS = 0.01
"""Chance of a single wrong bound in a whole audit of columns without any relation."""
TESTS_OF_A_COLUMN = 10

FEWEST_OF_AN_OUTCOME = 10
"""Won and lost deals without which nothing is tested."""
FEWEST_WITH_A_VALUE = 30

TELLS = 0.95
"""Area under the curve that one honest column does not reach: deals are not decided when they are created."""
NEARLY_ALL, NEARLY_ALL_LOW = 0.985, 0.85
"""On few deals the bound is wide: so near to perfect, and surely better than any good column, is enough."""
DOMINATES, DOMINATES_BY = 0.85, 0.15
"""A warning: one column alone, and how far above all others together."""

BLANK_TIMES, BLANK_ODDS, BLANK_COVERS = 10.0, 3.0, 0.05
"""A blank ten times likelier with one outcome accuses; odds three times as high warn."""
VALUE_TIMES, VALUE_COVERS = 30.0, 0.02
"""A warning only: a renewal may be won for certain, and be known to be one."""

EXACT_ODDS, EXACT_ODDS_WARN = 3.0, 2.0
"""Among amounts of like size, the odds by whether the figure is exact."""
FEWEST_NUMBERS = 100
"""Different numbers from which on their exactness can be judged."""

OWN_LENGTH, PLANNED_LENGTH = 0.8, 0.95
"""Rank correlation with the deal's own length that only a value fixed at the close has; and that no plan of the
close, honest as it may be, has."""
LIFE_EXPECTED, LIFE_FACTOR, LIFE_FACTOR_LOW = 0.05, 50, 5
"""A number of days that hardly exceeds its deal's length, though it would often exceed other deals': how
often at least, how many times rarer it is, and surely is."""

OPEN_FACTOR, OPEN_FACTOR_LOW = 10, 2
"""So many times fewer closed deals than expected have the blank (or the value); and surely."""
FREE_TEXT = 0.5
"""Different texts for each deal that has one."""


@dataclass(frozen=True)
class Evidence:
    """What a test found of a column: a code (its words: `features.audit_words`), how grave, and the facts."""

    code: str
    severity: Severity
    facts: dict[str, str]


@dataclass(frozen=True)
class Bench:
    """The deals as the tests need them: closed ones in strata of time, with a corrected error chance."""

    deals: Deals
    alpha: float
    cohort: Ints

    @staticmethod
    def of(deals: Deals, columns: int) -> "Bench":
        """A bench for auditing so many columns."""
        edges = np.quantile(deals.created_at, np.linspace(0, 1, 21)[1:-1]) if len(deals) else np.empty(0)
        cohort = np.searchsorted(edges, deals.created_at, side="right").astype(np.int64)
        return Bench(deals, FALSE_ALARMS / (TESTS_OF_A_COLUMN * max(columns, 1)), cohort)

    @property
    def won(self) -> Flags:
        """The outcome of each closed deal."""
        return np.asarray(self.deals.won[self.deals.closed])

    @property
    def decided(self) -> bool:
        """Whether both outcomes are on record often enough to test anything."""
        wins = int(self.won.sum())
        return min(wins, len(self.won) - wins) >= FEWEST_OF_AN_OUTCOME


def evidence(column: Tested, bench: Bench, others: Floats | None) -> Iterator[Evidence]:
    """Everything the tests have against a column. `others` is the score of the other columns together."""
    if bench.decided:
        told = list(_value(column, bench, others))
        yield from told
        yield from _blank(column, bench)
        if not told and column.when != "halfway":
            yield from _single_value(column, bench)
        yield from _exactness(column, bench)
    if column.when != "halfway":
        yield from _length(column, bench)
        yield from _open(column, bench)
    if column.when == "at creation" and column.table == "deals":
        yield from _free_text(column)


def codes_of_closed(column: Tested, bench: Bench) -> Ints:
    """A code for each closed deal's value, 0 where it is missing."""
    closed = bench.deals.closed
    numbers = column.numbers
    return tests.binned(numbers[closed]) if numbers is not None else column.values[closed].astype(np.int64) + 1


def areas(column: Tested, bench: Bench) -> tests.Auc:
    """How well a column orders won above lost deals: by its size, or by the win rate of its values."""
    best = tests.category_auc(codes_of_closed(column, bench), bench.won, bench.alpha)
    if column.numbers is not None:
        by_size = tests.number_auc(column.numbers[bench.deals.closed], bench.won, bench.alpha)
        best = max(best, by_size, key=lambda auc: auc.low)
    return best


def _value(column: Tested, bench: Bench, others: Floats | None) -> Iterator[Evidence]:
    auc = areas(column, bench)
    facts = {
        "auc": f"{auc.value:.3f}",
        "low": f"{auc.low:.3f}",
        "deals": f"{len(bench.won):,}",
        "when": column.when,
    }
    if auc.low > TELLS or (auc.value >= NEARLY_ALL and auc.low > NEARLY_ALL_LOW):
        yield Evidence("value-tells-outcome", "error", facts)
    elif auc.low > DOMINATES and others is not None and column.when != "halfway":
        rest = tests.rank_auc(others, bench.won)
        if auc.low > rest + DOMINATES_BY:
            yield Evidence("value-dominates", "warning", facts | {"others": f"{rest:.3f}"})


def _blank(column: Tested, bench: Bench) -> Iterator[Evidence]:
    asked = bench.deals.closed if column.asked is None else bench.deals.closed & column.asked
    given, won = column.given[asked], bench.deals.won[asked]
    if given.all() or not given.any() or won.all() or not won.any():
        return
    told = tests.telling_value(given.astype(np.int64), won, FEWEST_WITH_A_VALUE, bench.alpha)
    odds = tests.mantel_haenszel(given, won, bench.cohort[asked], bench.alpha)
    facts = {
        "won": f"{1 - given[won].mean():.1%}",
        "lost": f"{1 - given[~won].mean():.1%}",
        "when": column.when,
    }
    if told is not None and told.times > BLANK_TIMES and told.covers >= BLANK_COVERS:
        yield Evidence("blank-tells-outcome", "error", facts)
    elif odds is not None and odds.strength > BLANK_ODDS:
        yield Evidence("blank-tells-outcome", "warning", facts)


def _single_value(column: Tested, bench: Bench) -> Iterator[Evidence]:
    codes = codes_of_closed(column, bench)
    told = tests.telling_value(codes, bench.won, FEWEST_WITH_A_VALUE, bench.alpha)
    if told is None or told.code == 0 or told.times < VALUE_TIMES or told.covers < VALUE_COVERS:
        return
    facts = {
        "deals": f"{told.deals:,}",
        "won": f"{told.won:,}",
        "value": _shown(column, bench, codes, told.code),
    }
    yield Evidence("single-value-tells", "warning", facts)


def _shown(column: Tested, bench: Bench, codes: Ints, code: int) -> str:
    """A value, or a range of numbers, in words."""
    if column.levels is not None:
        return repr(str(column.levels[code - 1])[:40])
    numbers = column.values[bench.deals.closed][codes == code]
    low, high = numbers.min(), numbers.max()
    return f"{low:,.6g}" if low == high else f"{low:,.6g} ... {high:,.6g}"


def _exactness(column: Tested, bench: Bench) -> Iterator[Evidence]:
    numbers = column.numbers
    if numbers is None or column.is_date:
        return
    there = ~np.isnan(numbers[bench.deals.closed]) & (numbers[bench.deals.closed] != 0)
    values, won = numbers[bench.deals.closed][there], bench.won[there]
    if len(values) < FEWEST_NUMBERS or len(np.unique(values)) < FEWEST_NUMBERS:
        return
    strata = tests.magnitude_strata(values)
    worst = 1.0
    parts: dict[str, str] = {}
    for kind, marked in (("once", tests.occurs_once(values)), ("round", tests.is_round(values))):
        odds = tests.mantel_haenszel(marked, won, strata, bench.alpha)
        if odds is None or marked.all() or not marked.any():
            continue
        worst = max(worst, odds.strength)
        parts |= {f"{kind}_won": f"{won[marked].mean():.0%}", f"{kind}_not": f"{won[~marked].mean():.0%}"}
        parts |= {f"{kind}_odds": f"{odds.value:.2g} ({odds.low:.2g} to {odds.high:.2g})"}
    if worst > EXACT_ODDS_WARN:
        blank = dict.fromkeys([f"{k}_{p}" for k in ("once", "round") for p in ("won", "not", "odds")], "-")
        severity: Severity = "error" if worst > EXACT_ODDS else "warning"
        yield Evidence("exact-value-tells", severity, blank | parts | {"when": column.when})


def _length(column: Tested, bench: Bench) -> Iterator[Evidence]:
    numbers = column.numbers
    if numbers is None:
        return
    values, days = numbers[bench.deals.closed], bench.deals.days_to_close
    there = ~np.isnan(values) & (days > 0)
    values, days = values[there], days[there]
    if len(values) < FEWEST_WITH_A_VALUE:
        return
    rho, low = tests.rank_correlation_at_least(values, days, bench.alpha)
    over, expected = tests.exceeding(values, days + 1)  # rounding up to whole days is no excess
    facts = {"rho": f"{rho:.2f}", "low": f"{low:.2f}", "over": f"{over:.2%}", "expected": f"{expected:.1%}"}
    facts["deals"] = f"{len(values):,}"
    bound = tests.share_at_most(round(over * len(values)), len(values), bench.alpha)
    if low > (PLANNED_LENGTH if column.column == "expected_close_on" else OWN_LENGTH):
        yield Evidence("tells-own-length", "error", facts)
    elif expected > LIFE_EXPECTED and over * LIFE_FACTOR <= expected and bound * LIFE_FACTOR_LOW < expected:
        yield Evidence("never-exceeds-own-length", "error", facts)


def _open(column: Tested, bench: Bench) -> Iterator[Evidence]:
    deals = bench.deals
    asked = np.ones(len(deals), bool) if column.asked is None else column.asked
    closed, cohort, given = deals.closed[asked], bench.cohort[asked], column.given[asked]
    for rows, code in ((~given, "blank-on-open-only"), (given, "given-on-open-only")):
        if not rows.any() or rows.all():
            continue
        seen, expected = tests.count_against_expected(rows, closed, cohort)
        bound = tests.count_at_most(seen, bench.alpha)
        if seen * OPEN_FACTOR <= expected and bound * OPEN_FACTOR_LOW < expected:
            facts = {"open": f"{int((rows & ~closed).sum()):,}", "closed": f"{seen:,}"}
            yield Evidence(code, "error", facts | {"expected": f"{expected:,.0f}"})


def _free_text(column: Tested) -> Iterator[Evidence]:
    if column.levels is None or column.column.endswith("_id"):
        return
    given, different = int(column.given.sum()), len(column.levels)
    if given >= FEWEST_WITH_A_VALUE and different > FREE_TEXT * given:
        yield Evidence("free-text", "info", {"different": f"{different:,}", "given": f"{given:,}"})
