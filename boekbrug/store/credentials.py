"""Credentials, sealed: bound to tenant, connection and name, opened only with the installation's key."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import SecretStr
from sqlmodel import Session

from boekbrug.settings import Settings


class SealingKey:
    """The key that seals credentials. Shows nothing of itself and does not pickle."""


def create_key(settings: Settings) -> None: raise NotImplementedError
def load_key(settings: Settings) -> SealingKey: raise NotImplementedError
def save_credentials(session: Session, key: SealingKey, tenant_id: int, connection_id: int, values: Mapping[str, SecretStr]) -> None: raise NotImplementedError
def read_credentials(session: Session, key: SealingKey, tenant_id: int, connection_id: int) -> dict[str, SecretStr]: raise NotImplementedError
def credential_names(session: Session, tenant_id: int, connection_id: int) -> list[str]: raise NotImplementedError
def reseal(session: Session, old: SealingKey, new: SealingKey) -> int: raise NotImplementedError
