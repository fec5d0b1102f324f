"""What may be forgotten by now? Rows and files that were kept for a time, and their time is over.

Rows go some at a time, so that nobody who writes waits long. What was removed stands in the audit trail.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import InstrumentedAttribute

from serving.access import audit
from serving.jobs.job import ROUND, JobContext
from serving.store.event_tables import AcceptedEvent, EventFeed
from serving.store.job_tables import JobRun, KeptAnswer
from serving.store.opening import Store
from serving.store.people_tables import SignedIn, SignInTry

AT_ONCE = 1_000
BY = audit.By("job:retention")


def retain(context: JobContext) -> str:
    """Remove what is older than the settings keep; say how much. Raises StoreAway."""
    settings, store, now = context.settings, context.store, context.now
    removed = {
        "answers to idempotency keys": _rows(store, KeptAnswer.at, now - settings.keep_idempotency),
        "sessions": _rows(store, SignedIn.ends_at, now - settings.keep_sessions),
        "sign-ins begun": _rows(store, SignInTry.ends_at, now - settings.keep_sessions),
        "events": _events(store, now - settings.keep_events_folded),
        "runs of jobs": _rows(store, JobRun.started_at, now - settings.keep_job_runs, JobRun.slot != ROUND),
        "files of served scores": _served(context, settings.keep_served_scores),
        "audit entries": _audit(store, now, settings.keep_audit),
    }
    told = {what: count for what, count in removed.items() if count}
    if not told:
        return "Nothing was old enough to be removed."
    with store.session() as session:
        audit.note(session, BY, "retention", "store", told, now)
    return "Removed " + ", ".join(f"{count:,} {what}" for what, count in told.items()) + "."


def _rows(store: Store, since: "InstrumentedAttribute[datetime]", before: datetime, *more: ColumnElement[bool]) -> int:
    """Remove the rows of a table whose moment lies before another."""
    removed = 0
    while True:
        with store.session() as session:
            latest = session.scalars(
                select(since).where(since < before, *more).order_by(since).offset(AT_ONCE - 1).limit(1)
            ).first()
            until = since < before if latest is None else since <= latest
            removed += session.connection().execute(delete(since.class_).where(until, *more)).rowcount
        if latest is None:
            return removed


def _events(store: Store, before: datetime) -> int:
    """Remove events that the history has had long enough; those that it refused stay."""
    with store.session() as session:
        folded = session.scalar(select(EventFeed.folded).where(EventFeed.number == 1))
    if folded is None:
        return 0
    return _rows(
        store,
        AcceptedEvent.received_at,
        before,
        AcceptedEvent.position <= folded,
        AcceptedEvent.refused.is_(None),
    )


def _served(context: JobContext, keep: timedelta | None) -> int:
    """Remove files of the log of served scores that were last written before."""
    if keep is None:
        return 0
    before = (context.now - keep).replace(tzinfo=UTC).timestamp()
    old = [file for file in (context.home / "served").rglob("*.parquet") if file.stat().st_mtime < before]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)


def _audit(store: Store, now: datetime, keep: timedelta | None) -> int:
    if keep is None:
        return 0
    with store.session() as session:
        return audit.forget(session, now - keep, BY, now)
