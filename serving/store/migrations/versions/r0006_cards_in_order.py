"""Cards say up to which event they tell and whether their score knows it; each order of a list has an index."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ORDERS = {
    ("deal_cards", "status", "deal_id"): (
        "probability",
        "expected_amount",
        "amount",
        "created_at",
        "closed_at",
        "expected_close_on",
        "close_on",
    ),
    ("customer_cards", "active", "customer_id"): ("name", "probability", "value_at_risk", "expected_orders"),
}
BEFORE = (
    ("ix_deal_cards_rep_id", "deal_cards", ["rep_id"]),
    ("ix_deal_cards_status_amount", "deal_cards", ["status", "amount", "deal_id"]),
    ("ix_deal_cards_status_created_at", "deal_cards", ["status", "created_at", "deal_id"]),
    ("ix_deal_cards_status_probability", "deal_cards", ["status", "probability", "deal_id"]),
    ("ix_customer_cards_active_probability", "customer_cards", ["active", "probability", "customer_id"]),
    ("ix_customer_cards_active_value", "customer_cards", ["active", "value_at_risk", "customer_id"]),
)


def upgrade() -> None:
    for name, table, _ in BEFORE:
        op.drop_index(name, table_name=table)
    for table in ("deal_cards", "customer_cards"):
        op.add_column(table, sa.Column("position", sa.BigInteger(), nullable=False, server_default="0"))
        op.add_column(table, sa.Column("unscored", sa.BigInteger(), nullable=True))
        op.create_index(f"ix_{table}_unscored", table, ["unscored"])
    op.add_column("cards_made", sa.Column("begun", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("cards_made", sa.Column("generation", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "cards_gone",
        sa.Column("entity", sa.String(10), nullable=False),
        sa.Column("subject_id", sa.String(500), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "subject_id", name="pk_cards_gone"),
    )
    for (table, cut, key), columns in ORDERS.items():
        for column in columns:
            op.create_index(f"ix_{table}_by_{column}", table, [cut, column, key])
    op.create_index("ix_deal_cards_by_id", "deal_cards", ["status", "deal_id"])
    op.create_index("ix_customer_cards_by_id", "customer_cards", ["active", "customer_id"])
    op.create_index("ix_deal_cards_rep_id_status", "deal_cards", ["rep_id", "status"])
    # Which events a card has was not kept: those that the history may lack are told to the cards again.
    folded = "coalesce((SELECT min(folded) FROM event_feed), 0)"
    op.execute(f"UPDATE cards_made SET position = {folded} WHERE position > {folded}")


def downgrade() -> None:
    op.drop_index("ix_deal_cards_rep_id_status", table_name="deal_cards")
    op.drop_index("ix_customer_cards_by_id", table_name="customer_cards")
    op.drop_index("ix_deal_cards_by_id", table_name="deal_cards")
    for (table, _, _), columns in ORDERS.items():
        for column in columns:
            op.drop_index(f"ix_{table}_by_{column}", table_name=table)
    op.drop_table("cards_gone")
    op.drop_column("cards_made", "generation")
    op.drop_column("cards_made", "begun")
    for table in ("deal_cards", "customer_cards"):
        op.drop_index(f"ix_{table}_unscored", table_name=table)
        op.drop_column(table, "unscored")
        op.drop_column(table, "position")
    for name, table, of in BEFORE:
        op.create_index(name, table, of)
