"""How is a function in a small part of Python written as LLVM assembly?

What that part is, is told in `training.machine_code.compiling`. Variables live on the stack until LLVM lifts them.
"""

import ast
from collections.abc import Callable, Sequence
from typing import Any

from training.machine_code import expressions, functions
from training.machine_code.expressions import Expressions, alignment
from training.machine_code.functions import (
    ARRAYS,
    OF_LIBRARY,
    PLAIN,
    Typed,
    parameters_of,
    returns_of,
    source_of,
    tree_of,
)


def assembly(entries: Sequence[Callable[..., None]], beside: Sequence[Callable[..., Any]]) -> str:
    """The functions as LLVM assembly, each of the entries with a second one that takes its arguments from a block."""
    trees = {function.__name__: tree_of(function) for function in (*beside, *entries)}
    parts = [f"declare double @foresell_{name}(double) nounwind willreturn memory(none)" for name in OF_LIBRARY]
    parts += ["declare i64 @llvm.cttz.i64(i64, i1)", "!0 = !{}"]
    for function in (*beside, *entries):
        parts.append(_Writer(trees[function.__name__], trees, function.__globals__).text())
    parts += [_of_block(trees[function.__name__]) for function in entries]
    return "\n".join(parts)


def assembler_source() -> str:
    """What writes assembly, as text."""
    return "".join(source_of(name) for name in (__name__, expressions.__name__, functions.__name__))


def _of_block(tree: ast.FunctionDef) -> str:
    lines, handed = [f"define void @{tree.name}_of_block(ptr %block) {{"], []
    for at, (name, kind) in enumerate(parameters_of(tree).items()):
        lines.append(f"  %p.{name} = getelementptr i64, ptr %block, i64 {at}")
        lines.append(f"  %{name} = load {'ptr' if kind in ARRAYS else PLAIN[kind]}, ptr %p.{name}")
        handed.append(f"{'ptr' if kind in ARRAYS else PLAIN[kind]} %{name}")
    return "\n".join([*lines, f"  call void @{tree.name}({', '.join(handed)})", "  ret void", "}"])


class _Writer(Expressions):
    """Writes one function, statement by statement. Variables live on the stack until LLVM lifts them."""

    def text(self) -> str:
        heads = []
        for name, kind in parameters_of(self.tree).items():
            if kind in ARRAYS:
                heads.append(f"ptr noalias %{name}")
            else:
                heads.append(f"{PLAIN[kind]} %in.{name}")
                self.keep(name, (f"%in.{name}", kind))
        self.block(self.tree.body)
        back = returns_of(self.tree)
        end = ["  ret void"] if back == "None" else ["  unreachable"]
        result = "void" if back == "None" else PLAIN[back]
        # What has no loop is written into its callers.
        loops = any(isinstance(node, ast.For | ast.While) for node in ast.walk(self.tree))
        inline = "noinline" if loops else "alwaysinline"
        head = f"define internal {result} @{self.tree.name}({', '.join(heads)}) {inline} nounwind {{"
        return "\n".join([head, "entry:", *self.stack, *self.lines, *end, "}"])

    def block(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Expr(value=ast.Constant()):
                pass
            case ast.Expr(value=value):
                self.value(value)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                for name, found in zip(names, [self.value(each) for each in values], strict=True):
                    self.assign(name, found)
            case ast.Assign(targets=targets, value=value):
                found = self.value(value)
                for target in targets:
                    self.assign(target, found)
            case ast.AugAssign(target=target, op=op, value=value):
                self.assign(target, self.arithmetic(op, self.value(target), self.value(value)))
            case ast.If(test=test, body=body, orelse=rest):
                self.branch(test, body, rest)
            case ast.While(test=test, body=body):
                self.loop(test, body, None)
            case ast.For(target=ast.Name(id=name), iter=ast.Call(args=arguments), body=body):
                low, high, step = self.range_of(arguments)
                self.keep(name, low)
                end = self.fresh()
                self.stack.append(f"  {end} = alloca i64")
                self.emit(f"store i64 {high[0]}, ptr {end}")
                self.loop((name, end, step), body, (name, step))
            case ast.Return(value=value):
                if value is None:
                    self.emit("ret void")
                else:
                    kind = returns_of(self.tree)
                    self.emit(f"ret {PLAIN[kind]} {self.as_kind(self.value(value), kind)}")
                self.label(self.name_block("after"), leave=False)
            case _:
                raise NotImplementedError(ast.unparse(node))

    def range_of(self, arguments: Sequence[ast.expr]) -> tuple[Typed, Typed, int]:
        found = [self.value(each) for each in arguments]
        step = int(found[2][0]) if len(found) == 3 else 1
        return (("0", "int"), found[0], 1) if len(found) == 1 else (found[0], found[1], step)

    def branch(self, test: ast.expr, body: Sequence[ast.stmt], rest: Sequence[ast.stmt]) -> None:
        yes, no, after = (self.name_block(name) for name in ("yes", "no", "after"))
        self.emit(f"br i1 {self.as_kind(self.value(test), 'bool')}, label %{yes}, label %{no}")
        for name, statements in ((yes, body), (no, rest)):
            self.label(name, leave=False)
            self.block(statements)
            self.emit(f"br label %{after}")
        self.label(after, leave=False)

    def loop(self, test: "ast.expr | tuple[str, str, int]", body: Sequence[ast.stmt], step: Any) -> None:
        head, inside, after = (self.name_block(name) for name in ("head", "body", "after"))
        self.label(head)
        if isinstance(test, tuple):
            at, end, sign = self.read(test[0])[0], self.fresh(), "slt" if test[2] > 0 else "sgt"
            self.emit(f"{end} = load i64, ptr {test[1]}")
            found = self.named(f"icmp {sign} i64 {at}, {end}")
        else:
            found = self.as_kind(self.value(test), "bool")
        self.emit(f"br i1 {found}, label %{inside}, label %{after}")
        self.label(inside, leave=False)
        self.block(body)
        if step is not None:
            self.keep(step[0], (self.named(f"add nsw i64 {self.read(step[0])[0]}, {step[1]}"), "int"))
        self.emit(f"br label %{head}")
        self.label(after, leave=False)

    def assign(self, target: ast.expr, found: Typed) -> None:
        if isinstance(target, ast.Name):
            return self.keep(target.id, found)
        assert isinstance(target, ast.Subscript)
        assert isinstance(target.value, ast.Name)
        name = target.value.id
        kind, at = self.array(name), self.value(target.slice)[0]
        value = self.as_kind(found, {"Reals": "float", "Vectors": "Vector"}.get(kind, "int"))
        if kind == "Wholes":
            value = self.named(f"trunc i64 {value} to i32")
        self.emit(f"store {ARRAYS[kind]} {value}, ptr {self.place(name, at)}, align {alignment(kind)}")
        return None
