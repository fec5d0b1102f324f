"""Which versions were live, and where do they lie? For a service that starts and cannot read the present one.

The registry leaves word of every version and move beside the champions (`training.registry_card`). Where a home has no
such word, nothing is guessed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from training.promotions import Move, Promotion, standing
from training.registry_card import read


def folders_before(home: Path, model: str) -> list[Path]:
    """The folders of the versions that were live, the present one first: it may be its pointer that is damaged."""
    told: Mapping[str, Any] | None = read(home, model)
    if told is None:
        return []
    try:
        log = [Promotion(one["version"], datetime.fromisoformat(one["at"]), Move(one["move"])) for one in told["log"]]
        runs = {str(one["version"]): str(one["run_id"]) for one in told["versions"]}
    except (KeyError, TypeError, ValueError):
        return []
    return [folder for version in _latest_first(standing(log)) if (folder := _folder(home, model, version, runs))]


def _latest_first(versions: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(reversed(versions)))


def _folder(home: Path, model: str, version: str, runs: Mapping[str, str]) -> Path | None:
    """Where the registry put a version (`training.exporting`); None where it is not there any more."""
    folder = home / "champions" / model / f"{version}-{runs.get(version, '')[:8]}"
    return folder if folder.is_dir() else None
