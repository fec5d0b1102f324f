"""Three numbers for each: 目标 target, 冲刺 stretch, 挑战 challenge, each with its stated chance."""

from dataclasses import dataclass

import numpy as np

from serving.decisions.quotas.attainment import Outlook, amount_at
from serving.decisions.quotas.money import Floats, Wholes

NAMES = {"target": ("Target", "目标"), "stretch": ("Stretch", "冲刺"), "challenge": ("Challenge", "挑战")}


@dataclass(frozen=True)
class Tier:
    """Whole `amounts` by node, adding up exactly, and the `chances` that each node makes its own.

    `wished` is the chance asked for; None for the target, which the plan sets.
    """

    name: str
    wished: float | None
    amounts: Wholes
    chances: Floats


def tiers(outlook: Outlook, quotas: Wholes, stretch: float, challenge: float, unit: int = 1) -> tuple[Tier, Tier, Tier]:
    """From the sellers' quotas [sellers] upward: never below the tier before.

    Each seller's stretch and challenge are what is reached with the stated chance, down to the unit; a quota that is
    itself less likely is its own stretch. Teams carry the sums.
    """
    found, below = [], np.asarray(quotas, np.int64)
    for name, wished in (("target", None), ("stretch", stretch), ("challenge", min(stretch, challenge))):
        if wished is not None:
            reached = np.floor(np.maximum(amount_at(outlook.sorted, wished), 0) / unit).astype(np.int64) * unit
            below = np.maximum(below, reached)
        amounts = outlook.tree.sums(below)
        found.append(Tier(name, wished, amounts, outlook.chances(amounts)))
    return found[0], found[1], found[2]
