"""What did a change move? The reasons before and after, side by side."""

from collections.abc import Iterable, Sequence

from serving.champion import ReasonGiven, Row
from serving.scores.written import Move

LEAST_CHANGE = 1e-9
"""Log-odds; less is rounding."""


def moved(before: Iterable[ReasonGiven], after: Iterable[ReasonGiven], now: Row, then: Row, most: int) -> list[Move]:
    """What changed most of each feature's own reason, the largest change first."""
    was, will = ({reason.feature: reason for reason in each} for each in (before, after))
    moves = [_move(feature, was.get(feature), will.get(feature), now, then) for feature in {**will, **was}]
    return _strongest(moves, most)


def _move(feature: str, was: ReasonGiven | None, will: ReasonGiven | None, now: Row, then: Row) -> Move:
    latest = will or was
    assert latest is not None
    change = (will.effect if will else 0.0) - (was.effect if was else 0.0)
    return Move(feature, now.get(feature), then.get(feature), change, latest.text)


def _strongest(moves: Sequence[Move], most: int) -> list[Move]:
    shown = [move for move in moves if abs(move.change) > LEAST_CHANGE]
    return sorted(shown, key=lambda move: (-abs(move.change), move.feature))[:most]
