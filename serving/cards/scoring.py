"""What do the live models say of every open deal and active customer today? Written to the cards, and kept by day."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from features.errors import ForesellError
from features.history import History
from serving.cards.keeping import Kept, made_of, write_columns
from serving.cards.reading import BATCH
from serving.store.opening import Store
from serving.store.score_tables import CustomerCard, DealCard, ScoreOfDay

if TYPE_CHECKING:
    import pyarrow as pa

HORIZONS = (30.0, 60.0, 90.0)
LEAST_MOVE = 0.005
"""A probability that moved by less than this since it was last kept is not kept again."""


@dataclass(frozen=True)
class Column:
    """Where a card's column comes from in the table of predictions."""

    card: str
    predicted: str


DEAL_COLUMNS = (
    Column("probability", "win_probability"),
    Column("low", "low"),
    Column("high", "high"),
    Column("close_on", "expected_close_on"),
    Column("expected_amount", "expected_amount"),
    Column("model_version", "model_version"),
)
CUSTOMER_COLUMNS = (
    Column("probability", "churn_probability"),
    Column("low", "low"),
    Column("high", "high"),
    Column("expected_orders", "expected_orders"),
    Column("value_at_risk", "value_at_risk"),
    Column("model_version", "model_version"),
)


@dataclass(frozen=True)
class Scored:
    """How many were scored, how many of these moved enough to be kept for the day, and what could not be.

    `versions` names those that were asked, `troubles` the models that could not answer, and why.
    """

    deals: int
    customers: int
    kept: int
    versions: Mapping[str, str]
    troubles: Mapping[str, str]


def score_cards(store: Store, home: Path, history: History, as_of: datetime, say: Callable[[str], None]) -> Scored:
    """Score all that is open or active at a moment (naive UTC) with the live models; what one cannot is said.

    Takes pandas and time: meant for a process of its own.
    """
    from training.bundle import Bundle, live_bundle
    from training.bundle_file import version_in
    from training.churn.bundle import ChurnBundle
    from training.churn.predict import predict_churn
    from training.predict import predict_win

    counts, kept_days, versions, troubles = {"win": 0, "churn": 0}, 0, dict[str, str](), dict[str, str]()
    for model, kept, columns in (("win", DealCard, DEAL_COLUMNS), ("churn", CustomerCard, CUSTOMER_COLUMNS)):
        folder = live_bundle(home, model)
        if folder is None:
            continue
        say(f"scoring with the {model} model")
        versions[model] = version_in(folder)
        try:
            if model == "win":
                table = predict_win(history, Bundle.load(folder), as_of, HORIZONS)
            else:
                table = predict_churn(history, ChurnBundle.load(folder), as_of, HORIZONS).table
        except ForesellError as trouble:
            troubles[model] = str(trouble)
            continue
        counts[model] = table.num_rows
        kept_days += write_scores(store, kept, table, columns, as_of)
    with store.session() as session:
        made = made_of(session)
        made.scored_as_of, made.versions = as_of, versions_text(versions)
    return Scored(counts["win"], counts["churn"], kept_days, versions, troubles)


def write_scores(store: Store, kept: Kept, table: "pa.Table", columns: Sequence[Column], as_of: datetime) -> int:
    """Write predictions to the cards, take scores from those that have none any more; how many were kept by day."""
    key = "deal_id" if kept is DealCard else "customer_id"
    ids = [str(one) for one in table[key].to_pylist()]
    values = {column.card: table[column.predicted].to_pylist() for column in columns}
    rows = [
        {"_id": subject, "scored_as_of": as_of, **{c: values[c][place] for c in values}}
        for place, subject in enumerate(ids)
    ]
    days = 0
    for first in range(0, len(rows), BATCH):
        with store.session() as session:
            days += write_some(session, kept, rows[first : first + BATCH])
    with store.session() as session:
        _forget_older(session, kept, columns, as_of)
    return days


def write_some(session: Session, kept: Kept, rows: Sequence[dict[str, Any]]) -> int:
    """Write scores (`_id`, `scored_as_of` and a card's columns) and keep those of the day that moved; how many."""
    if not rows:
        return 0
    entity = "deal" if kept is DealCard else "customer"
    held = _last_kept(session, entity, [row["_id"] for row in rows])
    moved = [row for row in rows if _has_moved(row, held.get(row["_id"]))]
    write_columns(session, kept, rows)
    worth = "expected_amount" if kept is DealCard else "value_at_risk"
    days = [
        {
            "entity": entity,
            "subject_id": row["_id"],
            "as_of": row["scored_as_of"],
            **{c: row[c] for c in ("probability", "low", "high", "model_version")},
            "worth": row[worth],
        }
        for row in moved
    ]
    if days:
        session.execute(insert(ScoreOfDay), days)
    return len(days)


def versions_text(versions: Mapping[str, str]) -> str:
    """Versions of models as one text.

    >>> versions_text({"win": "3", "churn": "1"})
    'churn 1, win 3'
    """
    return ", ".join(f"{model} {version}" for model, version in sorted(versions.items()))


def _last_kept(
    session: Session, entity: str, ids: Sequence[str]
) -> dict[str, tuple[datetime, float | None, str | None]]:
    """The latest score kept of each: its moment, probability and version."""
    found: dict[str, tuple[datetime, float | None, str | None]] = {}
    for first in range(0, len(ids), BATCH // 10):
        its = (ScoreOfDay.entity == entity, ScoreOfDay.subject_id.in_(ids[first : first + BATCH // 10]))
        last = select(ScoreOfDay.subject_id, func.max(ScoreOfDay.as_of).label("at")).where(*its)
        latest = last.group_by(ScoreOfDay.subject_id).subquery()
        rows = session.execute(
            select(ScoreOfDay.subject_id, ScoreOfDay.as_of, ScoreOfDay.probability, ScoreOfDay.model_version)
            .join(latest, (latest.c.subject_id == ScoreOfDay.subject_id) & (latest.c.at == ScoreOfDay.as_of))
            .where(ScoreOfDay.entity == entity)
        )
        found |= {subject: (at, probability, version) for subject, at, probability, version in rows}
    return found


def _has_moved(row: Mapping[str, Any], held: tuple[datetime, float | None, str | None] | None) -> bool:
    if held is None:
        return True
    at, probability, version = held
    if row["scored_as_of"] <= at:
        return False
    if version != row["model_version"] or (probability is None) != (row["probability"] is None):
        return True
    return probability is not None and abs(row["probability"] - probability) >= LEAST_MOVE


def _forget_older(session: Session, kept: Kept, columns: Sequence[Column], as_of: datetime) -> None:
    """Cards that were not scored this time are closed or no longer active: an old score must not stand there."""
    nothing: dict[str, Any] = {column.card: None for column in columns} | {"scored_as_of": None}
    session.execute(update(kept).where(kept.scored_as_of < as_of).values(nothing))
