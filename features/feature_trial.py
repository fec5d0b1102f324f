"""Does a feature of one's own say what it means? A tiny history told in CSV, and the feature's value in it.

For the tests of whoever defines features: `foresell features new` writes one that uses it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from features.as_of import Moments, micros, parse_moment
from features.catalog import CATALOG, CUSTOMER_CATALOG
from features.errors import ForesellError
from features.importing import import_folder
from features.own_features import read
from features.table import build_table

TAKEN = datetime(2100, 1, 1)
"""When the export of a trial was taken, unless told otherwise."""


class NotOnTrial(ForesellError):
    problem = "{0} defines no feature named {1}."
    fix = "name one of those it defines: {2}."


def trial(
    folder: Path, features: Path, tables: Mapping[str, str], taken_at: datetime = TAKEN
) -> Callable[[str, str, str], object]:
    """A history of these tables (CSV texts by the tables' names), kept in `folder`, ready to be asked.

    What comes back is called with a feature's name, the id of a deal or customer, and a moment (a day or a time,
    in UTC), and gives a number, a text, or None for missing. Raises whatever reading the file or the tables raises,
    and, when called, NotOnTrial, NotInHistory, NotAMoment.
    """
    export = Path(mkdtemp(prefix="export-", dir=folder))
    for table, rows in tables.items():
        (export / f"{table}.csv").write_text(rows.strip() + "\n", "utf-8")
    import_folder(export, export / "home", None, taken_at)
    named = {feature.name: feature for feature in read(features, CATALOG.keys() | CUSTOMER_CATALOG.keys())}

    def value(name: str, whose: str, as_of: str) -> object:
        from features.history import History

        if name not in named:
            raise NotOnTrial(features, name, ", ".join(named) or "none")
        moments = Moments(np.array([whose], object), np.array([micros(parse_moment(as_of, "UTC"))], np.int64))
        table = build_table((named[name],), moments, History.existing(export / "home"))
        return table.column(2)[0].as_py()

    return value
