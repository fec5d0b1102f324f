"""Which events a feature may look at: each stream is a question to the history.

A stream's rows have `key_<owner>` columns, the moment they became known, when they happened, when they
were replaced, and values. Whatever a row says is computed only from rows known by then: a change is
compared with what was known before it, never with what a later recording put in between.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from features.contracts import ATTRIBUTE_PREFIX, TABLES, Known
from features.history import History
from features.kernel import SCALE
from features.quoting import name
from features.stream_sql import (
    by_customer,
    change_events,
    in_base_currency,
    known_since,
    local_midnight,
    number,
    status_events,
    times,
)

ColumnKind = Literal["number", "category", "moment"]


@dataclass(frozen=True)
class Stream:
    """One kind of event: its SELECT, whose events they are, what values they have.

    Columns of the SELECT: `key_<owner>` for each of `keys`, known, happened, retired (microseconds),
    tie (breaks the order of events at the same time) and the `columns`: numbers and moments as
    integers (ten-thousandths, microseconds), categories as text.
    """

    sql: str
    keys: tuple[str, ...]
    columns: dict[str, ColumnKind] = field(default_factory=dict)


def open_streams(history: History) -> dict[str, Stream]:
    """The streams that this history's tables and columns can give."""
    present = set(history.tables())
    found = {}
    for stream, (tables, build) in STREAMS.items():
        if present >= set(tables) and (built := build(history)) is not None:
            found[stream] = built
    return found


def _usable(history: History, table: str, *columns: str) -> tuple[str, ...]:
    """Those of the columns whose values are known while the row lives."""
    given = history.columns(table)
    return tuple(c for c in columns if c in given and history.known(table, c) is Known.AT_CREATION)


def _attributes(history: History, table: str) -> tuple[str, ...]:
    return tuple(a for a in history.attributes(table) if history.known(table, a) is Known.AT_CREATION)


def _rows(
    history: History, table: str, keys: dict[str, str], categories: tuple[str, ...], numbers: tuple[str, ...]
) -> Stream:
    """Every version of a table's rows, each an event when it became known."""
    categories = _usable(history, table, *categories)
    numbers = _usable(history, table, *numbers)
    attributes = [ATTRIBUTE_PREFIX + attribute for attribute in _attributes(history, table)]
    columns: dict[str, ColumnKind] = dict.fromkeys((*categories, *attributes), "category")
    columns |= dict.fromkeys((*numbers, *(f"{a}:number" for a in attributes)), "number")
    chosen = [name(c) for c in (*categories, *attributes)]
    chosen += [f"{number(name(c))} AS {name(c)}" for c in numbers]
    chosen += [f"{number(name(a))} AS {name(f'{a}:number')}" for a in attributes]
    held = {owner: column for owner, column in keys.items() if _usable(history, table, column)}
    owners = [f"{name(column)} AS key_{owner}" for owner, column in held.items()]
    tie = name(TABLES[table].key[0])
    sql = f"SELECT {', '.join((*owners, *times(table), f'{tie} AS tie', *chosen))} FROM ({history.sql_versions(table)})"
    return Stream(sql, tuple(held), columns)


def _deals(history: History) -> Stream:
    categories = ("customer_id", "product_id", "pipeline", "source", "type", "currency")
    rows = _rows(history, "deals", {"deal": "deal_id"}, categories, ("crm_probability",))
    # What a deal says of itself counts from its latest version on, however old the deal.
    return _described(rows)


def _creations(history: History) -> Stream:
    owners = {"deal": "deal_id"} | {
        owner: column
        for owner, column in {"customer": "customer_id", "rep": "rep_id", "product": "product_id"}.items()
        if _usable(history, "deals", column)
    }
    keys = ", ".join(f"{name(column)} AS key_{owner}" for owner, column in owners.items())
    sql = (
        f"SELECT {keys}, 'all' AS key_everyone, {', '.join(times('deals'))}, deal_id AS tie "
        f"FROM ({history.sql_versions('deals')}) WHERE version = 0"
    )
    return Stream(f"SELECT * REPLACE (NULL::BIGINT AS retired) FROM ({sql})", (*owners, "everyone"))


def _stages(history: History) -> Stream | None:
    events = change_events(history, "stage")
    if events is None:
        return None
    events = _placed(history, events)
    move = (
        "CASE WHEN lag(new_value) OVER w IS NULL THEN 'first' WHEN place > lag(place) OVER w THEN 'forward' "
        "WHEN place < lag(place) OVER w THEN 'back' ELSE 'aside' END"
    )
    chosen = {"stage": "new_value", "position": number("place"), "move": move}
    return _compared(events, chosen, {"stage": "category", "position": "number", "move": "category"})


