"""What was seen in the source becomes records, or changes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from boekbrug.domain.documents import DocumentKind, ExternalRef
from boekbrug.domain.findings import Finding
from boekbrug.domain.money import Money
from boekbrug.domain.records import Lane, SyncStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A document as it was just seen in the source, and where its source status says it should be.

    `wanted` is held, pending, skipped or needs_attention (ValueError for another).
    """

    source_ref: ExternalRef
    number: str
    kind: DocumentKind
    wanted: SyncStatus
    source_status: str
    fingerprint: str
    snapshot: str
    customer_key: str
    our_reference: str
    ordered_at: datetime | None
    gross: Money | None
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    lane: Lane = Lane.DAILY


class Seen(StrEnum):
    """What became of an observation."""

    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    IN_FLIGHT = "in_flight"  # being written at this moment, left alone
    CHANGED = "changed"  # done before, and the document differs from what was posted
    WITHDRAWN = "withdrawn"  # done before, and the source now says that it should not go over


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One observation's outcome, and the status the record now has."""

    source_ref: ExternalRef
    record_id: int
    outcome: Seen
    status: SyncStatus


def observe(session: Session, tenant_id: int, route_id: int, seen: Sequence[Observation], now: datetime) -> list[Observed]:
    """One outcome per observation, in their order."""
    raise NotImplementedError


def reopen_after_change(session: Session, tenant_id: int, route_id: int, now: datetime) -> int:
    """Records that need attention and were judged under an older version of the route's rules or policy go back to
    what their source status wants; how many did."""
    raise NotImplementedError
