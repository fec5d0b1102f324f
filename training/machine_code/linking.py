"""How is machine code that was kept run without the compiler that made it? Put in memory and tied up by us.

An object file of ELF for x86-64 is sections of bytes, and places in them that wait for an address. LLVM's code for
running in memory ("large" code model) has two kinds of such places only, both 64 bits wide: System V Application Binary
Interface, AMD64 supplement, 4.4 (R_X86_64_64 and R_X86_64_PC64). They are filled in wherever something refers to them,
in code and in constants. Anything else is refused, and left to LLVM's own loader: with the whole of LLVM in memory,
tens of MiB of it, which a process that answers need not hold.

The memory belongs to this process alone (MAP_PRIVATE), is written first and run only when it can be written no more.
"""

import ctypes
import mmap
import os
import platform
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROCESSOR_FILE = Path("/proc/cpuinfo")
TOLD_OF_PROCESSOR = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags")

PROGRAM, SYMBOLS, RELOCATIONS, RELOCATIONS_WITHOUT_ADDEND = 1, 2, 4, 9
"""Kinds of sections: SHT_PROGBITS, SHT_SYMTAB, SHT_RELA, SHT_REL."""
RESERVED = 0xFF00
"""SHN_LORESERVE: from here on the number of a section means something else."""
WRITTEN, TO_LOAD, TO_RUN, X86_64 = 1, 2, 4, 62
"""SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR, EM_X86_64."""
ABSOLUTE, RELATIVE = 1, 24
"""R_X86_64_64: symbol + addend. R_X86_64_PC64: the same less the place itself."""
LINE = 64
WORD = 8
"""Bytes of an address."""


class NotLinked(ImportError):
    """The object file holds what this small linker does not know, or the system lets no memory be run."""


@dataclass(frozen=True)
class Code:
    """Machine code in memory, which stays there as long as this object."""

    addresses: Mapping[str, int]
    memory: mmap.mmap


@dataclass(frozen=True)
class _Section:
    """A row of the table of sections: its kind, flags, place in the file, and what it refers to."""

    kind: int
    flags: int
    offset: int
    size: int
    link: int
    info: int
    align: int


@cache
def processor() -> tuple[str, ...] | None:
    """What tells this machine's processor from others, and what it can do; None where that cannot be told."""
    if sys.platform != "linux" or platform.machine() != "x86_64" or sys.maxsize < 2**32:
        return None
    try:
        first = PROCESSOR_FILE.read_text("utf-8").partition("\n\n")[0]
    except (OSError, ValueError):
        return None
    halves = (line.partition(":") for line in first.splitlines())
    told = {name.strip(): value.strip() for name, _, value in halves}
    return tuple(told.get(name, "") for name in TOLD_OF_PROCESSOR) if told.get("flags") else None


def linked(code: bytes, outside: Mapping[str, int]) -> Code:
    """An object file's code ready to run, its functions by name; `outside` are addresses it may call by name.

    Raises NotLinked.
    """
    try:
        return _linked(code, outside)
    except (struct.error, IndexError, KeyError, ValueError, OSError, AttributeError) as trouble:
        raise NotLinked(f"machine code that was kept cannot be put in memory ({trouble!r})") from trouble


def _linked(code: bytes, outside: Mapping[str, int]) -> Code:
    if code[:6] != b"\x7fELF\x02\x01" or struct.unpack_from("<HH", code, 16) != (1, X86_64):
        raise ValueError("no object file for x86-64")
    sections = list(_sections(code))
    # What unwinds the stack for exceptions is of no use: this code raises none.
    wanted = {at for at, one in enumerate(sections) if one.flags & TO_RUN and one.size}
    symbols = _symbols(code, sections)
    moved = _all_that_is_moved(code, sections, symbols, wanted)
    starts, size = {}, 0
    for at in sorted(wanted):
        one = sections[at]
        if one.kind != PROGRAM or not one.flags & TO_LOAD or one.flags & WRITTEN:
            raise ValueError("a section that is no code and no constants")
        align = max(one.align, LINE)
        starts[at] = size = -(-size // align) * align
        size += one.size
    memory = mmap.mmap(-1, max(size, 1), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for at, start in starts.items():
        one = sections[at]
        memory[start : start + one.size] = code[one.offset : one.offset + one.size]
    for one in moved:
        for offset, symbol, kind, addend in _places(code, one):
            name, section, value = symbols[symbol]
            if kind not in (ABSOLUTE, RELATIVE):
                raise ValueError(f"a relocation of kind {kind}")
            if offset + WORD > sections[one.info].size:
                raise ValueError("a relocation outside its section")
            place = starts[one.info] + offset
            target = (base + starts[section] + value if section else outside[name]) + addend
            struct.pack_into("<Q", memory, place, (target - (base + place if kind == RELATIVE else 0)) % 2**64)
    _may_run(base, len(memory))
    named = {name: base + starts[section] + value for name, section, value in symbols if name and section in starts}
    return Code(named, memory)


def _all_that_is_moved(
    code: bytes, sections: list[_Section], symbols: list[tuple[str, int, int]], wanted: set[int]
) -> list[_Section]:
    """The tables of places that wait for an address, in all of `wanted`, which grows by what they refer to."""
    moved: dict[int, _Section] = {}
    while True:
        found = {at: one for at, one in enumerate(sections) if one.info in wanted and at not in moved}
        new = {at: one for at, one in found.items() if one.kind == RELOCATIONS and one.size}
        if any(one.kind == RELOCATIONS_WITHOUT_ADDEND for one in found.values()):
            raise ValueError("relocations without addends")
        if not new:
            return list(moved.values())
        moved |= new
        for one in new.values():
            wanted |= {symbols[symbol][1] for _, symbol, _, _ in _places(code, one)} - {0}


def _sections(code: bytes) -> Iterator[_Section]:
    (table,) = struct.unpack_from("<Q", code, 40)
    width, count = struct.unpack_from("<HH", code, 58)
    for at in range(count):
        _, kind, flags, _, offset, size, link, info, align, _ = struct.unpack_from(
            "<IIQQQQIIQQ", code, table + at * width
        )
        yield _Section(kind, flags, offset, size, link, info, align)


def _symbols(code: bytes, sections: list[_Section]) -> list[tuple[str, int, int]]:
    """Name, section (0 for what is outside) and place of each symbol; an object file has one table of them."""
    (table,) = (one for one in sections if one.kind == SYMBOLS)
    names, found = sections[table.link], []
    for at in range(table.offset, table.offset + table.size, 24):
        name, _, _, section, value, _ = struct.unpack_from("<IBBHQQ", code, at)
        first = names.offset + name
        if 0 < section < RESERVED and value > sections[section].size:
            raise ValueError("a symbol outside its section")
        found.append((code[first : code.index(b"\0", first)].decode(), section, value))
    return found


def _places(code: bytes, one: _Section) -> Iterator[tuple[int, int, int, int]]:
    """Offset, symbol, kind and addend of what waits for an address."""
    for at in range(one.offset, one.offset + one.size, 24):
        offset, info, addend = struct.unpack_from("<QQq", code, at)
        yield offset, info >> 32, info & 0xFFFFFFFF, addend


def _may_run(base: int, size: int) -> None:
    """From now on the memory is run, and written no more."""
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    protect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    if protect(base, size, mmap.PROT_READ | mmap.PROT_EXEC):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
