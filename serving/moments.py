"""How does the service write a moment? In UTC, with its offset; inside it is naive UTC."""

from datetime import UTC, datetime


def in_utc(moment: datetime) -> datetime:
    """A naive UTC moment with its offset, as answers carry it."""
    return moment.replace(tzinfo=UTC)


def in_utc_if_known(moment: datetime | None) -> datetime | None:
    """The same where there is one."""
    return None if moment is None else in_utc(moment)


def written(moment: datetime) -> str:
    """A naive UTC moment as answers write it.

    >>> written(datetime(2026, 11, 21, 9, 30))
    '2026-11-21T09:30:00Z'
    """
    return moment.isoformat() + "Z"
