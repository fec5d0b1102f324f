"""One suite for all engines: every feature of every history is the same file, byte for byte."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from features import engines
from features.definition import Entity
from features.engines import ENGINES, MissingEngine, Offer, UnknownEngine, installed_engines, open_engine
from features.history import History
from features.table import build_table
from tests.features.engines.hard_times import CUT, END, every_feature, moments_of

MANY = [pytest.param(name, id=name) for name in ENGINES]


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> engines.Engine:
    """Each engine in turn; skips where it is not installed."""
    if request.param == "spark":
        request.getfixturevalue("spark")  # one session for all tests, found by the engine as the one running
    return open_engine(request.param)


def says_the_same(
    engine: engines.Engine, history: History, entity: Entity, until: datetime, folder: Path, memory_mb: int
) -> None:
    """Every feature of the engine's table equals that of the table in memory, and the file that of the local engine."""
    features, moments = every_feature(history, entity), moments_of(history, entity, until, most=2_000)
    engine.write_features(features, moments, history, folder / "engine.parquet", memory_mb)
    open_engine("local").write_features(features, moments, history, folder / "local.parquet")

    told, expected = pq.read_table(folder / "engine.parquet"), build_table(features, moments, history)
    assert told.schema.equals(expected.schema)
    assert [name for name in expected.column_names if not told[name].equals(expected[name])] == []
    assert (folder / "engine.parquet").read_bytes() == (folder / "local.parquet").read_bytes()


@pytest.mark.parametrize("engine", MANY, indirect=True)
@pytest.mark.parametrize("entity", ["deal", "customer"])
def test_a_hard_history(
    engine: engines.Engine, entity: Entity, hard_history: Callable[..., History], tmp_path: Path
) -> None:
    says_the_same(engine, hard_history(1, "later"), entity, END, tmp_path, memory_mb=5)


@pytest.mark.parametrize("engine", MANY, indirect=True)
@pytest.mark.parametrize("entity", ["deal", "customer"])
def test_an_invented_company(engine: engines.Engine, entity: Entity, company: History, tmp_path: Path) -> None:
    says_the_same(engine, company, entity, datetime(2026, 9, 1), tmp_path, memory_mb=20)


@pytest.mark.parametrize("engine", MANY, indirect=True)
@pytest.mark.parametrize(
    ("name", "entity", "until"),
    [
        ("maven_crm", "deal", datetime(2017, 10, 1)),
        ("bpic2012", "deal", datetime(2012, 2, 1)),
        ("online_retail_ii", "customer", datetime(2011, 3, 1)),
    ],
)
def test_real_data(
    engine: engines.Engine,
    name: str,
    entity: Entity,
    until: datetime,
    real: Callable[[str], History],
    tmp_path: Path,
) -> None:
    says_the_same(engine, real(name), entity, until, tmp_path, memory_mb=500)


@pytest.mark.parametrize("engine", MANY, indirect=True)
@pytest.mark.parametrize("entity", ["deal", "customer"])
def test_a_future_rewritten_changes_nothing(
    engine: engines.Engine, entity: Entity, hard_history: Callable[..., History], tmp_path: Path
) -> None:
    alone = hard_history(2)
    features, moments = every_feature(alone, entity), moments_of(alone, entity, CUT)
    engine.write_features(features, moments, alone, tmp_path / "alone.parquet")

    engine.write_features(features, moments, hard_history(2, "one"), tmp_path / "one.parquet")

    alone_told, one_told = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("alone", "one"))
    assert [name for name in alone_told.column_names if not alone_told[name].equals(one_told[name])] == []
    later = moments_of(alone, entity, END)
    after = [build_table(features, later, history) for history in (alone, hard_history(2, "one"))]
    assert not after[0].equals(after[1]), "the futures do not differ"


def test_an_engine_nobody_knows_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UnknownEngine, match="no engine named flink") as refused:
        open_engine("flink")

    assert "choose one of these: local, spark" in str(refused.value)


def test_an_engine_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "spark", Offer("features.engines.spark", "a_package_nobody_has"))

    with pytest.raises(MissingEngine, match="pip install 'foresell\\[spark\\]'"):
        open_engine("spark")
    assert installed_engines() == ("local",)


def test_a_fault_of_an_engine_of_ours_is_not_called_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "local", Offer("features.engines.lokal", None))

    with pytest.raises(ModuleNotFoundError, match="lokal"):
        open_engine("local")


def test_the_local_engine_is_always_there() -> None:
    assert "local" in installed_engines()
    found: Any = open_engine("local")
    assert found.__name__ == "features.table"
