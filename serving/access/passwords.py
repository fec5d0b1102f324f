"""Is this the password? Kept as scrypt hashes (RFC 7914), at a cost that OWASP names: N = 2^15, r = 8, p = 3."""

import unicodedata
from functools import lru_cache
from threading import Lock

from serving.access.keys import hash_secret, is_secret
from serving.problems.access_errors import PasswordTooWeak

N, R, P = 2**15, 8, 3
SHORTEST, LONGEST = 12, 1024
ONE_AT_A_TIME = Lock()
"""A hash takes 32 MiB and a third of a second: many sign-ins at once wait instead of taking machine and memory."""


def hash_password(password: str, user_name: str) -> str:
    """The hash of a new password. Raises PasswordTooWeak (shorter than 12 characters, one repeated, or the name)."""
    text = _folded(password)
    if not SHORTEST <= len(text) <= LONGEST:
        raise PasswordTooWeak(f"it has {len(text)} characters", SHORTEST)
    if not _is_text(text):
        raise PasswordTooWeak("it holds half a character", SHORTEST)
    if len(set(text)) < 4:
        raise PasswordTooWeak("it repeats the same few characters", SHORTEST)
    if text.casefold() == user_name.casefold():
        raise PasswordTooWeak("it is the user's name", SHORTEST)
    with ONE_AT_A_TIME:
        return hash_secret(text, N, R, P)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether this is the password. Without a hash (nobody has the name, or no password) no, after the same time."""
    text = _folded(password)[: LONGEST + 1]
    whole = _is_text(text)
    with ONE_AT_A_TIME:
        right = is_secret(text if whole else "", password_hash or _nobodys())
    return right and whole and password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether it was hashed at another cost than now."""
    return password_hash.split("$")[1:4] != [str(N), str(R), str(P)]


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return f"scrypt${N}${R}${P}${bytes(16).hex()}${bytes(32).hex()}"


def _is_text(text: str) -> bool:
    """Whether it can be encoded: JSON can hold half of a pair of surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _folded(password: str) -> str:
    """One form for texts that look alike, as NIST SP 800-63B asks: typed on another keyboard it is the same."""
    return unicodedata.normalize("NFKC", password)
