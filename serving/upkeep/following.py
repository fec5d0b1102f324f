"""Do the live models know what has become of those they scored? Their level is moved by outcomes, beside the champion.

A job, in a process of its own since it needs pandas: it writes the champion brought up to date as a sealed bundle next
to it, with the moment before which outcomes were known to it. The service takes that up like a promotion; answers as of
earlier moments still come from the champion as it was trained.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import ForesellError
from features.history import History
from serving.champion import MODELS, Model
from serving.shelf.files import LEVEL_AS_OF
from training.bundle_file import VERSION, live_bundle

if TYPE_CHECKING:
    from serving.jobs.job import JobContext
    from training.bundle import Bundle
    from training.churn.bundle import ChurnBundle

FOLDER = "followed-"
"""Begins the names of the folders with bundles brought up to date, beside the champion's."""
KEPT = 2
"""So many are kept: one may still be read while the next is put in place."""


def follow(context: "JobContext") -> str:
    """Bring the level of every live model up to date, as of the context's `now`. Says what was done.

    Raises what stands in the way of one model after the others were tried.
    """
    history = History.existing(context.home)
    said, failed = list[str](), list[ForesellError]()
    for model in MODELS:
        try:
            if live_bundle(context.home, model) is not None:
                said.append(bring_up_to_date(context.home, history, model, context.now))
        except ForesellError as failure:
            failed.append(failure)
    if failed:
        raise failed[0]
    return " ".join(said) or "No model is live."


def may_have_moved(context: "JobContext") -> bool:
    """Whether a champion was promoted, or rows came or a day went by, since its level was last brought up to date."""
    try:
        rows = len(History.existing(context.home).entries)
        for model in MODELS:
            folder = live_bundle(context.home, model)
            if folder is None:
                continue
            said = _pointer(context.home, model)
            if said is None or said.get("of") != _version(folder) or said.get("deliveries") != rows:
                return True
            if context.now.date() > datetime.fromisoformat(str(said["as_of"])).date():
                return True
    except (ForesellError, ValueError, KeyError):
        return True
    return False


def bring_up_to_date(home: Path, history: History, model: Model, as_of: datetime) -> str:
    """Write the live model with its level as of a moment (naive UTC) and point to it. Says what was done."""
    from training.bundle_file import load_any
    from training.predict import check_time

    folder = live_bundle(home, model)
    assert folder is not None
    bundle = load_any(folder)
    check_time(bundle, as_of)
    moved = _moved(history, model, bundle, as_of)
    if moved is None:
        _pointer_file(home, model).unlink(missing_ok=True)
        return f"The {model} model follows no outcomes."
    into = folder / f"{FOLDER}{as_of:%Y%m%dT%H%M%S}"
    moved.save(into)
    (into / VERSION).write_text(bundle.version, "utf-8")
    pointer = _pointer_file(home, model)
    said = {
        "of": bundle.version,
        "folder": into.relative_to(pointer.parent).as_posix(),
        "as_of": as_of.isoformat(),
        "deliveries": len(history.entries),
    }
    draft = pointer.with_suffix(".draft")
    draft.write_text(json.dumps(said), "utf-8")
    draft.replace(pointer)
    _tidy(folder)
    return f"The level of the {model} model {bundle.version} is that of {as_of:%Y-%m-%d %H:%M} UTC."


def _moved(history: History, model: Model, bundle: object, as_of: datetime) -> "Bundle | ChurnBundle | None":
    """The bundle with its level as of the moment, sealed with it; None where it follows nothing."""
    from training.bundle import Bundle
    from training.churn.bundle import ChurnBundle

    if isinstance(bundle, Bundle):
        from training.predict import followed

        moved = followed(history, bundle, as_of)
        return None if moved is bundle else replace(moved, meta={**moved.meta, LEVEL_AS_OF: as_of.isoformat()})
    assert isinstance(bundle, ChurnBundle)
    from training.churn.refreshing import brought_up_to_date

    known = brought_up_to_date(history, bundle, as_of)
    return replace(known, meta={**known.meta, LEVEL_AS_OF: as_of.isoformat()}) if as_of > bundle.until else None


def _tidy(folder: Path) -> None:
    """Remove all but the latest bundles brought up to date."""
    for old in sorted(_followed_in(folder), key=lambda path: path.name)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _followed_in(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.is_dir() and path.name.startswith(FOLDER))


def _pointer_file(home: Path, model: Model) -> Path:
    return home / "champions" / f"{model}.followed.json"


def _pointer(home: Path, model: Model) -> dict[str, object] | None:
    with suppress(OSError):
        found = json.loads(_pointer_file(home, model).read_text("utf-8"))
        return found if isinstance(found, dict) else None
    return None


def _version(folder: Path) -> str:
    return (folder / VERSION).read_text("utf-8").strip()
