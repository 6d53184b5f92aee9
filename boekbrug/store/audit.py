"""The audit log: who changed what, when. Lines are added, never changed or removed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlmodel import Session, col, select

from boekbrug.store.tables import AuditRow

State = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One change. `subject` names what was changed: a document's number, a route, a user."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    before: State
    after: State


def note(
    session: Session,
    tenant_id: int | None,
    now: datetime,
    *,
    who: str,
    action: str,
    subject: str = "",
    before: State | None = None,
    after: State | None = None,
) -> None:
    """Adds a line. `tenant_id` None: it concerns a user, not a tenant. `before` and `after` hold no secrets."""
    session.add(
        AuditRow(
            tenant_id=tenant_id,
            at=now,
            who=who,
            action=action,
            subject=subject,
            before=json.dumps(dict(before or {}), ensure_ascii=False, default=str),
            after=json.dumps(dict(after or {}), ensure_ascii=False, default=str),
        )
    )
    session.flush()


def audit_events(
    session: Session, tenant_id: int, *, before_id: int | None = None, limit: int = 50
) -> list[AuditEvent]:
    """What was changed of the tenant, the newest first; for the next page `before_id` is the last one's id."""
    statement = select(AuditRow).where(AuditRow.tenant_id == tenant_id)
    if before_id is not None:
        statement = statement.where(col(AuditRow.id) < before_id)
    return [
        AuditEvent(
            id=row.id,
            at=row.at,
            who=row.who,
            action=row.action,
            subject=row.subject,
            before=json.loads(row.before),
            after=json.loads(row.after),
        )
        for row in session.exec(statement.order_by(col(AuditRow.id).desc()).limit(limit))
    ]
