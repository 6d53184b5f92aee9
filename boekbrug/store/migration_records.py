"""The documents that migrations of historic orders met, and where they are now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, Select, and_, case, func, update
from sqlmodel import Session, col, select

from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.migrations import MigrationCounts, MigrationState
from boekbrug.domain.records import Lane, SyncRecord, SyncStatus
from boekbrug.store.database import insert_new
from boekbrug.store.moves import Step, write_history
from boekbrug.store.rows import in_chunks, record_from, unindexed
from boekbrug.store.tables import MigrationRecordRow, MigrationRow, RecordRow

_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A record as a migration's reading needs it."""

    record_id: int
    status: SyncStatus
    lane: Lane


def known(session: Session, tenant_id: int, route_id: int, refs: Collection[ExternalRef]) -> dict[ExternalRef, Known]:
    """Which of these documents of the source the route knows already."""
    found: dict[ExternalRef, Known] = {}
    for system, kind in {(ref.system, ref.kind) for ref in refs}:
        for ids in in_chunks(ref.id for ref in refs if (ref.system, ref.kind) == (system, kind)):
            rows = session.exec(
                select(RecordRow.source_id, RecordRow.id, RecordRow.status, RecordRow.lane).where(
                    unindexed(RecordRow.tenant_id) == tenant_id,
                    RecordRow.route_id == route_id,
                    RecordRow.source_system == system,
                    RecordRow.source_kind == kind,
                    col(RecordRow.source_id).in_(ids),
                )
            )
            for source_id, record_id, status, lane in rows:
                one = Known(record_id=record_id, status=SyncStatus(status), lane=Lane(lane))
                found[ExternalRef(system, kind, source_id)] = one
    return found


def met_by(session: Session, tenant_id: int, record_ids: Collection[int]) -> dict[int, tuple[MigrationState, bool]]:
    """Those of the records that a migration met: the latest one's state, and whether it accepts earlier VAT periods."""
    found: dict[int, tuple[MigrationState, bool]] = {}
    for part in in_chunks(record_ids):
        rows = session.exec(
            select(MigrationRecordRow.record_id, MigrationRow.state, MigrationRow.accepts_earlier_periods)
            .join(MigrationRow, col(MigrationRow.id) == col(MigrationRecordRow.migration_id))
            .where(
                MigrationRecordRow.tenant_id == tenant_id,
                MigrationRow.tenant_id == tenant_id,
                col(MigrationRecordRow.record_id).in_(part),
            )
            .order_by(col(MigrationRecordRow.migration_id))
        )
        found |= {record_id: (MigrationState(state), accepts) for record_id, state, accepts in rows}
    return found


def take_over(session: Session, tenant_id: int, record_ids: Collection[int], now: datetime) -> None:
    """What the daily run skipped, and no person did, is the migration's from now on."""
    for part in in_chunks(record_ids):
        session.exec(
            update(RecordRow)
            .where(
                col(RecordRow.tenant_id) == tenant_id,
                col(RecordRow.id).in_(part),
                col(RecordRow.status) == SyncStatus.SKIPPED.value,
                col(RecordRow.skipped_by) == "",
            )
            .values(lane=int(Lane.MIGRATION), updated_at=now)
        )


def meet(session: Session, tenant_id: int, migration_id: int, was_there: Mapping[int, bool]) -> None:
    """The migration met these records; what it noted of one the first time stands."""
    rows = [
        {"tenant_id": tenant_id, "migration_id": migration_id, "record_id": record_id, "was_there": there}
        for record_id, there in was_there.items()
    ]
    if rows:
        insert_new(session, MigrationRecordRow, rows)


def mark_was_there(session: Session, tenant_id: int, migration_id: int, record_id: int) -> None:
    """The books held the document before the migration came to it."""
    session.exec(
        update(MigrationRecordRow)
        .where(
            col(MigrationRecordRow.tenant_id) == tenant_id,
            col(MigrationRecordRow.migration_id) == migration_id,
            col(MigrationRecordRow.record_id) == record_id,
        )
        .values(was_there=True)
    )


