"""What does every reader leave behind? One Parquet file of texts, and what stood in the header."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from features.errors import ForesellError

ROW = "_row"
"""The column with the row's number: 1 for the first row under the header."""
RESERVED = (ROW, "_file")
TEXT_LIMIT = 500
"""Characters of a malformed line that are kept to show it."""


class DuplicateHeader(ForesellError):
    """Two columns that cannot be told apart."""

    problem = "{0}: the columns {1} and {2} are both named '{3}'."
    fix = "rename one of them in the file (names that differ in case alone count as the same)."


class ReservedHeader(ForesellError):
    """A column with a name that the import uses itself."""

    problem = "{0}: column {1} is named '{2}', a name the import needs for itself."
    fix = "rename it in the file."


@dataclass(frozen=True)
class Options:
    """How to read a file where it does not say so itself."""

    sheet: str | None = None
    encoding: str | None = None


class Malformed(NamedTuple):
    """A line that is no row: its number, its text, why, and the way out."""

    row: int
    text: str
    reason: str
    fix: str


@dataclass(frozen=True)
class Staged:
    """A file as texts. Column `c<i>` of the Parquet file at `path` is the i-th of `headers`; `_row` numbers the rows.

    `unreadable` are columns that hold no single value in a row (lists, structs) with their type.
    """

    path: Path
    headers: tuple[str, ...]
    malformed: tuple[Malformed, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def clean_headers(file: str, written: Sequence[str]) -> tuple[str, ...]:
    """Trimmed headers; a nameless column gets a name. Raises DuplicateHeader, ReservedHeader."""
    headers = tuple(name.strip() or f"column_{n}" for n, name in enumerate(written, 1))
    seen: dict[str, int] = {}
    for number, header in enumerate(headers, 1):
        fold = header.casefold()
        if fold in RESERVED:
            raise ReservedHeader(file, number, header)
        if fold in seen:
            raise DuplicateHeader(file, seen[fold], number, header)
        seen[fold] = number
    return headers
