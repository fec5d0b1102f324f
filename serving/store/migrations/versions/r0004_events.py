"""Events as they arrive."""

import sqlalchemy as sa
from alembic import op

from serving.store.errors import EventsWaitForFolding

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("table_name", sa.String(40), nullable=False),
        sa.Column("row_key", sa.String(64), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("row", sa.Text(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("sent_id", sa.String(64), nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("position", name="pk_events"),
        sa.UniqueConstraint("sent_id", name="uq_events_sent_id"),
    )
    op.create_index("ix_events_row_key", "events", ["row_key", "recorded_at", "position"])
    op.create_index("ix_events_received_at", "events", ["received_at"])
    op.create_table(
        "event_feed",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("folded", sa.BigInteger(), nullable=False),
        sa.Column("folded_in", sa.BigInteger(), nullable=True),
        sa.Column("folded_at", sa.DateTime(), nullable=True),
        sa.Column("stamp", sa.String(12), nullable=True),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_event_feed"),
    )


def downgrade() -> None:
    waiting = op.get_bind().execute(sa.text("SELECT last - folded FROM event_feed")).scalar()
    if waiting:
        raise EventsWaitForFolding(waiting)
    op.drop_table("event_feed")
    op.drop_index("ix_events_received_at", "events")
    op.drop_index("ix_events_row_key", "events")
    op.drop_table("events")
