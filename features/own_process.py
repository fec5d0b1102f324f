"""How is another process of ours started? So that nothing in the folder it happens to stand in is run.

Python puts the folder it is started in first where it looks for modules (`-m`, `-c`): a file `json.py` that someone
left there would be run. `-P` leaves that folder out. Where our own packages lie is put last, so that they are found
also where they are not installed, and take the place of nothing else.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SETTING = "PYTHONSAFEPATH"
"""What `-P` is in the environment, which processes hand on."""
ROOT = Path(__file__).resolve().parents[1]


def command_of(module: str) -> list[str]:
    """The command line that calls `main()` of one of our modules.

    >>> command_of("serving.jobs.__main__")[1:3]
    ['-P', '-c']
    """
    program = f"import sys; sys.path.append({str(ROOT)!r}); from {module} import main; main()"
    return [sys.executable, "-P", "-c", program]


@contextmanager
def others_started_safely() -> Iterator[None]:
    """Inside, the same holds for processes that libraries start for this one (multiprocessing, joblib, Spark)."""
    before = os.environ.get(SETTING)
    os.environ[SETTING] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(SETTING, None)
        else:
            os.environ[SETTING] = before
