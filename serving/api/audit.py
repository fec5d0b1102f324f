"""The audit trail over HTTP, for administrators."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from serving.access.audit import Entry, entries
from serving.api.dependencies import Admin, Documented, Stored
from serving.moments import in_utc

router = APIRouter(prefix="/v1/audit", tags=["people"], dependencies=[Documented])

Word = Annotated[str, Query(max_length=120, pattern=r"^[^\x00]+$")]


class EntryShown(BaseModel):
    """One line of the audit trail."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    number: int
    """Its place in the trail, without gaps."""

    at: datetime
    """When it happened."""

    actor: str
    """`user:anna`, `key:abcd2345`, `command` for a command on the machine, `nobody` before signing in."""

    action: str
    """What was done, for example `key.created`."""

    subject: str
    """What it was done to."""

    detail: Mapping[str, object]
    """What else belongs to it; never a secret."""

    request_id: str | None
    """The request in which it happened, as it stands in the service's log."""

    hash: str
    """Of this line and the hash before it."""


class Trail(BaseModel):
    """A page of the audit trail."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    entries: list[EntryShown]
    """Oldest first."""

    next_after: int | None = Field(default=None)
    """Ask again with `after` set to this; null at the end."""


@router.get("")
def read_audit(
    store: Stored,
    caller: Admin,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    actor: Word | None = None,
    action: Word | None = None,
) -> Trail:
    """Who did what, oldest first. `foresell audit verify` tells whether the trail is whole."""
    with store.session() as session:
        found = entries(session, after, limit, actor, action)
    return Trail(entries=[_shown(one) for one in found], next_after=found[-1].number if len(found) == limit else None)


def _shown(entry: Entry) -> EntryShown:
    return EntryShown(**{**vars(entry), "at": in_utc(entry.at)})
