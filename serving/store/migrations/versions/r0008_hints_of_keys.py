"""Hashes of keys may carry a hint, which earlier releases cannot read."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PARTS = 6
"""Of a hash without its hint: the method, its four numbers and texts, the hash."""


def upgrade() -> None:
    """Nothing to do: a key gets its hint when its secret is next seen."""


def downgrade() -> None:
    keys = sa.table("api_keys", sa.column("key_id", sa.String), sa.column("secret_hash", sa.String))
    con = op.get_bind()
    for key_id, secret_hash in con.execute(sa.select(keys.c.key_id, keys.c.secret_hash)).all():
        parts = secret_hash.split("$")
        if len(parts) > PARTS:
            plain = "$".join(parts[:PARTS])
            con.execute(sa.update(keys).where(keys.c.key_id == key_id).values(secret_hash=plain))
