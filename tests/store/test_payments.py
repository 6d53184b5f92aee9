"""Payments on their way back to the source: told of once, whoever asks at the same moment and whoever dies."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

from sqlmodel import Session

from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.findings import finding
from boekbrug.domain.money import Money
from boekbrug.store import payments, tenants
from boekbrug.store.database import Database
from boekbrug.store.payments import KeptPayment, PaymentProgress
from tests.store.samples import NOW, add_record, add_tenant

CLAIM = 60.0


def entry(number: int) -> ExternalRef:
    return ExternalRef("eboekhouden", "mutation", str(number))


def intended(session: Session, route: tenants.Route, record_id: int, number: int = 1) -> KeptPayment | None:
    return payments.intend(
        session, route.tenant_id, route.id, record_id,
        target_ref=entry(number), amount=Money.of("12.10"), open_before=Money.of("24.20"), paid_on=date(2026, 3, 1),
        now=NOW, claim_seconds=CLAIM,
    )  # fmt: skip


def test_a_payment_is_told_of_once_and_others_wait_for_it(writing: Session) -> None:
    route = add_tenant(writing)
    record = add_record(writing, route)
    first = intended(writing, route, record.id)
    assert first is not None
    assert (first.amount, first.open_before, first.paid_on) == (Money.of("12.10"), Money.of("24.20"), date(2026, 3, 1))
    assert intended(writing, route, record.id, 2) is None, "another of the document waits"
    assert payments.conclude(writing, route.tenant_id, first, NOW, registered=True)
    assert intended(writing, route, record.id) is None, "the same is not told of again"
    second = intended(writing, route, record.id, 2)
    assert second is not None
    assert payments.conclude(writing, route.tenant_id, second, NOW, registered=False)
    assert intended(writing, route, record.id, 2) is not None, "what the source does not know may be told again"
    assert payments.count_payments(writing, route.tenant_id, route.id)[PaymentProgress.REGISTERED] == 1
    kept = payments.of_records(writing, route.tenant_id, [record.id])
    assert [one.target_ref for one in kept[record.id]] == [entry(1), entry(2)]


def test_of_several_who_tell_at_the_same_moment_one_does(database: Database) -> None:
    with database.write() as session:
        route = add_tenant(session)
        record = add_record(session, route)
    together = Barrier(4)

    def tell(number: int) -> KeptPayment | None:
        together.wait()
        with database.write() as session:
            return intended(session, route, record.id, number)

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(tell, (1, 1, 2, 2)))
    assert sum(one is not None for one in told) == 1


def test_who_died_is_taken_over_by_one(database: Database) -> None:
    with database.write() as session:
        route = add_tenant(session)
        began = intended(session, route, add_record(session, route).id)
    assert began is not None
    later = NOW + timedelta(seconds=CLAIM + 1)
    with database.read() as session:
        assert payments.stale(session, route.tenant_id, route.id, NOW) == []
        assert payments.stale(session, route.tenant_id, route.id, later) == [began]
    together = Barrier(3)

    def take(_: int) -> KeptPayment | None:
        together.wait()
        with database.write() as session:
            return payments.take_over(session, route.tenant_id, began, later, CLAIM)

    with ThreadPoolExecutor(3) as pool:
        (ours,) = [one for one in pool.map(take, range(3)) if one]
    with database.write() as session:
        assert not payments.conclude(session, route.tenant_id, began, later, registered=True), "the claim was lost"
        assert payments.conclude(session, route.tenant_id, ours, later, registered=True)


def test_what_the_source_knows_without_us_is_kept_once(writing: Session) -> None:
    route = add_tenant(writing)
    record = add_record(writing, route)
    for _ in range(2):
        payments.note_known(
            writing, route.tenant_id, route.id, record.id, [entry(1), entry(2)], currency="EUR", now=NOW
        )
    assert payments.count_payments(writing, route.tenant_id, route.id)[PaymentProgress.KNOWN] == 2
    assert intended(writing, route, record.id, 1) is None


def test_notes_are_replaced_and_taken_away(writing: Session) -> None:
    mine, other = add_tenant(writing, "mine"), add_tenant(writing, "other")
    record = add_record(writing, mine)
    for code in ("OVERPAID_IN_BOOKS", "REPAID_IN_BOOKS"):
        payments.note(writing, mine.tenant_id, mine.id, record.id, (finding(code),), NOW)
    (note,) = payments.notes(writing, mine.tenant_id)
    assert [f.code for f in note.findings] == ["REPAID_IN_BOOKS"]
    assert payments.notes(writing, other.tenant_id) == []
    assert payments.noted(writing, mine.tenant_id, mine.id) == {record.id}
    payments.note(writing, mine.tenant_id, mine.id, record.id, (), NOW)
    assert payments.noted(writing, mine.tenant_id, mine.id) == frozenset()
