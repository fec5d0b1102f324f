"""What workers do with parcels, wherever they run; and what is Spark's own."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.as_of import Moments
from features.contracts import TABLES
from features.definition import Entity
from features.engines import spark, spark_session, splits
from features.engines.chapters import Job
from features.engines.delivered import FolderInUse, Target
from features.engines.local import MEMORY_MB
from features.engines.meeting import in_order
from features.engines.moment_files import MomentFiles, NotMoments
from features.engines.parcels import unpacked
from features.engines.reading import readings_of, with_tie
from features.engines.rounds import Errand, rounds_of
from features.engines.splits import SPLITS, split_of
from features.history import History
from features.plan import Step
from features.streams import STREAMS, open_streams
from features.table import NotInHistory, build_table, check
from features.verbs import Latest
from features.version_sql import sql_told
from tests.features.engines.hands import Hands
from tests.features.engines.hard_times import END, every_feature, moments_of

LATE = datetime(2026, 9, 1)
"""A moment near the end of the invented company's history."""


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """All is cut small: so few rows are read at once, so few events fill a bucket, so few moments a chapter."""
    monkeypatch.setattr(splits, "FEWEST_ROWS", 50)
    monkeypatch.setattr(spark, "EVENTS_PER_MB", 100)
    monkeypatch.setattr(spark, "WORTH_IT", 5)
    monkeypatch.setattr("features.engines.rounds.WORTH_IT", 5)
    monkeypatch.setattr(spark, "ROWS", 9)
    monkeypatch.setattr("features.engines.parcels.MOST_ROWS", 11)
    monkeypatch.setattr("features.engines.meeting.ROWS", 17)


def told(
    hands: Hands, history: History, entity: Entity, folder: Path, memory_mb: int = 1, until: datetime = END
) -> pa.Table:
    """The table as the workers write it into a folder, in the order of the files' names."""
    features, moments = every_feature(history, entity), moments_of(history, entity, until)
    rows = spark.run(hands, features, entity, moments, history, Target.at(str(folder), history.home), memory_mb)
    files = sorted(folder.glob("*.parquet"))
    assert rows == len(moments)
    return pa.concat_tables([pq.read_table(file) for file in files])


@pytest.mark.parametrize("entity", ["deal", "customer"])
@pytest.mark.parametrize("seed", range(2))
def test_however_small_the_pieces_the_table_is_the_same(
    hands: Hands,
    small_pieces: None,
    entity: Entity,
    seed: int,
    hard_history: Callable[..., History],
    tmp_path: Path,
) -> None:
    history = hard_history(seed, "later")
    table = told(hands, history, entity, tmp_path / "out")

    expected = build_table(every_feature(history, entity), moments_of(history, entity, END), history)
    assert [name for name in expected.column_names if not table[name].equals(expected[name])] == []
    assert table.equals(expected)
    assert len(list((tmp_path / "out").glob("*.parquet"))) > 3
    done = {name for name, parcels in hands.moved if parcels > 10}
    assert {"rows_read", "versions_told", "events_told", "asked", "answered"} <= done


def test_large_pieces_say_what_small_ones_say(
    hands: Hands, company: History, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = told(hands, company, "deal", tmp_path / "whole", MEMORY_MB, LATE)
    monkeypatch.setattr(spark, "ROWS", 333)

    assert told(Hands(), company, "deal", tmp_path / "many", 5, LATE).equals(whole)
    assert len(list((tmp_path / "whole").glob("*"))) == 1
    assert len(list((tmp_path / "many").glob("*"))) > 3


def test_moments_may_lie_in_files(hands: Hands, company: History, tmp_path: Path) -> None:
    features, moments = every_feature(company, "deal")[:20], moments_of(company, "deal", LATE)
    table = pa.table({"deal_id": pa.array(moments.ids, pa.string()), "as_of": pa.array(moments.at, pa.timestamp("us"))})
    (tmp_path / "asked").mkdir()
    pq.write_table(table.slice(0, 700), tmp_path / "asked" / "a.parquet")
    pq.write_table(table.slice(700), tmp_path / "asked" / "b.parquet")

    files = MomentFiles.at(str(tmp_path / "asked"), "deal", company.home)
    one = MomentFiles.at(str(tmp_path / "asked" / "b.parquet"), "deal", company.home)
    target = Target.at(str(tmp_path / "out"), company.home)
    rows = spark.run(hands, features, "deal", files, company, target, 1)

    assert rows == len(files) == len(moments)
    assert len(one) == len(moments) - 700
    assert pq.read_table(tmp_path / "out").equals(build_table(features, moments, company))


def test_files_without_moments_are_refused_by_name(tmp_path: Path) -> None:
    pq.write_table(pa.table({"deal": ["d1"]}), tmp_path / "wrong.parquet")
    (tmp_path / "empty").mkdir()

    with pytest.raises(NotMoments, match="with the columns deal_id"):
        MomentFiles.at(str(tmp_path / "wrong.parquet"), "deal", tmp_path)
    with pytest.raises(NotMoments, match="there is no Parquet file"):
        MomentFiles.at(str(tmp_path / "empty"), "deal", tmp_path)
    with pytest.raises(NotMoments):
        MomentFiles.at(str(tmp_path / "absent.parquet"), "customer", tmp_path)


def test_a_folder_that_holds_a_table_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "part-000000.parquet").write_bytes(b"")

    with pytest.raises(FolderInUse, match="holds files already"):
        Target.at(str(tmp_path), tmp_path)


