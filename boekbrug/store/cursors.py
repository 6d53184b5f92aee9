"""How far a stream of a connection has been read."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session


def read_cursor(session: Session, tenant_id: int, connection_id: int, stream: str) -> datetime | None: raise NotImplementedError
def move_cursor(session: Session, tenant_id: int, connection_id: int, stream: str, *, to: datetime, now: datetime) -> None:
    """Forward only: a slower run never sets a faster one back."""
    raise NotImplementedError
def reset_cursor(session: Session, tenant_id: int, connection_id: int, stream: str) -> None: raise NotImplementedError
