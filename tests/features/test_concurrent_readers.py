"""While one process imports and compacts, others read: each sees one whole state of the history or the next."""

from ast import literal_eval
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from threading import Thread

import pyarrow as pa
import pyarrow.parquet as pq

from features.compaction import compact
from features.history import Delivery, History
from features.ledger import text_of

ROUNDS, DEALS = 12, 40
BEGIN = datetime(2024, 1, 1)


def write(home: Path, folder: Path, grace: timedelta) -> None:
    """Deliver all deals anew, each with the round's number, and compact every third time."""
    history = History.open(home)
    for number in range(ROUNDS):
        file = folder / f"{number}.parquet"
        columns = {
            "deal_id": [f"d{n}" for n in range(DEALS)],
            "status": ["open"] * DEALS,
            "created_at": pa.array([BEGIN] * DEALS, pa.timestamp("us")),
            "source": [str(number)] * DEALS,
        }
        pq.write_table(pa.table(columns), file)
        taken = BEGIN + timedelta(days=number + 1)
        history.append(Delivery({"deals": file}, {}, "UTC", "CNY", f"round {number}", taken))
        if number % 3 == 2:
            compact(history, taken, grace)


def look(home: Path) -> tuple[int, list[tuple], int]:
    """The deliveries seen, the rounds that the latest rows are of with their number, and the versions."""
    history = History.open(home)
    with history.connect() as con:
        latest = con.execute(f"SELECT source, count(*) FROM ({history.sql_latest('deals')}) GROUP BY 1").fetchall()
        versions = con.execute(f"SELECT count(*) FROM ({history.sql_versions('deals')})").fetchall()[0][0]
    return len(history.entries), latest, versions


def read(home: Path, until: Path, seen: Path) -> None:
    """Look again and again, and write down what was seen."""
    lines = []
    while not until.exists():
        lines.append(repr(look(home)))
    seen.write_text("\n".join(lines), "utf-8")


def is_whole(state: tuple[int, list[tuple], int]) -> bool:
    deliveries, latest, versions = state
    if not deliveries:
        return latest == [] and versions == 0
    return latest == [(str(deliveries - 1), DEALS)] and versions == deliveries * DEALS


def test_processes_that_read_meanwhile_see_whole_states(tmp_path):
    home, end, spawn = tmp_path / "home", tmp_path / "end", get_context("spawn")
    home.mkdir()
    notes = [tmp_path / f"seen-{n}" for n in range(2)]
    readers = [spawn.Process(target=read, args=(home, end, note)) for note in notes]
    writer = spawn.Process(target=write, args=(home, tmp_path, timedelta(hours=1)))
    for process in (*readers, writer):
        process.start()
    writer.join()
    end.touch()
    for reader in readers:
        reader.join()

    assert [p.exitcode for p in (writer, *readers)] == [0, 0, 0]
    states = [literal_eval(line) for note in notes for line in note.read_text("utf-8").splitlines()]
    assert len(states) > len(notes)
    assert [state for state in states if not is_whole(state)] == []
    assert look(home)[0] == ROUNDS


def test_threads_that_read_meanwhile_see_whole_states(tmp_path):
    home, states = tmp_path / "home", []
    writer = Thread(target=write, args=(home, tmp_path, timedelta(hours=1)))
    writer.start()
    while writer.is_alive():
        states.append(look(home))
    writer.join()

    assert [state for state in states if not is_whole(state)] == []
    assert len(History.open(home).entries) == ROUNDS


def test_opening_survives_that_everything_it_listed_is_swept_away_meanwhile(tmp_path, monkeypatch):
    home = tmp_path / "home"
    write(home, tmp_path, timedelta(hours=1))
    late = History.open(home)
    plain = type(late.store).read
    swept: list[int] = []

    def read_and_sweep(store, file):
        found = plain(store, file)
        if not swept:
            swept.append(1)
            (tmp_path / "extra").mkdir()
            more = History.open(home)
            more.append(Delivery({"deals": tmp_path / "0.parquet"}, {}, "UTC", "CNY", "x", BEGIN + timedelta(days=99)))
            compact(more, BEGIN + timedelta(days=100), timedelta(0))
        return found

    monkeypatch.setattr(type(late.store), "read", read_and_sweep)
    history = History.open(home)

    assert len(history.entries) == ROUNDS + 1
    assert history.entries[-1].taken_at == text_of(BEGIN + timedelta(days=99))
