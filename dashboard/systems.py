"""What the connected systems are called on the pages, and where their own pages show a document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.records import SyncRecord
from boekbrug.store import tenants
from connectors import DocumentPages
from connectors.registry import connector_type, read_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where a document stands in the systems themselves; "" where that is not known."""

    source: str = ""
    books: str = ""


class Pages:
    """The systems' own pages, by the routes' connections."""

    def __init__(self, routes: Iterable[tenants.Route]) -> None:
        self._of = {route.id: (_pages_of(route.source), _pages_of(route.target)) for route in routes}

    def of(self, record: SyncRecord) -> Addresses:
        """Of one document; what is not in the books has no address there."""
        source, books = self._of.get(record.route_id, (None, None))
        ref, target = record.source_ref, record.target_ref
        there = source.document_address(record.kind, number=record.number, id=ref.id) if source else ""
        if books is None or target is None:
            return Addresses(source=there)
        booked = books.document_address(record.kind, number=record.target_number, id=target.id)
        return Addresses(source=there, books=booked)


def title_of(connection: tenants.Connection) -> str:
    """What the system is called."""
    try:
        return connector_type(connection.system).title
    except SettingsInvalid:
        return connection.system


def _pages_of(connection: tenants.Connection) -> DocumentPages | None:
    try:
        settings = read_settings(connection.system, connection.settings)
    except SettingsInvalid:
        return None
    return settings if isinstance(settings, DocumentPages) else None
