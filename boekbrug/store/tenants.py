"""Tenants with their connections and routes: as they are written down (`domain.tenants`), and as they are kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count

from pydantic import JsonValue, TypeAdapter
from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, select

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.tenants import ConnectionConfig, MappingRule, RouteConfig, RoutePolicy, TenantConfig
from boekbrug.store.database import insert_new
from boekbrug.store.tables import ConnectionRow, RecordRow, RouteRow, RouteVersionRow, TenantRow

_MAPPING = TypeAdapter(tuple[MappingRule, ...])
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A customer of this service."""

    id: int
    slug: str
    name: str
    time_zone: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A tenant's configured access to one remote system. While it is broken, `reason` and `since` tell why."""

    id: int
    tenant_id: int
    slug: str
    system: str
    settings: Mapping[str, JsonValue]
    is_broken: bool
    reason: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Source connection → target connection, with the policy and rules of its present `version`."""

    id: int
    tenant_id: int
    slug: str
    source: Connection
    target: Connection
    enabled: bool
    schedule: str  # cron, in the tenant's time zone
    version: int
    policy: RoutePolicy
    mapping: tuple[MappingRule, ...]


def _no_same_books(one: str, other: str) -> bool:
    return one == other


def import_tenant(
    session: Session,
    config: TenantConfig,
    *,
    who: str,
    now: datetime,
    same_books: Callable[[str, str], bool] = _no_same_books,
) -> Tenant:
    """Makes what is kept the same as the configuration; doing so twice changes nothing.

    A route whose policy or rules differ gets a new version, with who and when. Connections and routes that are not in
    the configuration are no longer used, but stay, because records hang on them. Credentials are not touched.

    Raises SettingsInvalid when a connection is to belong to another system, or a route with documents to go elsewhere:
    those need a new slug. Only to another connection of the same package may it go (`same_books` tells of two systems):
    the documents are found there again.
    """
    lock = select(TenantRow.id).where(TenantRow.slug == config.slug).with_for_update(key_share=True)
    tenant_id = session.exec(lock).one_or_none()
    shown = _shown(config)
    if tenant_id is None:
        insert_new(session, TenantRow, [{"slug": config.slug, "created_at": now, **shown}])
        tenant_id = session.exec(lock).one()
    session.exec(update(TenantRow).where(col(TenantRow.id) == tenant_id).values(**shown))

    session.exec(update(ConnectionRow).where(col(ConnectionRow.tenant_id) == tenant_id).values(removed=True))
    session.exec(update(RouteRow).where(col(RouteRow.tenant_id) == tenant_id).values(removed=True, enabled=False))
    ids = {connection.slug: _import_connection(session, tenant_id, connection) for connection in config.connections}
    for route in config.routes:
        ends = (ids[route.source], ids[route.target])
        _import_route(session, tenant_id, route, ends, who=who, now=now, same_books=same_books)
    return Tenant(id=tenant_id, slug=config.slug, **shown)


def _shown(config: TenantConfig) -> dict[str, str]:
    return {"name": config.name, "time_zone": config.time_zone, "language": config.language}


def new_tenant(session: Session, config: TenantConfig, now: datetime) -> Tenant:
    """A tenant that was not there before, without connections and routes. Where another has the slug, also one that is
    made at the same moment, a number stands behind it: nobody gets into a tenant that is somebody else's."""
    shown = _shown(config)
    for slug in chain((config.slug,), (f"{config.slug}-{i}" for i in count(2))):
        if insert_new(session, TenantRow, [{"slug": slug, "created_at": now, **shown}]):
            return Tenant(id=session.exec(select(TenantRow.id).where(TenantRow.slug == slug)).one(), slug=slug, **shown)
    raise AssertionError("numbers do not end")


def export_tenant(session: Session, tenant_id: int) -> TenantConfig:
    """The configuration as it is in use, without credentials. Raises LookupError when there is no such tenant."""
    row = session.exec(select(TenantRow).where(TenantRow.id == tenant_id)).one_or_none()
    if row is None:
        raise LookupError(f"there is no tenant {tenant_id}")
    return TenantConfig(
        slug=row.slug,
        name=row.name,
        time_zone=row.time_zone,
        language="en" if row.language == "en" else "nl",
        connections=tuple(
            ConnectionConfig(slug=c.slug, system=c.system, settings=dict(c.settings))
            for c in list_connections(session, tenant_id)
        ),
        routes=tuple(
            RouteConfig(
                slug=r.slug,
                source=r.source.slug,
                target=r.target.slug,
                enabled=r.enabled,
                schedule=r.schedule,
                policy=r.policy,
                mapping=r.mapping,
            )
            for r in list_routes(session, tenant_id)
        ),
    )


