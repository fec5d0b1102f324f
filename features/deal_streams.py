"""What happens to deals, as streams: they begin, change, move, close, open again, and are somebody's load."""

from features.contracts import Known
from features.history import History
from features.kernel import SCALE
from features.owners import OF_DEAL
from features.quoting import name
from features.stream import ColumnKind, Stream, merges_on_record
from features.stream_sql import (
    change_events,
    first_told,
    in_base_currency,
    known_since,
    lives,
    local_midnight,
    merges,
    number,
    status_events,
    times,
    unmerged,
)
from features.table_streams import described, rows, usable, usable_attributes


def deals(history: History) -> Stream:
    """What a deal says of itself; it counts from its latest version on, however old the deal."""
    categories = ("customer_id", "product_id", "pipeline", "source", "type", "currency")
    found = described(rows(history, "deals", {"deal": "deal_id"}, categories, ("crm_probability",)), history)
    if "customer_id" not in found.columns or not merges_on_record(history):
        return found
    # A deal of a customer who was merged belongs to the one that remains, from when that was known until it was not so.
    sql = (
        f"WITH base AS (SELECT *, lead(known) OVER (PARTITION BY key_deal ORDER BY known) AS following "
        f"FROM ({found.sql})), whose AS (SELECT customer_id, customer_id AS remains, since AS at, until "
        f"FROM ({unmerged(history)}) UNION ALL SELECT gone, remains, merges.at, until FROM ({merges(history)}) merges) "
        "SELECT b.* EXCLUDE (following) REPLACE (coalesce(m.remains, b.customer_id) AS customer_id, "
        "greatest(b.known, m.at) AS known, greatest(b.happened, m.at) AS happened) FROM base b "
        "LEFT JOIN whose m ON m.customer_id = b.customer_id "
        "WHERE coalesce(m.until > b.known, true) AND coalesce(b.following > m.at, true)"
    )
    return Stream(sql, found.keys, found.columns)


def _keys(history: History) -> dict[str, str]:
    """Whose a deal is by what it says of itself: key and column."""
    held = {"customer": "customer_id", "product": "product_id"} | {c: c for c in OF_DEAL}
    held |= {a: a for a in usable_attributes(history, "deals")}
    attributes = usable_attributes(history, "deals")
    return {key: column for key, column in held.items() if column in attributes or usable(history, "deals", column)}


def creations(history: History) -> Stream:
    """Deals beginning to be on record, for all who have them; taken back when a deal is deleted."""
    owners = {"deal": "deal_id"} | _keys(history)
    if usable(history, "deals", "rep_id"):
        owners["rep"] = "rep_id"
    keys = ", ".join(f"{name(column)} AS {name(f'key_{owner}')}" for owner, column in owners.items())
    chosen = f"{keys}, 'all' AS key_everyone, {', '.join(times('deals'))}, ends, deal_id AS tie"
    sql = f"SELECT {chosen} FROM ({lives(history)})"
    sql = f"SELECT * EXCLUDE (ends) REPLACE (ends AS retired) FROM ({sql})"
    return Stream(sql, (*owners, "everyone"))


def stage_changes(history: History) -> Stream | None:
    """Stages a deal was put in, with their place in the pipeline as known then."""
    events = change_events(history, "stage")
    if events is None:
        return None
    chosen = {"stage": "new_value", "position": number("place")}
    return _changes(_placed(history, events), chosen, {"stage": "category", "position": "number"})


