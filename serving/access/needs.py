"""What does a route need of its caller? Declared once, at the route, and enforced by the declaration itself.

`tests/serving/test_access_matrix.py` walks over every route, derives from this what each caller must get, and asks.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from fastapi import params
from fastapi.dependencies.models import Dependant
from fastapi.requests import Request

from serving.access.gate import admitted
from serving.access.key_ring import Caller
from serving.access.keys import Scope


class Applies(StrEnum):
    """How the caller's reach matters to a route."""

    FILTERED = "filtered"
    """What is outside the reach does not exist."""
    ALL_ONLY = "all-only"
    """Only a caller who sees everything may call."""
    NONE = "none"
    """The answer is the same for everyone: it holds no records."""


@dataclass(frozen=True)
class Need:
    """What a route needs; as a dependency it gives the caller who has it."""

    scope: Scope | None
    """None for any caller who is known."""

    applies: Applies
    session_only: bool = False
    """Whether an API key is of no use."""

    async def __call__(self, request: Request) -> Caller:
        """The caller. Raises KeyMissing, KeyNotAccepted, SessionNotAccepted, ScopeMissing, ReachTooNarrow ..."""
        caller = await admitted(request, session_only=self.session_only)
        caller.must_fit(self.scope, self.applies is Applies.ALL_ONLY)
        return caller


@dataclass(frozen=True)
class NeedUnless:
    """A need that falls away for some requests; as a dependency it gives the caller, None where nobody was asked."""

    need: Need
    waived: Callable[[Request], bool]
    why: str

    async def __call__(self, request: Request) -> Caller | None:
        """The caller, unless the need is waived. Raises what the need raises."""
        return None if self.waived(request) else await self.need(request)


@dataclass(frozen=True)
class Open:
    """Declares a route that anyone may call, and why."""

    why: str

    async def __call__(self) -> None:
        """Nothing is asked."""


def open_to_all(why: str) -> params.Depends:
    """Declares, among a route's or a router's `dependencies`, that anyone may call."""
    return params.Depends(Open(why))


def declared(dependant: Dependant) -> Iterator[Need | NeedUnless | Open]:
    """What a route's dependencies declare, inner ones included."""
    for inner in dependant.dependencies:
        if isinstance(inner.call, Need | NeedUnless | Open):
            yield inner.call
        yield from declared(inner)
