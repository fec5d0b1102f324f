"""How is a trained model kept in a file, and how does it show that the file is damaged?

Every model is one folder with `bundle.json`: {"sha256": ..., "bundle": {"model": "win" | "churn" | "forecast", ...}}.
Plain JSON, never unpickled. The same history, seed and release give the same bytes.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from features.errors import ForesellError

FILE = "bundle.json"
VERSION = "version"
"""Beside the bundle: the number under which it was registered."""
CANDIDATE = "candidate"
"""What a bundle calls itself before it is registered."""
KINDS: Mapping[str, tuple[str, str]] = {
    "win": ("training.bundle", "Bundle"),
    "churn": ("training.churn.bundle", "ChurnBundle"),
    "forecast": ("training.forecast.bundle", "ForecastBundle"),
}
"""Where the class of each model's bundle stands."""


class BundleDamaged(ForesellError):
    problem = "The model in {0} cannot be read: {1}."
    fix = (
        "train again (foresell train all), or promote another version (foresell models list). Where only this copy is "
        "damaged, promoting its version fetches it again from the store: foresell models promote MODEL VERSION."
    )


class ModelBundle(Protocol):
    """What every model's bundle has. `until` is naive UTC, `fingerprint` that of its features' definitions."""

    @property
    def model(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def rung(self) -> str: ...
    @property
    def until(self) -> datetime: ...
    @property
    def fingerprint(self) -> str: ...

    def save(self, folder: Path) -> Path:
        """Write the bundle into a folder; return its file."""


def seal(document: Mapping[str, object]) -> str:
    """A bundle's document (with its "model") as text, beside its checksum."""
    body = json.dumps(document, ensure_ascii=False, sort_keys=True)
    return json.dumps({"sha256": sha256(body.encode()).hexdigest(), "bundle": document}, ensure_ascii=False)


def write(folder: Path, sealed: str) -> Path:
    """Write a sealed bundle into a folder; return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    path.write_text(sealed, "utf-8")
    return path


def unseal(folder: Path) -> dict[str, Any]:
    """The document of the bundle in a folder. Raises BundleDamaged."""
    try:
        outer = json.loads((folder / FILE).read_text("utf-8"))
        document = outer["bundle"]
        body = json.dumps(document, ensure_ascii=False, sort_keys=True)
        if sha256(body.encode()).hexdigest() != outer["sha256"]:
            raise BundleDamaged(folder, "its checksum is wrong")
    except (OSError, ValueError, KeyError, TypeError) as broken:
        raise BundleDamaged(folder, broken) from broken
    return cast(dict[str, Any], document)


def version_in(folder: Path) -> str:
    """The number under which the bundle in a folder was registered."""
    path = folder / VERSION
    return path.read_text("utf-8").strip() if path.exists() else CANDIDATE


def load_any(folder: Path) -> ModelBundle:
    """The bundle in a folder, whichever model's it is. Raises BundleDamaged, and what the model's `load` raises."""
    model = unseal(folder).get("model")
    if model not in KINDS:
        raise BundleDamaged(folder, f"it holds a model that this release does not know: {model}")
    module, kind = KINDS[cast(str, model)]
    return cast(ModelBundle, getattr(import_module(module), kind).load(folder))


def live_bundle(home: Path, model: str) -> Path | None:
    """The folder of the champion, None where none was promoted. Raises BundleDamaged."""
    return _pointed(home / "champions" / f"{model}.json")


def shadow_bundle(home: Path, model: str) -> Path | None:
    """The folder of the version in the champion's shadow, None where there is none. Raises BundleDamaged."""
    return _pointed(home / "champions" / f"{model}.shadow.json")


def is_pointed_at(home: Path, model: str) -> bool:
    """Whether something was promoted, readable or not."""
    return (home / "champions" / f"{model}.json").exists()


def _pointed(pointer: Path) -> Path | None:
    if not pointer.exists():
        return None
    try:
        return pointer.parent / cast(str, json.loads(pointer.read_text("utf-8"))["folder"])
    except (OSError, ValueError, KeyError, TypeError) as broken:
        raise BundleDamaged(pointer, broken) from broken
