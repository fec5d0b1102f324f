"""Commands of the top floor: the demo, the service, its keys."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.doors import AsJson, home_of, moment, now

if TYPE_CHECKING:
    from serving.settings import ServingSettings
    from serving.store.opening import Store

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Serve scores over HTTP:  python -m serving --help")
keys = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="API keys and what they allow.")
app.add_typer(keys, name="keys")

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
        from serving.run import require_port, run

        require_port(host, port)
    home = home_of(context)
    started = time.monotonic()

    def say(text: str) -> None:
        typer.echo(f"[{time.monotonic() - started:5.1f} s] {text}", err=True)

    prepared = prepare(home, deals, seed, now().date(), now(), say)
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
) -> None:
    """Answer scores over HTTP; see /docs and docs/api.md."""
    from serving.run import run

    run(_settings(home_of(context)), host, port, workers, moment(context, as_of) if as_of else None)


@keys.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="Who will use it.", show_default=False)],
    scopes: Annotated[str, typer.Option(help="What it allows: score, ingest, read, plan, admin; separated by commas.")],
    days: Annotated[float | None, typer.Option(min=0.001, help="Days until it expires. Default: never.")] = None,
) -> None:
    """Make a key and show it, once."""
    from serving.keys import create_key

    expires = None if days is None else now() + timedelta(days=days)
    store = _store(context)
    try:
        key = create_key(store, name, [word.strip() for word in scopes.split(",")], expires, now())
    finally:
        store.close()
    typer.echo(key)
    typer.echo("Keep it now: it is not shown again.", err=True)


@keys.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the keys, without their secrets."""
    import json

    from serving.keys import list_keys

    store = _store(context)
    try:
        found = list_keys(store)
    finally:
        store.close()
    if as_json:
        rows = [{**vars(one), "scopes": [str(s) for s in one.scopes]} for one in found]
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    for one in found:
        state = "revoked" if one.revoked_at else "valid" if one.valid(now()) else "expired"
        typer.echo(f"{one.key_id}  {state:8} {one.name}: {', '.join(one.scopes)}")


@keys.command()
def revoke(
    context: typer.Context, key_id: Annotated[str, typer.Argument(help="The eight letters after fsl_.")]
) -> None:
    """Close a key for good."""
    from serving.keys import revoke_key

    store = _store(context)
    try:
        closed = revoke_key(store, key_id, now())
    finally:
        store.close()
    typer.echo(f"{closed.key_id} ({closed.name}) is revoked.")


def _settings(home: Path) -> "ServingSettings":
    from serving.settings import read_settings

    return read_settings(home=home)


def _store(context: typer.Context) -> "Store":
    from serving.store.opening import open_store

    return open_store(_settings(home_of(context)).store_address)
