"""Passwords of the dashboard's users: argon2id, with the library's own choice of parameters (RFC 9106)."""

from __future__ import annotations

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import SecretStr

from boekbrug.domain.errors import SettingsInvalid

SHORTEST, LONGEST = 12, 200
_HASHER = PasswordHasher()
# Each hash takes 64 MiB for the time of a blink: a flood of logins must not take the machine's memory.
_AT_ONCE = threading.BoundedSemaphore(4)


def hash_password(password: SecretStr) -> str:
    """What is kept of a new password. Raises SettingsInvalid when it is too short or too long."""
    text = password.get_secret_value()
    if not SHORTEST <= len(text) <= LONGEST:
        raise SettingsInvalid(f"a password has {SHORTEST} to {LONGEST} characters")
    with _AT_ONCE:
        return _HASHER.hash(text)


def is_right(password_hash: str, password: SecretStr) -> bool:
    """True when it is the password. Without a hash ("": no such user, or none chosen) the answer takes as long."""
    text = password.get_secret_value()
    if len(text) > LONGEST:
        return False
    with _AT_ONCE:
        try:
            return _HASHER.verify(password_hash or _nobodys_hash(), text) and bool(password_hash)
        except (VerificationError, InvalidHashError):
            return False


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash("nobody's")
