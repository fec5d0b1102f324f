"""What does the service write about each request? One JSON line, without bodies, query strings or keys."""

import json
import logging
from datetime import UTC, datetime

LOGGER = "foresell.serving"
FACTS = "facts"
"""Name under which `extra` carries the facts of a log record."""


class JsonLines(logging.Formatter):
    """Log records as one JSON object a line: time (UTC), level, message, and the record's facts."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, FACTS, {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def log_json_lines(level: str) -> None:
    """Send the service's log, and the server's own, to standard error as JSON lines."""
    stream = logging.StreamHandler()
    stream.setFormatter(JsonLines())
    for name in ("foresell", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [stream]
        logger.setLevel(level.upper())
        logger.propagate = False
