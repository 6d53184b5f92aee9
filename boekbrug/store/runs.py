"""The runs of a route: when, how many documents, how it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import update
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from boekbrug.store.tables import RunRow


class RunOutcome(StrEnum):
    """How a run ended."""

    COMPLETED = "completed"
    WAITING = "waiting"  # goes on later
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRun:
    """One run of a route. `outcome` is None while it runs, and for good when its process died."""

    id: int
    route_id: int
    flow_run_id: str
    started_at: datetime
    ended_at: datetime | None
    outcome: RunOutcome | None
    counts: Mapping[str, int]
    message: str


def start_run(session: Session, tenant_id: int, route_id: int, *, flow_run_id: str, now: datetime) -> int:
    """Notes that a run of the route begins; its id."""
    row = RunRow(tenant_id=tenant_id, route_id=route_id, flow_run_id=flow_run_id, started_at=now)
    session.add(row)
    session.flush()
    return row.id


def finish_run(
    session: Session,
    tenant_id: int,
    run_id: int,
    *,
    outcome: RunOutcome,
    counts: Mapping[str, int],
    message: str,
    now: datetime,
) -> None:
    """Notes how it ended, in numbers and in a sentence. Raises LookupError when the tenant has no such run."""
    ended = session.exec(
        update(RunRow)
        .where(col(RunRow.tenant_id) == tenant_id, col(RunRow.id) == run_id)
        .values(ended_at=now, outcome=outcome.value, counts=json.dumps(dict(counts)), message=message)
    )
    if ended.rowcount != 1:
        raise LookupError(f"tenant {tenant_id} has no run {run_id}")


def recent_runs(session: Session, tenant_id: int, route_id: int, limit: int = 20) -> list[RouteRun]:
    """The latest runs, the newest first."""
    mine = select(RunRow).where(RunRow.tenant_id == tenant_id, RunRow.route_id == route_id)
    return _runs(session, mine, limit)


def latest_runs(session: Session, tenant_id: int, *, flow_run_id: str = "", limit: int = 50) -> list[RouteRun]:
    """The latest runs of all the tenant's routes, the newest first; or only those of one flow run."""
    mine = select(RunRow).where(RunRow.tenant_id == tenant_id)
    return _runs(session, mine.where(RunRow.flow_run_id == flow_run_id) if flow_run_id else mine, limit)


def _runs(session: Session, wanted: SelectOfScalar[RunRow], limit: int) -> list[RouteRun]:
    rows = session.exec(wanted.order_by(col(RunRow.id).desc()).limit(limit).execution_options(populate_existing=True))
    return [
        RouteRun(
            id=row.id,
            route_id=row.route_id,
            flow_run_id=row.flow_run_id,
            started_at=row.started_at,
            ended_at=row.ended_at,
            outcome=None if row.outcome is None else RunOutcome(row.outcome),
            counts=json.loads(row.counts),
            message=row.message,
        )
        for row in rows
    ]
