"""Is everything there that was accepted? What callers were told is kept, against the database and the history."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from benchmarks.fault_trials.steady_load import SteadyLoad
from features.history import History
from serving.access.keys import list_keys
from serving.store.event_tables import AcceptedEvent
from serving.store.opening import open_store


@dataclass(frozen=True)
class Kept:
    """Events and keys: told they are kept, and found; `twice` are events found more than once."""

    events_accepted: int
    events_in_database: int
    events_lost: int
    events_twice: int
    keys_made: int
    keys_lost: int

    @property
    def lost(self) -> int:
        """All that was lost."""
        return self.events_lost + self.keys_lost


def in_database(address: str, load: SteadyLoad) -> Kept:
    """What the database has of what a load was told is kept."""
    # What is told from now on may not be read below.
    accepted, keys = set(load.accepted), set(load.keys)
    store = open_store(address)
    try:
        with store.session() as session:
            rows = session.scalars(select(AcceptedEvent.row).where(AcceptedEvent.table_name == "activities"))
            found = Counter(str(json.loads(row)["activity_id"]) for row in rows)
        made = {key.key_id for key in list_keys(store)}
    finally:
        store.close()
    return Kept(
        len(accepted),
        sum(1 for name in accepted if found[name]),
        sum(1 for name in accepted if not found[name]),
        sum(1 for name in accepted if found[name] > 1),
        len(keys),
        len(keys - made),
    )


def in_history(home: Path, load: SteadyLoad) -> tuple[int, int]:
    """How many accepted events the history has, and how many of them more than once."""
    history = History.existing(home)
    with history.connect() as connection:
        rows = connection.execute(
            f"SELECT activity_id, count(*) FROM ({history.sql_versions('activities')}) GROUP BY activity_id"
        ).fetchall()
    found = dict(rows)
    accepted = set(load.accepted)
    return sum(1 for name in accepted if name in found), sum(1 for name in accepted if found.get(name, 0) > 1)
