"""What only PostgreSQL can do wrong: two transactions side by side, a server that goes away, text that it refuses."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event, text
from sqlmodel import Session

from boekbrug.domain.budgets import Budget
from boekbrug.domain.errors import ConnectionBroken, NeedsAttention, OutcomeUnknown, RetryLater, StoreUnavailable
from boekbrug.domain.findings import finding
from boekbrug.domain.records import AttemptOutcome, Lane, SyncStatus
from boekbrug.store import budgets, debtors, moves, observations, records, tenants
from boekbrug.store.database import Database
from tests.store.samples import NOW, add_record, add_tenant, config, observation, observe
from tests.store.tenant_filter import refuse_unfiltered


@pytest.fixture
def backend() -> str:
    return "postgresql"


@pytest.fixture
def meanwhile() -> Iterator[Callable[..., Future[object]]]:
    """Starts a function on another thread and gives it the time to run into a lock."""
    with ThreadPoolExecutor(1) as pool:

        def start(function: Callable[[], object]) -> Future[object]:
            future = pool.submit(function)
            time.sleep(0.3)
            return future

        yield start


def test_an_order_that_is_seen_again_is_not_taken_from_the_run_that_writes_it(
    database: Database, meanwhile: Callable[..., Future[object]]
) -> None:
    with database.write() as session:
        route = add_tenant(session)
        record = add_record(session, route)

    def see_again() -> observations.Seen:
        with database.write() as session:
            [seen] = observe(session, route, observation(fingerprint="changed"))
        return seen.outcome

    with database.write() as session:
        assert moves.claim(session, route.tenant_id, record.id, NOW, 120)
        seen = meanwhile(see_again)
        assert not seen.done()
    assert seen.result(10) is observations.Seen.IN_FLIGHT
    with database.read() as session:
        assert records.record_by_id(session, route.tenant_id, record.id).status is SyncStatus.IN_FLIGHT


def test_what_a_person_hurried_and_a_run_claimed_is_not_reopened(
    database: Database, meanwhile: Callable[..., Future[object]]
) -> None:
    with database.write() as session:
        route = add_tenant(session)
        record = add_record(session, route)
        problem = (finding("DEBTOR_NOT_IN_BOOKS", debtor="7"),)
        moves.mark_needs_attention(session, route.tenant_id, record.id, NOW, findings=problem, version=1)
        tenants.import_tenant(session, config(name="Acme 2", routes=(_stricter(),)), who="test", now=NOW)

    def reopen() -> int:
        with database.write() as session:
            return observations.reopen_after_change(session, route.tenant_id, route.id, NOW)

    with database.write() as session:
        moves.retry(session, route.tenant_id, NOW, who="test")
        assert moves.claim(session, route.tenant_id, record.id, NOW, 120)
        reopened = meanwhile(reopen)
        assert not reopened.done()
    assert reopened.result(10) == 0


def _stricter() -> object:
    return {"slug": "orders", "source": "shop", "target": "books", "policy": {"credit_orders": True}}


def test_a_request_ends_no_earlier_than_a_slot_that_is_being_taken_at_the_same_time(
    database: Database, meanwhile: Callable[..., Future[object]]
) -> None:
    """Two machines, one of whose clocks is ahead: the account's time is the later one's."""
    of = Budget(account="books", name="documents", limit=5, period=timedelta(hours=1))
    ahead = NOW + timedelta(seconds=50)

    def take(session: Session, *, fast: bool) -> budgets.Slot:
        taken = budgets.take(
            session, [of], tenant_id=route.tenant_id, record_id=None, kind="call", lane=Lane.DAILY,
            now=ahead if fast else NOW, lease_seconds=10,
        )  # fmt: skip
        assert isinstance(taken, budgets.Slot)
        return taken

    with database.write() as session:
        route = add_tenant(session)
        slow = take(session, fast=False)

    def finish() -> None:
        with database.write() as session:
            budgets.finish(session, slow, AttemptOutcome.WRITTEN, NOW)

    with database.write() as session:
        budgets.finish(session, take(session, fast=True), AttemptOutcome.WRITTEN, ahead)
        finished = meanwhile(finish)
        assert not finished.done()
    finished.result(10)
    with database.read() as session:
        almost = ahead + of.period - timedelta(microseconds=1)
        assert budgets.usage(session, of, now=almost).used == 2


def test_a_debtor_whose_claim_was_given_back_at_that_moment_can_be_claimed(
    database: Database, meanwhile: Callable[..., Future[object]]
) -> None:
    def claim() -> object:
        with database.write() as session:
            return debtors.claim_debtor(session, "books", "a@example.com", now=NOW, lease_seconds=60)

    assert isinstance(claim(), debtors.Claimed)
    with database.write() as session:
        debtors.forget_debtor(session, "books", "a@example.com")
        claimed = meanwhile(claim)
        assert not claimed.done()
    assert claimed.result(10) == debtors.Claimed(NOW + timedelta(seconds=60), abandoned=False)


def test_a_tenant_that_is_imported_twice_at_once_is_one_tenant(
    database: Database, meanwhile: Callable[..., Future[object]]
) -> None:
    def add() -> int:
        with database.write() as session:
            return add_tenant(session).tenant_id

    with database.write() as session:
        first = add_tenant(session).tenant_id
        second = meanwhile(add)
        assert not second.done()
    assert second.result(10) == first


def test_a_read_transaction_sees_one_state(database: Database) -> None:
    with database.write() as session:
        route = add_tenant(session)
        add_record(session, route)
    with database.read() as session:
        before = records.counts(session, route.tenant_id, route.id)
        with database.write() as other:
            add_record(other, route, "10002")
        assert records.counts(session, route.tenant_id, route.id) == before


def test_a_server_that_ends_the_connection_is_said_so_and_the_next_transaction_works(database: Database) -> None:
    with database.write() as session:
        add_tenant(session)
    event.remove(database._engine, "before_execute", refuse_unfiltered)
    end_all = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid()"
    )
    with (
        pytest.raises(StoreUnavailable, match="is not available: ") as caught,
        database.write() as session,
    ):
        add_tenant(session, "lost")
        with database._begun(writes=True) as other:
            other.execute(end_all)
        add_tenant(session, "never")
    assert not isinstance(caught.value, RetryLater | OutcomeUnknown | NeedsAttention | ConnectionBroken)
    # Connections that wait in the pool are tried before they are used.
    with database._begun(writes=True) as first, database._begun(writes=True):
        assert first.execute(end_all).rowcount > 0
    with database.read() as session:
        assert [tenant.slug for tenant in tenants.list_tenants(session)] == ["acme"]


def test_transactions_that_wait_for_each_other_are_no_mistake_of_ours(
    database: Database, meanwhile: Callable[..., Future[object]]
) -> None:
    """Our own take their locks in one order; a person at the console might not."""
    with database.write() as session:
        route = add_tenant(session)
        one, two = add_record(session, route, "1"), add_record(session, route, "2")

    def skip(session: Session, record_id: int) -> None:
        moves.skip(session, route.tenant_id, record_id, NOW, who="test", reason="test")

    each_has_one = threading.Barrier(2, timeout=20)

    def other_way_round() -> None:
        with database.write() as session:
            skip(session, two.id)
            each_has_one.wait()
            skip(session, one.id)

    failures = []
    other = meanwhile(other_way_round)
    try:
        with database.write() as session:
            skip(session, one.id)
            each_has_one.wait()
            skip(session, two.id)
    except StoreUnavailable as error:
        failures.append(error)
    problem = other.exception(20)
    failures += [problem] if isinstance(problem, StoreUnavailable) else []
    assert len(failures) == 1
    assert "deadlock" in str(failures[0])


def test_a_server_that_is_not_there_is_said_so_without_the_password() -> None:
    database = Database("postgresql://boekbrug:hunter2@127.0.0.1:9/boekbrug")
    with (
        pytest.raises(StoreUnavailable, match=r"boekbrug:\*\*\*@127.0.0.1:9/boekbrug") as caught,
        database.read() as s,
    ):
        tenants.list_tenants(s)
    assert "hunter2" not in str(caught.value)


def test_every_thread_gets_a_connection(database: Database) -> None:
    with database.write() as session:
        route = add_tenant(session)

    def count(_: int) -> int:
        with database.read() as session:
            time.sleep(0.2)
            return sum(records.counts(session, route.tenant_id, route.id).values())

    with ThreadPoolExecutor(33) as pool:
        assert list(pool.map(count, range(33))) == [0] * 33