def outdated(session: Session, tenant_id: int, migration_id: int, version: int) -> Iterator[list[SyncRecord]]:
    """Pages of the migration's own records that need attention and were judged by an older version of the route."""
    after_id = 0
    while True:
        page = [
            record_from(row)
            for row in session.connection().execute(
                select(RecordRow)
                .where(
                    *_met(tenant_id, migration_id),
                    RecordRow.status == SyncStatus.NEEDS_ATTENTION.value,
                    RecordRow.lane == int(Lane.MIGRATION),
                    RecordRow.version < version,
                    col(RecordRow.id) > after_id,
                )
                .order_by(col(RecordRow.id))
                .limit(_PAGE)
            )
        ]
        if not page:
            return
        after_id = page[-1].id
        yield page


def unfinished(session: Session, tenant_id: int, migration_id: int) -> tuple[int, int]:
    """How many of the documents it met are pending (in any lane), and how many are being written."""
    found = dict(
        session.exec(
            select(RecordRow.status, func.count())
            .where(
                *_met(tenant_id, migration_id),
                col(RecordRow.status).in_([SyncStatus.PENDING.value, SyncStatus.IN_FLIGHT.value]),
            )
            .group_by(RecordRow.status)
        ).all()
    )
    return found.get(SyncStatus.PENDING.value, 0), found.get(SyncStatus.IN_FLIGHT.value, 0)


def written_since(session: Session, tenant_id: int, migration_id: int, since: datetime) -> int:
    """How many of its own documents went over since that moment, or are on their way."""
    own = (*_met(tenant_id, migration_id), col(RecordRow.lane) == int(Lane.MIGRATION))
    posted = select(func.count()).where(
        *own, col(MigrationRecordRow.was_there).is_(False), col(RecordRow.posted_at) >= since
    )
    under_way = select(func.count()).where(*own, RecordRow.status == SyncStatus.IN_FLIGHT.value)
    return session.exec(posted).one() + session.exec(under_way).one()


def put_off(
    session: Session,
    tenant_id: int,
    migration_id: int,
    now: datetime,
    *,
    reason: str,
    who: str = "",
    findings: str = "[]",
    code: str = "",
    placed_before: datetime | None = None,
) -> int:
    """Skips what the migration has not written yet, all of it or the orders placed before a moment; how many.

    Another migration takes them up again: nobody skipped them for good.
    """
    own = (
        col(RecordRow.tenant_id) == tenant_id,
        col(RecordRow.lane) == int(Lane.MIGRATION),
        col(RecordRow.status) == SyncStatus.PENDING.value,
    )
    members = select(MigrationRecordRow.record_id).where(
        MigrationRecordRow.tenant_id == tenant_id, MigrationRecordRow.migration_id == migration_id
    )
    statement = select(RecordRow.id).where(*own, col(RecordRow.id).in_(members))
    if placed_before is not None:
        statement = statement.where(col(RecordRow.ordered_at) < placed_before)
    ids = list(session.exec(statement.with_for_update()))
    for part in in_chunks(ids):
        session.exec(
            update(RecordRow)
            .where(*own, col(RecordRow.id).in_(part))
            .values(
                status=SyncStatus.SKIPPED.value,
                wanted=SyncStatus.SKIPPED.value,  # so that a migration that wants them finds something changed
                reason=reason,
                findings=findings,
                finding_code=code,
                not_before=None,
                updated_at=now,
            )
        )
    write_history(session, tenant_id, now, [Step(one, SyncStatus.SKIPPED, who, reason) for one in ids])
    return len(ids)


