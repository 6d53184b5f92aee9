"""Tenants with their connections and routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlmodel import Session

from boekbrug.domain.tenants import MappingRule, RoutePolicy, TenantConfig


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
    """A tenant's configured access to one remote system. Broken: `reason` says why, `since` since when."""

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
    """Source connection → target connection, with the policy and rules of its present version."""

    id: int
    tenant_id: int
    slug: str
    source: Connection
    target: Connection
    enabled: bool
    schedule: str
    version: int
    policy: RoutePolicy
    mapping: tuple[MappingRule, ...]


def import_tenant(session: Session, config: TenantConfig, *, who: str, now: datetime) -> Tenant: raise NotImplementedError
def export_tenant(session: Session, tenant_id: int) -> TenantConfig: raise NotImplementedError
def list_tenants(session: Session) -> list[Tenant]: raise NotImplementedError
def tenant_by_slug(session: Session, slug: str) -> Tenant: raise NotImplementedError
def list_connections(session: Session, tenant_id: int) -> list[Connection]: raise NotImplementedError
def connection_by_slug(session: Session, tenant_id: int, slug: str) -> Connection: raise NotImplementedError
def list_routes(session: Session, tenant_id: int) -> list[Route]: raise NotImplementedError
def route_by_slug(session: Session, tenant_id: int, slug: str) -> Route: raise NotImplementedError
def pause_connection(session: Session, tenant_id: int, connection_id: int, *, reason: str, now: datetime) -> None: raise NotImplementedError
def resume_connection(session: Session, tenant_id: int, connection_id: int, *, now: datetime) -> None: raise NotImplementedError
