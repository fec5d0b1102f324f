"""How does a process that answers hold little memory and begin soon? All that is set for the whole process, here.

None of it changes an answer. The system's allocator keeps an arena for each thread, and what reading bundles and
histories leaves behind; Python looks for rings of garbage every 700 objects, while loading makes a million that stay.
"""

import ctypes
import gc
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module

ARENAS = 2
M_ARENA_MAX = -8
"""A parameter of mallopt(3)."""
OBJECTS_BETWEEN_LOOKS, OBJECTS_WHILE_ANSWERING = 20_000, 50_000
HAND_ON_AFTER = 0.0005
ONE_ALLOCATOR = {"ARROW_DEFAULT_MEMORY_POOL": "system", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""Arrow brings an allocator of its own with arenas and a thread; beside the system's it holds 4 MiB for nothing."""
WHILE_LOADING = {"numpy": {"OPENBLAS_NUM_THREADS": "1"}, "pyarrow": ONE_ALLOCATOR}
"""Libraries, and what they read from the environment when they are loaded. A row has no use for threads of algebra;
each would hold a stack and a buffer."""


def be_thrifty() -> None:
    """Call before anything large is imported."""
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS, 10, 10)
    library = _of_the_system()
    if library is not None:
        with suppress(AttributeError):
            library.mallopt(M_ARENA_MAX, ARENAS)
    for library_name, told in WHILE_LOADING.items():
        if library_name not in sys.modules:
            with _in_the_environment(told):
                import_module(library_name)


@contextmanager
def _in_the_environment(told: Mapping[str, str]) -> Iterator[None]:
    """For a while. Children that train do: they inherit none of it; and what the operator says stands."""
    new = {name: value for name, value in told.items() if name not in os.environ}
    os.environ.update(new)
    try:
        yield
    finally:
        for name in new:
            del os.environ[name]


def be_quick() -> None:
    """Call before answering begins, when what is imported at start is there."""
    # A thread with a piece of a large call hands the interpreter on sooner than usual, so single scores wait less.
    sys.setswitchinterval(HAND_ON_AFTER)
    # Nothing of a score refers to itself: looking for that every 700 objects takes a seventh of a large call.
    gc.set_threshold(OBJECTS_WHILE_ANSWERING, 20, 50)


def give_back() -> None:
    """Give the system back what loading left behind; takes some milliseconds for each 100 MiB held."""
    gc.collect()
    library = _of_the_system()
    if library is not None:
        with suppress(AttributeError):
            library.malloc_trim(0)


def _of_the_system() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform == "linux" else None
