"""Looking up the records of documents. See `observations` for what puts them there and `moves` for what moves them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from boekbrug.domain.records import SyncRecord, SyncStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroup:
    """Records of a tenant that wait for a person for the same reason; `numbers` are a few examples."""

    code: str
    status: SyncStatus
    count: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEvent:
    """One step in a document's life. `who` is "" for the service itself."""

    at: datetime
    status: SyncStatus
    who: str
    reason: str
    codes: tuple[str, ...]


def record(session: Session, tenant_id: int, record_id: int) -> SyncRecord: raise NotImplementedError
def by_numbers(session: Session, tenant_id: int, numbers: Collection[str], *, route_id: int | None = None) -> list[SyncRecord]: raise NotImplementedError
def due(session: Session, tenant_id: int, route_id: int, now: datetime, limit: int) -> list[SyncRecord]: raise NotImplementedError
def next_due_at(session: Session, tenant_id: int, route_id: int) -> datetime | None: raise NotImplementedError
def held(session: Session, tenant_id: int, route_id: int, *, after_id: int = 0, limit: int = 500) -> list[SyncRecord]: raise NotImplementedError
def stale_in_flight(session: Session, tenant_id: int, route_id: int, now: datetime, limit: int = 500) -> list[SyncRecord]: raise NotImplementedError
def unverified(session: Session, tenant_id: int, route_id: int, limit: int = 500) -> list[SyncRecord]: raise NotImplementedError
def counts(session: Session, tenant_id: int, route_id: int | None = None) -> dict[SyncStatus, int]: raise NotImplementedError
def error_groups(session: Session, tenant_id: int, *, route_id: int | None = None) -> list[ErrorGroup]: raise NotImplementedError
def listing(session: Session, tenant_id: int, *, route_id: int | None = None, statuses: Sequence[SyncStatus] = (), finding_code: str = "", before_id: int | None = None, limit: int = 50) -> list[SyncRecord]: raise NotImplementedError
def history(session: Session, tenant_id: int, record_id: int) -> list[RecordEvent]: raise NotImplementedError
