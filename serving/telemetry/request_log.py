"""What does the service write about each request? One JSON line, without bodies, query strings or keys.

The line of a request is put together by hand: the logging module would take as long for it as a score takes.
"""

import json
import logging
import re
import sys
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from json.encoder import encode_basestring
from time import time
from types import TracebackType

LOGGER = "foresell.serving"
FACTS = "facts"
"""Name under which `extra` carries the facts of a log record."""

REQUEST_UNDER_WAY: ContextVar[str] = ContextVar("foresell_request_id")
"""Id of the request in which the code runs that asks; every line of the log written there carries it."""

SECRETS = (
    (re.compile(r"(fsl_[a-z2-7]{8})_[A-Za-z0-9_-]{8,}"), r"\1_..."),
    (re.compile(r"(?<=://)([^:/@\s\"']+):[^@\s\"']+@"), r"\1:...@"),
)
"""What must not be read in a log even where a foreign message quotes it: keys, and passwords in addresses."""


class JsonLines(logging.Formatter):
    """Log records as one JSON object a line: time (UTC), level, message, the request's id, and the record's facts."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line: dict[str, object] = {
            "time": _written(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        request_id = REQUEST_UNDER_WAY.get("")
        if request_id:
            line["request_id"] = request_id
        line.update(getattr(record, FACTS, {}))
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return without_secrets(json.dumps(line, ensure_ascii=False, default=str))


class JsonStream(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes the log, and lines of requests that are JSON already."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())

    def write(self, line: str) -> None:
        """One finished line. A standard error that is gone must not stop a request."""
        try:
            self.stream.write(line)
            self.stream.flush()
        except (OSError, ValueError):
            return


def request_line(
    request_id: str, method: str, path: str, status: int, milliseconds: float, more: Mapping[str, object]
) -> str:
    """What the log says of a request, as `JsonLines` would; `more` holds what else is known of it.

    >>> line = json.loads(request_line("r1", "GET", "/healthz", 200, 0.52, {}))
    >>> (line["path"], line["status"], line["milliseconds"])
    ('/healthz', 200, 0.52)
    """
    rest = "".join(
        f', "{name}": {value if type(value) is int else encode_basestring(str(value))}' for name, value in more.items()
    )
    return (
        f'{{"time": "{_written(time())}", "level": "info", "logger": "{LOGGER}", "message": "request", '
        f'"request_id": "{request_id}", "method": "{method}", "path": {encode_basestring(path)}, '
        f'"status": {status}, "milliseconds": {milliseconds:.2f}{rest}}}\n'
    )


def without_secrets(text: str) -> str:
    """The text with what looks like a key or a password cut out.

    >>> without_secrets("postgresql://anna:hunter2@db/foresell")
    'postgresql://anna:...@db/foresell'
    """
    for shape, instead in SECRETS:
        text = shape.sub(instead, text)
    return text


def stream_of(logger: logging.Logger) -> JsonStream | None:
    """Where lines of requests go at once; None where the log is not ours alone."""
    house = logging.getLogger(LOGGER.partition(".")[0])
    if house.propagate or not logger.isEnabledFor(logging.INFO) or len(house.handlers) != 1:
        return None
    only = house.handlers[0]
    return only if isinstance(only, JsonStream) else None


def log_json_lines(level: str) -> None:
    """Send the service's log, the server's own and every other to standard error as JSON lines.

    Other libraries are heard from `warning` on. What no one caught in the process or in a thread is a line too.
    """
    stream = JsonStream()
    for name in ("foresell", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [stream]
        logger.setLevel(level.upper())
        logger.propagate = False
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    root = logging.getLogger()
    root.handlers = [stream]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = _note_fault
    threading.excepthook = _note_fault_of_thread


def _is_news(record: logging.LogRecord) -> bool:
    """Not what the server says of each connection that brings nonsense: they are counted, and told together."""
    return record.msg not in ("Invalid HTTP request received.", "Unsupported upgrade request.")


def _note_fault(kind: type[BaseException], fault: BaseException, at: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        logging.getLogger(LOGGER).critical("fault", exc_info=(kind, fault, at))


def _note_fault_of_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None and not isinstance(told.exc_value, SystemExit):
        facts = {FACTS: {"thread": told.thread.name if told.thread else ""}}
        logging.getLogger(LOGGER).error(
            "fault in a thread", exc_info=(told.exc_type, told.exc_value, told.exc_traceback), extra=facts
        )


_second = (0, "")


def _written(moment: float) -> str:
    """Seconds since 1970 as UTC, to the millisecond; the text of the latest second is kept."""
    global _second
    whole = int(moment)
    kept = _second
    if kept[0] != whole:
        kept = _second = (whole, datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    return f"{kept[1]}.{int((moment - whole) * 1000):03d}Z"
