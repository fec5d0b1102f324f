"""What may a mapping file say? Sense, nearly sense, and what was written to break the reader."""

import yaml
from hypothesis import strategies as st

from features.contracts import TABLES, Kind, Known
from tests.features.fuzz.odd_files import Sheet, altered, one_in

ZONES = ["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Apia", "Europe/London", "Mars/Base", "+08:00", "utc", ""]
CURRENCIES = ["CNY", "CNY", "CNY", "USD", "usd", "Yuan", "XXX", "", "1"]
EXPRESSIONS = [
    "status = 'open'", "deal_id <> ''", "1/0", "TRY_CAST(amount AS INTEGER) > 3", "row_number() OVER () = 1", "true",
    "count(*) OVER () > 1", "lag(deal_id) OVER (ORDER BY deal_id)", "sum(amount::INT)", "(SELECT 1)", "NULL", "''",
    "1", "read_text('/etc/passwd')", "getenv('HOME')", "random() > 0.5", "now()", "error('x')", "unnest([1, 2])",
    "range(3)", "1; DROP TABLE x", "1) FROM x --", "$1", "?", "repeat('a', 1000)", "[x for x in [1]]",
    "COLUMNS('.*')", "*", "--", "CASE", "deal_id IN (SELECT 1)", "list_transform([1], lambda x: x)",
    "current_setting('threads')", "chr(0)", "nextval('s')", "'a' || chr(0)", "INTERVAL '1' YEAR", "{'a': 1}",
    "[1, NULL]", "regexp_matches(deal_id, '(')", "1::DECIMAL(38,0) * 1e30", "99999999999999999999", "_row > 1",
    "_file", "_part", "c0", "x0", "deal_id::STRUCT(a INT)", "current_date", "uuid()", "version()", "'\\'",
    "\"no such\"", "deal_id COLLATE NOCASE", "lower(status)", "1 = 1 --", "/* x */ 1",
    "unnest(string_split(deal_id, ''))", "DATE '2024-01-01'", "'2024-01-01'", "TIMESTAMPTZ '2024-01-01'",
    "struct_pack(a := 1)", "x -> x", "''::BLOB", "deal_id.a", "deals.deal_id", "first(deal_id)", "avg(1) OVER (d)",
    "('a')", "row_number() OVER (ORDER BY random())", "exists(SELECT 1)", "try(1/0)", "'é'", "generate_series(1, 2)",
    "''" * 20, "string_agg(deal_id, ',')", "count(*)", "list(deal_id)", "nullif(status, 'open')", "concat_ws(',', *)",
    "1 IN (1, 2)",
]  # fmt: skip
FORMATS = [
    "%d/%m/%Y", "%m/%d/%Y", "%Y", "%", "%%", "%q", "%Y-%m-%d %z", "%s", "%-d", "x", "", "%Y" * 50, "%g", "%Z", "%n",
]  # fmt: skip
EXAMPLES = ["1,234.56", "1.234,56 €", "$1,234.56", "12.5%", "1", "", "x", "1.234", "1 234,5", "1'234.5", "(5)", "-1,5",
    "1..2", "5 5", "[1,234.5", "1\\2", "^1,5", "%1", "1,234.56-", ")1,5(", "a1b2", "١,٥", "1,5" * 9]  # fmt: skip
