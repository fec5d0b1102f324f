"""Which deals or customers, in which order, from where on? Filters, sorting and pages over the cards."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from serving.problems.list_errors import CursorNotAccepted, SortNotAccepted
from serving.store.score_tables import CUSTOMER_ORDERS, DEAL_ORDERS, CustomerCard, CustomerOwner, DealCard

Entity = Literal["deal", "customer"]
DEAL_SORTS = ("deal_id", *DEAL_ORDERS)
CUSTOMER_SORTS = ("customer_id", *CUSTOMER_ORDERS)
STATUSES = ("open", "won", "lost")
DEAL_EQUALS = ("status", "pipeline", "stage", "rep_id", "customer_id")
CUSTOMER_EQUALS = ("segment", "industry", "region", "country", "tier")
MOST_ROWS = 200
MOST_AT_ONCE = 900
"""Names in one SQL list: SQLite's older limit is 999."""
FEW = 2_000
"""Up to so many cards of some sellers are found by them and sorted; of more, enough are met on a walk in the order."""


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

    def chosen(self) -> tuple[object, ...]:
        """What tells from other wishes which cards are meant, whatever their order and page."""
        equals = tuple((name, tuple(sorted(set(values)))) for name, values in sorted(self.equals.items()))
        return (
            equals,
            *(tuple(sorted(some.items())) for some in (self.least, self.most)),
            self.starts,
            self.reps,
            self.active,
        )


@dataclass(frozen=True)
class Page:
    """A page of cards, and the cursor of the next."""

    cards: Sequence[Any]
    following: str | None


def page_of(session: Session, entity: Entity, wish: Wish, total: int) -> Page:
    """The cards of a page, of `total` that the filters leave. Raises CursorNotAccepted, SortNotAccepted.

    The ids are found first, each part of the order by an index of its own: cards with a value, then those without.
    """
    kept: Any = DealCard if entity == "deal" else CustomerCard
    key = kept.deal_id if entity == "deal" else kept.customer_id
    column, down = _order(kept, entity, wish.sort)
    place = None if wish.cursor is None else _read_cursor(wish.cursor, wish.sort)
    ids: list[str] = []
    for having in (True, False) if column is not key else (None,):
        if len(ids) <= wish.limit and not (having and place is not None and place[0] is None):
            ids += session.scalars(_ids(kept, key, column, down, wish, having, place, total, wish.limit + 1 - len(ids)))
    found = {getattr(card, key.key): card for card in session.scalars(select(kept).where(key.in_(ids)))} if ids else {}
    shown = [found[one] for one in ids[: wish.limit]]
    following = None
    if len(ids) > wish.limit:
        last = shown[-1]
        following = _cursor(wish.sort, getattr(last, column.key), getattr(last, key.key))
    return Page(shown, following)


def total_of(session: Session, entity: Entity, wish: Wish) -> int:
    """How many cards the filters leave."""
    kept: Any = DealCard if entity == "deal" else CustomerCard
    key = kept.deal_id if entity == "deal" else kept.customer_id
    return session.scalar(select(func.count()).select_from(kept).where(*_conditions(kept, key, wish))) or 0


def waiting_of(session: Session, entity: Entity, wish: Wish) -> int:
    """How many of them wait to be scored anew."""
    kept: Any = DealCard if entity == "deal" else CustomerCard
    key = kept.deal_id if entity == "deal" else kept.customer_id
    its = select(func.count()).select_from(kept).where(kept.unscored.is_not(None), *_conditions(kept, key, wish))
    return session.scalar(its) or 0