def hand_over(session: Session, tenant_id: int, migration_id: int, now: datetime) -> None:
    """What still waits for a person or for its status goes on with the daily run."""
    members = select(MigrationRecordRow.record_id).where(
        MigrationRecordRow.tenant_id == tenant_id, MigrationRecordRow.migration_id == migration_id
    )
    session.exec(
        update(RecordRow)
        .where(
            col(RecordRow.tenant_id) == tenant_id,
            col(RecordRow.lane) == int(Lane.MIGRATION),
            col(RecordRow.status).in_([SyncStatus.NEEDS_ATTENTION.value, SyncStatus.HELD.value]),
            col(RecordRow.id).in_(members),
        )
        .values(lane=int(Lane.DAILY), updated_at=now)
    )


def counts(session: Session, tenant_id: int, migration_id: int) -> MigrationCounts:
    """Where the documents that it met are now.

    In time nearly all of them are done. Those are not looked at: they are what is left of all when the others, which
    the index of statuses finds, are taken away.
    """
    of_it = (col(MigrationRecordRow.tenant_id) == tenant_id, col(MigrationRecordRow.migration_id) == migration_id)
    found = session.connection().execute(sqlalchemy.select(func.count(), _COUNT_OF_THERE).where(*of_it))
    met, was_there = found.one()
    waiting = undone_there = 0
    for status in (SyncStatus.PENDING, SyncStatus.IN_FLIGHT):
        count, there = session.connection().execute(_met_in(tenant_id, migration_id, status)).one()
        waiting, undone_there = waiting + count, undone_there + there
    mismatch, _ = session.connection().execute(_met_in(tenant_id, migration_id, SyncStatus.MISMATCH)).one()
    skipped: dict[str, int] = {}
    attention: dict[str, int] = {}
    why = case((col(RecordRow.finding_code) != "", col(RecordRow.finding_code)), else_=col(RecordRow.reason))
    for status in (SyncStatus.SKIPPED, SyncStatus.HELD, SyncStatus.NEEDS_ATTENTION):
        reasons = attention if status is SyncStatus.NEEDS_ATTENTION else skipped
        by_reason = _met_in(tenant_id, migration_id, status, why)
        for reason, count, there in session.connection().execute(by_reason):
            said = reason if status is SyncStatus.NEEDS_ATTENTION else reason or status.value
            if count:
                reasons[said] = reasons.get(said, 0) + count
            undone_there += there
    was_there -= undone_there
    return MigrationCounts(
        met=met,
        was_there=was_there,
        posted=met - was_there - waiting - sum(skipped.values()) - sum(attention.values()),
        mismatch=mismatch,
        waiting=waiting,
        skipped=skipped,
        needs_attention=attention,
    )


_COUNT_OF_THERE = func.count().filter(col(MigrationRecordRow.was_there))


def _met_in(tenant_id: int, migration_id: int, status: SyncStatus, *by: ColumnElement[str]) -> Select[Any]:
    """How many documents that it met are in that status, and how many of them were there already; by something."""
    # An outer join, so that SQLite begins with the documents in that status.
    joined = and_(
        col(MigrationRecordRow.tenant_id) == tenant_id,
        col(MigrationRecordRow.migration_id) == migration_id,
        col(MigrationRecordRow.record_id) == col(RecordRow.id),
    )
    counted = (
        sqlalchemy.select(*by, func.count(col(MigrationRecordRow.record_id)), _COUNT_OF_THERE)
        .select_from(RecordRow)
        .outerjoin(MigrationRecordRow, joined)
        .where(col(RecordRow.tenant_id) == tenant_id, col(RecordRow.status) == status.value)
    )
    return counted.group_by(*by) if by else counted


def _met(tenant_id: int, migration_id: int) -> tuple[ColumnElement[bool], ...]:
    """The records that the migration met, joined by these conditions. Others say which of them, and those are looked up
    here: it may have met very many."""
    return (
        col(MigrationRecordRow.tenant_id) == tenant_id,
        unindexed(MigrationRecordRow.migration_id) == migration_id,
        col(RecordRow.tenant_id) == tenant_id,
        col(RecordRow.id) == col(MigrationRecordRow.record_id),
    )
