"""Commands about the service's own database: where it is, how it is laid out, and moving it between layouts."""

from typing import Annotated

import typer

from features.doors import DATABASE, AsJson, home_of, known_home

store = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The service's own database and its layout.")


@store.command()
def show(context: typer.Context, as_json: AsJson = False) -> None:
    """Say where the database is, at which layout, and how many rows its tables have."""
    known_home(context, DATABASE)
    import json

    from sqlalchemy import func, inspect, select, table

    from serving.settings import read_settings
    from serving.store.addresses import shown
    from serving.store.opening import open_engine, told_when_away
    from serving.store.upgrading import HEAD, layout_of

    engine = open_engine(read_settings(home=home_of(context)).store_address)
    try:
        with told_when_away():
            layout = layout_of(engine)
            names = sorted(set(inspect(engine).get_table_names()) - {"alembic_version"})
            with engine.connect() as connection:
                rows = {one: connection.scalar(select(func.count()).select_from(table(one))) or 0 for one in names}
    finally:
        engine.dispose()
    if as_json:
        typer.echo(json.dumps({"database": shown(engine.url), "layout": layout, "newest": HEAD, "rows": rows}))
        return
    state = "without tables" if layout is None else f"layout {layout}"
    typer.echo(f"{shown(engine.url)}: {state}; this release has layout {HEAD}.")
    for one, count in rows.items():
        typer.echo(f"{count:12,} {one}")


@store.command()
def upgrade(context: typer.Context) -> None:
    """Bring the database up to this release's layout; the service does so itself when it starts."""
    from serving.settings import read_settings
    from serving.store.opening import open_store
    from serving.store.upgrading import HEAD

    open_store(read_settings(home=home_of(context)).store_address).close()
    typer.echo(f"The database is at layout {HEAD}.")


@store.command()
def downgrade(
    context: typer.Context,
    layout: Annotated[str, typer.Argument(help="The layout of the earlier release, for example 0001.")],
) -> None:
    """Take the database back to the layout of an earlier release; what that has no place for is lost. Back up first."""
    known_home(context, DATABASE)
    from serving.settings import read_settings
    from serving.store.errors import NoSuchLayout
    from serving.store.opening import open_engine, told_when_away
    from serving.store.upgrading import move, revisions

    known = revisions()
    if layout not in known:
        raise NoSuchLayout(layout, ", ".join(known))
    engine = open_engine(read_settings(home=home_of(context)).store_address)
    try:
        with told_when_away():
            move(engine, layout)
    finally:
        engine.dispose()
    typer.echo(f"The database is at layout {layout}.")
