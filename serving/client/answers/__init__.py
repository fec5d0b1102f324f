"""What does the service answer? The JSON of docs/api.md with its types; days and times are ISO 8601 texts."""

from serving.client.answers.problems import FieldProblem, Problem
from serving.client.answers.records import (
    ChurnKept,
    CustomerListed,
    CustomerOnRecord,
    CustomersListed,
    DealListed,
    DealOnRecord,
    DealsListed,
    ScoreKept,
    ScoreOnDay,
)
from serving.client.answers.scores import (
    Chance,
    CustomerScore,
    CustomerScores,
    DealScore,
    DealScores,
    Move,
    ReasonSaid,
    Risk,
)
from serving.client.answers.state import (
    EventsAccepted,
    ModelServed,
    ModelsServed,
    Part,
    Readiness,
    Trouble,
)

__all__ = [
    "Chance",
    "ChurnKept",
    "CustomerListed",
    "CustomerOnRecord",
    "CustomerScore",
    "CustomerScores",
    "CustomersListed",
    "DealListed",
    "DealOnRecord",
    "DealScore",
    "DealScores",
    "DealsListed",
    "EventsAccepted",
    "FieldProblem",
    "ModelServed",
    "ModelsServed",
    "Move",
    "Part",
    "Problem",
    "Readiness",
    "ReasonSaid",
    "Risk",
    "ScoreKept",
    "ScoreOnDay",
    "Trouble",
]
