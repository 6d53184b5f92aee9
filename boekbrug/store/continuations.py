"""The one run that a route's flow has scheduled to go on with what waits.

The store decides and Prefect's server carries out. Whoever schedules writes the decision down first (`begin`), tells
the server under the row's idempotency key, and notes the server's run id (`confirm`). Dying in between leaves a row
without a run id; whoever comes next tells the server again, under the same key, so that it stays one run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, select

from boekbrug.store.database import insert_new
from boekbrug.store.tables import ContinuationRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuation:
    """What was decided. `flow_run_id` is "" as long as nobody could say that the server was told."""

    generation: int
    scheduled_at: datetime
    flow_run_id: str


def continuation(session: Session, tenant_id: int, route_id: int, flow: str) -> Continuation | None:
    """What was decided last; None when nothing ever was."""
    row = session.exec(
        select(ContinuationRow)
        .where(_continuation_is(tenant_id, route_id, flow))
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        return None
    return Continuation(generation=row.generation, scheduled_at=row.scheduled_at, flow_run_id=row.flow_run_id)


def begin(
    session: Session, tenant_id: int, route_id: int, flow: str, *, after: int, scheduled_at: datetime, now: datetime
) -> bool:
    """Decides on a new run, following generation `after` (0: the first). False when somebody else did so meanwhile."""
    if after == 0:
        own = {"tenant_id": tenant_id, "route_id": route_id, "flow": flow, "flow_run_id": ""}
        insert_new(session, ContinuationRow, [own | {"generation": 0, "scheduled_at": now, "updated_at": now}])
    decided = session.exec(
        update(ContinuationRow)
        .where(_continuation_is(tenant_id, route_id, flow), col(ContinuationRow.generation) == after)
        .values(generation=after + 1, scheduled_at=scheduled_at, flow_run_id="", updated_at=now)
    )
    return decided.rowcount == 1


def confirm(
    session: Session,
    tenant_id: int,
    route_id: int,
    flow: str,
    *,
    generation: int,
    flow_run_id: str,
    scheduled_at: datetime,
    now: datetime,
) -> None:
    """The server has that run for that moment. Nothing happens when somebody decided anew meanwhile."""
    session.exec(
        update(ContinuationRow)
        .where(_continuation_is(tenant_id, route_id, flow), col(ContinuationRow.generation) == generation)
        .values(flow_run_id=flow_run_id, scheduled_at=scheduled_at, updated_at=now)
    )


def _continuation_is(tenant_id: int, route_id: int, flow: str) -> ColumnElement[bool]:
    return (
        (col(ContinuationRow.tenant_id) == tenant_id)
        & (col(ContinuationRow.route_id) == route_id)
        & (col(ContinuationRow.flow) == flow)
    )