def _ids(
    kept: Any,
    key: Any,
    column: Any,
    down: bool,
    wish: Wish,
    having: bool | None,
    place: tuple[Any, str] | None,
    total: int,
    limit: int,
) -> Select[Any]:
    """The ids of cards with a value of what they are sorted by (None: always there), or of those without.

    An index begins with what every list is cut by, status or active. Where several of these are asked for, each gives
    its first, and those few are sorted.
    """
    cut, values = _cut(kept, wish)
    few = total <= FEW and (wish.reps is not None or any(wish.equals.get(c) for c in ("rep_id", "customer_id")))
    rest = [*_conditions(kept, key, wish, but=cut.key, walks=not few)]
    # In an expression a column has no index: few are found by whose they are, and sorted.
    cut = func.coalesce(cut, values[0]) if few else cut
    rest += [] if having is None else [column.is_not(None) if having else column.is_(None)]
    if place is not None and (having is not False or place[0] is None):
        rest.append(_after(column, key, down, place))
    ways = [one.desc() if down else one.asc() for one in ((key,) if column is key else (column, key))]
    parts = [select(key, column).where(cut == value, *rest).order_by(*ways).limit(limit) for value in values]
    if len(parts) == 1:
        return parts[0]
    both = union_all(*(select(part.subquery()) for part in parts)).subquery()
    its, sorted_by = both.c[key.key], both.c[column.key]
    return (
        select(its)
        .order_by(sorted_by.desc() if down else sorted_by.asc(), its.desc() if down else its.asc())
        .limit(limit)
    )


def _cut(kept: Any, wish: Wish) -> tuple[Any, Sequence[object]]:
    """The column by which every list is cut, and the values asked for."""
    if kept is DealCard:
        return DealCard.status, sorted(set(wish.equals.get("status", STATUSES)))
    return CustomerCard.active, (True, False) if wish.active is None else (wish.active,)


def _order(kept: Any, entity: Entity, sort: str) -> tuple[InstrumentedAttribute[Any], bool]:
    name, allowed = sort.removeprefix("-"), DEAL_SORTS if entity == "deal" else CUSTOMER_SORTS
    if name not in allowed:
        raise SortNotAccepted(name, ", ".join(allowed))
    return getattr(kept, name), sort.startswith("-")


def _conditions(
    kept: Any, key: Any, wish: Wish, *, but: str | None = None, walks: bool = False
) -> list[ColumnElement[bool]]:
    """What the filters ask, but of one column. With `walks` the seller is looked at only where the order leads."""
    found: list[ColumnElement[bool]] = [
        _among(getattr(kept, c), values) for c, values in wish.equals.items() if c != but
    ]
    found += [getattr(kept, column) >= value for column, value in wish.least.items()]
    found += [getattr(kept, column) <= value for column, value in wish.most.items()]
    if wish.active is not None and but != "active":
        found.append(kept.active == wish.active)
    if wish.starts:
        found.append(key.startswith(wish.starts, autoescape=True))
    if wish.reps is not None:
        found.append(owned_by(kept, wish.reps, walks=walks))
    return found


def owned_by(kept: Any, reps: frozenset[str], *, walks: bool = False) -> ColumnElement[bool]:
    """Whether a card belongs to one of these sellers. With `walks` no index of sellers is used."""
    if kept is DealCard:
        return _among(func.coalesce(DealCard.rep_id, "") if walks else DealCard.rep_id, sorted(reps))
    whose = _among(CustomerOwner.rep_id, sorted(reps))
    among: ColumnElement[bool] = CustomerCard.customer_id.in_(select(CustomerOwner.customer_id).where(whose))
    if walks:
        among = exists().where(CustomerOwner.customer_id == CustomerCard.customer_id, whose)
    return among


def _among(column: Any, values: Sequence[str]) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [
        column.in_(values[first : first + MOST_AT_ONCE]) for first in range(0, len(values), MOST_AT_ONCE)
    ]
    return or_(*parts) if parts else false()


def _after(column: Any, key: Any, down: bool, place: tuple[Any, str]) -> ColumnElement[bool]:
    """The rows that come after a place in the order, among those with a value, or among those without."""
    value, subject = place
    beyond: ColumnElement[bool] = key < subject if down else key > subject
    if value is None or column is key:
        return beyond
    if column.key in ("created_at", "closed_at"):
        value = datetime.fromisoformat(value)
    elif column.key in ("expected_close_on", "close_on"):
        value = date.fromisoformat(value)
    # The first condition bounds the walk through the index, the second leaves out what was on the page.
    bound, further = (column <= value, column < value) if down else (column >= value, column > value)
    return and_(bound, or_(further, beyond))


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
