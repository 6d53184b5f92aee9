"""Earlier versions of a route: which rules a document was judged by, and who set them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from boekbrug.domain.tenants import MappingRule, RoutePolicy
from boekbrug.store.tables import RecordRow, RouteVersionRow

_MAPPING = TypeAdapter(tuple[MappingRule, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteVersion:
    """A route's policy and rules as somebody set them."""

    version: int
    policy: RoutePolicy
    mapping: tuple[MappingRule, ...]
    changed_by: str
    changed_at: datetime


def route_versions(session: Session, tenant_id: int, route_id: int, *, limit: int = 50) -> list[RouteVersion]:
    """The route's versions, the latest first."""
    rows = session.exec(
        select(RouteVersionRow)
        .where(RouteVersionRow.tenant_id == tenant_id, RouteVersionRow.route_id == route_id)
        .order_by(col(RouteVersionRow.version).desc())
        .limit(limit)
    )
    return [_version(row) for row in rows]


def version_that_judged(session: Session, tenant_id: int, record_id: int) -> RouteVersion | None:
    """The version of its route by which a document was last judged; None when it is not known."""
    row = session.exec(
        select(RouteVersionRow)
        .join(
            RecordRow,
            (col(RecordRow.tenant_id) == col(RouteVersionRow.tenant_id))
            & (col(RecordRow.route_id) == col(RouteVersionRow.route_id))
            & (col(RecordRow.version) == col(RouteVersionRow.version)),
        )
        .where(RouteVersionRow.tenant_id == tenant_id, RecordRow.tenant_id == tenant_id, RecordRow.id == record_id)
    ).one_or_none()
    return None if row is None else _version(row)


def _version(row: RouteVersionRow) -> RouteVersion:
    return RouteVersion(
        version=row.version,
        policy=RoutePolicy.model_validate_json(row.policy),
        mapping=_MAPPING.validate_json(row.mapping),
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )
