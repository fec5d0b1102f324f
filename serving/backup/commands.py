"""Commands that put everything into one file, and bring it back."""

from pathlib import Path
from typing import Annotated

import typer

from features.doors import DATABASE, Home, home_of, known_home, now, progress_on_terminal


def backup(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The file to write, for example foresell.tar.", show_default=False)],
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Put in the keys that secrets of connections are encrypted with.")
    ] = False,
) -> None:
    """Put the database, history, models and the rest of the home folder into one file, while the service serves."""
    known_home(context, DATABASE)
    from serving.backup.taking import take_backup
    from serving.release import release
    from serving.settings import read_settings

    say = progress_on_terminal()
    taken = take_backup(read_settings(home=home_of(context)), out, now(), release(), with_secrets, say)
    say("")
    typer.echo(taken.says())


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The backup.")],
    home: Home = None,
    check: Annotated[bool, typer.Option("--check", help="Only examine the backup; nothing is written.")] = False,
    keep_access: Annotated[
        bool,
        typer.Option("--keep-access", help="Leave keys and users open that were open then, also if closed since."),
    ] = False,
) -> None:
    """Bring a backup back, into a new home folder and the database of the settings; keys and users come back closed."""
    if check:
        from serving.backup.archive import unpack

        found = unpack(file, None)
        typer.echo(
            f"{file} is whole: made {found.made_at}Z by release {found.release}, layout {found.layout}; "
            f"{sum(found.tables.values()):,} rows, {len(found.members):,} files, "
            f"{'with' if found.secrets else 'without'} keys of secrets."
        )
        return
    from serving.backup.restoring import restore as restored
    from serving.settings import read_settings

    say = progress_on_terminal()
    done = restored(read_settings(home=home or home_of(context)), file, now(), say, keep_access)
    say("")
    typer.echo(done.says())
