"""What was asked of remote systems for one document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from boekbrug.domain.records import AttemptOutcome, Lane
from boekbrug.store.tables import AttemptRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A remote request for a document. `outcome` None: nobody said yet, or ever, how it ended."""

    kind: str
    budget: str
    lane: Lane
    started_at: datetime
    ended_at: datetime | None
    outcome: AttemptOutcome | None


def attempts_of(session: Session, tenant_id: int, record_id: int) -> list[Attempt]:
    """The document's attempts, the oldest first."""
    rows = session.exec(
        select(AttemptRow)
        .where(AttemptRow.tenant_id == tenant_id, AttemptRow.record_id == record_id)
        .order_by(col(AttemptRow.id))
        .execution_options(populate_existing=True)
    )
    return [
        Attempt(
            kind=row.kind,
            budget=row.budget,
            lane=Lane(row.lane),
            started_at=row.started_at,
            ended_at=row.ends_at if row.outcome else None,
            outcome=AttemptOutcome(row.outcome) if row.outcome else None,
        )
        for row in rows
    ]
