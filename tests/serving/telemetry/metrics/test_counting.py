import os
from concurrent.futures import ThreadPoolExecutor

from serving.telemetry.metrics import Metrics, NoMetrics
from serving.telemetry.metrics.measures import MEASURES, QUICK, Kind
from serving.telemetry.metrics.telling import told


def text(metrics: Metrics, accept: str = "") -> str:
    return told(metrics.together(), accept)[0].decode()


def lines(metrics: Metrics, name: str) -> list[str]:
    return [line for line in text(metrics).splitlines() if line.startswith(name)]


def test_requests_are_counted_in_the_bucket_that_holds_their_duration() -> None:
    metrics = Metrics()
    metrics.request("/v1/deals/{deal_id}", "GET", 200, QUICK[1])
    metrics.request("/v1/deals/{deal_id}", "GET", 200, QUICK[1] + 1e-9)
    metrics.request("/v1/deals/{deal_id}", "GET", 404, 99.0)

    found = lines(metrics, "foresell_request_duration_seconds_")
    labels = 'method="GET",route="/v1/deals/{deal_id}",status="200"'
    assert f'foresell_request_duration_seconds_bucket{{le="0.001",{labels}}} 0.0' in found
    assert f'foresell_request_duration_seconds_bucket{{le="0.0025",{labels}}} 1.0' in found
    assert f'foresell_request_duration_seconds_bucket{{le="0.005",{labels}}} 2.0' in found
    assert f"foresell_request_duration_seconds_count{{{labels}}} 2.0" in found
    assert sum("_bucket" in line and 'le="+Inf"' in line and line.endswith(" 1.0") for line in found) == 1


def test_each_event_has_its_measure() -> None:
    metrics = Metrics(clock=lambda: 1000.0)
    metrics.scores("win", "id", 3)
    metrics.scores("win", "id", 2)
    metrics.queue("score-log", 7)
    metrics.lost("scores", 4)
    metrics.staleness(60)
    metrics.drift("win", 0.25)
    metrics.job("fold", "done", 2.0)
    metrics.ready(True)
    metrics.release("0.2.0")
    metrics.under_way(2)
    found = text(metrics)

    assert 'foresell_scores_total{form="id",model="win"} 5.0' in found
    assert 'foresell_queue_length{queue="score-log"} 7.0' in found
    assert 'foresell_lost_total{what="scores"} 4.0' in found
    assert "foresell_staleness_seconds 60.0" in found
    assert 'foresell_drift{model="win"} 0.25' in found
    assert 'foresell_job_duration_seconds_bucket{job="fold",le="5.0",outcome="done"} 1.0' in found
    assert 'foresell_job_ended_timestamp_seconds{job="fold",outcome="done"} 1000.0' in found
    assert 'foresell_release_info{release="0.2.0"} 1.0' in found
    assert "foresell_requests_under_way 2.0" in found
    assert "foresell_ready 1.0" in found
    assert f'foresell_process_start_time_seconds{{pid="{os.getpid()}"}} 1000.0' in found
    assert "foresell_process_cpu_seconds_total" in found


def test_a_model_that_went_is_told_no_more() -> None:
    metrics = Metrics()
    metrics.models({("win", "7"): "champion", ("win", "8"): "shadow"})
    metrics.models({("win", "8"): "champion"})

    assert lines(metrics, "foresell_model_info") == ['foresell_model_info{model="win",role="champion",version="8"} 1.0']


def test_what_is_cheaper_to_look_up_is_looked_up_when_asked() -> None:
    metrics = Metrics()
    metrics.when_asked(lambda: metrics.queue("events", 9))

    assert lines(metrics, "foresell_queue_length{") == ['foresell_queue_length{queue="events"} 9.0']


def test_what_cannot_be_looked_up_is_said_once_and_keeps_nothing_from_being_told(caplog) -> None:
    metrics = Metrics()
    metrics.when_asked(lambda: 1 / 0)
    metrics.when_asked(lambda: metrics.queue("events", 9))

    assert lines(metrics, "foresell_queue_length{") == lines(metrics, "foresell_queue_length{") != []
    assert [record.message for record in caplog.records] == ["a count cannot be looked up"]


def test_nothing_is_lost_between_threads() -> None:
    metrics = Metrics()

    def count(_: int) -> None:
        for _ in range(2000):
            metrics.scores("win", "id", 1)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count, range(4)))

    assert lines(metrics, "foresell_scores_total") == ['foresell_scores_total{form="id",model="win"} 8000.0']


def test_who_accepts_openmetrics_gets_it() -> None:
    body, media_type = told(Metrics().together(), "application/openmetrics-text; version=1.0.0")

    assert "openmetrics" in media_type
    assert body.endswith(b"# EOF\n")


def test_names_follow_the_habits_of_prometheus() -> None:
    for measure in MEASURES.values():
        assert measure.meaning.endswith((".", "..."))
        assert (measure.kind is Kind.COUNTER) == measure.full_name.endswith("_total")
        assert list(measure.bounds) == sorted(set(measure.bounds))


def test_no_metrics_counts_nothing() -> None:
    metrics = NoMetrics()
    metrics.request("/", "GET", 200, 1.0)
    metrics.scores("win", "id", 1)
    metrics.job("fold", "done", 1.0)
    metrics.models({("win", "7"): "champion"})

    assert metrics.together() == {}
