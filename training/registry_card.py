"""What does the service tell of all versions without asking MLflow? A file beside the champions, written at each move.

An MLflow server that is away, or slow, then keeps nobody from seeing which version was live when.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from training.exporting import replace
from training.promotions import Promotion
from training.version_tags import Version

FORMAT = 1


def file_of(home: Path, model: str) -> Path:
    """Where a model's versions are told."""
    return home / "champions" / f"{model}.versions.json"


def write(
    home: Path,
    model: str,
    versions: Sequence[Version],
    log: Sequence[Promotion],
    metrics: Mapping[str, Mapping[str, float]],
) -> None:
    """Tell all versions, newest first, with what each scored (by version), and every move, oldest first."""
    document = {
        "format": FORMAT,
        "model": model,
        "versions": [{**asdict(one), "metrics": dict(metrics.get(one.version, {}))} for one in versions],
        "log": [{"version": one.version, "at": one.at.isoformat(), "move": one.move.value} for one in log],
    }
    file = file_of(home, model)
    file.parent.mkdir(parents=True, exist_ok=True)
    replace(file, json.dumps(document, ensure_ascii=False).encode())


def read(home: Path, model: str) -> Mapping[str, object] | None:
    """What was told last; None where a release before this one wrote the home, or nothing was trained."""
    try:
        found = json.loads(file_of(home, model).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("format") == FORMAT else None


def metrics_in(home: Path, model: str) -> dict[str, dict[str, float]]:
    """The figures told of each version."""
    told = read(home, model) or {}
    versions = told.get("versions")
    return {one["version"]: one["metrics"] for one in versions} if isinstance(versions, list) else {}
