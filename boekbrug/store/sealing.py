"""Another key for everything that is sealed: the one place that knows all of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from boekbrug.store import credentials, notifications
from boekbrug.store.credentials import SealingKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Resealed:
    """How much was sealed anew."""

    credentials: int
    addresses: int


def reseal_everything(session: Session, old: SealingKey, new: SealingKey) -> Resealed:
    """Seals the credentials of all tenants and the addresses of all users anew. What the new key sealed already is left
    alone, so that it can be repeated. Raises SettingsInvalid, so that nothing is changed, when one opens with neither
    key."""
    return Resealed(
        credentials=credentials.reseal(session, old, new), addresses=notifications.reseal(session, old, new)
    )
