"""What estimates the chance to win in a stored model? Our curve or blend, rates, or one of the rivals."""

from collections.abc import Mapping

from training.blend import Blend
from training.rivals import Rival
from training.rivals import from_json as rival_from_json
from training.shrunk_rates import ShrunkRates
from training.win_curve import KIND, WinCurve


def estimate_from_json(document: Mapping[str, object]) -> Rival:
    """Our blend or one of the rivals, from its JSON."""
    if document["name"] == KIND:
        return WinCurve.from_json(document)
    if document["name"] == ShrunkRates.name:
        return ShrunkRates.from_json(document)
    return Blend.from_json(document) if document["name"] == Blend.name else rival_from_json(document)
