"""A small invented company, imported and trained through MLproject, for the doors that are not the command line."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from simulation.company import CompanySettings
from simulation.writing import write_company

ROOT = Path(__file__).resolve().parents[2]
DEALS = 160
UNTIL = "2026-01-01"

Entry = Callable[..., str]
"""Runs an entry point with its parameters and returns what it printed."""


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the company will be kept."""
    return tmp_path_factory.mktemp("doors") / "home"


@pytest.fixture(scope="session")
def mlflow_run(home: Path) -> Entry:
    """`mlflow run . -e ENTRY --env-manager local`, tracking into a store that is not the home folder's."""
    apart = home.parent
    tools = Path(sys.executable).parent
    env = os.environ | {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "MLFLOW_TRACKING_URI": f"sqlite:///{apart / 'outer.db'}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "OMP_NUM_THREADS": "1",
    }

    def run(entry: str, **parameters: object) -> str:
        asked = [part for name, value in parameters.items() for part in ("-P", f"{name}={value}")]
        command = [sys.executable, "-m", "mlflow", "run", str(ROOT), "-e", entry, "--env-manager", "local"]
        done = subprocess.run(
            [*command, "-P", f"home={home}", *asked],
            cwd=apart,
            env=env,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def imported(home: Path, mlflow_run: Entry) -> str:
    """The company's history in the home folder; what the import said."""
    export = home.parent / "export"
    write_company(CompanySettings(deals=DEALS, seed=3, start=date(2025, 1, 1), days=365), export)
    return mlflow_run("import", folder=export, mapping=export / "mapping.yaml")


@pytest.fixture(scope="session")
def trained(imported: str, mlflow_run: Entry) -> str:
    """A win model, promoted; what the training said."""
    return mlflow_run("train", folds=1, until=UNTIL)
