"""Where does the time of a request go? Spans for OpenTelemetry, where someone collects them; else nothing is loaded.

Switched on by FORESELL_OTLP_ENDPOINT or the standard OTEL_EXPORTER_OTLP_ENDPOINT; everything else (service name,
sampling, headers, resource) is set by the standard OTEL_ variables. Needs the extra `otel`.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from features.errors import ForesellError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span as OtelSpan
    from opentelemetry.trace import Tracer
    from sqlalchemy import Engine

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
NAME = "foresell"
_NOTHING: AbstractContextManager[None] = nullcontext()


class TracingNotInstalled(ForesellError):
    problem = "Traces are to be sent to {0}, but OpenTelemetry is not installed: {1}"
    fix = "pip install 'foresell[otel]', or unset FORESELL_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_ENDPOINT."


class Span:
    """The span of a request, current until it ends."""

    def __init__(self, span: "OtelSpan", entered: Any, method: str) -> None:
        self._span, self._entered, self._method = span, entered, method

    def end(self, route: str, status: int) -> None:
        """The request was answered."""
        from opentelemetry.trace import Status, StatusCode

        self._span.update_name(f"{self._method} {route}")
        self._span.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= 500:
            self._span.set_status(Status(StatusCode.ERROR))
        self._entered.__exit__(None, None, None)


class Tracing:
    """Makes spans with one provider."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider
        self._tracer: Tracer = provider.get_tracer(NAME)

    def request(self, method: str, headers: Iterable[tuple[bytes, bytes]]) -> Span:
        """Begin the span of a request, below the caller's where it sent `traceparent`."""
        from opentelemetry import trace
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        sent = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers if name.startswith(b"trace")}
        above = TraceContextTextMapPropagator().extract(sent)
        span = self._tracer.start_span(method, above, SpanKind.SERVER, attributes={"http.request.method": method})
        entered = trace.use_span(span, end_on_exit=True)
        entered.__enter__()
        return Span(span, entered, method)

    @contextmanager
    def step(self, name: str, facts: Mapping[str, str | int | float]) -> Iterator[None]:
        """A step inside a request or a job."""
        with self._tracer.start_as_current_span(name, attributes=dict(facts)):
            yield

    def watch(self, engine: "Engine") -> None:
        """A span for each statement sent to the service's database, without its values."""
        from opentelemetry.trace import SpanKind
        from sqlalchemy import event

        def before(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            span = self._tracer.start_span("store", kind=SpanKind.CLIENT, attributes={"db.query.text": statement[:500]})
            connection.info.setdefault("foresell_spans", []).append(span)

        def after(connection: Any, *rest: Any) -> None:
            connection.info["foresell_spans"].pop().end()

        def failed(context: Any) -> None:
            spans = context.connection.info.get("foresell_spans") if context.connection is not None else None
            if spans:
                spans.pop().end()

        event.listen(engine, "before_cursor_execute", before)
        event.listen(engine, "after_cursor_execute", after)
        event.listen(engine, "handle_error", failed)

    def close(self) -> None:
        """Send what waits, and stop."""
        self._provider.shutdown()


_started: Tracing | None = None


def tracer() -> Tracing | None:
    """What makes spans in this process; None where nobody collects them."""
    return _started


def step(name: str, /, **facts: str | int | float) -> AbstractContextManager[None]:
    """`with step("score", deals=3):` is a span below the current one, and costs next to nothing where no one traces."""
    return _NOTHING if _started is None else _started.step(name, facts)


def start_tracing(endpoint: str | None, release: str, provider: "TracerProvider | None" = None) -> Tracing | None:
    """Begin to trace if someone collects. Raises TracingNotInstalled.

    `endpoint` goes before the standard variables; a `provider` of one's own before both.
    """
    global _started
    asked = endpoint or next((os.environ[name] for name in ENDPOINTS if os.environ.get(name)), None)
    if provider is None:
        if asked is None:
            return None
        provider = _provider(endpoint, asked, release)
    _started = Tracing(provider)
    return _started


def stop_tracing() -> None:
    """Send what waits; from now on nothing is traced."""
    global _started
    ending, _started = _started, None
    if ending is not None:
        ending.close()


def _provider(endpoint: str | None, asked: str, release: str) -> "TracerProvider":
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as missing:
        raise TracingNotInstalled(asked, missing) from missing
    named = {"service.version": release} | ({} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": NAME})
    provider = TracerProvider(resource=Resource.create(named))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces") if endpoint else OTLPSpanExporter()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
