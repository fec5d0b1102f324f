"""Who belonged to which team at a moment, and which teams stood above it?

Teams are a tree that is moved about. Nothing more than versions is needed for it: a team that gets another parent
is a new version of its row, and the tree of a past moment is the one on record then.
"""

from collections.abc import Mapping
from datetime import datetime

from features.history import History


def team_paths(history: History, as_of: datetime) -> dict[str, tuple[str, ...]]:
    """For each team on record before `as_of` (naive UTC), the teams above it, from the root down.

    A parent that is no team on record is left out. Teams that stand above each other in a circle are roots, each
    by itself: what a past moment had on record cannot be mended any more.
    """
    parents = dict(_pairs(history, "teams", "team_id", "parent_team_id", as_of))
    for team in _in_circles(parents):
        parents[team] = None
    paths: dict[str, tuple[str, ...]] = {}
    for team in parents:
        way = [team]
        while way[-1] not in paths and (above := parents[way[-1]]) in parents and above is not None:
            way.append(above)
        for one in reversed(way):
            up = parents[one]
            paths[one] = (*paths[up], up) if up is not None and up in parents else ()
    return paths


def teams_in_circles(history: History, as_of: datetime) -> tuple[str, ...]:
    """The teams that on record before `as_of` (naive UTC) stand, over others, above themselves; sorted."""
    return tuple(sorted(_in_circles(dict(_pairs(history, "teams", "team_id", "parent_team_id", as_of)))))


def team_of_reps(history: History, as_of: datetime) -> dict[str, str | None]:
    """The team of each rep on record before `as_of` (naive UTC), None for a rep without one."""
    return dict(_pairs(history, "reps", "rep_id", "team_id", as_of))


def _in_circles(parents: Mapping[str, str | None]) -> set[str]:
    found: set[str] = set()
    done: set[str] = set()
    for team in parents:
        way: dict[str, int] = {}
        one: str | None = team
        while one is not None and one in parents and one not in done and one not in way:
            way[one] = len(way)
            one = parents[one]
        if one in way:
            found |= {each for each, place in way.items() if place >= way[one]}
        done |= way.keys()
    return found


def _pairs(history: History, table: str, key: str, column: str, as_of: datetime) -> list[tuple[str, str | None]]:
    if table not in history.tables():
        return []
    with history.connect() as con:
        sql = f"SELECT {key}, {column} FROM ({history.sql_latest(table, as_of)}) ORDER BY {key}"
        return con.execute(sql).fetchall()
