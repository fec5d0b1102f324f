"""How does an export become history? From a folder of files and a mapping to one delivery, all or nothing.

Each file is staged as texts, matched with the contract, typed and checked; bad rows are set aside with a
reason; the rest is handed to the history in one append. A process killed at any moment leaves the history as
it was; the next import clears the papers away.
"""

import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from features.completeness import complete_tables
from features.contracts import TABLES, Known
from features.cross_checks import find_loose_references, reject_contradictions
from features.errors import ForesellError
from features.history import NO_CURRENCY, Counts, Delivery, History
from features.import_report import ImportReport, TableReport
from features.inspection import Inspection
from features.mapping import ImportMapping, Source, read_mapping
from features.parts import Part, plan_part, read_headers
from features.rejects import gather_rejects, write_rejects
from features.sources import ENDINGS, stage
from features.sources.staged import Options, Staged
from features.staging import staging_folder
from features.suggesting import hint

Found = tuple[Source, Path, Options]


class NoFolder(ForesellError):
    """The folder to import is not there."""

    problem = "There is no folder at {0}."
    fix = "give the folder that holds the exported files."


class NoTableFiles(ForesellError):
    """Nothing in the folder bears the name of a table."""

    problem = "No file in {0} is named after a table. Looked for {1}; found {2}."
    fix = "rename the files (deals.csv, customers.xlsx, orders.parquet ...), or say which is which with --mapping FILE."


class NoSuchFile(ForesellError):
    """The mapping names a file that is not there."""

    problem = "tables.{0}: there is no file '{1}' in {2}."
    fix = "correct file: in the mapping, or export the file again. {3}"


def _silent(_: str) -> None:
    """No progress."""


def import_folder(
    folder: Path,
    home: Path,
    mapping: Path | None,
    taken_at: datetime,
    progress: Callable[[str], None] = _silent,
) -> ImportReport:
    """Read the files of `folder` into the history under `home` and say what came of it.

    `taken_at` (naive UTC) is when the export was taken: new versions of rows on record count from then.
    Raises a ForesellError that names the file, the mapping's line or the column at fault; the history is
    then as it was.
    """
    if not folder.is_dir():
        raise NoFolder(folder)
    described = read_mapping(mapping) if mapping else ImportMapping()
    found = _find_files(folder, described)
    with staging_folder(home, progress) as staging:
        history = History.open(home)
        inspection = Inspection(home, staging, described.timezone or history.timezone or "UTC")
        try:
            return _import(folder, home, described, taken_at, progress, history, inspection, found)
        finally:
            inspection.close()


def _import(
    folder: Path,
    home: Path,
    described: ImportMapping,
    taken_at: datetime,
    progress: Callable[[str], None],
    history: History,
    inspection: Inspection,
    found: list[Found],
) -> ImportReport:
    """The import itself, inside its staging folder."""
    for part in _plan(folder, inspection.folder, found, progress):
        progress(f"checking {part.table.name} from {part.file}")
        inspection.add(part)
    progress("comparing the tables with each other")
    near = history.near(inspection.folder)
    repeated = reject_contradictions(inspection, near)
    notes = _notes(folder, described, inspection, near)
    rejected, groups = gather_rejects(inspection)
    draft = inspection.folder / "rejects.csv"
    if groups:
        write_rejects(inspection, draft)
    complete, doubts = complete_tables(inspection)
    delivery = Delivery(
        {table: inspection.deliver(table) for table in inspection.tables()},
        _known(inspection, history),
        inspection.zone,
        described.currency or history.currency or _only_currency(inspection),
        folder.resolve().name,
        taken_at,
        complete,
    )
    inspection.close()
    progress("adding to the history")
    before = len(history.entries)
    counts = history.append(delivery)
    notes = (*notes, *doubts, *_found_out(history, before))
    kept = _keep_rejects(draft, home, f"{delivery.origin}-{taken_at:%Y%m%dT%H%M%S}") if groups else None
    tables = tuple(_table(inspection, t, counts[t], repeated[t], rejected.get(t, 0)) for t in inspection.tables())
    return ImportReport(delivery.origin, delivery.timezone, delivery.currency, tables, groups, notes, kept)


def _find_files(folder: Path, described: ImportMapping) -> list[Found]:
    """The files of each source: those the mapping names, and those that bear a table's name.

    Raises NoSuchFile, NoTableFiles.
    """
    found: list[Found] = []
    for source in described.sources:
        paths = _files_named(folder, source) if source.files else _files_after(folder, source.table)
        if not paths:
            raise NoSuchFile(source.table, f"{source.table}.csv", folder, _listed(folder, source.table))
        found += [(source, path, Options(source.sheet, source.encoding)) for path in paths]
    used = {path for _, path, _ in found}
    mapped = {source.table for source in described.sources}
    for table in TABLES:
        if table not in mapped:
            unused = [path for path in _files_after(folder, table) if path not in used]
            found += [(Source(table), path, Options(None, None)) for path in unused]
    if not found:
        looked = ", ".join(f"{table}.csv" for table in TABLES) + ", or the same ending in .xlsx or .parquet"
        files = sorted(path.name for path in folder.iterdir() if path.is_file())
        raise NoTableFiles(folder, looked, ", ".join(files[:20]) or "nothing")
    return found


