"""Commands of the top floor: the demo, the service, its keys."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.doors import DATABASE, AsJson, home_of, known_home, moment, now
from serving.access.command_trail import note_command
from serving.access.commands import audit, secrets, users
from serving.backup.commands import backup, restore
from serving.score_log.commands import app as served
from serving.store.at_home import store_of
from serving.store.commands import store
from serving.upkeep.commands import jobs

if TYPE_CHECKING:
    from serving.settings import ServingSettings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Serve scores over HTTP:  python -m serving --help")
keys = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="API keys and what they allow.")
app.add_typer(keys, name="keys")
app.add_typer(served, name="served")
app.add_typer(users, name="users")
app.add_typer(secrets, name="secrets")
app.add_typer(audit, name="audit")
app.add_typer(jobs, name="jobs")
app.add_typer(store, name="store")

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")]


@app.command()
def demo(
    context: typer.Context,
    deals: Annotated[int, typer.Option(min=100, help="How many deals to invent.")] = 4000,
    seed: Annotated[int, typer.Option(help="Another seed is another company.")] = 7,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    serve: Annotated[bool, typer.Option(help="Serve at the end; without it, only prepare.")] = True,
) -> None:
    """Invent a company, import it, train on it and serve scores: from nothing to an answer in minutes."""
    import time

    from serving.demo import ask_when_ready, prepare

    if serve:
        from serving.running.run import require_port, run

        require_port(host, port)
    home = home_of(context)
    started = time.monotonic()

    def say(text: str) -> None:
        typer.echo(f"[{time.monotonic() - started:5.1f} s] {text}", err=True)

    prepared = prepare(home, deals, seed, now().date(), now(), say)
    note_command(context, "demo.prepared", "history", {"deals": deals, "seed": seed})
    if not serve:
        typer.echo(f"{prepared.says}\nServe it: foresell --home {home} serve --as-of {prepared.as_of.isoformat()}Z")
        return
    shown = "127.0.0.1" if host == "0.0.0.0" else host
    ask_when_ready(prepared, f"http://{shown}:{port}", typer.echo)
    say(f"serving on {host}:{port}")
    run(_settings(home), host, port, as_of=prepared.as_of)


@app.command()
def serve(
    context: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes that answer.")] = 1,
    as_of: Annotated[
        str | None, typer.Option(help="Let the service's clock stand still at this moment, to look at an old history.")
    ] = None,
    unix_socket: Annotated[
        Path | None, typer.Option(help="Listen at this place in the file system instead of on a port.")
    ] = None,
) -> None:
    """Answer scores over HTTP; see /docs and docs/api.md."""
    from serving.running.thrift import be_thrifty

    be_thrifty()
    from serving.running.run import run

    stands = moment(context, as_of) if as_of else None
    run(_settings(home_of(context)), host, port, workers, stands, unix_socket)


@keys.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="Who will use it.", show_default=False)],
    scopes: Annotated[str, typer.Option(help="What it allows: score, ingest, read, plan, admin; separated by commas.")],
    days: Annotated[float | None, typer.Option(min=0.001, help="Days until it expires. Default: never.")] = None,
    reach: Annotated[
        str, typer.Option(help="Whose records it sees: own (with --rep), team (with --team), all.")
    ] = "all",
    rep: Annotated[str | None, typer.Option(help="The rep of the reach own.", show_default=False)] = None,
    team: Annotated[str | None, typer.Option(help="The team of the reach team.", show_default=False)] = None,
    per_minute: Annotated[
        int | None, typer.Option(min=1, help="Requests it may make in a minute, in each worker.", show_default=False)
    ] = None,
) -> None:
    """Make a key and show it, once."""
    from serving.access.audit import by_command
    from serving.access.keys import create_key
    from serving.access.reach import reach as reach_from

    expires = None if days is None else now() + timedelta(days=days)
    within = reach_from(reach, rep, team)
    words = [word.strip() for word in scopes.split(",")]
    with store_of(context) as store:
        key = create_key(store, name, words, expires, now(), reach=within, per_minute=per_minute, by=by_command())
    typer.echo(key)
    typer.echo("Keep it now: it is not shown again.", err=True)


@keys.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the keys, without their secrets."""
    known_home(context, DATABASE)
    import json

    from serving.access.keys import list_keys

    with store_of(context) as store:
        found = list_keys(store)
    if as_json:
        rows = [{**vars(one), "scopes": [str(s) for s in one.scopes], "reach": vars(one.reach)} for one in found]
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    for one in found:
        state = "revoked" if one.revoked_at else "valid" if one.valid(now()) else "expired"
        seen = "" if one.reach.everything else f", sees {one.reach.kind} ({one.reach.rep_id or one.reach.team_id})"
        rate = "" if one.per_minute is None else f", {one.per_minute} a minute"
        typer.echo(f"{one.key_id}  {state:8} {one.name}: {', '.join(one.scopes)}{seen}{rate}")


@keys.command()
def revoke(
    context: typer.Context, key_id: Annotated[str, typer.Argument(help="The eight letters after fsl_.")]
) -> None:
    """Close a key for good."""
    known_home(context, DATABASE)
    from serving.access.audit import by_command
    from serving.access.keys import revoke_key

    with store_of(context) as store:
        closed = revoke_key(store, key_id, now(), by_command())
    typer.echo(f"{closed.key_id} ({closed.name}) is revoked.")


def _settings(home: Path) -> "ServingSettings":
    from serving.settings import read_settings

    return read_settings(home=home)


app.command()(backup)
app.command()(restore)
