"""A simulated week on an account that takes 60 documents an hour: a migration, and every day a daily run."""

from __future__ import annotations

import heapq
import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import event
from sqlmodel import Session

from benchmarks.large_store import add_tenants
from benchmarks.ledger import Request, most_in_any_period, share_in_use
from benchmarks.report import Result
from boekbrug.domain.budgets import Budget
from boekbrug.domain.clock import ManualClock
from boekbrug.domain.records import AttemptOutcome, Lane
from boekbrug.store import budgets, waiters
from boekbrug.store.database import Database

BENCH = "budget"
LIMIT, RESERVE, AT_ONCE = 60, 10, 4
HOUR = 3600.0
DAILY_PER_DAY, DAILY_AT = 40, 6.5 * HOUR
MIGRATION = 10_000
BUDGET = Budget(account="books", name="documents", limit=LIMIT, period=timedelta(seconds=HOUR))
LEASE = 120


def run(days: int) -> Iterator[Result]:
    """The store hands out the slots; who waited and how many were in use is reckoned apart."""
    with tempfile.TemporaryDirectory(prefix="boekbrug-bench-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'boekbrug.db'}")
        database.migrate()
        add_tenants(database, 1)
        # This measures decisions; what a commit costs on the disk, other benches do.
        event.listen(database._engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
        database.close()  # the next connection is the first that is told so
        week = _Week(database, days * 24 * HOUR)
        week.play()
        database.close()
    done = week.done
    most = most_in_any_period(done, HOUR)
    yield Result(
        BENCH, f"{days} days, {len(done):,} documents: most in any hour", f"≤ {LIMIT}", str(most), most <= LIMIT
    )
    migrated = [request for request in done if request.who == "migration"]
    until = max(request.began for request in migrated)  # from then on nothing waits
    share = share_in_use(done, LIMIT, HOUR, HOUR, until)
    of_allowed = min(1.0, share * LIMIT / (LIMIT - RESERVE))  # the reserve is kept free on purpose
    yield Result(
        BENCH,
        f"slots in use while the migration waits ({RESERVE} of {LIMIT} reserved)",
        "≥ 99 %",
        f"{of_allowed:.1%} of those it may use, {share:.1%} of all",
        of_allowed >= 0.99,
    )
    yield Result(
        BENCH, "daily documents that waited with a slot free", "0", str(week.kept_waiting), not week.kept_waiting
    )
    yield Result(
        BENCH, "daily documents", "", f"{len(done) - len(migrated)}, the last after {week.slowest_day / 60:.0f} min"
    )


class _Week:
    """Moves the clock from event to event: a request ends, a slot comes free, a daily run begins."""

    def __init__(self, database: Database, seconds: float) -> None:
        self._database = database
        self._start = datetime(2026, 3, 2, tzinfo=UTC)
        self._clock = ManualClock(self._start)
        self._seconds = seconds
        self._random = random.Random(1)
        self._under_way: list[tuple[float, float, str, budgets.Slot]] = []
        self._waiting = {"daily": 0, "migration": MIGRATION}
        self.done: list[Request] = []
        self._in_line = False
        self.kept_waiting = 0
        self.slowest_day = 0.0

    def play(self) -> None:
        next_daily = DAILY_AT
        while (now := self._now()) < self._seconds:
            with self._database.write() as session:
                # A transaction for all that happens at one moment: this measures decisions, not commits.
                while self._under_way and self._under_way[0][0] <= now:
                    ended, began, who, slot = heapq.heappop(self._under_way)
                    budgets.finish(session, slot, AttemptOutcome.WRITTEN, self._clock.now())
                    self.done.append(Request(began, ended, who))
                    if who == "daily":
                        self.slowest_day = max(self.slowest_day, (ended - DAILY_AT) % (24 * HOUR))
                if now >= next_daily:
                    self._waiting["daily"] += DAILY_PER_DAY
                    next_daily += 24 * HOUR
                self._say_who_waits(session)
                opening = self._begin(session, now)
            moments = [next_daily, opening, *(one[0] for one in self._under_way[:1])]
            self._clock.sleep(max(0.001, min(moments) - now))

    def _say_who_waits(self, session: Session) -> None:
        if self._waiting["daily"]:
            now = self._clock.now()
            until = now + timedelta(seconds=LEASE)
            waiters.wait_for(
                session, [BUDGET], tenant_id=1, holder="daily", route="verkoop", lane=Lane.DAILY, now=now, until=until
            )
            self._in_line = True
        elif self._in_line:
            waiters.stop_waiting(session, [BUDGET], tenant_id=1, holder="daily")
            self._in_line = False

    def _begin(self, session: Session, now: float) -> float:
        """Starts what can start; the moment at which more can. The migration always asks first: it is the store that
        lets the daily run go before it."""
        moments = [self._seconds]
        for who, lane in (("migration", Lane.MIGRATION), ("daily", Lane.DAILY)):
            while self._waiting[who]:
                if sum(one[2] == who for one in self._under_way) == AT_ONCE:
                    moments.append(self._under_way[0][0])
                    break
                taken = budgets.take(
                    session,
                    [BUDGET],
                    tenant_id=1,
                    record_id=None,
                    kind="document",
                    lane=lane,
                    now=self._clock.now(),
                    lease_seconds=LEASE,
                    reserve=RESERVE,
                    holder=who,
                )
                if isinstance(taken, budgets.NotBefore):
                    if who == "daily" and self._in_use(now) < LIMIT:
                        self.kept_waiting += 1
                    moments.append((taken.moment - self._start).total_seconds())
                    break
                self._waiting[who] -= 1
                heapq.heappush(self._under_way, (now + self._random.uniform(0.3, 3), now, who, taken))
        return min(moments)

    def _in_use(self, now: float) -> int:
        recent = sum(request.ended + HOUR > now for request in self.done[-2 * LIMIT :])
        return recent + len(self._under_way)

    def _now(self) -> float:
        return (self._clock.now() - self._start).total_seconds()
