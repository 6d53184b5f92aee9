"""Which contact of a source is which relation in the books, and what keeps one from getting there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.findings import Finding
from boekbrug.store.database import insert_new
from boekbrug.store.rows import findings_from_json, findings_to_json, gravest_code, in_chunks, unindexed
from boekbrug.store.tables import ContactRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLink:
    """A contact of a route's source. `target_ref` is None while it is no relation in the books; `fingerprint` is of the
    details that were carried over last, "" before the first time."""

    route_id: int
    source_ref: ExternalRef
    code: str
    name: str
    target_ref: ExternalRef | None = None
    fingerprint: str = ""
    findings: tuple[Finding, ...] = ()


def contact_links(
    session: Session, tenant_id: int, route_id: int, refs: Collection[ExternalRef]
) -> dict[ExternalRef, ContactLink]:
    """What is known of these contacts; those never met are left out."""
    wanted = frozenset(refs)
    found: dict[ExternalRef, ContactLink] = {}
    for ids in in_chunks(sorted({ref.id for ref in wanted})):
        rows = session.exec(
            select(ContactRow)
            .where(unindexed(ContactRow.tenant_id) == tenant_id, ContactRow.route_id == route_id)
            .where(col(ContactRow.source_id).in_(ids))
            .execution_options(populate_existing=True)
        )
        found |= {link.source_ref: link for link in map(_link, rows) if link.source_ref in wanted}
    return found


def keep_contact(session: Session, tenant_id: int, link: ContactLink, now: datetime) -> None:
    """Replaces what was known of the contact."""
    key = {
        "tenant_id": tenant_id,
        "route_id": link.route_id,
        "source_system": link.source_ref.system,
        "source_kind": link.source_ref.kind,
        "source_id": link.source_ref.id,
    }
    target = link.target_ref
    values: dict[str, object] = {
        "code": link.code,
        "name": link.name,
        "target_system": target.system if target else "",
        "target_kind": target.kind if target else "",
        "target_id": target.id if target else "",
        "fingerprint": link.fingerprint,
        "findings": findings_to_json(link.findings),
        "finding_code": gravest_code(link.findings),
        "updated_at": now,
    }
    if insert_new(session, ContactRow, [key | values]):
        return
    session.exec(
        update(ContactRow)
        .where(
            col(ContactRow.tenant_id) == tenant_id,
            col(ContactRow.route_id) == link.route_id,
            col(ContactRow.source_system) == link.source_ref.system,
            col(ContactRow.source_kind) == link.source_ref.kind,
            col(ContactRow.source_id) == link.source_ref.id,
        )
        .values(**values)
    )


def contact_errors(session: Session, tenant_id: int, limit: int = 1000) -> list[ContactLink]:
    """Contacts that a person has to look at, the latest first."""
    rows = session.exec(
        select(ContactRow)
        .where(ContactRow.tenant_id == tenant_id, ContactRow.finding_code != "")
        .order_by(col(ContactRow.id).desc())
        .execution_options(populate_existing=True)
    )
    blocked = (link for link in map(_link, rows) if any(f.blocks for f in link.findings))
    return [link for link, _ in zip(blocked, range(limit), strict=False)]


def count_contacts(session: Session, tenant_id: int, route_id: int) -> tuple[int, int]:
    """How many contacts are relations in the books, and how many are not."""
    mine = (ContactRow.tenant_id == tenant_id, ContactRow.route_id == route_id)
    there = select(func.count()).where(*mine, ContactRow.target_id != "")
    missing = select(func.count()).where(*mine, ContactRow.target_id == "")
    return session.exec(there).one(), session.exec(missing).one()


def forget_contacts(session: Session, tenant_id: int, route_id: int) -> None:
    """All are looked up in the books anew: the route's target is another one."""
    session.exec(delete(ContactRow).where(col(ContactRow.tenant_id) == tenant_id, col(ContactRow.route_id) == route_id))


def _link(row: ContactRow) -> ContactLink:
    return ContactLink(
        route_id=row.route_id,
        source_ref=ExternalRef(row.source_system, row.source_kind, row.source_id),
        code=row.code,
        name=row.name,
        target_ref=ExternalRef(row.target_system, row.target_kind, row.target_id) if row.target_id else None,
        fingerprint=row.fingerprint,
        findings=findings_from_json(row.findings),
    )
