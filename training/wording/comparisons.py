"""What is usual among the deals that were won and those that were lost? What a reason compares a value with.

Learned from the moments a model is trained on, so nothing is compared with what was not known then. Each deal or
customer counts once, however often it was looked at. Where fewer than `FEWEST` stand behind a figure, it is not told.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self, cast

import numpy as np
from numpy.typing import NDArray

from training.wording.correlations import groups_learned
from training.wording.groups import group_of

if TYPE_CHECKING:
    from training.dataset import Dataset

Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]
About = Literal["win", "churn"]
FEWEST = 20
"""Deals or customers that must stand behind each quoted figure."""
DRAWN = 20.0
"""A share is drawn toward that of all as by so many deals."""
MOST_ROWS = 40_000
"""With more, every k-th deal is looked at."""
QUARTERS = (0.25, 0.5, 0.75)
STAGE, AGE, OF_DEAL = "deal_stage", "deal_age_days", "deal_"
BANDS = (0.0, 3.0, 10.0, 30.0, 90.0, 270.0)
"""Ages in days at which a band of deals alike in age begins; the last that enough deals reach is open."""
APART = 0.25
"""A stage or band is told for itself where its median lies this far off, in distances between the quartiles of all."""
Where = Literal["all", "stage", "age"]


@dataclass(frozen=True)
class Usual:
    """Quartiles of a number where what is foretold happened (`yes`), and where it did not (`no`)."""

    yes: tuple[float, float, float]
    no: tuple[float, float, float]


@dataclass(frozen=True)
class Comparisons:
    """`numbers` by feature, `stages` and `ages` by feature and cell, `shares` of `yes` by feature and value.

    Much of a deal grows with its age, and young looks are many: what differs by age is compared at the deal's own.
    `life` is the days from creation to close. `groups` names the group of features that the table of
    `training.wording.groups` does not know.
    """

    about: About = "win"
    share: float = 0.5
    numbers: Mapping[str, Usual] = field(default_factory=dict)
    stages: Mapping[str, Mapping[str, Usual]] = field(default_factory=dict)
    ages: Mapping[str, Mapping[str, Usual]] = field(default_factory=dict)
    bands: tuple[float, ...] = BANDS
    life: Usual | None = None
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def fit(cls, dataset: "Dataset", about: About = "win", event_is_leaving: bool = True) -> Self:
        """Learn from the decided rows. `event_is_leaving`: of churn, whether an outcome of 1 is a customer gone."""
        rows = _Rows.of(dataset, yes=1.0 if about == "win" or event_is_leaving else 0.0)
        if not len(rows.subject):
            return cls(about)
        numbers: dict[str, Usual] = {}
        stages: dict[str, dict[str, Usual]] = {}
        ages: dict[str, dict[str, Usual]] = {}
        shares: dict[str, dict[str, float]] = {}
        bands = rows.bands()
        cells = {} if about == "churn" else {"age": _bands(rows.age, bands)}
        cells |= {"stage": rows.texts(STAGE)} if STAGE in rows.x else {}
        for name in rows.x.columns:
            if rows.x[name].dtype == object:
                if told := rows.shares(rows.texts(name)):
                    shares[name] = told
                continue
            values = rows.x[name].to_numpy(np.float64)
            if (usual := rows.usual(values, np.isfinite(values))) is None:
                continue
            numbers[name] = usual
            if not name.startswith(OF_DEAL) or name == AGE:
                continue
            for which in ("stage",) if group_of(name) == "stage" else ("age", "stage"):
                if which in cells and (apart := _apart(rows, values, cells[which], usual)):
                    (ages if which == "age" else stages)[name] = apart
                    break
        life = None if about == "churn" else rows.usual(rows.life, np.isfinite(rows.life))
        groups = groups_learned(rows.x, shares, rows.share)
        return cls(about, _rounded(rows.share), numbers, stages, ages, bands, life, shares, groups)

    def usual(self, feature: str, stage: str | None, age: float | None) -> tuple[Usual | None, Where]:
        """What is usual of a feature, and among which: all, those in this stage, those of this age in days."""
        if stage is not None and (here := self.stages.get(feature, {}).get(stage)) is not None:
            return here, "stage"
        if age is not None and feature in self.ages:
            band = "None" if age != age else f"{self.bands[max(bisect_right(self.bands, age) - 1, 0)]:g}"
            if (here := self.ages[feature].get(band)) is not None:
                return here, "age"
        return self.numbers.get(feature), "all"

    def to_json(self) -> dict[str, object]:
        """Figures in six digits."""
        return {
            "about": self.about,
            "share": self.share,
            "numbers": {name: [usual.yes, usual.no] for name, usual in self.numbers.items()},
            "stages": _cells_to_json(self.stages),
            "ages": _cells_to_json(self.ages),
            "bands": list(self.bands),
            "life": None if self.life is None else [self.life.yes, self.life.no],
            "shares": {name: dict(told) for name, told in self.shares.items()},
            "groups": dict(self.groups),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """What `to_json` wrote."""
        return cls(
            document["about"],
            document["share"],
            {name: _usual(pair) for name, pair in document["numbers"].items()},
            _cells_from_json(document["stages"]),
            _cells_from_json(document["ages"]),
            tuple(document["bands"]),
            None if document["life"] is None else _usual(document["life"]),
            document["shares"],
            document["groups"],
        )


@dataclass(frozen=True)
class _Rows:
    """Decided rows; `weight` counts each subject once, and for those like it that were not decided in time."""

    x: Any
    yes: NDArray[np.bool_]
    subject: Wholes
    weight: Floats
    age: Floats
    life: Floats

    @classmethod
    def of(cls, dataset: "Dataset", yes: float) -> Self:
        import pandas as pd

        chosen = (dataset.weight > 0) & ~np.isnan(dataset.outcome)
        subject = pd.factorize(dataset.subject)[0].astype(np.int64)
        if chosen.sum() > MOST_ROWS:
            chosen &= subject % -(-int(chosen.sum()) // MOST_ROWS) == 0
        mine = subject[chosen]
        weight = dataset.weight[chosen] / np.bincount(mine, minlength=1)[mine]
        age = dataset.age[chosen]
        life = age + dataset.decided_after[chosen]
        return cls(dataset.x[chosen], dataset.outcome[chosen] == yes, mine, weight, age, life)

    @property
    def share(self) -> float:
        return float(np.average(self.yes, weights=self.weight))

    def texts(self, name: str) -> NDArray[np.object_]:
        return cast("NDArray[np.object_]", self.x[name].to_numpy(object))

    def count(self, chosen: NDArray[np.bool_]) -> int:
        return int(np.count_nonzero(np.bincount(self.subject[chosen], minlength=1)))

    def bands(self) -> tuple[float, ...]:
        """The beginnings of bands of age, the last of them one that enough deals reach."""
        found = list(BANDS)
        while len(found) > 1 and self.usual(self.age, self.age >= found[-1]) is None:
            found.pop()
        return tuple(found)

    def usual(self, values: Floats, chosen: NDArray[np.bool_]) -> Usual | None:
        """Quartiles of the chosen rows on either side, None where too few stand behind one."""
        sides = (chosen & self.yes, chosen & ~self.yes)
        if min(self.count(side) for side in sides) < FEWEST:
            return None
        yes, no = (_quartiles(values[side], self.weight[side]) for side in sides)
        return Usual(yes, no)

    def shares(self, values: NDArray[np.object_]) -> dict[str, float]:
        """The share of yes for each text that enough subjects have, drawn toward everyone's."""
        import pandas as pd

        codes, levels = pd.factorize(values)
        found = {}
        for code, level in enumerate(levels):
            mine = codes == code
            if (many := self.count(mine)) >= FEWEST:
                share = float(np.average(self.yes[mine], weights=self.weight[mine]))
                found[str(level)] = _rounded((many * share + DRAWN * self.share) / (many + DRAWN))
        return dict(sorted(found.items()))


