"""Which customer is which debtor in the books, so that two workers never create the same debtor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, update
from sqlmodel import Session, col, select

from boekbrug.domain.documents import ExternalRef
from boekbrug.store.database import insert_new
from boekbrug.store.tables import DebtorRow


@dataclass(frozen=True, slots=True)
class Known:
    """The customer's debtor."""

    ref: ExternalRef


@dataclass(frozen=True, slots=True)
class Claimed:
    """Ours to look up or create until `until`. `abandoned`: somebody before us may have created it and not said so."""

    until: datetime
    abandoned: bool


@dataclass(frozen=True, slots=True)
class Busy:
    """Somebody else is at it, until then at the latest."""

    until: datetime


def claim_debtor(
    session: Session, tenant_id: int, connection_id: int, customer_key: str, *, now: datetime, lease_seconds: float
) -> Known | Claimed | Busy:
    """The customer's debtor, or the right to look it up and create it, which only one has at a time."""
    mine = _link_is(tenant_id, connection_id, customer_key)
    own = {"tenant_id": tenant_id, "connection_id": connection_id, "customer_key": customer_key}
    lock = select(DebtorRow).where(mine).with_for_update().execution_options(populate_existing=True)
    while (row := session.exec(lock).one_or_none()) is None:  # again, when the other one just gave its claim back
        insert_new(session, DebtorRow, [own])
    if row.target_id:
        return Known(ExternalRef(row.target_system, row.target_kind, row.target_id))
    if row.claimed_until is not None and row.claimed_until > now:
        return Busy(row.claimed_until)
    claimed = Claimed(now + timedelta(seconds=lease_seconds), abandoned=row.claimed_until is not None)
    session.exec(update(DebtorRow).where(mine).values(claimed_until=claimed.until))
    return claimed


def remember_debtor(session: Session, tenant_id: int, connection_id: int, customer_key: str, ref: ExternalRef) -> None:
    """This is the customer's debtor from now on. Raises LookupError when it was never claimed."""
    kept = session.exec(
        update(DebtorRow)
        .where(_link_is(tenant_id, connection_id, customer_key))
        .values(target_system=ref.system, target_kind=ref.kind, target_id=ref.id, claimed_until=None)
    )
    if kept.rowcount != 1:
        raise LookupError(f"the debtor of customer {customer_key!r} was not claimed on connection {connection_id}")


def forget_debtor(
    session: Session, tenant_id: int, connection_id: int, customer_key: str, seen: Known | Claimed | None = None
) -> None:
    """Gives a claim back (nothing was created), or forgets a debtor that is no longer in the books.

    `seen` is what is to be forgotten: nothing happens when somebody else has claimed or made another since.
    """
    link = _link_is(tenant_id, connection_id, customer_key)
    if isinstance(seen, Known):
        link &= col(DebtorRow.target_id) == seen.ref.id
    elif isinstance(seen, Claimed):
        link &= (col(DebtorRow.claimed_until) == seen.until) & (col(DebtorRow.target_id) == "")
    session.exec(delete(DebtorRow).where(link))


def _link_is(tenant_id: int, connection_id: int, customer_key: str) -> ColumnElement[bool]:
    return (
        (col(DebtorRow.tenant_id) == tenant_id)
        & (col(DebtorRow.connection_id) == connection_id)
        & (col(DebtorRow.customer_key) == customer_key)
    )
