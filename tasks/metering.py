"""The budget for calls, between a connector and the store."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from uuid import uuid4

from sqlmodel import Session

from boekbrug.domain.budgets import Budget
from boekbrug.domain.errors import RateLimited, RetryLater
from boekbrug.domain.records import AttemptOutcome, Lane
from boekbrug.store import budgets, waiters
from connectors import LimitSignal
from tasks.runtime import Runtime

_fence: ContextVar[datetime | None] = ContextVar("fence", default=None)


@contextmanager
def writing_before(moment: datetime) -> Iterator[None]:
    """A call inside that writes is made before that moment or not at all; what only reads is always made, for what was
    written has to be read back."""
    token = _fence.set(moment)
    try:
        yield
    finally:
        _fence.reset(token)


def _refuse_late(writes: bool, now: datetime) -> None:
    """Right before the call: waiting for a slot takes time, and so does a machine that is suspended."""
    moment = _fence.get()
    if writes and moment is not None and now > moment:
        raise RetryLater("the claim would run out during the write", not_before=now)


class StoreMeter:
    """Takes a slot of each of the account's budgets that count a call, and passes on what the remote side says of its
    limit.

    Without a limit of our own no slots are written down; the remote side's word is kept all the same.
    """

    def __init__(self, runtime: Runtime, tenant_id: int, connection: str, calls: Sequence[Budget], lane: Lane) -> None:
        self._runtime = runtime
        self._tenant_id = tenant_id
        self._connection = connection
        self._account = calls[0].account
        self._budgets = [budget for budget in calls if budget.limit is not None]
        self._lane = lane
        self._lock = threading.Lock()
        self._blocked_until: datetime | None = None

    @contextmanager
    def call(self, counts_as: str = "", *, writes: bool = False) -> Iterator[None]:
        """Around every remote call. Raises RateLimited when no slot comes free within the run's patience, RetryLater
        for a write when the moment has passed before which it was to be made (`writing_before`)."""
        counting = [budget for budget in self._budgets if budget.counts_as in ("", counts_as)]
        if not counting:
            self._refuse_while_blocked()
            _refuse_late(writes, self._runtime.clock.now())
            yield
            return
        slot = self._slot(counting)
        try:
            _refuse_late(writes, self._runtime.clock.now())
            yield
        finally:
            with self._runtime.database.write() as session:
                budgets.finish(session, slot, AttemptOutcome.WRITTEN, self._runtime.clock.now())

    def heard(self, signal: LimitSignal) -> None:
        """Nothing left means: not before the remote side's moment, or else the next whole hour.

        Factuursturen's documentation names no moment; its limit is taken to be hourly.
        """
        if signal.retry_after is None and signal.remaining != 0:
            return
        now = self._runtime.clock.now()
        if signal.retry_after is not None:
            until = now + timedelta(seconds=signal.retry_after)
        else:
            until = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        with self._lock:
            self._blocked_until = max(until, self._blocked_until or until)
        with self._runtime.database.write() as session:
            budgets.tighten(session, self._account, now=now, blocked_until=until)

    def _refuse_while_blocked(self) -> None:
        with self._lock:
            until = self._blocked_until
        if until is not None and until > self._runtime.clock.now():
            raise RateLimited(f"the account's limit is reached until {until:%H:%M} UTC", not_before=until)

    def _slot(self, counting: Sequence[Budget]) -> budgets.Slot:
        runtime, holder, began = self._runtime, "", self._runtime.clock.now()
        try:
            while True:
                now = runtime.clock.now()
                with runtime.database.write() as session:
                    taken = budgets.take(
                        session,
                        counting,
                        tenant_id=self._tenant_id,
                        record_id=None,
                        kind="call",
                        lane=self._lane,
                        now=now,
                        lease_seconds=runtime.settings.claim_seconds,
                        holder=holder,
                        soon=min(budgets.SOON, timedelta(seconds=runtime.settings.patience_seconds)),
                    )
                    if isinstance(taken, budgets.Slot):
                        break
                    wait = (taken.moment - now).total_seconds()
                    waited = (now - began).total_seconds()
                    if waited + wait > runtime.settings.patience_seconds:
                        names = " and ".join(f"{budget.limit} {budget.name}" for budget in counting)
                        raise RateLimited(
                            f"the budget of {names} is used up until {taken.moment:%Y-%m-%d %H:%M} UTC",
                            not_before=taken.moment,
                        )
                    holder = holder or f"call:{uuid4()}"
                    self._wait_in_line(session, counting, holder, now)
                runtime.clock.sleep(max(wait, 0.01))
        finally:
            if holder:
                with runtime.database.write() as session:
                    waiters.stop_waiting(session, counting, tenant_id=self._tenant_id, holder=holder)
        if taken.wait_seconds:
            runtime.clock.sleep(taken.wait_seconds)
        return taken

    def _wait_in_line(self, session: Session, counting: Sequence[Budget], holder: str, now: datetime) -> None:
        waiters.wait_for(
            session,
            counting,
            tenant_id=self._tenant_id,
            holder=holder,
            route=self._connection,
            lane=self._lane,
            now=now,
            until=now + timedelta(seconds=self._runtime.settings.patience_seconds),
        )
