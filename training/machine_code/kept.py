"""Where is machine code kept between processes? Beside Python's own byte code, found again by what it was made of.

`__pycache__` holds what Python made of a module's source and runs without asking again; machine code made of the same
source is kept there under the same rules: not where Python was told to write none (`-B`, PYTHONDONTWRITEBYTECODE), not
where the folder cannot be written, and elsewhere where PYTHONPYCACHEPREFIX says so. A file that is cut short or
altered by accident is made again.
"""

import hashlib
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path
from uuid import uuid4

SEAL = hashlib.sha256().digest_size


def kept(name: str, made_of: Iterable[object], make: Callable[[], bytes]) -> bytes:
    """The code made of these things, read if it was kept under the name, else made and kept where it can be."""
    key = hashlib.sha256(repr(list(made_of)).encode()).hexdigest()[:32]
    own = Path(cache_from_source(__file__))
    place = own.with_name(f"{name}.{key}.bin")
    if (found := _read(place)) is not None:
        return found
    code = make()
    if not sys.dont_write_bytecode:
        _write(name, place, code)
    return code


def _read(place: Path) -> bytes | None:
    try:
        stored = place.read_bytes()
    except OSError:
        return None
    seal, code = stored[:SEAL], stored[SEAL:]
    return code if hashlib.sha256(code).digest() == seal else None


def _write(name: str, place: Path, code: bytes) -> None:
    """Whole or not at all; what was made of something else goes."""
    new = place.with_name(f"{place.name}.{uuid4().hex}")
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(hashlib.sha256(code).digest() + code)
        new.replace(place)
        for other in place.parent.glob(f"{name}.*.bin*"):
            if other != place:
                other.unlink(missing_ok=True)
