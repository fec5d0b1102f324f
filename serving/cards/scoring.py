"""What do the live models say of every open deal and active customer today? Written to the cards, and kept by day."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session

from features.errors import ForesellError
from features.history import History
from features.span import last_recorded
from serving.cards.keeping import SCORE, TURN, Kept, entity_of, key_of, made_of, parted
from serving.cards.nightly import NightlyLog, predicted
from serving.cards.reading import BATCH
from serving.store.opening import Store
from serving.store.score_tables import CustomerCard, DealCard, ScoreOfDay

if TYPE_CHECKING:
    import pyarrow as pa

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

    `versions` names those that were asked, `troubles` the models that could not answer, and why. `logged` are scores
    that were written to the log of served scores.
    """

    deals: int
    customers: int
    kept: int
    versions: Mapping[str, str]
    troubles: Mapping[str, str]
    logged: int = 0


def score_cards(
    store: Store, home: Path, history: History, as_of: datetime, position: int, say: Callable[[str], None]
) -> Scored:
    """Score all that is open or active at a moment (naive UTC) with the live models; what one cannot is said.

    The history has the events up to a position. Takes pandas and time: meant for a process of its own.
    """
    from training.bundle_file import live_bundle, shadow_bundle, version_in

    counts, kept_days, versions, troubles = {"win": 0, "churn": 0}, 0, dict[str, str](), dict[str, str]()
    nightly, logged = NightlyLog(home, as_of, last_recorded(history, as_of)), 0
    for model, kept, columns in (("win", DealCard, DEAL_COLUMNS), ("churn", CustomerCard, CUSTOMER_COLUMNS)):
        folder = live_bundle(home, model)
        if folder is None:
            nobody_scores(store, kept, position)
            continue
        say(f"scoring with the {model} model")
        versions[model] = version_in(folder)
        try:
            found = predicted(model, folder, history, as_of)
        except ForesellError as trouble:
            troubles[model] = str(trouble)
            continue
        counts[model] = found.table.num_rows
        kept_days += write_scores(store, kept, found.table, columns, as_of, position)
        logged += nightly.put(found, "champion")
        try:
            shadow = shadow_bundle(home, model)
            if shadow is not None and nightly.wants(model, version_in(shadow), "shadow"):
                logged += nightly.put(predicted(model, shadow, history, as_of), "shadow")
        except ForesellError as trouble:
            troubles[f"shadow of {model}"] = str(trouble)
    nightly.close()
    with store.writing(TURN) as session:
        made = made_of(session)
        made.scored_as_of, made.versions = as_of, versions_text(versions)
        made.generation += 1
    return Scored(counts["win"], counts["churn"], kept_days, versions, troubles, logged)


def write_scores(
    store: Store, kept: Kept, table: "pa.Table", columns: Sequence[Column], as_of: datetime, position: int
) -> int:
    """Write predictions to the cards, take scores from those that have none any more; how many were kept by day.

    The predictions know the events up to a position: what waits for a later one waits on.
    """
    ids = [str(one) for one in table[key_of(kept)].to_pylist()]
    values = {column.card: table[column.predicted].to_pylist() for column in columns}
    rows = [
        {"_id": subject, "scored_as_of": as_of, **{c: values[c][place] for c in values}}
        for place, subject in enumerate(ids)
    ]
    days = 0
    for first in range(0, len(rows), BATCH):
        with store.writing(TURN) as session:
            days += write_some(session, kept, rows[first : first + BATCH], position)
            made_of(session).generation += 1
    with store.writing(TURN) as session:
        # Cards that were not scored this time are closed or no longer active: an old score must not stand there.
        nothing: dict[str, Any] = dict.fromkeys(SCORE[kept])
        session.execute(update(kept).where(kept.scored_as_of < as_of).values(nothing))
        session.execute(update(kept).where(kept.unscored <= position).values(unscored=None))
    return days


def write_some(session: Session, kept: Kept, rows: Sequence[dict[str, Any]], position: int) -> int:
    """Write scores (`_id`, `scored_as_of` and a card's columns) and keep those of the day that moved; how many.

    A score made later stays. Who waits because of an event up to the position waits no more.
    """
    if not rows:
        return 0
    entity, key = entity_of(kept), getattr(kept, key_of(kept))
    held = _last_kept(session, entity, [row["_id"] for row in rows])
    moved = [row for row in rows if _has_moved(row, held.get(row["_id"]))]
    values: dict[str, Any] = {column: bindparam(column) for column in rows[0] if column != "_id"}
    older = or_(kept.scored_as_of.is_(None), kept.scored_as_of <= bindparam("_at"))
    writing = update(kept).where(key == bindparam("_id"), older).values(values)
    session.connection().execute(writing, [{**row, "_at": row["scored_as_of"]} for row in rows])
    wait_no_more(session, kept, [row["_id"] for row in rows], position)
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


def wait_no_more(session: Session, kept: Kept, ids: Sequence[str], position: int) -> None:
    """These were scored with the events up to a position in mind, or need not be."""
    for some in parted(ids):
        its = getattr(kept, key_of(kept)).in_(some), kept.unscored <= position
        session.execute(update(kept).where(*its).values(unscored=None))


def nobody_scores(store: Store, kept: Kept, position: int) -> None:
    """Without a model nothing waits to be scored."""
    with store.writing(TURN) as session:
        session.execute(update(kept).where(kept.unscored <= position).values(unscored=None))


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
