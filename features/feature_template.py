"""What does `features new` write? A feature that works, and a test that says why its numbers are right.

Both are examples to be changed: the entry's meaning and verb, and then what the test expects.
"""

import ast
import re
from pathlib import Path

from features.catalog import CATALOG, CUSTOMER_CATALOG
from features.definition import Entity
from features.errors import ForesellError
from features.feature_checks import NAME, RESERVED
from features.feature_examples import EXAMPLES, TABLES, WORDS
from features.output import NotWritable, whole
from features.own_features import LIST, OwnFeaturesBroken, read
from features.suggesting import hint

HEAD = '''"""Features of our own. What there is to look at: features.verbs, and docs/features.md with every stream."""

from features.definition import Feature
from features.verbs import {verbs}

FEATURES = (
{entry})
'''

ENTRY = """    Feature(
        "{name}",
        "{meaning}",
        "{meaning_zh}",
        {code},{entity}
    ),
"""

TEST_HEAD = '''"""Do our own features say what they mean? The tiny histories below can be checked by hand."""

from pathlib import Path

from features.feature_trial import trial

FILE = Path(__file__).with_name("{file}")
'''

TEST = """

{capitals} = {{
{tables}}}


def test_{name}(tmp_path):
    value = trial(tmp_path, FILE, {capitals})

    assert {first}
    # The third was written down on 10 February: what was recorded late is not known before.
    assert {second}
"""


class NoExample(ForesellError):
    problem = "There is no example of the verb {0}."
    fix = "choose another and change it in the file. {1}"


class BadName(ForesellError):
    problem = "'{0}' is no name for a feature: {1}."
    fix = "write small letters, digits and _, beginning with a letter, and a name that no other feature has."


class NotAPythonFile(ForesellError):
    problem = "{0} is no Python file."
    fix = "name a file that ends in .py, such as my_features.py."


def write(path: Path, name: str, entity: Entity, verb: str) -> list[str]:
    """Write a feature and its test, or add them to the files there; return what to do next, in lines.

    Raises NotAPythonFile, NotWritable, BadName, NoExample, and what reading the file raises.
    """
    if path.suffix != ".py" or not path.stem.isidentifier():
        raise NotAPythonFile(path)
    if not path.parent.is_dir():
        raise NotWritable(path, f"there is no folder {path.parent}")
    taken = CATALOG.keys() | CUSTOMER_CATALOG.keys()
    there = {feature.name for feature in read(path, taken)} if path.exists() else set()
    if not NAME.fullmatch(name) or name.startswith(RESERVED):
        raise BadName(name, "it has other letters, or begins as the features of attributes do")
    if name in taken or name in there:
        raise BadName(name, f"{'Foresell' if name in taken else path} has a feature of that name")
    if verb not in EXAMPLES:
        raise NoExample(verb, hint(verb, EXAMPLES))
    test = path.with_name(f"test_{path.name}")
    written = _with_entry(path, name, entity, verb), _with_test(test, path.name, name, entity, verb)
    for file, content in zip((path, test), written, strict=True):
        with whole(file) as draft:
            draft.write_text(content, "utf-8")
    return [
        f"{path}: the feature {name}, an example to change: its meaning, its verb",
        f"{test}: its test, to change with it",
        f"1. try it:           python -m pytest {test}",
        f"2. let it be known:  export FORESELL_FEATURES={path.resolve()}",
        "3. see it:           foresell features list, and in every table that features build writes",
        "4. learn from it:    foresell train win",
    ]


def _with_entry(path: Path, name: str, entity: Entity, verb: str) -> str:
    """The file of features with one more."""
    example = EXAMPLES[verb]
    words = WORDS[entity]
    code = example.code.format(**words)
    entry = ENTRY.format(
        name=name,
        meaning=example.meaning.format(**words),
        meaning_zh=example.meaning_zh.format(**words),
        code=code,
        entity="" if entity == "deal" else f'\n        entity="{entity}",',
    )
    verbs = sorted(set(re.findall(r"\b[A-Z]\w+(?=\()", code)))
    if not path.exists():
        return HEAD.format(verbs=", ".join(verbs), entry=entry)
    text = path.read_text("utf-8")
    return _importing(_appended(path, text, entry), verbs)


def _appended(path: Path, text: str, entry: str) -> str:
    """The text with an entry before the closing bracket of FEATURES. Raises OwnFeaturesBroken."""
    for node in ast.parse(text).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and target.id == LIST and isinstance(value, ast.Tuple | ast.List):
            lines = text.splitlines(keepends=True)
            assert value.end_lineno is not None
            assert value.end_col_offset is not None
            # Offsets of the tree are in bytes.
            last = lines[value.end_lineno - 1].encode()
            before = "".join(lines[: value.end_lineno - 1]) + last[: value.end_col_offset - 1].decode()
            after = last[value.end_col_offset - 1 :].decode() + "".join(lines[value.end_lineno :])
            inside = before.rstrip()
            comma = "" if not value.elts or inside.endswith((",", "(", "[")) else ","
            return f"{inside}{comma}\n{entry}{after}"
    raise OwnFeaturesBroken(path, 1, f"{LIST} is not written as a tuple of features, so none can be added")


def _importing(text: str, verbs: list[str]) -> str:
    """The text with the names it takes from features.verbs and features.definition."""
    for module, names in (("features.definition", ["Feature"]), ("features.verbs", verbs)):
        tree = ast.parse(text).body
        there = [n for n in tree if isinstance(n, ast.ImportFrom) and n.module == module and not n.level]
        plain = next((n for n in there if all(alias.asname is None for alias in n.names)), None)
        known = {alias.name for node in there for alias in node.names if alias.asname is None}
        if set(names) <= known:
            continue
        rows = text.splitlines(keepends=True)
        if plain is None:
            first = end = max(
                (n.end_lineno or 0 for n in tree if isinstance(n, ast.Import | ast.ImportFrom)), default=0
            )
            wanted = set(names) - known
        else:
            first, end = plain.lineno - 1, plain.end_lineno or plain.lineno
            wanted = {alias.name for alias in plain.names} | set(names)
        text = "".join([*rows[:first], _import(module, sorted(wanted)), *rows[end:]])
    return text


def _import(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}\n"
    if len(line) <= 100:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")\n"


def _with_test(path: Path, file: str, name: str, entity: Entity, verb: str) -> str:
    """The file of tests with one more."""
    text = path.read_text("utf-8") if path.exists() else TEST_HEAD.format(file=file)
    example = EXAMPLES[verb]
    tables = "".join(f'    "{table}": """\n{rows.strip()}\n""",\n' for table, rows in TABLES[entity].items())
    test = TEST.format(
        capitals=f"HISTORY_OF_{name.upper()}",
        tables=tables,
        name=name,
        first=_claim(name, entity, "2024-02-01", example.first),
        second=_claim(name, entity, "2024-02-15", example.second),
    )
    return text.rstrip() + "\n" + test


def _claim(name: str, entity: Entity, as_of: str, value: float) -> str:
    """What the test claims of a number: the number itself where it is whole, else to six digits."""
    asked = f'value("{name}", "{WORDS[entity]["id"]}", "{as_of}")'
    return f"{asked} == {value:g}" if float(value).is_integer() else f"round({asked}, 6) == {round(value, 6)}"
