"""Payments in the books that a source is told of: the intention is kept before it is told, the outcome right after.

Of one document one payment at a time is on its way, so that what is open at the source tells what became of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, func, update
from sqlmodel import Session, col, select

from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.findings import Finding
from boekbrug.domain.money import Money
from boekbrug.store.database import insert_new
from boekbrug.store.rows import findings_from_json, findings_to_json, in_chunks, unindexed
from boekbrug.store.tables import PaymentNoteRow, PaymentRow, RecordRow


class PaymentProgress(StrEnum):
    """How far telling a payment is."""

    INTENDED = "intended"  # it may have been told
    REGISTERED = "registered"
    KNOWN = "known"  # the source knew of it already


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPayment:
    """A payment on a document; `open_before` is what the source said was open just before it was told."""

    id: int
    record_id: int
    target_ref: ExternalRef
    amount: Money
    open_before: Money
    paid_on: date
    state: PaymentProgress
    claimed_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentNote:
    """What is the matter with the payments of a document."""

    route_id: int
    record_id: int
    number: str
    target_number: str
    findings: tuple[Finding, ...]


def intend(
    session: Session,
    tenant_id: int,
    route_id: int,
    record_id: int,
    *,
    target_ref: ExternalRef,
    amount: Money,
    open_before: Money,
    paid_on: date,
    now: datetime,
    claim_seconds: float,
) -> KeptPayment | None:
    """Announces that the source will be told. None when another payment of the document is on its way, or when it was
    told of this one already."""
    _lock(session, tenant_id, record_id)
    mine = (PaymentRow.tenant_id == tenant_id, PaymentRow.record_id == record_id)
    under_way = select(PaymentRow.id).where(*mine, PaymentRow.state == PaymentProgress.INTENDED.value)
    if session.exec(under_way.limit(1)).first() is not None:
        return None
    row = {
        "tenant_id": tenant_id,
        "route_id": route_id,
        "record_id": record_id,
        "target_system": target_ref.system,
        "target_kind": target_ref.kind,
        "target_id": target_ref.id,
        "amount_cents": amount.cents,
        "open_before_cents": open_before.cents,
        "currency": amount.currency,
        "paid_on": paid_on,
        "state": PaymentProgress.INTENDED.value,
        "claimed_until": now + timedelta(seconds=claim_seconds),
        "created_at": now,
        "updated_at": now,
    }
    if not insert_new(session, PaymentRow, [row]):
        return None
    return _kept(session.exec(select(PaymentRow).where(*mine, PaymentRow.state == row["state"])).one())


def take_over(
    session: Session, tenant_id: int, payment: KeptPayment, now: datetime, claim_seconds: float
) -> KeptPayment | None:
    """A payment whose teller did not say how it ended is ours to find out about. None when somebody else was first."""
    until = now + timedelta(seconds=claim_seconds)
    _lock(session, tenant_id, payment.record_id)
    taken = session.exec(
        update(PaymentRow)
        .where(*_is(tenant_id, payment.id), col(PaymentRow.state) == PaymentProgress.INTENDED.value)
        .where(col(PaymentRow.claimed_until) <= now)
        .values(claimed_until=until, updated_at=now)
    )
    if taken.rowcount != 1:
        return None
    row = session.exec(
        select(PaymentRow)
        .where(PaymentRow.tenant_id == tenant_id, PaymentRow.id == payment.id)
        .execution_options(populate_existing=True)
    ).one()
    return _kept(row)


def conclude(session: Session, tenant_id: int, payment: KeptPayment, now: datetime, *, registered: bool) -> bool:
    """The source knows of it now, or it does not and may be told again. False when the claim is no longer ours."""
    mine = (*_is(tenant_id, payment.id), col(PaymentRow.claimed_until) == payment.claimed_until)
    if registered:
        values = {"state": PaymentProgress.REGISTERED.value, "claimed_until": None, "updated_at": now}
        return session.exec(update(PaymentRow).where(*mine).values(**values)).rowcount == 1
    return session.exec(delete(PaymentRow).where(*mine)).rowcount == 1


def await_outcome(session: Session, tenant_id: int, payment: KeptPayment, now: datetime, *, until: datetime) -> None:
    """It may have been told: to be found out from that moment on."""
    session.exec(
        update(PaymentRow)
        .where(*_is(tenant_id, payment.id), col(PaymentRow.claimed_until) == payment.claimed_until)
        .values(claimed_until=until, updated_at=now)
    )


def note_known(
    session: Session,
    tenant_id: int,
    route_id: int,
    record_id: int,
    refs: Iterable[ExternalRef],
    *,
    currency: str,
    now: datetime,
) -> None:
    """The source knows of these paying entries without us."""
    rows = [
        {
            "tenant_id": tenant_id,
            "route_id": route_id,
            "record_id": record_id,
            "target_system": ref.system,
            "target_kind": ref.kind,
            "target_id": ref.id,
            "amount_cents": 0,
            "open_before_cents": 0,
            "currency": currency,
            "paid_on": now.date(),
            "state": PaymentProgress.KNOWN.value,
            "created_at": now,
            "updated_at": now,
        }
        for ref in refs
    ]
    if rows:
        insert_new(session, PaymentRow, rows)


def stale(session: Session, tenant_id: int, route_id: int, now: datetime) -> list[KeptPayment]:
    """Payments whose telling was begun and did not end."""
    rows = session.exec(
        select(PaymentRow)
        .where(
            PaymentRow.tenant_id == tenant_id,
            PaymentRow.route_id == route_id,
            PaymentRow.state == PaymentProgress.INTENDED.value,
            col(PaymentRow.claimed_until) <= now,
        )
        .order_by(col(PaymentRow.id))
        .execution_options(populate_existing=True)
    )
    return [_kept(row) for row in rows]


def of_records(session: Session, tenant_id: int, record_ids: Collection[int]) -> dict[int, list[KeptPayment]]:
    """The payments on these documents, by record."""
    found: dict[int, list[KeptPayment]] = {}
    for part in in_chunks(record_ids):
        rows = session.exec(
            select(PaymentRow)
            .where(unindexed(PaymentRow.tenant_id) == tenant_id, col(PaymentRow.record_id).in_(part))
            .order_by(col(PaymentRow.id))
            .execution_options(populate_existing=True)
        )
        for row in rows:
            found.setdefault(row.record_id, []).append(_kept(row))
    return found


def count_payments(session: Session, tenant_id: int, route_id: int) -> dict[PaymentProgress, int]:
    """How many of the route's payments are in each state."""
    found = dict(
        session.exec(
            select(PaymentRow.state, func.count())
            .where(PaymentRow.tenant_id == tenant_id, PaymentRow.route_id == route_id)
            .group_by(PaymentRow.state)
        ).all()
    )
    return {state: found.get(state.value, 0) for state in PaymentProgress}


