"""The life of one document on one route."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from boekbrug.domain.documents import DocumentKind, ExternalRef
from boekbrug.domain.findings import Finding
from boekbrug.domain.money import Money


class SyncStatus(StrEnum):
    """Where a document is on its way. See `MOVES` for what may follow what."""

    HELD = "held"  # the source's status does not go over yet; looked at again every run
    PENDING = "pending"
    IN_FLIGHT = "in_flight"  # a write was announced; whoever finds it so looks up before writing
    POSTED = "posted"
    VERIFIED = "verified"
    MISMATCH = "mismatch"
    NEEDS_ATTENTION = "needs_attention"
    SKIPPED = "skipped"


MOVES: dict[SyncStatus, frozenset[SyncStatus]] = {
    SyncStatus.HELD: frozenset({SyncStatus.PENDING, SyncStatus.NEEDS_ATTENTION, SyncStatus.SKIPPED}),
    SyncStatus.PENDING: frozenset(
        {SyncStatus.IN_FLIGHT, SyncStatus.NEEDS_ATTENTION, SyncStatus.HELD, SyncStatus.SKIPPED}
    ),
    SyncStatus.IN_FLIGHT: frozenset({SyncStatus.POSTED, SyncStatus.PENDING, SyncStatus.NEEDS_ATTENTION}),
    SyncStatus.NEEDS_ATTENTION: frozenset(
        {SyncStatus.PENDING, SyncStatus.HELD, SyncStatus.SKIPPED, SyncStatus.NEEDS_ATTENTION}  # for other reasons
    ),
    SyncStatus.SKIPPED: frozenset({SyncStatus.PENDING, SyncStatus.HELD, SyncStatus.NEEDS_ATTENTION}),
    SyncStatus.POSTED: frozenset({SyncStatus.VERIFIED, SyncStatus.MISMATCH}),
    SyncStatus.VERIFIED: frozenset({SyncStatus.MISMATCH, SyncStatus.VERIFIED}),
    SyncStatus.MISMATCH: frozenset({SyncStatus.VERIFIED, SyncStatus.MISMATCH}),
}

# Done once is never sent again.
DONE = frozenset({SyncStatus.POSTED, SyncStatus.VERIFIED, SyncStatus.MISMATCH})


class Lane(IntEnum):
    """Urgency; the lower goes first."""

    RUSH = 0  # a person asked for it
    DAILY = 1
    MIGRATION = 2


class AttemptOutcome(StrEnum):
    """How a remote write ended."""

    WRITTEN = "written"
    REFUSED = "refused"  # the answer proves that nothing was written
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRecord:
    """One document on one route, as the store keeps it. `snapshot` is the source document as JSON."""

    id: int
    tenant_id: int
    route_id: int
    source_ref: ExternalRef
    kind: DocumentKind
    number: str
    our_reference: str
    status: SyncStatus
    lane: Lane
    fingerprint: str
    source_status: str
    snapshot: str
    customer_key: str
    ordered_at: datetime | None
    gross: Money | None
    reason: str
    findings: tuple[Finding, ...]
    target_ref: ExternalRef | None
    target_number: str
    not_before: datetime | None
    claimed_until: datetime | None
    created_at: datetime
    updated_at: datetime
    posted_at: datetime | None
    verified_at: datetime | None
