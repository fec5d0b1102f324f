"""What a feature is: a name, a meaning, a verb."""

from dataclasses import dataclass
from typing import Literal

from features.verbs import Verb

Entity = Literal["deal", "customer"]
"""Whom a feature is asked of."""


@dataclass(frozen=True)
class Feature:
    """One column of a feature table, for a deal or a customer at a moment.

    `years` is how much history it takes before a model may learn from it: what comes round once a year
    must have come round twice, or a model takes the calendar for the cause of whatever changed.
    """

    name: str
    meaning: str
    meaning_zh: str
    verb: Verb
    entity: Entity = "deal"
    years: float = 0.0
