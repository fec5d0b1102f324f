"""Which reasons move one row most, and in which words? What `training.reasons.explain` tells, from effects in order.

Effects come as an array over a fixed order of features, so that groups are summed at once and only the few reasons
that are shown get a name and words. The words are kept by what they were made of.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from math import inf

import numpy as np

from features.definition import Feature
from training.reasons import REST, ROUNDING, Language, Reason
from training.rivals.rival import Floats, Row
from training.wording.comparisons import AGE, STAGE, About, Comparisons
from training.wording.groups import group_of
from training.wording.sentences import IN_STAGE, STAYS, asked_of_row, sentence, way

MOST_KEPT = 50_000
"""Sentences that are kept; with more, all are forgotten and put into words again."""
REST_TEXT: Mapping[Language, str] = {"en": "everything else together", "zh": "其余因素合计"}


class Teller:
    """Tells reasons from effects over the features `names`. Safe to use from many threads at once."""

    def __init__(
        self,
        names: Sequence[str],
        features: Mapping[str, Feature],
        comparisons: Comparisons | None = None,
        about: About = "win",
    ) -> None:
        """`features` are all that the model knows, by name."""
        self._features, self._known = features, comparisons or Comparisons(about)
        self._alone = _Grouping(list(names), [*names])
        self._together = _Grouping(list(names), [group_of(name, self._known.groups) for name in names])
        self._beside = {name: _beside(name) for name in names}
        self._texts: dict[tuple[object, ...], str] = {}

    def tell(self, effects: Floats, row: Row, total: float, most: int, language: Language) -> tuple[Reason, ...]:
        """The `most` strongest reasons and the rest in one line; together they are `total`, in log-odds."""
        grouping = self._together if most < len(self._features) else self._alone
        reasons = [
            Reason(name, row.get(name), effect, self._text(name, row, effect, language))
            for name, effect in grouping.strongest(effects, most)
        ]
        rest = total - sum(reason.effect for reason in reasons)
        if abs(rest) > ROUNDING:
            reasons.append(Reason(REST, None, rest, REST_TEXT[language] + way(rest, language, self._known.about)))
        return tuple(reasons)

    @property
    def kept(self) -> int:
        """How many sentences are kept."""
        return len(self._texts)

    def _text(self, name: str, row: Row, effect: float, language: Language) -> str:
        get = row.get
        age = get(AGE)
        # Of an age only its band tells, unless the words name it.
        band = bisect_right(self._known.bands, age) if age.__class__ is float else age
        key = (name, language, effect > 0, band, *[get(each) for each in self._beside[name]])
        if (text := self._texts.get(key)) is None:
            if len(self._texts) >= MOST_KEPT:
                self._texts.clear()
            text = sentence(name, self._features.get(name), row, effect, language, self._known)
            self._texts[key] = text
        return text


class _Grouping:
    """Features by the group whose effects are one reason."""

    def __init__(self, names: Sequence[str], groups: Sequence[str]) -> None:
        place = {group: at for at, group in enumerate(dict.fromkeys(groups))}
        self._group = np.array([place[group] for group in groups], np.intp)
        self._many = len(place)
        members: list[list[tuple[str, int]]] = [[] for _ in place]
        for at, (name, group) in enumerate(zip(names, groups, strict=True)):
            members[place[group]].append((name, at))
        # By name, so that of equal effects the same one is always named.
        self._members = [sorted(each) for each in members]

    def strongest(self, effects: Floats, most: int) -> list[tuple[str, float]]:
        """The groups that move most, each under the name of the member that moves it most its way."""
        sums = np.bincount(self._group, effects, self._many)
        size = np.abs(sums)
        if most < self._many:
            least = float(np.partition(size, self._many - most)[self._many - most])
            chosen = np.flatnonzero(size >= max(least, 5e-324)).tolist()
        else:
            chosen = np.flatnonzero(size).tolist()
        found = []
        # Python's own numbers: one by one they take a fifth of the time of NumPy's.
        totals, own = sums.tolist(), effects.tolist()
        for at in chosen:
            total = totals[at]
            sign = 1.0 if total > 0 else -1.0
            members = self._members[at]
            name = members[0][0]
            if len(members) > 1:
                best = -inf
                for each, place in members:
                    if (moved := sign * own[place]) > best:
                        best, name = moved, each
            found.append((name, total))
        found.sort(key=lambda each: (-abs(each[1]), each[0]))
        return found[:most]


def _beside(name: str) -> tuple[str, ...]:
    """The features whose values a feature's words are made of."""
    found = dict.fromkeys([name, STAGE])
    if name in (IN_STAGE, *STAYS):
        found |= dict.fromkeys([IN_STAGE, *STAYS])
    return tuple(found | dict.fromkeys(sorted(asked_of_row(name))))
