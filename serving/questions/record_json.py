"""How does a caller read a record? Under the same names and forms in which it may send one."""

from collections.abc import Mapping
from datetime import date, datetime

from features.contracts import ATTRIBUTE_PREFIX
from serving.moments import in_utc
from serving.questions.records import ATTRIBUTES


def record_in_json(record: Mapping[str, object]) -> dict[str, object]:
    """A row of the history: times in UTC, money as a number, attributes together under their own names."""
    fields = {name: _value(value) for name, value in record.items() if not name.startswith(ATTRIBUTE_PREFIX)}
    attributes = {
        name.removeprefix(ATTRIBUTE_PREFIX): _value(value)
        for name, value in record.items()
        if name.startswith(ATTRIBUTE_PREFIX)
    }
    return fields | ({ATTRIBUTES: attributes} if attributes else {})


def _value(value: object) -> object:
    if isinstance(value, datetime):
        return in_utc(value).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return float(value)  # type: ignore[arg-type]
