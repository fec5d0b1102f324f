"""What is asked, read in microseconds? The shapes of `serving.questions.questions` again, for the short way.

Strict where those are lenient: what does not fit here is read once more there, which knows the exact words for a fault.
Nothing fits here that would not fit there, and means the same (tests hold both together).
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Protocol

from msgspec import Meta, Raw, Struct, field
from msgspec.json import Decoder

from features.told_values import MOST_LETTERS
from serving.champion import Row
from serving.questions.questions import (
    CUSTOMER_FORMS,
    DEAL_FORMS,
    HORIZONS,
    MOST_CUSTOMERS,
    MOST_DAYS,
    MOST_DEALS,
    MOST_FEATURES,
)

Id = Annotated[str, Meta(min_length=1, max_length=500)]
Value = float | Annotated[str, Meta(max_length=MOST_LETTERS)] | None
Features = Annotated[dict[str, Value], Meta(min_length=1, max_length=MOST_FEATURES)]
Days = Annotated[float, Meta(gt=0, le=MOST_DAYS)]


class AskedOfAll(Protocol):
    """What is asked of every deal or customer of a request, in either shape."""

    @property
    def horizons(self) -> Sequence[float]: ...
    @property
    def dates(self) -> Sequence[date]: ...
    @property
    def reasons(self) -> int: ...
    @property
    def as_of(self) -> str | None: ...


class DealInEitherShape(Protocol):
    """One deal asked about."""

    @property
    def deal_id(self) -> str | None: ...
    @property
    def changes(self) -> dict[str, Any] | None: ...
    @property
    def record(self) -> dict[str, Any] | None: ...
    @property
    def features(self) -> Row | None: ...


class CustomerInEitherShape(Protocol):
    """One customer asked about."""

    @property
    def customer_id(self) -> str | None: ...
    @property
    def changes(self) -> dict[str, Any] | None: ...
    @property
    def features(self) -> Row | None: ...


class Deal(Struct, frozen=True, forbid_unknown_fields=True):
    """One deal."""

    deal_id: Id | None = None
    changes: dict[str, Any] | None = None
    record: dict[str, Any] | None = None
    features: Features | None = None

    def __post_init__(self) -> None:
        """Raises ValueError where the forms are mixed, which becomes a ValidationError of msgspec."""
        said = (self.deal_id is not None, self.changes is not None, self.record is not None, self.features is not None)
        if said not in DEAL_FORMS:
            raise ValueError("forms are mixed")


class Customer(Struct, frozen=True, forbid_unknown_fields=True):
    """One customer."""

    customer_id: Id | None = None
    changes: dict[str, Any] | None = None
    features: Features | None = None

    def __post_init__(self) -> None:
        """Raises ValueError where the forms are mixed, which becomes a ValidationError of msgspec."""
        said = (self.customer_id is not None, self.changes is not None, self.features is not None)
        if said not in CUSTOMER_FORMS:
            raise ValueError("forms are mixed")


class Asked(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is asked of all."""

    dates: Annotated[list[date], Meta(max_length=20)] = []
    reasons: Annotated[int, Meta(ge=0, le=100)] = 5
    as_of: Annotated[str, Meta(max_length=40)] | None = None


class DealsAsked(Asked, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Deals, each still as its bytes: a large request is read piece by piece."""

    deals: Annotated[list[Raw], Meta(min_length=1, max_length=MOST_DEALS)]
    horizons: Annotated[list[Days], Meta(max_length=20)] = field(default_factory=lambda: list(HORIZONS))

    @property
    def subjects(self) -> list[Raw]:
        """The deals."""
        return self.deals


class CustomersAsked(Asked, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Customers, each still as its bytes."""

    customers: Annotated[list[Raw], Meta(min_length=1, max_length=MOST_CUSTOMERS)]
    horizons: Annotated[list[Days], Meta(min_length=1, max_length=20)] = field(default_factory=lambda: list(HORIZONS))

    @property
    def subjects(self) -> list[Raw]:
        """The customers."""
        return self.customers


READ_DEAL = Decoder(Deal).decode
READ_CUSTOMER = Decoder(Customer).decode
READ_DEALS = Decoder(DealsAsked).decode
READ_CUSTOMERS = Decoder(CustomersAsked).decode
"""Each raises msgspec.MsgspecError for what does not fit."""
