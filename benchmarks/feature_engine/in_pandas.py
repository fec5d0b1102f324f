"""How would a good pandas user do it? Thirty features with merge_asof, cumulative sums and group-bys.

Reads the same files at rest. Keys become integer codes once. An event counts from `known`, the later of when it
happened and when it was recorded. A window is a difference of two cumulative counts; what was recorded
later than the window is long never counts in it, so it is left out of both, and the answers are exact.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.feature_engine.in_pandas_looks import DAY, before, coded, counted, latest_so_far, window
from benchmarks.feature_engine.needed import COLUMNS, FEATURES, asked, at_rest


def features_of(home: Path, weekly: bool = False) -> pd.DataFrame:
    """The feature table at the moments of the benchmark, their order kept."""
    deals = read(home, "deals")
    changes = read(home, "deal_changes")
    moments: pd.DataFrame = pq.read_table(asked(home, weekly), read_dictionary=["deal_id"]).to_pandas()
    keys = {
        "deal": pd.Index(deals["deal_id"].astype(str)),
        "customer": pd.Index(deals["customer_id"].cat.categories),
        "rep": pd.Index(deals["rep_id"].cat.categories),
        "product": pd.Index(deals["product_id"].cat.categories),
    }
    for name in ("deal", "customer", "rep", "product"):
        deals[name] = coded(deals[f"{name}_id"], keys[name])
    changes["deal"] = coded(changes["deal_id"], keys["deal"])
    m = pd.DataFrame({"deal": coded(moments["deal_id"], keys["deal"]), "at": moments["as_of"].astype("int64")})
    of_deal = deals.set_index("deal").loc[m["deal"], ["customer", "product", "created_at"]]
    m["customer"], m["product"] = of_deal["customer"].to_numpy(), of_deal["product"].to_numpy()
    m["deal_age_days"] = (m["at"] - of_deal["created_at"].to_numpy()) / DAY

    owners = owner_changes(deals, changes, keys["rep"])
    m["rep"] = before(m, owners, "deal", ["rep"])["rep"].fillna(-1).astype("int64")
    add_amounts(m, deals, changes)
    add_stages(m, changes, read(home, "stages"))
    add_close_dates(m, deals, changes)
    add_outcomes(m, deals, owners)
    add_orders(m, read(home, "orders"), read(home, "tickets"), keys["customer"])
    add_activities(m, read(home, "activities"), keys)
    chosen: pd.DataFrame = m[list(FEATURES)]
    table: pd.DataFrame = pd.concat([moments[["deal_id", "as_of"]], chosen], axis=1)
    return table


def read(home: Path, table: str) -> pd.DataFrame:
    """The needed columns of a table: texts as categories, money as floats, times as microseconds, `known` added."""
    columns = list(COLUMNS[table])
    schema = pq.read_schema(next(at_rest(home, table).glob("*.parquet")))
    texts = [column for column in columns if schema.field(column).type == pa.string() and column != "new_value"]
    found = pq.read_table(at_rest(home, table), columns=columns, read_dictionary=texts)
    for number, column in enumerate(columns):
        if pa.types.is_decimal(found.schema.field(column).type):
            found = found.set_column(number, column, found[column].cast(pa.float64()))
    frame: pd.DataFrame = found.to_pandas()
    happened = {"activities": "happened_at", "deal_changes": "changed_at"}.get(table)
    if happened is not None:
        recorded = frame.pop("recorded_at").fillna(frame[happened])
        frame["happened"] = frame.pop(happened).astype("int64")
        frame["known"] = np.maximum(recorded.astype("int64"), frame["happened"])
    for column in ("created_at", "ordered_at", "opened_at"):
        if column in frame:
            frame[column] = frame[column].astype("int64")
    return frame


def owner_changes(deals: pd.DataFrame, changes: pd.DataFrame, reps: "pd.Index[str]") -> pd.DataFrame:
    """Who had the deal: the first seller and every later one, by when it was known."""
    later = changes.loc[changes["field"] == "rep_id", ["deal", "known", "happened", "new_value"]].copy()
    later["rep"] = reps.get_indexer(pd.Index(later.pop("new_value")))
    return latest_so_far(both(deals, later, "rep"), "deal", ["rep"])


def both(deals: pd.DataFrame, later: pd.DataFrame, column: str) -> pd.DataFrame:
    """A field's first value, known since the deal was created, and its changes, by when they were known."""
    first = deals[["deal", column]].assign(known=deals["created_at"], happened=deals["created_at"])
    return pd.concat([first, later], ignore_index=True).sort_values(["known", "happened"], ignore_index=True)


