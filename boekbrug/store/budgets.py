"""Slots of rolling budgets, exact over any number of processes: the attempt log is the ledger.

Every function decides inside the caller's write transaction, on the account's locked row. How long a slot stays in use
is told in `domain.budgets`.

Clocks. An account has a time of its own: the latest moment at which it was used. While the machine's clock is behind
that (it was set back), the account's time stands still, so nothing ever comes free too early. A clock that was wrong
*ahead* leaves the account in the future until a person says so (`set_back`); a clock that jumps ahead frees slots as
far as it jumped, which nobody can see: keep the machines' clocks synchronised.

A budget belongs to the remote account, so its reckoning is the one thing here that looks across tenants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, ColumnElement, bindparam, case, delete, func, insert, or_, update
from sqlmodel import Session, col, select
from sqlmodel.sql.sqltypes import UTCDateTime

from boekbrug.domain.budgets import Budget, opens_at
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.records import AttemptOutcome, Lane
from boekbrug.store.accounts import Account, known_account, locked_account
from boekbrug.store.database import ACROSS_TENANTS
from boekbrug.store.tables import AccountRow, AttemptRow
from boekbrug.store.waiters import ahead_of

# A slot that comes free within this time is given out beforehand; who comes meanwhile, however urgent, gets the next.
SOON = timedelta(seconds=2)
_PRUNE_EVERY = 200
_MEASURED = 50

# A slot is taken for every single request, and making these statements anew each time costs more than running them.
_SET_LATEST = update(AccountRow).where(col(AccountRow.id) == bindparam("account")).values(latest_at=bindparam("at"))
_DECIDING_END = (
    select(AttemptRow.ends_at)
    .where(col(AttemptRow.account_id) == bindparam("account"), col(AttemptRow.budget) == bindparam("budget"))
    .order_by(col(AttemptRow.ends_at).desc())
    .offset(bindparam("others"))
    .limit(1)
    .execution_options(**ACROSS_TENANTS)
)
_START = insert(AttemptRow)
_LATEST_AT = select(AccountRow.latest_at).where(col(AccountRow.name) == bindparam("account"))
# Locked against a slot that is being taken by a machine whose clock is ahead: its moment counts as well.
_LATEST = _LATEST_AT.with_for_update(read=True).scalar_subquery()
_NOW: BindParameter[datetime] = bindparam("now", type_=UTCDateTime())
_CHANGE = update(AttemptRow).where(
    col(AttemptRow.tenant_id) == bindparam("tenant"), col(AttemptRow.id) == bindparam("attempt")
)
_RENEW = _CHANGE.values(ends_at=bindparam("ends_at"))
_ENDED_AT = case((_LATEST > _NOW, _LATEST), else_=_NOW)
# Not before it was to start, which is the case only when this machine's clock was set back meanwhile.
_FINISH = _CHANGE.values(
    ends_at=case((col(AttemptRow.started_at) > _ENDED_AT, col(AttemptRow.started_at)), else_=_ENDED_AT),
    outcome=bindparam("outcome"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Leave to make one request, after `wait_seconds`; `attempt_ids` has its attempt per budget. Finish or cancel it,
    else it ends with its lease. Its moments are of the account's time."""

    tenant_id: int
    account: str
    attempt_ids: Mapping[str, int]
    started_at: datetime
    lease_until: datetime
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NotBefore:
    """There is no room before this moment; at it there is, unless somebody else comes first."""

    moment: datetime
    budget: str  # the one that has room last; "" when the remote side blocks the whole account
    behind: Lane | None = None  # somebody of this lane goes first; `moment` is when it will have come or given up


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How a budget stands. `free` is None without a limit; `opens_at` is None when a slot is free now."""

    used: int
    free: int | None
    opens_at: datetime | None
    blocked_until: datetime | None


def take(
    session: Session,
    budgets: Sequence[Budget],
    *,
    tenant_id: int,
    record_id: int | None,
    kind: str,
    lane: Lane,
    now: datetime,
    lease_seconds: float,
    reserve: int = 0,
    holder: str = "",
    soon: timedelta = timedelta(0),
) -> Slot | NotBefore:
    """A slot under all the budgets, of one account, or the moment from which there is one.

    One that comes free within `soon` is given out beforehand: wait its `wait_seconds`. Else all who wait would wake at
    that moment to find that one of them was first.

    `lease_seconds` is longer than the request can last: its time-out and a margin. `reserve` slots of each budget are
    not for migrations. `holder` is the name under which the caller itself waits (`store.waiters`): nobody gets a slot
    while somebody else of a more urgent lane waits for one of the budgets.

    Raises SettingsInvalid when the reserve leaves a migration nothing, ValueError when the budgets
    are of several accounts.
    """
    names = {budget.account for budget in budgets}
    if len(names) != 1:
        raise ValueError(f"a slot belongs to one account, not to {len(names)}: {', '.join(sorted(names))}")
    account = locked_account(session, names.pop(), now)
    at = max(now, account.latest_at)
    kept_back = reserve if lane is Lane.MIGRATION else 0

    waits = [NotBefore(moment=account.blocked_until, budget="")] if account.blocked_until else []
    for budget in budgets:
        moments = (
            _own_opening(session, account, budget, kept_back),
            _remote_opening(session, account, budget, kept_back),
        )
        waits += [NotBefore(moment=moment, budget=budget.name) for moment in moments if moment is not None]
    last = max(waits, key=lambda wait: wait.moment, default=None)
    first = ahead_of(session, account, [budget.name for budget in budgets], lane, holder, at)
    if last is not None and last.moment > at + (soon if first is None else timedelta(0)):
        return last if first is None else replace(last, moment=max(last.moment, first[1]), behind=first[0])
    if first is not None:
        return NotBefore(moment=first[1], budget=budgets[0].name, behind=first[0])

    started_at = at if last is None else max(at, last.moment)
    lease_until = started_at + timedelta(seconds=lease_seconds)
    values = {
        "tenant_id": tenant_id,
        "record_id": record_id,
        "account_id": account.id,
        "kind": kind,
        "lane": int(lane),
        "started_at": started_at,
        "ends_at": lease_until,
    }
    attempt_ids: dict[str, int] = {}
    for budget in budgets:
        result = session.connection().execute(_START, values | {"budget": budget.name})
        assert result.inserted_primary_key is not None
        attempt_ids[budget.name] = result.inserted_primary_key[0]
        if record_id is None and attempt_ids[budget.name] % _PRUNE_EVERY == 0:
            _prune(session, account, budget, at)
    if at > account.latest_at:
        session.connection().execute(_SET_LATEST, {"account": account.id, "at": at})
    return Slot(
        tenant_id=tenant_id,
        account=account.name,
        attempt_ids=attempt_ids,
        started_at=started_at,
        lease_until=lease_until,
        wait_seconds=(started_at - at).total_seconds(),
    )


def renew(session: Session, slot: Slot, now: datetime, lease_seconds: float) -> None:
    """The request is only about to be made: the slot's lease counts from now."""
    latest_at = session.connection().execute(_LATEST_AT, {"account": slot.account}).scalar_one()
    ends_at = max(now, latest_at) + timedelta(seconds=lease_seconds)
    renewed = [{"tenant": slot.tenant_id, "attempt": id, "ends_at": ends_at} for id in slot.attempt_ids.values()]
    session.connection().execute(_RENEW, renewed)


