"""What is a single event beside the one before it? The rules of `features.derived` for one event that just came."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from features.as_of import DAY
from features.calendar import HOUR, offset_at
from features.kernel import MISSING, SCALE
from features.names import Names

Values = Mapping[str, int]


@dataclass(slots=True)
class Two:
    """An event and the one known before it by the same key; `before` is None for the first."""

    now: Values
    happened: int
    before: Values | None
    happened_before: int
    texts: Mapping[str, Names]
    zone: ZoneInfo

    def said(self, values: Values, column: str, text: str) -> bool:
        """Whether a category is this text."""
        return values[column] == self.texts[column].code(text) and values[column] != -1


def _move(two: Two) -> int:
    if two.before is None:
        return 0
    now, before = two.now["position"], two.before["position"]
    if MISSING in (now, before) or now == before:
        return 3
    return 1 if now > before else 2


def _difference(two: Two, column: str) -> int:
    if two.before is None or MISSING in (two.now[column], two.before[column]):
        return MISSING
    return two.now[column] - two.before[column]


def _slip_days(two: Two) -> int:
    moved = _difference(two, "expected_close_on")
    return MISSING if moved == MISSING else (moved + DAY // 2) // DAY * SCALE


def _slip(two: Two) -> int:
    days = _slip_days(two)
    return -1 if days in (MISSING, 0) else 0 if days > 0 else 1


def _gap(two: Two) -> int:
    if two.before is None:
        return MISSING
    return ((two.happened - two.happened_before) * SCALE + DAY // 2) // DAY


def _reply(two: Two) -> int:
    return _answer(two, "outbound", "inbound")


def _answered(two: Two) -> int:
    return _answer(two, "inbound", "outbound")


def _answer(two: Two, asked: str, answered: str) -> int:
    if two.before is None or not two.said(two.now, "direction", answered):
        return MISSING
    return _gap(two) if two.said(two.before, "direction", asked) else MISSING


def _hour(two: Two) -> int:
    return (two.happened + offset_at(two.happened // HOUR, two.zone)) % DAY // HOUR * SCALE


def _weekend(two: Two) -> int:
    day = (two.happened + offset_at(two.happened // HOUR, two.zone)) // DAY
    return SCALE if (day + 3) % 7 >= 5 else 0


RULES: dict[str, dict[str, Callable[[Two], int]]] = {
    "stage_changes": {"move": _move},
    "amount_changes": {"change": lambda two: _difference(two, "amount")},
    "close_date_changes": {"slip_days": _slip_days, "slip": _slip},
    "activities": {
        "gap_days": _gap,
        "reply_days": _reply,
        "answer_days": _answered,
        "hour": _hour,
        "weekend": _weekend,
    },
    "purchases": {"gap_days": _gap},
}
"""By stream and column, as `derived.DERIVED`."""
