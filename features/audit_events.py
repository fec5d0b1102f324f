"""Are rows of other tables on record before a deal's end that only its end can have brought about?

An activity, order or ticket that is written down after a deal was won and dated back into its life gives the
outcome away by being there. It shows in what is there halfway through the deals' lives.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import pyarrow as pa

from features.as_of import micros
from features.audit_columns import Deals
from features.audit_report import Finding
from features.audit_words import tell
from features.contracts import ATTRIBUTE_PREFIX, TABLES, Kind, Known
from features.history import History
from features.leak_moments import DAY, HALFWAY, Look, presence, times_likelier
from features.leak_rules import FEWEST_OF_AN_OUTCOME
from features.leak_tests import Flags
from features.quoting import name
from features.stream_sql import known_since

MOST_KINDS = 60
"""Different values of a column from which on it says no kind of event."""
BRINGS = ("orders", "subscriptions")
"""Tables whose rows a win brings about: they have no business before it."""
BEFORE_TIMES, BEFORE_COVERS = 10.0, 0.2
"""Orders of the customer in the month before the close: likelier with one outcome, on so many of its deals."""


def event_findings(history: History, deals: Deals, moments: Sequence[Look], until: datetime) -> Iterator[Finding]:
    """Rows whose being there tells the outcome, table by table and kind by kind."""
    look = next((look for look in moments if look.when == HALFWAY), None)
    if look is None:
        return
    for table in ("activities", "orders", "tickets", "contacts", "subscriptions"):
        link = _link(history, table)
        if link is None:
            continue
        whole = list(_there(history, deals, look, table, link, None, until))
        yield from whole
        if not any(finding.severity == "error" for finding in whole):
            for column in _kinds(history, table):
                yield from _there(history, deals, look, table, link, column, until)
        if (
            table in BRINGS
            and not any(finding.severity == "error" for finding in whole)
            and _of_customers(history, table)
        ):
            yield from _before_the_close(history, deals, look, table, until)


def _link(history: History, table: str) -> str | None:
    """The column by which a table's rows belong to deals: the deal, else its customer."""
    if table not in history.tables() or TABLES[table].happened not in history.columns(table):
        return None

    if _usable(history, table, "deal_id"):
        return "deal_id"
    return "customer_id" if _of_customers(history, table) else None


def _of_customers(history: History, table: str) -> bool:
    """Whether the rows of a deal's customer can be found."""
    return _usable(history, table, "customer_id") and _usable(history, "deals", "customer_id")


def _usable(history: History, table: str, column: str) -> bool:
    return column in history.columns(table) and history.known(table, column) is Known.AT_CREATION


def _kinds(history: History, table: str) -> list[str]:
    """The columns that say of what kind a row is, as far as they were known when it was written."""
    texts = [c.name for c in TABLES[table].columns if c.kind in (Kind.TEXT, Kind.CHOICE)]
    given = [c for c in history.columns(table) if c in texts or c.startswith(ATTRIBUTE_PREFIX)]
    return [c for c in given if history.known(table, c.removeprefix(ATTRIBUTE_PREFIX)) is Known.AT_CREATION]


def _there(
    history: History, deals: Deals, look: Look, table: str, link: str, column: str | None, until: datetime
) -> Iterator[Finding]:
    """Findings against a table (column None), or against each value of a column, at a moment of the deals' lives."""
    for kind, present in _present(history, deals, look, table, link, column, until):
        shown = "" if column is None else column.removeprefix(ATTRIBUTE_PREFIX)
        for evidence in presence(present, look, "presence-tells-outcome"):
            facts = evidence.facts | {"what": "any row" if column is None else repr(kind[:40])}
            yield replace(tell(evidence.code, table, shown, evidence.severity, facts), value=kind)


def _present(
    history: History, deals: Deals, look: Look, table: str, link: str, column: str | None, until: datetime
) -> Iterator[tuple[str, Flags]]:
    """Each kind of row, and whether each deal had one by then; the customer's rows from the deal's creation on."""
    happened = TABLES[table].happened
    kind = "''" if column is None else f"t.{name(column)}"
    own = "" if link == "deal_id" else f"AND epoch_us(t.{happened}::TIMESTAMP) >= m.created"
    with history.connect() as con:
        con.register("moments", _moments(deals, look))
        rows = con.execute(
            f"WITH asked AS ({_asked(history, link)}) SELECT DISTINCT m.place, {kind} AS kind FROM asked m JOIN "
            f"(SELECT *, {known_since(table)} AS known FROM ({history.sql_versions(table)}) WHERE version = 0) t "
            f"ON t.{link} = m.key WHERE t.known < m.at AND t.known < {micros(until)} AND {kind} IS NOT NULL {own}"
        ).fetchnumpy()
    kinds, code = np.unique(np.asarray(rows["kind"]).astype(str), return_inverse=True)
    if len(kinds) > MOST_KINDS:
        return
    place = np.asarray(rows["place"], np.int64)
    for number, value in enumerate(kinds):
        present = np.zeros(len(look), bool)
        present[place[code == number]] = True
        yield str(value), present


def _moments(deals: Deals, look: Look) -> pa.Table:
    columns = {"deal_id": pa.array(deals.ids[look.place], pa.string()), "place": np.arange(len(look)), "at": look.at}
    columns |= {"created": deals.created_at[look.place], "closed": deals.closed_at[look.place]}
    return pa.table(columns)


def _asked(history: History, link: str) -> str:
    """The moments with the key that a table's rows are found by."""
    if link == "deal_id":
        return "SELECT *, deal_id AS key FROM moments"
    return (
        "SELECT m.*, d.customer_id AS key FROM moments m JOIN "
        f"(SELECT deal_id, customer_id FROM ({history.sql_versions('deals')}) WHERE version = 0) d USING (deal_id)"
    )


def _before_the_close(history: History, deals: Deals, look: Look, table: str, until: datetime) -> Iterator[Finding]:
    """What a win brings about, dated into the month before the close: by the customer, as it does not name the deal."""
    happened = f"epoch_us(t.{TABLES[table].happened}::TIMESTAMP)"
    with history.connect() as con:
        con.register("moments", _moments(deals, look))
        rows = con.execute(
            f"WITH asked AS ({_asked(history, 'customer_id')}) SELECT DISTINCT m.place FROM asked m JOIN "
            f"(SELECT *, {known_since(table)} AS known FROM ({history.sql_versions(table)}) WHERE version = 0) t "
            f"ON t.customer_id = m.key WHERE t.known < m.closed - {DAY} AND t.known < {micros(until)} "
            f"AND {happened} >= greatest(m.created, m.closed - {30 * DAY})"
        ).fetchnumpy()
    present = np.zeros(len(look), bool)
    present[np.asarray(rows["place"], np.int64)] = True
    won, lost = look.won, ~look.won
    if present[won].sum() < FEWEST_OF_AN_OUTCOME:
        return
    times, covers = times_likelier(present, won)
    if times > BEFORE_TIMES and covers >= BEFORE_COVERS:
        facts = {"when": "in the month before the close", "what": "any row", "times": f"{times:.0f}"}
        facts |= {"won": f"{present[won].mean():.1%}", "lost": f"{present[lost].mean():.1%}"}
        yield tell("presence-tells-outcome", table, "", "error", facts)