def finish(session: Session, slot: Slot, outcome: AttemptOutcome, now: datetime) -> None:
    """The request has ended; from now on the slot is in use for one more period."""
    ended = {"tenant": slot.tenant_id, "account": slot.account, "now": now, "outcome": outcome.value}
    session.connection().execute(_FINISH, [ended | {"attempt": attempt} for attempt in slot.attempt_ids.values()])


def cancel(session: Session, slot: Slot) -> None:
    """Gives the slot back at once. Only where it is proven that the request was never sent."""
    session.exec(
        delete(AttemptRow).where(
            col(AttemptRow.tenant_id) == slot.tenant_id, col(AttemptRow.id).in_(slot.attempt_ids.values())
        )
    )


def tighten(
    session: Session,
    account: str,
    *,
    now: datetime,
    blocked_until: datetime | None = None,
    budget: Budget | None = None,
    remaining: int | None = None,
    heard_by: Slot | None = None,
) -> None:
    """Keeps everyone to what the remote side said.

    `blocked_until`: nothing at all before that moment; a block is never shortened. `remaining`: of `budget` so many
    more requests, for one of its periods or until a later answer says otherwise; `heard_by` is the slot of the request
    whose answer said so. Raises ValueError for `remaining` without those two.
    """
    row = locked_account(session, account, now)
    behind = max(row.latest_at - now, timedelta(0))  # the moments said are of the machine's clock
    values: dict[str, object] = {}
    if blocked_until is not None and (row.blocked_until is None or blocked_until + behind > row.blocked_until):
        values["blocked_until"] = blocked_until + behind
    if remaining is not None:
        if budget is None or heard_by is None:
            raise ValueError("what remains is said of a budget, in the answer to a request: name both")
        overtaken = row.remaining_since is not None and row.remaining_since > heard_by.started_at
        if not overtaken:
            values |= {
                "remaining": remaining,
                "remaining_of": budget.name,
                "remaining_since": heard_by.started_at,
                "remaining_until": now + behind + budget.period,
                "remaining_heard_by": heard_by.attempt_ids[budget.name],
            }
    if values:
        session.exec(update(AccountRow).where(col(AccountRow.id) == row.id).values(**values))


