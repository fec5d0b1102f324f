"""Latest records and scores of deals and customers, and the scores of earlier days."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cards_made",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("log_number", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("scored_as_of", sa.DateTime(), nullable=True),
        sa.Column("versions", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_cards_made"),
    )
    op.create_table(
        "customer_cards",
        sa.Column("customer_id", sa.String(500), nullable=False),
        sa.Column("name", sa.String(500), nullable=True),
        sa.Column("industry", sa.String(500), nullable=True),
        sa.Column("segment", sa.String(500), nullable=True),
        sa.Column("region", sa.String(500), nullable=True),
        sa.Column("country", sa.String(500), nullable=True),
        sa.Column("tier", sa.String(500), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("expected_orders", sa.Float(), nullable=True),
        sa.Column("value_at_risk", sa.Float(), nullable=True),
        sa.Column("model_version", sa.String(40), nullable=True),
        sa.Column("scored_as_of", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", name="pk_customer_cards"),
    )
    op.create_index("ix_customer_cards_active_probability", "customer_cards", ["active", "probability", "customer_id"])
    op.create_index("ix_customer_cards_active_value", "customer_cards", ["active", "value_at_risk", "customer_id"])
    op.create_table(
        "customer_owners",
        sa.Column("customer_id", sa.String(500), nullable=False),
        sa.Column("rep_id", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "rep_id", name="pk_customer_owners"),
    )
    op.create_index("ix_customer_owners_rep_id", "customer_owners", ["rep_id"])
    op.create_table(
        "deal_cards",
        sa.Column("deal_id", sa.String(500), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("pipeline", sa.String(500), nullable=True),
        sa.Column("stage", sa.String(500), nullable=True),
        sa.Column("rep_id", sa.String(500), nullable=True),
        sa.Column("customer_id", sa.String(500), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("expected_close_on", sa.Date(), nullable=True),
        sa.Column("amount", sa.Float(), nullable=True),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("close_on", sa.Date(), nullable=True),
        sa.Column("expected_amount", sa.Float(), nullable=True),
        sa.Column("model_version", sa.String(40), nullable=True),
        sa.Column("scored_as_of", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("deal_id", name="pk_deal_cards"),
    )
    op.create_index("ix_deal_cards_customer_id", "deal_cards", ["customer_id"])
    op.create_index("ix_deal_cards_rep_id", "deal_cards", ["rep_id"])
    op.create_index("ix_deal_cards_status_amount", "deal_cards", ["status", "amount", "deal_id"])
    op.create_index("ix_deal_cards_status_created_at", "deal_cards", ["status", "created_at", "deal_id"])
    op.create_index("ix_deal_cards_status_probability", "deal_cards", ["status", "probability", "deal_id"])
    op.create_table(
        "scores_of_days",
        sa.Column("entity", sa.String(10), nullable=False),
        sa.Column("subject_id", sa.String(500), nullable=False),
        sa.Column("as_of", sa.DateTime(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("worth", sa.Float(), nullable=True),
        sa.Column("model_version", sa.String(40), nullable=True),
        sa.PrimaryKeyConstraint("entity", "subject_id", "as_of", name="pk_scores_of_days"),
    )


def downgrade() -> None:
    op.drop_table("scores_of_days")
    op.drop_index("ix_deal_cards_status_probability", table_name="deal_cards")
    op.drop_index("ix_deal_cards_status_created_at", table_name="deal_cards")
    op.drop_index("ix_deal_cards_status_amount", table_name="deal_cards")
    op.drop_index("ix_deal_cards_rep_id", table_name="deal_cards")
    op.drop_index("ix_deal_cards_customer_id", table_name="deal_cards")
    op.drop_table("deal_cards")
    op.drop_index("ix_customer_owners_rep_id", table_name="customer_owners")
    op.drop_table("customer_owners")
    op.drop_index("ix_customer_cards_active_value", table_name="customer_cards")
    op.drop_index("ix_customer_cards_active_probability", table_name="customer_cards")
    op.drop_table("customer_cards")
    op.drop_table("cards_made")
