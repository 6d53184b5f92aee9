"""Migrations of historic orders: what was planned, how far they are, and which documents they met."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, Select, and_, case, delete, func, insert, update
from sqlmodel import Session, col, select

from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.migrations import LIVE, Migration, MigrationCounts, MigrationPlan, MigrationState
from boekbrug.domain.records import Lane, SyncRecord, SyncStatus
from boekbrug.domain.windows import DailyWindow
from boekbrug.store.database import insert_new
from boekbrug.store.moves import Step, write_history
from boekbrug.store.rows import in_chunks, record_from, unindexed
from boekbrug.store.tables import MigrationBookedRow, MigrationRecordRow, MigrationRow, RecordRow, RouteRow

_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A document with a reference of ours that the books hold."""

    our_reference: str
    target_ref: ExternalRef
    number: str
    booked_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A record as a migration's reading needs it."""

    record_id: int
    status: SyncStatus
    lane: Lane


# -- the migration itself


def draft(
    session: Session,
    tenant_id: int,
    route_id: int,
    *,
    first_on: date,
    last_on: date,
    window: DailyWindow,
    per_window: int | None,
    shop_count: int,
    who: str,
    now: datetime,
) -> int:
    """Begins a plan and returns its id; an older plan of the route that was not started is forgotten.

    Raises SettingsInvalid while a migration of the route is running or paused.
    """
    lock = select(RouteRow.id).where(RouteRow.tenant_id == tenant_id, RouteRow.id == route_id).with_for_update()
    session.exec(lock).one()
    live = live_on_route(session, tenant_id, route_id)
    if live is not None:
        raise SettingsInvalid(f"migration {live.id} of this route is {live.state}; let it end, or cancel it")
    unstarted = session.exec(
        select(MigrationRow.id)
        .where(
            *_on_route(tenant_id, route_id),
            col(MigrationRow.state).in_([MigrationState.DRAFT.value, MigrationState.PLANNED.value]),
        )
        .with_for_update()
    ).all()
    for migration_id in unstarted:
        forget_booked(session, tenant_id, migration_id)
        session.exec(delete(MigrationRow).where(_migration_is(tenant_id, migration_id)))
    row = MigrationRow(
        tenant_id=tenant_id,
        route_id=route_id,
        state=MigrationState.DRAFT.value,
        first_on=first_on,
        last_on=last_on,
        window_from=f"{window.start:%H:%M}",
        window_to=f"{window.end:%H:%M}",
        per_window=per_window,
        reached_on=first_on,
        planned_at=now,
        planned_by=who,
        seen_at=now,
        shop_count=shop_count,
        plan=MigrationPlan().model_dump_json(),
    )
    session.add(row)
    session.flush()
    return row.id


def note_planning(
    session: Session, tenant_id: int, migration_id: int, *, read: int, shop_count: int, now: datetime
) -> None:
    """How far the planning is, and that it lives. Raises SettingsInvalid when a newer plan replaced this one."""
    plan = MigrationPlan(shop_count=shop_count, read=read)
    noted = session.exec(
        update(MigrationRow)
        .where(_migration_is(tenant_id, migration_id), col(MigrationRow.state) == MigrationState.DRAFT.value)
        .values(plan=plan.model_dump_json(), shop_count=shop_count, seen_at=now)
    )
    if noted.rowcount != 1:
        raise _replaced(migration_id)


def planning_failed(session: Session, tenant_id: int, migration_id: int, problem: str) -> None:
    """The planning broke off, and why. Nothing happens when a newer plan replaced it."""
    session.exec(
        update(MigrationRow)
        .where(_migration_is(tenant_id, migration_id), col(MigrationRow.state) == MigrationState.DRAFT.value)
        .values(problem=problem)
    )


def keep_plan(
    session: Session, tenant_id: int, migration_id: int, plan: MigrationPlan, finishes_at: datetime | None
) -> None:
    """The plan is complete: the migration can be started. Raises SettingsInvalid when a newer plan replaced it."""
    kept = session.exec(
        update(MigrationRow)
        .where(_migration_is(tenant_id, migration_id), col(MigrationRow.state) == MigrationState.DRAFT.value)
        .values(state=MigrationState.PLANNED.value, plan=plan.model_dump_json(), finishes_at=finishes_at)
    )
    if kept.rowcount != 1:
        raise _replaced(migration_id)


