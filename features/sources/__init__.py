"""Which reader opens which file? By its ending; each reader is loaded when first asked for.

Every reader leaves the same thing behind: a Parquet file of texts (`Staged`), so that what follows does
not care where a row came from.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from features.errors import ForesellError
from features.sources.staged import Options, Staged

READERS = {
    ".csv": "delimited",
    ".tsv": "delimited",
    ".txt": "delimited",
    ".xlsx": "workbook",
    ".xlsm": "workbook",
    ".parquet": "columnar",
    ".pq": "columnar",
}
ENDINGS = tuple(READERS)


class UnknownEnding(ForesellError):
    """A file of no known kind."""

    problem = "{0} ends in '{1}', which is no kind of file that can be read."
    fix = "save it as .csv, .xlsx or .parquet."


class EmptyFile(ForesellError):
    """A file of zero bytes."""

    problem = "{0} is empty: it has not even a header line."
    fix = "export it again; if there are no rows, leave the header line in, or leave the file away."


class CannotRead(ForesellError):
    """The system refuses to open the file."""

    problem = "{0} cannot be opened: {1}."
    fix = "give the program the right to read it, or close the program that holds it."


def stage(path: Path, target: Path, options: Options) -> Staged:
    """Read a file into a Parquet file of texts at `target`.

    Raises UnknownEnding, CannotRead, EmptyFile, or what the reader of that format raises.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UnknownEnding(path.name, path.suffix)
    try:
        with path.open("rb") as stream:
            if not stream.read(1):
                raise EmptyFile(path.name)
    except OSError as refused:
        raise CannotRead(path.name, refused.strerror) from refused
    read: Callable[[Path, Path, Options], Staged] = import_module(f"features.sources.{reader}").read
    return read(path, target, options)
