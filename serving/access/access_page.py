"""Who may call what? Tables of `docs/access.md`, written from the roles and from the routes' own declarations."""

from collections.abc import Mapping

from fastapi import FastAPI

from serving.access.calls import Call, calls_of
from serving.access.keys import Scope
from serving.access.needs import Applies, Need, NeedUnless, Open
from serving.access.roles import GRANTS, Role

SEEN: Mapping[Applies, str] = {
    Applies.FILTERED: "only what is within the caller's reach",
    Applies.ALL_ONLY: "needs the reach `all`",
    Applies.NONE: "holds no records",
}
MEANINGS: Mapping[Role, str] = {
    Role.ADMIN: "runs the installation",
    Role.MANAGER: "leads a team",
    Role.SELLER: "sells",
    Role.INTEGRATION: "a program that signs in",
    Role.SCIENTIST: "judges the models, changes nothing",
}


def roles_part() -> str:
    """What each role may do, and how far it sees unless told otherwise."""
    head = f"| role | is | {' | '.join(f'`{scope}`' for scope in Scope)} | sees |\n|---|---|{'---|' * len(Scope)}---|\n"
    rows = [
        f"| `{role}` | {MEANINGS[role]} | {' | '.join('yes' if s in grant.scopes else '' for s in Scope)} "
        f"| `{grant.reach}` |"
        for role, grant in GRANTS.items()
    ]
    return head + "\n".join(rows)


def calls_part(app: FastAPI) -> str:
    """What each call needs, and which roles have it."""
    rows = [_row(call) for call in calls_of(app)]
    return "\n".join(["| call | needs | answers | roles |", "|---|---|---|---|", *rows])


def _row(call: Call) -> str:
    said = f"| `{call.method} {call.path.replace(':path}', '}')}` "
    if call.declares is None or isinstance(call.declares, Open):
        return f"{said}| nothing | {call.declares.why if call.declares else '?'} | anyone |"
    need = call.declares.need if isinstance(call.declares, NeedUnless) else call.declares
    needs = "a session" if need.session_only else f"`{need.scope}`" if need.scope else "any key or session"
    why = f" ({call.declares.why})" if isinstance(call.declares, NeedUnless) else ""
    return f"{said}| {needs}{why} | {SEEN[need.applies]} | {_roles(need)} |"


def _roles(need: Need) -> str:
    found = [role for role, grant in GRANTS.items() if need.scope is None or need.scope in grant.scopes]
    return "all" if len(found) == len(Role) else ", ".join(f"`{role}`" for role in found)
