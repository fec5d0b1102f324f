"""What happens with customers and around them, as streams: talks, orders, complaints, contracts, sellers, products."""

from features.day_closings import with_its_closing
from features.history import History
from features.kernel import SCALE
from features.stream import ColumnKind, Stream
from features.stream_sql import by_customer, in_base_currency, local_midnight, number
from features.table_streams import described, rows, usable

RETURN = "coalesce(quantity, 1) < 0 OR amount < 0"
"""SQL of whether an order line gives something back."""


def activities(history: History) -> Stream:
    """Calls, mails, meetings and visits."""
    keys = {"deal": "deal_id", "customer": "customer_id", "rep": "rep_id", "contact": "contact_id"}
    categories = ("type", "direction", "outcome", "contact_id", "rep_id")
    found = rows(history, "activities", keys, categories, ("duration_minutes",))
    if "deal" in found.keys and "deals" in history.tables():
        moved = with_its_closing(history, f"SELECT *, key_deal AS deal_id FROM ({found.sql})")
        found = Stream(f"SELECT * EXCLUDE (deal_id) FROM ({moved})", found.keys, found.columns)
    if "contact" not in found.keys or not usable(history, "contacts", "is_decision_maker"):
        return found
    people = rows(history, "contacts", {"contact": "contact_id"}, (), ("is_decision_maker",))
    beside = {"with_decision_maker": ("contact", described(people, history), "is_decision_maker")}
    return Stream(found.sql, found.keys, found.columns, beside)


def orders(history: History) -> Stream:
    """Order lines, in the base currency."""
    events = by_customer(history, "orders")
    base = in_base_currency(history, events, "try_cast(amount AS DOUBLE)")
    kinds: dict[str, ColumnKind] = {"order_group": "category"}
    values = "coalesce(group_id, order_id) AS order_group"
    owners = ["customer"]
    keys = ""
    if usable(history, "orders", "amount"):
        kinds |= {"amount": "number", "kind": "category"}
        values += f", {number('base')} AS amount, CASE WHEN {RETURN} THEN 'return' ELSE 'sale' END AS kind"
    if usable(history, "orders", "quantity"):
        kinds["quantity"] = "number"
        values += f", {number('quantity')} AS quantity"
    if {"amount", "quantity"} <= kinds.keys():
        kinds["unit_price"] = "number"
        values += f", {number('base / nullif(quantity, 0)')} AS unit_price"
    for owner, column in (("product", "product_id"), ("rep", "rep_id")):
        if usable(history, "orders", column):
            kinds[column] = "category"
            values += f", {column}"
            owners.append(owner)
            keys += f"{column} AS key_{owner}, "
    owners.append("everyone")
    sql = f"SELECT key_customer, 'all' AS key_everyone, {keys}known, happened, retired, tie, {values} FROM ({base})"
    return Stream(sql, tuple(owners), kinds)


def purchases(history: History) -> Stream:
    """Orders as a customer makes them: the lines of one are one purchase, known with its first line; no returns."""
    lines = (
        f"SELECT key_customer, coalesce(group_id, order_id) AS bought, known, happened, retired "
        f"FROM ({by_customer(history, 'orders')}) WHERE NOT ({RETURN}) AND (retired IS NULL OR retired > known)"
    )
    turns = (
        f"SELECT key_customer, bought, known AS moment, 1 AS turn, happened FROM ({lines}) UNION ALL "
        f"SELECT key_customer, bought, retired, -1, NULL FROM ({lines}) WHERE retired IS NOT NULL"
    )
    standing = (
        "SELECT *, sum(turn) OVER w AS lines, sum(turn) OVER w - turn AS before FROM ("
        "SELECT key_customer, bought, moment, sum(turn) AS turn, min(happened) AS happened "
        f"FROM ({turns}) GROUP BY ALL) "
        "WINDOW w AS (PARTITION BY key_customer, bought ORDER BY moment)"
    )
    sql = (
        "SELECT key_customer, 'all' AS key_everyone, moment AS known, happened, lead(moment) OVER w AS retired, "
        "bought AS tie, "
        f"lines > 0 AS stands FROM ({standing}) WHERE (lines > 0) <> (before > 0) "
        "WINDOW w AS (PARTITION BY key_customer, bought ORDER BY moment)"
    )
    return Stream(f"SELECT * EXCLUDE (stands) FROM ({sql}) WHERE stands", ("customer", "everyone"))


def tickets(history: History) -> Stream:
    """Complaints, questions and feedback."""
    return rows(history, "tickets", {"customer": "customer_id"}, ("kind", "severity"), ())


