"""What follows from an answer, or from none? An answer read, an exception, or a pause before the next attempt."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from time import time
from typing import Any

import httpx

from serving.client.calls import Call
from serving.client.faults import NoAnswer, refused
from serving.client.retries import Retries

NEVER_PASSES = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError)
"""What is wrong with the address or the request itself."""
JSON_AS_SENT = "application/json, application/problem+json"


def headers_of(key: str | None, language: str | None) -> dict[str, str]:
    """What every request carries."""
    headers = {"Accept": JSON_AS_SENT, "User-Agent": "foresell-client"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    if language is not None:
        headers["Accept-Language"] = language
    return headers


def present() -> datetime:
    """The present as naive UTC, for Retry-After given as a date."""
    return datetime.fromtimestamp(time(), UTC).replace(tzinfo=None)


class Attempts:
    """The attempts of one call. `welcome` are statuses beyond success whose body is an answer too."""

    def __init__(
        self,
        call: Call,
        retries: Retries,
        address: str,
        welcome: Collection[int] = (),
        clock: Callable[[], datetime] = present,
    ) -> None:
        self._call, self._retries, self._address = call, retries, address
        self._welcome, self._clock = welcome, clock
        self._failures = 0

    def no_answer(self, failure: httpx.TransportError | httpx.InvalidURL) -> float:
        """Seconds to wait before the next attempt. Raises NoAnswer."""
        self._failures += 1
        never_arrived = isinstance(failure, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        may_pass = not isinstance(failure, NEVER_PASSES)
        pause = self._retries.pause(self._failures) if may_pass and (self._call.repeatable or never_arrived) else None
        if pause is None:
            why = f"{type(failure).__name__}: {failure}".rstrip(": ")
            raise NoAnswer(self._address, self._failures, why) from failure
        return pause

    def answered(self, response: httpx.Response) -> float | None:
        """None where the answer can be read, else seconds to wait. Raises Refused and its kinds."""
        if response.is_success or response.status_code in self._welcome:
            return None
        self._failures += 1
        pause = None
        if self._call.repeatable:
            pause = self._retries.pause_after(response.status_code, response.headers, self._failures, self._clock())
        if pause is None:
            raise refused(response.status_code, response.content, self._address)
        return pause

    def read(self, response: httpx.Response) -> Any:
        """The answer's JSON; None of an empty one. Raises NoAnswer where it is no JSON."""
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError as broken:
            said = response.text[:100]
            raise NoAnswer(self._address, self._failures + 1, f"what came is not JSON: {said!r}") from broken
