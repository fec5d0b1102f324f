"""Which files tell that a model or the history changed, and what do they hold?"""

import json
import os
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from stat import S_ISDIR

from features.catalog import CATALOG, CUSTOMER_CATALOG, fingerprint
from features.definition import Feature
from features.errors import ForesellError
from features.storage import LocalStore, open_store
from serving.champion import Champion, Model, Sources
from serving.problems.errors import ChampionOfOtherFeatures, EarlierVersionServes, NoChampion, NothingLoaded
from serving.shelf.pairs import Bundled

State = tuple[Hashable, ...]
Watched = tuple[State, State, State]
"""States of the files that point to the champion, to its shadow, and to the champion brought up to date."""

LEVEL_AS_OF = "level_as_of"
"""In `meta` of a bundle brought up to date: the moment (naive UTC) before which outcomes were known to it."""


@dataclass(frozen=True)
class Held:
    """The bundles of one model, as loaded from files in these states."""

    trained: Bundled
    followed: Bundled | None
    shadow: Bundled | None
    watched: Watched
    instead: ForesellError | None = None
    """Why an earlier version answers instead of the one that was promoted; None where that one does."""

    @property
    def features(self) -> frozenset[Feature]:
        """All that any of them looks at."""
        both = [self.trained] if self.shadow is None else [self.trained, self.shadow]
        return frozenset(feature for one in both for feature in one.champion.features)


def states_of(sources: Sources, home: Path, model: Model) -> Watched:
    """The states of the files that point to a model's bundles."""
    live = sources.watched(home, model)
    return _state_of(live), _state_of(_beside(live, "shadow")), _state_of(_beside(live, "followed"))


def load_held(
    sources: Sources, home: Path, model: Model, watched: Watched, present: Held | None
) -> tuple[Held, list[ForesellError]]:
    """The bundles of a model; what did not change is kept. Beside them what could not be loaded of them.

    Where nothing of the model serves yet and the champion cannot be loaded, one that was live before takes its place.
    Raises NoChampion, NothingLoaded, ChampionOfOtherFeatures, and what loading the champion raises.
    """
    troubles: list[ForesellError] = []
    live = sources.watched(home, model)
    instead: ForesellError | None = None
    if present is not None and present.watched[0] == watched[0] and present.instead is None:
        trained = present.trained
    else:
        try:
            trained = _champion(sources, home, model)
        except ForesellError as failure:
            if present is not None and present.instead is None:
                raise
            trained = _one_before(sources, home, model, failure) if present is None else present.trained
            instead = EarlierVersionServes(model, trained.champion.version, _why(model, failure))
            troubles.append(instead)
    shadow = followed = None
    try:
        if watched[1]:
            folder = _pointed(_beside(live, "shadow"))
            shadow = None if folder is None else _bundled(sources, folder, f"the shadow of the {model} model", model)
    except ForesellError as failure:
        # The champion does not suffer for its shadow.
        troubles.append(failure)
    try:
        if watched[2]:
            folder = _pointed(_beside(live, "followed"), trained.champion.version)
            followed = (
                None if folder is None else _bundled(sources, folder, f"the {model} model brought up to date", model)
            )
    except ForesellError as failure:
        troubles.append(failure)
    if followed is not None and followed.champion.features != trained.champion.features:
        followed = None
    return Held(trained, followed, shadow, watched, instead), troubles


def must_be_computed_alike(champion: Champion) -> None:
    """Raises ChampionOfOtherFeatures where this release defines a feature otherwise than the champion learned it."""
    ours = tuple(_ours(feature) for feature in champion.features)
    if fingerprint(ours) != champion.fingerprint:
        raise ChampionOfOtherFeatures(champion.model, champion.version, champion.fingerprint, fingerprint(ours))


def deliveries_of(home: Path) -> State:
    """Something that changes with each delivery, wherever the history is kept."""
    store = open_store(home)
    if isinstance(store, LocalStore):
        return _state_of(store.folder / "log")
    try:
        names = store.names("log")
    except (OSError, ForesellError):
        return ()
    return (len(names), hash(tuple(names)))


def _champion(sources: Sources, home: Path, model: Model) -> Bundled:
    try:
        folder = sources.find(home, model)
    except ForesellError:
        raise
    except Exception as failure:
        raise _not_loaded(model, f"the {model} model", failure) from failure
    if folder is None:
        raise NoChampion(model)
    return _bundled(sources, folder, f"the {model} model", model)


def _why(model: Model, failure: ForesellError) -> str:
    if isinstance(failure, NoChampion):
        return f"champions/{model}.json, which points to it, is not there."
    return failure.problem.format(*failure.args)


def _one_before(sources: Sources, home: Path, model: Model, failure: ForesellError) -> Bundled:
    """The latest version that was live and can be loaded. Raises the failure where there is none."""
    for folder in sources.before(home, model):
        try:
            return _bundled(sources, folder, f"an earlier version of the {model} model", model)
        except ForesellError:
            continue
    raise failure


def _bundled(sources: Sources, folder: Path, what: str, model: Model) -> Bundled:
    try:
        champion = sources.load(folder)
        # What would be made on first use is made here, before anyone waits for it.
        getattr(champion, "warm", bool)()
        words = sources.words(folder)
    except ForesellError:
        raise
    except Exception as failure:
        raise _not_loaded(model, what, failure) from failure
    must_be_computed_alike(champion)
    known = champion.meta.get(LEVEL_AS_OF)
    bundled = Bundled(champion, words, datetime.fromisoformat(str(known)) if known else champion.until)
    _ = bundled.one_deal
    return bundled


def _not_loaded(model: str, what: str, failure: Exception) -> NothingLoaded:
    fix = f"train it again: foresell train {model}, or go back: foresell models rollback {model}."
    return NothingLoaded(what, f"{type(failure).__name__}: {failure}".splitlines()[0], fix)


def _ours(feature: Feature) -> Feature:
    return (CATALOG if feature.entity == "deal" else CUSTOMER_CATALOG).get(feature.name, feature)


def _beside(live: Path, what: str) -> Path:
    return live.with_name(f"{live.stem}.{what}.json")


def _pointed(pointer: Path, of_version: str | None = None) -> Path | None:
    """The folder a file points to; None where it is of another version than asked. Raises NothingLoaded."""
    try:
        said = json.loads(pointer.read_text("utf-8"))
        return pointer.parent / str(said["folder"]) if of_version in (None, said.get("of", of_version)) else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as broken:
        fix = "remove the file; the service goes on with the champion as it was trained."
        raise NothingLoaded(f"what {pointer.name} points to", f"{type(broken).__name__}: {broken}", fix) from broken


def _state_of(path: Path) -> State:
    """Something that changes when a file is replaced, or when a name is added to a folder."""
    try:
        found = path.stat()
        names = len(os.listdir(path)) if S_ISDIR(found.st_mode) else 0
    except OSError:
        return ()
    return (found.st_mtime_ns, found.st_ino, found.st_size, names)
