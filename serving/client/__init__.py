"""How does a Python program use the service? `from serving.client import Foresell, AsyncForesell`.

Needs httpx alone: nothing of the service itself is imported. docs/client.md has examples.
"""

from serving.client.asynchronous import AsyncForesell
from serving.client.calls import what_if, what_if_customer
from serving.client.faults import (
    Busy,
    ForesellAnswerError,
    NoAnswer,
    NotAccepted,
    NotAllowed,
    NotFound,
    Refused,
    ServiceTrouble,
)
from serving.client.retries import Retries
from serving.client.synchronous import Foresell

__all__ = [
    "AsyncForesell",
    "Busy",
    "Foresell",
    "ForesellAnswerError",
    "NoAnswer",
    "NotAccepted",
    "NotAllowed",
    "NotFound",
    "Refused",
    "Retries",
    "ServiceTrouble",
    "what_if",
    "what_if_customer",
]
