"""How does a process that needs no pandas stay without it? PyArrow imports it on first use wherever it is installed."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _NoPandas(MetaPathFinder):
    """Says of pandas, and of nothing else, that it is not installed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is kept out of this process", name=fullname)
        return None


def keep_arrow_from_pandas() -> None:
    """Let PyArrow decide, once for this process, that there is no pandas to load.

    PyArrow looks for pandas the first time it converts an array and remembers the answer; finding it costs
    half a second and tens of megabytes. Call first thing in a process that only serves. Where pandas is loaded
    already nothing is done, and importing pandas by name works as before.
    """
    if "pandas" in sys.modules:
        return
    import pyarrow

    closed = _NoPandas()
    sys.meta_path.insert(0, closed)
    try:
        pyarrow.array([0])
    finally:
        sys.meta_path.remove(closed)
