"""Code put in memory by the small linker gives what LLVM's own loader gives; what it does not know it refuses."""

import ctypes
import struct
import subprocess
import sys
from math import exp
from pathlib import Path

import pytest

from training.machine_code import compiling, linking
from training.machine_code.compiling import Reals
from training.machine_code.linking import NotLinked, linked, processor
from training.rowwise import loops_of_terms

if processor() is None:
    pytest.skip("no Linux on x86-64", allow_module_level=True)

WITHOUT = """
import sys
import training.rowwise.code as rows
assert rows.code()
print("llvmlite" in sys.modules)
"""


def calling(numbers: Reals) -> None:
    numbers[0] = exp(numbers[0])


@pytest.fixture(scope="module")
def object_file() -> bytes:
    return compiling._object([loops_of_terms.add_terms], [loops_of_terms.above, loops_of_terms.bent_part])


def test_code_that_was_kept_runs_without_llvmlite(tmp_path):
    kept = {"PYTHONPYCACHEPREFIX": str(tmp_path)}
    said = [
        subprocess.run([sys.executable, "-c", WITHOUT], env=kept, check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    ]
    assert [each.strip() for each in said] == ["True", "False"]


def test_functions_stand_in_memory_that_is_not_written(object_file):
    code = linked(object_file, compiling._outside())
    place = code.addresses["add_terms_of_block"]

    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights = line.split()[:2]
        first, end = (int(each, 16) for each in span.split("-"))
        if first <= place < end:
            assert rights == "r-xp"  # run and not written, and no other process shares it
            break
    else:
        raise AssertionError("the function is nowhere in memory")


def _of_other_machine(code: bytes) -> bytes:
    return code[:18] + struct.pack("<H", 183) + code[20:]


def _waiting(code: bytes, constants: bool) -> tuple[int, "linking._Section"]:
    """The table of what waits for an address in code, or in constants that code refers to; its number and itself."""
    sections = list(linking._sections(code))
    wanted = linking.TO_LOAD if constants else linking.TO_LOAD | linking.TO_RUN
    unwinding = 0x70000001
    return next(
        (at, one)
        for at, one in enumerate(sections)
        if one.kind == linking.RELOCATIONS
        and sections[one.info].flags & 6 == wanted
        and sections[one.info].kind != unwinding
    )


def _with_relocation_of_kind(code: bytes, kind: int, constants: bool = False) -> bytes:
    _, section = _waiting(code, constants)
    (info,) = struct.unpack_from("<Q", code, section.offset + 8)
    changed = struct.pack("<Q", info >> 32 << 32 | kind)
    return code[: section.offset + 8] + changed + code[section.offset + 16 :]


@pytest.mark.parametrize(
    "harm",
    [
        lambda code: b"",
        lambda code: code[:200],
        lambda code: b"MZ" + code[2:],
        _of_other_machine,
        lambda code: _with_relocation_of_kind(code, 2),
    ],
)
def test_what_it_does_not_know_is_refused(object_file, harm):
    with pytest.raises(NotLinked, match="cannot be put in memory"):
        linked(harm(object_file), compiling._outside())


TABLE = """
@table = internal {constant} [2 x ptr] [ptr @doubled, ptr @squared]
define internal double @doubled(double %x) noinline {{
  %y = fadd double %x, %x
  ret double %y
}}
define internal double @squared(double %x) noinline {{
  %y = fmul double %x, %x
  ret double %y
}}
define double @picked(i64 %which, double %x) {{
  %place = getelementptr [2 x ptr], ptr @table, i64 0, i64 %which
  %chosen = load ptr, ptr %place
  %y = call double %chosen(double %x)
  {store}
  ret double %y
}}
"""


def _object_with_table(constant: str = "constant", store: str = "") -> bytes:
    """A function that finds another one in a table: addresses that wait in constants, not in code."""
    import llvmlite.binding as llvm

    machine = compiling._target()
    module = llvm.parse_assembly(TABLE.format(constant=constant, store=store))
    module.triple = llvm.get_default_triple()
    module.verify()
    made: bytes = machine.emit_object(module)
    return made


def test_addresses_that_wait_in_constants_are_filled_in():
    code = linked(_object_with_table(), {})
    picked = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int64, ctypes.c_double)(code.addresses["picked"])

    assert (picked(0, 3.5), picked(1, 3.5)) == (7.0, 12.25)


@pytest.mark.parametrize(
    ("of", "harm"),
    [
        (
            "its constants wait for an address of another kind",
            lambda code: _with_relocation_of_kind(code, 8, constants=True),
        ),
        ("its constants lie in a table without addends", lambda code: _with_table_of_kind(code, 9)),
    ],
)
def test_constants_that_it_does_not_know_are_refused(of, harm):
    with pytest.raises(NotLinked, match="relocation"):
        linked(harm(_object_with_table()), {})


def test_data_that_would_be_written_is_refused():
    written = _object_with_table("global", "store ptr @squared, ptr @table")

    with pytest.raises(NotLinked, match="no code and no constants"):
        linked(written, {})


def _with_table_of_kind(code: bytes, kind: int) -> bytes:
    """The table of what waits in constants says that it is of another kind."""
    (table,), (at, _) = struct.unpack_from("<Q", code, 40), _waiting(code, constants=True)
    place = table + at * 64 + 4
    return code[:place] + struct.pack("<I", kind) + code[place + 4 :]


def test_a_call_of_what_nobody_names_is_refused():
    calls = compiling._object([calling], [])

    assert linked(calls, compiling._outside()).addresses
    with pytest.raises(NotLinked):
        linked(calls, {})


def test_what_is_refused_is_left_to_llvm(monkeypatch):
    def refuse(code: bytes, outside: object) -> None:
        raise NotLinked("never")

    monkeypatch.setattr(compiling, "linked", refuse)
    beside = [loops_of_terms.above, loops_of_terms.bent_part]
    found = compiling.compiled("test-refused", [loops_of_terms.add_terms], beside)

    assert found["add_terms"].engine is not None
    assert type(found["add_terms"].engine).__module__.startswith("llvmlite")