def ratings(history: History) -> Stream | None:
    """How satisfied customers said they were: known when the ticket was closed, as a verdict is given at the end."""
    if not usable(history, "tickets", "satisfaction"):
        return None
    closed = "epoch_us(closed_at)" if "closed_at" in history.columns("tickets") else "NULL::BIGINT"
    kinds: dict[str, ColumnKind] = {"satisfaction": "number"}
    kind = ""
    if usable(history, "tickets", "kind"):
        kinds["kind"] = "category"
        kind = ", kind"
    sql = (
        f"SELECT key_customer, greatest(known, {closed}) AS known, coalesce({closed}, happened) AS happened, retired, "
        f"tie, {number('satisfaction')} AS satisfaction{kind} "
        f"FROM ({by_customer(history, 'tickets')}) WHERE satisfaction IS NOT NULL"
    )
    return Stream(sql, ("customer",), kinds)


def resolutions(history: History) -> Stream | None:
    """Tickets that were closed, and how long that took."""
    if "closed_at" not in history.columns("tickets"):
        return None
    kinds: dict[str, ColumnKind] = {"days": "number"}
    kind = ""
    if usable(history, "tickets", "kind"):
        kinds["kind"] = "category"
        kind = ", kind"
    sql = (
        "SELECT key_customer, greatest(known, epoch_us(closed_at)) AS known, epoch_us(closed_at) AS happened, "
        f"retired, tie, {number('greatest(epoch_us(closed_at) - epoch_us(opened_at), 0) / 86400e6')} AS days{kind} "
        f"FROM ({by_customer(history, 'tickets')}) WHERE closed_at IS NOT NULL"
    )
    return Stream(sql, ("customer",), kinds)


def subscriptions(history: History) -> Stream:
    """Contracts that began, with their agreed end and what they bring each time."""
    base = in_base_currency(history, by_customer(history, "subscriptions"), "try_cast(recurring_amount AS DOUBLE)")
    values, kinds = _contract(history)
    if usable(history, "subscriptions", "ends_on"):
        kinds["ends_on"] = "moment"
        values += f", {local_midnight(history, 'ends_on')} AS ends_on"
    return Stream(f"SELECT key_customer, known, happened, retired, tie{values} FROM ({base})", ("customer",), kinds)


def cancellations(history: History) -> Stream | None:
    """Contracts that were cancelled."""
    return _ended(history, "cancelled_on")


def endings(history: History) -> Stream | None:
    """Contracts that are over: cancelled, or past their agreed end, whichever came first."""
    return _ended(history, "cancelled_on", "ends_on")


def _ended(history: History, *columns: str) -> Stream | None:
    columns = tuple(column for column in columns if column in history.columns("subscriptions"))
    if not columns:
        return None
    base = in_base_currency(history, by_customer(history, "subscriptions"), "try_cast(recurring_amount AS DOUBLE)")
    values, kinds = _contract(history)
    base = f"SELECT *, least({', '.join(columns)}) AS ended_on FROM ({base})"
    at = local_midnight(history, "ended_on")
    sql = (
        f"SELECT key_customer, greatest(known, {at}) AS known, {at} AS happened, retired, tie{values} "
        f"FROM ({base}) WHERE ended_on IS NOT NULL"
    )
    return Stream(sql, ("customer",), kinds)


def _contract(history: History) -> tuple[str, dict[str, ColumnKind]]:
    kinds: dict[str, ColumnKind] = {}
    values = ""
    if usable(history, "subscriptions", "recurring_amount"):
        kinds["recurring_amount"] = "number"
        values += f", {number('base')} AS recurring_amount"
    if usable(history, "subscriptions", "interval_months"):
        kinds["interval_months"] = "number"
        values += f", interval_months * {SCALE} AS interval_months"
    if usable(history, "subscriptions", "product_id"):
        kinds["product_id"] = "category"
        values += ", product_id"
    return values, kinds


def customers(history: History) -> Stream:
    """What is said of customers."""
    categories = ("industry", "segment", "size", "region", "country", "tier", "source")
    return described(rows(history, "customers", {"customer": "customer_id"}, categories, ("annual_revenue",)), history)


def contacts(history: History) -> Stream:
    """People known at customers."""
    owners = {"customer": "customer_id", "contact": "contact_id"}
    return rows(history, "contacts", owners, ("contact_id", "role"), ("is_decision_maker",))


def products(history: History) -> Stream:
    """What is said of products."""
    told = rows(history, "products", {"product": "product_id"}, ("family", "currency"), ("list_price",))
    found = described(told, history)
    if not {"currency", "list_price"} <= found.columns.keys():
        return found
    base = in_base_currency(history, found.sql, "list_price::DOUBLE / 10000")
    sql = f"SELECT * EXCLUDE (base) REPLACE ({number('base')} AS list_price) FROM ({base})"
    return Stream(sql, found.keys, found.columns)


def reps(history: History) -> Stream:
    """What is said of sellers."""
    found = rows(history, "reps", {"rep": "rep_id"}, ("team_id", "region"), ("weekly_hours",))
    if not usable(history, "reps", "hired_on"):
        return described(found, history)
    hired = f"{local_midnight(history, 'hired_on')} AS hired_on"
    sql = found.sql.replace("SELECT ", f"SELECT {hired}, ", 1)
    return described(Stream(sql, found.keys, {**found.columns, "hired_on": "moment"}), history)