def _bands(age: Floats, bands: tuple[float, ...]) -> NDArray[np.object_]:
    """The age each age's band begins at, as text; None where it is not known."""
    starts = np.array([*(f"{start:g}" for start in bands), None], object)
    band = np.maximum(np.searchsorted(bands, np.nan_to_num(age), side="right") - 1, 0)
    return cast("NDArray[np.object_]", starts[np.where(np.isnan(age), len(bands), band)])


def _apart(rows: _Rows, values: Floats, cell: NDArray[np.object_], usual: Usual) -> dict[str, Usual]:
    """What is usual by stage or band of age, for those that differ from all together."""
    found = {}
    known = np.isfinite(values)
    for each in sorted({text for text in cell.tolist() if text is not None}):
        here = rows.usual(values, known & (cell == each))
        if here is not None and (_differs(here.yes, usual.yes) or _differs(here.no, usual.no)):
            found[str(each)] = here
    return found


def _differs(here: tuple[float, float, float], everywhere: tuple[float, float, float]) -> bool:
    return abs(here[1] - everywhere[1]) > APART * max(everywhere[2] - everywhere[0], 1e-12)


def _quartiles(values: Floats, weight: Floats) -> tuple[float, float, float]:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    places = np.minimum(np.searchsorted(reached, QUARTERS), len(values) - 1)
    low, middle, high = (_rounded(value) for value in values[order][places].tolist())
    return low, middle, high


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _usual(pair: list[list[float]]) -> Usual:
    yes, no = (cast("tuple[float, float, float]", tuple(side)) for side in pair)
    return Usual(yes, no)


def _cells_to_json(cells: Mapping[str, Mapping[str, Usual]]) -> dict[str, object]:
    return {name: {cell: [usual.yes, usual.no] for cell, usual in told.items()} for name, told in cells.items()}


def _cells_from_json(document: Mapping[str, Any]) -> dict[str, dict[str, Usual]]:
    return {name: {cell: _usual(pair) for cell, pair in told.items()} for name, told in document.items()}