def _placed(history: History, events: str) -> str:
    """Stage changes with the stage's `place` as known then: in the deal's pipeline, else in the first known."""
    if "stages" not in history.tables():
        return f"SELECT *, NULL::BIGINT AS place FROM ({events})"
    pipeline = "pipeline" if usable(history, "deals", "pipeline") else "NULL::VARCHAR AS pipeline"
    return (
        f"WITH stages AS (SELECT pipeline, stage, position, {known_since('stages')} AS since "
        f"FROM ({history.sql_versions('stages')}) WHERE version = 0), "
        f"deals AS (SELECT deal_id, {pipeline}, since FROM ({first_told(history)})), "
        "pipelines AS (SELECT pipeline, min(since) AS since FROM stages GROUP BY pipeline), "
        "anywhere AS (SELECT stage, min({'since': since, 'place': position}) AS earliest FROM stages GROUP BY stage) "
        "SELECT e.*, CASE WHEN p.since <= e.known THEN CASE WHEN s.since <= e.known THEN s.position END "
        "WHEN a.earliest.since <= e.known THEN a.earliest.place END AS place "
        f"FROM ({events}) e LEFT JOIN deals d ON d.deal_id = e.deal_id AND d.since <= e.known "
        "LEFT JOIN pipelines p ON p.pipeline = d.pipeline "
        "LEFT JOIN stages s ON s.pipeline = d.pipeline AND s.stage = e.new_value "
        "LEFT JOIN anywhere a ON a.stage = e.new_value"
    )


def amount_changes(history: History) -> Stream | None:
    """Amounts written down for a deal, in the base currency."""
    events = change_events(history, "amount")
    if events is None:
        return None
    events = in_base_currency(history, events, "try_cast(new_value AS DOUBLE)")
    return _changes(events, {"amount": number("base")}, {"amount": "number"})


def close_date_changes(history: History) -> Stream | None:
    """Days on which a deal was expected to close."""
    events = change_events(history, "expected_close_on")
    if events is None:
        return None
    events = f"SELECT *, try_cast(left(new_value, 10) AS DATE) AS day FROM ({events})"
    return _changes(events, {"expected_close_on": local_midnight(history, "day")}, {"expected_close_on": "moment"})


def owner_changes(history: History) -> Stream | None:
    """Sellers a deal was given to."""
    events = change_events(history, "rep_id")
    return None if events is None else _changes(events, {"rep_id": "new_value"}, {"rep_id": "category"})


def category_changes(history: History) -> Stream | None:
    """Forecast categories a deal was given."""
    events = change_events(history, "forecast_category")
    if events is None:
        return None
    return _changes(events, {"forecast_category": "new_value"}, {"forecast_category": "category"})


def _changes(events: str, chosen: dict[str, str], columns: dict[str, ColumnKind]) -> Stream:
    values = ", ".join(f"{expression} AS {column}" for column, expression in chosen.items())
    sql = (
        f"SELECT deal_id AS key_deal, known, happened, NULL::BIGINT AS retired, new_value AS tie, {values} "
        f"FROM ({events})"
    )
    return Stream(sql, ("deal",), columns)


def states(history: History) -> Stream:
    """What was known of a deal's status; the last that was learned stands, whatever day it speaks of."""
    sql = (
        "SELECT deal_id AS key_deal, known, known AS happened, NULL::BIGINT AS retired, "
        f"row_number() OVER (ORDER BY happened, status) AS tie, status FROM ({status_events(history)})"
    )
    return Stream(sql, ("deal",), {"status": "category"})


def _closings(history: History) -> str:
    """SELECT of each closing, retired when the deal was opened again, closed otherwise, or deleted.

    A deal that came again after it was deleted has its closing again. `told` is when the closing first became known.
    """
    return (
        "SELECT e.* REPLACE (greatest(e.known, l.since) AS known, least(e.retired, l.ends) AS retired) FROM ("
        f"SELECT s.*, s.known AS told, lead(s.known) OVER w AS retired FROM ({status_events(history)}) s "
        "WINDOW w AS (PARTITION BY deal_id ORDER BY known, happened, status, amount)) e "
        f"LEFT JOIN (SELECT deal_id, CASE WHEN version > 0 THEN {known_since('deals')} END AS since, ends "
        f"FROM ({lives(history)})) l ON l.deal_id = e.deal_id WHERE e.status <> 'open' "
        "AND coalesce(l.ends > e.known, true) AND coalesce(e.retired > l.since, true)"
    )


