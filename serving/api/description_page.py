"""The calls of the API on one page, for people, from its own OpenAPI description. Pure text in, HTML out."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from typing import cast

Tree = Mapping[str, object]

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, "Noto Sans SC", sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { border-top: 1px solid; padding-top: 1rem; margin-top: 2rem; overflow-wrap: anywhere; }
code, pre { font: 14px/1.4 ui-monospace, monospace; }
pre { overflow-x: auto; border: 1px solid; padding: .75rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .2rem .75rem .2rem 0; }
"""


def style_source() -> str:
    """The Content-Security-Policy source that allows this page's style and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()


def description_page(openapi: Tree) -> str:
    """The page for an OpenAPI description."""
    about = _tree(openapi["info"])
    calls = "".join(
        _call(method, path, _tree(operation), openapi)
        for path, methods in _tree(openapi["paths"]).items()
        for method, operation in _tree(methods).items()
    )
    shapes = "".join(
        f'<h2 id="{escape(name)}">{escape(name)}</h2>' + _shape(_tree(schema))
        for name, schema in _tree(_tree(openapi["components"])["schemas"]).items()
    )
    title = escape(f"{about['title']} {about['version']}")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style><h1>{title}</h1><p>{escape(str(about.get('description', '')))}</p>"
        '<p>For programs: <a href="/openapi.json">/openapi.json</a>.</p>'
        f"{calls}<h1>Shapes</h1>{shapes}</html>"
    )


def _call(method: str, path: str, operation: Tree, openapi: Tree) -> str:
    key = "" if "security" in operation else " No key is needed."
    said = f"<p>{escape(str(operation.get('description', '')))}{key}</p>"
    body = _reference(operation.get("requestBody"))
    taken = f'<p>Body: <a href="#{escape(body)}">{escape(body)}</a></p>' if body else ""
    rows = "".join(
        f"<tr><td><code>{escape(status)}</code></td><td>{escape(str(_tree(answer).get('description', '')))}</td>"
        f"<td>{_link(_reference(answer))}</td></tr>"
        for status, answer in _tree(operation["responses"]).items()
    )
    return (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2>{said}{taken}"
        f"<pre>{escape(_curl(method, path, operation))}</pre><table>{rows}</table>"
    )


def _curl(method: str, path: str, operation: Tree) -> str:
    lines = [f"curl http://127.0.0.1:8000{path}"]
    if "security" in operation:
        lines.append("-H 'Authorization: Bearer fsl_...'")
    if "requestBody" in operation:
        lines.append("-H 'Content-Type: application/json'")
        lines.append('-d \'{"deals": [{"deal_id": "D-1"}]}\'' if path.endswith("/deals") else "-d '{}'")
    elif method != "get":
        lines.append(f"-X {method.upper()}")
    return " \\\n  ".join(lines)


def _shape(schema: Tree) -> str:
    required = cast("list[str]", schema.get("required", []))
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code>{'' if name not in required else ' *'}</td>"
        f"<td>{_kind(_tree(field))}</td><td>{escape(str(_tree(field).get('description', '')))}</td></tr>"
        for name, field in _tree(schema.get("properties", {})).items()
    )
    return f"<p>{escape(str(schema.get('description', '')))}</p><table>{rows}</table><p>* always there</p>"


def _kind(field: Tree) -> str:
    """The type of a field in a word or two, with links to shapes."""
    if "$ref" in field:
        return _link(_reference(field))
    if "anyOf" in field:
        return " or ".join(_kind(_tree(one)) for one in cast("list[object]", field["anyOf"]))
    kind = field.get("type", "any")
    words = " or ".join(str(one) for one in kind) if isinstance(kind, list) else str(kind)
    if "items" in field:
        return f"{escape(words)} of {_kind(_tree(field['items']))}"
    return escape(words + (f" ({field['format']})" if "format" in field else ""))


def _link(name: str | None) -> str:
    return f'<a href="#{escape(name)}">{escape(name)}</a>' if name else ""


def _reference(tree: object) -> str | None:
    """The name of the first shape that a part of the description refers to."""
    return next((text.rsplit("/", 1)[-1] for text in _references(tree)), None)


def _references(tree: object) -> Iterator[str]:
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            if name == "$ref":
                yield str(value)
            else:
                yield from _references(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _references(value)


def _tree(value: object) -> Tree:
    return cast(Tree, value)
