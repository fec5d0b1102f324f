"""What does the service keep of deals and customers, so that lists need not ask the whole history?

A card is the latest record of a deal or customer with its latest score. Cards can always be made again from the
history; the scores of earlier days cannot, so they lie apart and are kept.
"""

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, Date, DateTime, Float, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Tables

DEAL_ORDERS = (
    "probability",
    "expected_amount",
    "amount",
    "created_at",
    "closed_at",
    "expected_close_on",
    "close_on",
)
CUSTOMER_ORDERS = ("name", "probability", "value_at_risk", "expected_orders")
"""Columns by which lists are sorted, beside the id: each has an index that begins with what every list is cut by."""


class DealCard(Tables):
    """A deal as last recorded and as last scored. Money is in the base currency where it says so."""

    __tablename__ = "deal_cards"

    deal_id: Mapped[str] = mapped_column(String(500), primary_key=True)
    status: Mapped[str] = mapped_column(String(8))
    """open, won or lost."""
    pipeline: Mapped[str | None] = mapped_column(String(500))
    stage: Mapped[str | None] = mapped_column(String(500))
    rep_id: Mapped[str | None] = mapped_column(String(500))
    customer_id: Mapped[str | None] = mapped_column(String(500), index=True)
    created_at: Mapped[datetime | None] = mapped_column(DateTime)
    closed_at: Mapped[datetime | None] = mapped_column(DateTime)
    expected_close_on: Mapped[date | None] = mapped_column(Date)
    amount: Mapped[float | None] = mapped_column(Float)
    """As written, in the deal's own currency."""
    record: Mapped[dict[str, object]] = mapped_column(JSON)
    """All fields by the contract's names, as answers carry them."""
    told: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """For instances of an earlier layout, which write it and read it; nothing here does."""
    digest: Mapped[str] = mapped_column(String(32))
    """Of the record and its columns: tells whether a card must be written again."""
    position: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """Up to which event it tells: what knows fewer does not replace it."""

    probability: Mapped[float | None] = mapped_column(Float)
    low: Mapped[float | None] = mapped_column(Float)
    high: Mapped[float | None] = mapped_column(Float)
    close_on: Mapped[date | None] = mapped_column(Date)
    """When it is expected to close if won."""
    expected_amount: Mapped[float | None] = mapped_column(Float)
    """What it is expected to close at, in the base currency."""
    model_version: Mapped[str | None] = mapped_column(String(40))
    scored_as_of: Mapped[datetime | None] = mapped_column(DateTime)
    unscored: Mapped[int | None] = mapped_column(BigInteger, index=True)
    """The event that told something of it since it was scored, 0 for an import; null where the score knows it all."""

    __table_args__ = (
        *(Index(f"ix_deal_cards_by_{column}", "status", column, "deal_id") for column in DEAL_ORDERS),
        Index("ix_deal_cards_by_id", "status", "deal_id"),
        Index("ix_deal_cards_rep_id_status", "rep_id", "status"),
    )


class CustomerCard(Tables):
    """A customer as last recorded and as last scored."""

    __tablename__ = "customer_cards"

    customer_id: Mapped[str] = mapped_column(String(500), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(500))
    industry: Mapped[str | None] = mapped_column(String(500))
    segment: Mapped[str | None] = mapped_column(String(500))
    region: Mapped[str | None] = mapped_column(String(500))
    country: Mapped[str | None] = mapped_column(String(500))
    tier: Mapped[str | None] = mapped_column(String(500))
    active: Mapped[bool]
    record: Mapped[dict[str, object]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(32))
    position: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """As of a deal."""

    probability: Mapped[float | None] = mapped_column(Float)
    """Of churn, within the first horizon."""
    low: Mapped[float | None] = mapped_column(Float)
    high: Mapped[float | None] = mapped_column(Float)
    expected_orders: Mapped[float | None] = mapped_column(Float)
    value_at_risk: Mapped[float | None] = mapped_column(Float)
    model_version: Mapped[str | None] = mapped_column(String(40))
    scored_as_of: Mapped[datetime | None] = mapped_column(DateTime)
    unscored: Mapped[int | None] = mapped_column(BigInteger, index=True)
    """As of a deal."""

    __table_args__ = (
        *(Index(f"ix_customer_cards_by_{column}", "active", column, "customer_id") for column in CUSTOMER_ORDERS),
        Index("ix_customer_cards_by_id", "active", "customer_id"),
    )


class CustomerOwner(Tables):
    """A seller to whom a customer belongs."""

    __tablename__ = "customer_owners"

    customer_id: Mapped[str] = mapped_column(String(500), primary_key=True)
    rep_id: Mapped[str] = mapped_column(String(500), primary_key=True, index=True)


class CardGone(Tables):
    """A deal or customer that events took away: a making that knows fewer events does not bring it back."""

    __tablename__ = "cards_gone"

    entity: Mapped[str] = mapped_column(String(10), primary_key=True)
    """deal or customer."""
    subject_id: Mapped[str] = mapped_column(String(500), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    """The event up to which it was gone."""


class ScoreOfDay(Tables):
    """What a deal or customer was scored on a day; a day on which nothing moved has none."""

    __tablename__ = "scores_of_days"

    entity: Mapped[str] = mapped_column(String(10), primary_key=True)
    """deal or customer."""
    subject_id: Mapped[str] = mapped_column(String(500), primary_key=True)
    as_of: Mapped[datetime] = mapped_column(DateTime, primary_key=True)
    probability: Mapped[float | None] = mapped_column(Float)
    low: Mapped[float | None] = mapped_column(Float)
    high: Mapped[float | None] = mapped_column(Float)
    worth: Mapped[float | None] = mapped_column(Float)
    """Expected amount of a deal, value at risk of a customer."""
    model_version: Mapped[str | None] = mapped_column(String(40))


class CardsMade(Tables):
    """Up to where the cards tell: one row."""

    __tablename__ = "cards_made"

    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    """Always 1."""
    log_number: Mapped[int] = mapped_column(BigInteger)
    """Entries of the history's log in them."""
    begun: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """The latest import in any of them: a history in memory without it has nothing to add to them."""
    position: Mapped[int] = mapped_column(BigInteger)
    """Events in them."""
    generation: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """Grows with each writing: what was counted of another generation may be wrong."""
    made_at: Mapped[datetime] = mapped_column(DateTime)
    scored_as_of: Mapped[datetime | None] = mapped_column(DateTime)
    versions: Mapped[str] = mapped_column(String(200))
    """The versions that scored them."""
