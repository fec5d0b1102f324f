"""Where a command's table goes: CSV, Parquet or JSON, by the file's ending; whole or not at all."""

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import ForesellError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pyarrow as pa

ENDINGS = (".csv", ".parquet", ".json")


class UnknownEnding(ForesellError):
    problem = "{0} ends in none of {1}."
    fix = "name the file so that its ending says the format."


class NotWritable(ForesellError):
    problem = "{0} cannot be written: {1}."
    fix = "choose a folder that exists and may be written to, with room on the disk."


def check_path(path: Path, endings: "Iterable[str]" = ENDINGS) -> None:
    """Before long work: could its result be written here? Raises UnknownEnding, NotWritable."""
    if path.suffix.lower() not in endings:
        raise UnknownEnding(path, ", ".join(endings))
    if path.is_dir():
        raise NotWritable(path, "it is a folder")
    if not path.parent.is_dir():
        raise NotWritable(path, f"there is no folder {path.parent}")


def write_table(table: "pa.Table", path: Path) -> None:
    """Write a table; JSON is a list of objects. Raises UnknownEnding, NotWritable."""
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise UnknownEnding(path, ", ".join(ENDINGS))
    with whole(path) as draft:
        _write(table, draft, ending)


def write_text(writers: "Mapping[str, Callable[[], str]]", path: Path) -> None:
    """Write the text that the file's ending asks for. Raises UnknownEnding, NotWritable."""
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise UnknownEnding(path, ", ".join(writers))
    text = writer()
    with whole(path) as draft:
        draft.write_text(text, "utf-8")


def table_text(table: "pa.Table") -> str:
    """A table as a JSON list of objects; days and moments in ISO format."""
    import json

    return json.dumps([{k: _plain(v) for k, v in row.items()} for row in table.to_pylist()], ensure_ascii=False)


@contextmanager
def whole(path: Path) -> "Iterator[Path]":
    """A draft beside the file that takes its place at the end, or leaves nothing. Raises NotWritable."""
    draft = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        yield draft
        os.replace(draft, path)
    except OSError as failure:
        with suppress(OSError):
            draft.unlink()
        raise NotWritable(path, failure.strerror or failure) from failure
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise


def _write(table: "pa.Table", path: Path, ending: str) -> None:
    if ending == ".parquet":
        import pyarrow.parquet as pq

        pq.write_table(table, path)
    elif ending == ".csv":
        import csv

        from features.spreadsheets import guarded_table

        table = guarded_table(table)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(table.column_names)
            for batch in table.to_batches(max_chunksize=10_000):
                columns = [column.to_pylist() for column in batch.columns]
                writer.writerows([_text(v) for v in row] for row in zip(*columns, strict=True))
    else:
        path.write_text(table_text(table) + "\n", "utf-8")


def _plain(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _text(value: object) -> object:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else _plain(value)