ENCODINGS = [
    "utf-8", "gb18030", "utf-16", "latin-1", "cp1252", "utf-7", "rot13", "hex", "base64", "punycode", "idna", "zip",
    "undefined", "utf_8_sig", "mbcs", "unicode_escape", "raw_unicode_escape", "no", "cp037", "\u00e9", "utf-32",
    "a\x00",
]  # fmt: skip
HOSTILE = [
    b"", b"\n", b"---\n", b"a", b"- a\n- b\n", b"[]", b"{}", b"~", b"null", b"tables:", b"tables: []",
    b"tables: {deals: []}", b"tables: {deals: [[]]}", b"tables: {deals: [null, ~]}", b"a: &a [*a]\n",
    b"tables: &t {deals: *t}\n", b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\ntables: *c\n",
    b"tables: {deals: {file: &f [*f]}}", b"{" * 3000, b"[" * 20000, b"tables: " + b"{deals: " * 2000,
    b"a: " + b"[" * 900 + b"]" * 900, b"\ttables: 1\n", b"tables:\n\tdeals: 1\n",
    b"tables: {deals: {}}\ntables: {}\n", b"!!python/object/apply:os.system ['true']\n", b"tables: !!set {a}\n",
    b"tables: !!binary aGk=\n", b"tables: !!int x\n", b"tables: !x {deals: !y {}}\n", b"%YAML 9.9\n---\na\n",
    b"---\na: 1\n---\nb: 2\n", b"? [a]\n: b\n", b"? {a: b}\n: c\n", b"<<: {timezone: UTC}\n", b"a: 1\n<<: *x\n",
    b"\xff\xfe", b"\xef\xbb\xbftimezone: UTC\n", b"timezone: \x00\n", b"timezone: \xed\xa0\x80\n",
    b"timezone: 'UTC\n", b'timezone: "\\x00"\n', b'timezone: "\\ud800"\n', b'currency: "\\ud800"\n',
    b'tables: {deals: {columns: {amount: "\\ud800"}}}', b'tables: {deals: {file: "\\0"}}',
    b'tables: {deals: {values: {status: {"\\0": open}}}}', b"timezone: [UTC]\n", b"currency: {a: b}\n",
    b"currency: 1e999\n", b"tables: {deals: {file: ../../etc/passwd}}", b"tables: {deals: {file: /etc/passwd}}",
    b"tables: {deals: {file: /dev/null}}", b"tables: {deals: {file: '**/*'}}", b"tables: {deals: {file: '['}}",
    b"tables: {deals: {file: ''}}", b"tables: {deals: {file: '*'}}", b"tables: {deals: {file: /tmp/*}}",
    b"tables: {deals: {file: '**'}}", b"tables: {deals: {file: .}}", b"tables: {deals: {file: '~'}}",
    b"tables: {deals: {file: 'a**b'}}", b"tables: {deals: {file: " + b"x" * 5000 + b"}}", b"tables: {Deals: {}}",
    b"tables: {deal: {}}", b"tables: {deals: {where: ''}}", b"tables: {deals: {compute: {amount: ''}}}",
    b"tables: {deals: {columns: {amount: ''}}}", b"tables: {deals: {values: {status: [a]}}}",
    b"tables: {deals: {values: {status: {a: [b]}}}}", b"timezone: ../../etc/passwd\n",
    b'tables: {deals: {attributes: {"\\0": current}}}', b"tables: {deals: {attributes: {'': current, ' ': current}}}",
    b"tables: {deals: {attributes: {a: {column: deal_id}}}}",
    b"tables: {deals: {where: \"" + b"(" * 3000 + b"1" + b")" * 3000 + b"\"}}",
    b"tables: {deals: {where: \"" + b"NOT " * 20000 + b"true\"}}", b'tables: {deals: {where: "a\\0b"}}',
    b'tables: {deals: {where: "\\ud83d"}}', b"tables: {deals: {known: {amount: never}}}",
    b"tables: {deals: {known: {amount: }}}", b"tables: {deals: {file: [deals.csv, deals.csv]}}",
    b"tables: {deals: [{file: deals.csv}, {file: deals.csv}]}",
    b"tables: {customers: {file: deals.csv, columns: {customer_id: deal_id}}}", b"x: " + b"y" * 300_000,
    b"tables: {deals: {sheet: 'no'}}", b"tables: {deals: {numbers: {amount: }}}",
    b"tables: {deals: {dates: {created_at: }}}",
]  # fmt: skip


@st.composite
def mappings(draw: st.DrawFn, sheets: list[tuple[Sheet, str]]) -> bytes:
    """A mapping for these sheets and the files that hold them."""
    if one_in(draw, 6):
        return draw(st.sampled_from(HOSTILE)) if not one_in(draw, 8) else draw(st.binary(max_size=60))
    document: dict[str, object] = {}
    if one_in(draw, 2):
        document["timezone"] = draw(st.sampled_from(ZONES[:5] if not one_in(draw, 6) else ZONES))
    if one_in(draw, 2):
        document["currency"] = draw(st.sampled_from(CURRENCIES[:4] if not one_in(draw, 6) else CURRENCIES))
    tables: dict[str, object] = {}
    for sheet, file in sheets:
        if not one_in(draw, 3):
            tables[sheet.table] = draw(_sources(sheet, file))
    if tables or one_in(draw, 3):
        document["tables"] = tables
    if one_in(draw, 12):
        document = _spoiled(draw, document)
    written = yaml.safe_dump(document, allow_unicode=draw(st.booleans()), sort_keys=False).encode("utf-8", "replace")
    return draw(altered(written)) if one_in(draw, 10) else written


