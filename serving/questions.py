"""What may a caller ask about deals? The shape of requests, checked at the door."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from features.contracts import Kind
from features.suggesting import hint
from serving.records import ATTRIBUTES, DEALS, FIELDS, NOT_IN_CHANGES

MOST_DEALS = 1000
MOST_DAYS = 3650
"""Ten years: the farthest horizon that is answered."""

_JSON_KINDS: Mapping[Kind, dict[str, object]] = {
    Kind.MOMENT: {"type": ["string", "null"], "description": "A time with offset, or a day."},
    Kind.DAY: {"type": ["string", "null"], "format": "date"},
    Kind.MONEY: {"type": ["number", "string", "null"], "description": "A plain number."},
    Kind.NUMBER: {"type": ["number", "string", "null"]},
    Kind.SHARE: {"type": ["number", "string", "null"], "minimum": 0, "maximum": 1},
}


def _schema_of(names: tuple[str, ...]) -> dict[str, object]:
    """The JSON schema of an object with these fields of a deal."""
    properties: dict[str, object] = {}
    for column in DEALS.columns:
        if column.name in names:
            found = dict(_JSON_KINDS.get(column.kind, {"type": ["string", "null"]}))
            properties[column.name] = found | ({"enum": list(column.choices)} if column.choices else {})
    scalar = {"type": ["string", "number", "boolean", "null"]}
    properties[ATTRIBUTES] = {"type": "object", "additionalProperties": scalar}
    return {"type": "object", "properties": properties, "additionalProperties": False}


Record = Annotated[dict[str, object], WithJsonSchema(_schema_of(FIELDS))]
Changes = Annotated[
    dict[str, object], WithJsonSchema(_schema_of(tuple(name for name in FIELDS if name not in NOT_IN_CHANGES)))
]
Days = Annotated[float, Field(gt=0, le=MOST_DAYS, allow_inf_nan=False)]


class Question(BaseModel):
    """Base of requests: a field that nobody reads is named, with the field probably meant."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _every_field_is_read(cls, given: object) -> object:
        if isinstance(given, Mapping):
            for name in given:
                if name not in cls.model_fields:
                    shown = str(name).encode("utf-8", "replace").decode()[:100]
                    said = {"name": shown, "hint": hint(shown, cls.model_fields)}
                    raise PydanticCustomError("unknown_field", "there is no field '{name}' here. {hint}", said)
        return given


class DealAsked(Question):
    """One deal: `deal_id` alone, `deal_id` with `changes` (what if), or `record`."""

    deal_id: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """A deal on record."""

    changes: Changes | None = None
    """Fields as they might become. The answer holds both numbers and what moved."""

    record: Record | None = None
    """A whole deal in the contract's fields. With the `deal_id` of a deal on record, its fields replace those."""

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if (self.deal_id is None) == (self.record is None):
            raise PydanticCustomError("deal_form", "give either deal_id or record")
        if self.changes is not None and self.deal_id is None:
            raise PydanticCustomError("deal_form", "changes belong to a deal_id; a record holds its fields itself")
        return self


class DealsAsked(Question):
    """Up to 1,000 deals and what to say of each."""

    deals: Annotated[list[DealAsked], Field(min_length=1, max_length=MOST_DEALS)]
    """The deals; the answer keeps their order."""

    horizons: Annotated[list[Days], Field(max_length=20)] = [30.0, 60.0, 90.0]
    """Days from `as_of`: how likely is the deal won within them?"""

    dates: Annotated[list[date], Field(max_length=20)] = []
    """Days of the calendar: how likely is the deal won by the end of each?"""

    reasons: Annotated[int, Field(ge=0, le=100)] = 5
    """How many reasons at most, the strongest first."""

    as_of: Annotated[str, Field(max_length=40)] | None = None
    """The moment to judge by, default now: a time with offset, or a day, which means its first moment."""
