"""Which models and which history answer now? All in memory, replaced together, without a restart.

A background thread looks whether a model was promoted, put in a champion's shadow or brought up to date, and whether
the history grew. It loads beside what is serving and puts the new in place of the old in one step. A request takes the
pair of its model once, so no answer mixes two. What cannot be loaded is said and leaves the old serving; bundles serve
before the history is in memory, to those who send features.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from threading import Condition, Event, Lock, Thread
from time import monotonic
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from features.definition import Feature
from features.errors import ForesellError
from features.history import History
from features.ledger import Log
from serving.champion import MODELS, Model, Records, Sources
from serving.problems.errors import NoChampion, NothingLoaded, StillLoading
from serving.shelf.files import (
    Held,
    State,
    Watched,
    deliveries_of,
    load_held,
    must_be_computed_alike,
    states_of,
)
from serving.shelf.pairs import Bundled, Pair, Standing
from serving.telemetry.request_log import FACTS, LOGGER

__all__ = ["Bundled", "Pair", "Shelf", "Standing", "must_be_computed_alike"]

log = logging.getLogger(LOGGER)


class Follows(Protocol):
    """Tells a memory what was accepted and is not in its history (`serving.events.follower`)."""

    def loaded(self, memory: Any, log: Log, /) -> object:
        """A memory was read from a history with this log: tell it the rest, now and from now on."""

    def covers(self, memory: Any, log: Log, /) -> bool:
        """Whether the memory knows all that a later log says."""


class Shelf:
    """What serves of each model. `tick` counts seconds; the `follower` tells memories what comes as events."""

    def __init__(
        self,
        home: Path,
        sources: Sources,
        look_every: timedelta,
        retry_after: timedelta,
        tick: Callable[[], float] = monotonic,
        follower: Follows | None = None,
    ) -> None:
        self.home = home
        self._sources, self._tick, self._follower = sources, tick, follower
        self._look_every, self._retry_after = look_every.total_seconds(), retry_after.total_seconds()
        self._standing = Standing({}, {}, (StillLoading("the models and the history"),))
        self._held: dict[Model, Held] = {}
        self._memory: tuple[Records, frozenset[Feature], int] | None = None
        self._history: tuple[ZoneInfo, str | None, int] | None = None
        self._delivered: State = ()
        self._lacking: dict[Model, ForesellError] = {}
        self._aside: dict[Model, list[ForesellError]] = {}
        self._of_history: ForesellError | None = None
        self._tried: tuple[Mapping[Model, Watched], State] | None = None
        self._failed_at = 0.0
        self._looking, self._changed = Lock(), Condition()
        self._first_look, self._stop = Event(), Event()
        self._thread = Thread(target=self._keep_looking, name="shelf", daemon=True)

    @property
    def standing(self) -> Standing:
        """What serves now, and what could not be loaded."""
        return self._standing

    @property
    def records(self) -> Records | None:
        """The history in memory; None until it is loaded."""
        return None if self._memory is None else self._memory[0]

    @property
    def loading(self) -> bool:
        """Whether the first look, which loads all there is, is still under way."""
        return not self._first_look.is_set()

    def pair(self, model: Model = "win") -> Pair:
        """What serves now of a model, perhaps still without records.

        Raises NoChampion, NoHistory, StillLoading, ChampionOfOtherFeatures, NothingLoaded.
        """
        standing = self._standing
        found = standing.pairs.get(model)
        if found is not None:
            return found
        raise _afresh(standing.lacking.get(model, StillLoading(f"the {model} model")))

    def without_records(self) -> ForesellError:
        """Why a pair has no records yet."""
        return StillLoading("the history") if self._of_history is None else _afresh(self._of_history)

    def start(self, wait: timedelta) -> None:
        """Begin to look, and wait at most this long until a first bundle serves or none will."""
        self._thread.start()
        with self._changed:
            self._changed.wait_for(lambda: bool(self._standing.pairs) or not self.loading, wait.total_seconds())

    def wait_until_loaded(self, wait: timedelta) -> bool:
        """Wait at most this long for the end of the first look; whether it has ended."""
        return self._first_look.wait(wait.total_seconds())

    def close(self) -> None:
        """Stop looking. A load under way is not waited for."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=self._look_every + 1)

    def look(self) -> bool:
        """Take up what is new; True if something else serves now. Cheap where nothing changed."""
        with self._looking:
            seen = ({model: states_of(self._sources, self.home, model) for model in MODELS}, deliveries_of(self.home))
            failed_lately = self._tick() - self._failed_at < self._retry_after
            if seen == self._tried and (not self._standing.troubles or failed_lately):
                return False
            self._tried = seen
            before = self._standing.pairs
            if self._memory is None:
                self._read_zone()
            for model in MODELS:
                self._load_model(model, seen[0][model])
                if self._memory is None:
                    # Who sends features need not wait for the next model, nor for the history.
                    self._show()
            self._of_history = self._load_history(seen[1])
            self._show()
            self._tell(before)
            return _differs(before, self._standing.pairs)

    def _load_model(self, model: Model, watched: Watched) -> None:
        """The bundles of one model, where its files changed or something of it could not be loaded."""
        held = self._held.get(model)
        if held is not None and held.watched == watched and not self._aside.get(model):
            return
        try:
            self._held[model], self._aside[model] = load_held(self._sources, self.home, model, watched, held)
            self._lacking.pop(model, None)
            if (instead := self._held[model].instead) is not None:
                self._lacking[model] = instead
        except ForesellError as failure:
            self._lacking[model] = failure
            # A model that never was there is no trouble.
            absent = isinstance(failure, NoChampion) and held is None
            self._aside[model] = [] if absent else [failure]

    def _read_zone(self) -> None:
        """What the log alone tells of the history, long before its rows are in memory."""
        try:
            history = History.existing(self.home)
            self._history = (ZoneInfo(history.timezone or "UTC"), history.currency, len(history.entries))
        except ForesellError:
            self._history = None

    def _load_history(self, delivered: State) -> ForesellError | None:
        """The memory, where the history grew or a model looks at features that it lacks."""
        wanted = frozenset(feature for held in self._held.values() for feature in held.features)
        records = self.records if self._memory is not None and wanted <= self._memory[1] else None
        if records is not None and delivered == self._delivered:
            return None
        try:
            history = History.existing(self.home)
            if records is not None and self._follower is not None and self._follower.covers(records, history.log):
                # Rows that came as events were taken into memory when they came.
                self._delivered = delivered
                return None
            if wanted:
                features = tuple(sorted(wanted, key=lambda feature: (feature.entity, feature.name)))
                records = self._sources.remember(history, features)
                number = len(history.entries)
                if self._follower is not None:
                    self._follower.loaded(records, history.log)
                self._memory = (records, wanted, number)
                self._history = (ZoneInfo(history.timezone or "UTC"), history.currency, number)
                self._delivered = delivered
        except ForesellError as failure:
            return failure
        except Exception as failure:
            fix = "look into the service's log; foresell check examines the history."
            said = f"{type(failure).__name__}: {failure}".splitlines()[0]
            return NothingLoaded("the history", said, fix)
        return None

    def _show(self) -> None:
        """Put what is loaded in place, in one step. A model that the memory does not suffice for keeps its pair."""
        pairs = dict(self._standing.pairs)
        zone, currency, deliveries = self._history or (ZoneInfo("UTC"), None, 0)
        for model, held in self._held.items():
            suffices = self._memory is not None and held.features <= self._memory[1]
            present = pairs.get(model)
            if suffices or present is None or present.records is None:
                records = self._memory[0] if self._memory is not None and suffices else None
                found = Pair(held.trained, held.followed, held.shadow, records, zone, currency, deliveries)
                if present is None or found != present:
                    pairs[model] = found
        troubles = [trouble for some in self._aside.values() for trouble in some]
        if not pairs and not troubles:
            troubles += [self._lacking[model] for model in MODELS[:1] if model in self._lacking]
        if self._of_history is not None:
            troubles.append(self._of_history)
        self._standing = Standing(pairs, dict(self._lacking), tuple(troubles))
        with self._changed:
            self._changed.notify_all()

    def _tell(self, before: Mapping[Model, Pair]) -> None:
        troubles = self._standing.troubles
        if troubles:
            self._failed_at = self._tick()
        for trouble in troubles:
            log.warning("not loaded", extra={FACTS: {"problem": str(trouble)}})
        for model, pair in self._standing.pairs.items():
            if pair != before.get(model):
                facts = {"model": model, "version": pair.champion.version, "deliveries": pair.deliveries}
                beside = {} if pair.shadow is None else {"shadow": pair.shadow.champion.version}
                log.info("loaded", extra={FACTS: facts | beside})

    def _keep_looking(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
            except Exception:
                log.exception("the look for new models and deliveries failed")
            self._first_look.set()
            with self._changed:
                self._changed.notify_all()
            self._stop.wait(self._look_every)


def _differs(before: Mapping[Model, Pair], after: Mapping[Model, Pair]) -> bool:
    return before.keys() != after.keys() or any(after[model] is not pair for model, pair in before.items())


def _afresh(trouble: ForesellError) -> ForesellError:
    """A fresh copy: an exception object gathers the traceback of everyone who raises it."""
    return type(trouble)(*trouble.args)
