"""How is a text kept from being run as a formula by a spreadsheet? In CSV files it stands behind an apostrophe.

A company named `=HYPERLINK(...)` in a CRM would be a formula for whoever opens an export with a spreadsheet. As OWASP
advises ("CSV injection"), a text that begins with = + - @, one of their full-width twins, a tab or the end of a line is
written with an apostrophe before it; so is one that begins with apostrophes and then one of these, so that nothing is
lost: taking one apostrophe away gives the text back. Numbers, days and moments are written as they are.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

MARK = "'"
RISKY = "'*[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]"
"""How a text begins that must not stand alone, as a regular expression of Python and of RE2."""
_RISKY = re.compile(RISKY)
_GUARDED = re.compile(MARK + RISKY)


def guarded(text: str) -> str:
    """A text as a CSV file carries it.

    >>> guarded("=1+1"), guarded("'=1+1"), guarded("Acme"), guarded("'s-Gravenhage")
    ("'=1+1", "''=1+1", 'Acme', "'s-Gravenhage")
    """
    return MARK + text if _RISKY.match(text) else text


def unguarded(text: str) -> str:
    """The text that a CSV file carries.

    >>> unguarded("'=1+1"), unguarded("''=1+1"), unguarded("Acme"), unguarded("'s-Gravenhage"), unguarded("=1")
    ('=1+1', "'=1+1", 'Acme', "'s-Gravenhage", '=1')
    """
    return text[1:] if _GUARDED.match(text) else text


def guarded_table(table: "pa.Table") -> "pa.Table":
    """A table whose texts, and names of columns, are as a CSV file carries them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for place, field in enumerate(table.schema):
        if not _of_texts(field.type):
            continue
        texts = table.column(place).cast(pa.string())
        risky = pc.match_substring_regex(texts, f"\\A{RISKY}")
        if pc.any(risky).as_py():
            behind = pc.binary_join_element_wise(pa.scalar(MARK), texts, "")
            table = table.set_column(place, field.name, pc.if_else(risky, behind, texts))
    return table.rename_columns([guarded(name) for name in table.column_names])


def unguarded_texts(texts: "pa.Array") -> "pa.Array":
    """The texts that a column of a CSV file carries."""
    import pyarrow.compute as pc

    return pc.replace_substring_regex(texts, f"\\A{MARK}({RISKY})", "\\1")


def sql_guarded(expression: str) -> str:
    """SQL of DuckDB for a text as a CSV file carries it."""
    pattern = f"\\A{RISKY}".replace("'", "''")
    return f"CASE WHEN regexp_matches({expression}, '{pattern}') THEN '''' || {expression} ELSE {expression} END"


def _of_texts(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
