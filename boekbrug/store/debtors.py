"""Which customer is which debtor in the books, so that two workers never create the same debtor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from boekbrug.domain.documents import ExternalRef


@dataclass(frozen=True, slots=True)
class Known:
    """The customer's debtor."""

    ref: ExternalRef


@dataclass(frozen=True, slots=True)
class Claimed:
    """Ours to look up or create until `until`. `abandoned`: somebody before us may have created it and not said so."""

    until: datetime
    abandoned: bool


@dataclass(frozen=True, slots=True)
class Busy:
    """Somebody else is at it, until then at the latest."""

    until: datetime


def claim_debtor(session: Session, tenant_id: int, connection_id: int, customer_key: str, now: datetime, lease_seconds: float) -> Known | Claimed | Busy: raise NotImplementedError
def remember_debtor(session: Session, tenant_id: int, connection_id: int, customer_key: str, ref: ExternalRef) -> None: raise NotImplementedError
def forget_debtor(session: Session, tenant_id: int, connection_id: int, customer_key: str) -> None: raise NotImplementedError
