"""Which version answered at a moment? A log that only ever grows, and what follows from it.

Each entry is a tag of its own on the registered model, so two processes that promote at once lose nothing,
on one machine or on several that share an MLflow server.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import uuid4

from features.errors import ForesellError

OLD_LIST = "foresell.promotions"
"""Tag of earlier releases: a JSON list of [version, moment], in which " back" ends a rollback's moment."""
ENTRY = "foresell.promotion."
"""Begins the tag of one entry."""


class NothingLiveThen(ForesellError):
    problem = "No version of the {0} model was live at {1}."
    fix = "ask for a later moment; foresell models list {0} tells the versions there are."


class Move(StrEnum):
    """What an entry of the log did."""

    LIVE = "live"
    BACK = "back"
    SHADOW = "shadow"
    NO_SHADOW = "no shadow"


@dataclass(frozen=True)
class Promotion:
    """One entry: a version (empty where a shadow ended), the moment (naive UTC), and what was done."""

    version: str
    at: datetime
    move: Move

    @property
    def is_of_champion(self) -> bool:
        """Whether it changed who answers."""
        return self.move in (Move.LIVE, Move.BACK)


def entry(log: Sequence[Promotion], new: Promotion) -> tuple[str, str]:
    """The tag (name, value) that adds an entry after those of the log."""
    name = f"{ENTRY}{len(log):06d}.{uuid4().hex[:12]}"
    return name, json.dumps([new.version, new.at.isoformat(), new.move.value])


def log_in(tags: Mapping[str, str]) -> tuple[Promotion, ...]:
    """The log that a registered model's tags hold, oldest first.

    Moments order it; of one moment, the order in which entries were added.
    """
    found = []
    for number, (version, text) in enumerate(json.loads(tags.get(OLD_LIST, "[]"))):
        back = text.endswith(" back")
        moment = datetime.fromisoformat(text.removesuffix(" back"))
        found.append((moment, f"{number:06d}", Promotion(version, moment, Move.BACK if back else Move.LIVE)))
    for name, value in tags.items():
        if name.startswith(ENTRY):
            version, text, move = json.loads(value)
            moment = datetime.fromisoformat(text)
            found.append((moment, name.removeprefix(ENTRY), Promotion(version, moment, Move(move))))
    return tuple(one for _, _, one in sorted(found, key=lambda each: each[:2]))


def live_at(log: Sequence[Promotion], at: datetime) -> str | None:
    """The version that answered at a moment (naive UTC), None before the first promotion."""
    before = [one.version for one in log if one.is_of_champion and one.at <= at]
    return before[-1] if before else None


def shadow_at(log: Sequence[Promotion], at: datetime) -> str | None:
    """The version that was scored beside the champion at a moment, None where none was."""
    version: str | None = None
    for one in log:
        if one.at > at:
            break
        if one.move is Move.SHADOW:
            version = one.version
        elif one.move is Move.NO_SHADOW or one.version == version:
            version = None
    return version


def standing(log: Sequence[Promotion]) -> list[str]:
    """The champions that a rollback can go back through, the present one last."""
    found: list[str] = []
    for one in log:
        if one.move is Move.LIVE:
            found.append(one.version)
        elif one.move is Move.BACK:
            found = found[:-1]
    return found


@contextmanager
def one_at_a_time(home: Path) -> Iterator[None]:
    """Keeps two processes of this machine from logging models, or exporting champions, into a home at once."""
    import fcntl

    folder = home / "champions"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
