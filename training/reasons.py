"""Why this number? Reasons that add up in log-odds, told with what is usual of those won and lost."""

from collections.abc import Mapping
from dataclasses import dataclass

from features.definition import Feature
from training.wording.comparisons import About, Comparisons
from training.wording.groups import group_of
from training.wording.numbers import Language
from training.wording.sentences import sentence, way

__all__ = ["REST", "Language", "Reason", "explain"]

REST = "everything_else"
"""The feature name under which what is not listed is summed up."""

ROUNDING = 1e-12
"""Log-odds of which nothing need be said."""


@dataclass(frozen=True)
class Reason:
    """What a feature, with those that tell the same, adds to the log-odds; the value is the feature's own."""

    feature: str
    value: float | str | None
    effect: float
    text: str


def explain(
    effects: Mapping[str, float],
    values: Mapping[str, float | str | None],
    features: Mapping[str, Feature],
    total: float,
    most: int,
    language: Language,
    comparisons: Comparisons | None = None,
    about: About = "win",
) -> tuple[Reason, ...]:
    """The `most` strongest reasons and the rest in one line; together they are `total`.

    Features that tell the same are one reason: its effect is their sum, and the feature named is the one that moves
    it most its way (`training.wording.groups`). Where as many reasons are asked for as there are features, each
    feature is told for itself. `about` counts where no `comparisons` were learned.
    """
    known = comparisons or Comparisons(about)
    moving = {name: effect for name, effect in effects.items() if effect != 0}
    found = _together(moving, known) if most < len(features) else moving
    strongest = sorted(found.items(), key=lambda each: (-abs(each[1]), each[0]))[:most]
    reasons = [
        Reason(name, values.get(name), effect, sentence(name, features.get(name), values, effect, language, known))
        for name, effect in strongest
    ]
    rest = total - sum(reason.effect for reason in reasons)
    if abs(rest) > ROUNDING:
        text = "everything else together" if language == "en" else "其余因素合计"
        reasons.append(Reason(REST, None, rest, f"{text}{way(rest, language, known.about)}"))
    return tuple(reasons)


def _together(effects: Mapping[str, float], known: Comparisons) -> dict[str, float]:
    """The sum of each group, under the name of the member that moves it most its way."""
    groups: dict[str, dict[str, float]] = {}
    for name, effect in effects.items():
        groups.setdefault(group_of(name, known.groups), {})[name] = effect
    found = {}
    for members in groups.values():
        total = sum(members.values())
        driver = max(sorted(members), key=lambda name: members[name] if total > 0 else -members[name])
        if total != 0:
            found[driver] = total
    return found