def _placed(history: History, events: str) -> str:
    """Stage changes with the stage's `place` as known then: in the deal's pipeline, else in the first known."""
    if "stages" not in history.tables():
        return f"SELECT *, NULL::BIGINT AS place FROM ({events})"
    pipeline = "pipeline" if _usable(history, "deals", "pipeline") else "NULL::VARCHAR"
    return (
        f"WITH stages AS (SELECT pipeline, stage, position, {known_since('stages')} AS since "
        f"FROM ({history.sql_versions('stages')}) WHERE version = 0), "
        f"deals AS (SELECT deal_id, {pipeline} AS pipeline FROM ({history.sql_versions('deals')}) WHERE version = 0), "
        "pipelines AS (SELECT pipeline, min(since) AS since FROM stages GROUP BY pipeline), "
        "anywhere AS (SELECT stage, min({'since': since, 'place': position}) AS earliest FROM stages GROUP BY stage) "
        "SELECT e.*, CASE WHEN p.since <= e.known THEN CASE WHEN s.since <= e.known THEN s.position END "
        "WHEN a.earliest.since <= e.known THEN a.earliest.place END AS place "
        f"FROM ({events}) e LEFT JOIN deals d ON d.deal_id = e.deal_id "
        "LEFT JOIN pipelines p ON p.pipeline = d.pipeline "
        "LEFT JOIN stages s ON s.pipeline = d.pipeline AND s.stage = e.new_value "
        "LEFT JOIN anywhere a ON a.stage = e.new_value"
    )


def _amounts(history: History) -> Stream | None:
    events = change_events(history, "amount")
    if events is None:
        return None
    events = in_base_currency(history, events, "try_cast(new_value AS DOUBLE)")
    chosen = {"amount": number("base"), "change": number("base - lag(base) OVER w")}
    return _compared(events, chosen, {"amount": "number", "change": "number"})


def _close_dates(history: History) -> Stream | None:
    events = change_events(history, "expected_close_on")
    if events is None:
        return None
    events = f"SELECT *, try_cast(left(new_value, 10) AS DATE) AS day FROM ({events})"
    moved = "date_diff('day', lag(day) OVER w, day)"
    chosen = {
        "expected_close_on": local_midnight(history, "day"),
        "slip_days": number(moved),
        "slip": f"CASE WHEN {moved} > 0 THEN 'later' WHEN {moved} < 0 THEN 'earlier' END",
    }
    kinds: dict[str, ColumnKind] = {"expected_close_on": "moment", "slip_days": "number", "slip": "category"}
    return _compared(events, chosen, kinds)


def _owners(history: History) -> Stream | None:
    events = change_events(history, "rep_id")
    return None if events is None else _compared(events, {"rep_id": "new_value"}, {"rep_id": "category"})


def _categories(history: History) -> Stream | None:
    events = change_events(history, "forecast_category")
    if events is None:
        return None
    return _compared(events, {"forecast_category": "new_value"}, {"forecast_category": "category"})


def _compared(events: str, chosen: dict[str, str], columns: dict[str, ColumnKind]) -> Stream:
    """Changes of a deal, each beside the one known before it (window `w`)."""
    values = ", ".join(f"{expression} AS {column}" for column, expression in chosen.items())
    sql = (
        f"SELECT deal_id AS key_deal, known, happened, NULL::BIGINT AS retired, new_value AS tie, {values} "
        f"FROM ({events}) WINDOW w AS (PARTITION BY deal_id ORDER BY known, happened, new_value)"
    )
    return Stream(sql, ("deal",), columns)


def _outcomes(history: History) -> Stream:
    """Deals that closed, for those who had them; a reopened deal's outcome is taken back."""
    owners = {
        owner: column
        for owner, column in {"customer": "customer_id", "product": "product_id"}.items()
        if _usable(history, "deals", column)
    }
    keys = "".join(f", d.{name(column)} AS key_{owner}" for owner, column in owners.items())
    events = (
        f"SELECT e.*, lead(e.known) OVER w AS retired FROM ({status_events(history)}) e "
        "WINDOW w AS (PARTITION BY deal_id ORDER BY known, happened, status)"
    )
    first = f"SELECT * FROM ({history.sql_versions('deals')}) WHERE version = 0"
    sql = (
        f"SELECT e.*{keys}, 'all' AS key_everyone, e.deal_id AS tie, "
        f"CASE e.status WHEN 'won' THEN {SCALE} ELSE 0 END AS won, "
        f"{number('(e.happened - epoch_us(d.created_at)) / 86400e6')} AS cycle_days "
        f"FROM ({events}) e JOIN ({first}) d ON d.deal_id = e.deal_id WHERE e.status <> 'open'"
    )
    columns: dict[str, ColumnKind] = {"won": "number", "cycle_days": "number"}
    amounts = change_events(history, "amount")
    if amounts is not None:
        # Not every telling of a closing has the amount and its currency: the one held then, in the deal's own.
        sql = f"SELECT o.* EXCLUDE (amount, currency), d.currency FROM ({sql}) o JOIN ({first}) d USING (deal_id)"
        sql = _holding(sql, amounts, "amount")
    if amounts is not None or history.known("deals", "amount") is Known.AT_CLOSE:
        columns["amount"] = "number"
        sql = in_base_currency(history, sql, "try_cast(amount AS DOUBLE)")
        sql = f"SELECT * REPLACE ({number('base')} AS amount) FROM ({sql})"
    rep = change_events(history, "rep_id")
    if rep is not None:
        owners["rep"] = "rep_id"
        sql = _holding(sql, rep, "key_rep")
    return Stream(sql, (*owners, "everyone"), columns)


