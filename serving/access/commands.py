"""Commands about people: users, secrets of connections, the audit trail."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.doors import DATABASE, AsJson, home_of, known_home, now
from serving.store.at_home import store_of

if TYPE_CHECKING:
    from serving.access.users import UserFacts, Wanted
    from serving.access.vault import Vault

users = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="People who sign in, and what they may do.")
secrets = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Secrets of connections, kept encrypted.")
audit = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who did what, when.")

Name = Annotated[str, typer.Argument(help="The user's name.", show_default=False)]
RoleWord = Annotated[str, typer.Option("--role", help="admin, manager, seller, integration or scientist.")]
ReachWord = Annotated[str | None, typer.Option(help="own, team or all. Default: the role's.", show_default=False)]
Rep = Annotated[str | None, typer.Option("--rep", help="Which rep the user is.", show_default=False)]
Team = Annotated[str | None, typer.Option("--team", help="Which team the user leads.", show_default=False)]


@users.command()
def create(
    context: typer.Context,
    name: Name,
    role: RoleWord = "seller",
    reach: ReachWord = None,
    rep: Rep = None,
    team: Team = None,
    email: Annotated[str | None, typer.Option(help="For signing in with OpenID Connect.", show_default=False)] = None,
    without_password: Annotated[bool, typer.Option(help="The user signs in with OpenID Connect only.")] = False,
) -> None:
    """Make a user. The password is asked for, or read from the first line of standard input."""
    from serving.access.audit import by_command
    from serving.access.users import Wanted, create_user

    password = None if without_password else read_hidden("Password", twice=True)
    wanted = Wanted(role=role, reach=reach, rep_id=rep, team_id=team, email=email, password=password)
    with store_of(context) as store, store.session() as session:
        made = create_user(session, name, wanted, by_command(), now())
    typer.echo(f"{made.name} is {made.role} and sees {_seen(made)}.")


@users.command("list")
def list_users(context: typer.Context, as_json: AsJson = False) -> None:
    """List the users, without their passwords."""
    known_home(context, DATABASE)
    import json

    from serving.access.users import list_users

    with store_of(context) as store, store.session() as session:
        found = list_users(session)
    if as_json:
        rows = [{**vars(one), "role": str(one.role), "reach": vars(one.reach)} for one in found]
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    for one in found:
        state = "closed" if one.disabled_at else "open" if one.has_password or one.email or one.issuer else "no way in"
        typer.echo(f"{one.name}  {state:6} {one.role}, sees {_seen(one)}{f', {one.email}' if one.email else ''}")


@users.command()
def disable(
    context: typer.Context,
    name: Name,
    undo: Annotated[bool, typer.Option("--undo", help="Open the account again.")] = False,
) -> None:
    """Close an account and end its sessions."""
    from serving.access.users import Wanted

    changed = _change(context, name, Wanted(disabled=not undo))
    typer.echo(f"{changed.name} is {'closed' if changed.disabled_at else 'open'}.")


@users.command()
def password(context: typer.Context, name: Name) -> None:
    """Set a new password, asked for or read from standard input, and end the user's sessions."""
    from serving.access.users import Wanted

    changed = _change(context, name, Wanted(password=read_hidden("New password", twice=True)))
    typer.echo(f"{changed.name} has a new password.")


@users.command()
def role(
    context: typer.Context,
    name: Name,
    role: Annotated[str, typer.Argument(help="admin, manager, seller, integration or scientist.")],
    reach: ReachWord = None,
    rep: Rep = None,
    team: Team = None,
) -> None:
    """Give a user another role or reach, and end the user's sessions."""
    from serving.access.users import Wanted

    changed = _change(context, name, Wanted(role=role, reach=reach, rep_id=rep, team_id=team))
    typer.echo(f"{changed.name} is {changed.role} and sees {_seen(changed)}.")


@secrets.command("set")
def set_secret(context: typer.Context, name: Annotated[str, typer.Argument(help="For example hubspot.token.")]) -> None:
    """Keep a secret. The value is asked for, or read from standard input whole."""
    from serving.access.audit import by_command

    value = read_hidden("Value", twice=False, lines=True)
    with _vault(context) as vault:
        vault.keep(name, value, by_command(), now())
    typer.echo(f"{name} is kept.")


@secrets.command("list")
def list_secrets(context: typer.Context, as_json: AsJson = False) -> None:
    """List the names of what is kept; no values."""
    known_home(context, DATABASE)
    import json

    with _vault(context) as vault:
        found = vault.names()
    if as_json:
        typer.echo(json.dumps([vars(one) for one in found], default=str, ensure_ascii=False))
        return
    for one in found:
        typer.echo(f"{one.name}  set {one.changed_at:%Y-%m-%d %H:%M:%S}Z by {one.changed_by}")


