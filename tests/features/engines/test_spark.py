"""What workers do with parcels, wherever they run; and what is Spark's own."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.definition import Entity
from features.engines import spark, splits
from features.engines.delivered import Target
from features.history import History
from features.table import build_table
from tests.features.engines.hands import Hands
from tests.features.engines.hard_times import END, every_feature, moments_of


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """All is cut small: seven rows are read at once, seven events fill a bucket, a chapter has eleven moments."""
    monkeypatch.setattr(splits, "FEWEST_ROWS", 7)
    monkeypatch.setattr(spark, "EVENTS_PER_MB", 7)
    monkeypatch.setattr(spark, "WORTH_IT", 5)
    monkeypatch.setattr("features.engines.rounds.WORTH_IT", 5)
    monkeypatch.setattr(spark, "ROWS", 11)
    monkeypatch.setattr("features.engines.parcels.MOST_ROWS", 3)
    monkeypatch.setattr("features.engines.meeting.ROWS", 13)


def told(hands: Hands, history: History, entity: Entity, folder: Path, memory_mb: int = 1) -> pa.Table:
    """The table as the workers write it into a folder, in the order of the files' names."""
    features, moments = every_feature(history, entity), moments_of(history, entity, END)
    rows = spark.run(hands, features, entity, moments, history, Target.at(str(folder), history.home), memory_mb)
    files = sorted(folder.glob("*.parquet"))
    assert rows == len(moments)
    return pa.concat_tables([pq.read_table(file) for file in files])


@pytest.mark.parametrize("entity", ["deal", "customer"])
@pytest.mark.parametrize("seed", range(3))
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
