"""When is a call tried again, and after what pause? Only calls that may be repeated, and only what may pass."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAY_PASS = frozenset({429, 502, 503, 504})
"""Statuses after which the same call may succeed."""

UNDER_WAY = 409
"""Another call with the same Idempotency-Key is being answered: it says so with Retry-After."""


@dataclass(frozen=True)
class Retries:
    """How often and how patiently. The pause doubles from `first_pause` seconds, up to `longest_pause`.

    Each pause is shortened at random by up to half, so that many callers do not come back at once. Where the service
    says Retry-After, that is waited at least; if it says more than `longest_pause`, the call is not tried again.
    """

    attempts: int = 5
    first_pause: float = 0.5
    longest_pause: float = 30.0
    chance: random.Random = field(default_factory=random.Random)

    def pause(self, failures: int, retry_after: float | None = None) -> float | None:
        """Seconds until the next attempt after so many failed ones; None to give up.

        >>> Retries(attempts=2).pause(2) is None
        True
        >>> Retries().pause(1, retry_after=3600) is None
        True
        """
        if failures >= self.attempts or (retry_after or 0.0) > self.longest_pause:
            return None
        backed_off = min(self.longest_pause, self.first_pause * 2.0 ** (failures - 1))
        return max(retry_after or 0.0, backed_off * (0.5 + self.chance.random() / 2))

    def pause_after(self, status: int, headers: Mapping[str, str], failures: int, now: datetime) -> float | None:
        """The same after an answer; None too where trying again is of no use. `now` is naive UTC."""
        told = seconds_told(headers.get("retry-after"), now)
        if status in MAY_PASS or (status == UNDER_WAY and told is not None):
            return self.pause(failures, told)
        return None


NO_RETRIES = Retries(attempts=1)


def seconds_told(retry_after: str | None, now: datetime) -> float | None:
    """What a Retry-After header says, in seconds: it may be a number or a date.

    >>> seconds_told("7", datetime(2026, 11, 27))
    7.0
    >>> seconds_told("Fri, 27 Nov 2026 00:00:30 GMT", datetime(2026, 11, 27))
    30.0
    >>> seconds_told("soon", datetime(2026, 11, 27)) is None
    True
    """
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after)) if float(retry_after) < float("inf") else None
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now.replace(tzinfo=UTC)).total_seconds())