@secrets.command("delete")
def delete_secret(context: typer.Context, name: Annotated[str, typer.Argument(help="Its name.")]) -> None:
    """Forget a secret; what needs it stops working."""
    from serving.access.audit import by_command

    with _vault(context) as vault:
        vault.delete(name, by_command(), now())
    typer.echo(f"{name} is forgotten.")


@secrets.command()
def rotate(context: typer.Context) -> None:
    """Encrypt all secrets again with a new key, or with the first of FORESELL_SECRET_KEYS."""
    known_home(context, DATABASE)
    from serving.access.audit import by_command

    with _vault(context) as vault:
        count = vault.rotate(by_command(), now())
        given = vault.keys.are_given
    typer.echo(f"{count} secrets are encrypted with {'the first key' if given else 'a new key'}.")
    if given:
        typer.echo("The other keys of FORESELL_SECRET_KEYS can be taken away now.", err=True)


@secrets.command("key")
def show_new_key() -> None:
    """Print a new key for FORESELL_SECRET_KEYS; nothing is kept."""
    from serving.access.vault import new_key

    typer.echo(new_key())


@audit.command("list")
def list_audit(
    context: typer.Context,
    last: Annotated[int, typer.Option(min=1, max=100_000, help="How many, counted from the latest.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show the latest entries, oldest first."""
    known_home(context, DATABASE)
    import json

    from serving.access.audit import latest

    with store_of(context) as store, store.session() as session:
        found = latest(session, last)
    for one in found:
        if as_json:
            typer.echo(json.dumps(vars(one), default=str, ensure_ascii=False))
        else:
            detail = ", ".join(f"{name} {value}" for name, value in one.detail.items())
            typer.echo(f"{one.number:>6} {one.at:%Y-%m-%d %H:%M:%S}Z {one.actor} {one.action} {one.subject} {detail}")


@audit.command("export")
def export_audit(
    context: typer.Context, out: Annotated[Path, typer.Option(help="The file to write, one JSON object a line.")]
) -> None:
    """Write the whole trail to a file. The export itself is the trail's next entry."""
    known_home(context, DATABASE)
    import json

    from serving.access.audit import by_command, every, note

    count = 0
    with store_of(context) as store, store.session() as session:
        with out.open("w", encoding="utf-8") as file:
            for one in every(session):
                file.write(json.dumps(vars(one), default=str, ensure_ascii=False) + "\n")
                count += 1
        note(session, by_command(), "audit.exported", f"audit:{count}", {"entries": count}, now())
    typer.echo(f"{count} entries in {out}.")


@audit.command()
def verify(
    context: typer.Context,
    expect: Annotated[
        list[str] | None, typer.Option(help="NUMBER:HASH written down before; can be given more than once.")
    ] = None,
) -> None:
    """Check that no entry was changed or removed; print the number and hash of the latest, to be written down."""
    known_home(context, DATABASE)
    from serving.access.audit import verify

    expected = []
    for one in expect or []:
        number, _, digest = one.partition(":")
        if not number.isdecimal() or len(digest) != 64:
            raise typer.BadParameter("give NUMBER:HASH as an earlier verify printed it", param_hint="--expect")
        expected.append((int(number), digest))
    with store_of(context) as store, store.session() as session:
        number_, digest_ = verify(session, expected)
    typer.echo(f"The trail is whole. Latest entry: {number_}:{digest_}")


def read_hidden(prompt: str, twice: bool, lines: bool = False) -> str:
    """A text nobody shall see: typed without echo, or from standard input, its first line or all `lines`."""
    if sys.stdin.isatty():
        return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=twice))
    line = (sys.stdin.read() if lines else sys.stdin.readline()).removesuffix("\n").removesuffix("\r")
    if not line:
        raise typer.BadParameter("standard input holds nothing; give the text there")
    return line


def _change(context: typer.Context, name: str, wanted: "Wanted") -> "UserFacts":
    from serving.access.audit import by_command
    from serving.access.users import change_user

    with store_of(context) as store, store.session() as session:
        return change_user(session, name, wanted, by_command(), now())


def _seen(user: "UserFacts") -> str:
    of = {"own": f" ({user.reach.rep_id})", "team": f" ({user.reach.team_id})", "all": ""}[user.reach.kind]
    return f"{user.reach.kind}{of}"


@contextmanager
def _vault(context: typer.Context) -> "Iterator[Vault]":
    from serving.access.vault import Vault
    from serving.settings import read_settings

    with store_of(context) as store:
        yield Vault(store, read_settings(home=home_of(context)))
