"""How does Alembic reach the database? On the connection that `serving.store.upgrading` hands over."""

from alembic import context

from serving.store.every_table import every_table


def migrate() -> None:
    """Run the revisions that Alembic was asked for."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=every_table(),
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


# Alembic runs this file; there is a configuration only then, so importing it does nothing.
if hasattr(context, "config"):
    migrate()
