"""What must a row told online be looked up in? Rates to the base currency, and the stages' places, over time."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from features.history import History
from features.kept_arrays import Fleeting, Group, Keep
from features.kernel import MISSING, SCALE
from features.stream_sql import known_since, rates_over_time


@dataclass(frozen=True)
class Rates:
    """Rates to the base currency, each since when it was known (microseconds), in that order.

    `days` are the days (since 1970) for which they are valid.
    """

    base: str | None
    over_time: Mapping[str, tuple[Sequence[int], Sequence[float]]]
    days: Mapping[str, Sequence[int]]

    def rate(self, currency: str | None, at: int) -> float | None:
        """The rate known at a moment; None where there is none."""
        if currency is None or currency == self.base:
            return 1.0
        since, rates = self.over_time.get(currency, ((), ()))
        known = bisect_right(since, at)
        return rates[known - 1] if known else None

    def told(self, currency: str, day: int, rate: float, since: int) -> "Rates":
        """These rates and one more, known after its currency's others; it stands if no later day's is known."""
        held, rates = self.over_time.get(currency, ((), ()))
        days = self.days.get(currency, ())
        if days and days[-1] >= day:
            return self
        over_time = {**self.over_time, currency: ((*held, since), (*rates, rate))}
        return Rates(self.base, over_time, {**self.days, currency: (*days, day)})


@dataclass(frozen=True)
class StagePlaces:
    """The place of each stage in its pipeline, and where it was first known in any, since when (microseconds)."""

    pipelines: Mapping[str, int]
    stages: Mapping[tuple[str, str], tuple[int, int]]
    anywhere: Mapping[str, tuple[int, int]]

    def place(self, pipeline: str | None, stage: str, at: int) -> int:
        """A stage's place as known at a moment, in ten-thousandths; MISSING where it has none."""
        if pipeline is not None and self.pipelines.get(pipeline, at + 1) <= at:
            found = self.stages.get((pipeline, stage))
        else:
            found = self.anywhere.get(stage)
        return MISSING if found is None or found[0] > at else found[1] * SCALE

    def told(self, pipeline: str, stage: str, position: int, since: int) -> "StagePlaces":
        """These places and one more, known later than all others. The first that was told of a stage stands."""
        if (pipeline, stage) in self.stages:
            return self
        found = min((since, position), self.anywhere.get(stage, (since, position)))
        return StagePlaces(
            {pipeline: since, **self.pipelines},
            {**self.stages, (pipeline, stage): (since, position)},
            {**self.anywhere, stage: found},
        )


def read_rates(history: History, keep: Keep | None = None) -> Rates:
    """The rates of a history."""
    found = rates_over_time(history)
    if found is None:
        return Rates(history.currency, {}, {})
    rows, last = (keep or Fleeting()).group("rates", lambda: Group(plain=_rates(history, found))).plain
    over_time = {currency: (since, rates) for currency, since, rates in rows}
    return Rates(history.currency, over_time, {currency: (day,) for currency, day in last})


def _rates(history: History, found: str) -> list[list[tuple[Any, ...]]]:
    with history.connect() as con:
        rows = con.execute(
            "SELECT of_currency, list(since ORDER BY since), list(rate::DOUBLE ORDER BY since) "
            f"FROM ({found}) GROUP BY 1"
        ).fetchall()
        last = con.execute(
            f"SELECT currency, max(valid_on) - DATE '1970-01-01' FROM ({history.sql_versions('fx_rates')}) GROUP BY 1"
        ).fetchall()
    return [rows, last]


def read_places(history: History, keep: Keep | None = None) -> StagePlaces:
    """The places of a history's stages."""
    if "stages" not in history.tables():
        return StagePlaces({}, {}, {})
    rows = (keep or Fleeting()).group("stages", lambda: Group(plain=_places(history))).plain
    return StagePlaces(
        {pipeline: since for since, _, pipeline, _ in rows},
        {(pipeline, stage): (since, place) for since, place, pipeline, stage in rows},
        {stage: (since, place) for since, place, _, stage in rows},
    )


def _places(history: History) -> list[tuple[Any, ...]]:
    with history.connect() as con:
        return con.execute(
            f"SELECT {known_since('stages')} AS since, position, pipeline, stage "
            f"FROM ({history.sql_versions('stages')}) WHERE version = 0 ORDER BY since DESC, position DESC"
        ).fetchall()
