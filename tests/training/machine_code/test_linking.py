"""Code put in memory by the small linker gives what LLVM's own loader gives; what it does not know it refuses."""

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
            assert rights.startswith("r-x")
            break
    else:
        raise AssertionError("the function is nowhere in memory")


def _of_other_machine(code: bytes) -> bytes:
    return code[:18] + struct.pack("<H", 183) + code[20:]


def _with_relocation_of_kind(code: bytes, kind: int) -> bytes:
    section = next(one for one in linking._sections(code) if one.kind == linking.RELOCATIONS)
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
