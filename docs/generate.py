"""Which parts of the documentation come from the code? `python docs/generate.py` writes them in their places.

A page holds marks such as `<!-- begin: tables -->` and `<!-- end: tables -->`; what stands between them is written
here, the rest by hand. `tests/docs/test_docs.py` fails when a page is not current.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from typer.main import get_command
from typer.testing import CliRunner

from features.catalog import CUSTOMER_FAMILIES, FAMILIES
from features.contracts import TABLES, TRACKABLE, Column, Known, Table, default_known
from features.definition import Feature
from features.needs import needs_of
from features.null_rules import WORDS_EN, WORDS_ZH, null_rule
from features.streams import STREAMS
from features.whole_contract import ANY, columns_of, tables_of
from serving.access.access_page import calls_part, roles_part
from serving.app import create_app
from serving.cli import app
from serving.settings import ServingSettings
from serving.settings_page import settings_page
from serving.telemetry.metrics.measures import MEASURES

DOCS = Path(__file__).resolve().parent


def pages() -> dict[Path, str]:
    """Every page with parts from the code, as it should read."""
    found = {DOCS / "settings.md": settings_page()}
    for name, parts in PARTS.items():
        page = DOCS / name
        text = page.read_text("utf-8")
        for part, write in parts.items():
            text = placed(text, part, write())
        found[page] = text
    return found


def placed(text: str, part: str, written: str) -> str:
    """The text with what stands between the part's marks replaced."""
    begin, end = f"<!-- begin: {part} -->\n", f"<!-- end: {part} -->"
    before, mark, rest = text.partition(begin)
    _, closing, after = rest.partition(end)
    if not mark or not closing:
        raise SystemExit(f"the marks of {part} are missing")
    return f"{before}{begin}\n{written.strip()}\n\n{end}{after}"


def commands() -> Iterator[tuple[str, ...]]:
    """The words of every command, `("models", "list")`, in the order in which help lists them."""
    yield from _below(get_command(app), ())


def _below(command: object, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    inner: Mapping[str, object] = getattr(command, "commands", {})
    if not inner:
        yield words
    for name, one in inner.items():
        yield from _below(one, (*words, name))


def help_of(*words: str) -> str:
    """What `foresell WORDS --help` prints."""
    shown = CliRunner().invoke(app, [*words, "--help"], prog_name="foresell", env={"COLUMNS": "80"}, color=False)
    if shown.exit_code:
        raise SystemExit(shown.output)
    return "\n".join(line.rstrip() for line in shown.output.strip().splitlines())


def commands_part() -> str:
    """Every command with its help."""
    found = [f"## foresell\n\n```text\n{help_of()}\n```"]
    found += [f"## foresell {' '.join(words)}\n\n```text\n{help_of(*words)}\n```" for words in commands()]
    return "\n\n".join(found)


def tables_part() -> str:
    """Every table of the contract with its columns."""
    return "\n\n".join(_table(table) for table in TABLES.values())


def _table(table: Table) -> str:
    rows = [_column(table, column) for column in table.columns]
    head = f"### {table.name}\n\n{table.meaning} Key: {', '.join(f'`{c}`' for c in table.key)}."
    counts = f" A row counts from its `{table.happened}` unless it has a `recorded_at`." if table.happened else ""
    return "\n".join([head + counts, "", "| column | holds | required | known |", "|---|---|---|---|", *rows])


def _column(table: Table, column: Column) -> str:
    holds = " / ".join(f"`{choice}`" for choice in column.choices) or column.kind.value
    required = "yes" if column.required else ""
    return f"| `{column.name}` | {holds} | {required} | {_known(table, column.name)} |"


def _known(table: Table, column: str) -> str:
    if column == "recorded_at":
        return ""
    if table.name == "deals" and column in TRACKABLE:
        return "`tracked` when `deal_changes` has it, else `current`"
    known = default_known(table.name, column)
    since = f" (from `{table.known_from[column]}`)" if known is Known.AT_CLOSE else ""
    return f"`{known}`{since}"


def deal_features_part() -> str:
    """Every feature of deals, family by family."""
    return _families(FAMILIES)


def customer_features_part() -> str:
    """Every feature of customers, family by family."""
    return _families(CUSTOMER_FAMILIES)


def _families(families: Iterable[ModuleType]) -> str:
    found = []
    for family in families:
        title, _, question = (family.__doc__ or "").strip().partition(": ")
        head = [f"### {title}", "", question[:1].upper() + question[1:], ""]
        head += ["| feature | meaning | 含义 | looks at | missing | 缺失 |", "|---|---|---|---|---|---|"]
        found.append("\n".join([*head, *(_feature(one) for one in family.FEATURES)]))
    return "\n\n".join(found)


def _feature(feature: Feature) -> str:
    needed = sorted({need.stream for need in needs_of(feature.verb, feature.entity)})
    looks_at = " ".join([type(feature.verb).__name__, ", ".join(f"`{stream}`" for stream in needed)]).strip()
    years = f" Needs {feature.years:g} year{'s' if feature.years > 1 else ''} of history." if feature.years else ""
    years_zh = f"需要 {feature.years:g} 年历史。" if feature.years else ""
    rule = null_rule(feature)
    cells = (f"`{feature.name}`", feature.meaning + years, feature.meaning_zh + years_zh, looks_at, rule.en, rule.zh)
    return f"| {' | '.join(cells)} |"


def streams_part() -> str:
    """Every stream with the tables it is made of and the columns it may have."""
    rows = []
    for stream in STREAMS:
        told = {column: kind for column, kind in columns_of(stream).items() if not column.startswith(f"attr_{ANY}")}
        columns = ", ".join(f"`{column}`" + MARKS[kind] for column, kind in told.items())
        own = ", `attr_<name>`" if f"attr_{ANY}" in columns_of(stream) else ""
        tells = WORDS_EN.get(stream, stream.replace("_", " "))
        tables = ", ".join(tables_of(stream))
        rows.append(f"| `{stream}` | {tells} | {WORDS_ZH[stream]} | {tables} | {(columns + own).removeprefix(', ')} |")
    return "\n".join(["| stream | holds | 内容 | from | columns |", "|---|---|---|---|---|", *rows])


MARKS: Mapping[str, str] = {"number": "", "category": " (text)", "moment": " (time)"}


def metrics_part() -> str:
    """Every measure that GET /metrics tells."""
    rows = ["| metric | kind | labels | meaning |", "|---|---|---|---|"]
    for measure in MEASURES.values():
        labels = ", ".join(f"`{label}`" for label in measure.labels)
        rows.append(f"| `{measure.full_name}` | {measure.kind} | {labels} | {measure.meaning} |")
    return "\n".join(rows)


def calls_of_the_service() -> str:
    """Every call over HTTP with what it needs, from the service as it is assembled; nothing is started."""
    return calls_part(create_app(ServingSettings(home=Path("foresell-home"))))


PARTS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "access.md": {"roles": roles_part, "calls": calls_of_the_service},
    "commands.md": {"commands": commands_part},
    "data-contract.md": {"tables": tables_part},
    "features.md": {
        "deal features": deal_features_part,
        "customer features": customer_features_part,
        "streams": streams_part,
    },
    "operations.md": {"metrics": metrics_part},
}


def main() -> None:
    """Write every page that is not current, and say which."""
    for page, text in pages().items():
        if page.read_text("utf-8") != text:
            page.write_text(text, "utf-8")
            print(f"wrote docs/{page.name}")


if __name__ == "__main__":
    main()
