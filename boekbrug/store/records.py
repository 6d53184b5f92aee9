"""Looking up the records of documents. `observations` puts them there, `moves` moves them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, true
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.records import Lane, SyncRecord, SyncStatus
from boekbrug.store.rows import in_chunks, record_from, unindexed
from boekbrug.store.tables import IS_ERROR, RecordEventRow, RecordRow

ERRORS = (SyncStatus.NEEDS_ATTENTION, SyncStatus.MISMATCH)
_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroup:
    """Documents of a tenant with the same gravest finding; `numbers` are a few examples, the newest first."""

    code: str
    status: SyncStatus
    count: int
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEvent:
    """One step in a document's life. `who` is "" for the service itself; `codes` are the findings at that moment."""

    at: datetime
    status: SyncStatus
    who: str
    reason: str
    codes: tuple[str, ...]


def record_by_id(session: Session, tenant_id: int, record_id: int) -> SyncRecord:
    """The record. Raises LookupError when the tenant has none with that id."""
    found = _records(session, select(RecordRow).where(RecordRow.tenant_id == tenant_id, RecordRow.id == record_id))
    if not found:
        raise LookupError(f"tenant {tenant_id} has no record {record_id}")
    return found[0]


def by_numbers(
    session: Session, tenant_id: int, numbers: Collection[str], *, route_id: int | None = None
) -> list[SyncRecord]:
    """The records of the documents with these numbers, on all routes or one."""
    found: list[SyncRecord] = []
    for part in in_chunks(numbers):
        statement = select(RecordRow).where(RecordRow.tenant_id == tenant_id, col(RecordRow.number).in_(part))
        if route_id is not None:
            statement = statement.where(unindexed(RecordRow.route_id) == route_id)
        found += _records(session, statement)
    return found


def by_ids(session: Session, tenant_id: int, record_ids: Collection[int]) -> list[SyncRecord]:
    """The records with these ids, the oldest first."""
    found: list[SyncRecord] = []
    for part in in_chunks(sorted(record_ids)):
        found += _records(
            session, select(RecordRow).where(RecordRow.tenant_id == tenant_id, col(RecordRow.id).in_(part))
        )
    return sorted(found, key=lambda record: record.id)


def by_source_refs(session: Session, tenant_id: int, route_id: int, refs: Collection[ExternalRef]) -> list[SyncRecord]:
    """The records of these documents of the source; those never seen are left out."""
    wanted, found = frozenset(refs), []
    for ids in in_chunks(sorted({ref.id for ref in wanted})):
        mine = (unindexed(RecordRow.tenant_id) == tenant_id, col(RecordRow.route_id) == route_id)
        found += _records(session, select(RecordRow).where(*mine, col(RecordRow.source_id).in_(ids)))
    return [record for record in found if record.source_ref in wanted]


def pending_with_references(
    session: Session, tenant_id: int, route_id: int, references: Collection[str]
) -> list[SyncRecord]:
    """Documents that wait to be written and have one of these references of ours."""
    found: list[SyncRecord] = []
    on_route = (col(RecordRow.tenant_id) == tenant_id, col(RecordRow.route_id) == route_id)
    waits = unindexed(RecordRow.status) == SyncStatus.PENDING.value
    for part in in_chunks(references):
        mine = select(RecordRow).where(*on_route, col(RecordRow.our_reference).in_(part), waits)
        found += _records(session, mine)
    return found


def due(
    session: Session, tenant_id: int, route_id: int, now: datetime, limit: int, *, lanes: Iterable[Lane] = Lane
) -> list[SyncRecord]:
    """What can go over now in these lanes: the urgent ones first, then in the shop's order.

    Per lane a walk through the index, which passes by what was put off; then the documents themselves.
    """
    ids: list[int] = []
    for lane in sorted(lanes):
        if len(ids) < limit:
            mine = select(RecordRow.id).where(
                *_in_lane(tenant_id, route_id, SyncStatus.PENDING, lane),
                or_(col(RecordRow.not_before).is_(None), col(RecordRow.not_before) <= now),
            )
            order = (col(RecordRow.ordered_at), col(RecordRow.sequence), col(RecordRow.id))
            ids += session.exec(mine.order_by(*order).limit(limit - len(ids))).all()
    found = {record.id: record for record in by_ids(session, tenant_id, ids)}
    return [found[record_id] for record_id in ids]


