"""How does a loop over numbers become machine code on a machine without a compiler?

A function in a small part of Python is read from its source and written as LLVM assembly, which llvmlite compiles for
this processor in memory. Its parameters say what they are: `int` and `float`, and arrays of `Reals` (float64), `Wholes`
(int32), `Bits` (int64) or `Vectors` (LANES float64 side by side). Its statements are assignments, loops over `range`,
`while`, `if`, `return` and calls of other such functions; `a if c else b` works both out. The same function run as
Python gives the same numbers, slowly, which is how it is tested.
"""

import ctypes
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt

from training.machine_code.assembly import assembler_source, assembly
from training.machine_code.functions import LANES, OF_LIBRARY, PLAIN, parameters, source_of
from training.machine_code.kept import kept
from training.machine_code.linking import NotLinked, linked, processor

Reals = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int32]
Bits = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]
Argument = npt.NDArray[Any] | int | float

PASSES = ("always_inliner", "sroa", "simplify_cfg", "instruction_combine", "loop_rotate", "new_gvn", "simplify_cfg")
"""What LLVM does with the code: a tenth of what its usual pipeline takes, for code that is as fast here."""


def lowest_bit(bits: int) -> int:
    """The place of the lowest bit that is set."""
    return (int(bits) & -int(bits)).bit_length() - 1


def total(vector: Any) -> float:
    """The sum of the lanes, one after the other."""
    return float(sum(vector.tolist()))


def spread(value: float) -> Any:
    """The same in every lane."""
    return np.full(LANES, value)


@dataclass(frozen=True)
class Machine:
    """A compiled function. It is called with the address of a block of 64-bit words: its arguments in order.

    `brief` keeps the interpreter lock (for one row), `long` gives it up (for many).
    """

    brief: Callable[[int], None]
    long: Callable[[int], None]
    arguments: tuple[tuple[str, str], ...]
    engine: object


class Block:
    """Arguments of a compiled function: addresses of arrays that it keeps alive, and numbers. One thread's own."""

    def __init__(self, machine: Machine, **arguments: Argument) -> None:
        self.machine = machine
        self._places = {name: at for at, (name, _) in enumerate(machine.arguments)}
        self._kinds = dict(machine.arguments)
        self._words = np.zeros(len(machine.arguments), np.int64)
        self._reals = self._words.view(np.float64)
        self._kept: dict[str, object] = {}
        if missing := set(self._places) ^ set(arguments):
            raise TypeError(f"arguments that do not fit: {sorted(missing)}")
        self.set(**arguments)
        self.address = self._words.ctypes.data

    def set(self, **arguments: Argument) -> None:
        """Give other arguments; raises TypeError for an array of another type or with gaps."""
        for name, value in arguments.items():
            kind, place = self._kinds[name], self._places[name]
            if isinstance(value, np.ndarray):
                wanted = {"Wholes": np.int32, "Bits": np.int64}.get(kind, np.float64)
                if kind in PLAIN or value.dtype != wanted or not value.flags.c_contiguous:
                    raise TypeError(f"{name} is no array of {kind}")
                self._words[place] = value.ctypes.data
                self._kept[name] = value
            elif kind == "float":
                self._reals[place] = value
            else:
                self._words[place] = int(value)

    def run(self) -> None:
        """Call the function and keep the interpreter lock."""
        self.machine.brief(self.address)

    def run_long(self) -> None:
        """Call the function and give up the interpreter lock."""
        self.machine.long(self.address)


def vectors(rows: int) -> Vectors:
    """Zeros [rows, LANES] that begin with a line of the cache."""
    line = 64
    numbers = np.zeros(rows * LANES + line // 8)
    skip = -numbers.ctypes.data % line // 8
    return numbers[skip : skip + rows * LANES].reshape(rows, LANES)


def compiled(
    name: str, entries: Sequence[Callable[..., None]], beside: Sequence[Callable[..., Any]]
) -> dict[str, Machine]:
    """Machine code of functions by name; they may call those `beside` them, which return a number or nothing.

    Kept under a name as Python keeps its byte code (`kept`): then it runs without llvmlite where `linking` can do it.
    Raises ImportError, OSError, RuntimeError or AttributeError where llvmlite or the library cannot do it here.
    """
    made_of = [source for function in (*entries, *beside) for source in (function.__module__, function.__name__)]
    made_of += [*map(source_of, sorted({function.__module__ for function in (*entries, *beside)})), repr(PASSES)]
    made_of += [assembler_source(), version("llvmlite")]
    here = processor()
    if here is not None:
        try:
            code = linked(kept(name, made_of, here, lambda: _object(entries, beside)), _outside())
        except NotLinked:
            pass
        else:
            return {
                each.__name__: _machine(each, code.addresses[f"{each.__name__}_of_block"], code) for each in entries
            }
    return _by_llvm(name, made_of, entries, beside)


def _object(entries: Sequence[Callable[..., None]], beside: Sequence[Callable[..., Any]]) -> bytes:
    """The functions as an object file for this processor."""
    import llvmlite.binding as llvm

    machine = _target()
    module = llvm.parse_assembly(assembly(entries, beside))
    module.triple = llvm.get_default_triple()
    module.verify()
    passes = llvm.create_new_module_pass_manager()
    for each in PASSES:
        getattr(passes, f"add_{each}_pass")()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2)))
    code: bytes = machine.emit_object(module)
    return code


def _by_llvm(
    name: str, made_of: list[str], entries: Sequence[Callable[..., None]], beside: Sequence[Callable[..., Any]]
) -> dict[str, Machine]:
    """The same, put in memory by LLVM's own loader."""
    import llvmlite.binding as llvm

    machine = _target()
    for each, address in _outside().items():
        llvm.add_symbol(each, address)
    here = processor() or (llvm.get_default_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())
    code = kept(name, made_of, here, lambda: _object(entries, beside))
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return {
        each.__name__: _machine(each, engine.get_function_address(f"{each.__name__}_of_block"), engine)
        for each in entries
    }


def _target() -> Any:
    """LLVM for this processor."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3
    )


def _machine(function: Callable[..., None], address: int, alive: object) -> Machine:
    brief = ctypes.PYFUNCTYPE(None, ctypes.c_int64)(address)
    long = ctypes.CFUNCTYPE(None, ctypes.c_int64)(address)
    return Machine(brief, long, tuple(parameters(function).items()), alive)


@cache
def _outside() -> Mapping[str, int]:
    """Addresses of what the code calls of the machine's own library, by the names that the assembly uses."""
    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    found = {}
    for name in OF_LIBRARY:
        address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
        assert address is not None
        found[f"foresell_{name}"] = address
    return found
