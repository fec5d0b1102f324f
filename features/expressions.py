"""Is a `where` or `compute` of a mapping one harmless expression, and which columns does it read?"""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import duckdb

from features.errors import ForesellError
from features.quoting import text, texts

Tree = dict[str, "Tree"] | list["Tree"] | str | int | float | bool | None


class BadExpression(ForesellError):
    """A `where` or `compute` that is not one SQL expression over the row's own columns."""

    problem = "{0} is not an expression that can be used: {2}. It says: {1}"
    fix = (
        "write one DuckDB expression over the file's own columns, which are all texts; "
        'names with blanks in double quotes, texts in single quotes, as in: TRY_CAST("Days Open" AS INTEGER) > 3'
    )


@dataclass(frozen=True)
class Expression:
    """One checked SQL expression. `columns` are the names it reads, as written; `windowed` if it looks at
    other rows too (`OVER`)."""

    sql: str
    columns: tuple[str, ...]
    windowed: bool

    @cached_property
    def guarded(self) -> str:
        """The expression, giving NULL for a row on which it fails (windows cannot be guarded)."""
        return f"({self.sql}\n)" if self.windowed else f"TRY(({self.sql}\n))"


def read_expression(where: str, sql: str) -> Expression:
    """Check that `sql` is one scalar expression without a subquery. Raises BadExpression.

    `where` names the place for the message, for example `tables.deals.compute.amount`.
    """
    try:
        with duckdb.connect(":memory:", config={"threads": 1}) as connection:
            answer = connection.execute(f"SELECT json_serialize_sql({text(f'SELECT ({sql}{chr(10)})')})").fetchall()
        tree: Any = json.loads(answer[0][0])
        _nodes(tree)  # goes to the bottom, if there is one
    except RecursionError as wrong:
        raise BadExpression(where, f"{sql[:60]} ...", "its parts lie within each other hundreds deep") from wrong
    except (duckdb.Error, RuntimeError, UnicodeError) as wrong:  # RuntimeError: what DuckDB itself stumbles over
        raise BadExpression(where, sql, str(wrong).splitlines()[0]) from wrong
    if tree["error"]:
        raise BadExpression(where, sql, str(tree["error_message"]).splitlines()[0])
    select: dict[str, Tree] = tree["statements"][0]["node"] if len(tree["statements"]) == 1 else {}
    items = cast(list[Tree], select.get("select_list", []))
    if len(items) != 1 or cast(dict[str, Tree], select.get("from_table", {})).get("type") != "EMPTY":
        raise BadExpression(where, sql, "it is more than one expression")
    nodes = _nodes(items[0])
    classes = {node.get("class") for node in nodes}
    if "SUBQUERY" in classes:
        raise BadExpression(where, sql, "it holds a subquery")
    if "STAR" in classes:
        raise BadExpression(where, sql, "it names all columns with *")
    if restless := _restless(nodes):
        raise BadExpression(where, sql, restless)
    return Expression(sql, _columns(nodes), "WINDOW" in classes)


def _restless(nodes: list[dict[str, Tree]]) -> str | None:
    """What is wrong with a function that gives another answer each time, or more rows than it was given."""
    called = {str(node["function_name"]).lower() for node in nodes if "function_name" in node}
    if "unnest" in called:
        return "unnest() makes several rows of one"
    if any(
        node.get("function_name") == "age" and len(cast(list[Tree], node.get("arguments", []))) == 1 for node in nodes
    ):
        return "age() of one time looks at the clock; give it two"
    if not called:
        return None
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        found = connection.execute(
            "SELECT min(function_name) FROM duckdb_functions() "
            f"WHERE stability <> 'CONSISTENT' AND list_contains({texts(sorted(called))}, function_name)"
        ).fetchall()[0][0]
    return f"{found}() does not give the same answer each time" if found else None


def _columns(nodes: list[dict[str, Tree]]) -> tuple[str, ...]:
    bound = {name for node in nodes if node.get("class") == "LAMBDA" for name in _names(node.get("lhs"))}
    read = (name for node in nodes if node.get("class") == "COLUMN_REF" for name in _names(node))
    return tuple(dict.fromkeys(name for name in read if name not in bound))


def _names(node: Tree) -> list[str]:
    return [
        str(cast(list[Tree], inner["column_names"])[0]) for inner in _nodes(node) if inner.get("class") == "COLUMN_REF"
    ]


def _nodes(tree: Tree) -> list[dict[str, Tree]]:
    """Every object in the tree, the tree itself first."""
    if isinstance(tree, list):
        return [node for item in tree for node in _nodes(item)]
    if isinstance(tree, dict):
        return [tree, *(node for item in tree.values() for node in _nodes(item))]
    return []
