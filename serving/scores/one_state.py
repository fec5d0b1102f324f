"""How does a call answer from one state of the history, though the memory is told events meanwhile?

A small call holds the memory for the milliseconds that it takes. A large one is computed in pieces between which rows
may be told; where one of them counts from before the moment it judges by, it is computed again, and the last time
nothing is told meanwhile.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Protocol, TypeVar, runtime_checkable

from anyio import to_thread

T = TypeVar("T")
TRIES = 3
"""So often a large call is computed before rows have to wait for it."""
LONGEST_PAUSE = 10.0
"""Seconds that rows to be told are waited for, and then wait, at most."""


@runtime_checkable
class Changing(Protocol):
    """A memory that is told rows (`features.online.Memory`)."""

    def held(self) -> AbstractContextManager[None]:
        """Nothing is told while one holds it."""

    def mark(self) -> int:
        """What `told_since` takes: how it stands now."""

    def told_since(self, mark: int, as_of: datetime) -> bool:
        """Whether since then any row was told that counts from before a moment (naive UTC)."""

    def pause(self, longest: float) -> bool:
        """From here to `go_on` nothing is told; False where that could not be had within so many seconds."""

    def go_on(self) -> None:
        """Rows may be told again."""

    def recorded_before(self, as_of: datetime) -> datetime | None:
        """The latest moment before another (naive UTC) at which anything was recorded."""


def holding(memory: object) -> AbstractContextManager[None]:
    """Keep a memory as it is, for some milliseconds."""
    return memory.held() if isinstance(memory, Changing) else nullcontext()


async def in_one_state(memory: object, work: Callable[[], Awaitable[T]], as_of_of: Callable[[T], datetime]) -> T:
    """What work finds that nothing told meanwhile could have changed; `as_of_of` says by which moment it judges."""
    if not isinstance(memory, Changing):
        return await work()
    for _ in range(TRIES - 1):
        mark = memory.mark()
        found = await work()
        if not memory.told_since(mark, as_of_of(found)):
            return found
    paused = await to_thread.run_sync(memory.pause, LONGEST_PAUSE)
    try:
        return await work()
    finally:
        if paused:
            memory.go_on()
