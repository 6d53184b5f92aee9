"""How far a stream of a connection has been read. Routes that share a source each read their own stream."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, delete, update
from sqlmodel import Session, col, select

from boekbrug.store.database import insert_new
from boekbrug.store.tables import CursorRow


def read_cursor(session: Session, tenant_id: int, connection_id: int, stream: str) -> datetime | None:
    """The moment up to which the stream has been read; None before the first time."""
    return session.exec(select(CursorRow.reached).where(_cursor_is(tenant_id, connection_id, stream))).one_or_none()


def move_cursor(
    session: Session, tenant_id: int, connection_id: int, stream: str, *, to: datetime, now: datetime
) -> None:
    """Everything up to `to` is kept. Forward only: a slow run never sets a faster one back."""
    own = {"tenant_id": tenant_id, "connection_id": connection_id, "stream": stream}
    insert_new(session, CursorRow, [own | {"reached": to, "updated_at": now}])
    session.exec(
        update(CursorRow)
        .where(_cursor_is(tenant_id, connection_id, stream), col(CursorRow.reached) < to)
        .values(reached=to, updated_at=now)
    )


def reset_cursor(session: Session, tenant_id: int, connection_id: int, stream: str) -> None:
    """The stream is read from its beginning again."""
    session.exec(delete(CursorRow).where(_cursor_is(tenant_id, connection_id, stream)))


def _cursor_is(tenant_id: int, connection_id: int, stream: str) -> ColumnElement[bool]:
    return (
        (col(CursorRow.tenant_id) == tenant_id)
        & (col(CursorRow.connection_id) == connection_id)
        & (col(CursorRow.stream) == stream)
    )