def next_due_at(
    session: Session, tenant_id: int, route_id: int, now: datetime, *, lanes: Iterable[Lane] = Lane
) -> datetime | None:
    """The first moment after `now` at which a document of these lanes that was put off can go over, or one whose
    outcome is not known can be looked up; None when there is none."""
    moments: list[datetime | None] = []
    for lane in lanes:
        put_off = select(func.min(RecordRow.not_before)).where(
            *_in_lane(tenant_id, route_id, SyncStatus.PENDING, lane), col(RecordRow.not_before) > now
        )
        claimed = select(func.min(RecordRow.claimed_until)).where(
            *_in_lane(tenant_id, route_id, SyncStatus.IN_FLIGHT, lane), col(RecordRow.claimed_until) > now
        )
        moments += (session.exec(put_off).one(), session.exec(claimed).one())
    return min((moment for moment in moments if moment is not None), default=None)


def stale_in_flight(session: Session, tenant_id: int, route_id: int, now: datetime, limit: int) -> list[SyncRecord]:
    """Writes whose worker did not say how they ended. Claim one (`moves.claim_stale`), then look it up in the books."""
    statement = select(RecordRow).where(
        *_on_route(tenant_id, route_id, SyncStatus.IN_FLIGHT), col(RecordRow.claimed_until) <= now
    )
    return _records(session, statement.limit(limit))


def in_flight_since(session: Session, tenant_id: int, record_id: int) -> datetime | None:
    """When the write of a document that is in flight was announced, however often it was looked up since; None when
    it is not in flight."""
    mine = (RecordEventRow.tenant_id == tenant_id, RecordEventRow.record_id == record_id)
    before = select(func.max(RecordEventRow.id)).where(*mine, RecordEventRow.status != SyncStatus.IN_FLIGHT.value)
    first = select(func.min(RecordEventRow.at)).where(
        *mine, col(RecordEventRow.id) > func.coalesce(before.scalar_subquery(), 0)
    )
    return session.exec(first).one()


def unverified(session: Session, tenant_id: int, route_id: int, limit: int = _PAGE) -> list[SyncRecord]:
    """Posted, and not yet compared with the books; by id, as they are then written."""
    statement = select(RecordRow).where(*_on_route(tenant_id, route_id, SyncStatus.POSTED)).limit(limit)
    return sorted(_records(session, statement), key=lambda record: record.id)


def held(session: Session, tenant_id: int, route_id: int, *, after_id: int = 0, limit: int = _PAGE) -> list[SyncRecord]:
    """Documents whose source status was not eligible when last seen; a page of them by id, after `after_id`."""
    statement = select(RecordRow).where(*_in_status(tenant_id, SyncStatus.HELD, route_id), col(RecordRow.id) > after_id)
    return _records(session, statement.order_by(col(RecordRow.id)).limit(limit))


def outdated_skips(
    session: Session, tenant_id: int, route_id: int, version: int, *, after_id: int = 0, limit: int = _PAGE
) -> list[SyncRecord]:
    """Documents that an older version of the route (not a person) skipped; a page of them by id, after `after_id`."""
    statement = select(RecordRow).where(
        *_in_status(tenant_id, SyncStatus.SKIPPED, route_id),
        col(RecordRow.id) > after_id,
        RecordRow.version < version,
        RecordRow.skipped_by == "",
    )
    return _records(session, statement.order_by(col(RecordRow.id)).limit(limit))


def listing(
    session: Session,
    tenant_id: int,
    *,
    route_id: int | None = None,
    statuses: Iterable[SyncStatus] = SyncStatus,
    finding_code: str = "",
    lanes: Iterable[Lane] = Lane,
    before_id: int | None = None,
    limit: int = 50,
) -> list[SyncRecord]:
    """A page of records, the newest first; for the next page `before_id` is the last one's id.

    One short walk through the index per status (or one for all of them), then the page's records: a page costs a page,
    whatever is asked.
    """
    chosen, wanted = frozenset(lanes), frozenset(statuses)
    walks: list[tuple[ColumnElement[bool], ...]] = [
        (*_in_status(tenant_id, status, route_id), _in_lanes(chosen)) for status in wanted
    ]
    if len(wanted) == len(SyncStatus) and len(chosen) == len(Lane) and route_id is None and not finding_code:
        walks = [(col(RecordRow.tenant_id) == tenant_id,)]
    ids: list[int] = []
    for mine in walks:
        statement = select(RecordRow.id).where(*mine)
        if finding_code:
            statement = statement.where(RecordRow.finding_code == finding_code)
        if before_id is not None:
            statement = statement.where(col(RecordRow.id) < before_id)
        ids += session.exec(statement.order_by(col(RecordRow.id).desc()).limit(limit)).all()
    return by_ids(session, tenant_id, sorted(ids, reverse=True)[:limit])[::-1]


