"""What is told of a registered version: the tags it is stored with, and the row that is made of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from features.history import History
from training.bundle_file import FILE
from training.candidate import Candidate, Verdict, main_loss
from training.promotions import Promotion

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"
SHADOW = "shadow"
"""Aliases of the version that answers, and of the one scored beside it."""


@dataclass(frozen=True)
class Version:
    """One registered version of a model. `state` is candidate, shadow, champion or archived."""

    model: str
    version: str
    until: str
    serves: str
    rung: str
    loss_name: str
    loss: float | None
    state: str
    live: bool
    run_id: str
    sha256: str
    says: str
    gate: str


def tags_of(candidate: Candidate, history: History, gate: Verdict | None, bundle: Path) -> dict[str, str]:
    """What is told of a version beside its files; `bundle` is the folder in which it was saved."""
    name, loss = main_loss(candidate) or ("", "")
    return {
        "foresell.until": candidate.bundle.until.isoformat(),
        "foresell.serves": candidate.choice.name,
        "foresell.rung": candidate.bundle.rung,
        "foresell.says": candidate.choice.says,
        "foresell.history": history.fingerprint,
        "foresell.features": candidate.bundle.fingerprint,
        "foresell.loss_name": name,
        "foresell.loss": repr(loss) if name else "",
        "foresell.sha256": str(json.loads((bundle / FILE).read_text("utf-8"))["sha256"]),
        **gate_tags(gate),
    }


def gate_tags(gate: Verdict | None) -> dict[str, str]:
    """What the gate said of it."""
    passed = "" if gate is None else "yes" if gate.passed else "no"
    return {"foresell.gate": gate.says if gate else "", "foresell.passed": passed}


def version_of(found: "ModelVersion", aliases: Mapping[str, str], log: tuple[Promotion, ...]) -> Version:
    """A registered version as it stands, by its tags, the aliases and the log of promotions."""
    tags, version = found.tags, str(found.version)
    loss = tags.get("foresell.loss", "")
    answers, shadows = aliases.get(CHAMPION) == version, aliases.get(SHADOW) == version
    was_live = any(one.version == version and one.is_of_champion for one in log)
    return Version(
        str(found.name),
        version,
        tags.get("foresell.until", ""),
        tags.get("foresell.serves", ""),
        tags.get("foresell.rung", ""),
        tags.get("foresell.loss_name", ""),
        float(loss) if loss else None,
        "champion" if answers else "shadow" if shadows else "archived" if was_live else "candidate",
        answers,
        str(found.run_id),
        tags.get("foresell.sha256", ""),
        tags.get("foresell.says", ""),
        tags.get("foresell.gate", ""),
    )
