"""Commands about served scores: take them along, and see how they came true."""

from pathlib import Path
from typing import Annotated

import typer

from features.doors import AsJson, home_of, known_home, moment, now
from serving.access.command_trail import noting

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Scores that were served, and what became of them.")


@app.command()
def export(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="File to write: .parquet or .csv.", show_default=False)],
    since: Annotated[str | None, typer.Option(help="Only scores served from this day or moment on.")] = None,
) -> None:
    """Write served scores to a file: champion and shadow, with who asked and what they stood on."""
    known_home(context)
    from serving.score_log.reading import export as write
    from serving.score_log.reading import said_of_counts, served

    home = home_of(context)
    with noting(context, "served.exported", f"served:{out.name}", {"since": since}) as told:
        table = served(home, moment(context, since) if since else None, now())
        write(table, out)
        told["rows"] = len(table)
    typer.echo(f"{len(table)} rows written to {out}. {said_of_counts(home)}")


@app.command()
def outcomes(
    context: typer.Context,
    as_of: Annotated[str | None, typer.Option(help="Only outcomes on record before this moment. Default: now.")] = None,
    since: Annotated[str | None, typer.Option(help="Only scores served from this day or moment on.")] = None,
    out: Annotated[Path | None, typer.Option(help="Also write all figures to this JSON file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Hold served scores against what happened afterwards: calibration by tenths, log loss, by version and shadow."""
    known_home(context)
    import json

    from features.history import History
    from serving.score_log.outcomes import judge
    from serving.score_log.reading import served

    home = home_of(context)
    until = moment(context, as_of) if as_of else now()
    table = served(home, moment(context, since) if since else None, until)
    judged = judge(History.existing(home), table, until)
    facts = json.dumps([one.facts() for one in judged], ensure_ascii=False, indent=1)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(facts, "utf-8")
    if as_json:
        typer.echo(facts)
        return
    if not judged:
        typer.echo(f"Of {len(table)} served scores none has an outcome on record before {until:%Y-%m-%d %H:%M} UTC.")
    for one in judged:
        who = f"{one.model} {one.version} {one.role}" + (f", {one.kind}" if one.kind else "")
        days = "ever, of those decided" if one.horizon == "ever" else f"within {one.horizon} days"
        typer.echo(
            f"{who}, {days}: {one.scores} scores, said {one.said:.1%}, came {one.came:.1%}; "
            f"log loss {one.log_loss:.4f} (the share alone {one.log_loss_of_share:.4f})"
        )
        tenths = "  ".join(f"{band.said:.0%}:{band.came:.0%}" for band in one.bands)
        typer.echo(f"  said:came by tenths  {tenths}")
