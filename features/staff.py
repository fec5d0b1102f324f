"""Who sells in which team, and which teams belong to which? The sellers and teams as last recorded."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from features.history import History


@dataclass(frozen=True)
class Staff:
    """Each seller's team and each team's parent; None for none. Empty where the history names no sellers or teams."""

    reps: Mapping[str, str | None] = field(default_factory=dict)
    teams: Mapping[str, str | None] = field(default_factory=dict)

    def below(self, team_id: str) -> frozenset[str]:
        """A team and all teams under it, whether or not they are on record themselves.

        Teams that were said to be each other's parents are all under each other.

        >>> sorted(Staff(teams={"north": None, "oslo": "north", "east": None}).below("north"))
        ['north', 'oslo']
        """
        under: dict[str, list[str]] = {}
        for team, parent in self.teams.items():
            if parent is not None:
                under.setdefault(parent, []).append(team)
        found, waiting = {team_id}, [team_id]
        while waiting:
            new = [team for team in under.get(waiting.pop(), ()) if team not in found]
            found.update(new)
            waiting += new
        return frozenset(found)

    def reps_below(self, team_id: str) -> frozenset[str]:
        """The sellers of a team and of all teams under it."""
        teams = self.below(team_id)
        return frozenset(rep for rep, team in self.reps.items() if team in teams)


def read_staff(history: History) -> Staff:
    """The sellers and teams on record, deleted ones left out."""
    return Staff(_pairs(history, "reps", "rep_id", "team_id"), _pairs(history, "teams", "team_id", "parent_team_id"))


def _pairs(history: History, table: str, key: str, column: str) -> dict[str, str | None]:
    """A column of a table by its key, as the latest versions have it."""
    if table not in history.tables():
        return {}
    with history.connect() as con:
        rows = con.execute(f"SELECT {key}, {column} FROM ({history.sql_latest(table)}) ORDER BY {key}").fetchall()
    return dict(rows)
