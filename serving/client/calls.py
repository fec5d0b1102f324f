"""What does each call of the service look like? As data, so that both clients send the same."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote
from uuid import uuid4

from serving.client.answers import EventsAccepted

MOST_ROWS = 1000
"""The service's limit for one call; longer lists are sent in several."""

PAGE_ROWS = 200
"""Rows asked for at once where all pages are read."""

Language = Literal["en", "zh"]
Asked = str | Mapping[str, Any]
"""A deal or customer: its id, or one of the forms of docs/api.md as a mapping."""

Moment = datetime | date | str
Params = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """One request. `repeatable` says that a second arrival does no harm."""

    method: str
    path: str
    params: Mapping[str, object] = field(default_factory=dict)
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def repeatable(self) -> bool:
        """Reads and scores change nothing; a write carries a key by which the service knows it again."""
        reads = self.method in ("GET", "HEAD") or self.path.startswith("/v1/scores/")
        return reads or "Idempotency-Key" in self.headers


def what_if(deal_id: str, /, **changes: object) -> dict[str, object]:
    """A deal with changed fields, to be scored beside itself as it is.

    >>> what_if("D-1", amount=90000)
    {'deal_id': 'D-1', 'changes': {'amount': 90000}}
    """
    return {"deal_id": deal_id, "changes": changes}


def what_if_customer(customer_id: str, /, **changes: object) -> dict[str, object]:
    """A customer with changed fields, to be scored beside itself as it is.

    >>> what_if_customer("C-1", segment="enterprise")
    {'customer_id': 'C-1', 'changes': {'segment': 'enterprise'}}
    """
    return {"customer_id": customer_id, "changes": changes}


def score_calls(
    kind: Literal["deal", "customer"],
    asked: Iterable[Asked],
    horizons: Sequence[float] | None,
    dates: Sequence[date | str] | None,
    reasons: int | None,
    as_of: Moment | None,
    language: Language | None,
) -> Iterator[Call]:
    """Scores of deals or customers, up to 1,000 a call."""
    more = _given({"horizons": horizons, "dates": dates, "reasons": reasons, "as_of": as_of})
    headers = {} if language is None else {"Accept-Language": language}
    for part in _parts([{f"{kind}_id": one} if isinstance(one, str) else one for one in asked]):
        yield Call(
            "POST", f"/v1/scores/{kind}s", content=in_json({f"{kind}s": part, **more}), headers=_as_json(headers)
        )


def event_calls(events: Iterable[Mapping[str, Any]], key: str | None) -> Iterator[Call]:
    """Events, up to 1,000 a call. Each call has a key of its own; with `key`, always the same for the same events."""
    for number, part in enumerate(_parts(list(events))):
        named = str(uuid4()) if key is None else key if number == 0 else f"{key}.{number}"
        yield Call(
            "POST", "/v1/events", content=in_json({"events": part}), headers=_as_json({"Idempotency-Key": named})
        )


def read_call(path: str, params: Params | None = None, language: Language | None = None) -> Call:
    """Something that is only read."""
    headers = {} if language is None else {"Accept-Language": language}
    return Call("GET", path, {name: _plain(value) for name, value in _given(params or {}).items()}, headers=headers)


def any_call(method: str, path: str, body: object | None, params: Params | None, key: str | None) -> Call:
    """A call for which there is no method yet. A write gets a key where none is given."""
    if method.upper() in ("GET", "HEAD"):
        return read_call(path, params)
    content = None if body is None else in_json(body)
    headers = {"Idempotency-Key": key or str(uuid4())}
    asked = {name: _plain(value) for name, value in _given(params or {}).items()}
    return Call(method.upper(), path, asked, content, headers if content is None else _as_json(headers))


def at(path: str, name: str) -> str:
    """A path that ends in an id, whatever letters it has.

    >>> at("/v1/deals", "A/1 ?")
    '/v1/deals/A%2F1%20%3F'
    """
    return f"{path}/{quote(name, safe='')}"


def in_json(body: object) -> bytes:
    """JSON; days and times as ISO 8601, Decimal as text. Raises ValueError for numbers that are not finite."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, default=_plain).encode()


EARLIEST = ("as_of", "scored_at", "data_as_of", "level_as_of")
"""What is said once of several calls' answers: of these the earliest."""


def together(answers: Sequence[Mapping[str, Any]], shape: type) -> dict[str, Any]:
    """The answers of several calls as one of this shape: all scores in order, and what is said once.

    Where the calls do not say the same, as when the model changed between them, None is said: each score says its own.
    """
    if len(answers) == 1:
        return dict(answers[0])
    names = dict.fromkeys((*shape.__annotations__, *(name for one in answers for name in one)))
    return {name: _once(name, [one.get(name) for one in answers]) for name in names}


def _once(name: str, said: list[Any]) -> object:
    if name == "scores":
        return [score for one in said for score in one]
    if name == "stale":
        return any(said)
    if name in EARLIEST and None not in said:
        return min(said, key=_moment, default=None)
    return said[0] if said and all(one == said[0] for one in said) else None


def _moment(said: str) -> datetime:
    """Offsets may differ where summer time ends between two moments."""
    return datetime.fromisoformat(said)


def events_together(answers: Sequence[EventsAccepted]) -> EventsAccepted:
    """What several calls accepted, as one."""
    late = list(dict.fromkeys(table for one in answers for table in one.get("seen_after_folding", ())))
    return {
        "accepted": sum(one["accepted"] for one in answers),
        "repeated": sum(one["repeated"] for one in answers),
        "position": max((one["position"] for one in answers), default=0),
        "seen": "after the next folding" if late else "by the next score",
        "seen_after_folding": late,
    }


def _parts(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for first in range(0, len(rows), MOST_ROWS):
        yield rows[first : first + MOST_ROWS]


def _given(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _as_json(headers: Mapping[str, str]) -> dict[str, str]:
    return {**headers, "Content-Type": "application/json"}


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    raise TypeError(f"{type(value).__name__} has no place in JSON")
