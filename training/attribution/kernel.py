"""How is the inner loop of tree effects turned into machine code on a machine without a compiler?

llvmlite, the part of numba that holds LLVM, is handed the loop as a module of vector instructions and compiles it for
this processor in memory, in some hundredths of a second. What the loop computes is told in `tree_effects`,
what its tables hold in `tables`.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

LANES = 8
"""Quadrature points that are worked on side by side."""
NAME = "explain"
ARGUMENTS = (
    ("x", "real"), ("rows", "number"), ("width", "number"), ("out", "real"),
    ("input_ints", "whole"), ("input_reals", "real"), ("inputs", "number"),
    ("categories", "whole"), ("n_categories", "number"), ("slots", "whole"), ("words", "whole"),
    ("trees", "whole"), ("first_tree", "number"), ("end_tree", "number"),
    ("node_ints", "whole"), ("node_reals", "real"), ("repeats", "real"), ("leaves", "real"),
    ("points", "vector"), ("weights", "vector"),
    ("seen", "real"), ("took", "real"), ("joint", "real"),
    ("reach", "vector"), ("left", "vector"), ("below", "vector"), ("sums", "vector"),
)  # fmt: skip
"""Arguments of the compiled function, all but the numbers pointers: names and kinds. The last row is scratch space."""


@dataclass(frozen=True)
class Kernel:
    """The compiled function, keeping the interpreter lock (for one row) or giving it up (for many)."""

    brief: Callable[..., None]
    long: Callable[..., None]
    engine: object


@cache
def kernel() -> Kernel:
    """The machine code, made once in a process. Raises ImportError, OSError or RuntimeError where llvmlite cannot."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(instructions())
    module.verify()
    processor = {"cpu": llvm.get_host_cpu_name(), "features": llvm.get_host_cpu_features().flatten()}
    machine = llvm.Target.from_default_triple().create_target_machine(**processor, opt=3)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    address = engine.get_function_address(NAME)
    kinds = [ctypes.c_int64 if kind == "number" else ctypes.c_void_p for _, kind in ARGUMENTS]
    return Kernel(ctypes.PYFUNCTYPE(None, *kinds)(address), ctypes.CFUNCTYPE(None, *kinds)(address), engine)


def instructions() -> str:
    """The function as LLVM assembly."""
    from llvmlite import binding, ir

    whole, number, real = ir.IntType(32), ir.IntType(64), ir.DoubleType()
    vector = ir.VectorType(real, LANES)
    kinds = {"number": number, "whole": whole.as_pointer(), "real": real.as_pointer(), "vector": vector.as_pointer()}
    module = ir.Module("tree_effects")
    module.triple = binding.get_default_triple()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [kinds[kind] for _, kind in ARGUMENTS]), NAME)
    for argument, (_, kind) in zip(function.args, ARGUMENTS, strict=True):
        if kind != "number":
            argument.add_attribute("noalias")
    arguments = {name: argument for argument, (name, _) in zip(function.args, ARGUMENTS, strict=True)}
    _Writer(ir.IRBuilder(function.append_basic_block("entry")), arguments, number, real, vector).function()
    return str(module)


