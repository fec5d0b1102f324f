"""How are counts told? As Prometheus reads them, by `prometheus_client`, which is loaded when someone asks."""

from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from serving.telemetry.metrics.measures import MEASURES, PREFIX, Cell, Kind, Measure
from serving.telemetry.metrics.sharing import Snapshot

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric


def told(counted: Snapshot, accept: str = "") -> tuple[bytes, str]:
    """The text and its media type: OpenMetrics for those who `accept` it, else the older text format."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.registry import Collector

    class Counted(Collector):
        def collect(self) -> "Iterator[Metric]":
            for name, measure in MEASURES.items():
                if counted.get(name):
                    yield _family(measure, counted)

    registry = CollectorRegistry()
    registry.register(Counted())
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


def _family(measure: Measure, counted: Snapshot) -> "Metric":
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    name, labels, series = PREFIX + measure.name, measure.labels, sorted(counted[measure.name].items())
    if measure.kind is Kind.COUNTER:
        counter = CounterMetricFamily(name, measure.meaning, labels=labels)
        for values, cell in series:
            counter.add_metric(values, cell[0])
        return counter
    if measure.kind is Kind.GAUGE:
        gauge = GaugeMetricFamily(name, measure.meaning, labels=labels)
        for values, cell in series:
            gauge.add_metric(values, cell[0])
        return gauge
    histogram = HistogramMetricFamily(name, measure.meaning, labels=labels)
    for values, cell in series:
        histogram.add_metric(values, _buckets(measure, cell), cell[0])
    return histogram


def _buckets(measure: Measure, cell: Cell) -> list[tuple[str, float]]:
    """Counts up to each bound, as Prometheus wants them."""
    ends = [*map(str, measure.bounds), "+Inf"]
    return list(zip(ends, accumulate(cell[1:]), strict=True))
