"""What does one request answer from? A model with all that goes with it, which never changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from features.errors import ForesellError
from serving.champion import Champion, Model, Records, Words
from serving.problems.errors import ModelKnowsTheFuture
from serving.shelf.feature_names import FeaturesRead
from serving.shelf.one_deal import OneDeal, reader_of


@dataclass(frozen=True, eq=False)
class Bundled:
    """A bundle as it answers, and the texts it knows. Its level is that of outcomes known by `level_as_of`."""

    champion: Champion
    words: Words
    level_as_of: datetime

    @cached_property
    def names(self) -> frozenset[str]:
        """The features it looks at."""
        return frozenset(feature.name for feature in self.champion.features)

    @cached_property
    def fingerprint(self) -> str:
        """That of the features it looks at, worked out once."""
        return self.champion.fingerprint

    @cached_property
    def reads(self) -> FeaturesRead:
        """What it makes of features that a caller sends."""
        return FeaturesRead.of(self.champion.features, self.words)

    @cached_property
    def one_deal(self) -> OneDeal | None:
        """What reads and scores requests about one deal; None where they have to be read by name."""
        return reader_of(self)

    @cached_property
    def texts_met(self) -> tuple[tuple[str, frozenset[str]], ...]:
        """The features it looks at that are texts, each with the texts it met in training."""
        return tuple((name, words) for name, words in sorted(self.words.items()) if name in self.names)


@dataclass(frozen=True)
class Pair:
    """A champion and the history it is asked about: what one request answers from.

    `followed` is the champion with its level brought up to date. `records` is None until the history is in memory.
    """

    trained: Bundled
    followed: Bundled | None
    shadow: Bundled | None
    records: Records | None
    zone: ZoneInfo
    currency: str | None
    deliveries: int

    @property
    def champion(self) -> Champion:
        """The champion as it was trained."""
        return self.trained.champion

    def at(self, as_of: datetime) -> Bundled:
        """What answers as of a moment (naive UTC): the latest level that does not know what came after it.

        Raises ModelKnowsTheFuture for a moment before the end of what the champion learned from.
        """
        if self.followed is not None and as_of >= self.followed.level_as_of:
            return self.followed
        self.must_not_know(as_of)
        return self.trained

    def must_not_know(self, as_of: datetime) -> None:
        """Raises ModelKnowsTheFuture for a moment before the end of what the champion learned from."""
        if as_of < self.champion.until:
            champion = self.champion
            raise ModelKnowsTheFuture(champion.model, champion.version, moment_text(champion.until), moment_text(as_of))


@dataclass(frozen=True)
class Standing:
    """How the shelf stands: what serves, why a model does not, and what could not be loaded."""

    pairs: Mapping[Model, Pair]
    lacking: Mapping[Model, ForesellError]
    troubles: tuple[ForesellError, ...]

    @property
    def pair(self) -> Pair | None:
        """What serves of the first model that does, with a history; None where nothing does."""
        return next((pair for pair in self.pairs.values() if pair.records is not None), None)

    @property
    def data_as_of(self) -> datetime | None:
        """The latest moment at which anything was recorded, as far as it is in memory."""
        return next((pair.records.data_as_of for pair in self.pairs.values() if pair.records is not None), None)


def moment_text(moment: datetime) -> str:
    """A naive UTC moment as errors tell it."""
    return moment.isoformat(timespec="seconds") + "Z"