def outcomes(history: History) -> Stream:
    """Deals that closed, for those who had them; a reopened deal's outcome is taken back."""
    owners = _keys(history)
    keys = "".join(f", d.{name(column)} AS {name(f'key_{owner}')}" for owner, column in owners.items())
    first = first_told(history)
    sql = (
        f"SELECT e.* REPLACE (greatest(e.known, d.since) AS known, greatest(e.told, d.since) AS told){keys}, "
        "e.deal_id AS key_deal, 'all' AS key_everyone, e.deal_id AS tie, "
        f"CASE e.status WHEN 'won' THEN {SCALE} ELSE 0 END AS won, e.status AS outcome, "
        f"{number('(e.happened - epoch_us(d.created_at)) / 86400e6')} AS cycle_days "
        f"FROM ({_closings(history)}) e JOIN ({first}) d ON d.deal_id = e.deal_id"
    )
    columns: dict[str, ColumnKind] = {"won": "number", "outcome": "category", "cycle_days": "number"}
    amounts = change_events(history, "amount")
    if amounts is not None:
        # Not every telling of a closing has the amount and its currency: the one held then, in the deal's own.
        sql = f"SELECT o.* EXCLUDE (amount, currency), d.currency FROM ({sql}) o JOIN ({first}) d USING (deal_id)"
        sql = _holding(sql, amounts, "amount")
    if amounts is not None or history.known("deals", "amount") is Known.AT_CLOSE:
        columns["amount"] = "number"
        sql = in_base_currency(history, sql, "try_cast(amount AS DOUBLE)")
        sql = f"SELECT * REPLACE ({number('base')} AS amount) FROM ({sql})"
    held = ("rep", "rep_id"), ("stage", "stage")
    for key, field in held:
        changes = change_events(history, field)
        if changes is not None:
            owners[key] = field
            sql = _holding(sql, changes, f"key_{key}")
    return Stream(sql, (*owners, "deal", "everyone"), columns)


def _holding(outcomes: str, changes: str, column: str) -> str:
    """The outcomes with a field's value as it was known when the closing was."""
    return (
        f"SELECT o.*, h.held AS {column} FROM ({outcomes}) o "
        f"ASOF LEFT JOIN ({_held(changes)}) h ON h.deal_id = o.deal_id AND h.known <= o.told"
    )


def _held(changes: str) -> str:
    """SELECT deal_id, known, held: the value that stands from each moment at which something became known."""
    return (
        "SELECT DISTINCT deal_id, known, arg_max(new_value, {'h': happened, 'k': known, 'v': new_value}) "
        f"OVER (PARTITION BY deal_id ORDER BY known) AS held FROM ({changes})"
    )


def stage_stays(history: History) -> Stream | None:
    """How long deals stayed in each stage, told when they closed: for those who sit in the stage now."""
    changes = change_events(history, "stage")
    if changes is None:
        return None
    stays = (
        "SELECT e.deal_id, e.status, e.known, e.happened, e.retired, c.new_value AS stage, c.happened AS entered, "
        f"lead(c.happened) OVER w AS gone, row_number() OVER w AS turn FROM ({_closings(history)}) e "
        f"JOIN ({changes}) c ON c.deal_id = e.deal_id AND c.known <= e.told AND c.happened < e.happened "
        "WINDOW w AS (PARTITION BY e.deal_id, e.told, e.known, e.happened, e.status, e.amount "
        "ORDER BY c.known, c.happened, c.new_value)"
    )
    sql = (
        "SELECT stage AS key_stage, 'all' AS key_everyone, known, happened, retired, "
        "deal_id || chr(1) || lpad(turn::VARCHAR, 9, '0') AS tie, "
        f"status AS outcome, CASE status WHEN 'won' THEN {SCALE} ELSE 0 END AS won, "
        f"{number('greatest(coalesce(gone, happened) - entered, 0) / 86400e6')} AS days FROM ({stays})"
    )
    return Stream(sql, ("stage", "everyone"), {"outcome": "category", "won": "number", "days": "number"})


