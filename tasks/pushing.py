"""Push-with-rate-limit: every due document to the books, once, within what the remote account allows.

The intention (record in flight, attempt in the budget's ledger) is committed before the remote write and the outcome
right after it. Whoever finds a record in flight with its claim run out asks the books for our reference before writing
again: see `tasks.settling`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlmodel import Session

from boekbrug.domain.documents import PostedDocument
from boekbrug.domain.errors import (
    BoekbrugError,
    ConnectionBroken,
    NeedsAttention,
    OutcomeUnknown,
    RateLimited,
    RemoteUnavailable,
    RetryLater,
)
from boekbrug.domain.findings import Finding, blocking
from boekbrug.domain.records import AttemptOutcome, Lane, SyncRecord
from boekbrug.store import budgets, moves, waiters
from tasks.debtors import debtor_for
from tasks.documents import document_of
from tasks.progress import Progress, unwatched
from tasks.route_work import BATCH, RouteWork, due_batch
from tasks.settling import SettleResult
from tasks.touched import Touched
from tasks.transforming import transform
from tasks.writing import Prepared

# After so many failed calls in a row the remote system is taken to be away, and the rest is not tried.
FAILURES_IN_A_ROW = 3
# A run that ends to go on later keeps its place in the line for so long after that moment.
COMES_BACK_WITHIN = timedelta(minutes=2)
# A document that could not be sent is left alone for so long.
PAUSE_AFTER_FAILURE = timedelta(seconds=60)


@dataclass(slots=True)
class PushResult:
    """What became of the documents. `more`: others are due now; `goes_on_at`: from when the waiting ones can go;
    `stopped_by`: what ended it."""

    tried: int = 0
    more: bool = False
    posted: int = 0
    refused: int = 0
    unknown: int = 0
    adopted: int = 0
    goes_on_at: datetime | None = None
    stopped_by: BoekbrugError | None = None
    touched: Touched = field(default_factory=Touched)

    @property
    def stopped(self) -> bool:
        """True when nothing more can be written now."""
        return self.goes_on_at is not None or self.stopped_by is not None

    def add(self, other: PushResult) -> None:
        """Counts another batch in."""
        self.tried += other.tried
        self.posted += other.posted
        self.refused += other.refused
        self.unknown += other.unknown
        self.touched.add(other.touched)
        self.goes_on_at = other.goes_on_at or self.goes_on_at
        self.stopped_by = other.stopped_by or self.stopped_by


def push_with_rate_limit(
    work: RouteWork, *, settle: Callable[[RouteWork], SettleResult], push: Callable[[RouteWork], PushResult]
) -> PushResult:
    """Pushes batch after batch until nothing is due, or until the remote account allows no more for now.

    `settle` and `push` are the steps as whoever runs them carries them out: as Prefect tasks, or as they are.
    """
    pushed = PushResult(adopted=settle(work).adopted)
    with line(work, pushed):
        _push_all(work, push, pushed)
        if look_up_unknown(work, pushed, settle):
            _push_all(work, push, pushed)  # what turned out not to be in the books goes now
    return pushed


def _push_all(work: RouteWork, push: Callable[[RouteWork], PushResult], pushed: PushResult) -> None:
    while not pushed.stopped:
        batch = push(work)
        pushed.add(batch)
        if not batch.more:
            return


def look_up_unknown(work: RouteWork, pushed: PushResult, settle: Callable[[RouteWork], SettleResult]) -> bool:
    """Asks the books at once what became of writes whose outcome is not known, when that takes no long wait; whether it
    did."""
    patient = work.target_settings.settle_seconds <= work.runtime.settings.patience_seconds
    if not pushed.unknown or not patient or pushed.stopped:
        return False
    work.runtime.clock.sleep(work.target_settings.settle_seconds)
    pushed.adopted += settle(work).adopted
    return True


@contextmanager
def line(work: RouteWork, pushed: PushResult) -> Iterator[None]:
    """A stretch in which the run wants slots. Afterwards it wants none, unless it comes back for more at a moment."""
    try:
        yield
    except BaseException:
        pushed.goes_on_at = None
        raise
    finally:
        if pushed.goes_on_at is None:
            with work.runtime.database.write() as session:
                waiters.stop_waiting(session, [work.document_budget], tenant_id=work.tenant.id, holder=work.holder)


def push_due(work: RouteWork, progress: Progress = unwatched, limit: int = BATCH) -> PushResult:
    """Pushes the next batch that is due. Raises what stopped it: RetryLater, or ConnectionBroken."""
    result = push_documents(work, due_batch(work, limit))
    progress("push", result.posted, None)
    if result.stopped_by is not None:
        raise result.stopped_by
    result.more = result.tried > 0 and bool(due_batch(work, 1))
    return result


def push_documents(work: RouteWork, batch: Sequence[SyncRecord]) -> PushResult:
    """Pushes the documents, several at once, those of one customer one after another.

    Ends early when the budget is used up beyond the run's patience, when the remote system is away, or when the
    connection is broken; the result says which. Raises what is our own mistake, after the others are through.
    """
    if not batch:
        return PushResult()
    customers: dict[str, list[SyncRecord]] = {}
    for record in batch:
        customers.setdefault(record.customer_key or str(record.id), []).append(record)
    push = _Push(work, min(record.lane for record in batch))
    with ThreadPoolExecutor(max(1, min(work.target_settings.concurrency, len(customers)))) as pool:
        futures = [pool.submit(push.each_of, group) for group in customers.values()]
    for future in futures:
        future.result()
    push.conclude()
    return push.result


@dataclass(slots=True)
class _Ours:
    """What entitles to one write: the slot of the budget, and the claim on the record."""

    slot: budgets.Slot
    claim: datetime


class _Push:
    """One batch on its way, on several threads."""

    def __init__(self, work: RouteWork, lane: Lane) -> None:
        self.work = work
        self._lane = lane
        self._in_line_until = work.now()
        self._out_of_slots = False
        self.result = PushResult()
        self._lock = threading.Lock()
        self._failures = 0

    def conclude(self) -> None:
        """The batch is through. What was under way when the budget was asked has ended: the moment is asked again, for
        until then those requests were reckoned to last as long as they may. A run that ends to go on later is not to be
        overtaken when the moment comes."""
        work, result = self.work, self.result
        if result.goes_on_at is None:
            return
        with work.runtime.database.write() as session:
            if self._out_of_slots:
                kept_back = work.reserve if self._lane is Lane.MIGRATION else 0
                now = work.now()
                usage = budgets.usage(session, work.document_budget, now=now, kept_back=kept_back)
                moment = min(usage.opens_at or now, result.goes_on_at)
                soon = moment - now <= work.patience and result.tried > 0
                result.goes_on_at = None if soon else moment  # the next batch waits for what comes soon
            if result.goes_on_at is not None:
                self._stand_in_line(session, result.goes_on_at + COMES_BACK_WITHIN)

    def each_of(self, group: Sequence[SyncRecord]) -> None:
        for record in group:
            ours = self._begin(record)
            if ours is not None:
                if ours.slot.wait_seconds:
                    self.work.runtime.clock.sleep(ours.slot.wait_seconds)
                with self._lock:
                    self.result.tried += 1
                    self.result.touched.add([record.id])
                self._push(record, ours)

    def _begin(self, record: SyncRecord) -> _Ours | None:
        """Takes a slot and claims the record, in one transaction; None when another run has it or it has to wait."""
        work = self.work
        while not self.result.stopped and not work.halted():
            now = work.now()
            with self._lock:
                renews = self._in_line_until - now < work.place_lease / 2
                if renews:
                    self._in_line_until = now + work.place_lease
            taken = work.runtime.database.change(partial(self._intend, record, now, renews))
            if not isinstance(taken, budgets.NotBefore):
                return taken
            wait = (taken.moment - now).total_seconds()
            # Somebody more urgent may take long: the worker is given back to them instead of sleeping.
            if taken.behind is not None:
                self._stop(goes_on_at=taken.moment)
            elif wait > work.runtime.settings.patience_seconds:
                self._out_of_slots = True
                self._stop(goes_on_at=taken.moment)
            else:
                work.runtime.clock.sleep(max(wait, 0.01))
        return None

    def _intend(
        self, record: SyncRecord, now: datetime, renews: bool, session: Session
    ) -> _Ours | budgets.NotBefore | None:
        """The intention; `renews` the run's place in the line first."""
        work = self.work
        if renews:
            self._stand_in_line(session, now + work.place_lease)
        taken = budgets.take(
            session,
            [work.document_budget],
            tenant_id=work.tenant.id,
            record_id=record.id,
            kind="document",
            lane=record.lane,
            now=now,
            lease_seconds=work.lease_seconds,
            reserve=work.reserve,
            holder=work.holder,
            soon=min(budgets.SOON, work.patience),
        )
        if isinstance(taken, budgets.NotBefore):
            return taken
        claim = moves.claim(session, work.tenant.id, record.id, now, work.lease_seconds)
        if claim is None:
            budgets.cancel(session, taken)
            return None
        return _Ours(taken, claim)

    def _stand_in_line(self, session: Session, until: datetime) -> None:
        work = self.work
        waiters.wait_for(
            session,
            [work.document_budget],
            tenant_id=work.tenant.id,
            holder=work.holder,
            route=work.route.slug,
            lane=self._lane,
            now=work.now(),
            until=until,
        )

    def _push(self, record: SyncRecord, ours: _Ours) -> None:
        try:
            prepared, warnings = self._prepare(record)
        except NeedsAttention as problem:
            self._refused(record, ours, problem, sent=False)
            return
        except (RetryLater, ConnectionBroken) as problem:
            self._not_written(record, ours, problem, sent=False)
            return
        except OutcomeUnknown as problem:
            # The debtor may or may not have been created, the document was not sent: the next try looks first.
            later = RetryLater(str(problem), not_before=self.work.settled_at(), system=problem.system)
            self._not_written(record, ours, later, sent=False)
            return
        if not self._renew(record, ours):
            return
        try:
            with self.work.writing_under(ours.claim):
                posted = prepared.send()
        except NeedsAttention as problem:
            self._refused(record, ours, problem, sent=True)
        except (RetryLater, ConnectionBroken) as problem:
            self._not_written(record, ours, problem, sent=True)
        except OutcomeUnknown:
            self._unknown(record, ours)
        else:
            self._written(record, ours, posted, (*warnings, *prepared.findings))

    def _renew(self, record: SyncRecord, ours: _Ours) -> bool:
        """When preparing took so long that the write could outlast its claim, claim and lease count from now. False
        when the claim ran out and another run has the document."""
        work, now = self.work, self.work.now()
        if now + timedelta(seconds=work.write_seconds) <= ours.claim:
            return True
        with work.runtime.database.write() as session:
            claim = moves.renew_claim(session, work.tenant.id, record.id, now, work.lease_seconds, claim=ours.claim)
            if claim is None:
                budgets.cancel(session, ours.slot)
                return False
            budgets.renew(session, ours.slot, now, work.lease_seconds)
        ours.claim = claim
        return True

    def _prepare(self, record: SyncRecord) -> tuple[Prepared, tuple[Finding, ...]]:
        work = self.work
        transformed = transform(work, document_of(record))
        if transformed.document is None or blocking(transformed.findings):
            raise NeedsAttention(f"document {record.number} cannot go over", findings=transformed.findings)
        debtor, warnings = debtor_for(work, transformed.document, record.customer_key)
        prepared = work.writer.prepare(transformed.document, debtor, our_reference=record.our_reference)
        return prepared, (*transformed.findings, *warnings)

    # -- outcomes: each is committed at once, the slot together with the record

    def _written(self, record: SyncRecord, ours: _Ours, posted: PostedDocument, findings: tuple[Finding, ...]) -> None:
        work, now = self.work, self.work.now()

        def written(session: Session) -> None:
            budgets.finish(session, ours.slot, AttemptOutcome.WRITTEN, now)
            moves.mark_posted(
                session,
                work.tenant.id,
                record.id,
                now,
                target_ref=posted.target_ref,
                target_number=posted.number,
                posted_at=now,
                findings=findings,
                by_its_writer=True,
            )

        work.runtime.database.change(written)
        with self._lock:
            self._failures = 0
            self.result.posted += 1

    def _refused(self, record: SyncRecord, ours: _Ours, problem: NeedsAttention, *, sent: bool) -> None:
        work, now = self.work, self.work.now()
        with work.runtime.database.write() as session:
            self._let_go(session, ours.slot, sent)
            if moves.holds(session, work.tenant.id, record.id, ours.claim):
                moves.mark_needs_attention(
                    session,
                    work.tenant.id,
                    record.id,
                    now,
                    findings=problem.findings,
                    version=work.route.version,
                    reason=problem.message,
                )
        with self._lock:
            self._failures = 0
            self.result.refused += 1

    def _not_written(
        self, record: SyncRecord, ours: _Ours, problem: RetryLater | ConnectionBroken, *, sent: bool
    ) -> None:
        work, now = self.work, self.work.now()
        moment = getattr(problem, "not_before", None)
        with work.runtime.database.write() as session:
            self._let_go(session, ours.slot, sent)
            not_before = moment or (now + PAUSE_AFTER_FAILURE)
            if moves.holds(session, work.tenant.id, record.id, ours.claim):
                moves.release(session, work.tenant.id, record.id, now, not_before=not_before, reason=problem.message)
        if isinstance(problem, ConnectionBroken):
            self._stop(stopped_by=problem)
        elif moment is None:
            with self._lock:
                self._failures += 1
                given_up = self._failures >= FAILURES_IN_A_ROW
            if given_up:
                self._stop(stopped_by=problem)
        elif isinstance(problem, RateLimited | RemoteUnavailable) and moment - now > work.patience:
            # The remote side said when: that is a wait, and no failure. What else is put off is this document's alone.
            self._stop(goes_on_at=moment)

    def _unknown(self, record: SyncRecord, ours: _Ours) -> None:
        work, now = self.work, self.work.now()
        with work.runtime.database.write() as session:
            budgets.finish(session, ours.slot, AttemptOutcome.UNKNOWN, now)
            if moves.holds(session, work.tenant.id, record.id, ours.claim):
                moves.await_outcome(session, work.tenant.id, record.id, now, until=work.settled_at())
        with self._lock:
            self.result.unknown += 1

    def _let_go(self, session: Session, slot: budgets.Slot, sent: bool) -> None:
        if sent:
            budgets.finish(session, slot, AttemptOutcome.REFUSED, self.work.now())
        else:
            budgets.cancel(session, slot)

    def _stop(self, *, goes_on_at: datetime | None = None, stopped_by: BoekbrugError | None = None) -> None:
        with self._lock:
            self.result.goes_on_at = goes_on_at or self.result.goes_on_at
            self.result.stopped_by = stopped_by or self.result.stopped_by
