"""What does one import or sync hand to the history, and what became of its rows?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from features.contracts import Known

NO_CURRENCY = "XXX"
"""ISO 4217 for no currency: where nothing says which one it is."""


@dataclass(frozen=True)
class Delivery:
    """What one import brings: typed Parquet files, one for each table.

    A file has columns of the contract (types: `contracts.STORED_AS`) and attributes as text columns
    named `attr_<name>`. A column absent from the file keeps the value on record. A row with `deleted_at`
    needs its key alone. `known` holds what the mapping declared by table and column or attribute name.
    `taken_at` is naive UTC. `complete` names the tables of which the export has every row, each with a
    Parquet file of the keys in it, those of rejected rows too: rows on record and not among them are gone.
    """

    tables: Mapping[str, Path]
    known: Mapping[str, Mapping[str, Known]]
    timezone: str
    currency: str
    origin: str
    taken_at: datetime
    complete: Mapping[str, Path] = field(default_factory=dict)


class Counts(NamedTuple):
    """What became of a table's rows. `deleted` rows were on record and are no longer."""

    new: int
    changed: int
    same: int
    deleted: int = 0
