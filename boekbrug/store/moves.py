"""Moving records through their life; every move is checked against `records.MOVES` and written to the history."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session

from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.findings import Finding
from boekbrug.domain.records import Lane, SyncStatus


class IllegalMove(Exception):
    """A record was to go where it cannot go from where it is: a mistake of ours."""


def claim(session: Session, tenant_id: int, record_id: int, now: datetime, claim_seconds: float) -> bool: raise NotImplementedError
def claim_stale(session: Session, tenant_id: int, record_id: int, now: datetime, claim_seconds: float) -> bool: raise NotImplementedError
def release(session: Session, tenant_id: int, record_id: int, now: datetime, *, not_before: datetime | None = None, reason: str = "") -> None: raise NotImplementedError
def mark_posted(session: Session, tenant_id: int, record_id: int, now: datetime, *, target_ref: ExternalRef, target_number: str, posted_at: datetime, findings: tuple[Finding, ...] = ()) -> None: raise NotImplementedError
def mark_needs_attention(session: Session, tenant_id: int, record_id: int, now: datetime, *, findings: tuple[Finding, ...], reason: str = "") -> None: raise NotImplementedError
def mark_compared(session: Session, tenant_id: int, record_id: int, now: datetime, *, findings: tuple[Finding, ...]) -> SyncStatus:
    """VERIFIED, or MISMATCH when a finding of that level stands; replaces the findings of the comparison before."""
    raise NotImplementedError
def add_finding(session: Session, tenant_id: int, record_id: int, now: datetime, *, finding: Finding) -> bool:
    """Of a document that is done; replaces one with the same code; False when it stood there already."""
    raise NotImplementedError
def withdraw_finding(session: Session, tenant_id: int, record_id: int, now: datetime, *, code: str) -> bool: raise NotImplementedError
def accept_differences(session: Session, tenant_id: int, record_id: int, now: datetime, *, who: str, reason: str) -> None:
    """A person dealt with everything that differs: it no longer counts, also when the next comparison finds it again."""
    raise NotImplementedError
def retry(session: Session, tenant_id: int, now: datetime, *, who: str, route_id: int | None = None, numbers: Collection[str] | None = None, lane: Lane = Lane.RUSH) -> int: raise NotImplementedError
def skip(session: Session, tenant_id: int, record_id: int, now: datetime, *, who: str, reason: str) -> None: raise NotImplementedError
