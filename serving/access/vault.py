"""Where are the secrets of connections? In the store, encrypted (Fernet: AES-128-CBC with HMAC-SHA256).

The keys are outside the store: in FORESELL_SECRET_KEYS, or in a file of the home that only its owner can read. The
first of them encrypts, all of them decrypt.
"""

import json
import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from filelock import FileLock
from sqlalchemy import select
from sqlalchemy.orm import Session

from serving.access.audit import By, note
from serving.problems.access_errors import NoSuchSecret, SecretKeysNotAccepted, SecretKeyWrong, SecretNameNotAccepted
from serving.settings import ServingSettings
from serving.store.opening import Store
from serving.store.people_tables import Secret

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
SETTING = "FORESELL_SECRET_KEYS"
FILE = "secret.keys"
TURN = "secrets"
"""Who writes secrets takes this turn before the keys are read: so none is encrypted with a key that is being left."""


@dataclass(frozen=True)
class SecretFacts:
    """A secret without its value. The time is naive UTC."""

    name: str
    changed_at: datetime
    changed_by: str


class Keys:
    """The keys that encrypt secrets: given in the settings, or kept in a file of the home, made on first use."""

    def __init__(self, settings: ServingSettings) -> None:
        self._given = settings.secret_keys
        self._file = settings.home / FILE

    @property
    def place(self) -> str:
        """Where the keys are, for people."""
        return SETTING if self._given is not None else str(self._file)

    @property
    def are_given(self) -> bool:
        """Whether the keys come with the settings, so that nobody but the administrator can change them."""
        return self._given is not None

    def read(self) -> list[str]:
        """The keys, the one that encrypts first; none where there is no file yet. Raises SecretKeysNotAccepted."""
        if self._given is not None:
            return _checked(self._given.get_secret_value(), self.place)
        if not self._file.exists():
            return []
        if os.name == "posix" and self._file.stat().st_mode & 0o077:
            raise SecretKeysNotAccepted(self.place, "others than its owner may read the file (chmod 600)")
        return _checked(self._file.read_text("ascii", "replace"), self.place)

    def read_or_make(self) -> list[str]:
        """The keys, a first one made where there is none. Two at once make one."""
        with FileLock(f"{self._file}.lock"):
            found = self.read()
            if not found:
                self.write([new_key()])
            return found or self.read()

    def write(self, keys: list[str]) -> None:
        """Keep these keys in the file, whole or not at all."""
        draft = self._file.with_name(f"{FILE}.{os.getpid()}.tmp")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write("\n".join(keys) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._file)

    def turn(self) -> FileLock:
        """One rotation at a time."""
        return FileLock(f"{self._file}.turn.lock")


class Vault:
    """Keeps and gives back secrets by name."""

    def __init__(self, store: Store, settings: ServingSettings) -> None:
        self._store, self.keys = store, Keys(settings)

    def keep(self, name: str, value: str, by: By, now: datetime) -> None:
        """Keep a secret, in the place of the one of this name. Raises SecretNameNotAccepted, SecretKeysNotAccepted."""
        if not NAME.fullmatch(name):
            raise SecretNameNotAccepted(name[:100])
        with self._store.writing(TURN) as session:
            sealed = _seal(_fernet(self.keys.read_or_make()), name, value)
            session.merge(Secret(name=name, sealed=sealed, changed_at=now, changed_by=by.actor))
            note(session, by, "secret.set", f"secret:{name}", {}, now)

    def value(self, name: str) -> str:
        """A secret's value, for whoever connects. Raises NoSuchSecret, SecretKeyWrong, SecretKeysNotAccepted."""
        try:
            return self._value(name)
        except SecretKeyWrong:
            # The key may have been turned between the two readings.
            return self._value(name)

    def _value(self, name: str) -> str:
        with self._store.session() as session:
            row = session.get(Secret, name) if NAME.fullmatch(name) else None
            if row is None:
                raise NoSuchSecret(name[:100])
            sealed = row.sealed
        return self._open(self.keys.read(), name, sealed)

    def names(self) -> list[SecretFacts]:
        """The names of what is kept, never the values."""
        with self._store.session() as session:
            rows = session.scalars(select(Secret).order_by(Secret.name))
            return [SecretFacts(row.name, row.changed_at, row.changed_by) for row in rows]

    def delete(self, name: str, by: By, now: datetime) -> None:
        """Forget a secret. Raises NoSuchSecret."""
        with self._store.session() as session:
            row = session.get(Secret, name) if NAME.fullmatch(name) else None
            if row is None:
                raise NoSuchSecret(name[:100])
            session.delete(row)
            note(session, by, "secret.deleted", f"secret:{name}", {}, now)

    def rotate(self, by: By, now: datetime) -> int:
        """Encrypt every secret again with a new key (given keys: with the first of them); how many there are.

        All in one transaction. The old key leaves the file only after it, and only once no secret needs it: an end at
        any moment loses nothing. Raises SecretKeyWrong, and then nothing is changed, and SecretKeysNotAccepted.
        """
        with self.keys.turn():
            with self._store.writing(TURN) as session:
                keys = self.keys.read_or_make()
                if not self.keys.are_given:
                    keys = [new_key(), *keys]
                    self.keys.write(keys)
                count = self._seal_again(session, keys)
                note(session, by, "secret.rotated", "secret:all", {"count": count}, now)
            if not self.keys.are_given:
                with self._store.writing(TURN) as session:
                    sealed = session.scalars(select(Secret.sealed)).all()
                    self.keys.write([key for key in keys if key == keys[0] or any(_opens(key, one) for one in sealed)])
        return count

    def _seal_again(self, session: Session, keys: list[str]) -> int:
        newest = _fernet(keys[:1])
        rows = session.scalars(select(Secret).order_by(Secret.name).with_for_update()).all()
        for row in rows:
            row.sealed = _seal(newest, row.name, self._open(keys, row.name, row.sealed))
        return len(rows)

    def _open(self, keys: list[str], name: str, sealed: bytes) -> str:
        from cryptography.fernet import InvalidToken

        if not keys:
            raise SecretKeyWrong(name, f"{self.keys.place} is missing")
        try:
            held = json.loads(_fernet(keys).decrypt(sealed))
        except InvalidToken as wrong:
            raise SecretKeyWrong(name, self.keys.place) from wrong
        if held["name"] != name:
            raise SecretKeyWrong(name, "it holds another secret: the database was changed outside Foresell")
        return str(held["value"])


def new_key() -> str:
    """A new key: 32 random bytes in URL-safe base64."""
    return urlsafe_b64encode(os.urandom(32)).decode()


def _seal(fernet: "MultiFernet", name: str, value: str) -> bytes:
    return fernet.encrypt(json.dumps({"name": name, "value": value}).encode())


def _opens(key: str, sealed: bytes) -> bool:
    from cryptography.fernet import InvalidToken

    try:
        return bool(_fernet([key]).decrypt(sealed))
    except InvalidToken:
        return False


def _fernet(keys: list[str]) -> "MultiFernet":
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(key) for key in keys])


def _checked(text: str, place: str) -> list[str]:
    keys = [key for key in re.split(r"[,\s]+", text) if key]
    for number, key in enumerate(keys, 1):
        try:
            good = len(urlsafe_b64decode(key.encode("ascii", "replace"))) == 32 and len(key) == 44
        except ValueError:
            good = False
        if not good:
            raise SecretKeysNotAccepted(place, f"the one in place {number} is none")
    if not keys:
        raise SecretKeysNotAccepted(place, "there are none")
    return keys
