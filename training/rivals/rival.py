"""What is a rival? A plain estimate people use today, judged beside ours and served where it wins.

Nothing here or in a rival's scoring path imports pandas: a rival may be the champion the service answers from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
import numpy.typing as npt

from features.errors import ForesellError

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset

Floats = npt.NDArray[np.float64]
Row = Mapping[str, float | str | None]
"""One moment of one deal: feature name to number, text or None; a name not there is missing."""


class NothingDecided(ForesellError):
    """There is no won or lost deal to learn from."""

    problem = "None of the {0} moments belongs to a deal known to be won or lost."
    fix = "import deals with an outcome, or train as of a later day."


class RivalNotApplicable(ForesellError):
    """This history lacks what the rival needs; the others can still be judged."""

    problem = "The rival {0} cannot be built: {1}."
    fix = "leave {0} out of the comparison, or import what it needs."

    @property
    def why(self) -> str:
        """What is lacking, without the rival's name."""
        return str(self.args[1])


class ColumnsMissing(ForesellError):
    """A feature table without columns the rival was fitted on."""

    problem = "The rival {0} needs these feature columns, which are missing: {1}."
    fix = "build the table with the same features as in training."


class Rival(Protocol):
    """An estimate of the chance that an open deal is won.

    `fit` raises NothingDecided, or RivalNotApplicable where the history lacks what the rival needs.
    """

    name: str
    meaning: str

    def fit(self, past: Dataset) -> Self:
        """Learn from the decided moments of the past."""
        ...

    def predict(self, x: pd.DataFrame) -> Floats:
        """The probability of winning for each row; raises ColumnsMissing."""
        ...

    def score(self, row: Row) -> float:
        """The probability of winning for one row, equal to `predict`, without pandas."""
        ...

    @property
    def baseline(self) -> float:
        """The probability the rival starts from before it looks at a deal."""
        ...

    def effects(self, row: Row) -> dict[str, float]:
        """What each feature adds: log-odds that sum to the distance of `score` from `baseline`."""
        ...

    def to_json(self) -> dict[str, object]:
        """All that was learned, as plain JSON."""
        ...

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """The rival that `to_json` wrote."""
        ...


def decided(past: Dataset) -> npt.NDArray[np.bool_]:
    """Rows whose outcome is known and that count; raises NothingDecided if there are none."""
    known = np.isfinite(past.outcome) & (past.weight > 0)
    if not known.any():
        raise NothingDecided(len(known))
    return np.asarray(known, dtype=np.bool_)


def require(name: str, x: pd.DataFrame, columns: list[str]) -> None:
    """Raise ColumnsMissing unless the table has these columns."""
    if missing := [column for column in columns if column not in x.columns]:
        raise ColumnsMissing(name, ", ".join(missing))


def text_of(value: object) -> str | None:
    """A category as text; None for None and NaN."""
    if isinstance(value, str):
        return value
    return None if value is None or value != value else str(value)


def number_of(value: object) -> float:
    """A number as float; NaN for None."""
    return math.nan if value is None else float(value)  # type: ignore[arg-type]


def texts(x: pd.DataFrame, column: str) -> list[str | None]:
    """A column as text; all None if the table does not have it. Each level is read once, whatever the rows."""
    if column not in x.columns:
        return [None] * len(x)
    import pandas as pd

    place, levels = pd.factorize(x[column])
    found: list[str | None] = np.array([*map(text_of, levels), None], object)[place].tolist()
    return found


def is_number(x: pd.DataFrame, column: str) -> bool:
    """Whether the column holds numbers rather than categories."""
    return x[column].dtype.kind in "fiub"


def log_odds(p: float) -> float:
    """ln(p / (1 - p)) for 0 < p < 1."""
    return math.log(p) - math.log1p(-p)


def probability(odds: float) -> float:
    """The probability with these log-odds; exact at both ends without overflow."""
    return 1 / (1 + math.exp(-odds)) if odds >= 0 else math.exp(odds) / (1 + math.exp(odds))


def probabilities(odds: Floats) -> Floats:
    """`probability` of an array."""
    small = np.exp(-np.abs(odds))
    return np.asarray(np.where(odds >= 0, 1.0, small) / (1.0 + small), dtype=np.float64)