def add_amounts(m: pd.DataFrame, deals: pd.DataFrame, changes: pd.DataFrame) -> None:
    later = changes.loc[changes["field"] == "amount", ["deal", "known", "happened", "new_value"]].copy()
    later["amount"] = later.pop("new_value").astype("float64")
    events = latest_so_far(both(deals, later, "amount"), "deal", ["amount"])
    events["first"] = deals.set_index("deal")["amount"].reindex(events["deal"]).to_numpy()
    found = before(m, events, "deal", ["amount", "first"])
    m["deal_amount"] = found["amount"]
    m["deal_amount_drift"] = found["amount"] / found["first"]


def add_stages(m: pd.DataFrame, changes: pd.DataFrame, stages: pd.DataFrame) -> None:
    events = changes.loc[changes["field"] == "stage", ["deal", "known", "happened", "new_value"]]
    events = events.sort_values(["known", "happened", "new_value"], ignore_index=True)
    place = events["new_value"].map(stages.astype({"stage": "str"}).set_index("stage")["position"])
    events["back"] = (place < place.groupby(events["deal"]).shift()).astype("int64")
    events["back"] = events.groupby("deal")["back"].cumsum()
    events = latest_so_far(events, "deal", ["new_value", "happened"])
    found = before(m, events, "deal", ["new_value", "happened", "back"])
    m["deal_stage"] = found["new_value"]
    m["deal_days_in_stage"] = (m["at"] - found["happened"]) / DAY
    m["deal_steps_back"] = found["back"].fillna(0)


def add_close_dates(m: pd.DataFrame, deals: pd.DataFrame, changes: pd.DataFrame) -> None:
    later = changes.loc[changes["field"] == "expected_close_on", ["deal", "known", "happened", "new_value"]].copy()
    later["day"] = pd.to_datetime(later.pop("new_value"), format="%Y-%m-%d").astype("datetime64[us]")
    first = deals.assign(day=pd.to_datetime(deals["expected_close_on"]).astype("datetime64[us]"))
    events = both(first, later, "day")
    events["day"] = events["day"].astype("int64")
    slip = ((events["day"] - events.groupby("deal")["day"].shift()) / DAY).fillna(0)
    running = pd.DataFrame({"slips": slip > 0, "slipped": slip}).groupby(events["deal"]).cumsum()
    events = latest_so_far(events.join(running), "deal", ["day"])
    found = before(m, events, "deal", ["day", "slips", "slipped"])
    m["deal_days_to_expected_close"] = (found["day"] - m["at"]) / DAY
    m["deal_close_date_slips"] = found["slips"].fillna(0)
    m["deal_slip_days"] = found["slipped"].fillna(0)


def add_outcomes(m: pd.DataFrame, deals: pd.DataFrame, owners: pd.DataFrame) -> None:
    """How closed deals went, for the seller who had them at the close, the product and everyone."""
    closed = deals[deals["closed_at"].notna()]
    events = closed[["deal", "product"]].assign(known=closed["closed_at"].astype("int64"))
    events["won"] = (closed["status"] == "won").astype("float64")
    events["cycle"] = ((events["known"] - closed["created_at"]) / DAY).round(4)
    events = events.sort_values("known", ignore_index=True)
    events = pd.merge_asof(events, owners[["deal", "known", "rep"]], on="known", by="deal")
    everyone = before(m, counted(events, None, ["won"]), None, ["n", "won"])
    rate = everyone["won"] / everyone["n"]
    of_rep = counted(events, "rep", ["won", "cycle"])
    found = before(m, of_rep, "rep", ["n", "won", "cycle"])
    m["rep_win_rate"] = (found["won"].fillna(0) + 20 * rate) / (found["n"].fillna(0) + 20)
    m["rep_cycle_days"] = found["cycle"] / found["n"]
    of_rep["happened"] = of_rep["known"]
    m["rep_closed_deals_180d"] = window(m, of_rep, "rep", 180)
    found = before(m, counted(events, "product", ["won"]), "product", ["n", "won"])
    m["product_win_rate"] = (found["won"].fillna(0) + 20 * rate) / (found["n"].fillna(0) + 20)
    created = np.sort(deals["created_at"].to_numpy())
    m["company_new_deals_30d"] = np.searchsorted(created, m["at"]) - np.searchsorted(created, m["at"] - 30 * DAY)


