"""What does the service keep of its own? Changing a table here needs a migration beside it."""

from datetime import datetime

from sqlalchemy import DateTime, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Tables(DeclarativeBase):
    """Every table of the service's database. Times are naive UTC."""

    metadata = MetaData(naming_convention=NAMING)


class ApiKey(Tables):
    """A key that callers send. Its secret is kept only as a hash."""

    __tablename__ = "api_keys"

    key_id: Mapped[str] = mapped_column(String(8), primary_key=True)
    """The eight characters after `fsl_`: public, for lists and logs."""

    name: Mapped[str] = mapped_column(String(200))
    """What the key is for, in its maker's words."""

    scopes: Mapped[str] = mapped_column(String(200))
    """Names of scopes with a space between."""

    secret_hash: Mapped[str] = mapped_column(String(200))
    """`scrypt$n$r$p$salt$digest$hint`, so that the cost can be raised for new keys; older ones have no hint."""

    created_at: Mapped[datetime] = mapped_column(DateTime)
    expires_at: Mapped[datetime | None] = mapped_column(DateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime)
    reach: Mapped[str] = mapped_column(String(8), server_default="all")
    """own, team or all."""
    rep_id: Mapped[str | None] = mapped_column(String(500))
    team_id: Mapped[str | None] = mapped_column(String(500))
    per_minute: Mapped[int | None]
    """Requests allowed in a minute; none for the setting's number."""
