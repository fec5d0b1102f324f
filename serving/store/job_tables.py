"""What does the service keep of requests already answered, and of its own nightly work?"""

from datetime import datetime

from sqlalchemy import DateTime, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Tables


class KeptAnswer(Tables):
    """The answer to a request that named an idempotency key: sent again, it gets the same."""

    __tablename__ = "kept_answers"

    actor: Mapped[str] = mapped_column(String(200), primary_key=True)
    """Who asked; two callers may use the same key for different things."""
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 of what was asked."""
    status: Mapped[int] = mapped_column(Integer)
    """The HTTP status of the answer; 0 until there is one, which no other transaction sees."""
    body: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(DateTime, index=True)


class JobLock(Tables):
    """Who runs a job now. One row for each job."""

    __tablename__ = "job_locks"

    job: Mapped[str] = mapped_column(String(60), primary_key=True)
    holder: Mapped[str | None] = mapped_column(String(200))
    slot: Mapped[str | None] = mapped_column(String(60))
    beat: Mapped[int] = mapped_column(Integer)
    """Counts up while the holder lives; one that stands still for the length of a lease can be replaced."""


class JobRun(Tables):
    """What became of a slot of a job: of a night, or of the last round of a job that runs all the time."""

    __tablename__ = "job_runs"

    job: Mapped[str] = mapped_column(String(60), primary_key=True)
    slot: Mapped[str] = mapped_column(String(60), primary_key=True)
    """The local day of a nightly job, `round` of one that runs all the time, the moment of one asked for by hand."""
    holder: Mapped[str] = mapped_column(String(200))
    """The process that ran it last."""
    attempts: Mapped[int] = mapped_column(Integer)
    """How often it was begun since it last went well."""
    started_at: Mapped[datetime] = mapped_column(DateTime)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime)
    next_try_at: Mapped[datetime | None] = mapped_column(DateTime)
    """Not before this moment after a failure."""
    outcome: Mapped[str] = mapped_column(String(10))
    """running, done, failed or stopped."""
    said: Mapped[str] = mapped_column(Text)
    """What was done, or why it failed."""

    __table_args__ = (Index("ix_job_runs_started_at", "started_at"),)