def _files_named(folder: Path, source: Source) -> list[Path]:
    paths: list[Path] = []
    for name in source.files:
        direct = folder / name
        try:
            matches = [direct] if direct.is_file() else sorted(p for p in folder.glob(name) if p.is_file())
        except (ValueError, IndexError, NotImplementedError, OSError):  # no pattern, or no name at all
            matches = []
        if not matches:
            raise NoSuchFile(source.table, name, folder, _listed(folder, name))
        paths += [path for path in matches if path not in paths]
    return paths


def _files_after(folder: Path, table: str) -> list[Path]:
    """Files named after a table: `deals.csv`, or several as `deals-1.parquet`, `deals-2.parquet`."""
    name = re.compile(rf"{table}([-.]\w[\w.-]*)?", re.IGNORECASE)
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix.lower() in ENDINGS and name.fullmatch(path.stem)
    )


def _listed(folder: Path, name: str) -> str:
    return hint(name, sorted(path.name for path in folder.iterdir() if path.is_file()))


def _plan(folder: Path, staging: Path, found: list[Found], progress: Callable[[str], None]) -> list[Part]:
    """Stage every file once and match each with the tables it fills."""
    staged: dict[tuple[Path, Options], Staged] = {}
    for _, path, options in found:
        if (path, options) not in staged:
            progress(f"reading {path.name}")
            staged[path, options] = stage(path, staging / f"file_{len(staged)}.parquet", options)
    parts = []
    for number, (source, path, options) in enumerate(found):
        others = [s for s, p, o in found if (p, o) == (path, options) and s is not source]
        elsewhere = frozenset().union(*(read_headers(other, staged[path, options]) for other in others))
        file = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
        parts.append(plan_part(number, file, staged[path, options], source, elsewhere))
    return parts


def _notes(folder: Path, described: ImportMapping, inspection: Inspection, history: History) -> tuple[str, ...]:
    """What the user should know and need not mend."""
    notes = [note for part in inspection.parts for note in part.notes]
    notes += inspection.notes
    for part in inspection.parts:
        if part.undeclared:
            names = ", ".join(part.undeclared)
            notes.append(
                f"{part.table.name}: columns of {part.file} that no line mentions are kept as current: {names}"
            )
    if described.timezone is None and history.timezone is None:
        notes.append("no time zone was given: times without an offset are read as UTC")
    return tuple(dict.fromkeys([*notes, *find_loose_references(inspection, history)]))


def _found_out(history: History, before: int) -> list[str]:
    """What the import noticed of deals by comparing them with the record, where it added an entry."""
    captured = history.entries[-1].captured if len(history.entries) > before else {}
    if not captured:
        return []
    shown = ", ".join(f"{count:,} of {field}" for field, count in captured.items())
    return [f"deal_changes: values noted by comparing deals with the record, as no file tells their changes: {shown}"]


def _known(inspection: Inspection, history: History) -> dict[str, dict[str, Known]]:
    """What the parts declare, by table.

    A declaration in any part stands over an undeclared column's `current`, and so does one already on record.
    """
    known: dict[str, dict[str, Known]] = {}
    for part in inspection.parts:
        declared = known.setdefault(part.table.name, {})
        for word, moment in part.known.items():
            on_record = part.table.name in history.tables() and word in history.attributes(part.table.name)
            if word not in part.undeclared or (word not in declared and not on_record):
                declared[word] = moment
    return known


def _only_currency(inspection: Inspection) -> str:
    """The one currency that the rows name, or none."""
    tables = [table for table in inspection.tables() if inspection.gives(table, "currency") and table != "fx_rates"]
    if not tables:
        return NO_CURRENCY
    rows = " UNION ".join(f"SELECT DISTINCT currency FROM {inspection.good(table)}" for table in tables)
    codes = [row[0] for row in inspection.connection.execute(rows).fetchall() if row[0]]
    return codes[0] if len(codes) == 1 else NO_CURRENCY


def _keep_rejects(draft: Path, home: Path, label: str) -> Path:
    """Move the finished file into place in one step."""
    target = home / "rejects" / (re.sub(r"[^\w.-]+", "_", label) + ".csv")
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(draft, target)
    return target


def _table(inspection: Inspection, table: str, counts: Counts, repeated: int, rejected: int) -> TableReport:
    files = tuple(part.file for part in inspection.parts if part.table.name == table)
    return TableReport(
        table,
        files,
        inspection.rows[table],
        counts.new,
        counts.changed,
        counts.same + repeated,
        rejected,
        inspection.left_out[table],
        counts.deleted,
    )
