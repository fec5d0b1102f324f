"""What does one file give one table: which of its columns fill which of the contract's?"""

from collections.abc import Mapping
from dataclasses import dataclass

from features.contracts import ATTRIBUTE_PREFIX, DELETED, TABLES, Column, Kind, Known, Table
from features.errors import ForesellError
from features.expressions import Expression
from features.mapping import ClashingNames, Source
from features.sources.staged import RESERVED, Staged
from features.suggesting import hint

NOTHING = Expression("NULL", (), False)
"""What fills a required column in a file of deletions, whose rows have keys alone."""


class MissingColumn(ForesellError):
    """A column without which no row of the table makes sense."""

    problem = "{0} has no column for {1}.{2}, which every row needs."
    fix = "name the file's column in the mapping, tables.{1}: columns: {{{2}: HEADER}}. {3}"


class UnknownHeader(ForesellError):
    """The mapping names a column that the file does not have."""

    problem = "{1} names the column '{2}', which {0} does not have."
    fix = "correct {1}. {3}"


class NestedColumn(ForesellError):
    """A column that holds lists or structs."""

    problem = "{0}: column '{1}' holds {2} in each row, not one value."
    fix = "flatten it in the file, or take it out of the mapping."


@dataclass(frozen=True)
class Cell:
    """One column that a part gives: where its text comes from, and what it becomes.

    `header` is the file's column, or None where `compute` makes the text. Attributes have kind TEXT.
    """

    column: Column
    header: str | None
    compute: Expression | None = None
    values: Mapping[str, str | None] | None = None

    @property
    def label(self) -> str:
        """The column as a user knows it: without the prefix of attributes."""
        return self.column.name.removeprefix(ATTRIBUTE_PREFIX)


@dataclass(frozen=True)
class Part:
    """One file as one table. `number` is unique within an import."""

    number: int
    table: Table
    file: str
    staged: Staged
    source: Source
    cells: tuple[Cell, ...]
    known: Mapping[str, Known]
    undeclared: tuple[str, ...]
    notes: tuple[str, ...]

    def gives(self, column: str) -> bool:
        """Whether rows of this part have the contract column."""
        return any(cell.column.name == column for cell in self.cells)


def plan_part(number: int, file: str, staged: Staged, source: Source, elsewhere: frozenset[str]) -> Part:
    """Match a file's headers with the contract and the mapping.

    `elsewhere` are headers that other tables take from the same file. Raises MissingColumn,
    UnknownHeader, NestedColumn, ClashingNames.
    """
    table = TABLES[source.table]
    place = f"tables.{table.name}"
    headers = _Headers(file, staged)
    cells = [cell for column in table.columns if (cell := _contract_cell(column, source, headers, place))]
    given = {cell.column.name for cell in cells}
    deletes = DELETED.name in given
    for required in table.required:
        if required not in given and deletes and required not in table.key:
            cells.append(Cell(next(c for c in table.columns if c.name == required), None, NOTHING))
        elif required not in given:
            raise MissingColumn(file, table.name, required, hint(required, staged.headers))
    attributes = [
        Cell(
            _attribute(word),
            headers.named(attribute.header, f"{place}.attributes.{word}") if attribute.header else None,
            headers.checked(source.compute[word], f"{place}.compute.{word}") if word in source.compute else None,
            source.values.get(word),
        )
        for word, attribute in source.attributes.items()
        if attribute is not None
    ]
    if source.where:
        headers.checked(source.where, f"{place}.where")
    used = read_headers(source, staged, [*cells, *attributes]) | elsewhere
    extras = [header for header in staged.headers if header.casefold() not in used]
    notes = [f"{file}: column '{name}' was left out, it holds {kind} in each row" for name, kind in staged.unreadable]
    taken = {cell.label.casefold() for cell in attributes}
    for clash in [header for header in extras if header.casefold() in taken]:
        raise ClashingNames(f"{place}.attributes", f"'{clash}' is also a column of {file} that no line mentions")
    cells += [*attributes, *(Cell(_attribute(header), header) for header in extras)]
    known = {**{w: a.known for w, a in source.attributes.items() if a}, **source.known}
    known |= dict.fromkeys(extras, Known.CURRENT)
    return Part(number, table, file, staged, source, tuple(cells), known, tuple(extras), (*staged.notes, *notes))


def read_headers(source: Source, staged: Staged, cells: list[Cell] | None = None) -> frozenset[str]:
    """The headers, case folded, that a source reads or explicitly leaves out."""
    table = TABLES[source.table]
    expressions = [*source.compute.values(), *([source.where] if source.where else [])]
    named = [column for expression in expressions for column in expression.columns]
    named += [*source.columns.values(), *(word for word, a in source.attributes.items() if a is None)]
    named += [a.header for a in source.attributes.values() if a and a.header]
    if cells is None:
        unmapped = [n for n in table.names if n not in source.columns and n not in source.compute]
        named += [n for n in unmapped if n in staged.headers]
    else:
        named += [cell.header for cell in cells if cell.header]
    return frozenset(name.casefold() for name in named)


class _Headers:
    """The headers of one file, found without regard to case."""

    def __init__(self, file: str, staged: Staged) -> None:
        self.file = file
        self.headers = staged.headers
        self.by_fold = {header.casefold(): header for header in staged.headers}
        self.unreadable = {name.casefold(): (name, kind) for name, kind in staged.unreadable}

    def find(self, name: str) -> str | None:
        return self.by_fold.get(name.casefold())

    def named(self, name: str, place: str) -> str:
        """The header that the mapping names at `place`."""
        if found := self.find(name):
            return found
        if nested := self.unreadable.get(name.casefold()):
            raise NestedColumn(self.file, *nested)
        raise UnknownHeader(self.file, place, name, hint(name, self.headers))

    def checked(self, expression: Expression, place: str) -> Expression:
        """The expression, if every column it reads is there."""
        for name in expression.columns:
            if name.casefold() not in RESERVED:
                self.named(name, place)
        return expression


def _contract_cell(column: Column, source: Source, headers: _Headers, place: str) -> Cell | None:
    values = source.values.get(column.name)
    if column.name in source.compute:
        expression = headers.checked(source.compute[column.name], f"{place}.compute.{column.name}")
        return Cell(column, None, expression, values)
    if column.name in source.columns:
        header = headers.named(source.columns[column.name], f"{place}.columns.{column.name}")
        return Cell(column, header, None, values)
    if column.name.casefold() in {h.casefold() for h in source.columns.values()}:
        # A header that bears one column's name but is mapped to another is that other column.
        return None
    found = headers.find(column.name)
    return Cell(column, found, None, values) if found else None


def _attribute(name: str) -> Column:
    return Column(ATTRIBUTE_PREFIX + name, Kind.TEXT)