class _Writer:
    """Writes the function, block by block. Names of its arguments stand for tables and scratch space."""

    def __init__(self, builder: Any, arguments: dict[str, Any], number: Any, real: Any, vector: Any) -> None:
        from llvmlite import ir

        self.ir, self.b, self.arguments = ir, builder, arguments
        self.number, self.real, self.vector = number, real, vector
        self.one, self.zero = ir.Constant(real, 1.0), ir.Constant(real, 0.0)

    def function(self) -> None:
        a = self.arguments
        self.points, self.weights = self.load("points", self.n(0)), self.load("weights", self.n(0))
        with self.loop(self.n(0), a["rows"]) as row:
            self.start = self.b.mul(row, a["width"])
            with self.loop(self.n(0), a["inputs"]) as at:
                self.read_number(at)
            with self.loop(self.n(0), a["n_categories"]) as at:
                self.read_category(at)
            with self.loop(self.n(0), a["width"]) as feature:
                self.store("sums", feature, self.spread(self.zero))
            with self.loop(a["first_tree"], a["end_tree"]) as tree:
                self.tree(tree)
            with self.loop(self.n(0), a["width"]) as feature:
                self.add_up(feature, self.b.add(self.b.mul(row, self.b.add(a["width"], self.n(1))), feature))
        self.b.ret_void()

    def read_number(self, at: Any) -> None:
        """A feature as its splits take it: missing goes to minus infinity (left) or not-a-number (right)."""
        b, place = self.b, self.b.mul(at, self.n(2))
        feature, kind = self.whole("input_ints", place), self.whole("input_ints", b.add(place, self.n(1)))
        value = self.load("x", b.add(self.start, feature))
        unknown = b.fcmp_unordered("uno", value, value)
        by_nan, by_zero = b.icmp_signed("==", kind, self.n(2)), b.icmp_signed("==", kind, self.n(1))
        value = b.select(b.and_(unknown, b.not_(by_nan)), self.zero, value)
        least = self.ir.Constant(self.real, 1e-35)
        nothing = b.and_(b.fcmp_ordered("<=", value, least), b.fcmp_ordered(">=", value, b.fneg(least)))
        absent = b.or_(b.and_(unknown, by_nan), b.and_(nothing, by_zero))
        self.store("seen", at, b.select(absent, self.load("input_reals", at), value))

    def read_category(self, at: Any) -> None:
        """For each set of categories that splits a feature: 0 where the row's is in it (left), else 1."""
        b, place = self.b, self.b.mul(at, self.n(3))
        feature, first, end = (self.whole("categories", b.add(place, self.n(k))) for k in range(3))
        value = self.load("x", b.add(self.start, feature))
        lowest, highest = self.ir.Constant(self.real, -1.0), self.ir.Constant(self.real, 2.0**31)
        known = b.and_(b.fcmp_ordered(">", value, lowest), b.fcmp_ordered("<", value, highest))
        code = b.fptosi(b.select(known, value, self.zero), self.number)
        word, bit = b.ashr(code, self.n(5)), b.and_(code, self.n(31))
        with self.loop(first, end) as slot:
            where = b.mul(b.sub(slot, self.arguments["inputs"]), self.n(2))
            start, words = self.whole("slots", where), self.whole("slots", b.add(where, self.n(1)))
            inside = b.and_(known, b.icmp_signed("<", word, words))
            bits = self.whole("words", b.add(start, b.select(inside, word, self.n(0))))
            member = b.and_(inside, b.trunc(b.ashr(bits, bit), self.ir.IntType(1)))
            self.store("seen", slot, b.select(member, self.zero, self.one))

    def tree(self, tree: Any) -> None:
        """Down the tree for how a node is reached, up again for what is below it, adding effects on the way."""
        b, place = self.b, self.b.mul(tree, self.n(5))
        first, branching, nodes, leaf, single = (self.whole("trees", b.add(place, self.n(k))) for k in range(5))
        self.store("reach", self.n(0), self.spread(self.one))
        with self.loop(self.n(0), branching) as node:
            self.store("joint", node, self.one)
            left, slope, whole = self.share_left(b.add(first, node), node)
            reach = self.load("reach", node)
            go_left = self.mul(reach, left)
            self.store("reach", whole(2), go_left)
            self.store("reach", whole(3), self.sub(reach, go_left))
            self.store("left", node, left)
            self.store("reach", node, self.mul(reach, slope))
        with self.loop(branching, nodes) as node:
            left, slope, whole = self.share_left(b.add(first, node), None)
            pair = b.add(leaf, b.mul(b.sub(node, branching), self.n(2)))
            difference = self.spread(self.load("leaves", b.add(pair, self.n(1))))
            self.store("below", node, self.add(self.spread(self.load("leaves", pair)), self.mul(left, difference)))
            self.credit(whole(1), self.mul(self.load("reach", node), slope), difference)
        rest = b.add(leaf, b.mul(b.sub(nodes, branching), self.n(2)))
        with self.loop(self.n(0), single) as at:
            self.store("below", b.add(nodes, at), self.spread(self.load("leaves", b.add(rest, at))))
        with self.loop(b.sub(branching, self.n(1)), self.n(-1), -1) as node:
            whole = self.ints_of(b.add(first, node))
            right = self.load("below", whole(7))
            difference = self.sub(self.load("below", whole(6)), right)
            self.store("below", node, self.add(right, self.mul(self.load("left", node), difference)))
            self.credit(whole(1), self.load("reach", node), difference)

    def share_left(self, node: Any, row: Any) -> tuple[Any, Any, Callable[[int], Any]]:
        """The share that goes left at each point, how it answers to the feature's presence, and the node's numbers."""
        b, whole, place = self.b, self.ints_of(node), self.b.mul(node, self.n(2))
        seen, cover = self.load("seen", whole(0)), self.load("node_reals", b.add(place, self.n(1)))
        took = b.select(b.fcmp_ordered("<=", seen, self.load("node_reals", place)), self.one, self.zero)
        if row is not None:
            self.store("took", row, took)
        gap, repeat = self.sub(took, cover), whole(4)
        plain = b.block
        with b.if_then(b.icmp_signed(">=", repeat, self.n(0))):
            present, pull = self.asked_before(repeat, whole(5), row)
            again = b.block
        presence, slope = b.phi(self.vector), b.phi(self.vector)
        presence.add_incoming(self.points, plain)
        presence.add_incoming(present, again)
        slope.add_incoming(self.ir.Constant(self.vector, [1.0] * LANES), plain)
        slope.add_incoming(pull, again)
        gaps = self.spread(gap)
        return self.add(self.spread(cover), self.mul(presence, gaps)), self.mul(slope, gaps), whole

    def asked_before(self, repeat: Any, earlier: Any, row: Any) -> tuple[Any, Any]:
        """Where a node above asked for the same feature: its presence given the way here, and the slope's factor."""
        b, place = self.b, self.b.mul(repeat, self.n(2))
        covered, side = self.load("repeats", place), self.load("repeats", b.add(place, self.n(1)))
        same = b.fcmp_ordered("==", self.load("took", earlier), side)
        joint = b.select(same, self.load("joint", earlier), self.zero)
        if row is not None:
            self.store("joint", row, joint)
        both = self.add(self.spread(covered), self.mul(self.points, self.spread(self.sub(self.one, covered))))
        inverse = b.fdiv(self.spread(self.one), both)
        present = self.mul(self.spread(joint), self.mul(self.points, inverse))
        return present, self.mul(self.mul(self.spread(self.mul(joint, covered)), inverse), inverse)

    def credit(self, feature: Any, slope: Any, difference: Any) -> None:
        self.store("sums", feature, self.add(self.load("sums", feature), self.mul(slope, difference)))

    def add_up(self, feature: Any, place: Any) -> None:
        weighed, total = self.mul(self.load("sums", feature), self.weights), self.load("out", place)
        for lane in range(LANES):
            total = self.b.fadd(total, self.b.extract_element(weighed, self.ir.Constant(self.ir.IntType(32), lane)))
        self.store("out", place, total)

    def ints_of(self, node: Any) -> Callable[[int], Any]:
        place = self.b.mul(node, self.n(8))
        return lambda which: self.whole("node_ints", self.b.add(place, self.n(which)))

    def n(self, value: int) -> Any:
        return self.ir.Constant(self.number, value)

    def load(self, name: str, at: Any) -> Any:
        return self.b.load(self.b.gep(self.arguments[name], [at]), align=8)

    def whole(self, name: str, at: Any) -> Any:
        return self.b.sext(self.b.load(self.b.gep(self.arguments[name], [at]), align=4), self.number)

    def store(self, name: str, at: Any, value: Any) -> None:
        self.b.store(value, self.b.gep(self.arguments[name], [at]), align=8)

    def spread(self, scalar: Any) -> Any:
        first, none = self.ir.Constant(self.ir.IntType(32), 0), self.ir.Constant(self.vector, self.ir.Undefined)
        everywhere = self.ir.Constant(self.ir.VectorType(self.ir.IntType(32), LANES), [0] * LANES)
        return self.b.shuffle_vector(self.b.insert_element(none, scalar, first), none, everywhere)

    def add(self, left: Any, right: Any) -> Any:
        return self.b.fadd(left, right, flags=("contract",))

    def sub(self, left: Any, right: Any) -> Any:
        return self.b.fsub(left, right, flags=("contract",))

    def mul(self, left: Any, right: Any) -> Any:
        return self.b.fmul(left, right, flags=("contract",))

    @contextmanager
    def loop(self, start: Any, end: Any, step: int = 1) -> Iterator[Any]:
        """From `start` to before `end`, by steps."""
        b, before = self.b, self.b.block
        head, body, after = (b.append_basic_block(name) for name in ("head", "body", "after"))
        b.branch(head)
        b.position_at_end(head)
        at = b.phi(self.number)
        at.add_incoming(start, before)
        b.cbranch(b.icmp_signed("<" if step > 0 else ">", at, end), body, after)
        b.position_at_end(body)
        yield at
        at.add_incoming(b.add(at, self.n(step)), b.block)
        b.branch(head)
        b.position_at_end(after)
