"""Which customer is which debtor in the books, so that two workers never create the same debtor.

The debtors are the remote account's, whatever connection and tenant it is reached by. So this, like the budgets, looks
across tenants.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, update
from sqlmodel import Session, col, select

from boekbrug.domain.documents import ExternalRef
from boekbrug.store.database import insert_new
from boekbrug.store.tables import DebtorRow

# Nearly every new customer takes these, and making them anew each time costs more than running them.
_LINK = (col(DebtorRow.account) == bindparam("of_account")) & (col(DebtorRow.customer_key) == bindparam("customer"))
_LOCKED = select(DebtorRow).where(_LINK).with_for_update().execution_options(populate_existing=True)
_CLAIM = update(DebtorRow).where(_LINK).values(claimed_until=bindparam("until"))
_REMEMBER = (
    update(DebtorRow)
    .where(_LINK)
    .values(
        target_system=bindparam("of_system"),
        target_kind=bindparam("of_kind"),
        target_id=bindparam("with_id"),
        claimed_until=None,
    )
)


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
    session: Session, account: str, customer_key: str, *, now: datetime, lease_seconds: float
) -> Known | Claimed | Busy:
    """The customer's debtor, or the right to look it up and create it, which only one has at a time."""
    mine = _link(account, customer_key)
    until = now + timedelta(seconds=lease_seconds)
    own = {"account": account, "customer_key": customer_key, "claimed_until": until}
    row = None
    while row is None:  # again, when the other one just gave its claim back
        if insert_new(session, DebtorRow, [own]):
            return Claimed(until, abandoned=False)
        row = session.exec(_LOCKED, params=mine).one_or_none()
    if row.target_id:
        return Known(ExternalRef(row.target_system, row.target_kind, row.target_id))
    if row.claimed_until is not None and row.claimed_until > now:
        return Busy(row.claimed_until)
    session.connection().execute(_CLAIM, mine | {"until": until})
    return Claimed(until, abandoned=row.claimed_until is not None)


def remember_debtor(session: Session, account: str, customer_key: str, ref: ExternalRef) -> None:
    """This is the customer's debtor from now on. Raises LookupError when it was never claimed."""
    mine = _link(account, customer_key)
    kept = session.connection().execute(
        _REMEMBER, mine | {"of_system": ref.system, "of_kind": ref.kind, "with_id": ref.id}
    )
    if kept.rowcount != 1:
        raise LookupError(f"the debtor of customer {customer_key!r} was not claimed on {account}")


def forget_debtor(session: Session, account: str, customer_key: str, seen: Known | Claimed | None = None) -> None:
    """Gives a claim back (nothing was created), or forgets a debtor that is no longer in the books.

    `seen` is what is to be forgotten: nothing happens when somebody else has claimed or made another since.
    """
    forget = delete(DebtorRow).where(_LINK)
    if isinstance(seen, Known):
        forget = forget.where(col(DebtorRow.target_id) == seen.ref.id)
    elif isinstance(seen, Claimed):
        forget = forget.where(col(DebtorRow.claimed_until) == seen.until, col(DebtorRow.target_id) == "")
    session.connection().execute(forget, _link(account, customer_key))


def _link(account: str, customer_key: str) -> dict[str, object]:
    return {"of_account": account, "customer": customer_key}
