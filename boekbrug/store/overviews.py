"""How many tenants of a user stand, at a glance: a handful of queries, however many tenants there are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy
from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from boekbrug.domain.records import SyncStatus
from boekbrug.store.database import ACROSS_TENANTS
from boekbrug.store.rows import in_chunks
from boekbrug.store.runs import RunOutcome
from boekbrug.store.tables import IS_ERROR, ConnectionRow, RecordRow, RunRow, TenantRow

_WAITING = (SyncStatus.PENDING, SyncStatus.IN_FLIGHT)
_ERRORS = (SyncStatus.NEEDS_ATTENTION, SyncStatus.MISMATCH)


MOST_COUNTED = 1000
"""Of each tenant's documents in a status no more are counted, so that a list costs its tenants and not their size."""


@dataclass(slots=True)
class TenantStanding:
    """One tenant: its last run, how many documents wait, need attention or differ, and which connections are paused.
    More than `MOST_COUNTED` means: more than those."""

    last_at: datetime | None = None
    last_outcome: RunOutcome | None = None
    waiting: int = 0
    errors: int = 0
    mismatches: int = 0
    paused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TenantCause:
    """Documents of one tenant in one status with the same gravest finding."""

    tenant_id: int
    status: SyncStatus
    code: str
    count: int


def standings(session: Session, tenant_ids: Collection[int]) -> dict[int, TenantStanding]:
    """How each of these tenants stands."""
    found = {tenant_id: TenantStanding() for tenant_id in tenant_ids}
    for part in in_chunks(tenant_ids):
        _last_runs(session, part, found)
        _paused(session, part, found)
        _documents(session, part, found)
    return found


def causes(session: Session, tenant_ids: Collection[int]) -> list[TenantCause]:
    """What waits for a person with these tenants, per tenant and gravest finding."""
    found: list[TenantCause] = []
    for part in in_chunks(tenant_ids):
        for status in _ERRORS:
            counted = select(RecordRow.tenant_id, RecordRow.finding_code, func.count()).where(
                col(RecordRow.tenant_id).in_(part), RecordRow.status == status.value, IS_ERROR
            )
            grouped = counted.group_by(col(RecordRow.tenant_id), col(RecordRow.finding_code))
            rows = session.exec(grouped.execution_options(**ACROSS_TENANTS))
            found += [TenantCause(tenant_id, status, code, count) for tenant_id, code, count in rows]
    return found


def _documents(session: Session, part: Collection[int], found: dict[int, TenantStanding]) -> None:
    # Per tenant and status a walk through the index that ends where the counting does.
    counted = [_up_to_most(status) for status in (*_WAITING, *_ERRORS)]
    rows = session.connection().execute(
        sqlalchemy.select(col(TenantRow.id), *counted).where(col(TenantRow.id).in_(part)),
        execution_options=ACROSS_TENANTS,
    )
    for tenant_id, pending, in_flight, errors, mismatches in rows:
        standing = found[tenant_id]
        standing.waiting, standing.errors, standing.mismatches = pending + in_flight, errors, mismatches


def _up_to_most(status: SyncStatus) -> ColumnElement[int]:
    of_it = (
        select(RecordRow.id)
        .where(RecordRow.tenant_id == TenantRow.id, RecordRow.status == status.value)
        .limit(MOST_COUNTED + 1)
    )
    return sqlalchemy.select(func.count()).select_from(of_it.correlate(TenantRow).subquery()).scalar_subquery()


def _last_runs(session: Session, part: Collection[int], found: dict[int, TenantStanding]) -> None:
    # One look into the index per tenant, however many runs there were.
    latest = select(func.max(RunRow.id)).where(RunRow.tenant_id == TenantRow.id).correlate(TenantRow).scalar_subquery()
    rows = session.exec(
        select(RunRow.tenant_id, RunRow.started_at, RunRow.outcome)
        .join(TenantRow, col(RunRow.id) == latest)
        .where(col(TenantRow.id).in_(part))
        .execution_options(**ACROSS_TENANTS)
    )
    for tenant_id, started_at, outcome in rows:
        found[tenant_id].last_at = started_at
        found[tenant_id].last_outcome = None if outcome is None else RunOutcome(outcome)


def _paused(session: Session, part: Collection[int], found: dict[int, TenantStanding]) -> None:
    rows = session.exec(
        select(ConnectionRow.tenant_id, ConnectionRow.slug)
        .where(
            col(ConnectionRow.tenant_id).in_(part),
            col(ConnectionRow.removed).is_(False),
            col(ConnectionRow.broken).is_(True),
        )
        .order_by(col(ConnectionRow.id))
        .execution_options(**ACROSS_TENANTS)
    )
    for tenant_id, slug in rows:
        found[tenant_id].paused += (slug,)
