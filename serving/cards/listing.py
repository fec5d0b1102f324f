"""Which deals or customers, in which order, from where on? Filters, sorting and pages over the cards."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from serving.problems.list_errors import CursorNotAccepted, SortNotAccepted
from serving.store.score_tables import CustomerCard, CustomerOwner, DealCard

Entity = Literal["deal", "customer"]
DEAL_SORTS = (
    "deal_id",
    "probability",
    "expected_amount",
    "amount",
    "created_at",
    "closed_at",
    "expected_close_on",
    "close_on",
)
CUSTOMER_SORTS = ("customer_id", "name", "probability", "value_at_risk", "expected_orders")
DEAL_EQUALS = ("status", "pipeline", "stage", "rep_id", "customer_id")
CUSTOMER_EQUALS = ("segment", "industry", "region", "country", "tier")
MOST_ROWS = 200
MOST_AT_ONCE = 900
"""Names in one SQL list: SQLite's older limit is 999."""


@dataclass(frozen=True)
class Wish:
    """What a list is asked for. `equals` holds columns and the values allowed; `reps` is None for everyone's."""

    equals: Mapping[str, Sequence[str]]
    least: Mapping[str, float | datetime | date]
    most: Mapping[str, float | datetime | date]
    starts: str | None
    sort: str
    limit: int
    cursor: str | None
    reps: frozenset[str] | None
    active: bool | None = None


@dataclass(frozen=True)
class Page:
    """A page of cards, the cursor of the next, and how many there are in all."""

    cards: Sequence[Any]
    following: str | None
    total: int


def page_of(session: Session, entity: Entity, wish: Wish) -> Page:
    """The cards of a page. Raises CursorNotAccepted, SortNotAccepted."""
    kept: Any = DealCard if entity == "deal" else CustomerCard
    key = kept.deal_id if entity == "deal" else kept.customer_id
    column, down = _order(kept, entity, wish.sort)
    conditions = _conditions(kept, key, wish)
    total = session.scalar(select(func.count()).select_from(kept).where(*conditions)) or 0
    asked: Select[Any] = select(kept).where(*conditions)
    if wish.cursor is not None:
        asked = asked.where(_after(column, key, down, _read_cursor(wish.cursor, wish.sort)))
    # Cards without a value come last whichever way the list is sorted.
    ways = [column.is_(None), column.desc() if down else column.asc(), key.desc() if down else key.asc()]
    found = session.scalars(asked.order_by(*ways).limit(wish.limit + 1)).all()
    shown = found[: wish.limit]
    following = None
    if len(found) > wish.limit:
        last = shown[-1]
        following = _cursor(wish.sort, getattr(last, column.key), getattr(last, key.key))
    return Page(shown, following, int(total))


def _order(kept: Any, entity: Entity, sort: str) -> tuple[InstrumentedAttribute[Any], bool]:
    name, allowed = sort.removeprefix("-"), DEAL_SORTS if entity == "deal" else CUSTOMER_SORTS
    if name not in allowed:
        raise SortNotAccepted(name, ", ".join(allowed))
    return getattr(kept, name), sort.startswith("-")


def _conditions(kept: Any, key: Any, wish: Wish) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [_among(getattr(kept, c), values) for c, values in wish.equals.items()]
    found += [getattr(kept, column) >= value for column, value in wish.least.items()]
    found += [getattr(kept, column) <= value for column, value in wish.most.items()]
    if wish.active is not None:
        found.append(kept.active.is_(wish.active))
    if wish.starts:
        found.append(key.startswith(wish.starts, autoescape=True))
    if wish.reps is not None:
        found.append(owned_by(kept, wish.reps))
    return found


def owned_by(kept: Any, reps: frozenset[str]) -> ColumnElement[bool]:
    """Whether a card belongs to one of these sellers."""
    if kept is DealCard:
        return _among(DealCard.rep_id, sorted(reps))
    its = select(CustomerOwner.customer_id).where(_among(CustomerOwner.rep_id, sorted(reps)))
    return CustomerCard.customer_id.in_(its)


def _among(column: Any, values: Sequence[str]) -> ColumnElement[bool]:
    parts = [column.in_(values[first : first + MOST_AT_ONCE]) for first in range(0, len(values), MOST_AT_ONCE)]
    return or_(*parts) if parts else column.in_([])


def _after(column: Any, key: Any, down: bool, place: tuple[Any, str]) -> ColumnElement[bool]:
    """The rows that come after a place in the order."""
    value, subject = place
    beyond = key < subject if down else key > subject
    if value is None:
        return and_(column.is_(None), beyond)
    if column.key in ("created_at", "closed_at"):
        value = datetime.fromisoformat(value)
    elif column.key in ("expected_close_on", "close_on"):
        value = date.fromisoformat(value)
    further = column < value if down else column > value
    return or_(further, and_(column == value, beyond), column.is_(None))


def _cursor(sort: str, value: object, subject: str) -> str:
    said = value.isoformat() if isinstance(value, date) else value
    return base64.urlsafe_b64encode(json.dumps([sort, said, subject]).encode()).decode().rstrip("=")


def _read_cursor(text: str, sort: str) -> tuple[Any, str]:
    try:
        padded = text + "=" * (-len(text) % 4)
        given, value, subject = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        name = sort.removeprefix("-")
        is_text = name.endswith(("_at", "_on", "_id")) or name == "name"
        fits = value is None or isinstance(value, str if is_text else int | float)
        if given != sort or not isinstance(subject, str) or not fits or isinstance(value, bool):
            raise CursorNotAccepted
        if value is not None and name.endswith(("_at", "_on")):
            datetime.fromisoformat(value)
    except (ValueError, TypeError) as wrong:
        raise CursorNotAccepted from wrong
    return value, subject
