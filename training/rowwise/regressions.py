"""How do several logistic regressions look as one flat table of terms?

The terms of a regression stand together: straight numbers first, then those that bend or are read in logarithms, then
texts. `loops_of_terms` runs through them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from training.machine_code.compiling import Reals, Wholes
from training.rivals.logistic import Logistic
from training.rivals.logistic_row import MOST_BENDS, RowEffects
from training.rivals.logistic_terms import CategoryTerm, NumberTerm, Term
from training.rowwise.columns import MISSING, UNKNOWN, RowColumns

BEND = 20
"""Numbers kept for one spline: five for each of three bends, and its last two knots."""


@dataclass(frozen=True)
class Terms:
    """What a regression is made of: terms, weights and mean effect of each, and what all start from."""

    terms: tuple[Term, ...]
    weights: tuple[tuple[float, ...], ...]
    means: tuple[float, ...]
    centre: float


@dataclass
class _Lists:
    numbers: list[tuple[float, ...]] = field(default_factory=list)
    wholes: list[tuple[int, int, int, int]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    bends: list[float] = field(default_factory=lambda: [0.0] * BEND)
    levels: list[float] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    centres: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Regressions:
    """Tables of some regressions, in order. `names` are the features of the terms [terms].

    firsts: of each regression its first term, first bent one, first text, and the end. Of numbers: column, edges,
    start, gain, offset and effect where missing, scale of logarithms or 0, reach, place of the bends or 0.
    Of texts: column and place of their levels in `levels`, a text that is not known and a missing one first.
    """

    names: tuple[str, ...]
    firsts: Wholes
    centres: Reals
    column: Wholes
    low: Reals
    high: Reals
    start: Reals
    gain: Reals
    offset: Reals
    missing: Reals
    scale: Reals
    reach: Reals
    bends: Wholes
    bend: Reals
    text: Wholes
    level: Wholes
    levels: Reals

    @property
    def many(self) -> int:
        """How many regressions there are."""
        return len(self.centres)


def regressions_of(models: Sequence[Logistic | Terms], columns: RowColumns) -> Regressions:
    """The tables. Raises KeyError where a feature is a number to one learner and a text to another."""
    lists = _Lists()
    for model in models:
        _add(lists, model, columns)
    reals = np.array(lists.numbers, np.float64).reshape(-1, 8).T
    wholes = np.array(lists.wholes, np.int32).reshape(-1, 4).T
    low, high, start, gain, offset, missing, scale, reach = (np.ascontiguousarray(each) for each in reals)
    column, bends, text, level = (np.ascontiguousarray(each) for each in wholes)
    return Regressions(
        names=tuple(lists.names),
        firsts=np.array(lists.firsts, np.int32),
        centres=np.array(lists.centres),
        column=column, low=low, high=high, start=start, gain=gain, offset=offset, missing=missing, scale=scale,
        reach=reach, bends=bends, bend=np.array(lists.bends), text=text, level=level,
        levels=np.array(lists.levels or [0.0]),
    )  # fmt: skip


def _add(lists: _Lists, model: Logistic | Terms, columns: RowColumns) -> None:
    row = RowEffects(model.terms, model.weights, model.means)
    numbers = [(at, term) for at, term in enumerate(model.terms) if isinstance(term, NumberTerm)]
    bent = {place: n for n, place in enumerate(row.bends.places.tolist())}
    places = {at: n for n, (at, _) in enumerate(numbers)}
    straight = [at for at, term in numbers if term.log_scale is None and places[at] not in bent]
    others = [at for at, _ in numbers if at not in straight]
    texts = {category.place: category for category in row.categories}
    first = len(lists.names)
    lists.firsts += [first, first + len(straight), first + len(numbers), first + len(model.terms)]
    lists.centres.append(model.centre)
    for at in straight + others:
        term, n = model.terms[at], places[at]
        assert isinstance(term, NumberTerm)
        start, reach, gain, offset, missing = row.line_of(n)
        lists.names.append(term.name)
        lists.numbers.append((term.low, term.high, start, gain, offset, missing, term.log_scale or 0.0, reach))
        lists.wholes.append((columns.number_place[term.name], _bend(lists, row, bent.get(n)), 0, 0))
    for at, category in texts.items():
        assert isinstance(model.terms[at], CategoryTerm)
        place = columns.text_place[category.name]
        lists.names.append(category.name)
        lists.numbers.append((0.0,) * 8)
        lists.wholes.append((0, 0, place, len(lists.levels)))
        known = {UNKNOWN: category.other, MISSING: category.missing}
        known |= {code: category.levels.get(text, category.other) for text, code in columns.codes[place].items()}
        lists.levels += [known[code] for code in range(UNKNOWN, len(known) + UNKNOWN)]


def _bend(lists: _Lists, row: RowEffects, place: int | None) -> int:
    """Where the bends of a spline are kept."""
    if place is None:
        return 0
    bends = row.bends
    found = [
        float(table[place, at])
        for at in range(MOST_BENDS)
        for table in (bends.knots, bends.before, bends.behind, bends.centres, bends.weights)
    ]
    found += [float(bends.last[place, 0]), float(bends.end[place, 0])]
    lists.bends += found + [0.0] * (BEND - len(found))
    return len(lists.bends) // BEND - 1
