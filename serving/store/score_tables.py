"""What does the service keep of deals and customers, so that lists need not ask the whole history?

A card is the latest record of a deal or customer with its latest score. Cards can always be made again from the
history; the scores of earlier days cannot, so they lie apart and are kept.
"""

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, Date, DateTime, Float, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Tables


class DealCard(Tables):
    """A deal as last recorded and as last scored. Money is in the base currency where it says so."""

    __tablename__ = "deal_cards"

    deal_id: Mapped[str] = mapped_column(String(500), primary_key=True)
    status: Mapped[str] = mapped_column(String(8))
    """open, won or lost."""
    pipeline: Mapped[str | None] = mapped_column(String(500))
    stage: Mapped[str | None] = mapped_column(String(500))
    rep_id: Mapped[str | None] = mapped_column(String(500), index=True)
    customer_id: Mapped[str | None] = mapped_column(String(500), index=True)
    created_at: Mapped[datetime | None] = mapped_column(DateTime)
    closed_at: Mapped[datetime | None] = mapped_column(DateTime)
    expected_close_on: Mapped[date | None] = mapped_column(Date)
    amount: Mapped[float | None] = mapped_column(Float)
    """As written, in the deal's own currency."""
    record: Mapped[dict[str, object]] = mapped_column(JSON)
    """All fields by the contract's names, as answers carry them."""
    told: Mapped[dict[str, str]] = mapped_column(JSON)
    """Since when fields that change stand as they do: an older change that comes late does not replace a newer."""
    digest: Mapped[str] = mapped_column(String(32))
    """Of the record and its columns: tells whether a card must be written again."""

    probability: Mapped[float | None] = mapped_column(Float)
    low: Mapped[float | None] = mapped_column(Float)
    high: Mapped[float | None] = mapped_column(Float)
    close_on: Mapped[date | None] = mapped_column(Date)
    """When it is expected to close if won."""
    expected_amount: Mapped[float | None] = mapped_column(Float)
    """What it is expected to close at, in the base currency."""
    model_version: Mapped[str | None] = mapped_column(String(40))
    scored_as_of: Mapped[datetime | None] = mapped_column(DateTime)

    __table_args__ = (
        Index("ix_deal_cards_status_probability", "status", "probability", "deal_id"),
        Index("ix_deal_cards_status_amount", "status", "amount", "deal_id"),
        Index("ix_deal_cards_status_created_at", "status", "created_at", "deal_id"),
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

    probability: Mapped[float | None] = mapped_column(Float)
    """Of churn, within the first horizon."""
    low: Mapped[float | None] = mapped_column(Float)
    high: Mapped[float | None] = mapped_column(Float)
    expected_orders: Mapped[float | None] = mapped_column(Float)
    value_at_risk: Mapped[float | None] = mapped_column(Float)
    model_version: Mapped[str | None] = mapped_column(String(40))
    scored_as_of: Mapped[datetime | None] = mapped_column(DateTime)

    __table_args__ = (
        Index("ix_customer_cards_active_probability", "active", "probability", "customer_id"),
        Index("ix_customer_cards_active_value", "active", "value_at_risk", "customer_id"),
    )


class CustomerOwner(Tables):
    """A seller to whom a customer belongs."""

    __tablename__ = "customer_owners"

    customer_id: Mapped[str] = mapped_column(String(500), primary_key=True)
    rep_id: Mapped[str] = mapped_column(String(500), primary_key=True, index=True)


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
    position: Mapped[int] = mapped_column(BigInteger)
    """Events in them."""
    made_at: Mapped[datetime] = mapped_column(DateTime)
    scored_as_of: Mapped[datetime | None] = mapped_column(DateTime)
    versions: Mapped[str] = mapped_column(String(200))
    """The versions that scored them."""
