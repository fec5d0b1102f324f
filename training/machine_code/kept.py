"""Where is machine code kept between processes, and when is it trusted? In a file of ours that nobody else can write.

The folder is the one that FORESELL_MACHINE_CODE names, else the one where Python keeps its byte code: there under the
same rules, so not where Python was told to write none (`-B`, PYTHONDONTWRITEBYTECODE), and elsewhere where
PYTHONPYCACHEPREFIX says so. What is kept is run as it is, like byte code. So it is read only where the file belongs to
this user or to root and nobody else may write to it; a link is not followed. A checksum tells a file that is cut short
or altered by accident, or was made of something else; it is made again.

Machines with other processors may keep theirs in the same folder: what was made for them stays.
"""

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path
from uuid import uuid4

SETTING = "FORESELL_MACHINE_CODE"
"""Environment variable with the folder."""
SEAL = hashlib.sha256().digest_size
ROOT = 0
"""The user who may do everything anyway."""


def kept(name: str, made_of: Iterable[object], machine: Iterable[object], make: Callable[[], bytes]) -> bytes:
    """The code made of these things for this machine, read if it was kept under the name, else made and kept."""
    where = _digest(machine)[:12]
    key = _digest([*made_of, where])
    given = os.environ.get(SETTING)
    folder = Path(given) if given else Path(cache_from_source(__file__)).parent
    place = folder / f"{name}.{where}.{key[:32]}.bin"
    if (found := _read(place, key)) is not None:
        return found
    code = make()
    if given or not sys.dont_write_bytecode:
        _write(f"{name}.{where}", place, _seal(key, code) + code)
    return code


def _digest(told: Iterable[object]) -> str:
    return hashlib.sha256(repr(list(told)).encode()).hexdigest()


def _seal(key: str, code: bytes) -> bytes:
    """What a file says of the code in it: that it is whole, and made of what the key stands for."""
    return hashlib.sha256(key.encode() + code).digest()


def _read(place: Path, key: str) -> bytes | None:
    try:
        with os.fdopen(os.open(place, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as stream:
            if not _is_ours(os.fstat(stream.fileno())):
                return None
            stored = stream.read()
    except OSError:
        return None
    seal, code = stored[:SEAL], stored[SEAL:]
    return code if seal == _seal(key, code) else None


def _is_ours(found: os.stat_result) -> bool:
    """Whether nobody else can have written it; Windows has no such owner, and its folders of users are closed."""
    if not hasattr(os, "geteuid"):
        return stat.S_ISREG(found.st_mode)
    others_write = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISREG(found.st_mode) and found.st_uid in (os.geteuid(), ROOT) and not others_write


def _write(stem: str, place: Path, content: bytes) -> None:
    """Whole or not at all; what was made of something else for this machine goes."""
    new = place.with_name(f"{place.name}.{uuid4().hex}")
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644), "wb") as stream:
            stream.write(content)
        new.replace(place)
        for other in place.parent.glob(f"{stem}.*.bin*"):
            if other != place:
                other.unlink(missing_ok=True)
