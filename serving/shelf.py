"""Which model and which history answer now? Both in memory, replaced together, without a restart.

A background thread looks whether another model was promoted or the history grew, loads beside what is serving, and
puts the new pair in place of the old in one step. A request takes the pair once, so no answer mixes two of them. What
cannot be loaded is said and leaves the old pair serving.
"""

import logging
import os
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from stat import S_ISDIR
from threading import Event, Lock, Thread
from time import monotonic
from zoneinfo import ZoneInfo

from features.catalog import CATALOG, fingerprint
from features.definition import Feature
from features.errors import ForesellError
from features.history import History
from features.storage import LocalStore, open_store
from serving.champion import Champion, Records, Sources
from serving.errors import ChampionOfOtherFeatures, ModelKnowsTheFuture, NoChampion, NothingLoaded, StillLoading
from serving.request_log import FACTS, LOGGER

log = logging.getLogger(LOGGER)
State = tuple[Hashable, ...]


@dataclass(frozen=True)
class Pair:
    """A champion and the history it is asked about: what one request answers from."""

    champion: Champion
    records: Records
    zone: ZoneInfo
    currency: str | None
    deliveries: int
    promoted: State
    delivered: State

    def must_not_know(self, as_of: datetime) -> None:
        """Raises ModelKnowsTheFuture for a moment before the end of what the champion learned from."""
        if as_of < self.champion.until:
            champion = self.champion
            raise ModelKnowsTheFuture(champion.model, champion.version, _plain(champion.until), _plain(as_of))


@dataclass(frozen=True)
class Standing:
    """How the shelf stands: what serves, and what could not be loaded."""

    pair: Pair | None
    troubles: tuple[ForesellError, ...]


class Shelf:
    """The pair of one model. `tick` counts seconds."""

    def __init__(
        self,
        home: Path,
        model: str,
        sources: Sources,
        look_every: timedelta,
        retry_after: timedelta,
        tick: Callable[[], float] = monotonic,
    ) -> None:
        self.home, self.model = home, model
        self._sources, self._tick = sources, tick
        self._look_every, self._retry_after = look_every.total_seconds(), retry_after.total_seconds()
        self._standing = Standing(None, (StillLoading(f"the {model} model and the history"),))
        self._tried: tuple[State, State] | None = None
        self._failed_at = 0.0
        self._looking = Lock()
        self._first_look, self._stop = Event(), Event()
        self._thread = Thread(target=self._keep_looking, name=f"shelf-{model}", daemon=True)

    @property
    def standing(self) -> Standing:
        """What serves now, and what could not be loaded."""
        return self._standing

    def pair(self) -> Pair:
        """What serves now. Raises NoChampion, NoHistory, StillLoading, ChampionOfOtherFeatures, NothingLoaded."""
        standing = self._standing
        if standing.pair is not None:
            return standing.pair
        # A fresh copy: an exception object gathers the traceback of everyone who raises it.
        first = standing.troubles[0]
        raise type(first)(*first.args)

    def start(self, wait: timedelta) -> None:
        """Begin to look, and wait this long for the first look to end."""
        self._thread.start()
        self._first_look.wait(wait.total_seconds())

    def close(self) -> None:
        """Stop looking. A load under way is not waited for."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=self._look_every + 1)

    def look(self) -> bool:
        """Take up what is new; True if another pair serves now. Cheap where nothing changed."""
        with self._looking:
            seen = (_state_of(self._sources.watched(self.home, self.model)), _deliveries_of(self.home))
            failed_lately = self._tick() - self._failed_at < self._retry_after
            if seen == self._tried and (not self._standing.troubles or failed_lately):
                return False
            self._tried = seen
            before = self._standing.pair
            self._standing = self._load(before, *seen)
            self._tell(before)
            return self._standing.pair is not before

    def _load(self, present: Pair | None, promoted: State, delivered: State) -> Standing:
        troubles: list[ForesellError] = []
        champion = present.champion if present else None
        if present is None or present.promoted != promoted:
            try:
                champion = self._load_champion()
            except ForesellError as failure:
                troubles.append(failure)
                promoted = present.promoted if present else ()
        try:
            pair = self._pair_with(present, champion, promoted, delivered)
        except ForesellError as failure:
            troubles.append(failure)
            pair = present
        return Standing(pair, tuple(troubles))

    def _load_champion(self) -> Champion:
        try:
            folder = self._sources.find(self.home, self.model)
            if folder is None:
                raise NoChampion(self.model)
            champion = self._sources.load(folder)
        except ForesellError:
            raise
        except Exception as failure:
            fix = f"train it again: foresell train {self.model}, or go back: foresell models rollback {self.model}."
            raise NothingLoaded(f"the {self.model} model", _said(failure), fix) from failure
        must_be_computed_alike(champion)
        return champion

    def _pair_with(
        self, present: Pair | None, champion: Champion | None, promoted: State, delivered: State
    ) -> Pair | None:
        """The champion beside the history as delivered; what is in memory already is kept."""
        if present is not None and champion is not None and present.delivered == delivered:
            if present.champion is champion:
                return present
            if present.champion.features == champion.features:
                return replace(present, champion=champion, promoted=promoted)
        history = History.existing(self.home)
        if champion is None:
            return None
        try:
            records = self._sources.remember(history, champion.features)
        except ForesellError:
            raise
        except Exception as failure:
            fix = "look into the service's log; foresell check examines the history."
            raise NothingLoaded("the history", _said(failure), fix) from failure
        zone = ZoneInfo(history.timezone or "UTC")
        return Pair(champion, records, zone, history.currency, len(history.entries), promoted, delivered)

    def _tell(self, before: Pair | None) -> None:
        pair, troubles = self._standing.pair, self._standing.troubles
        if troubles:
            self._failed_at = self._tick()
        for trouble in troubles:
            log.warning("not loaded", extra={FACTS: {"model": self.model, "problem": str(trouble)}})
        if pair is not None and pair is not before:
            facts = {"model": self.model, "version": pair.champion.version, "deliveries": pair.deliveries}
            log.info("loaded", extra={FACTS: facts})

    def _keep_looking(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
            except Exception:
                log.exception("the look for new models and deliveries failed")
            self._first_look.set()
            self._stop.wait(self._look_every)


def must_be_computed_alike(champion: Champion) -> None:
    """Raises ChampionOfOtherFeatures where this release defines a feature otherwise than the champion learned it."""
    ours: tuple[Feature, ...] = tuple(CATALOG.get(feature.name, feature) for feature in champion.features)
    if fingerprint(ours) != champion.fingerprint:
        raise ChampionOfOtherFeatures(champion.model, champion.version, champion.fingerprint, fingerprint(ours))


def _state_of(path: Path) -> State:
    """Something that changes when a file is replaced, or when a name is added to a folder."""
    try:
        found = path.stat()
        names = len(os.listdir(path)) if S_ISDIR(found.st_mode) else 0
    except OSError:
        return ()
    return (found.st_mtime_ns, found.st_ino, found.st_size, names)


def _deliveries_of(home: Path) -> State:
    """Something that changes with each delivery, wherever the history is kept."""
    store = open_store(home)
    if isinstance(store, LocalStore):
        return _state_of(store.folder / "log")
    try:
        names = store.names("log")
    except (OSError, ForesellError):
        return ()
    return (len(names), hash(tuple(names)))


def _said(failure: Exception) -> str:
    return f"{type(failure).__name__}: {failure}".splitlines()[0]


def _plain(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds") + "Z"
