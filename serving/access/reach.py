"""How far does a caller see: his own deals, those of his team and the teams below, or all?"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from features.staff import Staff
from serving.problems.access_errors import ReachNotAccepted

LONGEST_ID = 500


class Kind(StrEnum):
    """The three widths of a reach."""

    OWN = "own"
    """Records of one rep."""
    TEAM = "team"
    """Records of the reps of a team and of every team below it."""
    ALL = "all"
    """Every record, those without an owner included."""


@dataclass(frozen=True)
class Reach:
    """What a key or a user was given: a kind, and the rep or team it starts from."""

    kind: Kind = Kind.ALL
    rep_id: str | None = None
    team_id: str | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is hidden."""
        return self.kind is Kind.ALL


ALL = Reach()
"""The reach that hides nothing."""


@dataclass(frozen=True)
class Visible:
    """A reach on the tree of reps and teams as it is now."""

    everything: bool
    reps: frozenset[str] = frozenset()

    def rep(self, rep_id: str | None) -> bool:
        """Whether records of this rep are seen; what nobody owns is seen by those who see everything."""
        return self.everything or rep_id in self.reps

    def any_of(self, reps: Iterable[str]) -> bool:
        """Whether records of at least one of these reps are seen."""
        return self.everything or not self.reps.isdisjoint(reps)


def reach(kind: str, rep_id: str | None = None, team_id: str | None = None) -> Reach:
    """A reach from words. Raises ReachNotAccepted where the word is unknown or its rep or team is missing.

    >>> reach("own", rep_id="R-2")
    Reach(kind=<Kind.OWN: 'own'>, rep_id='R-2', team_id=None)
    """
    if kind not in set(Kind):
        raise ReachNotAccepted(f"there is no reach '{kind}': it is own, team or all")
    for one in (rep_id, team_id):
        if one is not None and not 0 < len(one) <= LONGEST_ID:
            raise ReachNotAccepted(f"an id has 1 to {LONGEST_ID} characters")
    if kind == Kind.OWN and rep_id is None:
        raise ReachNotAccepted("'own' needs a rep_id: whose records?")
    if kind == Kind.TEAM and team_id is None:
        raise ReachNotAccepted("'team' needs a team_id: which team's records, and those of the teams below?")
    return Reach(Kind(kind), rep_id, team_id)


def resolve(given: Reach, staff: Staff) -> Visible:
    """Who is within reach as reps and teams stand now.

    A team that is not on record has nobody in it; the caller's own rep_id is always within reach.
    """
    if given.everything:
        return Visible(True)
    own = frozenset[str]() if given.rep_id is None else frozenset((given.rep_id,))
    if given.kind is Kind.OWN or given.team_id is None:
        return Visible(False, own)
    return Visible(False, own | staff.reps_below(given.team_id))
