"""Whose is a deal or a customer now? Sellers as last recorded, whatever the features look at."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from features.arrow_columns import codes_of, integers
from features.books import NEVER
from features.contracts import DELETED
from features.history import History
from features.kept_arrays import Group, Keep
from features.names import Names
from features.packed import Packed, packed
from features.plain_rows import Row
from features.staff import Staff, read_staff

HOLDERS = ("customers", "deals", "contacts", "activities", "orders", "subscriptions", "tickets")
"""The tables whose rows speak of a customer."""


@dataclass(frozen=True)
class Held:
    """By the code of a deal or customer: the code of a seller (-1 for none) and since when (microseconds)."""

    reps: Packed
    since: Packed

    @property
    def bytes(self) -> int:
        """What the arrays take."""
        return self.reps.nbytes + self.since.nbytes


class Whose:
    """The sellers of deals and of customers' orders, the deals of customers, and the staff; told as rows come.

    A seller is who was named last: by a change of `rep_id`, or by the first or another version of the deal's row.
    """

    def __init__(self, history: History, told: Callable[[], History], keys: Callable[[str], Names], keep: Keep) -> None:
        self._history = history
        self._told = told
        self._deals, self._customers, self._reps = keys("deal"), keys("customer"), keys("rep")
        keep.group("whose/customers", self._read_customers)
        self._of_deals = self._kept(keep, "deals", sellers_of_deals_sql(history), self._deals)
        self._of_orders = self._kept(keep, "orders", sellers_of_orders_sql(history), self._customers)
        deals = keep.group("whose/customers' deals", self._read_customers_deals).arrays
        self._starts, self._codes = deals["starts"], deals["codes"]
        self._deals_now: dict[str, tuple[str | None, int]] = {}
        self._orders_now: dict[str, tuple[str | None, int]] = {}
        self._came: dict[str, set[str]] = {}
        self._named: set[str] = set()
        self._unclear: set[str] = set()
        self._orders_unclear = False
        self._staff: Staff | None = None

    def _read(self, sql: str | None, keys: Names) -> Held:
        if sql is None:
            return Held(np.empty(0, np.int32), np.empty(0, np.int64))
        with self._history.connect() as con:
            found = con.sql(sql).to_arrow_table()
        codes = np.array([keys.add(name) for name in found["id"].to_pylist()], np.int64)
        places, texts = codes_of(found["rep_id"])
        named = np.array([self._reps.add(name) for name in texts.to_pylist()] or [-1], np.int64)
        reps = np.full(len(keys), -1, np.int64)
        reps[codes] = np.where(places < 0, -1, named[np.maximum(places, 0)])
        since = np.full(len(keys), NEVER, np.int64)
        since[codes] = integers(found["since"])
        return Held(packed(reps, is_text=True), since)

    def _kept(self, keep: Keep, whose: str, sql: str | None, keys: Names) -> Held:
        def make() -> Group:
            held = self._read(sql, keys)
            return Group({"reps": held.reps, "since": held.since})

        found = keep.group(f"whose/{whose}", make).arrays
        return Held(found["reps"], found["since"])

    def _read_customers(self) -> Group:
        """Give every customer a number."""
        with self._history.connect() as con:
            for sql in _customers_named(self._history):
                for name in con.sql(sql).to_arrow_table()["id"].to_pylist():
                    self._customers.add(name)
        return Group()

    def _read_customers_deals(self) -> Group:
        """The deals of each customer: codes of deals, customer by customer, and where each customer's begin."""
        if "deals" not in self._history.tables() or "customer_id" not in self._history.columns("deals"):
            return Group({"starts": np.zeros(1, np.int32), "codes": np.empty(0, np.int32)})
        latest = self._history.sql_latest("deals")
        with self._history.connect() as con:
            sql = f"SELECT deal_id, customer_id FROM ({latest}) WHERE customer_id IS NOT NULL"
            found = con.sql(sql).to_arrow_table()
        deals = np.array([self._deals.add(name) for name in found["deal_id"].to_pylist()], np.int32)
        customers = np.array([self._customers.add(name) for name in found["customer_id"].to_pylist()], np.int64)
        order = np.argsort(customers, kind="stable")
        starts = np.searchsorted(customers[order], np.arange(len(self._customers) + 1))
        return Group({"starts": starts.astype(np.int32), "codes": deals[order]})

    def rep_of(self, deal: str) -> str | None:
        """The seller of a deal; None where none was ever named."""
        if deal in self._unclear:
            self._unclear.discard(deal)
            self._deals_now[deal] = self._asked(sellers_of_deals_sql(self._told(), deal))
        return self._held(self._deals_now, self._of_deals, self._deals, deal)[0]

    def rep_of_orders(self, customer: str) -> str | None:
        """The seller of a customer's latest order."""
        if self._orders_unclear:
            self._orders_unclear = False
            self._orders_now.clear()
            self._of_orders = self._read(sellers_of_orders_sql(self._told()), self._customers)
        return self._held(self._orders_now, self._of_orders, self._customers, customer)[0]

    def _held(
        self, now: dict[str, tuple[str | None, int]], held: Held, keys: Names, name: str
    ) -> tuple[str | None, int]:
        found = now.get(name)
        if found is not None:
            return found
        code = keys.code(name)
        if not 0 <= code < len(held.reps):
            return None, NEVER
        return self._reps.text(int(held.reps[code])), int(held.since[code])

    def deals_of(self, customer: str) -> set[str]:
        """Every deal that was a customer's when it was read, or named the customer since."""
        found = set(self._came.get(customer, ()))
        code = self._customers.code(customer)
        if 0 <= code < len(self._starts) - 1:
            codes = self._codes[self._starts[code] : self._starts[code + 1]].tolist()
            found.update(name for name in map(self._deals.text, codes) if name is not None)
        return found

    def has_customer(self, customer: str) -> bool:
        """Whether any row on record speaks of a customer."""
        return customer in self._named or self._customers.code(customer) >= 0

    def staff(self) -> Staff:
        """The sellers and teams now."""
        if self._staff is None:
            self._staff = read_staff(self._told())
        return self._staff

    def tell(self, table: str, row: Row, at: int, before: Row | None) -> None:
        """A row came that was on record since a moment; `before` is a deal's row as it was."""
        gone = row.get(DELETED.name) is not None
        if table in ("reps", "teams"):
            self._staff = None
        if table in HOLDERS and row.get("customer_id") is not None:
            self._named.add(str(row["customer_id"]))
        if table == "orders":
            self._order(row, gone=gone)
        elif table == "deals":
            deal = str(row["deal_id"])
            if row.get("customer_id") is not None:
                self._came.setdefault(str(row["customer_id"]), set()).add(deal)
            if gone:
                self._unclear.add(deal)
            elif "rep_id" in row and (before is None or before.get("rep_id") != row["rep_id"]):
                self._named_for(deal, row["rep_id"], at)
        elif table == "deal_changes" and row.get("field") == "rep_id":
            if gone:
                self._unclear.add(str(row["deal_id"]))
            else:
                self._named_for(str(row["deal_id"]), row.get("new_value"), int(row["changed_at"]))  # type: ignore[arg-type]

    def _named_for(self, deal: str, rep: object, since: int) -> None:
        """A seller was named for a deal; one named for a time before the last has to be looked up among all."""
        if deal in self._unclear:
            return
        held = self._held(self._deals_now, self._of_deals, self._deals, deal)
        if since <= held[1]:
            self._unclear.add(deal)
        else:
            self._deals_now[deal] = (None if rep is None else str(rep), since)

    def _order(self, row: Row, *, gone: bool) -> None:
        customer, ordered = row.get("customer_id"), row.get("ordered_at")
        if gone or customer is None or ordered is None:
            self._orders_unclear = True
            return
        held = self._held(self._orders_now, self._of_orders, self._customers, str(customer))
        if int(ordered) > held[1]:
            rep = row.get("rep_id")
            self._orders_now[str(customer)] = (None if rep is None else str(rep), int(ordered))
        else:
            self._orders_unclear = True

    def _asked(self, sql: str | None) -> tuple[str | None, int]:
        assert sql is not None
        with self._history.connect() as con:
            found = con.execute(sql).fetchone()
        return (None, NEVER) if found is None else (found[1], found[2])

    @property
    def bytes(self) -> int:
        """What the arrays take."""
        return self._of_deals.bytes + self._of_orders.bytes + self._codes.nbytes + self._starts.nbytes


