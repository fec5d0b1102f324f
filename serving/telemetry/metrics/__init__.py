"""What does the service count of itself? `Metrics` counts in memory, `GET /metrics` tells it to Prometheus."""

from serving.telemetry.metrics.counting import Metrics, NoMetrics

__all__ = ["Metrics", "NoMetrics"]