def list_tenants(session: Session) -> list[Tenant]:
    """All tenants, by slug."""
    return [_tenant(row) for row in session.exec(select(TenantRow).order_by(TenantRow.slug))]


def tenant_by_slug(session: Session, slug: str) -> Tenant:
    """The tenant. Raises SettingsInvalid, naming those that exist, when there is none with that slug."""
    row = session.exec(select(TenantRow).where(TenantRow.slug == slug)).one_or_none()
    if row is None:
        raise _unknown("tenant", slug, session.exec(select(TenantRow.slug).order_by(TenantRow.slug)).all())
    return _tenant(row)


def list_connections(session: Session, tenant_id: int) -> list[Connection]:
    """The tenant's connections, in the order in which they were made."""
    in_use = (
        select(ConnectionRow)
        .where(ConnectionRow.tenant_id == tenant_id, col(ConnectionRow.removed).is_(False))
        .execution_options(populate_existing=True)
    )
    return [_connection(row) for row in session.exec(in_use.order_by(col(ConnectionRow.id)))]


def connection_by_slug(session: Session, tenant_id: int, slug: str) -> Connection:
    """The tenant's connection. Raises SettingsInvalid, naming those that exist."""
    connections = {connection.slug: connection for connection in list_connections(session, tenant_id)}
    if slug not in connections:
        raise _unknown("connection", slug, list(connections))
    return connections[slug]


def list_routes(session: Session, tenant_id: int) -> list[Route]:
    """The tenant's routes, in the order in which they were made."""
    connections = {connection.id: connection for connection in list_connections(session, tenant_id)}
    rows = session.exec(
        select(RouteRow, RouteVersionRow)
        .where(RouteRow.tenant_id == tenant_id, col(RouteRow.removed).is_(False))
        .where(RouteVersionRow.tenant_id == tenant_id, RouteVersionRow.route_id == RouteRow.id)
        .where(RouteVersionRow.version == RouteRow.version)
        .order_by(col(RouteRow.id))
        .execution_options(populate_existing=True)
    )
    return [
        Route(
            id=route.id,
            tenant_id=tenant_id,
            slug=route.slug,
            source=connections[route.source_id],
            target=connections[route.target_id],
            enabled=route.enabled,
            schedule=route.schedule,
            version=route.version,
            policy=RoutePolicy.model_validate_json(version.policy),
            mapping=_MAPPING.validate_json(version.mapping),
        )
        for route, version in rows
    ]


def route_by_slug(session: Session, tenant_id: int, slug: str) -> Route:
    """The tenant's route. Raises SettingsInvalid, naming those that exist."""
    routes = {route.slug: route for route in list_routes(session, tenant_id)}
    if slug not in routes:
        raise _unknown("route", slug, list(routes))
    return routes[slug]


def pause_connection(session: Session, tenant_id: int, connection_id: int, *, reason: str, now: datetime) -> None:
    """Nothing works on it until a person mends it. `since` stays the moment at which it broke first."""
    session.exec(
        update(ConnectionRow)
        .where(_connection_is(tenant_id, connection_id), col(ConnectionRow.broken).is_(False))
        .values(broken=True, since=now)
    )
    session.exec(update(ConnectionRow).where(_connection_is(tenant_id, connection_id)).values(reason=reason))


def resume_connection(session: Session, tenant_id: int, connection_id: int) -> None:
    """It works again."""
    session.exec(
        update(ConnectionRow)
        .where(_connection_is(tenant_id, connection_id))
        .values(broken=False, reason="", since=None)
    )


