"""Events that say nothing of when they were recorded follow each other, and are known again under another key."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event_feed", sa.Column("latest", sa.DateTime(), nullable=True))
    # No event was recorded later than its arrival, so none that comes now may count from before any of these.
    op.execute("UPDATE event_feed SET latest = (SELECT max(recorded_at) FROM events)")
    op.add_column("events", sa.Column("said", sa.String(64), nullable=True))
    op.create_index("ix_events_said", "events", ["said"])


def downgrade() -> None:
    op.drop_index("ix_events_said", table_name="events")
    op.drop_column("events", "said")
    op.drop_column("event_feed", "latest")
