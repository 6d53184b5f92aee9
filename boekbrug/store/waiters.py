"""Who waits for slots of a remote account, so that the more urgent goes first, whichever process it lives in.

A waiter is a row with a lease: a process that dies leaves nobody waiting for longer than that. Whoever wants slots says
so before trying (`wait_for`) and takes it back when done (`stop_waiting`); `budgets.take` gives nothing to a lower lane
as long as somebody more urgent waits for the same budget.

Like the budgets, this belongs to the remote account and looks across tenants.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from sqlalchemy import bindparam, delete, update
from sqlmodel import Session, col, select

from boekbrug.domain.budgets import Budget
from boekbrug.domain.records import Lane
from boekbrug.store.accounts import Account, locked_account
from boekbrug.store.database import ACROSS_TENANTS, insert_new
from boekbrug.store.tables import AccountRow, TenantRow, WaiterRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiter:
    """Somebody who wants slots of a budget. `tenant` and `route` are slugs."""

    tenant_id: int
    tenant: str
    route: str
    budget: str
    lane: Lane
    since: datetime
    lease_until: datetime


_AHEAD = (
    select(WaiterRow.lane, WaiterRow.lease_until)
    .where(
        col(WaiterRow.account_id) == bindparam("account"),
        col(WaiterRow.budget) == bindparam("budget"),
        col(WaiterRow.lane) < bindparam("lane"),
        col(WaiterRow.holder) != bindparam("holder"),
        col(WaiterRow.lease_until) > bindparam("at"),
    )
    .execution_options(**ACROSS_TENANTS)
)


def wait_for(
    session: Session,
    budgets: Sequence[Budget],
    *,
    tenant_id: int,
    holder: str,
    route: str,
    lane: Lane,
    now: datetime,
    until: datetime,
) -> None:
    """Says that `holder` wants slots of these budgets, all of one account, until it says otherwise or `until` comes.

    Saying it again moves the lease and the lane; since when it waits stays. Who waits no longer is forgotten.
    """
    account = locked_account(session, budgets[0].account, now)
    behind = max(account.latest_at - now, timedelta(0))  # the account's clock may be ahead of this machine's
    now, until = now + behind, until + behind
    session.exec(
        delete(WaiterRow)
        .where(col(WaiterRow.account_id) == account.id, col(WaiterRow.lease_until) <= now)
        .execution_options(**ACROSS_TENANTS)
    )
    own = {"tenant_id": tenant_id, "account_id": account.id, "holder": holder, "route": route, "lane": int(lane)}
    rows = [own | {"budget": budget.name, "since": now, "lease_until": until} for budget in budgets]
    insert_new(session, WaiterRow, rows)
    session.exec(
        update(WaiterRow)
        .where(
            col(WaiterRow.tenant_id) == tenant_id,
            col(WaiterRow.account_id) == account.id,
            col(WaiterRow.holder) == holder,
            col(WaiterRow.budget).in_([budget.name for budget in budgets]),
        )
        .values(lane=int(lane), lease_until=until)
    )


def stay_in_line(session: Session, *, tenant_id: int, holder: str, now: datetime, until: datetime) -> None:
    """Whoever waits under that name is at work again: it keeps its place until then."""
    session.exec(
        update(WaiterRow)
        .where(
            col(WaiterRow.tenant_id) == tenant_id,
            col(WaiterRow.holder) == holder,
            col(WaiterRow.lease_until) > now,
            col(WaiterRow.lease_until) < until,
        )
        .values(lease_until=until)
    )


def stop_waiting(session: Session, budgets: Sequence[Budget], *, tenant_id: int, holder: str) -> None:
    """`holder` got what it wanted, or no longer wants it."""
    account = select(AccountRow.id).where(AccountRow.name == budgets[0].account).scalar_subquery()
    session.exec(
        delete(WaiterRow).where(
            col(WaiterRow.tenant_id) == tenant_id,
            col(WaiterRow.account_id) == account,
            col(WaiterRow.holder) == holder,
            col(WaiterRow.budget).in_([budget.name for budget in budgets]),
        )
    )


def ahead_of(
    session: Session, account: Account, budgets: Collection[str], lane: Lane, holder: str, at: datetime
) -> tuple[Lane, datetime] | None:
    """The lane and lease of somebody more urgent who waits for one of the budgets; None when nobody does."""
    if lane is Lane.RUSH:
        return None
    which = {"account": account.id, "lane": int(lane), "holder": holder, "at": at}
    connection = session.connection()
    found = (connection.execute(_AHEAD, which | {"budget": budget}).all() for budget in budgets)  # a few at most
    last = max(chain.from_iterable(found), key=lambda row: row[1], default=None)
    return None if last is None else (Lane(last[0]), last[1])


def waiting(session: Session, account: str, now: datetime) -> list[Waiter]:
    """Everybody who waits for the account, of all tenants, in the order in which they are served."""
    rows = session.exec(
        select(WaiterRow, TenantRow.slug)
        .join(AccountRow, col(AccountRow.id) == col(WaiterRow.account_id))
        .join(TenantRow, col(TenantRow.id) == col(WaiterRow.tenant_id))
        .where(AccountRow.name == account, col(WaiterRow.lease_until) > now)
        .order_by(col(WaiterRow.lane), col(WaiterRow.since), col(WaiterRow.id))
        .execution_options(populate_existing=True, **ACROSS_TENANTS)
    )
    return [
        Waiter(
            tenant_id=row.tenant_id,
            tenant=slug,
            route=row.route,
            budget=row.budget,
            lane=Lane(row.lane),
            since=row.since,
            lease_until=row.lease_until,
        )
        for row, slug in rows
    ]
