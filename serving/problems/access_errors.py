"""What can go wrong with people and their access, in words?"""

from collections.abc import Mapping

from features.errors import ForesellError


class ReachNotAccepted(ForesellError):
    problem = "The reach is not accepted: {0}."
    fix = "give own with a rep_id, team with a team_id, or all."


class ReachTooNarrow(ForesellError):
    problem = "{0} sees '{1}', and this call needs the reach 'all'."
    fix = "use a key or a user whose reach is all."


class ScopeNeedsAll(ForesellError):
    problem = "The scope '{0}' comes only with the reach 'all'."
    fix = "leave out --reach, or leave out the scope '{0}'."


class OutsideYourReach(ForesellError):
    problem = "The request names {0} '{1}', which is not within your reach; nothing was answered."
    fix = "leave the field out, or ask someone whose reach includes it."


class TooManyRequests(ForesellError):
    problem = "{0} made more than {1} requests a minute."
    fix = "wait as long as Retry-After says; the administrator sets the rate of a key when it is made."

    @property
    def headers(self) -> Mapping[str, str]:
        """When to come again, also as the RateLimit fields of the IETF draft `httpapi-ratelimit-headers`."""
        seconds = self.args[2]
        return {
            "Retry-After": f"{seconds}",
            "RateLimit-Policy": f'"minute";q={self.args[1]};w=60',
            "RateLimit": f'"minute";r=0;t={seconds}',
        }


class TooManyTries(ForesellError):
    problem = "Too many tries from your address were refused."
    fix = "wait as long as Retry-After says, then check what you send. Keys and sessions that are good go on working."

    @property
    def headers(self) -> Mapping[str, str]:
        """When to come again."""
        return {"Retry-After": f"{self.args[0]}"}


class TooManySignIns(ForesellError):
    problem = "Too many people are signing in at this moment."
    fix = "try again in a few seconds. Whoever is signed in is not affected."


class SignInRefused(ForesellError):
    problem = "The name and the password do not belong together, or the account is closed."
    fix = "check both; an administrator can set a new password: foresell users password NAME."


class SignInNeedsHttps(ForesellError):
    problem = "Signing in over plain http works on this machine alone, and you came to {0}."
    fix = "put the service behind https and set FORESELL_SIGN_IN_OVER=https (the default); docs/access.md tells how."


class SessionNotAccepted(ForesellError):
    problem = "You are not signed in: the session is unknown or has ended."
    fix = "sign in again, at /sign-in or with POST /v1/session."


class SessionNeeded(ForesellError):
    problem = "This call is about a session, and you came with an API key."
    fix = "sign in with POST /v1/session and send the session's cookie, without an Authorization header."


class TokenNotAccepted(ForesellError):
    problem = "The request changes something in your name and does not carry the session's token."
    fix = "send the csrf_token of GET /v1/session in the header X-CSRF-Token. Reload the page if you came from a form."


class OriginNotAccepted(ForesellError):
    problem = "The request came from a page of another site."
    fix = "use the service's own pages; behind a proxy set FORESELL_PUBLIC_URL to the address people use."


class RoleLacksScope(ForesellError):
    problem = "{0} has the role {1}, which lacks the scope '{2}' that this call needs."
    fix = "ask an administrator for another role: foresell users role NAME ROLE."


class NoSuchRole(ForesellError):
    problem = "There is no role '{0}'."
    fix = "choose from {1}."


class NoSuchUser(ForesellError):
    problem = "There is no user '{0}'."
    fix = "foresell users list shows who there is."


class UserExists(ForesellError):
    problem = "There is already a user with the {0} '{1}'."
    fix = "choose another, or change the user who has it: foresell users --help."


class UserNameNotAccepted(ForesellError):
    problem = "The user name is not accepted: {0}."
    fix = "use 1 to 100 letters (of any alphabet), digits and . _ - @ +, a letter or digit first."


class PasswordTooWeak(ForesellError):
    problem = "The password is not accepted: {0}."
    fix = "take at least {1} characters that are not the user's name; a few words in a row are good."


class LastAdmin(ForesellError):
    problem = "'{0}' is the last administrator who can sign in."
    fix = "make another administrator first: foresell users create --role admin."


class NoSuchSecret(ForesellError):
    problem = "There is no secret named '{0}'."
    fix = "foresell secrets list shows the names; foresell secrets set {0} keeps one."


class SecretNameNotAccepted(ForesellError):
    problem = "'{0}' cannot be the name of a secret."
    fix = "use 1 to 100 letters, digits and . _ -, for example hubspot.token."


class SecretKeyWrong(ForesellError):
    problem = "The secret '{0}' cannot be read with the keys at hand ({1})."
    fix = "give the key it was kept with (FORESELL_SECRET_KEYS or the key file), or foresell secrets set {0} again."


class SecretKeysNotAccepted(ForesellError):
    problem = "The keys for secrets in {0} are not accepted: {1}."
    fix = "each is 32 random bytes in URL-safe base64, separated by commas, as `foresell secrets key` prints."


class AuditBroken(ForesellError):
    problem = "The audit trail is broken at entry {0}: {1}."
    fix = "rows were changed or removed outside Foresell. Compare with a backup or an export of before."


class FormExpired(ForesellError):
    problem = "The form's token does not belong to this browser."
    fix = "load the page again; cookies must be allowed for this site."


class SignInElsewhereOff(ForesellError):
    problem = "Signing in with OpenID Connect is not set up here."
    fix = "set FORESELL_OIDC_ISSUER and FORESELL_OIDC_CLIENT_ID, and install the extra: pip install foresell[oidc]."


class PublicUrlNeeded(ForesellError):
    problem = "Signing in with OpenID Connect is set up, and {0}."
    fix = "set FORESELL_PUBLIC_URL to the address people use, for example https://foresell.example.com."


class SignInElsewhereFailed(ForesellError):
    problem = "Signing in with OpenID Connect failed: {0}."
    fix = "start again at /sign-in; if it fails again, ask the administrator, who finds the cause in the log."


class ProviderAway(ForesellError):
    problem = "The OpenID Connect provider {0} does not answer as it should: {1}."
    fix = "try again in a moment; check FORESELL_OIDC_ISSUER and the network."
