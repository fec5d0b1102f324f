import asyncio
import threading
from collections.abc import Generator

import pytest
from anyio import CapacityLimiter

from serving.scores.pieces import run_here, run_in_pieces


def work(name: str, pieces: int, seen: list[str]) -> Generator[None, None, str]:
    for _ in range(pieces):
        seen.append(name if threading.current_thread() is not threading.main_thread() else name.upper())
        yield
    return name


def failing() -> Generator[None, None, str]:
    yield
    raise KeyError("broken")


def test_calls_that_share_a_limiter_take_turns():
    seen: list[str] = []

    async def both() -> list[str]:
        limiter = CapacityLimiter(1)
        return list(
            await asyncio.gather(run_in_pieces(work("a", 5, seen), limiter), run_in_pieces(work("b", 5, seen), limiter))
        )

    assert asyncio.run(both()) == ["a", "b"]
    assert sorted(seen) == ["a"] * 5 + ["b"] * 5
    assert "".join(seen) not in ("aaaaabbbbb", "bbbbbaaaaa")


def test_a_small_call_is_done_where_it_is():
    seen: list[str] = []

    assert run_here(work("a", 3, seen)) == "a"
    assert seen == ["A"] * 3


def test_a_fault_in_a_piece_reaches_the_caller():
    async def in_pieces() -> str:
        return await run_in_pieces(failing(), CapacityLimiter(1))

    with pytest.raises(KeyError):
        asyncio.run(in_pieces())
    with pytest.raises(KeyError):
        run_here(failing())