def note(
    session: Session, tenant_id: int, route_id: int, record_id: int, findings: tuple[Finding, ...], now: datetime
) -> None:
    """What is the matter with a document's payments; nothing takes the note away."""
    mine = (col(PaymentNoteRow.tenant_id) == tenant_id, col(PaymentNoteRow.record_id) == record_id)
    if not findings:
        session.exec(delete(PaymentNoteRow).where(*mine))
        return
    text = findings_to_json(findings)
    row = {"tenant_id": tenant_id, "route_id": route_id, "record_id": record_id, "findings": text, "updated_at": now}
    if not insert_new(session, PaymentNoteRow, [row]):
        session.exec(update(PaymentNoteRow).where(*mine).values(findings=text, updated_at=now))


def notes(session: Session, tenant_id: int, *, route_id: int | None = None, limit: int = 1000) -> list[PaymentNote]:
    """What is the matter with payments, the latest documents first."""
    statement = (
        select(PaymentNoteRow, RecordRow.number, RecordRow.target_number)
        .where(PaymentNoteRow.tenant_id == tenant_id, RecordRow.tenant_id == tenant_id)
        .where(RecordRow.id == PaymentNoteRow.record_id)
        .order_by(col(PaymentNoteRow.record_id).desc())
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    if route_id is not None:
        statement = statement.where(PaymentNoteRow.route_id == route_id)
    return [
        PaymentNote(
            route_id=row.route_id,
            record_id=row.record_id,
            number=number,
            target_number=target_number,
            findings=findings_from_json(row.findings),
        )
        for row, number, target_number in session.exec(statement).all()
    ]


def noted(session: Session, tenant_id: int, route_id: int) -> frozenset[int]:
    """The records that have a note."""
    found = select(PaymentNoteRow.record_id).where(
        PaymentNoteRow.tenant_id == tenant_id, PaymentNoteRow.route_id == route_id
    )
    return frozenset(session.exec(found))


def _lock(session: Session, tenant_id: int, record_id: int) -> None:
    """One at a time per document; SQLite has one writer anyway."""
    lock = select(RecordRow.id).where(RecordRow.tenant_id == tenant_id, RecordRow.id == record_id)
    session.exec(lock.with_for_update(key_share=True)).one()


def _is(tenant_id: int, payment_id: int) -> tuple[ColumnElement[bool], ...]:
    return (col(PaymentRow.tenant_id) == tenant_id, col(PaymentRow.id) == payment_id)


def _kept(row: PaymentRow) -> KeptPayment:
    return KeptPayment(
        id=row.id,
        record_id=row.record_id,
        target_ref=ExternalRef(row.target_system, row.target_kind, row.target_id),
        amount=Money.of_cents(row.amount_cents, row.currency),
        open_before=Money.of_cents(row.open_before_cents, row.currency),
        paid_on=row.paid_on,
        state=PaymentProgress(row.state),
        claimed_until=row.claimed_until,
    )
