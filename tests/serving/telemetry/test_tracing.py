"""Spans as an exporter in memory gets them."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from serving.telemetry import tracing

CALLERS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Tracing is on; the spans that ended."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.start_tracing(None, "1", provider)
    yield exporter
    tracing.stop_tracing()


def test_a_request_is_a_span_below_the_callers_with_its_steps_below_it(start, spans) -> None:
    service = start()
    spans.clear()
    service.client.get("/v1/deals/D-1", headers={**service.headers, "traceparent": CALLERS})
    service.score({"deal_id": "D-1"}, {"deal_id": "D-2"})
    service.client.get("/healthz")

    (scoring,) = [span for span in spans.get_finished_spans() if span.name == "POST /v1/scores/deals"]
    (scored,) = [span for span in spans.get_finished_spans() if span.attributes.get("subjects") == 2]
    assert scored.parent.span_id == scoring.context.span_id
    assert dict(scored.attributes) == {"model": "win", "subjects": 2}
    (request,) = [span for span in spans.get_finished_spans() if span.name == "GET /v1/deals/{deal_id}"]
    assert request.attributes["http.response.status_code"] == 200
    assert format(request.context.trace_id, "032x") == CALLERS.split("-")[1]
    assert format(request.parent.span_id, "016x") == CALLERS.split("-")[2]


def test_steps_nest_and_statements_of_the_database_are_spans_without_values(spans, tmp_path) -> None:
    from sqlalchemy import create_engine, text

    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    tracing._started.watch(engine)
    with tracing.step("job", name="fold"), tracing.step("score", deals=3), engine.connect() as connection:
        connection.execute(text("SELECT :secret"), {"secret": "hunter2"})
        with pytest.raises(Exception, match="no such table"):
            connection.execute(text("SELECT * FROM nowhere"))
    engine.dispose()

    first, second, score, job = spans.get_finished_spans()
    assert [span.name for span in (first, second, score, job)] == ["store", "store", "score", "job"]
    assert first.parent.span_id == second.parent.span_id == score.context.span_id
    assert score.parent.span_id == job.context.span_id
    assert dict(score.attributes) == {"deals": 3}
    assert "hunter2" not in str(first.to_json())


def test_a_failed_request_is_an_error(spans) -> None:
    tracing.tracer().request("GET", []).end("/x", 503)
    tracing.tracer().request("GET", []).end("/x", 404)

    assert [span.status.is_ok for span in spans.get_finished_spans()] == [False, True]


def test_nothing_is_loaded_and_a_step_is_nothing_where_nobody_collects(monkeypatch) -> None:
    code = (
        "import sys, json; from serving.telemetry import tracing; assert tracing.start_tracing(None, '1') is None; "
        "\nwith tracing.step('score'): pass\nprint(json.dumps([n for n in sys.modules if 'opentelemetry' in n]))"
    )
    for name in tracing.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)

    assert json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout) == []


def test_spans_arrive_at_a_collector(faulty_collector, monkeypatch) -> None:
    address, received = faulty_collector
    started = tracing.start_tracing(address, "0.2.0")
    assert started is not None
    with tracing.step("score"):
        pass
    tracing.stop_tracing()

    assert received[0].startswith(b"POST /v1/traces")
    assert b"foresell" in received[0]
    assert b"0.2.0" in received[0]
    assert tracing.tracer() is None


@pytest.fixture
def faulty_collector() -> Iterator[tuple[str, list[bytes]]]:
    """A server that takes one request and says it is good."""
    import socket
    from threading import Thread

    listener = socket.create_server(("127.0.0.1", 0))
    received: list[bytes] = []

    def work() -> None:
        connection, _ = listener.accept()
        with connection:
            data = b""
            while b"\r\n\r\n" not in data:
                data += connection.recv(65536)
            head, _, body = data.partition(b"\r\n\r\n")
            length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line)
            while len(body) < length:
                body += connection.recv(65536)
            received.append(head + body)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    Thread(target=work, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", received
    listener.close()


def test_the_missing_extra_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    with pytest.raises(tracing.TracingNotInstalled, match=r"foresell\[otel\]"):
        tracing.start_tracing("http://127.0.0.1:1", "1")
