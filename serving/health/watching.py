"""What is watched as long as the process lives? Counts, traces, and the lines in the log at its start and its end."""

import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from serving.settings import ServingSettings
from serving.shelf.shelf import Shelf
from serving.telemetry.metrics import Metrics
from serving.telemetry.request_log import FACTS, LOGGER
from serving.telemetry.tracing import start_tracing, stop_tracing
from serving.upkeep.drift import latest_report, report_file

if TYPE_CHECKING:
    from serving.store.opening import Store

log = logging.getLogger(LOGGER)


@contextmanager
def watched(
    settings: ServingSettings,
    metrics: Metrics,
    store: "Store",
    shelf: Shelf,
    clock: Callable[[], datetime],
    release: str,
) -> Iterator[None]:
    """Count and trace inside; say in the log with what the service started, and that it stopped."""
    metrics.release(release)
    drift = DriftSeen(settings.home, metrics)
    metrics.when_asked(lambda: look_at_shelf(metrics, shelf, clock()))
    metrics.when_asked(drift.look)
    metrics.start()
    tracing = start_tracing(settings.otlp_endpoint, release)
    if tracing is not None:
        tracing.watch(store.engine)
    log.info("started", extra={FACTS: facts_of_start(settings, release)})
    try:
        yield
    finally:
        stop_tracing()
        metrics.close()
        log.info("stopped", extra={FACTS: {"pid": os.getpid()}})


def look_at_shelf(metrics: Metrics, shelf: Shelf, now: datetime) -> None:
    """Tell the metrics which models are in memory and how old the data is."""
    standing = shelf.standing
    metrics.ready(standing.pair is not None)
    live: dict[tuple[str, str], str] = {}
    for model, pair in standing.pairs.items():
        if pair.shadow is not None:
            live[model, pair.shadow.champion.version] = "shadow"
        live[model, pair.champion.version] = "champion"
    metrics.models(live)
    records = shelf.records
    if records is not None and records.data_as_of is not None:
        metrics.staleness((now - records.data_as_of).total_seconds())


class DriftSeen:
    """Tells the metrics what the nightly watch found, whenever its report is a new one."""

    def __init__(self, home: Path, metrics: Metrics) -> None:
        self._home, self._metrics = home, metrics
        self._seen = 0

    def look(self) -> None:
        """For each model how far its farthest figure went, as a share of how far it may: 1 is an alarm."""
        try:
            changed = report_file(self._home).stat().st_mtime_ns
        except OSError:
            return
        if changed != self._seen:
            self._seen = changed
            for model, share in farthest(latest_report(self._home) or {}).items():
                self._metrics.drift(model, share)


def farthest(report: Mapping[str, object]) -> dict[str, float]:
    """The farthest finding of each model of a report, as a share of its limit.

    >>> farthest({"models": [{"model": "win", "findings": [{"value": 1.0, "limit": 4.0}, {"value": 3, "limit": 2}]}]})
    {'win': 1.5}
    """
    found: dict[str, float] = {}
    for one in cast(Sequence[Mapping[str, Any]], report.get("models", ())):
        shares = [float(finding["value"]) / float(finding["limit"]) for finding in one["findings"] if finding["limit"]]
        found[str(one["model"])] = max(shares, default=0.0)
    return found


def facts_of_start(settings: ServingSettings, release: str) -> dict[str, object]:
    """The release, the process and every setting that is not the default; secrets show as stars."""
    fresh = ServingSettings.model_construct()
    changed = {
        name: value
        for name, value in settings.model_dump(mode="json").items()
        if getattr(settings, name) != getattr(fresh, name)
    }
    return {"release": release, "python": sys.version.split()[0], "pid": os.getpid(), "settings": changed}