def test_a_chapter_written_twice_is_there_once_and_a_broken_one_not_at_all(tmp_path: Path) -> None:
    target, block = Target.at(str(tmp_path / "out"), tmp_path), pa.table({"a": [1]})
    target.write(3, [block])
    target.write(3, [block])

    def breaks() -> Any:
        yield block
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        target.write(4, breaks())

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["part-000003.parquet"]


def test_every_stream_is_split_by_something_or_read_whole_on_purpose(hard_history: Callable[..., History]) -> None:
    history = hard_history(0)

    assert set(STREAMS) - set(SPLITS) == {"products", "reps"}
    for stream in SPLITS:
        for table, column in SPLITS[stream]:
            assert TABLES[table].column(column) is not None, (stream, table)
    # Merges are read from all customers: customers cannot be read in parts where there are any.
    assert split_of("customers", history) == ()


def test_a_part_of_a_history_knows_which_fields_the_whole_one_tracks(company: History) -> None:
    nothing = "(SELECT * FROM (" + company.sql_versions("deal_changes") + ") WHERE false)"
    part = splits.PartOfHistory(splits.PartOfHistory.learned(company), {}, {"deal_changes": nothing})

    with part.connect() as con:
        assert con.sql(part.sql_versions("deal_changes")).fetchall() == []
    assert all(part.known("deals", field) is company.known("deals", field) for field in company.columns("deals"))


def test_events_are_put_in_the_order_of_the_stream() -> None:
    rows = [("b", 2, 2, "x"), ("a", 5, 5, "y"), ("b", 1, 9, "x"), ("a", 5, 5, "é"), ("a", 5, 5, "B"), ("b", 2, 1, None)]
    ids, known, happened, tie = zip(*rows, strict=True)
    table = pa.table({"id": ids, "known": known, "happened": happened, "retired": [0] * 6, "tie": tie})

    found = in_order(table.append_column("place", pa.array(np.arange(6))))

    by_key = {key: [p for i, p in zip(found["id"].to_pylist(), found["place"].to_pylist(), strict=True) if i == key]
              for key in "ab"}  # fmt: skip
    assert by_key == {"a": [4, 1, 3], "b": [2, 5, 0]}
    assert found["id"].to_pylist() in (["b"] * 3 + ["a"] * 3, ["a"] * 3 + ["b"] * 3)
    assert "tie" not in found.column_names


def test_rounds_ask_by_a_key_only_after_it_was_told(company: History) -> None:
    features = every_feature(company, "deal")
    rounds = rounds_of(features, "deal", company, 10_000, 2, 2)

    assert len(rounds) > 2
    assert {errand.of for errand in rounds[0]} <= {"deal", "everyone"}
    assert "rep" in {errand.of for errand in rounds[1]}
    assert "rep" not in {errand.of for errand in rounds[0]}
    for errands in rounds:
        places = [place for e in errands for place in range(e.first, e.first + e.buckets)]
        assert places == list(range(len(places)))
    numbers = [errand.number for errands in rounds for errand in errands]
    assert numbers == list(range(len(numbers)))
    job = Job(features, "deal", company, rounds, 100, 1)
    assert all(job.name(verb) == column for column, verb in job.verbs.items())


def test_no_moments_make_a_table_without_rows(company: History, tmp_path: Path) -> None:
    nobody = Moments(np.empty(0, object), np.empty(0, np.int64))
    features = every_feature(company, "deal")[:5]

    spark.write_features(features, nobody, company, tmp_path / "none.parquet")

    assert pq.read_table(tmp_path / "none.parquet").equals(build_table(features, nobody, company))


