"""What will a model meet that nobody had met when it learned? Sources, kinds, competitors and sellers of later days.

An invented company stays the same kind of company for all its years, which no real one does. Here deals born from some
day on are given values that no earlier deal had, and some lose what was typed in: what a model must answer to anyway.
"""

from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from simulation.chance import Flags, streams, uniform

NEW_VALUES = {
    "source": "podcast, live",
    "type": "pilot",
    "competitor": "Zweibrück & Söhne",
    "rep_id": "R-agency",
    "product_id": "P-beta",
}
EMPTIED = ("amount", "expected_close_on", "customer_id", "crm_probability", "budget_confirmed")


def write_novelties(folder: Path, since: datetime, share: float, seed: int) -> dict[str, int]:
    """Change `deals.parquet` of a company: of the deals created from `since` on (local time) each column's `share`.

    Returns how many rows were changed of each column. The same arguments change the same rows, in whatever order the
    rows stand: what happens to a deal follows from its number.
    """
    path = folder / "deals.parquet"
    deals = pq.read_table(path)
    late = pc.fill_null(pc.greater_equal(deals["created_at"], pa.scalar(since, pa.timestamp("us"))), False)
    number = pc.cast(pc.replace_substring_regex(deals["deal_id"], r"\D", ""), pa.int64()).to_numpy()
    counts = {}
    for column in (*NEW_VALUES, *EMPTIED):
        drawn: Flags = np.asarray(uniform(streams(seed, f"novelty: {column}", number), 0) < share)
        hit = pc.and_(late, pa.array(drawn))
        value = pa.scalar(NEW_VALUES.get(column), deals[column].type)
        deals = deals.set_column(deals.column_names.index(column), column, pc.if_else(hit, value, deals[column]))
        counts[column] = pc.sum(hit).as_py() or 0
    partial = path.with_name(f".{path.name}.partial")
    pq.write_table(deals, partial, compression="zstd")
    partial.replace(path)
    return counts
