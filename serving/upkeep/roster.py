"""Which jobs are there? The list, with what each does and when."""

from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from features.errors import ForesellError
from features.history import History
from serving.cards.jobs import cards_are_wanted, make_cards
from serving.jobs.errors import NoSuchJob
from serving.jobs.job import Every, Job, JobContext, Nightly, named
from serving.settings import ServingSettings
from serving.upkeep.compaction import many_files, merge_files
from serving.upkeep.drift import watch_models
from serving.upkeep.following import follow, may_have_moved
from serving.upkeep.retention import retain

ZONE_KEPT_SECONDS = 600.0


def fold_events(context: JobContext) -> str:
    """Write accepted events into the history. Raises what `fold_accepted` raises."""
    from serving.events.folding import fold_accepted

    return fold_accepted(context)


def events_wait(context: JobContext) -> bool:
    """Whether there are events that the history has not."""
    from serving.events.feed import reach_of

    return bool(reach_of(context.store).waiting)


def jobs_of(settings: ServingSettings, zone: ZoneInfo) -> Sequence[Job]:
    """Every job, as the settings and the history's zone have it."""
    often, night = Every(settings.fold_every), Nightly(settings.nightly_at, zone)
    level, lists = Every(settings.level_every), Every(settings.lists_every)
    return (
        Job("fold", "writes accepted events into the history", often, fold_events, apart=True, wanted=events_wait),
        Job("follow", "moves the models' level by outcomes", level, follow, apart=True, wanted=may_have_moved),
        Job("cards", "keeps lists and their scores up", lists, make_cards, apart=True, wanted=cards_are_wanted),
        Job("drift", "watches whether the live models still fit what comes in", night, watch_models, apart=True),
        Job("compact", "merges the history's files", night, merge_files, apart=True, wanted=many_files),
        Job("retention", "removes what was kept long enough", night, retain),
    )


def job_named(name: str, settings: ServingSettings, zone: ZoneInfo) -> Job:
    """The job of this name. Raises NoSuchJob."""
    jobs = jobs_of(settings, zone)
    found = named(jobs, name)
    if found is None:
        raise NoSuchJob(name, ", ".join(job.name for job in jobs))
    return found


def zone_of(home: Path) -> ZoneInfo:
    """The time zone of the history; UTC where there is none, or where it cannot be read just now."""
    try:
        return ZoneInfo(History.open(home).timezone or "UTC")
    except (ForesellError, OSError):
        return ZoneInfo("UTC")


def roster(settings: ServingSettings, tick: Callable[[], float] = monotonic) -> Callable[[], Sequence[Job]]:
    """The jobs as they stand whenever asked; the history is asked for its zone now and then."""
    kept: list[tuple[float, Sequence[Job]]] = []

    def jobs() -> Sequence[Job]:
        if not kept or tick() - kept[0][0] >= ZONE_KEPT_SECONDS:
            kept[:] = [(tick(), jobs_of(settings, zone_of(settings.home)))]
        return kept[0][1]

    return jobs