def migration_by_id(session: Session, tenant_id: int, migration_id: int) -> Migration:
    """The migration. Raises SettingsInvalid when the tenant has none with that id."""
    row = session.exec(
        select(MigrationRow).where(_migration_is(tenant_id, migration_id)).execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise SettingsInvalid(f"there is no migration {migration_id}; see: boekbrug migrate status")
    return _migration(row)


def list_migrations(session: Session, tenant_id: int, route_id: int | None = None) -> list[Migration]:
    """The tenant's migrations, the newest first."""
    statement = select(MigrationRow).where(MigrationRow.tenant_id == tenant_id)
    if route_id is not None:
        statement = statement.where(MigrationRow.route_id == route_id)
    newest = statement.order_by(col(MigrationRow.id).desc()).execution_options(populate_existing=True)
    return [_migration(row) for row in session.exec(newest)]


def live_on_route(session: Session, tenant_id: int, route_id: int) -> Migration | None:
    """The route's migration that is running or paused; there is at most one."""
    row = session.exec(
        select(MigrationRow)
        .where(*_on_route(tenant_id, route_id), col(MigrationRow.state).in_([state.value for state in LIVE]))
        .execution_options(populate_existing=True)
    ).one_or_none()
    return None if row is None else _migration(row)


def state_of(session: Session, tenant_id: int, migration_id: int) -> MigrationState:
    """Where the migration is now: a person may have paused or cancelled it."""
    found = session.exec(select(MigrationRow.state).where(_migration_is(tenant_id, migration_id))).one()
    return MigrationState(found)


def change_state(
    session: Session,
    tenant_id: int,
    migration_id: int,
    to: MigrationState,
    *,
    among: Collection[MigrationState],
    **values: object,
) -> None:
    """Moves the migration on. Raises SettingsInvalid when it is in none of the states `among`."""
    changed = session.exec(
        update(MigrationRow)
        .where(_migration_is(tenant_id, migration_id), col(MigrationRow.state).in_([state.value for state in among]))
        .values(state=to.value, **values)
    )
    if changed.rowcount != 1:
        state = migration_by_id(session, tenant_id, migration_id).state
        raise SettingsInvalid(f"migration {migration_id} is {state}; it cannot become {to}")


def reach(session: Session, tenant_id: int, migration_id: int, day: date) -> None:
    """Everything placed before that day has been read. Forward only."""
    session.exec(
        update(MigrationRow)
        .where(_migration_is(tenant_id, migration_id), col(MigrationRow.reached_on) < day)
        .values(reached_on=day)
    )


def keep(session: Session, tenant_id: int, migration_id: int, **values: object) -> None:
    """Keeps what a run found out: `finishes_at`, `shop_count`, `artifact_id`, `statement`."""
    session.exec(update(MigrationRow).where(_migration_is(tenant_id, migration_id)).values(**values))


# -- what the books held beforehand


def add_booked(session: Session, tenant_id: int, migration_id: int, documents: Iterable[Booked]) -> None:
    """Remembers documents of the books by our reference, on disk: there may be any number of them. Raises
    SettingsInvalid when a newer plan replaced this one."""
    there = select(MigrationRow.id).where(_migration_is(tenant_id, migration_id)).with_for_update(key_share=True)
    if session.exec(there).one_or_none() is None:
        raise _replaced(migration_id)
    rows = [
        {
            "tenant_id": tenant_id,
            "migration_id": migration_id,
            "our_reference": one.our_reference,
            "target_system": one.target_ref.system,
            "target_kind": one.target_ref.kind,
            "target_id": one.target_ref.id,
            "target_number": one.number,
            "booked_on": one.booked_on,
        }
        for one in documents
    ]
    if rows:
        session.connection().execute(insert(MigrationBookedRow), rows)


def booked(session: Session, tenant_id: int, migration_id: int, references: Collection[str]) -> dict[str, list[Booked]]:
    """What the books held under these references."""
    found: dict[str, list[Booked]] = {}
    for part in in_chunks(references):
        rows = session.exec(
            select(MigrationBookedRow).where(
                MigrationBookedRow.tenant_id == tenant_id,
                MigrationBookedRow.migration_id == migration_id,
                col(MigrationBookedRow.our_reference).in_(part),
            )
        )
        for row in rows:
            one = Booked(
                our_reference=row.our_reference,
                target_ref=ExternalRef(row.target_system, row.target_kind, row.target_id),
                number=row.target_number,
                booked_on=row.booked_on,
            )
            found.setdefault(row.our_reference, []).append(one)
    return found


def forget_booked(session: Session, tenant_id: int, migration_id: int) -> None:
    """They are read anew, or no longer needed."""
    session.exec(
        delete(MigrationBookedRow).where(
            col(MigrationBookedRow.tenant_id) == tenant_id, col(MigrationBookedRow.migration_id) == migration_id
        )
    )


# -- the documents it met


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


def _replaced(migration_id: int) -> SettingsInvalid:
    return SettingsInvalid(f"plan {migration_id} was replaced by a newer one; see: boekbrug migrate status")


def _met(tenant_id: int, migration_id: int) -> tuple[ColumnElement[bool], ...]:
    """The records that the migration met, joined by these conditions. Others say which of them, and those are looked up
    here: it may have met very many."""
    return (
        col(MigrationRecordRow.tenant_id) == tenant_id,
        unindexed(MigrationRecordRow.migration_id) == migration_id,
        col(RecordRow.tenant_id) == tenant_id,
        col(RecordRow.id) == col(MigrationRecordRow.record_id),
    )


def _migration_is(tenant_id: int, migration_id: int) -> ColumnElement[bool]:
    return (col(MigrationRow.tenant_id) == tenant_id) & (col(MigrationRow.id) == migration_id)


def _on_route(tenant_id: int, route_id: int) -> tuple[ColumnElement[bool], ...]:
    return col(MigrationRow.tenant_id) == tenant_id, col(MigrationRow.route_id) == route_id


def _migration(row: MigrationRow) -> Migration:
    return Migration(
        id=row.id,
        tenant_id=row.tenant_id,
        route_id=row.route_id,
        state=MigrationState(row.state),
        first_on=row.first_on,
        last_on=row.last_on,
        window=DailyWindow.parse(f"{row.window_from}-{row.window_to}"),
        per_window=row.per_window,
        accepts_earlier_periods=row.accepts_earlier_periods,
        reached_on=row.reached_on,
        planned_at=row.planned_at,
        planned_by=row.planned_by,
        started_at=row.started_at,
        started_by=row.started_by,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        finishes_at=row.finishes_at,
        shop_count=row.shop_count,
        artifact_id=row.artifact_id,
        plan=MigrationPlan.model_validate_json(row.plan),
        statement=row.statement,
        seen_at=row.seen_at,
        problem=row.problem,
    )
