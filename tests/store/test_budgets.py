import multiprocessing
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func
from sqlmodel import Session, select

from boekbrug.domain.budgets import Budget
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.records import AttemptOutcome, Lane
from boekbrug.store import budgets, waiters
from boekbrug.store.budgets import NotBefore, Slot
from boekbrug.store.database import ACROSS_TENANTS, Database
from boekbrug.store.tables import AttemptRow
from tests.store.samples import NOW, add_record, add_tenant

HOUR = timedelta(hours=1)
LEASE = 120.0


def budget(limit: int | None = 3, name: str = "documents", period: timedelta = HOUR, account: str = "books") -> Budget:
    return Budget(account=account, name=name, limit=limit, period=period)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@dataclass
class Taker:
    """Takes and finishes slots of one tenant at given seconds."""

    session: Session
    tenant_id: int

    def take(self, second: float, *of: Budget, lane: Lane = Lane.DAILY, reserve: int = 0) -> Slot | NotBefore:
        return budgets.take(
            self.session,
            of or (budget(),),
            tenant_id=self.tenant_id,
            record_id=None,
            kind="post_document",
            lane=lane,
            now=at(second),
            lease_seconds=LEASE,
            reserve=reserve,
        )

    def slot(self, second: float, *of: Budget) -> Slot:
        taken = self.take(second, *of)
        assert isinstance(taken, Slot)
        return taken

    def done(self, start: float, end: float, *of: Budget) -> Slot:
        slot = self.slot(start, *of)
        budgets.finish(self.session, slot, AttemptOutcome.WRITTEN, at(end))
        return slot

    def refused(self, second: float, *of: Budget, lane: Lane = Lane.DAILY, reserve: int = 0) -> float:
        """The second from which there is room, by the refusal."""
        answer = self.take(second, *of, lane=lane, reserve=reserve)
        assert isinstance(answer, NotBefore)
        return (answer.moment - NOW).total_seconds()


@pytest.fixture
def taker(writing: Session) -> Taker:
    return Taker(writing, add_tenant(writing).tenant_id)


def test_an_idle_account_gives_all_its_slots_at_once_and_then_says_when(taker: Taker) -> None:
    for end in (2, 1, 3):
        taker.done(0, end)
    assert taker.refused(3) == 3601
    assert taker.refused(3600.999999) == 3601
    taker.done(3601, 3601)
    assert taker.refused(3601) == 3602


def test_an_open_attempt_counts_until_its_lease_ended_a_period_ago(taker: Taker) -> None:
    for _ in range(3):
        taker.slot(0)
    assert taker.refused(10) == LEASE + 3600
    taker.slot(LEASE + 3600)


def test_an_attempt_that_ends_after_its_lease_counts_from_its_end(taker: Taker) -> None:
    one = budget(1)
    taker.done(0, 500, one)
    assert taker.refused(LEASE + 3600, one) == 500 + 3600


def test_a_cancelled_slot_is_free_at_once(taker: Taker) -> None:
    one = budget(1)
    budgets.cancel(taker.session, taker.slot(0, one))
    taker.slot(0, one)
    assert taker.refused(0, one) == LEASE + 3600


def test_connections_on_one_account_share_it_and_other_accounts_do_not(writing: Session) -> None:
    mine, theirs = (Taker(writing, add_tenant(writing, slug).tenant_id) for slug in ("mine", "theirs"))
    for _ in range(3):
        mine.done(0, 0)
    assert theirs.refused(1) == 3600
    theirs.slot(1, budget(account="other books"))
    theirs.slot(1, budget(name="calls"))


def test_all_budgets_must_have_room_and_none_is_touched_otherwise(taker: Taker) -> None:
    documents, calls = budget(2), budget(3, "calls", timedelta(seconds=60))
    taker.done(0, 0, calls)
    taker.done(1, 1, documents, calls)
    taker.done(2, 2, documents, calls)
    answer = taker.take(3, documents, calls)
    assert answer == NotBefore(moment=at(3601), budget="documents")
    assert budgets.usage(taker.session, calls, now=at(3)).used == 3
    assert taker.refused(3, calls) == 60
    with pytest.raises(ValueError, match="one account"):
        taker.take(3, documents, budget(account="other books"))


def test_a_migration_leaves_the_reserve_to_others(taker: Taker) -> None:
    taker.done(0, 0)
    assert taker.refused(1, lane=Lane.MIGRATION, reserve=2) == 3600
    assert isinstance(taker.take(1, lane=Lane.MIGRATION, reserve=1), Slot)
    taker.slot(1)
    with pytest.raises(SettingsInvalid, match="reserve at most 2"):
        taker.take(1, lane=Lane.MIGRATION, reserve=3)


