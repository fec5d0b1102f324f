"""What the engines are compared on: hard histories, an invented company, real data. And Spark itself, started once."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from features.contracts import Known
from features.history import History
from features.importing import import_folder
from tests.features.engines.hands import Hands
from tests.features.engines.hard_times import BEGIN, CUT, END, Teller

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
TAKEN = datetime(2020, 1, 2)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A session of two cores for all tests; skips where there is no pyspark or no Java."""
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed: pip install 'foresell[spark]'")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("no Java on the search path")
    from features.engines.spark_session import start_spark

    session = start_spark(2)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> History:
    """400 deals of an invented company."""
    from simulation.company import CompanySettings
    from simulation.writing import write_company

    folder = tmp_path_factory.mktemp("company")
    write_company(CompanySettings(deals=400), folder / "files")
    import_folder(folder / "files", folder / "home", folder / "files" / "mapping.yaml", datetime(2026, 11, 1))
    return History.existing(folder / "home")


@pytest.fixture(scope="session")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], History]:
    """The history of a real data set; skips where the set is absent."""
    opened: dict[str, History] = {}

    def read(name: str) -> History:
        if not (shared_data / name).is_dir():
            pytest.skip(f"{name} is not in the shared data")
        if name not in opened:
            folder, files = tmp_path_factory.mktemp(name), shared_data / name
            if name == "bpic2012":
                files = folder / "tables"
                convert = [sys.executable, str(EXAMPLES / "bpic2012_to_tables.py"), str(shared_data / name), str(files)]
                subprocess.run(convert, check=True, capture_output=True)
            import_folder(files, folder / "home", EXAMPLES / f"{name}.yaml", TAKEN)
            opened[name] = History.existing(folder / "home")
        return opened[name]

    return read


@pytest.fixture
def hard_history(another_story: Callable[..., Any]) -> Callable[..., History]:
    """A maker of histories with the same past up to CUT and a future of their own after it."""

    def make(seed: int, future: str | None = None) -> History:
        story = another_story()
        story.declares("deals", place=Known.AT_CREATION, seats=Known.AT_CREATION)
        Teller(story, f"past {seed}").tell(BEGIN, CUT, 60)
        story.import_now("2024-01-01T11:30:00")  # the cut, in Shanghai
        if future is not None:
            # A day told without a time counts from its first moment: none of the cut's own day.
            Teller(story, future).tell(CUT + timedelta(days=2), END, 40)
            story.import_now("2024-10-01")
        history: History = story.history
        return history

    return make
