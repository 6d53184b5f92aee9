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


def last_event(session: Session, tenant_id: int, action: str, subject: str) -> AuditEvent | None:
    """The latest line of that action on that subject; None when there is none."""
    row = session.exec(
        select(AuditRow)
        .where(AuditRow.tenant_id == tenant_id, AuditRow.action == action, AuditRow.subject == subject)
        .order_by(col(AuditRow.id).desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _event(row)


def audit_events(
    session: Session, tenant_id: int, *, before_id: int | None = None, limit: int = 50
) -> list[AuditEvent]:
    """What was changed of the tenant, the newest first; for the next page `before_id` is the last one's id."""
    statement = select(AuditRow).where(AuditRow.tenant_id == tenant_id)
    if before_id is not None:
        statement = statement.where(col(AuditRow.id) < before_id)
    return [_event(row) for row in session.exec(statement.order_by(col(AuditRow.id).desc()).limit(limit))]


def _event(row: AuditRow) -> AuditEvent:
    return AuditEvent(
        id=row.id,
        at=row.at,
        who=row.who,
        action=row.action,
        subject=row.subject,
        before=json.loads(row.before),
        after=json.loads(row.after),
    )
