"""What do the live models say of all that is open or active, and is it kept beside the scores that callers asked for?

So that outcomes can be joined for every deal, not only for those that somebody looked at. Once a day and version: a
second making on the same day, after an import, adds nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from features.history import History
from serving.score_log.counts import Counting
from serving.score_log.parts import counts_folder, parts_folder, write_part

if TYPE_CHECKING:
    import pyarrow as pa

    from training.bundle_file import ModelBundle
    from training.churn.served import Served

HORIZONS = (30.0, 60.0, 90.0)
ACTOR = "job:cards"
"""Under this name the log tells of scores that nobody asked for."""


@dataclass(frozen=True)
class Predicted:
    """Scores of all at once: the columns of `foresell predict`, and of each customer what its chance is of.

    `level_as_of` is the moment up to which outcomes are in the model's level.
    """

    bundle: "ModelBundle"
    table: "pa.Table"
    kinds: tuple[str | None, ...]
    level_as_of: datetime


def predicted(model: str, folder: Path, history: History, as_of: datetime) -> Predicted:
    """What a bundle says of every open deal or active customer at a moment (naive UTC), without reasons.

    Raises what `predict_win` and `predict_churn` raise.
    """
    import numpy as np
    import pyarrow as pa

    from features.as_of import micros
    from features.open_deals import active_customers, open_deals
    from features.table import feature_values
    from training.bundle import Bundle
    from training.bundle_file import load_any
    from training.churn.bundle import RUNNING, ChurnBundle
    from training.churn.refreshing import brought_up_to_date
    from training.predict import check_time, followed
    from training.table_scoring.feature_columns import FeatureColumns
    from training.table_scoring.scorers import ChurnScorer, WinScorer

    bundle = load_any(folder)
    assert isinstance(bundle, Bundle | ChurnBundle)
    check_time(bundle, as_of)
    moments = open_deals(history, as_of) if model == "win" else active_customers(history, as_of)
    values = feature_values(bundle.features, moments, history)
    columns, zone = FeatureColumns(values, len(moments)), ZoneInfo(history.timezone or "UTC")
    ids, at = pa.array(moments.ids, pa.string()), np.full(len(moments), micros(as_of))
    if isinstance(bundle, Bundle):
        moved = followed(history, bundle, as_of)
        level = bundle.until if moved is bundle else as_of
        table = WinScorer(moved, HORIZONS, 0, "en").table(ids, at, columns, zone)
        return Predicted(bundle, table, (None,) * table.num_rows, level)
    known = brought_up_to_date(history, bundle, as_of)
    table = ChurnScorer(known, as_of, HORIZONS, 0, "en").table(ids, at, columns, zone)
    served = {running: _kind(known.served, running) for running in (False, True)}
    kinds = tuple(served[bool(running > 0)] for running in columns.numbers(RUNNING))
    return Predicted(bundle, table, kinds, as_of)


def _kind(served: Mapping[str, "Served"], running: bool) -> str:
    """What a chance is of, as the bundle chooses: by whether a contract runs."""
    return (served.get("contract" if running else "orders") or next(iter(served.values()))).kind


class NightlyLog:
    """Writes them to the log of served scores; what cannot be written is counted as lost."""

    def __init__(self, home: Path, as_of: datetime, data_as_of: datetime | None) -> None:
        self._home, self._as_of, self._data_as_of = home, as_of, data_as_of
        self._counts = Counting(counts_folder(home), f"cards-{as_of:%Y%m%dT%H%M%S%f}")

    def wants(self, model: str, version: str, role: str) -> bool:
        """Whether the day has no scores of this version yet."""
        folder = parts_folder(self._home) / self._as_of.date().isoformat()
        return not (folder / f"{self._name(model, version, role)}.parquet").exists()

    def put(self, found: Predicted, role: str) -> int:
        """Write scores as a part of their day; how many were written."""
        model, version, rows = found.bundle.model, found.bundle.version, int(found.table.num_rows)
        if not rows or not self.wants(model, version, role):
            return 0
        self._counts.taken += rows
        self._counts.keep()
        try:
            write_part(self._home, self._name(model, version, role), self._as_of, self._columns(found, role))
            self._counts.written += rows
        except OSError:
            self._counts.taken -= rows
            self._counts.lost += rows
            rows = 0
        self._counts.keep()
        return rows

    def close(self) -> None:
        """Keep the counts."""
        self._counts.close()

    def _name(self, model: str, version: str, role: str) -> str:
        return f"cards-{model}-{version}-{role}"

    def _columns(self, found: Predicted, role: str) -> dict[str, Any]:
        table, rows = found.table, found.table.num_rows
        win = found.bundle.model == "win"
        same = {
            "scored_at": self._as_of,
            "as_of": self._as_of,
            "data_as_of": self._data_as_of,
            "level_as_of": found.level_as_of,
            "model": found.bundle.model,
            "version": found.bundle.version,
            "role": role,
            "rung": found.bundle.rung,
            "fingerprint": found.bundle.fingerprint,
            "form": "known",
            "actor": ACTOR,
            "request_id": f"cards-{self._as_of:%Y%m%dT%H%M%S}",
        }
        chances = [table[f"p_{'win' if win else 'churn'}_by_{days:.15g}d"].to_pylist() for days in HORIZONS]
        return {
            **{name: [value] * rows for name, value in same.items()},
            "subject": table["deal_id" if win else "customer_id"].to_pylist(),
            "kind": list(found.kinds),
            "place": range(rows),
            "probability": table["win_probability" if win else "churn_probability"].to_pylist(),
            "low": table["low"].to_pylist(),
            "high": table["high"].to_pylist(),
            "amount": table["expected_amount" if win else "value_at_risk"].to_pylist(),
            "horizons": [list(HORIZONS)] * rows,
            "chances": [list(one) for one in zip(*chances, strict=True)],
        }