def test_a_block_holds_everyone_back_and_is_never_shortened(taker: Taker) -> None:
    calls = budget(100, "calls")
    budgets.tighten(taker.session, "books", now=at(0), blocked_until=at(90))
    budgets.tighten(taker.session, "books", now=at(1), blocked_until=at(30))
    assert taker.refused(40, calls) == 90
    assert taker.take(40) == NotBefore(moment=at(90), budget="")
    assert budgets.usage(taker.session, calls, now=at(40)).blocked_until == at(90)
    taker.slot(90)


def test_what_remains_limits_the_calls_that_come_after_the_answering_one(taker: Taker) -> None:
    calls = budget(100, "calls", timedelta(seconds=60))
    first, beside = taker.slot(0, calls), taker.slot(1, calls)
    budgets.tighten(taker.session, "books", now=at(2), budget=calls, remaining=3, heard_by=first)
    budgets.finish(taker.session, first, AttemptOutcome.WRITTEN, at(2))
    taker.slot(3, calls)
    taker.done(3, 3, calls)
    assert taker.refused(4, calls) == 62  # beside it, and two since
    taker.slot(4)  # another budget of the account
    budgets.tighten(taker.session, "books", now=at(5), budget=calls, remaining=7, heard_by=first)
    assert isinstance(taker.take(5, calls), Slot)
    assert isinstance(beside, Slot)


def test_a_late_answer_does_not_overrule_a_newer_one(taker: Taker) -> None:
    calls = budget(100, "calls")
    early = taker.done(0, 1, calls)
    late = taker.done(2, 3, calls)
    budgets.tighten(taker.session, "books", now=at(3), budget=calls, remaining=0, heard_by=late)
    budgets.tighten(taker.session, "books", now=at(4), budget=calls, remaining=50, heard_by=early)
    assert taker.refused(5, calls) == 3603


def test_what_remains_holds_while_the_clock_stands_still(taker: Taker) -> None:
    calls = budget(None, "calls")
    heard = taker.done(0, 0, calls)
    budgets.tighten(taker.session, "books", now=at(0), budget=calls, remaining=2, heard_by=heard)
    taker.done(0, 0, calls)
    taker.done(0, 0, calls)
    assert taker.refused(0, calls) == 3600
    taker.slot(3600, calls)


def test_what_remains_is_said_of_a_budget_by_an_answer(taker: Taker) -> None:
    with pytest.raises(ValueError, match="name both"):
        budgets.tighten(taker.session, "books", now=at(0), remaining=3)


def test_usage_tells_how_the_budget_stands(taker: Taker) -> None:
    assert budgets.usage(taker.session, budget(), now=at(0)) == budgets.Usage(
        used=0, free=3, opens_at=None, blocked_until=None
    )
    taker.done(0, 0)
    taker.slot(1)
    usage = budgets.usage(taker.session, budget(), now=at(2))
    assert (usage.used, usage.free, usage.opens_at) == (2, 1, None)
    assert budgets.usage(taker.session, budget(), now=at(2), kept_back=1).free == 0
    assert budgets.usage(taker.session, budget(), now=at(2), kept_back=1).opens_at == at(3600)
    taker.done(3, 3)
    usage = budgets.usage(taker.session, budget(), now=at(4))
    assert (usage.used, usage.free, usage.opens_at) == (3, 0, at(3600))
    assert budgets.usage(taker.session, budget(None), now=at(4)).free is None


def test_a_clock_that_was_set_back_frees_nothing_early(taker: Taker) -> None:
    for _ in range(3):
        taker.done(0, 1)
    assert taker.refused(-86_400) == 3601
    one = budget(1, "calls")
    open_one = taker.slot(10, one)
    budgets.finish(taker.session, open_one, AttemptOutcome.WRITTEN, at(-1800))
    assert taker.refused(3609, one) == 3610


def test_after_a_clock_that_was_ahead_a_person_brings_the_account_back(taker: Taker) -> None:
    year = 365 * 86_400
    taker.done(year, year + 1)
    taker.slot(year)
    budgets.tighten(taker.session, "books", now=at(year), blocked_until=at(year + 60))
    budgets.set_back(taker.session, "books", at(0))
    assert taker.refused(0) == 60
    taker.slot(60)
    assert taker.refused(61) == 3600
    assert budgets.usage(taker.session, budget(), now=at(3600)).used == 2
    assert budgets.usage(taker.session, budget(), now=at(3600 + LEASE)).used == 1


