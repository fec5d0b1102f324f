"""How does pandas look into the past? The look-ups that the features in pandas are made of."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

DAY = 86_400_000_000
"""Microseconds in a day."""


def coded(names: "pd.Series[str]", index: "pd.Index[str]") -> NDArray[np.int64]:
    """The place of each name in an index, -1 for none: each different name is looked up once."""
    places = index.get_indexer(names.cat.categories)
    codes = names.cat.codes.to_numpy()
    return np.where(codes < 0, -1, places[codes])


def before(
    m: pd.DataFrame, events: pd.DataFrame, by: str | None, columns: list[str], earlier: float = 0, on: str = "known"
) -> pd.DataFrame:
    """For each moment, or so many days earlier, the last of the owner's events before it. Both in order of time."""
    asked = pd.DataFrame({on: m["at"] - round(earlier * DAY)})
    if by is not None:
        asked[by] = m[by].to_numpy()
    held = events[[on, *([by] if by else []), *columns]]
    return pd.merge_asof(asked, held, on=on, by=by, allow_exact_matches=False)[columns].set_axis(m.index)


def counted(events: pd.DataFrame, by: str | None, sums: list[str]) -> pd.DataFrame:
    """The events with `n`, how many the owner has had, and running sums in place of the columns."""
    if by is None:
        return events.assign(n=np.arange(1, len(events) + 1), **{c: events[c].cumsum() for c in sums})
    groups = events.groupby(by)
    events = events.assign(n=groups.cumcount() + 1)
    if sums:
        events[sums] = groups[sums].cumsum()
    return events


def window(
    m: pd.DataFrame, events: pd.DataFrame, by: str, days: float, as_happened: pd.DataFrame | None = None
) -> "pd.Series[float]":
    """How many events of the owner, known before the moment, happened in the days before it.

    `as_happened` are the same events in order of when they happened, where that is another order.
    """
    now, then = (
        counted(each.loc[each["known"] - each["happened"] < round(days * DAY), ["known", "happened", by]], by, [])
        for each in (events, events if as_happened is None else as_happened)
    )
    found = before(m, now, by, ["n"])["n"].fillna(0)
    return found - before(m, then, by, ["n"], earlier=days, on="happened")["n"].fillna(0)


def latest_so_far(events: pd.DataFrame, by: str, columns: list[str]) -> pd.DataFrame:
    """Events in order of `known`, the columns as of the owner's event that happened last of those known so far."""
    last = events["happened"] >= events.groupby(by)["happened"].cummax()
    place = pd.Series(np.where(last, np.arange(len(events)), -1), index=events.index).groupby(events[by]).cummax()
    return events.assign(**{column: events[column].to_numpy()[place] for column in columns})
