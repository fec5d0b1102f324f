"""What time is it? The one place of the service that reads the machine's clock; all else is handed it."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present as naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)
