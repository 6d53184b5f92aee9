"""Migrations of historic orders: what was planned, how far they are, and what the books held beforehand."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, delete, insert, update
from sqlmodel import Session, col, select

from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.migrations import LIVE, Migration, MigrationPlan, MigrationState
from boekbrug.domain.windows import DailyWindow
from boekbrug.store.rows import in_chunks
from boekbrug.store.tables import MigrationBookedRow, MigrationRow, RouteRow

_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A document with a reference of ours that the books hold."""

    our_reference: str
    target_ref: ExternalRef
    number: str
    booked_on: date | None


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


def _replaced(migration_id: int) -> SettingsInvalid:
    return SettingsInvalid(f"plan {migration_id} was replaced by a newer one; see: boekbrug migrate status")


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
