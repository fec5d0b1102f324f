"""Who may be answered while many are? Callers with a key have places of their own, which nobody else can take.

Who is not known takes a small part of the places; when those are gone, a request must prove first that it comes from
someone with a key or a session.
"""

from collections.abc import Collection, MutableMapping
from typing import Any

from starlette.requests import Request
from starlette.types import Scope

from features.errors import ForesellError
from serving.access.gate import Gate, admitted
from serving.problems.errors import KeyMissing
from serving.problems.limit_errors import TooBusy
from serving.settings import ServingSettings
from serving.wire.door import OPEN

ALWAYS_ANSWERED = frozenset({"/healthz", "/readyz", "/metrics"})
"""Paths that answer however busy the service is."""

OF_STRANGERS = 4
"""One of so many places may be taken by someone who is not known."""

MOST_PROVING = 64
"""Who wants to prove at the same time that he is known."""


class Places:
    """The places of one process."""

    def __init__(self, settings: ServingSettings) -> None:
        self._most = settings.requests_most
        self.quiet = max(1, self._most // OF_STRANGERS)
        """So many requests at once need no closer look."""
        self._proving = 0

    async def refusal(self, scope: Scope, under_way: Collection[Scope]) -> ForesellError | None:
        """Why a request is not taken; None where it is. `under_way` are the scopes of all, its own among them."""
        if scope["path"] in ALWAYS_ANSWERED:
            return None
        known = sum("caller" in one["state"] for one in under_way)
        if known >= self._most:
            return TooBusy(self._most)
        others = sum(one["path"] in ALWAYS_ANSWERED for one in under_way)
        if len(under_way) - known - others <= self.quiet or "caller" in scope["state"]:
            return None
        return await self._prove(scope)

    async def _prove(self, scope: Scope) -> ForesellError | None:
        gate: Gate | None = getattr(getattr(scope.get("app"), "state", None), "gate", None)
        request = Request(scope)
        if gate is None or not _says_who(scope) or (self._proving >= MOST_PROVING and not gate.has_met(request)):
            return TooBusy(self._most)
        self._proving += 1
        try:
            await admitted(request)
        except ForesellError as refusal:
            signs_in = scope["path"] in OPEN and scope["method"] == "POST"
            return TooBusy(self._most) if signs_in or isinstance(refusal, KeyMissing) else refusal
        finally:
            self._proving -= 1
        return None


def _says_who(scope: MutableMapping[str, Any]) -> bool:
    return any(name in (b"authorization", b"cookie") for name, _ in scope["headers"])
