import csv
import json
import os
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.output import NotWritable, UnknownEnding, check_path, table_text, write_table, write_text

TABLE = pa.table(
    {
        "deal_id": ["a", '单/2, "b"'],
        "p": pa.array([0.1 + 0.2, None], pa.float64()),
        "day": pa.array([date(2026, 1, 2), None], pa.date32()),
        "at": pa.array([datetime(2026, 1, 2, 3), None], pa.timestamp("us")),
        "reasons": ['[{"feature": "x"}]', "[]"],
    }
)


def test_csv_keeps_every_bit_of_a_number_and_leaves_missing_empty(tmp_path):
    write_table(TABLE, tmp_path / "out.csv")

    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        header, first, second = csv.reader(stream)
    assert header == TABLE.column_names
    assert float(first[1]) == 0.1 + 0.2
    assert first[2:] == ["2026-01-02", "2026-01-02T03:00:00", '[{"feature": "x"}]']
    assert second == ['单/2, "b"', "", "", "", "[]"]


def test_parquet_is_the_table_itself(tmp_path):
    write_table(TABLE, tmp_path / "out.parquet")

    assert pq.read_table(tmp_path / "out.parquet").equals(TABLE)


@pytest.mark.parametrize("name", ["out.json", "OUT.JSON"])
def test_json_is_a_list_of_objects(tmp_path, name):
    write_table(TABLE, tmp_path / name)

    rows = json.loads((tmp_path / name).read_text("utf-8"))
    assert rows[0]["p"] == 0.1 + 0.2
    assert rows[0]["day"] == "2026-01-02"
    assert rows[1] == {"deal_id": '单/2, "b"', "p": None, "day": None, "at": None, "reasons": "[]"}
    assert json.loads(table_text(TABLE)) == rows


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".json"])
def test_the_same_table_gives_the_same_bytes(tmp_path, ending):
    for name in ("one", "two"):
        write_table(TABLE, tmp_path / (name + ending))

    assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"two{ending}").read_bytes()


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".json"])
def test_an_empty_table_has_its_columns(tmp_path, ending):
    write_table(TABLE.slice(0, 0), tmp_path / f"out{ending}")

    text = (tmp_path / f"out{ending}").read_bytes()
    assert text.strip() == b"[]" if ending == ".json" else b"deal_id" in text


@pytest.mark.parametrize("name", ["out.xlsx", "out"])
def test_another_ending_is_refused_before_anything_is_written(tmp_path, name):
    with pytest.raises(UnknownEnding, match=r"\.csv, \.parquet, \.json"):
        write_table(TABLE, tmp_path / name)
    with pytest.raises(UnknownEnding, match=r"\.html"):
        write_text({".html": lambda: "x"}, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".json"])
def test_a_folder_that_is_not_there_is_a_named_error(tmp_path, ending):
    with pytest.raises(NotWritable, match="No such file or directory"):
        write_table(TABLE, tmp_path / "nowhere" / f"out{ending}")
    with pytest.raises(NotWritable, match="No such file"):
        write_text({ending: lambda: "x"}, tmp_path / "nowhere" / f"out{ending}")


def test_a_folder_in_the_files_place_is_a_named_error_and_leaves_nothing(tmp_path):
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(NotWritable, match=r"out\.csv"):
        write_table(TABLE, tmp_path / "out.csv")
    assert [one.name for one in tmp_path.iterdir()] == ["out.csv"]


def test_a_parent_that_is_a_file_is_a_named_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotWritable, match="Not a directory"):
        write_table(TABLE, tmp_path / "file" / "out.csv")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_disk_is_a_named_error_and_what_was_there_stays(tmp_path, monkeypatch):
    (tmp_path / "out.csv").write_text("as it was")
    (tmp_path / ".out.part.csv").symlink_to("/dev/full")

    with pytest.raises(NotWritable, match="No space left"):
        write_table(TABLE, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "as it was"
    assert not (tmp_path / ".out.part.csv").is_symlink()


def test_text_is_written_by_its_ending(tmp_path):
    writers = {".json": lambda: "{}", ".html": lambda: "<p>赢率"}
    write_text(writers, tmp_path / "out.html")

    assert (tmp_path / "out.html").read_text("utf-8") == "<p>赢率"


def test_a_place_is_judged_before_the_work(tmp_path):
    check_path(tmp_path / "out.csv")
    with pytest.raises(UnknownEnding, match=r"\.json"):
        check_path(tmp_path / "out.csv", [".json"])
    with pytest.raises(NotWritable, match="there is no folder"):
        check_path(tmp_path / "nowhere" / "out.csv")
    assert list(tmp_path.iterdir()) == []
