"""What an event is beside the one before it: the same rule for all events of a key at once, and for one that just came.

An event is compared with the one known before it, never with what a later recording put in between.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from features.as_of import DAY
from features.calendar import local_days, local_hours
from features.kernel import MISSING, SCALE

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Beside:
    """Events and, row by row, the event known before each by the same key.

    `first` marks events without one; their `before` is meaningless. Categories are codes into `levels`.
    """

    now: Mapping[str, Ints]
    before: Mapping[str, Ints]
    happened: Ints
    happened_before: Ints
    first: Flags
    levels: Mapping[str, NDArray[np.object_]]
    zone: ZoneInfo

    def is_text(self, values: Ints, column: str, text: str) -> Flags:
        """Where a category column's codes stand for a text."""
        code = np.flatnonzero(self.levels[column] == text)
        return values == code[0] if len(code) else np.zeros(len(values), bool)


@dataclass(frozen=True)
class Derivation:
    """A column that follows from others: its kind, those it takes, its levels if it is a category, the rule."""

    kind: Literal["number", "category"]
    needs: tuple[str, ...]
    rule: Callable[[Beside], Ints]
    levels: tuple[str, ...] = ()


MOVES = ("first", "forward", "back", "aside")
SLIPS = ("later", "earlier")


def _move(rows: Beside) -> Ints:
    now, before = rows.now["position"], rows.before["position"]
    there = (now != MISSING) & (before != MISSING)
    move = np.where(there & (now > before), 1, np.where(there & (now < before), 2, 3))
    return np.where(rows.first, 0, move)


def _difference(column: str) -> Callable[[Beside], Ints]:
    def rule(rows: Beside) -> Ints:
        now, before = rows.now[column], rows.before[column]
        there = ~rows.first & (now != MISSING) & (before != MISSING)
        return np.where(there, np.where(there, now, 0) - np.where(there, before, 0), MISSING)

    return rule


def _slip_days(rows: Beside) -> Ints:
    moved = _difference("expected_close_on")(rows)
    # A local day may have 23 or 25 hours.
    days = (np.where(moved == MISSING, 0, moved) + DAY // 2) // DAY
    return np.where(moved == MISSING, MISSING, days * SCALE)


def _slip(rows: Beside) -> Ints:
    days = _slip_days(rows)
    return np.where((days == MISSING) | (days == 0), -1, np.where(days > 0, 0, 1))


def _gap(rows: Beside) -> Ints:
    apart = rows.happened - np.where(rows.first, rows.happened, rows.happened_before)
    return np.where(rows.first, MISSING, _in_days(apart))


def _answer(asked: str, answered: str) -> Callable[[Beside], Ints]:
    def rule(rows: Beside) -> Ints:
        reply = rows.is_text(rows.now["direction"], "direction", answered)
        reply &= rows.is_text(rows.before["direction"], "direction", asked)
        return np.where(reply, _gap(rows), MISSING)

    return rule


def _hour(rows: Beside) -> Ints:
    return local_hours(rows.happened, rows.zone) * SCALE


def _weekend(rows: Beside) -> Ints:
    return np.where((local_days(rows.happened, rows.zone) + 3) % 7 >= 5, SCALE, 0)


def _in_days(micros: Ints) -> Ints:
    """Microseconds as ten-thousandths of a day, rounded."""
    return np.asarray((micros * SCALE + DAY // 2) // DAY)


DERIVED: dict[str, dict[str, Derivation]] = {
    "stage_changes": {"move": Derivation("category", ("position",), _move, MOVES)},
    "amount_changes": {"change": Derivation("number", ("amount",), _difference("amount"))},
    "close_date_changes": {
        "slip_days": Derivation("number", ("expected_close_on",), _slip_days),
        "slip": Derivation("category", ("expected_close_on",), _slip, SLIPS),
    },
    "activities": {
        "gap_days": Derivation("number", (), _gap),
        "reply_days": Derivation("number", ("direction",), _answer("outbound", "inbound")),
        "answer_days": Derivation("number", ("direction",), _answer("inbound", "outbound")),
        "hour": Derivation("number", (), _hour),
        "weekend": Derivation("number", (), _weekend),
    },
    "purchases": {"gap_days": Derivation("number", (), _gap)},
}
"""By stream and column. Hours and days are local, those of the reply and the gap since the event before."""
