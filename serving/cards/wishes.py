"""What may a caller ask of lists? Filters, order and page, as query parameters."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.types import AwareDatetime

from serving.cards.listing import CUSTOMER_EQUALS, DEAL_EQUALS, MOST_ROWS, Wish

Text = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]
"""PostgreSQL keeps no NUL, so nothing that holds one can be on record."""
Names = Annotated[list[Text], Field(max_length=100)]
Cursor = Annotated[str, Field(max_length=4000)]


class _Wanted(BaseModel):
    """What every list is asked."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="ignore")

    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 50
    """Rows of a page."""

    cursor: Cursor | None = None
    """`next` of the page before; leave it out to begin."""

    starts: Text | None = None
    """Ids that begin so."""

    min_probability: Annotated[float, Field(ge=0, le=1)] | None = None
    """Scored at least this."""

    max_probability: Annotated[float, Field(ge=0, le=1)] | None = None
    """Scored at most this."""


class DealsWanted(_Wanted):
    """Which deals."""

    status: list[Literal["open", "won", "lost"]] = ["open"]
    """Give it several times for several."""

    pipeline: Names = []
    """Of these pipelines."""

    stage: Names = []
    """In these stages."""

    rep_id: Names = []
    """Of these sellers."""

    customer_id: Names = []
    """Of these customers."""

    min_amount: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """Amounts as written, in the deal's own currency."""

    max_amount: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """The same, at most."""

    created_from: AwareDatetime | None = None
    """Created at this moment or later."""

    created_to: AwareDatetime | None = None
    """Created at this moment or earlier."""

    closing_from: date | None = None
    """Sellers expect them to close on this day or later."""

    closing_to: date | None = None
    """Sellers expect them to close on this day or earlier."""

    sort: Annotated[str, Field(max_length=40)] = "-probability"
    """deal_id, probability, expected_amount, amount, created_at, closed_at, expected_close_on or close_on (the
    model's); a minus before it turns it around. What has no value comes last."""

    def wish(self, reps: frozenset[str] | None) -> Wish:
        """As the cards are asked; `reps` are the sellers within reach, None for all."""
        least = {
            "probability": self.min_probability,
            "amount": self.min_amount,
            "created_at": _naive(self.created_from),
        }
        most = {"probability": self.max_probability, "amount": self.max_amount, "created_at": _naive(self.created_to)}
        return Wish(
            {name: values for name in DEAL_EQUALS if (values := getattr(self, name))},
            _given({**least, "expected_close_on": self.closing_from}),
            _given({**most, "expected_close_on": self.closing_to}),
            self.starts,
            self.sort,
            self.limit,
            self.cursor,
            reps,
        )


class CustomersWanted(_Wanted):
    """Which customers."""

    active: bool | None = True
    """Only those who ordered in the last 365 days or have a running subscription; false for the others."""

    segment: Names = []
    """Of these segments."""

    industry: Names = []
    """Of these industries."""

    region: Names = []
    """In these regions."""

    country: Names = []
    """In these countries."""

    tier: Names = []
    """Of these tiers."""

    min_value_at_risk: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """At least so much at risk, in the base currency."""

    sort: Annotated[str, Field(max_length=40)] = "-value_at_risk"
    """customer_id, name, probability, value_at_risk or expected_orders; a minus before it turns it around. What has
    no value comes last."""

    def wish(self, reps: frozenset[str] | None) -> Wish:
        """As the cards are asked; `reps` are the sellers within reach, None for all."""
        least = {"probability": self.min_probability, "value_at_risk": self.min_value_at_risk}
        return Wish(
            {name: values for name in CUSTOMER_EQUALS if (values := getattr(self, name))},
            _given(least),
            _given({"probability": self.max_probability}),
            self.starts,
            self.sort,
            self.limit,
            self.cursor,
            reps,
            self.active,
        )


def _given(values: Mapping[str, float | datetime | date | None]) -> dict[str, float | datetime | date]:
    return {name: value for name, value in values.items() if value is not None}


def _naive(moment: datetime | None) -> datetime | None:
    """Naive UTC."""
    return None if moment is None else moment.replace(tzinfo=None) - (moment.utcoffset() or moment - moment)