def _import_connection(session: Session, tenant_id: int, config: ConnectionConfig) -> int:
    settings = json.dumps(config.settings, ensure_ascii=False, sort_keys=True)
    row = session.exec(
        select(ConnectionRow).where(ConnectionRow.tenant_id == tenant_id, ConnectionRow.slug == config.slug)
    ).one_or_none()
    if row is None:
        row = ConnectionRow(tenant_id=tenant_id, slug=config.slug, system=config.system, settings=settings)
        session.add(row)
        session.flush()
        return row.id
    if row.system != config.system:
        raise SettingsInvalid(
            f"connection {config.slug!r} belongs to {row.system}, not to {config.system}; give the new one another slug"
        )
    session.exec(
        update(ConnectionRow).where(_connection_is(tenant_id, row.id)).values(settings=settings, removed=False)
    )
    return row.id


def _import_route(
    session: Session,
    tenant_id: int,
    config: RouteConfig,
    ends: tuple[int, int],
    *,
    who: str,
    now: datetime,
    same_books: Callable[[str, str], bool],
) -> None:
    source_id, target_id = ends
    route = session.exec(
        select(RouteRow).where(RouteRow.tenant_id == tenant_id, RouteRow.slug == config.slug)
    ).one_or_none()
    if route is None:
        route = RouteRow(
            tenant_id=tenant_id,
            slug=config.slug,
            source_id=source_id,
            target_id=target_id,
            enabled=config.enabled,
            schedule=config.schedule,
            version=0,
        )
        session.add(route)
        session.flush()
    elif (
        (route.source_id, route.target_id) != ends
        and not _moves_within_books(session, tenant_id, route, ends, same_books)
        and _has_records(session, tenant_id, route.id)
    ):
        raise SettingsInvalid(
            f"route {config.slug!r} has documents, so it cannot go from {config.source} to {config.target} now; "
            "give the new route another slug"
        )
    route_id, present = route.id, route.version
    version = RouteVersionRow(
        tenant_id=tenant_id,
        route_id=route_id,
        version=present + 1,
        policy=config.policy.model_dump_json(),
        mapping=_MAPPING.dump_json(config.mapping).decode(),
        changed_by=who,
        changed_at=now,
    )
    kept = session.exec(
        select(RouteVersionRow.policy, RouteVersionRow.mapping).where(
            RouteVersionRow.tenant_id == tenant_id,
            RouteVersionRow.route_id == route_id,
            RouteVersionRow.version == present,
        )
    ).one_or_none()
    changed = kept is None or tuple(kept) != (version.policy, version.mapping)
    if changed:
        session.add(version)
        session.flush()
    session.exec(
        update(RouteRow)
        .where(col(RouteRow.tenant_id) == tenant_id, col(RouteRow.id) == route_id)
        .values(
            source_id=source_id,
            target_id=target_id,
            enabled=config.enabled,
            removed=False,
            schedule=config.schedule,
            version=present + changed,
        )
    )


def _moves_within_books(
    session: Session, tenant_id: int, route: RouteRow, ends: tuple[int, int], same_books: Callable[[str, str], bool]
) -> bool:
    """Whether the route only goes to the same package by another interface."""
    if route.source_id != ends[0] or route.target_id == ends[1]:
        return False
    systems = session.exec(
        select(ConnectionRow.system).where(
            ConnectionRow.tenant_id == tenant_id, col(ConnectionRow.id).in_([route.target_id, ends[1]])
        )
    ).all()
    return len(systems) == 2 and systems[0] != systems[1] and same_books(*systems)


def _has_records(session: Session, tenant_id: int, route_id: int) -> bool:
    one = select(RecordRow.id).where(RecordRow.tenant_id == tenant_id, RecordRow.route_id == route_id).limit(1)
    return session.exec(one).first() is not None


def _connection_is(tenant_id: int, connection_id: int) -> ColumnElement[bool]:
    return (col(ConnectionRow.tenant_id) == tenant_id) & (col(ConnectionRow.id) == connection_id)


def _tenant(row: TenantRow) -> Tenant:
    return Tenant(id=row.id, slug=row.slug, name=row.name, time_zone=row.time_zone, language=row.language)


def _connection(row: ConnectionRow) -> Connection:
    return Connection(
        id=row.id,
        tenant_id=row.tenant_id,
        slug=row.slug,
        system=row.system,
        settings=json.loads(row.settings),
        is_broken=row.broken,
        reason=row.reason,
        since=row.since,
    )


def _unknown(what: str, slug: str, known: Sequence[str]) -> SettingsInvalid:
    shown = ", ".join(known[:_SHOWN]) or "none"
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return SettingsInvalid(f"there is no {what} {slug!r}; there are: {shown}{more}")