def test_old_calls_are_forgotten_and_attempts_of_documents_are_not(database: Database) -> None:
    calls = budget(100_000, "calls", timedelta(seconds=60))
    with database.write() as session:
        route = add_tenant(session)
        taker = Taker(session, route.tenant_id)
        record = add_record(session, route)
        for _ in range(3):
            budgets.take(
                session, [calls], tenant_id=route.tenant_id, record_id=record.id, kind="post", lane=Lane.DAILY,
                now=at(0), lease_seconds=1,
            )  # fmt: skip
        for second in range(450):
            taker.done(second, second, calls)
        kept = session.exec(
            select(func.count()).select_from(AttemptRow).where(AttemptRow.tenant_id == route.tenant_id)
        ).one()
    assert 3 + 120 <= kept < 3 + 120 + 205


# -- never more than the limit, whatever happens


STEPS = st.lists(
    st.tuples(
        st.integers(0, 40),  # seconds that pass before
        st.sampled_from(["finish", "crash", "cancel", "set the clock back"]),
        st.integers(0, 30),  # how long the request lasts, or how far the clock goes back
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, limit=st.integers(1, 4), period=st.integers(20, 90), names=st.uuids())
def test_never_more_than_the_limit_in_any_period(
    database: Database, steps: list[tuple[int, str, int]], limit: int, period: int, names: object
) -> None:
    """Real time and the machine's clock are two things here: what the remote side counts happens in real time, at the
    moment of its own choice (start or end) while requests overlap, and the clock may be set back at any moment."""
    of = budget(limit, period=timedelta(seconds=period), account=str(names))
    real, behind = 0, 0
    open_until: list[tuple[int, Slot]] = []
    counted: list[int] = []
    with database.write() as session:
        taker = Taker(session, add_tenant(session).tenant_id)
        for number, (pause, what, size) in enumerate(steps):
            real += pause
            for end, slot in [entry for entry in sorted(open_until, key=lambda e: e[0]) if entry[0] <= real]:
                budgets.finish(session, slot, AttemptOutcome.WRITTEN, at(end - behind))
                open_until.remove((end, slot))
            if what == "set the clock back":
                behind += size
                continue
            taken = taker.take(real - behind, of)
            if isinstance(taken, NotBefore):
                assert taken.moment > at(real - behind)
                continue
            if what == "cancel":
                budgets.cancel(session, taken)
            elif what == "crash":
                counted.append(real + int(LEASE) if number % 2 else real)
            else:
                open_until.append((real + size, taken))
                counted.append(real + size if number % 2 else real)
    for first in counted:
        assert sum(first <= moment < first + period for moment in counted) <= limit


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pauses=st.lists(st.integers(0, 60), min_size=1, max_size=40), limit=st.integers(1, 4), names=st.uuids())
def test_at_the_moment_that_was_promised_there_is_room(
    database: Database, pauses: list[int], limit: int, names: object
) -> None:
    of = budget(limit, period=timedelta(seconds=100), account=str(names))
    now = 0.0
    with database.write() as session:
        taker = Taker(session, add_tenant(session).tenant_id)
        for pause in pauses:
            now += pause
            used = budgets.usage(session, of, now=at(now)).used
            taken = taker.take(now, of)
            assert isinstance(taken, Slot) == (used < limit)  # free capacity is never wasted
            if isinstance(taken, NotBefore):
                promised = (taken.moment - NOW).total_seconds()
                assert isinstance(taker.take(promised - 0.000001, of), NotBefore)
                now = promised
                taken = taker.take(now, of)
            assert isinstance(taken, Slot)
            budgets.finish(session, taken, AttemptOutcome.WRITTEN, at(now))


def _spend(address: str, tenant_id: int, each: int, log: Path) -> None:
    """Two threads that make so many requests each; writes when each request started, by the machine's clock."""
    database = Database(address)
    of = budget(20, period=timedelta(seconds=1))
    given_up, lines = time.monotonic() + 60, []

    def work() -> None:
        left = each
        while left and time.monotonic() < given_up:
            with database.write() as session:
                taken = budgets.take(
                    session, [of], tenant_id=tenant_id, record_id=None, kind="call", lane=Lane.DAILY,
                    now=datetime.now(UTC), lease_seconds=0.5,
                )  # fmt: skip
            if isinstance(taken, NotBefore):
                time.sleep(max(0.0, (taken.moment - datetime.now(UTC)).total_seconds()))
                continue
            lines.append(f"{time.time()}\n")
            left -= 1
            time.sleep(random.random() * 0.02)
            if random.random() < 0.9:  # else it dies without a word
                with database.write() as session:
                    budgets.finish(session, taken, AttemptOutcome.WRITTEN, datetime.now(UTC))

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.write_text("".join(lines))
    database.close()


