"""By what may a forecast be told apart, and which group does a line of sales belong to?

A line has a customer, a rep and a product; the rep gives the team, the customer the region, country, segment and
industry, all as on record at the moment. What is not on record is the group NONE, so that children always add up.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features.bookings.pace import OWNERS, Texts
from features.errors import ForesellError
from features.history import History
from features.quoting import name

Codes = NDArray[np.int64]
LEVELS = ("company", "team", "rep", "region", "country", "segment", "industry", "product", "customer")
OF_CUSTOMER = ("region", "country", "segment", "industry")
COMPANY = "company"
NONE = "(none)"
"""The key of lines without the attribute."""
SEPARATOR = ","


class UnknownLevel(ForesellError):
    problem = "A forecast cannot be told apart by '{0}'."
    fix = "write --by with one of {1}, or several of them with commas, each once; company stands alone."


class LevelNotOnRecord(ForesellError):
    problem = "No line of {1} has a {0} on record before {2}."
    fix = "import the table that tells it (docs/data-contract.md), or choose another --by."


def parse_by(text: str) -> tuple[str, ...]:
    """The levels that are crossed; none for the company. Raises UnknownLevel.

    >>> parse_by("region, product")
    ('region', 'product')
    >>> parse_by("company")
    ()
    """
    words = tuple(word.strip().lower() for word in text.split(SEPARATOR))
    known = all(word in LEVELS for word in words) and len(set(words)) == len(words)
    if not known or (COMPANY in words and len(words) > 1):
        raise UnknownLevel(text, ", ".join(LEVELS))
    return () if words == (COMPANY,) else words


def level_name(by: Sequence[str]) -> str:
    """How a level is called in the output."""
    return SEPARATOR.join(by) or COMPANY


def key_text(parts: Sequence[str]) -> str:
    """The key of a group: its parts in the order of the levels; a comma or backslash within a part is escaped.

    So is a name that reads like the group of those without one.

    >>> key_text(["North", ""]), key_text(["(none)"])
    ('North,(none)', '\\\\(none)')
    """
    if not parts:
        return COMPANY
    if len(parts) == 1:
        return _named(parts[0], parts[0])
    return SEPARATOR.join(_named(one, one.replace("\\", "\\\\").replace(",", "\\,")) for one in parts)


def _named(name: str, written: str) -> str:
    if not name:
        return NONE
    return f"\\{written}" if name.lstrip("\\") == NONE else written


def labels(history: History, as_of: datetime, owners: Mapping[str, Texts]) -> dict[str, Texts]:
    """Each level's value of each line (naive UTC moment); only levels that are on record for any line."""
    found: dict[str, Texts] = {owner: owners[owner] for owner in OWNERS}
    team, customers = _people(history, len(history.entries), as_of)
    found["team"] = _looked_up(owners["rep"], team)
    for level in OF_CUSTOMER:
        found[level] = _looked_up(owners["customer"], customers.get(level, {}))
    return {level: found[level] for level in LEVELS if level in found and (found[level] != "").any()}


def grouped(labels: Mapping[str, Texts], by: Sequence[str], size: int) -> tuple[list[tuple[str, ...]], Codes]:
    """The groups of a level, sorted, and the number of each line's group."""
    if not by:
        return [()], np.zeros(size, np.int64)
    code = np.zeros(size, np.int64)
    values = []
    for level in by:
        names, one = np.unique(labels[level].astype(str), return_inverse=True)
        values.append(names)
        code = code * len(names) + one
    used, row = np.unique(code, return_inverse=True)
    keys = []
    for number in used.tolist():
        parts: list[str] = []
        for names in reversed(values):
            number, place = divmod(number, len(names))
            parts.append(str(names[place]))
        keys.append(tuple(reversed(parts)))
    return keys, row.astype(np.int64)


@lru_cache(maxsize=32)
def _people(history: History, deliveries: int, as_of: datetime) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """The team of each rep, and each level's value of each customer, on record before a moment.

    A trial asks many times of the same few moments. `deliveries` tells a history that grew from what it was.
    """
    team = _columns(history, "reps", "rep_id", ("team_id",), as_of).get("team_id", {})
    return team, _columns(history, "customers", "customer_id", OF_CUSTOMER, as_of)


def _columns(
    history: History, table: str, key: str, columns: Sequence[str], as_of: datetime
) -> dict[str, dict[str, str]]:
    there = [one for one in columns if table in history.tables() and one in history.columns(table)]
    if not there:
        return {}
    asked = ", ".join(f"{name(one)}::VARCHAR" for one in there)
    with history.connect() as con:
        rows = con.execute(f"SELECT {name(key)}, {asked} FROM ({history.sql_latest(table, as_of)})").fetchall()
    return {one: {str(row[0]): row[n] for row in rows if row[n] is not None} for n, one in enumerate(there, 1)}


def _looked_up(owner: Texts, table: Mapping[str, str]) -> Texts:
    names, row = np.unique(owner.astype(str), return_inverse=True)
    return np.array([table.get(str(one), "") for one in names], object)[row]
