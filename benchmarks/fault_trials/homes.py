"""What can be asked about a home's deals? Their ids and features, read by a process of its own."""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.http_load.servers import ONE_THREAD, python

ROOT = Path(__file__).resolve().parents[2]


def rows_of_home(home: Path) -> dict[str, Any]:
    """The open deals now: `ids`, and `rows` of features by name."""
    now = datetime.now(UTC).replace(tzinfo=None).isoformat()
    command = python("-m", "benchmarks.http_load.rows", str(home), now)
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
