from datetime import datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import delete, func, select, update

from serving.access.audit import By, entries, every, forget, latest, note, verify
from serving.problems.access_errors import AuditBroken
from serving.store.people_tables import AuditEntry, AuditHead

NOW = datetime(2026, 11, 21, 9, 0, 0, 123456)
ANNA = By("user:anna", "request-1")


@pytest.fixture
def told(store):
    """Five entries."""
    for number in range(5):
        with store.session() as session:
            detail = {"名": "值", "share": 0.1, "count": number}
            note(session, ANNA, "key.created", f"key:{number}", detail, NOW + timedelta(days=number))
    return store


def broken(store):
    with store.session() as session:
        try:
            verify(session)
        except AuditBroken as found:
            return found.args[0]
    return None


def change(store, statement):
    with store.session() as session:
        session.execute(statement)


def test_entries_are_kept_in_their_order_with_who_and_what(told):
    with told.session() as session:
        first, *_, last = entries(session)
        assert (first.number, first.at, first.actor, first.action) == (1, NOW, "user:anna", "key.created")
        assert (first.subject, first.request_id) == ("key:0", "request-1")
        assert first.detail == {"名": "值", "share": 0.1, "count": 0}
        assert [one.number for one in entries(session, after=3)] == [4, 5]
        assert [one.number for one in latest(session, 2)] == [4, 5]
        assert entries(session, actor="user:bo") == []
        assert len(entries(session, action="key.created")) == 5
        assert len(list(every(session))) == 5
        assert verify(session) == (5, last.hash)


def test_an_empty_trail_is_whole(store):
    assert broken(store) is None


def test_what_fails_leaves_no_entry(store):
    def fail():
        with store.session() as session:
            note(session, ANNA, "key.created", "key:1", {}, NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.session() as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == 0
    assert broken(store) is None


@pytest.mark.parametrize(
    ("statement", "at"),
    [
        (update(AuditEntry).where(AuditEntry.number == 3).values(actor="user:bo"), 3),
        (update(AuditEntry).where(AuditEntry.number == 3).values(detail="{}"), 3),
        (update(AuditEntry).where(AuditEntry.number == 3).values(at=NOW), 3),
        (update(AuditEntry).where(AuditEntry.number == 3).values(request_id=None), 3),
        (delete(AuditEntry).where(AuditEntry.number == 3), 3),
        (delete(AuditEntry).where(AuditEntry.number == 5), 5),
        (delete(AuditEntry).where(AuditEntry.number == 1), 1),
        (delete(AuditEntry), 1),
        (delete(AuditHead), 6),
    ],
)
def test_what_was_changed_or_removed_is_found(told, statement, at):
    assert broken(told) is None
    change(told, statement)

    assert broken(told) == at


def test_a_chain_that_was_rewritten_whole_is_found_by_a_hash_written_down(told):
    with told.session() as session:
        number, digest = verify(session)
    change(told, delete(AuditEntry))
    change(told, update(AuditHead).values(number=0, hash="0" * 64))
    for _ in range(6):
        with told.session() as session:
            note(session, ANNA, "nothing", "nothing", {}, NOW)

    with told.session() as session:
        verify(session)
        with pytest.raises(AuditBroken, match="written down"):
            verify(session, [(number, digest)])
        with pytest.raises(AuditBroken, match="written down and is missing"):
            verify(session, [(99, digest)])


def test_old_entries_may_be_forgotten_and_the_trail_says_so(told):
    with told.session() as session:
        assert forget(session, NOW + timedelta(days=2), By("job:retention"), NOW + timedelta(days=9)) == 2
        assert [one.number for one in every(session)] == [3, 4, 5, 6]
        assert latest(session, 1)[0].action == "audit.forgotten"
        assert forget(session, NOW, By("job:retention"), NOW) == 0
    assert broken(told) is None
    with told.session() as session:
        assert forget(session, NOW + timedelta(days=3), By("job:retention"), NOW + timedelta(days=9)) == 1
    assert broken(told) is None


def test_entries_removed_by_others_do_not_pass_as_forgotten(told):
    with told.session() as session:
        third = session.get(AuditEntry, 3)
        assert third is not None
        session.merge(AuditHead(place=0, number=2, hash=third.before))
        session.execute(delete(AuditEntry).where(AuditEntry.number < 3))

    assert broken(told) == 3


def test_those_who_write_at_once_make_one_chain(store):
    failed = []

    def write(name):
        try:
            for _ in range(5):
                with store.session() as session:
                    note(session, By(f"user:{name}"), "key.created", "key", {}, NOW)
        except Exception as failure:
            failed.append(failure)

    threads = [Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    with store.session() as session:
        assert verify(session)[0] == 20
