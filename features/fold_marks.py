"""Which entries of a history's log brought events that were told one by one, and up to which event?

The origin of such an entry names the sequence of events, the position of its last one, and a stamp of that one: so
the log itself says what it has, whatever became of the database that held the events.
"""

from collections.abc import Iterable
from typing import NamedTuple

from features.ledger import Entry

ORIGIN = "events"


class Mark(NamedTuple):
    """Up to which event: the name of the sequence, the position, and what tells this event from another there."""

    name: str
    last: int
    stamp: str

    @property
    def origin(self) -> str:
        """What the entry says of where it is from.

        >>> Mark("9f3a", 12, "77ab").origin
        'events 9f3a 12 77ab'
        """
        return f"{ORIGIN} {self.name} {self.last} {self.stamp}"


def mark_of(entry: Entry) -> Mark | None:
    """The mark of an entry that folded events; None for any other delivery."""
    word, _, rest = entry.origin.partition(" ")
    parts = rest.split(" ")
    if word != ORIGIN or len(parts) != 3 or not parts[1].isdigit():
        return None
    return Mark(parts[0], int(parts[1]), parts[2])


def latest_mark(entries: Iterable[Entry], name: str) -> tuple[Mark, int] | None:
    """The farthest mark of a sequence and the number of its entry; None where nothing of it was folded."""
    found: tuple[Mark, int] | None = None
    for entry in entries:
        mark = mark_of(entry)
        if mark is not None and mark.name == name and (found is None or mark.last >= found[0].last):
            found = (mark, entry.number)
    return found