def test_a_feature_the_history_cannot_give_is_refused_before_anything_starts(
    hard_history: Callable[..., History], company: History, tmp_path: Path
) -> None:
    lacks = next(f for f in every_feature(hard_history(0), "deal") if f.name == "attr_place")

    with pytest.raises(NotInHistory):
        spark.write_features((lacks,), moments_of(company, "deal", LATE), company, tmp_path / "out.parquet")
    assert list(tmp_path.glob("out*")) == []


def test_without_java_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    with pytest.raises(spark_session.NoJava, match="install a Java"):
        spark_session.start_spark(1)


def test_what_failed_in_a_worker_is_said_in_one_line(spark: Any, company: History, tmp_path: Path) -> None:
    from features.engines import spark as engine

    features, moments = every_feature(company, "deal")[:3], moments_of(company, "deal", LATE)
    gone = History.existing(company.home)
    check(features, gone)
    gone.store = Target.at(str(tmp_path / "elsewhere"), tmp_path).store

    with pytest.raises(spark_session.SparkFailed) as failed:
        engine.write_features(features, moments, gone, tmp_path / "out.parquet")

    assert "No files found" in str(failed.value).splitlines()[0]
    assert list(tmp_path.glob("out*")) == []


def test_spark_writes_a_folder_in_the_order_of_the_moments(spark: Any, company: History, tmp_path: Path) -> None:
    from features.engines import spark as engine

    features, moments = every_feature(company, "deal")[:12], moments_of(company, "deal", LATE)
    asked = pa.table({"deal_id": pa.array(moments.ids, pa.string()), "as_of": pa.array(moments.at, pa.timestamp("us"))})
    pq.write_table(asked, tmp_path / "asked.parquet")

    engine.write_features(features, str(tmp_path / "asked.parquet"), company, tmp_path / "table", session=spark)

    assert pq.read_table(tmp_path / "table").equals(build_table(features, moments, company))


def test_the_engine_imports_neither_spark_nor_pandas_by_itself() -> None:
    import subprocess
    import sys

    code = "import sys, features.engines.spark; print([m for m in ('pyspark', 'pandas', 'duckdb') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_table_that_is_there_in_part_is_never_read_whole(company: History) -> None:
    files = company.files("deals")
    part = splits.PartOfHistory(splits.PartOfHistory.learned(company), {"deals": "part_of_deals"})

    assert files[0] not in part.of_this_part(part.sql_versions("deals"))
    assert "part_of_deals" in part.of_this_part(sql_told(part, "deals"))
    with pytest.raises(splits.ReadWhole, match="the table deals"):
        part.of_this_part(f"SELECT * FROM read_parquet('{files[0]}')")


@pytest.mark.parametrize("seed", range(2))
def test_every_stream_of_the_parts_together_is_the_stream_of_the_whole(
    seed: int, hands: Hands, small_pieces: None, hard_history: Callable[..., History]
) -> None:
    history = splits.PartOfHistory.learned(hard_history(seed, "later"))
    streams = open_streams(history)
    columns = {name: sorted(streams.streams[name].columns) for name in streams.streams}
    verbs = [
        Latest(name, column, of=streams.streams[name].keys[0]) for name, found in columns.items() for column in found
    ]
    verbs_by = {verb.stream: [v for v in verbs if v.stream == verb.stream] for verb in verbs}
    errands = tuple(
        Errand(number, found[0].of, (Step(name, found[0].of, tuple(found)),), 1, number)
        for number, (name, found) in enumerate(verbs_by.items())
    )
    job = Job((), "deal", history, (errands,), 9, 1)

    arrived: dict[int, list[bytes]] = {}
    for reading in readings_of(errands, history, 1):
        for (to, _, _), freight in spark._events(hands, reading, job).items:
            arrived.setdefault(to, []).append(freight)

    for errand in errands:
        step = errand.steps[0]
        with history.connect() as con:
            whole = con.sql(with_tie(streams.select(step.stream, step.of, step.columns))).to_arrow_table()
        rows = unpacked(arrived[errand.first])
        # A number that stands for the order of rows in the whole stream counts rows of the part.
        kept = [c for c in whole.column_names if c != "tie" or step.stream != "states"]
        assert counted(rows.select(kept)) == counted(whole.select(kept)), step.stream


def counted(rows: pa.Table) -> Counter[tuple[object, ...]]:
    """The rows, in no order."""
    return Counter(zip(*(column.to_pylist() for column in rows.columns), strict=True))
