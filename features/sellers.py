"""Whose are all deals and customers now? What `features.whose` answers for one, for all of a history at once."""

from collections.abc import Mapping, Set
from datetime import datetime

from features.history import History
from features.merged import merged_customers, same_customer
from features.stream import merges_on_record
from features.whose import sellers_of_deals_sql, sellers_of_orders_sql


def sellers_of_deals(history: History) -> dict[str, str | None]:
    """The seller of each deal for which one was ever named."""
    return _read(history, sellers_of_deals_sql(history))


def sellers_of_customers(
    history: History, still_open: Set[str], of_deals: Mapping[str, str | None] | None = None
) -> dict[str, frozenset[str]]:
    """The sellers of each customer: of its open deals, of its latest deal and of its latest order.

    `of_deals` is what `sellers_of_deals` says, where that was asked already. Of a customer who was merged into another,
    what is either's counts for both: as `Memory.reps_of_customer`.
    """
    of_deals = sellers_of_deals(history) if of_deals is None else of_deals
    of_orders = _read(history, sellers_of_orders_sql(history))
    own: dict[str, set[str | None]] = {customer: {rep} for customer, rep in of_orders.items()}
    latest: dict[str, tuple[datetime, str]] = {}
    for deal, customer, created in _deals(history):
        if deal in still_open:
            own.setdefault(customer, set()).add(of_deals.get(deal))
        latest[customer] = max(latest.get(customer, (datetime.min, "")), (created or datetime.min, deal))
    merged = merged_customers(history) if "customers" in history.tables() and merges_on_record(history) else {}
    found: dict[str, frozenset[str]] = {}
    for customer in {*own, *latest, *merged}:
        same = same_customer(merged, customer) if merged else {customer}
        reps = set().union(*(own.get(one, set()) for one in same))
        last = max((latest[one] for one in same if one in latest), default=None)
        reps.add(None if last is None else of_deals.get(last[1]))
        found[customer] = frozenset(rep for rep in reps if rep is not None)
    return found


def _deals(history: History) -> list[tuple[str, str, datetime | None]]:
    """Each deal on record that names a customer, and when it was created."""
    if "deals" not in history.tables() or "customer_id" not in history.columns("deals"):
        return []
    latest = history.sql_latest("deals")
    with history.connect() as con:
        sql = f"SELECT deal_id, customer_id, created_at FROM ({latest}) WHERE customer_id IS NOT NULL"
        return con.execute(sql).fetchall()


def _read(history: History, sql: str | None) -> dict[str, str | None]:
    if sql is None:
        return {}
    with history.connect() as con:
        return {str(name): rep for name, rep, _ in con.execute(sql).fetchall()}
