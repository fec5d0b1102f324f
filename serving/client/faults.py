"""What may a caller of the client have to catch? Problem documents of the service, and that there was no answer."""

import json
from collections.abc import Mapping
from typing import cast

from serving.client.answers import Problem


class ForesellAnswerError(Exception):
    """Base of all that the client raises."""


class NoAnswer(ForesellAnswerError):
    """The service could not be reached, or its answer could not be read. `attempts` is how often it was tried."""

    def __init__(self, address: str, attempts: int, why: str) -> None:
        super().__init__(f"no answer from {address} after {attempts} attempts: {why}")
        self.address, self.attempts, self.why = address, attempts, why


class Refused(ForesellAnswerError):
    """The service answered with a problem. `problem` is the document: type, title, status, detail, fix, errors."""

    def __init__(self, problem: Problem) -> None:
        fields = "".join(f"\n  {one['field']}: {one['message']}" for one in (problem.get("errors") or [])[:20])
        super().__init__(f"{problem['status']} {problem['detail']}\nWhat to do: {problem['fix']}{fields}")
        self.problem = problem

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem["status"]

    @property
    def kind(self) -> str:
        """The last part of the problem's type, stable: `deal-not-found`."""
        return self.problem["type"].rpartition(":")[2]

    @property
    def request_id(self) -> str | None:
        """Under which the service logged the request."""
        instance = self.problem.get("instance")
        return None if instance is None else instance.rpartition(":")[2]


class NotAllowed(Refused):
    """401 or 403: the key is missing, not valid, or allows less."""


class NotFound(Refused):
    """404: it is not on record, or not within the key's reach."""


class NotAccepted(Refused):
    """400, 413, 415 or 422: the request itself is at fault; `problem["errors"]` names the fields."""


class Busy(Refused):
    """429 or 503, and it stayed so for all attempts."""


class ServiceTrouble(Refused):
    """Another 5xx: something went wrong inside the service; its log knows the `request_id`."""


BY_STATUS: Mapping[int, type[Refused]] = {
    400: NotAccepted,
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    413: NotAccepted,
    415: NotAccepted,
    422: NotAccepted,
    429: Busy,
    503: Busy,
}


def refused(status: int, body: bytes, address: str) -> Refused:
    """The exception for an answer that is not a success. What a proxy answered instead becomes a problem too."""
    kind = BY_STATUS.get(status, ServiceTrouble if status >= 500 else Refused)
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if isinstance(found, dict) and {"type", "title", "status", "detail", "fix"} <= found.keys():
        return kind(cast(Problem, found))
    said = body[:200].decode("utf-8", "replace")
    return kind(
        {
            "type": "urn:foresell:problem:no-problem-document",
            "title": "No problem document",
            "status": status,
            "detail": f"{address} answered with status {status}: {said}",
            "fix": "check that the address is that of Foresell, and what stands between.",
        }
    )
