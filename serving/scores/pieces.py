"""How does a call with many deals leave room for a call with one? It is done in pieces, on worker threads."""

from collections.abc import Generator
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

T = TypeVar("T")


async def run_in_pieces(work: Generator[None, None, T], limiter: CapacityLimiter) -> T:
    """Run work that yields between its pieces, each piece on a worker thread, and give its result.

    Calls that share a limiter take turns piece by piece, so that the event loop and other calls come in between.
    """
    while True:
        done = await to_thread.run_sync(_one_piece, work, limiter=limiter)
        if done:
            return done[0]


def run_here(work: Generator[None, None, T]) -> T:
    """Run all the pieces in one go, here."""
    while True:
        if done := _one_piece(work):
            return done[0]


def _one_piece(work: Generator[None, None, T]) -> tuple[T] | None:
    try:
        next(work)
    except StopIteration as end:
        return (end.value,)
    return None