def _holding(outcomes: str, changes: str, column: str) -> str:
    """The outcomes with a field's value as it was known when the deal closed."""
    held = (
        "SELECT DISTINCT deal_id, known, arg_max(new_value, {'h': happened, 'k': known, 'v': new_value}) "
        f"OVER (PARTITION BY deal_id ORDER BY known) AS held FROM ({changes})"
    )
    return (
        f"SELECT o.*, h.held AS {column} FROM ({outcomes}) o "
        f"ASOF LEFT JOIN ({held}) h ON h.deal_id = o.deal_id AND h.known <= o.known"
    )


def _states(history: History) -> Stream:
    """What was known of a deal's status; the last that was learned stands, whatever day it speaks of."""
    sql = (
        "SELECT deal_id AS key_deal, known, known AS happened, NULL::BIGINT AS retired, "
        f"row_number() OVER (ORDER BY happened, status) AS tie, status FROM ({status_events(history)})"
    )
    return Stream(sql, ("deal",), {"status": "category"})


def _activities(history: History) -> Stream:
    keys = {"deal": "deal_id", "customer": "customer_id", "rep": "rep_id"}
    categories = ("type", "direction", "outcome", "contact_id", "rep_id")
    return _rows(history, "activities", keys, categories, ("duration_minutes",))


def _orders(history: History) -> Stream:
    rows = by_customer(history, "orders")
    base = in_base_currency(history, rows, "try_cast(amount AS DOUBLE)")
    kinds: dict[str, ColumnKind] = {"order_group": "category"}
    values = "coalesce(group_id, order_id) AS order_group"
    if _usable(history, "orders", "amount"):
        kinds["amount"] = "number"
        values += f", {number('base')} AS amount"
    if _usable(history, "orders", "quantity"):
        kinds["quantity"] = "number"
        values += f", {number('quantity')} AS quantity"
    if _usable(history, "orders", "product_id"):
        kinds["product_id"] = "category"
        values += ", product_id"
    return Stream(f"SELECT key_customer, known, happened, retired, tie, {values} FROM ({base})", ("customer",), kinds)


def _tickets(history: History) -> Stream:
    return _rows(history, "tickets", {"customer": "customer_id"}, ("kind", "severity"), ("satisfaction",))


def _customers(history: History) -> Stream:
    categories = ("industry", "segment", "size", "region", "country", "tier", "source")
    rows = _rows(history, "customers", {"customer": "customer_id"}, categories, ("annual_revenue",))
    return _described(rows)


def _products(history: History) -> Stream:
    return _described(_rows(history, "products", {"product": "product_id"}, ("family",), ("list_price",)))


def _reps(history: History) -> Stream:
    rows = _rows(history, "reps", {"rep": "rep_id"}, ("team_id", "region"), ("weekly_hours",))
    if not _usable(history, "reps", "hired_on"):
        return _described(rows)
    hired = f"{local_midnight(history, 'hired_on')} AS hired_on"
    sql = rows.sql.replace("SELECT ", f"SELECT {hired}, ", 1)
    return _described(Stream(sql, rows.keys, {**rows.columns, "hired_on": "moment"}))


def _described(rows: Stream) -> Stream:
    """A table that describes: the version known last stands, whatever happened when."""
    sql = (
        f"SELECT * REPLACE (known AS happened, NULL::BIGINT AS retired) FROM ({rows.sql}) "
        "WHERE retired IS NULL OR retired > known"
    )
    return Stream(sql, rows.keys, rows.columns)


def _contacts(history: History) -> Stream:
    owners = {"customer": "customer_id"}
    return _rows(history, "contacts", owners, ("contact_id", "role"), ("is_decision_maker",))


STREAMS: dict[str, tuple[tuple[str, ...], Callable[[History], Stream | None]]] = {
    "deals": (("deals",), _deals),
    "creations": (("deals",), _creations),
    "states": (("deals",), _states),
    "outcomes": (("deals",), _outcomes),
    "stage_changes": (("deals",), _stages),
    "amount_changes": (("deals",), _amounts),
    "close_date_changes": (("deals",), _close_dates),
    "owner_changes": (("deals",), _owners),
    "category_changes": (("deals",), _categories),
    "activities": (("activities",), _activities),
    "orders": (("orders",), _orders),
    "tickets": (("tickets",), _tickets),
    "customers": (("customers",), _customers),
    "contacts": (("contacts",), _contacts),
    "products": (("products",), _products),
    "reps": (("reps",), _reps),
}