def add_orders(m: pd.DataFrame, orders: pd.DataFrame, tickets: pd.DataFrame, customers: "pd.Index[str]") -> None:
    orders["customer"] = coded(orders["customer_id"], customers)
    orders["cents"] = (orders["amount"] * 10_000).round().astype("int64")
    orders = orders.rename(columns={"ordered_at": "known"}).sort_values("known", ignore_index=True)
    orders = counted(orders[orders["customer"] >= 0], "customer", ["cents"])
    now = before(m, orders, "customer", ["n", "cents"]).fillna(0)
    year = before(m, orders, "customer", ["n", "cents"], earlier=365).fillna(0)
    m["customer_orders_365d"] = now["n"] - year["n"]
    m["customer_revenue_365d"] = (now["cents"] - year["cents"]) / 10_000
    tickets["customer"] = coded(tickets["customer_id"], customers)
    complaints = tickets[(tickets["kind"] == "complaint") & (tickets["customer"] >= 0)]
    complaints = complaints.assign(known=complaints["opened_at"], happened=complaints["opened_at"])
    m["customer_complaints_180d"] = window(m, complaints.sort_values("known", ignore_index=True), "customer", 180)


def add_activities(m: pd.DataFrame, activities: pd.DataFrame, keys: "dict[str, pd.Index[str]]") -> None:
    for name in ("deal", "customer", "rep"):
        activities[name] = coded(activities.pop(f"{name}_id"), keys[name])
    activities = activities.sort_values("known", kind="stable", ignore_index=True)
    as_happened = activities[["known", "happened", "deal", "customer", "rep"]].sort_values("happened")
    m["rep_activities_30d"] = window(m, activities, "rep", 30, as_happened)
    m["customer_activities_90d"] = window(m, activities, "customer", 90, as_happened)
    m["deal_activities_7d"] = window(m, activities, "deal", 7, as_happened)
    m["deal_activities_30d"] = window(m, activities, "deal", 30, as_happened)
    del as_happened
    events = activities[activities["deal"] >= 0].reset_index(drop=True)
    del activities
    m["deal_activity_pace"] = m["deal_activities_7d"] / m["deal_activities_30d"].replace(0, np.nan)
    inbound = events["direction"] == "inbound"
    sums = {"inbound": inbound, "calls": events["type"] == "call", "minutes": events["duration_minutes"].fillna(0)}
    kinds = events["type"].cat.categories
    events = events.assign(**sums, type=events["type"].cat.codes)
    events["answered"] = events["happened"].where(inbound, -1).groupby(events["deal"]).cummax()
    events = latest_so_far(counted(events, "deal", list(sums)), "deal", ["type", "happened"])
    found = before(m, events, "deal", ["n", *sums, "type", "happened", "answered"])
    for feature, column in {"activities": "n", "inbound": "inbound", "calls": "calls", "minutes": "minutes"}.items():
        m[f"deal_{feature}"] = found[column].fillna(0)
    m["deal_inbound_share"] = found["inbound"] / found["n"]
    m["deal_days_silent"] = (m["at"] - found["happened"]) / DAY
    m["deal_days_since_inbound"] = (m["at"] - found["answered"].where(found["answered"] >= 0)) / DAY
    m["deal_last_activity"] = pd.Categorical.from_codes(found["type"].fillna(-1).astype("int64"), kinds)
