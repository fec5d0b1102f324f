"""What was kept long enough goes, nothing else does, and the audit trail says what went."""

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from serving.access import audit
from serving.jobs.job import ROUND, JobContext
from serving.problems.access_errors import AuditBroken
from serving.settings import ServingSettings
from serving.store.event_tables import AcceptedEvent, EventFeed
from serving.store.job_tables import JobRun, KeptAnswer
from serving.store.opening import Store
from serving.store.people_tables import SignedIn, User
from serving.upkeep import retention
from serving.upkeep.retention import retain

NOW = datetime(2026, 11, 28)
DAY = timedelta(days=1)


def context(store: Store, home: Path, **settings: Any) -> JobContext:
    return JobContext(store, home, ServingSettings(home=home, **settings), NOW, lambda _: None)


def answer(key: str, at: datetime) -> KeptAnswer:
    return KeptAnswer(actor="a", key=key, fingerprint="", status=200, body=b"", at=at)


def run(slot: str, at: datetime) -> JobRun:
    return JobRun(job="a", slot=slot, holder="", attempts=0, started_at=at, outcome="done", said="")


def event(position: int, at: datetime, refused: str | None = None) -> AcceptedEvent:
    return AcceptedEvent(
        position=position,
        table_name="deals",
        row_key=str(position),
        content=str(position),
        row="{}",
        deleted=False,
        recorded_at=at,
        received_at=at,
        actor="a",
        request_id="r",
        refused=refused,
    )


def left(store: Store, column: Any) -> list[Any]:
    with store.session() as session:
        return list(session.scalars(select(column).order_by(column)))


def test_what_is_old_enough_goes_and_the_trail_says_so(store: Store, tmp_path: Path) -> None:
    with store.session() as session:
        session.add(User(name="anna", role="admin", reach="all", created_at=NOW))
        session.flush()
        session.add_all([answer("old", NOW - 7 * DAY - DAY), answer("young", NOW - 7 * DAY)])
        session.add_all([run("old", NOW - 91 * DAY), run("young", NOW - 90 * DAY), run(ROUND, NOW - 999 * DAY)])
        for name, ended in (("old", 2 * DAY), ("young", DAY / 2)):
            times = {"started_at": NOW - 3 * DAY, "seen_at": NOW - 3 * DAY, "ends_at": NOW - ended}
            session.add(SignedIn(session_hash=name, user_name="anna", **times))
        session.add(EventFeed(number=1, name="f", last=5, folded=3, refused=1))
        session.add_all([event(1, NOW - 40 * DAY), event(2, NOW - 40 * DAY, "why"), event(3, NOW - DAY)])
        session.add_all([event(4, NOW - 40 * DAY), event(5, NOW)])

    said = retain(context(store, tmp_path))

    assert said == "Removed 1 answers to idempotency keys, 1 sessions, 1 events, 1 runs of jobs."
    assert left(store, KeptAnswer.key) == ["young"]
    assert left(store, JobRun.slot) == [ROUND, "young"]
    assert left(store, SignedIn.session_hash) == ["young"]
    assert left(store, AcceptedEvent.position) == [2, 3, 4, 5], "refused, young or not folded yet"
    with store.session() as session:
        (entry,) = audit.every(session)
    assert (entry.actor, entry.action, entry.detail["events"]) == ("job:retention", "retention", 1)
    assert retain(context(store, tmp_path)) == "Nothing was old enough to be removed."


def test_many_rows_go_some_at_a_time(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    with store.session() as session:
        session.add_all([answer(str(n), NOW - 30 * DAY + timedelta(seconds=n // 2)) for n in range(10)])
        session.add_all([answer(f"young {n}", NOW) for n in range(2)])

    assert retain(context(store, tmp_path)) == "Removed 10 answers to idempotency keys."
    assert left(store, KeptAnswer.key) == ["young 0", "young 1"]


def test_the_log_of_served_scores_and_the_trail_are_kept_for_ever_unless_told_otherwise(
    store: Store, tmp_path: Path
) -> None:
    for name, age in (("old", 11 * DAY), ("young", 9 * DAY)):
        file = tmp_path / "served" / "2026" / f"{name}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        moment = (NOW - age - datetime(1970, 1, 1)).total_seconds()
        os.utime(file, (moment, moment))
    for age in (12, 11, 1):
        with store.session() as session:
            audit.note(session, audit.BY_COMMAND, "x", f"{age}", {}, NOW - age * DAY)
    with store.session() as session:
        early = [(entry.number, entry.hash) for entry in audit.every(session)][:1]
    assert retain(context(store, tmp_path)) == "Nothing was old enough to be removed."

    said = retain(context(store, tmp_path, keep_served_scores=10 * DAY, keep_audit=10 * DAY))

    assert said == "Removed 1 files of served scores, 2 audit entries."
    assert [file.name for file in tmp_path.rglob("*.parquet")] == ["young.parquet"]
    with store.session() as session:
        trail = [(entry.number, entry.action) for entry in audit.every(session)]
        assert trail == [(3, "x"), (4, "audit.forgotten"), (5, "retention")]
        assert audit.verify(session)[0] == 5
        with pytest.raises(AuditBroken):
            audit.verify(session, early)
    assert retain(context(store, tmp_path, keep_audit=10 * DAY)) == "Nothing was old enough to be removed."