def openings(history: History) -> Stream:
    """Who has how many deals open: +1 when one comes to them open, -1 when it closes, is deleted or goes to another.

    `worth` is the same in money, where amounts are tracked; `born` is when the deal was created.
    """
    owners = _keys(history)
    told = [
        f"SELECT deal_id, {known_since('deals')} AS known, 2 * version AS turn, true AS there FROM ({lives(history)})",
        f"SELECT deal_id, ends AS known, 2 * version + 1 AS turn, false AS there FROM ({lives(history)}) "
        "WHERE ends IS NOT NULL",
        "SELECT deal_id, known, row_number() OVER (PARTITION BY deal_id ORDER BY known, happened, status) AS turn, "
        f"status FROM ({status_events(history)})",
    ]
    fields = ["there", "status"]
    for field in ("rep_id", "amount"):
        events = change_events(history, field)
        if events is not None and field == "amount":
            events = in_base_currency(history, events, "try_cast(new_value AS DOUBLE)")
            events = f"SELECT * REPLACE ({number('base')}::VARCHAR AS new_value) FROM ({events})"
        if events is not None:
            told.append(f"SELECT deal_id, known, 0 AS turn, held AS {field} FROM ({_held(events)})")
            fields.append(field)
            owners |= {"rep": "rep_id"} if field == "rep_id" else {}
    # What became known at one moment is one state, whatever the order in which it is told.
    at_once = ", ".join(f"arg_max({field}, turn) AS {field}" for field in fields)
    held = "".join(f", last_value({field} IGNORE NULLS) OVER w AS {field}" for field in fields)
    held += "".join(f", NULL::VARCHAR AS {field}" for field in ("rep_id", "amount") if field not in fields)
    timeline = (
        f"SELECT deal_id, known{held} FROM (SELECT deal_id, known, {at_once} "
        f"FROM ({' UNION ALL BY NAME '.join(told)}) GROUP BY deal_id, known) "
        "WINDOW w AS (PARTITION BY deal_id ORDER BY known ROWS UNBOUNDED PRECEDING)"
    )
    # One state's end and the next one's begin; between them nothing is said where nothing changed.
    states = (
        "SELECT deal_id, known, {'o': coalesce(there AND coalesce(status, 'open') = 'open', false), 'r': rep_id, "
        "'a': amount} AS now, lag(now) OVER w AS before "
        f"FROM ({timeline}) WINDOW w AS (PARTITION BY deal_id ORDER BY known) QUALIFY before IS DISTINCT FROM now"
    )
    sides = "[{'sign': -1, 's': before}, {'sign': 1, 's': now}]"
    moves = (
        f"SELECT deal_id, known, side.sign AS sign, side.s.r AS rep_id, side.s.a AS amount "
        f"FROM (SELECT deal_id, known, unnest({sides}) AS side FROM ({states})) WHERE side.s.o"
    )
    plain = {key: column for key, column in owners.items() if key != "rep"}
    keys = "".join(f", d.{name(column)} AS {name(f'key_{key}')}" for key, column in plain.items())
    sql = (
        f"SELECT m.deal_id AS key_deal, 'all' AS key_everyone, m.rep_id AS key_rep{keys}, m.known, "
        f"m.known AS happened, NULL::BIGINT AS retired, "
        f"CASE WHEN m.sign < 0 THEN m.deal_id ELSE m.deal_id || chr(1) END AS tie, m.sign * {SCALE} AS delta, "
        "m.sign * try_cast(m.amount AS BIGINT) AS worth, epoch_us(d.created_at) AS born "
        f"FROM ({moves}) m JOIN ({first_told(history)}) d ON d.deal_id = m.deal_id"
    )
    columns: dict[str, ColumnKind] = {"delta": "number", "born": "moment"}
    if change_events(history, "amount") is not None:
        columns["worth"] = "number"
    return Stream(sql, (*owners, "deal", "everyone"), columns)
