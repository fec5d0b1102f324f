"""What does the service need of a model and of a history? The two shapes that the shelf holds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal, Protocol, cast

from features.definition import Entity, Feature
from features.evaluate import Values
from features.history import History
from features.staff import Staff
from serving.language import Language

Model = Literal["win", "churn"]
"""The models that answer for one deal or one customer."""
MODELS: tuple[Model, ...] = ("win", "churn")
Row = Mapping[str, float | str | None]
"""One deal or customer at a moment: a number, a text or None by the feature's name."""
Words = Mapping[str, frozenset[str]]
"""The texts that a model met in training, by feature."""


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
    def around_days(self) -> Mapping[float, tuple[float, float]]: ...
    @property
    def close_after_days(self) -> float | None: ...
    @property
    def amount(self) -> float | None: ...
    @property
    def reasons(self) -> Sequence[ReasonGiven]: ...
    @property
    def note(self) -> str | None: ...


class ChurnGiven(Protocol):
    """A model's answer for one customer: `probability` within the first horizon, `by_days` within each."""

    @property
    def kind(self) -> str: ...
    @property
    def probability(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def by_days(self) -> Mapping[float, float]: ...
    @property
    def orders(self) -> float | None: ...
    @property
    def value_at_risk(self) -> float | None: ...
    @property
    def reasons(self) -> Sequence[ReasonGiven]: ...
    @property
    def note(self) -> str | None: ...


class Champion(Protocol):
    """What every trained model says of itself, as it was exported. `until` is naive UTC."""

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
    def meta(self) -> Mapping[str, object]: ...


class WinChampion(Champion, Protocol):
    """A bundle of `training.bundle`."""

    @property
    def base_rate(self) -> float | None: ...

    def answer(self, row: Row, horizons: Sequence[float], language: Language, most_reasons: int) -> ScoreGiven:
        """The score of one row; horizons in days."""


class ChurnChampion(Champion, Protocol):
    """A bundle of `training.churn.bundle`."""

    def answer(
        self, row: Row, horizons: Sequence[float], language: Language, most_reasons: int, as_of: datetime
    ) -> ChurnGiven:
        """The score of one row at a moment (naive UTC); horizons in days."""


class Records(Protocol):
    """A history as the service asks it: a memory of `features.online`. Moments are naive UTC."""

    @property
    def data_as_of(self) -> datetime | None:
        """The latest moment at which anything was recorded; None where no row says when."""

    def has(self, deal_id: str, /) -> bool:
        """Whether the deal is on record at all."""

    def is_open(self, deal_id: str, as_of: datetime, /) -> bool:
        """Whether the deal exists and has not closed by the moment."""

    def values(self, ids: Sequence[str], as_of: datetime, entity: Entity | None = None, /) -> Mapping[str, Values]:
        """The features of known deals, or of known customers."""

    def values_of_records(self, records: Sequence[Mapping[str, object]], as_of: datetime, /) -> Mapping[str, Values]:
        """The features of deals as described: new ones, or known ones with changed fields."""

    def record(self, deal_id: str, /) -> Mapping[str, object]:
        """The deal's latest fields."""

    def has_customer(self, customer_id: str, /) -> bool:
        """Whether the customer is on record at all."""

    def is_active(self, customer_id: str, as_of: datetime, /) -> bool:
        """Whether the customer bought lately or has a running contract at the moment."""

    def values_of_customers(self, records: Sequence[Mapping[str, object]], as_of: datetime, /) -> Mapping[str, Values]:
        """The features of customers with changed fields."""

    def customer_record(self, customer_id: str, /) -> Mapping[str, object]:
        """The customer's latest fields."""

    def rep_of(self, deal_id: str, /) -> str | None:
        """Whose deal it is now."""

    def reps_of_customer(self, customer_id: str, /) -> frozenset[str]:
        """Whose customer it is now."""

    def staff(self) -> Staff:
        """Who sells, and in which team."""


def _no_words(_: Path) -> Words:
    return {}


def _none_before(_: Path, __: str) -> Sequence[Path]:
    return ()


@dataclass(frozen=True)
class Sources:
    """Where champions and histories come from; tests hand in their own.

    `find` gives the folder of a model's live bundle under a home, `watched` the file that changes on promotion; beside
    it lie `<model>.shadow.json` and `<model>.followed.json`, which point like it. `words` tells what a bundle knows,
    `before` the folders of the versions that were live, the latest first.
    """

    find: Callable[[Path, str], Path | None]
    watched: Callable[[Path, str], Path]
    load: Callable[[Path], Champion]
    remember: Callable[[History, tuple[Feature, ...]], Records]
    words: Callable[[Path], Words] = _no_words
    before: Callable[[Path, str], Sequence[Path]] = _none_before


def real_sources(clock: Callable[[], datetime]) -> Sources:
    """Bundles of `training` and memories of `features.online`, imported when first asked for.

    What a history says of days after the `clock`'s present does not make its data younger.
    """
    return Sources(
        find=_live,
        watched=lambda home, model: home / "champions" / f"{model}.json",
        load=_load,
        remember=partial(_remember, clock),
        words=_words,
        before=_before,
    )


def _live(home: Path, model: str) -> Path | None:
    from training.bundle_file import live_bundle

    return live_bundle(home, model)


def _load(folder: Path) -> Champion:
    from training.bundle_file import load_any

    return cast(Champion, load_any(folder))


def _words(folder: Path) -> Words:
    from training.known_words import known_words

    return known_words(folder)


def _before(home: Path, model: str) -> Sequence[Path]:
    from training.live_before import folders_before

    return folders_before(home, model)


def _remember(clock: Callable[[], datetime], history: History, features: tuple[Feature, ...]) -> Records:
    from features.online import Memory

    return Memory(history, features, clock())