def _spoiled(draw: st.DrawFn, document: dict[str, object]) -> dict[str, object]:
    """The document with one of its parts replaced by one of another shape."""
    spoiled = dict(document)
    wrong = draw(st.sampled_from(["x", 1, None, [], {}, [[]], {"a": "b"}, True, 2**80, float("nan"), ""]))
    place = draw(st.sampled_from([*spoiled, "tables", "Tables", "", "timezone"]))
    inner = spoiled.get(place)
    if isinstance(inner, dict) and inner and one_in(draw, 2):
        spoiled[place] = _spoiled(draw, inner)
    else:
        spoiled[place] = wrong
    return spoiled


@st.composite
def _sources(draw: st.DrawFn, sheet: Sheet, file: str) -> dict[str, object]:
    """What a mapping says of one table."""
    table = TABLES[sheet.table]
    headers = (
        st.sampled_from([*sheet.header, *(["No Such"] if one_in(draw, 15) else [])]) if sheet.header else st.just("a")
    )
    names = st.sampled_from(table.names)
    own = [header for header in sheet.header if table.column(header.lower()) is None]
    found: dict[str, object] = {}
    if not one_in(draw, 3):
        found["file"] = (
            file if not one_in(draw, 12) else draw(st.sampled_from([[file], "*.csv", f"./{file}", "no.csv"]))
        )
    if one_in(draw, 6):
        found["columns"] = draw(st.dictionaries(names, headers, max_size=2))
    if one_in(draw, 5):
        old, new = (
            st.sampled_from(["open", "d1", "Unknown", "OPEN", "", "1"]),
            st.sampled_from(["won", None, "", "x", "open"]),
        )
        found["values"] = draw(st.dictionaries(st.one_of(names, st.sampled_from(own)) if own else names,
                                               st.dictionaries(old, new, max_size=3), max_size=2))  # fmt: skip
    if one_in(draw, 5):
        found["known"] = draw(st.dictionaries(names, st.sampled_from([*map(str, Known)]), max_size=3))
    if one_in(draw, 3) and own:
        moments = st.sampled_from([*map(str, Known), None])
        found["attributes"] = draw(
            st.dictionaries(
                st.one_of(
                    st.sampled_from(own), st.sampled_from(["extra", "a b", 'q"', "é", "recorded_at2", "deal_id"])
                ),
                st.one_of(moments, st.fixed_dictionaries({"column": headers, "known": st.just("at_creation")})),
                max_size=3,
            )
        )
    if one_in(draw, 10):
        found["encoding"] = draw(st.sampled_from(ENCODINGS))
    if one_in(draw, 20):
        found["sheet"] = draw(st.sampled_from(["Sheet", "other", "chart", ""]))
    if one_in(draw, 8):
        dated = [c.name for c in table.columns if c.kind in (Kind.MOMENT, Kind.DAY)]
        found["dates"] = draw(st.dictionaries(st.sampled_from(dated), st.sampled_from(FORMATS), max_size=2))
    if one_in(draw, 8):
        numbered = [c.name for c in table.columns if c.kind in (Kind.MONEY, Kind.NUMBER, Kind.INTEGER, Kind.SHARE)]
        found["numbers"] = draw(
            st.dictionaries(st.sampled_from(numbered or ["x"]), st.sampled_from(EXAMPLES), max_size=2)
        )
    if one_in(draw, 6):
        found["complete"] = draw(st.sampled_from([True, True, True, "yes", False, "perhaps", []]))
    if one_in(draw, 6):
        found["where"] = draw(st.sampled_from(EXPRESSIONS))
    if one_in(draw, 6):
        found["compute"] = draw(st.dictionaries(names, st.sampled_from(EXPRESSIONS), max_size=2))
    return found
