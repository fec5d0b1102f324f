"""Who does the OpenID Connect provider say this is? Code flow with PKCE (RFC 7636); the ID token is checked here.

OpenID Connect Core 1.0, section 3.1.3.7: issuer, audience, signature by a key of the provider, times, nonce. The
answer's own `iss` (RFC 9207) is checked where it comes. Authlib writes the request, joserfc checks the signature.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from serving.problems.access_errors import ProviderAway, PublicUrlNeeded, SignInElsewhereFailed, SignInElsewhereOff
from serving.settings import ServingSettings

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

LEEWAY = 60
"""Seconds by which clocks may differ."""

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
"""Signatures with a public key only: with a shared secret, whoever knows it could sign."""

TRUSTED_FOR = 3600.0
"""Seconds for which the provider's description and keys are kept."""

WAIT = 10.0
"""Seconds for one answer of the provider."""

MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class _Described:
    """What the provider says of itself, and when it was read."""

    authorization: str
    token: str
    jwks: str
    read_at: float


class Provider:
    """An OpenID Connect provider, as one client of it. `tick` counts seconds."""

    def __init__(
        self, issuer: str, client_id: str, secret: str | None, scopes: str, tick: Callable[[], float] = monotonic
    ) -> None:
        self.issuer, self.client_id, self._secret, self._scopes = issuer, client_id, secret, scopes
        self._tick, self._lock = tick, Lock()
        self._described: _Described | None = None
        self._keys: KeySet | None = None

    def way_there(self, state: str, nonce: str, verifier: str, back: str) -> str:
        """The address to which the browser goes. Raises ProviderAway, SignInElsewhereOff."""
        try:
            from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
            from authlib.oauth2.rfc7636 import create_s256_code_challenge
        except ImportError as missing:
            raise SignInElsewhereOff from missing

        url = prepare_grant_uri(
            self._describe().authorization,
            self.client_id,
            "code",
            redirect_uri=back,
            scope=self._scopes,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return str(url)

    def claims(self, code: str, verifier: str, nonce: str, back: str, now: datetime) -> Mapping[str, object]:
        """What the provider vouches for, in exchange for the code. Raises ProviderAway, SignInElsewhereFailed."""
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier, "redirect_uri": back}
        token = self._exchanged(form)
        id_token = token.get("id_token")
        if not isinstance(id_token, str):
            raise SignInElsewhereFailed("the provider sent no ID token")
        return self._checked(id_token, nonce, now)

    def _checked(self, id_token: str, nonce: str, now: datetime) -> Mapping[str, object]:
        from joserfc import jwt
        from joserfc.errors import JoseError

        seconds = int(now.replace(tzinfo=UTC).timestamp())
        try:
            found = self._decoded(id_token)
            jwt.JWTClaimsRegistry(
                now=seconds,
                leeway=LEEWAY,
                iss={"essential": True, "value": self.issuer},
                sub={"essential": True},
                aud={"essential": True, "value": self.client_id},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True},
            ).validate(found)
        except (JoseError, ValueError) as wrong:
            raise SignInElsewhereFailed(f"the ID token does not hold ({_plain(wrong)})") from wrong
        audience, party = found["aud"], found.get("azp")
        several = isinstance(audience, list) and len(audience) > 1
        if party != self.client_id and (several or party is not None):
            raise SignInElsewhereFailed("the ID token was made for another client (azp)")
        if not hmac.compare_digest(str(found["nonce"]).encode(), nonce.encode()):
            raise SignInElsewhereFailed("the ID token belongs to another sign-in (nonce)")
        return found

    def _decoded(self, id_token: str) -> "dict[str, object]":
        """The token's claims, its signature checked; keys are read again once, since providers change them."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        kept = self._keys
        try:
            if kept is not None:
                return dict(jwt.decode(id_token, kept, algorithms=list(ALGORITHMS)).claims)
        except (JoseError, ValueError):
            pass
        return dict(jwt.decode(id_token, self._read_keys(), algorithms=list(ALGORITHMS)).claims)

    def _read_keys(self) -> "KeySet":
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            self._keys = KeySet.import_key_set(self._get(self._describe().jwks))  # type: ignore[arg-type]
        except (JoseError, KeyError, TypeError, ValueError) as wrong:
            raise ProviderAway(self.issuer, "its keys cannot be read") from wrong
        return self._keys

    def _describe(self) -> _Described:
        """The provider's description (OpenID Connect Discovery 1.0), which must bear the issuer's own name."""
        with self._lock:
            kept = self._described
            if kept is not None and self._tick() - kept.read_at < TRUSTED_FOR:
                return kept
            must_be_safe(self.issuer)
            said = self._get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if said.get("issuer") != self.issuer:
                raise ProviderAway(self.issuer, f"it calls itself {str(said.get('issuer'))[:200]}")
            names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            authorization, token, jwks = (self._address(said.get(name)) for name in names)
            self._described = _Described(authorization, token, jwks, self._tick())
            self._keys = None
            return self._described

    def _address(self, said: object) -> str:
        if not isinstance(said, str):
            raise ProviderAway(self.issuer, "its description lacks an address")
        must_be_safe(said)
        return said

    def _get(self, url: str) -> "dict[str, object]":
        import httpx

        try:
            answer = httpx.get(url, timeout=WAIT, headers={"Accept": "application/json"})
            answer.raise_for_status()
            found = answer.json() if len(answer.content) <= MOST_BYTES else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as failure:
            raise ProviderAway(self.issuer, f"{type(failure).__name__} at {url}") from failure
        if not isinstance(found, dict):
            raise ProviderAway(self.issuer, f"no JSON object at {url}")
        return found

    def _exchanged(self, form: "dict[str, str]") -> "dict[str, object]":
        """The provider's tokens for a code (RFC 6749, 4.1.3): with the client's secret, or as a public client."""
        import httpx

        place, proof = self._describe().token, None
        if self._secret:
            proof = (quote(self.client_id, safe=""), quote(self._secret, safe=""))
        else:
            form = {**form, "client_id": self.client_id}
        try:
            answer = httpx.post(place, data=form, auth=proof, timeout=WAIT, headers={"Accept": "application/json"})
            found = answer.json() if len(answer.content) <= MOST_BYTES else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as failure:
            raise ProviderAway(self.issuer, f"{type(failure).__name__} at {place}") from failure
        if answer.status_code >= 500 or not isinstance(found, dict):
            raise ProviderAway(self.issuer, f"status {answer.status_code} at {place}")
        if not answer.is_success:
            raise SignInElsewhereFailed(f"the provider refused the code ({str(found.get('error'))[:100]})")
        return found


def public_url(settings: ServingSettings) -> str:
    """The address under which people reach the service, which the provider sends their browsers back to.

    Never the Host header of a request, which is whatever the caller says: the provider would be asked to send the code
    there. Raises PublicUrlNeeded.
    """
    given = (settings.public_url or "").rstrip("/")
    if not given:
        raise PublicUrlNeeded("FORESELL_PUBLIC_URL is not: nobody knows the address that people are to come back to")
    parts = urlsplit(given)
    try:
        must_be_safe(given)
    except ProviderAway:
        raise PublicUrlNeeded(f"FORESELL_PUBLIC_URL is {given[:200]}, which is not https") from None
    if parts.hostname is None or parts.query or parts.fragment or parts.username is not None:
        raise PublicUrlNeeded(f"FORESELL_PUBLIC_URL is {given[:200]}, which is no plain address")
    return given


def must_know_its_address(settings: ServingSettings) -> None:
    """Raises PublicUrlNeeded where people sign in with OpenID Connect and the service does not know its address."""
    if settings.oidc_issuer is not None:
        public_url(settings)


def must_be_safe(url: str) -> None:
    """Raises ProviderAway for an address that others on the network could answer: https, or this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname)):
        raise ProviderAway(url[:200], "the address is not https")


def _is_here(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def _plain(wrong: Exception) -> str:
    """What is wrong, without the token."""
    claim = getattr(wrong, "claim", None)
    return f"{getattr(wrong, 'error', type(wrong).__name__)}{f': {claim}' if claim else ''}"
