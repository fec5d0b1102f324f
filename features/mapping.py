"""Which of a user's files and columns are which of the contract's, and when did their values become true?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from features.contracts import Known
from features.errors import ForesellError
from features.expressions import Expression
from features.written_numbers import NumberStyle


class MappingNotFound(ForesellError):
    """There is no file of this name."""

    problem = "There is no mapping file at {0}."
    fix = "give the path of a YAML file after --mapping; docs/mapping.md shows one."


class UnknownWord(ForesellError):
    """A key, table, column or value that means nothing here."""

    problem = "{0}: '{1}' is not a {2}."
    fix = "correct it in {0}. {3}"


class WrongShape(ForesellError):
    """A part of the mapping that is a text where a list is needed, or the like."""

    problem = "{0} is {1}; it should be {2}."
    fix = "write {0} as {2}; docs/mapping.md has an example of each key."


class ClashingNames(ForesellError):
    """One name given twice."""

    problem = "{0}: {1}."
    fix = "keep one of the two; an attribute is renamed by attributes: {{NAME: {{column: HEADER, known: current}}}}."


@dataclass(frozen=True)
class Attribute:
    """A column beyond the contract. `header` is the file's name of it, None where it is computed."""

    header: str | None
    known: Known


@dataclass(frozen=True)
class Source:
    """What the mapping says of one source of one table. Empty `files` mean: named after the table.

    `columns` map contract names to the file's headers; `values` map a column's texts to other texts or
    to nothing; `attributes` with None are left out; `dates` are strptime formats. `complete` says that the files
    hold every row of the table, so that rows on record and not in them were deleted.
    """

    table: str
    files: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    known: Mapping[str, Known] = field(default_factory=dict)
    attributes: Mapping[str, Attribute | None] = field(default_factory=dict)
    sheet: str | None = None
    encoding: str | None = None
    dates: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, NumberStyle] = field(default_factory=dict)
    where: Expression | None = None
    compute: Mapping[str, Expression] = field(default_factory=dict)
    complete: bool = False


@dataclass(frozen=True)
class ImportMapping:
    """A whole mapping. None where it does not say; no `sources` mean: every file named after a table."""

    timezone: str | None = None
    currency: str | None = None
    sources: tuple[Source, ...] = ()


def read_mapping(path: Path) -> ImportMapping:
    """Read and check a mapping file.

    Raises MappingNotFound, UnreadableYaml, UnknownWord, WrongShape, ClashingNames, BadExpression,
    UnclearNumber, UnknownTimeZone or UnknownCurrency, each naming the place in the file.
    """
    from features.mapping_words import mapping_of
    from features.strict_yaml import read_yaml

    if not path.is_file():
        raise MappingNotFound(path)
    return mapping_of(read_yaml(path))
