"""How is an expression in a small part of Python written as LLVM assembly?"""

import ast
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from training.machine_code.functions import ARRAYS, LANES, OF_LIBRARY, PLAIN, Typed, parameters_of, returns_of

COMPARED = {
    ast.Lt: ("slt", "olt"), ast.LtE: ("sle", "ole"), ast.Gt: ("sgt", "ogt"), ast.GtE: ("sge", "oge"),
    ast.Eq: ("eq", "oeq"), ast.NotEq: ("ne", "une"),
}  # fmt: skip
WHOLE = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.BitAnd: "and", ast.BitOr: "or", ast.RShift: "ashr"}
REAL = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}


class Expressions:
    """Writes the expressions of one function. Each is a value of the assembly and its kind."""

    def __init__(
        self, tree: ast.FunctionDef, others: Mapping[str, ast.FunctionDef], constants: Mapping[str, Any]
    ) -> None:
        self.tree, self.others, self.constants = tree, others, constants
        self.lines: list[str] = []
        self.stack: list[str] = []
        self.kinds: dict[str, str] = {}
        self.count = 0

    def value(self, node: ast.expr) -> Typed:
        match node:
            case ast.Constant(value=bool() as value):
                return ("true" if value else "false"), "bool"
            case ast.Constant(value=int() as value):
                return str(value), "int"
            case ast.Constant(value=float() as value):
                return _real(value), "float"
            case ast.Name(id=name):
                return self.read(name)
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Slice(lower=lower)):
                kind = self.array(name)
                return self.place(name, "0" if lower is None else self.value(lower)[0]), kind
            case ast.Subscript(value=ast.Name(id=name), slice=index):
                return self.element(name, index)
            case ast.BinOp(left=left, op=op, right=right):
                return self.arithmetic(op, self.value(left), self.value(right))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as value)):
                return str(-value), "int"
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                found = self.value(operand)
                if found[1] == "int":
                    return self.arithmetic(ast.Sub(), ("0", "int"), found)
                return self.named(f"fneg {PLAIN[found[1]]} {found[0]}"), found[1]
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.named(f"xor i1 {self.as_kind(self.value(operand), 'bool')}, true"), "bool"
            case ast.Compare(left=left, ops=[sign], comparators=[right]):
                return self.compare(sign, self.value(left), self.value(right))
            case ast.BoolOp(op=junction, values=values):
                return self.chain(junction, values)
            case ast.IfExp(test=test, body=body, orelse=rest):
                which = self.as_kind(self.value(test), "bool")
                kind, a, b = self.alike(self.value(body), self.value(rest))
                # A jump on what no processor can foresee would cost more than both sides do.
                sides = f"{PLAIN[kind]} {a}, {PLAIN[kind]} {b}"
                return self.named(f"select i1 {which}, {sides}, !unpredictable !0"), kind
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self.call(name, [self.value(each) for each in arguments])
        raise NotImplementedError(ast.unparse(node))

    def chain(self, op: ast.boolop, values: Sequence[ast.expr]) -> Typed:
        """The second is looked at only where the first does not decide."""
        place, after = self.fresh(), self.name_block("decided")
        self.stack.append(f"  {place} = alloca i1")
        for number, each in enumerate(values):
            found = self.as_kind(self.value(each), "bool")
            self.emit(f"store i1 {found}, ptr {place}")
            if number + 1 < len(values):
                more = self.name_block("more")
                ways = (more, after) if isinstance(op, ast.And) else (after, more)
                self.emit(f"br i1 {found}, label %{ways[0]}, label %{ways[1]}")
                self.label(more, leave=False)
        self.label(after)
        return self.named(f"load i1, ptr {place}"), "bool"

    def call(self, name: str, arguments: list[Typed]) -> Typed:
        if name in OF_LIBRARY:
            found = self.named(f"call double @foresell_{name}(double {self.as_kind(arguments[0], 'float')})")
            return found, "float"
        if name in ("int", "float"):
            return self.as_kind(arguments[0], name), name
        if name in ("min", "max"):
            kind, left, right = self.alike(*arguments)
            better = self.compare(ast.Lt() if name == "min" else ast.Gt(), (right, kind), (left, kind))[0]
            return self.named(f"select i1 {better}, {PLAIN[kind]} {right}, {PLAIN[kind]} {left}"), kind
        if name == "abs":
            negative = self.compare(ast.Lt(), arguments[0], ("0", "int"))[0]
            turned = self.named(f"fneg double {arguments[0][0]}")
            return self.named(f"select i1 {negative}, double {turned}, double {arguments[0][0]}"), "float"
        if name == "lowest_bit":
            return self.named(f"call i64 @llvm.cttz.i64(i64 {arguments[0][0]}, i1 true)"), "int"
        if name == "spread":
            return self.as_kind(arguments[0], "Vector"), "Vector"
        if name == "total":
            return self.sum_of(arguments[0][0]), "float"
        tree = self.others[name]
        handed = [
            f"ptr {found}" if kind in ARRAYS else f"{PLAIN[kind]} {self.as_kind((found, was), kind)}"
            for (found, was), (_, kind) in zip(arguments, parameters_of(tree).items(), strict=True)
        ]
        if (back := returns_of(tree)) == "None":
            self.emit(f"call void @{name}({', '.join(handed)})")
            return "", "None"
        return self.named(f"call {PLAIN[back]} @{name}({', '.join(handed)})"), back

    def sum_of(self, vector: str) -> str:
        found = _real(0.0)
        for lane in range(LANES):
            one = self.named(f"extractelement {PLAIN['Vector']} {vector}, i32 {lane}")
            found = self.named(f"fadd double {found}, {one}")
        return found

    def arithmetic(self, op: ast.operator, left: Typed, right: Typed) -> Typed:
        if isinstance(op, ast.Div):
            left, right = ((self.as_kind(x, "float"), "float") if x[1] == "int" else x for x in (left, right))
        kind, a, b = self.alike(left, right)
        if kind == "int":
            name = WHOLE.get(type(op))
            if name is None:
                name = {ast.FloorDiv: "sdiv", ast.Mod: "srem"}[type(op)]
            return self.named(f"{name} i64 {a}, {b}"), kind
        return self.named(f"{REAL[type(op)]} contract {PLAIN[kind]} {a}, {b}"), kind

    def compare(self, op: ast.cmpop, left: Typed, right: Typed) -> Typed:
        kind, a, b = self.alike(left, right)
        whole, real = COMPARED[type(op)]
        if kind == "float":
            return self.named(f"fcmp {real} double {a}, {b}"), "bool"
        return self.named(f"icmp {whole} {PLAIN[kind]} {a}, {b}"), "bool"

    def alike(self, left: Typed, right: Typed) -> tuple[str, str, str]:
        order = ("bool", "int", "float", "Vector")
        kind = max(left[1], right[1], key=order.index)
        return kind, self.as_kind(left, kind), self.as_kind(right, kind)

    def as_kind(self, found: Typed, kind: str) -> str:
        value, was = found
        if was == kind:
            return value
        if kind == "bool":
            return self.compare(ast.NotEq(), found, ("0", "int"))[0]
        if was == "bool":
            return self.as_kind((self.named(f"zext i1 {value} to i64"), "int"), kind)
        if (was, kind) == ("int", "float"):
            return _real(float(value)) if value.lstrip("-").isdigit() else self.named(f"sitofp i64 {value} to double")
        if (was, kind) == ("float", "int"):
            return self.named(f"fptosi double {value} to i64")
        if kind == "Vector":
            scalar, lanes = self.as_kind(found, "float"), PLAIN["Vector"]
            one = self.named(f"insertelement {lanes} poison, double {scalar}, i32 0")
            return self.named(f"shufflevector {lanes} {one}, {lanes} poison, <{LANES} x i32> zeroinitializer")
        raise NotImplementedError(f"{was} as {kind}")

    def array(self, name: str) -> str:
        return parameters_of(self.tree)[name]

    def place(self, name: str, at: str) -> str:
        return self.named(f"getelementptr inbounds {ARRAYS[self.array(name)]}, ptr %{name}, i64 {at}")

    def element(self, name: str, at: ast.expr) -> Typed:
        kind = self.array(name)
        found = self.named(f"load {ARRAYS[kind]}, ptr {self.place(name, self.value(at)[0])}, align {alignment(kind)}")
        if kind == "Wholes":
            return self.named(f"sext i32 {found} to i64"), "int"
        return found, {"Reals": "float", "Bits": "int", "Vectors": "Vector"}[kind]

    def keep(self, name: str, found: Typed) -> None:
        kind = self.kinds.setdefault(name, found[1])
        if (line := f"  %v.{name} = alloca {PLAIN[kind]}") not in self.stack:
            self.stack.append(line)
        self.emit(f"store {PLAIN[kind]} {self.as_kind(found, kind)}, ptr %v.{name}")

    def read(self, name: str) -> Typed:
        if name in self.kinds:
            return self.named(f"load {PLAIN[self.kinds[name]]}, ptr %v.{name}"), self.kinds[name]
        if name in parameters_of(self.tree):
            return f"%{name}", self.array(name)
        constant = self.constants[name]
        return (str(constant), "int") if isinstance(constant, int) else (_real(constant), "float")

    def named(self, instruction: str) -> str:
        name = self.fresh()
        self.emit(f"{name} = {instruction}")
        return name

    def emit(self, instruction: str) -> None:
        self.lines.append(f"  {instruction}")

    def label(self, name: str, *, leave: bool = True) -> None:
        if leave:
            self.emit(f"br label %{name}")
        self.lines.append(f"{name}:")

    def fresh(self) -> str:
        self.count += 1
        return f"%.{self.count}"

    def name_block(self, name: str) -> str:
        self.count += 1
        return f".{name}{self.count}"


def _real(value: float) -> str:
    return "0x" + struct.pack(">d", value).hex().upper()


def alignment(kind: str) -> int:
    """On how many bytes an element of an array of this kind lies."""
    return {"Wholes": 4, "Vectors": 64}.get(kind, 8)
