"""What does the service need of a model and of a history? The two shapes that the shelf holds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from features.definition import Feature
from features.evaluate import Values
from features.history import History
from serving.language import Language


class ReasonGiven(Protocol):
    """One part of the distance from the base rate, in log-odds."""

    @property
    def feature(self) -> str: ...
    @property
    def value(self) -> float | str | None: ...
    @property
    def effect(self) -> float: ...
    @property
    def text(self) -> str: ...


class ScoreGiven(Protocol):
    """A model's answer for one deal; `by_days` is P(won within so many days)."""

    @property
    def probability(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def by_days(self) -> Mapping[float, float]: ...
    @property
    def close_after_days(self) -> float | None: ...
    @property
    def amount(self) -> float | None: ...
    @property
    def reasons(self) -> Sequence[ReasonGiven]: ...
    @property
    def note(self) -> str | None: ...


class Champion(Protocol):
    """A trained model as it was exported: a bundle of `training.bundle`. `until` is naive UTC."""

    @property
    def model(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def rung(self) -> str: ...
    @property
    def until(self) -> datetime: ...
    @property
    def features(self) -> tuple[Feature, ...]: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def base_rate(self) -> float | None: ...
    @property
    def meta(self) -> Mapping[str, object]: ...

    def score(
        self,
        values: Mapping[str, Values],
        horizons: Sequence[float],
        language: Language = "en",
        most_reasons: int = 5,
    ) -> Sequence[ScoreGiven]:
        """One score per row of the values; horizons in days."""


class Records(Protocol):
    """A history as the service asks it: a memory of `features.online`. Moments are naive UTC."""

    @property
    def data_as_of(self) -> datetime | None:
        """The latest moment at which anything was recorded; None where no row says when."""

    def has(self, deal_id: str) -> bool:
        """Whether the deal is on record at all."""

    def is_open(self, deal_id: str, as_of: datetime) -> bool:
        """Whether the deal exists and has not closed by the moment."""

    def values(self, deal_ids: Sequence[str], as_of: datetime) -> Mapping[str, Values]:
        """The features of known deals."""

    def values_of_records(self, records: Sequence[Mapping[str, object]], as_of: datetime) -> Mapping[str, Values]:
        """The features of deals as described: new ones, or known ones with changed fields."""

    def record(self, deal_id: str) -> Mapping[str, object]:
        """The deal's latest fields."""


@dataclass(frozen=True)
class Sources:
    """Where champions and histories come from; tests hand in their own.

    `find` gives the folder of a model's live bundle under a home, `watched` the file that changes on promotion.
    """

    find: Callable[[Path, str], Path | None]
    watched: Callable[[Path, str], Path]
    load: Callable[[Path], Champion]
    remember: Callable[[History, tuple[Feature, ...]], Records]


def real_sources(clock: Callable[[], datetime]) -> Sources:
    """Bundles of `training.bundle` and memories of `features.online`, imported only now.

    What a history says of days after the `clock`'s present does not make its data younger.
    """
    from features.online import Memory
    from training.bundle import Bundle, live_bundle

    return Sources(
        find=live_bundle,
        watched=lambda home, model: home / "champions" / f"{model}.json",
        load=Bundle.load,
        remember=lambda history, features: Memory(history, features, clock()),
    )