def counts(
    session: Session,
    tenant_id: int,
    route_id: int,
    *,
    lanes: Iterable[Lane] = Lane,
    statuses: Collection[SyncStatus] = tuple(SyncStatus),
) -> dict[SyncStatus, int]:
    """How many of the route's documents, in these lanes, are in each of these statuses. Each document is counted one by
    one, so that statuses that few documents stay in are counted at once, however long the route is in use."""
    counted = select(RecordRow.status, func.count()).where(
        RecordRow.tenant_id == tenant_id,
        RecordRow.route_id == route_id,
        _in_lanes(lanes),
        true() if len(statuses) == len(SyncStatus) else col(RecordRow.status).in_([s.value for s in statuses]),
    )
    found = dict(session.exec(counted.group_by(RecordRow.status)).all())
    return {status: found.get(status.value, 0) for status in statuses}


def error_groups(session: Session, tenant_id: int, *, route_id: int | None = None) -> list[ErrorGroup]:
    """What waits for a person, grouped by its gravest finding, the most frequent first."""
    groups: list[ErrorGroup] = []
    for status in ERRORS:
        errors = _in_status(tenant_id, status, route_id)
        per_code = select(RecordRow.finding_code, func.count()).where(*errors).group_by(RecordRow.finding_code)
        for code, count in session.exec(per_code).all():
            examples = select(RecordRow.number).where(*errors, RecordRow.finding_code == code)
            numbers = session.exec(examples.order_by(col(RecordRow.id).desc()).limit(5)).all()
            groups.append(ErrorGroup(code=code, status=status, count=count, numbers=tuple(numbers)))
    return sorted(groups, key=lambda group: -group.count)


def history(session: Session, tenant_id: int, record_id: int) -> list[RecordEvent]:
    """The document's whole life, step by step."""
    rows = session.exec(
        select(RecordEventRow)
        .where(RecordEventRow.tenant_id == tenant_id, RecordEventRow.record_id == record_id)
        .order_by(col(RecordEventRow.id))
    )
    return [
        RecordEvent(
            at=row.at, status=SyncStatus(row.status), who=row.who, reason=row.reason, codes=tuple(row.codes.split())
        )
        for row in rows
    ]


def _on_route(tenant_id: int, route_id: int, status: SyncStatus) -> tuple[ColumnElement[bool], ...]:
    return (
        col(RecordRow.tenant_id) == tenant_id,
        col(RecordRow.route_id) == route_id,
        col(RecordRow.status) == status.value,
    )


def _in_lane(tenant_id: int, route_id: int, status: SyncStatus, lane: Lane) -> tuple[ColumnElement[bool], ...]:
    return *_on_route(tenant_id, route_id, status), col(RecordRow.lane) == int(lane)


def _in_lanes(lanes: Iterable[Lane]) -> ColumnElement[bool]:
    """Without a condition for all of them, so that the indexes serve as they are."""
    chosen = sorted(int(lane) for lane in lanes)
    return true() if len(chosen) == len(Lane) else col(RecordRow.lane).in_(chosen)


def _in_status(tenant_id: int, status: SyncStatus, route_id: int | None) -> list[ColumnElement[bool]]:
    conditions = [col(RecordRow.tenant_id) == tenant_id, col(RecordRow.status) == status.value]
    if status in ERRORS:
        conditions.append(IS_ERROR)
    return conditions if route_id is None else [*conditions, col(RecordRow.route_id) == route_id]


def _records(session: Session, statement: SelectOfScalar[RecordRow]) -> list[SyncRecord]:
    return [record_from(row) for row in session.connection().execute(statement)]
