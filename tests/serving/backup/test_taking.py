"""A backup is taken while others write, whole or not at all, and without the keys of secrets unless asked for."""

from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from features.history import History
from serving.access import audit
from serving.backup import taking
from serving.backup.archive import unpack
from serving.backup.errors import BackupExists, BackupNotWritten, NothingToBackUp
from serving.backup.restoring import restore
from serving.backup.taking import take_backup
from serving.events.feed import open_feed, reach_of
from serving.events.folding import fold_accepted
from serving.jobs.job import JobContext
from serving.store.job_tables import JobRun, KeptAnswer
from serving.store.opening import Store, open_store
from tests.conftest import Story
from tests.serving.backup.filled import NOW, contents, promote, settings_of
from tests.serving.events.conftest import event, tell_to


class Busy:
    """Writes without a pause: pairs of rows that belong together, deliveries to the history, promotions."""

    def __init__(self, store: Store, story: Story) -> None:
        self._store, self._story, self._stop = store, story, Event()
        self.failures: list[Exception] = []
        self._threads = [Thread(target=self._keep, args=(one,)) for one in (self.pair, self.deliver, self.promote)]

    def __enter__(self) -> "Busy":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def pair(self, number: int) -> None:
        run = JobRun(
            job="a", slot=f"{number:06d}", holder="", attempts=0, started_at=NOW, outcome="done", said="x" * 500
        )
        answer = KeptAnswer(actor="a", key=f"{number:06d}", fingerprint="", status=1, body=b"", at=NOW)
        with self._store.session() as session:
            session.add(run)
            session.flush()
            session.add(answer)

    def deliver(self, number: int) -> None:
        self._story.deal(f"D-{number}", amount=number)
        self._story.import_now()

    def promote(self, number: int) -> None:
        promote(self._story.home, str(number))

    def _keep(self, work) -> None:  # type: ignore[no-untyped-def]
        number = 1
        try:
            while not self._stop.is_set():
                work(number)
                number += 1
                self._stop.wait(0.01)
        except Exception as failure:
            self.failures.append(failure)


def test_what_is_taken_while_others_write_is_as_of_one_moment(
    store: Store, store_address: str, story: Story, tmp_path: Path
) -> None:
    with Busy(store, story) as busy:
        while not (story.home / "champions" / "win.json").exists() or not History.open(story.home).entries:
            assert busy.failures == []
        taken = [
            take_backup(settings_of(story.home, store_address), tmp_path / f"{n}.tar", NOW, "1.2.3") for n in range(2)
        ]
    assert busy.failures == []

    sizes = []
    for n, one in enumerate(taken):
        settings = settings_of(tmp_path / f"new-{n}")
        restore(settings, one.file, NOW)
        restored = open_store(settings.store_address)
        rows = contents(restored)
        restored.close()
        assert [row[1] for row in rows["job_runs"]] == [row[1] for row in rows["kept_answers"]]
        History.existing(settings.home)
        pointer = (settings.home / "champions" / "win.json").read_text()
        assert (settings.home / "champions" / "win" / pointer.split('"')[3] / "bundle.json").exists()
        sizes.append(len(rows["job_runs"]))
    assert 0 < sizes[0] < sizes[-1], "others wrote meanwhile"


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
@pytest.mark.parametrize("folded", ["before", "between", "between twice"])
def test_no_event_is_lost_or_counted_twice_whenever_it_is_folded(
    store: Store, store_address: str, story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folded: str
) -> None:
    """The database is read first, then the history: events may be folded in between."""
    settings = settings_of(story.home, store_address)
    story.deal("D-1")
    story.import_now()
    open_feed(store)

    def tell(*keys: str) -> None:
        tell_to(store, *(event(activity_id=key, deal_id="D-1") for key in keys))

    def fold(of: Store, home: Path) -> None:
        fold_accepted(JobContext(of, home, settings, NOW, lambda _: None))

    def between(*given: object) -> None:
        if folded != "before":
            tell("d")
            fold(store, story.home)
        if folded == "between twice":
            tell("e")
            fold(store, story.home)
        add_history(*given)  # type: ignore[arg-type]

    add_history = taking._add_history
    monkeypatch.setattr(taking, "_add_history", between)
    tell("a", "b")
    fold(store, story.home)
    tell("c")
    taken = take_backup(settings, tmp_path / "b.tar", NOW, "1.2.3")

    new = settings_of(tmp_path / "new")
    restore(new, taken.file, NOW)
    other = open_store(new.store_address)
    fold(other, new.home)
    tell_to(other, event(activity_id="c", deal_id="D-1"), event(activity_id="z", deal_id="D-1"))
    fold(other, new.home)
    assert reach_of(other).waiting == 0
    other.close()

    history = History.existing(new.home)
    with history.connect() as con:
        found = con.execute(f"SELECT activity_id, count(*) FROM ({history.sql_versions('activities')}) GROUP BY 1")
        counts = dict(found.fetchall())
    meanwhile = {"before": "", "between": "d", "between twice": "de"}[folded]
    assert counts == dict.fromkeys("abcz" + meanwhile, 1)


def test_keys_of_secrets_are_in_it_only_where_asked_for(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "secret.keys").write_text("a key")
    without = take_backup(settings_of(home), tmp_path / "a.tar", NOW, "1.2.3")
    with_keys = take_backup(settings_of(home), tmp_path / "b.tar", NOW, "1.2.3", with_secrets=True)

    assert "home/secret.keys" not in unpack(without.file, None).members
    assert "secret.keys" in without.says()
    assert unpack(with_keys.file, None).secrets
    assert "home/secret.keys" in unpack(with_keys.file, None).members


def test_a_backup_stands_in_the_audit_trail(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    take_backup(settings_of(home), tmp_path / "a.tar", NOW, "1.2.3")

    store = open_store(settings_of(home).store_address)
    with store.session() as session:
        assert [(entry.action, entry.subject) for entry in audit.every(session)] == [("backup", "a.tar")]
    store.close()


def test_a_backup_inside_the_home_is_not_in_itself(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    taken = take_backup(settings_of(home), home / "backups" / "a.tar", NOW, "1.2.3")

    assert not [name for name in unpack(taken.file, None).members if name.startswith("home/")]
    assert [path.name for path in (home / "backups").iterdir()] == ["a.tar"]


def test_what_lies_elsewhere_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORESELL_MLFLOW", "http://tracking:5000")
    home = tmp_path / "home"
    home.mkdir()

    assert "FORESELL_MLFLOW" in take_backup(settings_of(home), tmp_path / "a.tar", NOW, "1.2.3").says()


def test_a_backup_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with pytest.raises(NothingToBackUp):
        take_backup(settings_of(tmp_path / "nowhere"), tmp_path / "a.tar", NOW, "1.2.3")
    (tmp_path / "there.tar").write_text("mine")
    with pytest.raises(BackupExists):
        take_backup(settings_of(home), tmp_path / "there.tar", NOW, "1.2.3")
    with pytest.raises(BackupNotWritten):
        take_backup(settings_of(home), Path("/proc/nowhere/a.tar"), NOW, "1.2.3")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("serving.backup.archive.Writer.finish", full)
    with pytest.raises(BackupNotWritten, match="No space left"):
        take_backup(settings_of(home), tmp_path / "out" / "a.tar", NOW + timedelta(days=1), "1.2.3")
    assert list((tmp_path / "out").iterdir()) == []
