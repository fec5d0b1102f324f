"""Commands about the service's own work: what is due, what became of it, and doing it now."""

from typing import Annotated

import typer

from features.doors import DATABASE, AsJson, home_of, known_home, now
from serving.store.at_home import store_of

jobs = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The service's own work: what is due and done.")


@jobs.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the jobs: when each is due, and what became of it last."""
    known_home(context, DATABASE)
    import json

    from serving.jobs.locks import latest_runs
    from serving.settings import read_settings
    from serving.upkeep.roster import jobs_of, zone_of

    settings = read_settings(home=home_of(context))
    roster = jobs_of(settings, zone_of(settings.home))
    with store_of(context) as store:
        latest = latest_runs(store, [job.name for job in roster])
    rows = [
        {"job": job.name, "does": job.says, "due": str(job.due), "latest": vars(run) if run else None}
        for job in roster
        for run in [latest.get(job.name)]
    ]
    if as_json:
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    for job in roster:
        run = latest.get(job.name)
        typer.echo(f"{job.name:10} {job.due}: {job.says}")
        if run is None:
            typer.echo("           has never run")
            continue
        at = run.ended_at or run.started_at
        tries = f", {run.attempts} attempts" if run.attempts > 1 else ""
        typer.echo(f"           {run.outcome} {at:%Y-%m-%d %H:%M:%S}Z ({run.slot}{tries}) {' '.join(run.said.split())}")


@jobs.command()
def run(
    context: typer.Context, name: Annotated[str, typer.Argument(help="The job; foresell jobs list names them.")]
) -> None:
    """Do a job now, whether it is due or not, and say what was done."""
    known_home(context, DATABASE)
    from serving.jobs.runner import Runner
    from serving.settings import read_settings
    from serving.upkeep.roster import job_named, roster, zone_of

    settings = read_settings(home=home_of(context))
    job = job_named(name, settings, zone_of(settings.home))
    with store_of(context) as store:
        typer.echo(Runner(roster(settings), store, settings.home, settings, now, now).run_now(job))