def test_processes_and_threads_together_stay_within_the_limit_and_use_it(
    database: Database, address: str, tmp_path: Path
) -> None:
    with database.write() as session:
        tenant_id = add_tenant(session).tenant_id
    spawn = multiprocessing.get_context("spawn")
    logs = [tmp_path / f"{number}.log" for number in range(3)]
    processes = [spawn.Process(target=_spend, args=(address, tenant_id, 10, log)) for log in logs]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    started = sorted(float(line) for log in logs for line in log.read_text().split())
    assert max(sum(first <= moment < first + 1 for moment in started) for first in started) <= 20
    assert len(started) == 60, "whoever wants a slot gets one in the end"
    with database.read() as session:
        statement = select(func.count()).select_from(AttemptRow).execution_options(**ACROSS_TENANTS)
        assert session.exec(statement).one() >= 0


def test_a_slot_costs_as_many_statements_however_many_requests_there_were(database: Database) -> None:
    of = [budget(5000, "calls", timedelta(days=1)), budget(400, "minutes", timedelta(minutes=1))]
    with database.write() as session:
        tenant_id = add_tenant(session).tenant_id

    def statements(second: int) -> int:
        seen: list[str] = []

        def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            seen.append(statement)

        event.listen(database._engine, "before_cursor_execute", count)
        try:
            with database.write() as session:
                Taker(session, tenant_id).done(second, second, *of)
        finally:
            event.remove(database._engine, "before_cursor_execute", count)
        return len(seen)

    statements(0)  # the first one makes the account
    few = statements(1)
    with database.write() as session:
        for second in range(2, 300):
            Taker(session, tenant_id).done(second, second, *of)
    assert statements(301) == few <= 9


def test_a_slot_that_comes_free_soon_is_given_out_beforehand_to_one_only(taker: Taker) -> None:
    for end in (2, 1, 3):
        taker.done(0, end)

    def soon(second: float, lane: Lane = Lane.DAILY, within: float = 2) -> Slot | NotBefore:
        return budgets.take(
            taker.session, [budget()], tenant_id=taker.tenant_id, record_id=None, kind="post_document", lane=lane,
            now=at(second), lease_seconds=LEASE, soon=timedelta(seconds=within),
        )  # fmt: skip

    assert isinstance(soon(3598.9), NotBefore)
    given = [soon(3600), soon(3600)]
    assert [(one.started_at, one.wait_seconds) for one in given if isinstance(one, Slot)] == [
        (at(3601), 1),
        (at(3602), 2),
    ]
    assert isinstance(soon(3600), NotBefore), "the third comes free in three seconds"
    assert isinstance(soon(3601), Slot)
    first = given[0]
    assert isinstance(first, Slot)
    assert first.lease_until == at(3601 + LEASE)
    budgets.finish(taker.session, first, AttemptOutcome.WRITTEN, at(3601.5))
    assert taker.refused(3604) == 3601.5 + 3600


def test_nothing_is_given_out_beforehand_while_somebody_more_urgent_waits(taker: Taker) -> None:
    for _ in range(3):
        taker.done(0, 0)
    waiters.wait_for(
        taker.session, [budget()], tenant_id=taker.tenant_id, holder="one", route="r", lane=Lane.RUSH, now=at(3599),
        until=at(3700),
    )  # fmt: skip
    taken = budgets.take(
        taker.session, [budget()], tenant_id=taker.tenant_id, record_id=None, kind="post_document", lane=Lane.DAILY,
        now=at(3599), lease_seconds=LEASE, soon=timedelta(seconds=2),
    )  # fmt: skip
    assert isinstance(taken, NotBefore)
    assert taken.behind is Lane.RUSH


def test_a_slot_given_out_beforehand_does_not_end_before_it_starts(taker: Taker) -> None:
    """Though the machine's clock is set back while it is waited for."""
    one = budget(1)
    taker.done(0, 0, one)
    taken = budgets.take(
        taker.session, [one], tenant_id=taker.tenant_id, record_id=None, kind="post_document", lane=Lane.DAILY,
        now=at(3599), lease_seconds=LEASE, soon=timedelta(seconds=2),
    )  # fmt: skip
    assert isinstance(taken, Slot)
    budgets.finish(taker.session, taken, AttemptOutcome.WRITTEN, at(100))
    assert taker.refused(3599, one) == 7200


def test_of_an_account_whose_clock_is_ahead_one_waits_only_for_the_slot(taker: Taker) -> None:
    one = budget(1)
    taker.done(5000, 5000, one)
    taken = budgets.take(
        taker.session, [budget(2)], tenant_id=taker.tenant_id, record_id=None, kind="post_document", lane=Lane.DAILY,
        now=at(0), lease_seconds=LEASE, soon=timedelta(seconds=2),
    )  # fmt: skip
    assert isinstance(taken, Slot)
    assert taken.wait_seconds == 0
