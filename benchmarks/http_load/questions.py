"""The same question in each server's words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, float | str | None]
MANY = 1000


@dataclass(frozen=True)
class Questions:
    """Bodies for one server: `one` deal a request, or a thousand (`many`)."""

    path: str
    one: list[str]
    many: list[str]


def turning(rows: Sequence[Row], calls: int = 3) -> list[list[Row]]:
    """Lists of a thousand rows, each beginning elsewhere."""
    return [[rows[(7 * call + place) % len(rows)] for place in range(MANY)] for call in range(calls)]


def ours(rows: Sequence[Row], reasons: int) -> Questions:
    """For our service, by features."""

    def body(some: Sequence[Row]) -> str:
        return json.dumps({"deals": [{"features": row} for row in some], "reasons": reasons}, ensure_ascii=False)

    return Questions("/v1/scores/deals", [body([row]) for row in rows], [body(some) for some in turning(rows)])


def by_id(ids: Sequence[str], reasons: int) -> list[str]:
    """For our service, by id."""
    return [json.dumps({"deals": [{"deal_id": one}], "reasons": reasons}) for one in ids]


def plain(rows: Sequence[Row], reasons: int) -> Questions:
    """For the plain handler."""
    found = ours(rows, reasons)
    return Questions("/score", found.one, found.many)


def mlflow(rows: Sequence[Row]) -> Questions:
    """For MLflow's server, which knows no reasons but those its function gives."""
    names = list(rows[0])

    def body(some: Sequence[Row]) -> str:
        data = [[row[name] for name in names] for row in some]
        return json.dumps({"dataframe_split": {"columns": names, "data": data}}, ensure_ascii=False)

    return Questions("/invocations", [body([row]) for row in rows], [body(some) for some in turning(rows)])
