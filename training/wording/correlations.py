"""Which of a company's own features tell the same as others? Those that go together closely share a reason."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.wording.groups import GROUPS, group_of

if TYPE_CHECKING:
    import pandas as pd

CLOSE = 0.8
"""Rank correlation (Spearman 1904) from which two features are taken to tell the same."""
MOST_ROWS = 5_000


def groups_learned(x: "pd.DataFrame", shares: Mapping[str, Mapping[str, float]], share: float) -> dict[str, str]:
    """The group of each feature that is in none, where it goes closely with another; texts count by their `shares`.

    It joins the group of the feature it goes with most closely, of the table or of its own kind.
    """
    table = {group for group, _ in GROUPS}
    groups = {name: group_of(name) for name in x.columns}
    own = list(dict.fromkeys(group for group in groups.values() if group not in table))
    if not own:
        return {}
    names = list(x.columns)
    close = _correlations(x.iloc[:: -(-len(x) // MOST_ROWS)], names, shares, share)
    joined: dict[str, str] = {}
    for group in own:
        mine = [at for at, name in enumerate(names) if groups[name] == group]
        others = [
            at for at, name in enumerate(names) if groups[name] in table or own.index(groups[name]) < own.index(group)
        ]
        if not others:
            continue
        between = close[np.ix_(mine, others)]
        best = int(between.max(axis=0).argmax())
        if between[:, best].max() >= CLOSE:
            other = groups[names[others[best]]]
            joined[group] = joined.get(other, other)
    return {name: joined[group] for name, group in groups.items() if group in joined}


def _correlations(
    x: "pd.DataFrame", names: list[str], shares: Mapping[str, Mapping[str, float]], share: float
) -> NDArray[np.float64]:
    """Absolute rank correlations, missing values at the middle rank; 0 for a column that never changes."""
    import pandas as pd

    columns = {}
    for name in names:
        if x[name].dtype == object:
            told = shares.get(name, {})
            columns[name] = pd.Series([told.get(value, share) for value in x[name]], index=x.index, dtype=np.float64)
        else:
            columns[name] = x[name].astype(np.float64)
    ranks = pd.DataFrame(columns).rank(pct=True).fillna(0.5).to_numpy()
    centred = ranks - ranks.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    centred = np.divide(centred, size, out=np.zeros_like(centred), where=size > 1e-9)
    found: NDArray[np.float64] = np.abs(centred.T @ centred)
    return found
