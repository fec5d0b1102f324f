"""How does a version reach the service? As plain files under `<home>/champions`, whole or not at all.

Answering needs no MLflow, and goes on when a tracking server is away. `champions/win.json` says which folder the
champion lies in, `champions/win.shadow.json` the same of the version in its shadow.
"""

import json
import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from training.bundle_file import VERSION, BundleDamaged, unseal

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


def export(home: Path, found: "ModelVersion") -> Path:
    """Copy a version's bundle, with what lies beside it, to where the service reads it; return the folder.

    What lies there whole is left as it is; what is damaged is fetched again.
    """
    import mlflow

    # The run tells versions of the same number apart where one home has seen two stores.
    folder = home / "champions" / str(found.name) / f"{found.version}-{str(found.run_id)[:8]}"
    if _whole(folder):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as cache:
        fetched = Path(
            mlflow.artifacts.download_artifacts(run_id=str(found.run_id), artifact_path="bundle", dst_path=cache)
        )
        for file in sorted(one for one in fetched.rglob("*") if one.is_file()):
            place = folder / file.relative_to(fetched)
            place.parent.mkdir(parents=True, exist_ok=True)
            replace(place, file.read_bytes())
    replace(folder / VERSION, str(found.version).encode())
    return folder


def _whole(folder: Path) -> bool:
    """Whether a bundle was copied to its end, and says what it said then."""
    if not (folder / VERSION).exists():
        return False
    try:
        unseal(folder)
    except BundleDamaged:
        return False
    return True


def point(home: Path, model: str, version: str, folder: Path, at: datetime) -> None:
    """Let a folder answer for a model; `model` is "win", or "win.shadow" for the version in its shadow."""
    champions = home / "champions"
    pointer = {
        "version": version,
        "folder": folder.relative_to(champions).as_posix(),
        "promoted_at": at.isoformat(timespec="seconds"),
    }
    replace(champions / f"{model}.json", json.dumps(pointer).encode())


def unpoint(home: Path, model: str) -> None:
    """Nothing answers any more under this name."""
    (home / "champions" / f"{model}.json").unlink(missing_ok=True)


def replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    draft.write_bytes(content)
    os.replace(draft, path)
