"""How do many workers write one table? Each writes files of its own, whole or not at all, that sort as the rows do."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import ForesellError
from features.storage import LocalStore, Store, open_store


class FolderInUse(ForesellError):
    problem = "The table is to be written into {0}, which holds files already."
    fix = "name a folder that is empty or not there yet, or a single file ending in .parquet."


@dataclass(frozen=True)
class Target:
    """A folder, or the address of one, that all workers reach, with a Parquet file for each chapter of the table."""

    store: Store

    @staticmethod
    def at(place: str, home: Path) -> "Target":
        """The folder at a path or address. Raises FolderInUse, and what `open_store` raises."""
        store = open_store(home, place)
        if any(name.endswith(".parquet") for name in store.names("")):
            raise FolderInUse(place)
        return Target(store)

    def write(self, chapter: int, blocks: Iterable[pa.Table]) -> None:
        """Write a chapter's rows, replacing what another attempt at it has written."""
        file = f"part-{chapter:06d}.parquet"
        here = isinstance(self.store, LocalStore)
        draft = Path(self.store.place if here else gettempdir()) / f".{file}-{uuid4().hex}"
        draft.parent.mkdir(parents=True, exist_ok=True)
        try:
            write_blocks(draft, blocks)
            if here:
                draft.replace(draft.with_name(file))
            else:
                self.store.keep(file, draft)
        finally:
            draft.unlink(missing_ok=True)

    def joined(self, path: Path) -> None:
        """Make one file of all chapters."""
        files = [name for name in self.store.names("") if name.endswith(".parquet")]
        write_blocks(path, (block for file in files for block in self._blocks(file)))

    def _blocks(self, file: str) -> Iterator[pa.Table]:
        with self.store.open(file) as source:
            parquet = pq.ParquetFile(source)
            for group in range(parquet.num_row_groups):
                yield parquet.read_row_group(group).combine_chunks()


def write_blocks(path: Path, blocks: Iterable[pa.Table]) -> None:
    """Write tables of the same columns as the row groups of one Parquet file."""
    writer: pq.ParquetWriter | None = None
    try:
        for block in blocks:
            writer = writer or pq.ParquetWriter(path, block.schema, compression="zstd")
            writer.write_table(block)
    finally:
        if writer is not None:
            writer.close()
