"""Which plain estimates is every model judged against? All of them, by name."""

from collections.abc import Callable, Mapping
from typing import cast

from features.errors import ForesellError
from training.rivals.base_rate import BaseRate
from training.rivals.crm_probability import CrmProbability
from training.rivals.default_trees import DefaultTrees
from training.rivals.logistic import Logistic
from training.rivals.odoo import Odoo
from training.rivals.rival import ColumnsMissing, NothingDecided, Rival, RivalNotApplicable, Row
from training.rivals.stage_table import StageTable

__all__ = [
    "RIVALS",
    "ColumnsMissing",
    "NothingDecided",
    "Rival",
    "RivalNotApplicable",
    "Row",
    "UnknownRival",
    "from_json",
]

RIVALS: Mapping[str, Callable[[], Rival]] = {
    BaseRate.name: BaseRate,
    StageTable.name: StageTable,
    CrmProbability.name: CrmProbability,
    Odoo.name: Odoo,
    Logistic.name: Logistic,
    DefaultTrees.name: DefaultTrees,
}

_READERS: Mapping[str, Callable[[Mapping[str, object]], Rival]] = {
    BaseRate.name: BaseRate.from_json,
    StageTable.name: StageTable.from_json,
    CrmProbability.name: CrmProbability.from_json,
    Odoo.name: Odoo.from_json,
    Logistic.name: Logistic.from_json,
    DefaultTrees.name: DefaultTrees.from_json,
}


class UnknownRival(ForesellError):
    """A stored rival of a name this version does not have."""

    problem = "There is no rival named {0!r}; there are: {1}."
    fix = "train again with this version, or use the version that stored it."


def from_json(document: Mapping[str, object]) -> Rival:
    """The rival that `Rival.to_json` wrote; raises UnknownRival."""
    name = cast(str, document.get("name"))
    if name not in _READERS:
        raise UnknownRival(name, ", ".join(_READERS))
    return _READERS[name](document)
