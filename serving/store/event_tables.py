"""What does the service keep of events? Every row it was told, in the order in which it answers for them."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Tables


class AcceptedEvent(Tables):
    """A row of a history table as it was told. It stays until the history has it, and some time longer."""

    __tablename__ = "events"

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """1, 2, 3 ... in the order of the commits: who has read up to one has missed none before it."""

    table_name: Mapped[str] = mapped_column(String(40))
    row_key: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the table and the key of the row."""

    content: Mapped[str] = mapped_column(String(64))
    """SHA-256 of all that the event says but when it was recorded."""

    row: Mapped[str] = mapped_column(Text)
    """`features.told_rows.written`: JSON of the typed row, or of a deleted row's key."""

    deleted: Mapped[bool]
    recorded_at: Mapped[datetime] = mapped_column(DateTime)
    received_at: Mapped[datetime] = mapped_column(DateTime)
    actor: Mapped[str] = mapped_column(String(200))
    request_id: Mapped[str] = mapped_column(String(64))
    sent_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    """SHA-256 of the sender and the id the sender gave the event, where it gave one."""

    said: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 of the id and what the event says, whoever sent it: known again when a key was replaced by another."""

    refused: Mapped[str | None] = mapped_column(Text)
    """Why the history did not take the row; such rows are kept for good."""

    __table_args__ = (
        Index("ix_events_row_key", "row_key", "recorded_at", "position"),
        Index("ix_events_received_at", "received_at"),
        Index("ix_events_said", "said"),
    )


class EventFeed(Tables):
    """How far the events reach and how far the history has them: one row. Who changes it has the turn."""

    __tablename__ = "event_feed"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Always 1."""

    name: Mapped[str] = mapped_column(String(16))
    """Tells this sequence of positions from that of another database; entries of the history name it."""

    last: Mapped[int] = mapped_column(BigInteger)
    """The position of the latest event; 0 for none."""

    folded: Mapped[int] = mapped_column(BigInteger)
    """The history has every event up to this position."""

    folded_in: Mapped[int | None] = mapped_column(BigInteger)
    """The entry of the history's log that brought the latest of them."""

    folded_at: Mapped[datetime | None] = mapped_column(DateTime)
    stamp: Mapped[str | None] = mapped_column(String(12))
    """What tells the event at `folded` from another that may once bear its position."""

    refused: Mapped[int] = mapped_column(BigInteger)
    """How many rows were set aside, ever."""

    latest: Mapped[datetime | None] = mapped_column(DateTime)
    """The latest moment from which an event counts that did not say when it was recorded."""
