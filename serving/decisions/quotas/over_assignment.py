"""How much more than the company's number do the sellers carry in sum, for it to be sure enough?"""

from dataclasses import dataclass

import numpy as np

from serving.decisions.quotas.attainment import HALF
from serving.decisions.quotas.money import Floats


@dataclass(frozen=True)
class OverAssignment:
    """The line between the company's `target` and what the sellers carry in sum, `assigned`.

    `chance` is that of the target in the draws, `wished` what was asked for; `sure` is the number that has it. Handing
    out more changes neither by itself, so where they differ `sure` is the honest number. `held` tells that the
    wished share was more than allowed.
    """

    target: int
    assigned: int
    chance: float
    wished: float
    sure: int
    held: bool

    @property
    def amount(self) -> int:
        """The over-assignment."""
        return self.assigned - self.target


def over_assign(company: Floats, target: int, wished: float, most: float, unit: int = 1) -> OverAssignment:
    """From sorted draws of the company's total [draws], as a share of the target never more than `most`.

    The sellers' sum stands to the target as the company's even-chance total to the total it reaches with the wished
    chance: when the sellers' sum is made as often as not, the target is made with the wished chance.
    """
    middle, sure = np.quantile(company, [0.5, 1.0 - wished])
    share = middle / sure - 1.0 if sure > 0 else np.inf
    held = max(float(share), 0.0) > most
    over = target * min(max(float(share), 0.0), most)
    # Down to the unit, so that the sum of rounded quotas can hit it.
    return OverAssignment(
        target=target,
        assigned=target + int(over // unit) * unit,
        chance=float(np.mean(company >= target - HALF)),
        wished=wished,
        sure=max(int(np.floor(sure)), 0),
        held=held,
    )
