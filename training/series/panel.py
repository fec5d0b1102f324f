"""What was sold, period by period, and what can be told apart: the table that every series model reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.errors import ForesellError
from training.series.calendar import period_starts, worked_days

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Days = NDArray[np.datetime64]

SEASONS = {"D": 7, "W": 52, "M": 12, "Q": 4, "Y": 1}
"""Periods after which the season comes round, by frequency."""


class BadPanel(ForesellError):
    """A table of series that no model can read."""

    problem = "The table of series cannot be read: {0}."
    fix = "pass {1}."


@dataclass(frozen=True)
class Panel:
    """Amounts of the smallest series told apart ("atoms") in complete periods; make one with `panel_of`."""

    amounts: Floats
    """[n_atoms, n_periods], zero where nothing was sold."""
    labels: Mapping[str, tuple[str, ...]]
    """What each atom belongs to: label name to one value per atom."""
    starts: Days
    """First day of each period, [n_periods], without a gap."""
    frequency: str
    """D, W, M, Q or Y."""
    first: Ints
    """Index of the first period that counts for each atom; n_periods where none has come yet."""
    working_days: Floats | None = None
    """Worked days of each period and of those after the last, [n_periods + ahead]; None where no country is known."""

    @property
    def n_atoms(self) -> int:
        return len(self.amounts)

    @property
    def n_periods(self) -> int:
        return int(self.amounts.shape[1])

    @property
    def season(self) -> int:
        """Periods after which the season comes round."""
        return SEASONS[self.frequency]

    def until(self, n_periods: int) -> "Panel":
        """The panel as it stood after its first `n_periods`: what a forecast from there may know."""
        return replace(
            self,
            amounts=self.amounts[:, :n_periods],
            starts=self.starts[:n_periods],
            first=np.minimum(self.first, n_periods),
        )

    def names(self) -> list[tuple[str, ...]]:
        """The label values of each atom; its number where there are no labels."""
        if not self.labels:
            return [(str(atom),) for atom in range(self.n_atoms)]
        return list(zip(*self.labels.values(), strict=True))

    def groups(self, by: Sequence[str]) -> tuple[list[tuple[str, ...]], Ints]:
        """The groups that these labels make, sorted, and the number of each atom's group; of no label: the company."""
        if missing := [name for name in by if name not in self.labels]:
            raise BadPanel(f"it has no label {', '.join(missing)}", f"labels among {', '.join(self.labels)}")
        keys = list(zip(*(self.labels[name] for name in by), strict=True)) if by else [()] * self.n_atoms
        found = sorted(set(keys))
        number = {key: index for index, key in enumerate(found)}
        return found, np.array([number[key] for key in keys], np.int64)


def panel_of(
    amounts: Floats,
    labels: Mapping[str, Sequence[str]],
    starts: Days,
    frequency: str,
    *,
    first: Ints | None = None,
    country: str | None = None,
    ahead: int = 60,
) -> Panel:
    """A panel that has been checked.

    `first` is by default the first period in which anything was sold. With a country (ISO 3166) its working
    days are looked up, for `ahead` periods past the last too. Raises BadPanel.
    """
    amounts = np.asarray(amounts, np.float64)
    starts = np.asarray(starts, "datetime64[D]")
    _check(amounts, labels, starts, frequency)
    if first is None:
        sold = amounts != 0
        first = np.where(sold.any(axis=1), sold.argmax(axis=1), amounts.shape[1])
    worked = None
    if country is not None and frequency != "Y":
        every = period_starts(starts[0], frequency, len(starts) + ahead + 1)
        worked = worked_days(every, country)
    held = {name: tuple(values) for name, values in labels.items()}
    return Panel(amounts, held, starts, frequency, np.asarray(first, np.int64), worked)


def _check(amounts: Floats, labels: Mapping[str, Sequence[str]], starts: Days, frequency: str) -> None:
    if frequency not in SEASONS:
        raise BadPanel(f"the frequency {frequency!r} is not known", f"one of {', '.join(SEASONS)}")
    if amounts.ndim != 2 or not amounts.size:
        raise BadPanel(f"it has the shape {amounts.shape}", "at least one series of at least one period")
    if not np.isfinite(amounts).all():
        raise BadPanel(
            "amounts are missing or infinite", "a number for every series and period, 0 where nothing was sold"
        )
    if len(starts) != amounts.shape[1]:
        raise BadPanel(f"it has {amounts.shape[1]} periods and {len(starts)} first days", "one first day per period")
    if wrong := [name for name, values in labels.items() if len(values) != len(amounts)]:
        raise BadPanel(f"the label {wrong[0]} is not told of each series", f"{len(amounts)} values of each label")
    if len(starts) > 1 and (period_starts(starts[0], frequency, len(starts)) != starts).any():
        raise BadPanel(
            "the periods do not follow one another", f"the first day of each period of frequency {frequency}"
        )