def usage(session: Session, budget: Budget, *, now: datetime, kept_back: int = 0) -> Usage:
    """How the budget stands; `kept_back` slots do not count as free (the reserve, seen by a migration)."""
    account = known_account(session, budget.account)
    if account is None:
        free = None if budget.limit is None else max(budget.limit - kept_back, 0)
        return Usage(used=0, free=free, opens_at=None, blocked_until=None)
    at = max(now, account.latest_at)
    used = session.exec(
        select(func.count())
        .where(*_of(account, budget), col(AttemptRow.ends_at) > at - budget.period)
        .execution_options(**ACROSS_TENANTS)
    ).one()
    moments = (
        account.blocked_until,
        _own_opening(session, account, budget, kept_back),
        _remote_opening(session, account, budget, kept_back),
    )
    opening = max((moment for moment in moments if moment is not None and moment > at), default=None)
    free = None if budget.limit is None else max(budget.limit - kept_back - used, 0)
    blocked = account.blocked_until if account.blocked_until and account.blocked_until > at else None
    return Usage(used=used, free=0 if opening else free, opens_at=opening, blocked_until=blocked)


def ends_in_use(session: Session, budget: Budget, *, now: datetime) -> list[datetime]:
    """When the requests that hold a slot now ended, or will have ended at the latest; the first to end comes first."""
    return list(
        session.exec(
            select(AttemptRow.ends_at)
            .join(AccountRow, col(AccountRow.id) == col(AttemptRow.account_id))
            .where(
                AccountRow.name == budget.account,
                AttemptRow.budget == budget.name,
                col(AttemptRow.ends_at) > now - budget.period,
            )
            .order_by(col(AttemptRow.ends_at))
            .execution_options(**ACROSS_TENANTS)
        )
    )


