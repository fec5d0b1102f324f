"""What may a caller ask about deals and customers? The shape of requests, checked at the door."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, LiteralString, Self

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from features.contracts import Kind, Table
from features.suggesting import hint
from features.told_values import MOST_LETTERS
from serving.questions.records import ATTRIBUTES, CUSTOMER_CHANGES, CUSTOMERS, DEAL_CHANGES, DEALS, FIELDS

MOST_DEALS = 1000
MOST_CUSTOMERS = 1000
MOST_DAYS = 3650
"""Ten years: the farthest horizon that is answered."""
MOST_FEATURES = 2000

_JSON_KINDS: Mapping[Kind, dict[str, object]] = {
    Kind.MOMENT: {"type": ["string", "null"], "description": "A time with offset, or a day."},
    Kind.DAY: {"type": ["string", "null"], "format": "date"},
    Kind.MONEY: {"type": ["number", "string", "null"], "description": "A plain number."},
    Kind.NUMBER: {"type": ["number", "string", "null"]},
    Kind.SHARE: {"type": ["number", "string", "null"], "minimum": 0, "maximum": 1},
}


def _schema_of(table: Table, names: tuple[str, ...]) -> dict[str, object]:
    """The JSON schema of an object with these fields of a table's rows."""
    properties: dict[str, object] = {}
    for column in table.columns:
        if column.name in names:
            found = dict(_JSON_KINDS.get(column.kind, {"type": ["string", "null"]}))
            properties[column.name] = found | ({"enum": list(column.choices)} if column.choices else {})
    scalar = {"type": ["string", "number", "boolean", "null"]}
    properties[ATTRIBUTES] = {"type": "object", "additionalProperties": scalar}
    return {"type": "object", "properties": properties, "additionalProperties": False}


Record = Annotated[dict[str, object], WithJsonSchema(_schema_of(DEALS, FIELDS))]
Changes = Annotated[dict[str, object], WithJsonSchema(_schema_of(DEALS, DEAL_CHANGES))]
CustomerChanges = Annotated[dict[str, object], WithJsonSchema(_schema_of(CUSTOMERS, CUSTOMER_CHANGES))]
FeatureValue = Annotated[float, Field(allow_inf_nan=False)] | Annotated[str, Field(max_length=MOST_LETTERS)] | None
Features = Annotated[dict[str, FeatureValue], Field(min_length=1, max_length=MOST_FEATURES)]
Id = Annotated[str, Field(min_length=1, max_length=500)]
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
    """One deal: `deal_id` alone, `deal_id` with `changes` (what if), `record`, or `features`."""

    deal_id: Id | None = None
    """A deal on record; beside `features` any name, which the answer repeats."""

    changes: Changes | None = None
    """Fields as they might become. The answer holds both numbers and what moved."""

    record: Record | None = None
    """A whole deal in the contract's fields. With the `deal_id` of a deal on record, its fields replace those."""

    features: Features | None = None
    """What the model looks at, by the names of docs/features.md, as `foresell features build` writes it: needs no
    deal on record. A feature left out, or null, is missing."""

    @model_validator(mode="after")
    def _one_of_the_forms(self) -> Self:
        said = (self.deal_id is not None, self.changes is not None, self.record is not None, self.features is not None)
        if said not in DEAL_FORMS:
            raise PydanticCustomError("deal_form", DEAL_FORM_WRONG[said[1] and not said[0]])
        return self


class CustomerAsked(Question):
    """One customer: `customer_id` alone, `customer_id` with `changes` (what if), or `features`."""

    customer_id: Id | None = None
    """A customer on record; beside `features` any name, which the answer repeats."""

    changes: CustomerChanges | None = None
    """Fields as they might become. The answer holds both numbers and what moved."""

    features: Features | None = None
    """What the model looks at, by the names of docs/features.md, as `foresell features build` writes it: needs no
    customer on record. A feature left out, or null, is missing."""

    @model_validator(mode="after")
    def _one_of_the_forms(self) -> Self:
        said = (self.customer_id is not None, self.changes is not None, self.features is not None)
        if said not in CUSTOMER_FORMS:
            raise PydanticCustomError("customer_form", CUSTOMER_FORM_WRONG)
        return self


DEAL_FORMS = frozenset(
    {(True, False, False, False), (True, True, False, False), (False, False, True, False)}
    | {(True, False, False, True), (False, False, False, True)}
)
"""Which of deal_id, changes, record and features go together."""
DEAL_FORM_WRONG: tuple[LiteralString, LiteralString] = (
    "give either deal_id or record, or features (with a deal_id or without)",
    "changes belong to a deal_id; a record holds its fields itself",
)
CUSTOMER_FORMS = frozenset({(True, False, False), (True, True, False), (True, False, True), (False, False, True)})
"""Which of customer_id, changes and features go together."""
CUSTOMER_FORM_WRONG: LiteralString = "give customer_id, with changes or without, or features"
HORIZONS = (30.0, 60.0, 90.0)


class Asked(Question):
    """What is asked of every deal or customer of a request."""

    dates: Annotated[list[date], Field(max_length=20)] = []
    """Days of the calendar: how likely is it by the end of each?"""

    reasons: Annotated[int, Field(ge=0, le=100)] = 5
    """How many reasons, the strongest first; what is left is summed up in one more."""

    as_of: Annotated[str, Field(max_length=40)] | None = None
    """The moment to judge by, default now: a time with offset, or a day, which means its first moment."""


class DealsAsked(Asked):
    """Up to 1,000 deals and what to say of each."""

    deals: Annotated[list[DealAsked], Field(min_length=1, max_length=MOST_DEALS)]
    """The deals; the answer keeps their order."""

    horizons: Annotated[list[Days], Field(max_length=20)] = list(HORIZONS)
    """Days from `as_of`: how likely is the deal won within them?"""


class CustomersAsked(Asked):
    """Up to 1,000 customers and what to say of each."""

    customers: Annotated[list[CustomerAsked], Field(min_length=1, max_length=MOST_CUSTOMERS)]
    """The customers; the answer keeps their order."""

    horizons: Annotated[list[Days], Field(min_length=1, max_length=20)] = list(HORIZONS)
    """Days from `as_of`: how likely does the customer fall silent, or leave, within them? `probability` is that of
    the first; `expected_orders` and `value_at_risk` are for the longest, asked dates included."""
