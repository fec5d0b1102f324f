"""Which files of a home folder would be run? None of them is put into a backup, or brought back from one.

A backup lies where others than the administrator may write. What is restored from it is read as data; a module where
Python is started, byte code where Python looks for it, or the file of FORESELL_FEATURES would be run as the service.
"""

from pathlib import PurePosixPath

CACHE = ".cache"
"""Where earlier images kept byte code and machine code."""
RUNS = "mlruns"
FOLDERS = frozenset({CACHE, "__pycache__"})
ENDS = frozenset({".py", ".pyc", ".pyo", ".pyd", ".pyw", ".pth", ".so", ".dll", ".dylib"})


def is_code(name: str) -> bool:
    """Whether a file of the home, named from there, is code: a module, a library, or in a folder of byte code.

    What MLflow keeps of its runs is left whole: it is not where modules are looked for.

    >>> is_code("own.py"), is_code(".cache/python/json.pyc"), is_code("mlruns/1/model/code.py")
    (True, True, False)
    """
    path = PurePosixPath(name)
    if not FOLDERS.isdisjoint(path.parts[:-1]):
        return True
    return path.suffix.lower() in ENDS and path.parts[0] != RUNS
