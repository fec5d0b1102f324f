"""What may each role do, and how far does it see unless told otherwise?"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from serving.access.keys import Scope
from serving.access.reach import Kind, Reach, reach
from serving.problems.access_errors import NoSuchRole, ScopeNeedsAll


class Role(StrEnum):
    """What a user is in the company."""

    ADMIN = "admin"
    """Runs the installation: keys, users, secrets, everything."""
    MANAGER = "manager"
    """Leads a team: scores, records, plans and overrides of the team and the teams below."""
    SELLER = "seller"
    """Sells: scores, records and follow-ups of his own deals."""
    INTEGRATION = "integration"
    """A program that signs in: sends rows, asks for scores, reads, plans."""
    SCIENTIST = "scientist"
    """Judges the models: scores and records of everyone, and changes nothing."""


@dataclass(frozen=True)
class Grant:
    """What comes with a role."""

    scopes: tuple[Scope, ...]
    reach: Kind
    """Where the user is given none of his own."""


GRANTS: Mapping[Role, Grant] = {
    Role.ADMIN: Grant((Scope.SCORE, Scope.INGEST, Scope.READ, Scope.PLAN, Scope.ADMIN), Kind.ALL),
    Role.MANAGER: Grant((Scope.SCORE, Scope.READ, Scope.PLAN), Kind.TEAM),
    Role.SELLER: Grant((Scope.SCORE, Scope.READ, Scope.PLAN), Kind.OWN),
    Role.INTEGRATION: Grant((Scope.SCORE, Scope.INGEST, Scope.READ, Scope.PLAN), Kind.ALL),
    Role.SCIENTIST: Grant((Scope.SCORE, Scope.READ), Kind.ALL),
}


def role(word: str) -> Role:
    """A role from a word. Raises NoSuchRole."""
    try:
        return Role(word)
    except ValueError as wrong:
        raise NoSuchRole(word[:100], ", ".join(Role)) from wrong


def reach_of(of: Role, kind: str | None, rep_id: str | None, team_id: str | None) -> Reach:
    """How far a user of this role sees: as given, or as usual for the role.

    Raises ReachNotAccepted, and ScopeNeedsAll for a role that needs everything.
    """
    found = reach(kind or GRANTS[of].reach, rep_id, team_id)
    for scope in (Scope.ADMIN, Scope.INGEST):
        if scope in GRANTS[of].scopes and not found.everything:
            raise ScopeNeedsAll(scope.value)
    return found
