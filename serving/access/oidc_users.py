"""Which user is the one whom the provider vouches for? By who he is there, by verified e-mail, or a new one."""

import re
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from features.errors import ForesellError
from serving.access.audit import By, note
from serving.access.gate import Gate
from serving.access.users import Wanted, change_user, create_user
from serving.problems.access_errors import SignInElsewhereFailed
from serving.settings import ServingSettings
from serving.store.people_tables import User

Claims = Mapping[str, object]
PLAIN = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,500}")
LONGEST_SUBJECT = 255
"""Characters; OpenID Connect Core 1.0, section 2."""


def user_of(gate: Gate, claims: Claims, request_id: str) -> str:
    """The name of the user for these claims, who is made or changed as the settings say.

    Raises SignInElsewhereFailed where there is none or the account is closed.
    """
    settings, now, by = gate.settings, gate.clock(), By("oidc", request_id)
    if not PLAIN.fullmatch(str(claims["sub"])) or len(str(claims["sub"])) > LONGEST_SUBJECT:
        raise SignInElsewhereFailed("the subject of the ID token is no plain text")
    wanted = _wanted(settings, claims)
    try:
        with gate.store.session() as session:
            user = _found(session, settings, claims, by, gate)
            if user is None:
                if not settings.oidc_create_users:
                    raise SignInElsewhereFailed("no user here has this account, or its verified e-mail address")
                name = _name(claims)
                create_user(session, name, wanted, by, now)
                user = session.scalars(select(User).where(User.name == name.strip().casefold())).one_or_none()
                user = user or session.scalars(select(User).where(User.email == wanted.email)).one()
                _link(user, settings, claims)
            elif user.disabled_at is not None:
                raise SignInElsewhereFailed("the account is closed")
            elif _differs(user, wanted):
                change_user(session, user.name, wanted, by, now)
            return user.name
    except SignInElsewhereFailed:
        raise
    except ForesellError as refusal:
        raise SignInElsewhereFailed(f"{refusal.problem.format(*refusal.args)}") from refusal


def _found(session: Session, settings: ServingSettings, claims: Claims, by: By, gate: Gate) -> User | None:
    known = select(User).where(User.issuer == settings.oidc_issuer, User.subject == str(claims["sub"]))
    user = session.scalars(known).one_or_none()
    email = _email(claims)
    if user is not None or email is None:
        return user
    user = session.scalars(select(User).where(User.email == email, User.issuer.is_(None))).one_or_none()
    if user is not None and user.disabled_at is None:
        _link(user, settings, claims)
        note(session, by, "user.linked", f"user:{user.name}", {"issuer": str(settings.oidc_issuer)}, gate.clock())
    return user


def _link(user: User, settings: ServingSettings, claims: Claims) -> None:
    user.issuer, user.subject = settings.oidc_issuer, str(claims["sub"])


def _wanted(settings: ServingSettings, claims: Claims) -> Wanted:
    """The role and place that the claims give; None where they are not asked. Raises SignInElsewhereFailed."""
    role = None
    if settings.oidc_role_claim is not None:
        held = claims.get(settings.oidc_role_claim)
        values = {str(one) for one in held} if isinstance(held, list) else {str(held)}
        role = next((role for value, role in settings.oidc_roles.items() if value in values), None)
        if role is None:
            raise SignInElsewhereFailed(f"the claim '{settings.oidc_role_claim}' names no role of this service")
    rep, team = (_text(claims, name) for name in (settings.oidc_rep_claim, settings.oidc_team_claim))
    return Wanted(role=role, rep_id=rep, team_id=team, email=_email(claims))


def _differs(user: User, wanted: Wanted) -> bool:
    return any(
        new is not None and new != old
        for new, old in ((wanted.role, user.role), (wanted.rep_id, user.rep_id), (wanted.team_id, user.team_id))
    )


def _name(claims: Claims) -> str:
    """What a new user is called: the e-mail address, which others cannot claim, else the provider's name for him."""
    return _email(claims) or str(claims["sub"])[:100]


def _email(claims: Claims) -> str | None:
    """The e-mail address, if the provider made sure that it is the user's."""
    email = claims.get("email")
    return email.strip().lower() if isinstance(email, str) and claims.get("email_verified") is True else None


def _text(claims: Claims, name: str | None) -> str | None:
    value = claims.get(name) if name is not None else None
    return value if isinstance(value, str) and PLAIN.fullmatch(value) else None