def mean_duration(session: Session, budget: Budget) -> timedelta | None:
    """How long the account's latest requests under the budget took; None when there were none."""
    latest = session.exec(
        select(AttemptRow.started_at, AttemptRow.ends_at)
        .join(AccountRow, col(AccountRow.id) == col(AttemptRow.account_id))
        .where(
            AccountRow.name == budget.account,
            AttemptRow.budget == budget.name,
            AttemptRow.outcome == AttemptOutcome.WRITTEN.value,
        )
        .order_by(col(AttemptRow.ends_at).desc())
        .limit(_MEASURED)
        .execution_options(**ACROSS_TENANTS)
    ).all()
    spent = sum((ended - started for started, ended in latest), timedelta(0))
    return spent / len(latest) if latest else None


def set_back(session: Session, account: str, now: datetime) -> None:
    """A person says that the clock was ahead and is right now: whatever lies in the account's future ended now at the
    latest, or will within its lease."""
    row = locked_account(session, account, now)
    ahead = max(row.latest_at - now, timedelta(0))
    for attempt_id, started_at, ends_at, outcome in session.exec(
        select(AttemptRow.id, AttemptRow.started_at, AttemptRow.ends_at, AttemptRow.outcome)
        .where(AttemptRow.account_id == row.id, AttemptRow.ends_at > now)
        .execution_options(**ACROSS_TENANTS)
    ).all():
        lease = ends_at - started_at
        session.exec(
            update(AttemptRow)
            .where(col(AttemptRow.id) == attempt_id)
            .values(started_at=min(started_at, now), ends_at=now if outcome else min(ends_at, now + lease))
            .execution_options(**ACROSS_TENANTS)
        )
    session.exec(
        update(AccountRow)
        .where(col(AccountRow.id) == row.id)
        .values(
            latest_at=min(row.latest_at, now),
            blocked_until=row.blocked_until and row.blocked_until - ahead,
            remaining=None,
        )
    )


def _of(account: Account, budget: Budget) -> tuple[ColumnElement[bool], ...]:
    return col(AttemptRow.account_id) == account.id, col(AttemptRow.budget) == budget.name


def _own_opening(session: Session, account: Account, budget: Budget, kept_back: int) -> datetime | None:
    """When the budget's own limit has room, by the one end that matters: see `domain.budgets.opens_at`."""
    if budget.limit is None:
        return None
    allowed = budget.limit - kept_back
    if allowed < 1:
        raise SettingsInvalid(
            f"a migration may use none of the {budget.limit} {budget.name} per {budget.period} of {budget.account}: "
            f"{kept_back} are reserved; reserve at most {budget.limit - 1}"
        )
    which = {"account": account.id, "budget": budget.name, "others": allowed - 1}
    deciding_end = session.connection().execute(_DECIDING_END, which)
    return opens_at(deciding_end.scalars().all(), 1, budget.period)


def _remote_opening(session: Session, account: Account, budget: Budget, kept_back: int) -> datetime | None:
    """When the remote side's own word on what remains has room or loses its meaning.

    Everything that may have reached the remote side after the answering request counts: what was under way beside it,
    and what was started since.
    """
    if account.remaining is None or account.remaining_of != budget.name:
        return None
    since, heard_by = account.remaining_since, account.remaining_heard_by
    later = session.exec(
        select(func.count())
        .where(*_of(account, budget), col(AttemptRow.ends_at) >= since, col(AttemptRow.id) != heard_by)
        .where(or_(col(AttemptRow.ends_at) > since, col(AttemptRow.id) > heard_by))
        .execution_options(**ACROSS_TENANTS)
    ).one()
    return account.remaining_until if account.remaining - later <= kept_back else None


def _prune(session: Session, account: Account, budget: Budget, at: datetime) -> None:
    """Forgets requests of no document that no window can reach any more."""
    session.exec(
        delete(AttemptRow)
        .where(
            *_of(account, budget),
            col(AttemptRow.ends_at) < at - 2 * budget.period,
            col(AttemptRow.record_id).is_(None),
        )
        .execution_options(**ACROSS_TENANTS)
    )
