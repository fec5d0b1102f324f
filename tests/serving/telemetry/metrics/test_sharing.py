import json
from pathlib import Path

from serving.telemetry.metrics import Metrics
from serving.telemetry.metrics.sharing import ENDED, Shared, Snapshot, fold_ended, joined


def counted(scores: float, waiting: float, drift: tuple[float, float]) -> Snapshot:
    return {
        "scores": {("win", "id"): [scores]},
        "queue_length": {("events",): [waiting, 0.0]},
        "drift": {("win",): list(drift)},
        "staleness_seconds": {(): [waiting, 0.0]},
    }


def file_of(folder: Path, pid: int, snapshot: Snapshot) -> None:
    worker = Shared(folder)
    worker._own = f"{pid}-abcdef01.json"
    worker.write(snapshot)


def test_counts_add_up_queues_add_up_the_stalest_and_the_latest_are_told() -> None:
    total = joined([counted(3, 10, (0.1, 100.0)), counted(4, 30, (0.2, 50.0))])

    assert total["scores"] == {("win", "id"): [7.0]}
    assert total["queue_length"] == {("events",): [40.0, 0.0]}
    assert total["staleness_seconds"] == {(): [30.0, 0.0]}
    assert total["drift"] == {("win",): [0.1, 100.0]}


def test_a_worker_tells_what_all_counted(tmp_path: Path) -> None:
    file_of(tmp_path, 1, counted(3, 10, (0.1, 1.0)))
    mine = Metrics(tmp_path)
    mine.scores("win", "id", 4)

    assert mine.together()["scores"] == {("win", "id"): [7.0]}


def test_a_worker_shares_at_its_end(tmp_path: Path) -> None:
    ending = Metrics(tmp_path)
    ending.scores("win", "id", 4)
    ending.start()
    ending.close()

    assert Metrics(tmp_path).together()["scores"] == {("win", "id"): [4.0]}


def test_counts_of_the_dead_stay_and_what_waited_with_them_does_not(tmp_path: Path) -> None:
    for pid in (1, 2, 3):
        file_of(tmp_path, pid, counted(pid, 10, (0.1, 1.0)))
    fold_ended(tmp_path, {3})
    fold_ended(tmp_path, {3})
    total = joined(Shared(tmp_path).others())

    assert sorted(path.name for path in tmp_path.iterdir()) == ["3-abcdef01.json", ENDED]
    assert total["scores"] == {("win", "id"): [6.0]}
    assert total["queue_length"] == {("events",): [10.0, 0.0]}


def test_a_dead_worker_whose_file_is_still_there_is_not_counted_twice(tmp_path: Path) -> None:
    file_of(tmp_path, 1, counted(1, 0, (0.1, 1.0)))
    before = (tmp_path / "1-abcdef01.json").read_bytes()
    fold_ended(tmp_path, set())
    (tmp_path / "1-abcdef01.json").write_bytes(before)

    assert joined(Shared(tmp_path).others())["scores"] == {("win", "id"): [1.0]}


def test_a_file_cut_off_and_a_full_disk_stop_nothing(tmp_path: Path) -> None:
    (tmp_path / "1-abcdef01.json").write_text("{")
    (tmp_path / "2-abcdef01.json").write_text(json.dumps({"counted": {"gone": [[[], [1]]]}, "holds": []}))
    nowhere = Shared(tmp_path / "missing")
    nowhere.write(counted(1, 1, (0.1, 1.0)))

    assert joined(Shared(tmp_path).others()) == {}
    assert nowhere.unwritten == 1
