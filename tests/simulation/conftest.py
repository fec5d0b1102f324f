"""One small invented company, written once and read by all tests of the simulation."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simulation.company import CompanySettings
from simulation.writing import CompanyFacts, write_company


@pytest.fixture(scope="session")
def settings() -> CompanySettings:
    return CompanySettings(deals=2500, dirt=0.02)


@pytest.fixture(scope="session")
def facts(settings: CompanySettings, tmp_path_factory: pytest.TempPathFactory) -> CompanyFacts:
    return write_company(settings, tmp_path_factory.mktemp("company"))


@pytest.fixture(scope="session")
def tables(facts: CompanyFacts) -> dict[str, pa.Table]:
    return {name: pq.read_table(facts.folder / f"{name}.parquet") for name in facts.rows}


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    """The tables of a larger company without dirt."""
    folder: Path = tmp_path_factory.mktemp("clean")
    found = write_company(CompanySettings(deals=6000, dirt=0.0, seed=3), folder)
    return {name: pq.read_table(folder / f"{name}.parquet") for name in found.rows}
