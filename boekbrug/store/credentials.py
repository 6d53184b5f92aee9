"""Credentials, sealed with the installation's key (AES-256-GCM) and bound to tenant, connection and name.

A sealed value that is moved to another row does not open, nor does one that was changed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr
from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.settings import Settings
from boekbrug.store.database import ACROSS_TENANTS, insert_new
from boekbrug.store.tables import CredentialRow

KEY_FILE = "key"
_KEY_BYTES = 32
_NONCE_BYTES = 12


class SealingKey:
    """The key that seals credentials; `text` is 32 bytes in base64url. Shows nothing of itself and does not pickle.

    Raises SettingsInvalid when the text is no such key.
    """

    __slots__ = ("_cipher", "id")

    def __init__(self, text: SecretStr) -> None:
        try:
            key = base64.urlsafe_b64decode(text.get_secret_value().strip())
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != _KEY_BYTES:
            raise SettingsInvalid(f"the key that seals credentials must be {_KEY_BYTES} bytes in base64url")
        self._cipher = AESGCM(key)
        self.id = hashlib.sha256(b"boekbrug sealing key\0" + key).hexdigest()[:12]

    @classmethod
    def generate(cls) -> SecretStr:
        """The text of a new random key."""
        return SecretStr(base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode())

    def __repr__(self) -> str:
        return "SealingKey(**********)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("the sealing key stays in the process that loaded it")

    def seal(self, value: SecretStr, bound_to: bytes) -> bytes:
        """The value, readable only with this key and the same `bound_to`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value.get_secret_value().encode(), bound_to)

    def open(self, sealed: bytes, bound_to: bytes) -> SecretStr:
        """The value. Raises InvalidTag for another key, another `bound_to` or a changed value."""
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return SecretStr(self._cipher.decrypt(nonce, ciphertext, bound_to).decode())


def create_key(settings: Settings) -> Path | None:
    """Makes the key file, readable by its owner only; None when there is a key already, which is never replaced."""
    path = settings.home / KEY_FILE
    if settings.secret_key is not None or path.exists():
        return None
    return path if _make_key(path) else None


def _make_key(path: Path) -> bool:
    """False when there is a file already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written in full beside its place and then linked there: nobody ever reads half a key, and the first one wins.
    draft = path.with_name(f".{KEY_FILE}-{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(SealingKey.generate().get_secret_value())
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def next_key_file(settings: Settings) -> Path:
    """Where the key waits that takes the key file's place, made when it is not there: whoever was interrupted goes on
    with the same. Raises SettingsInvalid when the key in use comes from elsewhere."""
    if settings.secret_key is not None:
        raise SettingsInvalid(
            f"the key is not in {settings.home / KEY_FILE} but comes from the environment or a secret: make a new one "
            "there, and name its file with --to"
        )
    path = settings.home / f"{KEY_FILE}.next"
    _make_key(path)
    return path


def take_next_key(settings: Settings) -> None:
    """The key that waited is the key file from now on."""
    (settings.home / f"{KEY_FILE}.next").replace(settings.home / KEY_FILE)


def read_key(path: Path) -> SealingKey:
    """The key in a file. Raises SettingsInvalid when there is none."""
    try:
        return SealingKey(SecretStr(path.read_text()))
    except (OSError, UnicodeDecodeError):
        raise SettingsInvalid(f"there is no key to be read at {path}") from None


def load_key(settings: Settings) -> SealingKey:
    """The key from the environment, else from the key file. Raises SettingsInvalid when there is none."""
    if settings.secret_key is not None:
        return SealingKey(settings.secret_key)
    path = settings.home / KEY_FILE
    try:
        return SealingKey(SecretStr(path.read_text()))
    except FileNotFoundError:
        raise SettingsInvalid(
            f"there is no key to open credentials with: set BOEKBRUG_SECRET_KEY, put the key file back at {path}, or "
            "run `boekbrug init` for a new installation"
        ) from None


def save_credentials(
    session: Session, key: SealingKey, tenant_id: int, connection_id: int, values: Mapping[str, SecretStr]
) -> None:
    """Seals and keeps these credentials of the connection; others that it has stay."""
    for name, value in values.items():
        own = {"tenant_id": tenant_id, "connection_id": connection_id, "name": name}
        sealed = {"key_id": key.id, "sealed": key.seal(value, _bound_to(tenant_id, connection_id, name))}
        insert_new(session, CredentialRow, [own | sealed])
        session.exec(
            update(CredentialRow)
            .where(
                col(CredentialRow.tenant_id) == tenant_id,
                col(CredentialRow.connection_id) == connection_id,
                col(CredentialRow.name) == name,
            )
            .values(**sealed)
        )


def read_credentials(session: Session, key: SealingKey, tenant_id: int, connection_id: int) -> dict[str, SecretStr]:
    """The connection's credentials by name. Raises SettingsInvalid when one does not open with this key."""
    rows = session.exec(
        select(CredentialRow)
        .where(CredentialRow.tenant_id == tenant_id, CredentialRow.connection_id == connection_id)
        .order_by(CredentialRow.name)
        .execution_options(populate_existing=True)
    )
    return {row.name: _opened(row, key) for row in rows}


def forget_credentials(session: Session, tenant_id: int, connection_id: int) -> None:
    """They are gone for good."""
    session.exec(
        delete(CredentialRow).where(
            col(CredentialRow.tenant_id) == tenant_id, col(CredentialRow.connection_id) == connection_id
        )
    )


def credential_names(session: Session, tenant_id: int, connection_id: int) -> list[str]:
    """The names of the credentials that the connection has."""
    return list(
        session.exec(
            select(CredentialRow.name)
            .where(CredentialRow.tenant_id == tenant_id, CredentialRow.connection_id == connection_id)
            .order_by(CredentialRow.name)
        )
    )


def reseal(session: Session, old: SealingKey, new: SealingKey) -> int:
    """Seals every tenant's credentials anew; how many. Those that the new key sealed already are left alone.

    Raises SettingsInvalid, so that nothing is changed, when one opens with neither key.
    """
    rows = session.exec(
        select(CredentialRow)
        .where(CredentialRow.key_id != new.id)
        .with_for_update()
        .execution_options(populate_existing=True, **ACROSS_TENANTS)
    ).all()
    for row in rows:
        value = _opened(row, old)
        session.exec(
            update(CredentialRow)
            .where(col(CredentialRow.tenant_id) == row.tenant_id, col(CredentialRow.id) == row.id)
            .values(key_id=new.id, sealed=new.seal(value, _bound_to(row.tenant_id, row.connection_id, row.name)))
        )
    return len(rows)


def _opened(row: CredentialRow, key: SealingKey) -> SecretStr:
    try:
        return key.open(row.sealed, _bound_to(row.tenant_id, row.connection_id, row.name))
    except InvalidTag:
        problem = (
            "it was sealed with another key; put the right key back, or enter the credential again"
            if row.key_id != key.id
            else "it was changed, or belongs to another connection; enter it again"
        )
        raise SettingsInvalid(
            f"credential {row.name!r} of connection {row.connection_id} does not open: {problem}"
        ) from None


def _bound_to(tenant_id: int, connection_id: int, name: str) -> bytes:
    return f"{tenant_id}/{connection_id}/{name}".encode()
