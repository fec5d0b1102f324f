"""How does the event log of BPI Challenge 2012 become deals, their changes, stages and activities?

    python examples/bpic2012_to_tables.py IN_FOLDER OUT_FOLDER

IN_FOLDER holds the log, or any part of its cases, as Parquet or CSV with the columns of COLUMNS. A case is a deal:
won at its first A_APPROVED, A_REGISTERED or A_ACTIVATED, lost at its first A_DECLINED or A_CANCELLED, open without one.
What happens at that moment or later is dropped, and so are O_ACCEPTED, O_DECLINED and O_CANCELLED, which tell the
outcome before it is written down.
"""

import sys
from pathlib import Path

import pandas as pd

COLUMNS = {
    "case_concept_name": "deal_id",
    "case_AMOUNT_REQ": "amount",
    "org_resource": "resource",
    "lifecycle_transition": "step",
    "concept_name": "event",
    "time_timestamp": "at",
}
WON = ("A_APPROVED", "A_REGISTERED", "A_ACTIVATED")
LOST = ("A_DECLINED", "A_CANCELLED")
STAGES = (
    "A_SUBMITTED",
    "A_PARTLYSUBMITTED",
    "A_PREACCEPTED",
    "A_ACCEPTED",
    "A_FINALIZED",
    "O_SELECTED",
    "O_CREATED",
    "O_SENT",
    "O_SENT_BACK",
)
PIPELINE = "loan"
CALLS = "W_Nabellen"
"""Work items that begin so are calls to the customer (nabellen: to call after)."""
AUTOMATIC = "112"


def read_log(folder: Path) -> pd.DataFrame:
    """The events in their order: deal_id, amount, resource, step, event, at (UTC), number."""
    files = sorted([*folder.glob("*.parquet"), *folder.glob("*.csv")])
    if not files:
        raise SystemExit(f"no .parquet or .csv file in {folder}")
    parts = [
        pd.read_parquet(f) if f.suffix == ".parquet" else pd.read_csv(f, dtype={"org_resource": str}) for f in files
    ]
    log = pd.concat(parts, ignore_index=True)
    if missing := [column for column in COLUMNS if column not in log.columns]:
        raise SystemExit(f"the log in {folder} has no column {', '.join(missing)}")
    log = log.rename(columns=COLUMNS)
    log["number"] = log["event_no"] if "event_no" in log else log.groupby("deal_id").cumcount()
    log["deal_id"] = log["deal_id"].astype(str)
    log["at"] = pd.to_datetime(log["at"], utc=True, format="ISO8601" if log["at"].dtype == object else None)
    log["step"] = log["step"].str.upper()
    return log.sort_values(["deal_id", "at", "number"], kind="stable", ignore_index=True)


def make_deals(log: pd.DataFrame) -> pd.DataFrame:
    """One row per case. `stage` is the last one before the outcome."""
    first = log.groupby("deal_id", as_index=False).agg(created_at=("at", "first"), amount=("amount", "first"))
    outcomes = log[log["event"].isin(WON + LOST)].drop_duplicates("deal_id")
    outcomes = outcomes.assign(status=outcomes["event"].isin(WON).map({True: "won", False: "lost"}))
    deals = first.merge(outcomes[["deal_id", "status", "at"]].rename(columns={"at": "closed_at"}), how="left")
    deals["status"] = deals["status"].fillna("open")
    last = stage_events(before_outcome(log, deals)).drop_duplicates("deal_id", keep="last")
    deals = deals.merge(last[["deal_id", "event"]].rename(columns={"event": "stage"}), how="left")
    return deals.assign(pipeline=PIPELINE)


def before_outcome(log: pd.DataFrame, deals: pd.DataFrame) -> pd.DataFrame:
    """The events strictly before the outcome of their case."""
    closed = log["deal_id"].map(deals.set_index("deal_id")["closed_at"])
    return log[closed.isna() | (log["at"] < closed)]


def stage_events(events: pd.DataFrame) -> pd.DataFrame:
    """Events that are stages. Of several at the same instant the last in the log stands."""
    return events[events["event"].isin(STAGES)].drop_duplicates(["deal_id", "at"], keep="last")


def make_changes(log: pd.DataFrame, deals: pd.DataFrame) -> pd.DataFrame:
    """Every change of stage, and the change of status that closes a case."""
    stages = stage_events(before_outcome(log, deals))
    stages = stages.assign(
        field="stage", old_value=stages.groupby("deal_id")["event"].shift(), new_value=stages["event"]
    )
    closed = deals[deals["status"] != "open"]
    ends = closed.assign(field="status", old_value="open", new_value=closed["status"], at=closed["closed_at"])
    columns = ["deal_id", "field", "at", "old_value", "new_value"]
    return pd.concat([stages[columns], ends[columns]], ignore_index=True).rename(columns={"at": "changed_at"})


def make_activities(log: pd.DataFrame, deals: pd.DataFrame) -> pd.DataFrame:
    """One row per work item done or scheduled.

    A START and the COMPLETE that follows it on the same item of the same case are one activity with a duration, on
    record from the COMPLETE. Every SCHEDULE is a task of its own, also where a START follows: that none follows is
    known only later.
    """
    work = before_outcome(log, deals)
    work = work[work["event"].str.startswith("W_")].copy()
    scheduled = work[work["step"] == "SCHEDULE"].assign(outcome="scheduled", type="task", direction="internal")
    done = work[work["step"] != "SCHEDULE"].copy()
    item = done.groupby(["deal_id", "event"])
    follows = (item["step"].shift(-1) == "COMPLETE") & (done["step"] == "START")
    ends = (item["step"].shift() == "START") & (done["step"] == "COMPLETE")
    completed = item["at"].shift(-1)
    done["recorded_at"] = done["at"].where(~follows, completed)
    done["duration_minutes"] = ((completed - done["at"]).dt.total_seconds() / 60).where(follows)
    finished = follows | (done["step"] == "COMPLETE")
    done["outcome"] = pd.Series("completed", index=done.index).where(finished)
    calls = done["event"].str.startswith(CALLS)
    done["type"] = calls.map({True: "call", False: "task"})
    done["direction"] = calls.map({True: "outbound", False: "internal"})
    rows = pd.concat([done[~ends], scheduled], ignore_index=True)
    rows["activity_id"] = rows["deal_id"] + "-" + rows["number"].astype(str)
    rows["recorded_at"] = rows["recorded_at"].fillna(rows["at"])
    rows["rep_id"] = rows["resource"].where(rows["resource"] != AUTOMATIC)
    rows = rows.rename(columns={"at": "happened_at", "event": "work_item"})
    columns = ["activity_id", "deal_id", "rep_id", "type", "direction", "happened_at", "recorded_at"]
    return rows[[*columns, "duration_minutes", "outcome", "work_item"]]


def make_stages() -> pd.DataFrame:
    """The stages in their order."""
    position = range(1, len(STAGES) + 1)
    return pd.DataFrame({"pipeline": PIPELINE, "stage": STAGES, "position": position, "status": "open"})


def main() -> None:
    """Convert the log in the first folder to tables in the second."""
    if len(sys.argv) != 3:
        raise SystemExit("usage: python bpic2012_to_tables.py IN_FOLDER OUT_FOLDER")
    log = read_log(Path(sys.argv[1]))
    deals = make_deals(log)
    tables = {
        "deals": deals,
        "deal_changes": make_changes(log, deals),
        "stages": make_stages(),
        "activities": make_activities(log, deals),
    }
    target = Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_parquet(target / f"{name}.parquet", index=False)
        print(f"{name}: {len(table):,} rows")


if __name__ == "__main__":
    main()
