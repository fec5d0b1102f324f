"""What does the source of a function say of its parameters, and what kinds are there?"""

import ast
import inspect
import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

LANES = 8
ARRAYS = {"Reals": "double", "Wholes": "i32", "Bits": "i64", "Vectors": f"<{LANES} x double>"}
PLAIN = {"int": "i64", "float": "double", "bool": "i1", "Vector": f"<{LANES} x double>"}
OF_LIBRARY = ("exp", "log", "log1p", "expm1")
"""Functions of the machine's own library of mathematics."""
Typed = tuple[str, str]
"""A value of the assembly and its kind: one of PLAIN, or of ARRAYS for a place in memory."""


def source_of(module: str) -> str:
    """A module's source; raises OSError where that is not at hand."""
    return inspect.getsource(sys.modules[module])


def tree_of(function: Callable[..., Any]) -> ast.FunctionDef:
    """The function as parsed; raises OSError where its source is not at hand."""
    return _trees_of(function.__module__)[function.__name__]


@cache
def _trees_of(module: str) -> Mapping[str, ast.FunctionDef]:
    """The functions of a module, from its source; raises OSError where that is not at hand."""
    parsed = ast.parse(source_of(module))
    return {node.name: node for node in parsed.body if isinstance(node, ast.FunctionDef)}


def parameters(function: Callable[..., Any]) -> Mapping[str, str]:
    """Names and kinds of a function's arguments."""
    return parameters_of(tree_of(function))


@cache
def parameters_of(tree: ast.FunctionDef) -> Mapping[str, str]:
    """Names and kinds."""
    return {each.arg: each.annotation.id for each in tree.args.args if isinstance(each.annotation, ast.Name)}


def returns_of(tree: ast.FunctionDef) -> str:
    """The kind that is given back, or None."""
    return tree.returns.id if isinstance(tree.returns, ast.Name) else "None"
