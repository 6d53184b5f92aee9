"""Slots of rolling budgets, exact over any number of processes: the attempt log is the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from boekbrug.domain.budgets import Budget
from boekbrug.domain.records import AttemptOutcome, Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Leave to make one request, under every budget it was asked of. Finish or cancel it; else it ends with its lease."""

    attempt_ids: tuple[int, ...]
    account: str
    started_at: datetime
    lease_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotBefore:
    """There is no room before this moment; at it there is, unless someone else comes first."""

    moment: datetime
    budget: str  # the budget that has room last; "" when the remote side blocks the account


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How a budget stands. `free` is None without a limit; `opens_at` is None when a slot is free now."""

    used: int
    free: int | None
    opens_at: datetime | None


def take(session: Session, budgets: Sequence[Budget], *, tenant_id: int, record_id: int | None, kind: str, lane: Lane,
         now: datetime, lease_seconds: float, reserve: int = 0) -> Slot | NotBefore:
    raise NotImplementedError


def finish(session: Session, slot: Slot, outcome: AttemptOutcome, now: datetime) -> None:
    raise NotImplementedError


def cancel(session: Session, slot: Slot) -> None:
    """Gives the slot back at once: the request was proven not to have been sent."""
    raise NotImplementedError


def tighten(session: Session, account: str, *, now: datetime, blocked_until: datetime | None = None,
            budget: Budget | None = None, remaining: int | None = None, heard_by: Slot | None = None) -> None:
    """What the remote side said. `remaining` belongs to `budget` and holds for one of its periods; `heard_by` is the
    slot of the call whose answer said so."""
    raise NotImplementedError


def usage(session: Session, budget: Budget, *, lane: Lane = Lane.DAILY, reserve: int = 0, now: datetime) -> Usage:
    raise NotImplementedError
