"""What a feature is: a name, a meaning, a verb."""

from dataclasses import dataclass
from typing import Literal

from features.verbs import Verb


@dataclass(frozen=True)
class Feature:
    """One column of a feature table, for a deal or a customer at a moment."""

    name: str
    meaning: str
    meaning_zh: str
    verb: Verb
    entity: Literal["deal", "customer"] = "deal"
