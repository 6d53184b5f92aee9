"""Bring-payments-back: what the books say was paid is told to the invoicing program that made the invoice.

The intention is committed before the source is told and the outcome right after. Of one document one payment at a time
is on its way, so what is open at the source tells what became of a payment whose teller died.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from boekbrug.domain.documents import BookedPayment, OpenItem, PaymentState, Side
from boekbrug.domain.errors import (
    Conflict,
    ConnectionBroken,
    NeedsAttention,
    OutcomeUnknown,
    RateLimited,
    RemoteUnavailable,
    RetryLater,
)
from boekbrug.domain.findings import Finding, Level
from boekbrug.domain.money import Money
from boekbrug.domain.records import DONE, SyncRecord
from boekbrug.store import payments, records
from connectors import LedgerTarget, PaymentTarget
from mappings.payments import PaymentPlan, PaymentToRegister, payments_for
from mappings.source_documents import contact_of, number_in_books
from tasks.debtors import relation_of
from tasks.documents import document_of
from tasks.progress import Progress, unwatched
from tasks.route_work import RouteWork

# Money may have come in before the invoice was made out.
PREPAID = timedelta(days=92)


@dataclass(slots=True)
class PaymentResult:
    """How many unpaid documents were compared with the books, how many payments were told, found to have been told
    before, refused, and left for the next run; and how many documents a person should look at."""

    compared: int = 0
    registered: int = 0
    concluded: int = 0
    refused: int = 0
    later: int = 0
    noted: int = 0


def bring_payments_back(work: RouteWork, progress: Progress = unwatched) -> PaymentResult:
    """Tells the source of every payment on a document that this route brought over. Raises ConnectionBroken, and
    RetryLater when either side is away."""
    result = PaymentResult()
    if not (
        work.carries("payments") and isinstance(work.source, PaymentTarget) and isinstance(work.target, LedgerTarget)
    ):
        return result
    run = _Bringing(work, work.source, work.target, result, progress)
    run.conclude_stale()
    for side in Side:
        run.compare(side)
    run.forget_notes()
    return result


@dataclass(slots=True)
class _Bringing:
    work: RouteWork
    source: PaymentTarget
    target: LedgerTarget
    result: PaymentResult
    progress: Progress
    _noted: frozenset[int] = frozenset()

    def conclude_stale(self) -> None:
        """Finds out what became of payments whose telling did not end: what is open tells."""
        work, tenant_id = self.work, self.work.tenant.id
        with work.runtime.database.read() as session:
            stale = payments.stale(session, tenant_id, work.route.id, work.now())
            kept = {one.id: one for one in records.by_ids(session, tenant_id, [p.record_id for p in stale])}
        for payment in stale:
            with work.runtime.database.write() as session:
                ours = payments.take_over(session, tenant_id, payment, work.now(), work.lease_seconds)
            if ours is None:
                continue
            state = self.source.read_payment_state(kept[ours.record_id].source_ref)
            told = state is None or state.open_amount == ours.open_before - ours.amount
            with work.runtime.database.write() as session:
                payments.conclude(session, tenant_id, ours, work.now(), registered=told)
            self.result.concluded += told

    def compare(self, side: Side) -> None:
        """The documents of one side that the source says are open, against the open items of the books."""
        work = self.work
        states = {state.source_ref: state for state in self.source.read_unpaid(side)}
        with work.runtime.database.read() as session:
            found = records.by_source_refs(session, work.tenant.id, work.route.id, states)
        here = [record for record in found if record.status in DONE and record.kind.side is side]
        if not here:
            return
        open_items = _Items(self.target.read_open_items(side))
        differing = []
        for record in here:
            item = open_items.of(record, self._contact_code(record))
            state = states[record.source_ref]
            if state.open_amount != (item.open_amount if item else Money.zero(state.open_amount.currency)):
                differing.append((record, state, item))
            self.result.compared += 1
        self._tell_all(side, differing)

    def _tell_all(self, side: Side, differing: Sequence[tuple[SyncRecord, PaymentState, OpenItem | None]]) -> None:
        work = self.work
        if not differing:
            return
        with work.runtime.database.read() as session:
            told = payments.of_records(session, work.tenant.id, [record.id for record, _, _ in differing])
        since = min(_dated(record) for record, _, _ in differing) - PREPAID
        numbers = {self._number(record) for record, _, _ in differing}
        booked: dict[str, list[BookedPayment]] = {}
        for payment in self.target.read_payments(side, since, numbers):
            booked.setdefault(payment.number, []).append(payment)
        for done, (record, state, item) in enumerate(differing, 1):
            code = self._contact_code(record)
            of_it = [one for one in booked.get(self._number(record), ()) if code in ("", one.contact_code)]
            kept = told.get(record.id, ())
            if any(one.state is payments.PaymentProgress.INTENDED for one in kept):
                self.result.later += 1  # what is open tells nothing before that one has ended
                continue
            before = [one.target_ref for one in kept]
            plan = payments_for(state, item, of_it, in_books=True, registered=before)
            self._carry_out(record, state, plan)
            self.progress("payments", done, len(differing))

    def _carry_out(self, record: SyncRecord, state: PaymentState, plan: PaymentPlan) -> None:
        work, findings = self.work, plan.findings
        currency = state.open_amount.currency
        for payment in plan.payments:
            try:
                after = self._tell(record, state, payment)
            except Conflict as problem:
                findings += problem.findings
                break
            except NeedsAttention as problem:
                self.result.refused += 1
                findings += problem.findings
                break
            if after is None:
                self.result.later += 1
                break
            state = after
        else:
            if plan.known:
                with work.runtime.database.write() as session:
                    payments.note_known(
                        session,
                        work.tenant.id,
                        work.route.id,
                        record.id,
                        plan.known,
                        currency=currency,
                        now=work.now(),
                    )
        self._note(record, findings)

    def _tell(self, record: SyncRecord, state: PaymentState, payment: PaymentToRegister) -> PaymentState | None:
        """Tells one payment; the source's state after it, None when it is for the next run. Raises NeedsAttention when
        the source refused."""
        work = self.work
        with work.runtime.database.write() as session:
            ours = payments.intend(
                session,
                work.tenant.id,
                work.route.id,
                record.id,
                target_ref=payment.target_ref,
                amount=payment.amount,
                open_before=state.open_amount,
                paid_on=payment.paid_on,
                now=work.now(),
                claim_seconds=work.lease_seconds,
            )
        if ours is None:
            return None  # another run is at it
        assert ours.claimed_until is not None  # as for everything that is intended
        try:
            with work.writing_under(ours.claimed_until):
                after = self.source.register_payment(state, amount=payment.amount, paid_on=payment.paid_on)
        except OutcomeUnknown:
            with work.runtime.database.write() as session:
                payments.await_outcome(session, work.tenant.id, ours, work.now(), until=work.settled_at())
            return None
        except (RemoteUnavailable, RateLimited, ConnectionBroken):
            self._conclude(ours, registered=False)
            raise
        except RetryLater:  # too late for its claim: of the others that says nothing
            self._conclude(ours, registered=False)
            return None
        except NeedsAttention as problem:
            # Dated otherwise than asked, but registered; anything else was not taken.
            dated_otherwise = any(f.code == "PAYMENT_DATED_OTHERWISE" for f in problem.findings)
            self._conclude(ours, registered=dated_otherwise)
            self.result.registered += dated_otherwise
            raise
        self._conclude(ours, registered=True)
        self.result.registered += 1
        return after

    def _conclude(self, ours: payments.KeptPayment, *, registered: bool) -> None:
        work = self.work
        with work.runtime.database.write() as session:
            payments.conclude(session, work.tenant.id, ours, work.now(), registered=registered)

    def _note(self, record: SyncRecord, found: tuple[Finding, ...]) -> None:
        """Keeps what a person should look at; what needs nothing done is not worth a note."""
        work, findings = self.work, tuple(f for f in found if f.level is not Level.NOTICE)
        with work.runtime.database.write() as session:
            payments.note(session, work.tenant.id, work.route.id, record.id, findings, work.now())
        if findings:
            self.result.noted += 1
            self._noted |= {record.id}

    def forget_notes(self) -> None:
        """What was the matter and no longer is."""
        work = self.work
        with work.runtime.database.write() as session:
            for record_id in payments.noted(session, work.tenant.id, work.route.id) - self._noted:
                payments.note(session, work.tenant.id, work.route.id, record_id, (), work.now())

    def _number(self, record: SyncRecord) -> str:
        """Its number in the books, as it was booked."""
        return record.target_number or number_in_books(document_of(record), self.work.route.policy)

    def _contact_code(self, record: SyncRecord) -> str:
        """The relation's code in the books, where it matters: several suppliers may use one number."""
        if record.kind.side is Side.SALES:
            return ""
        relation = relation_of(self.work, contact_of(document_of(record)))
        return relation.id if relation else ""


class _Items:
    """The open items of one side, to be found by the number of the invoice and the code of the contact."""

    def __init__(self, items: Iterable[OpenItem]) -> None:
        self._by_number: dict[str, list[OpenItem]] = {}
        for item in items:
            self._by_number.setdefault(item.number, []).append(item)

    def of(self, record: SyncRecord, contact_code: str) -> OpenItem | None:
        """The record's open item; None when it is settled."""
        for item in self._by_number.get(record.target_number, ()):
            if contact_code in ("", item.contact_code):
                return item
        return None


def _dated(record: SyncRecord) -> date:
    return (record.ordered_at or record.posted_at or record.created_at).date()