def _has(history: History, table: str, column: str) -> bool:
    return table in history.tables() and column in history.columns(table)


def _customers_named(history: History) -> Iterable[str]:
    for table in HOLDERS:
        if _has(history, table, "customer_id"):
            versions = history.sql_versions(table)
            yield f"SELECT DISTINCT customer_id AS id FROM ({versions}) WHERE customer_id IS NOT NULL ORDER BY 1"


def sellers_of_deals_sql(history: History, deal: str | None = None) -> str | None:
    """SELECT id, rep_id, since: who was named last for each deal, or for one."""
    from features.quoting import text

    only = "" if deal is None else f" AND deal_id = {text(deal)}"
    told = []
    if _has(history, "deals", "rep_id"):
        told.append(
            "SELECT deal_id, rep_id, coalesce(epoch_us(version_at), "
            f"{NEVER}) AS since, version AS turn FROM ({history.sql_versions('deals')}) WHERE true{only} "
            "QUALIFY CASE WHEN version = 0 THEN rep_id IS NOT NULL "
            "ELSE rep_id IS DISTINCT FROM lag(rep_id) OVER (PARTITION BY deal_id ORDER BY version) END"
        )
    if "deal_changes" in history.tables():
        told.append(
            "SELECT deal_id, new_value AS rep_id, epoch_us(changed_at) AS since, 1e9::BIGINT AS turn "
            f"FROM ({history.sql_latest('deal_changes')}) WHERE field = 'rep_id'{only}"
        )
    if not told:
        return None
    last = "arg_max({'rep': rep_id, 'since': since}, (since, turn))"
    return (
        f"SELECT deal_id AS id, held.rep AS rep_id, held.since AS since FROM (SELECT deal_id, {last} AS held "
        f"FROM ({' UNION ALL '.join(told)}) GROUP BY deal_id)"
    )


def sellers_of_orders_sql(history: History) -> str | None:
    """SELECT id, rep_id, since: the seller of each customer's latest order."""
    if not _has(history, "orders", "rep_id"):
        return None
    last = "arg_max({'rep': rep_id, 'since': epoch_us(ordered_at)}, (ordered_at, order_id))"
    return (
        f"SELECT customer_id AS id, held.rep AS rep_id, held.since AS since FROM (SELECT customer_id, {last} AS held "
        f"FROM ({history.sql_latest('orders')}) GROUP BY customer_id)"
    )
