"""What a run leaves for people to read: a table of documents with outcome, and the verification. No personal data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from boekbrug.domain.errors import BoekbrugError, RetryLater
from boekbrug.domain.money import Money
from boekbrug.domain.records import Lane, SyncRecord, SyncStatus
from boekbrug.store import records, runs, waiters
from boekbrug.store.runs import RunOutcome
from tasks.contacts import ContactResult
from tasks.fetching import FetchResult
from tasks.payments import PaymentResult
from tasks.pushing import PushResult
from tasks.route_work import RouteWork
from tasks.touched import Touched
from tasks.transforming import TransformResult
from tasks.verifying import VerifyResult

# What is counted after every run: statuses that few documents stay in.
COUNTED = (SyncStatus.PENDING, SyncStatus.IN_FLIGHT, SyncStatus.NEEDS_ATTENTION)


@dataclass(slots=True)
class RunReport:
    """One run of a route, step by step, and how much waits after it."""

    started_at: datetime
    fetched: FetchResult = field(default_factory=FetchResult)
    transformed: TransformResult = field(default_factory=TransformResult)
    pushed: PushResult = field(default_factory=PushResult)
    verified: VerifyResult = field(default_factory=VerifyResult)
    contacts: ContactResult = field(default_factory=ContactResult)
    payments: PaymentResult = field(default_factory=PaymentResult)
    standing: dict[SyncStatus, int] = field(default_factory=dict)
    goes_on_at: datetime | None = None
    held_up: RetryLater | None = None  # what ended the run early; it names the moment from which it can go on

    @property
    def waiting(self) -> int:
        """Documents that are ready and have not gone over yet."""
        return self.standing.get(SyncStatus.PENDING, 0) + self.standing.get(SyncStatus.IN_FLIGHT, 0)

    @property
    def needs_attention(self) -> int:
        """Documents that wait for a person."""
        return self.standing.get(SyncStatus.NEEDS_ATTENTION, 0)

    @property
    def counts(self) -> dict[str, int]:
        """The run in numbers."""
        return {
            "read": self.fetched.read,
            "new": self.fetched.new,
            "posted": self.pushed.posted,
            "adopted": self.pushed.adopted,
            "verified": self.verified.verified,
            "mismatch": self.verified.mismatch,
            "waiting": self.waiting,
            "needs_attention": self.needs_attention,
            "contacts": self.contacts.linked + self.contacts.changed,
            "contacts_refused": self.contacts.refused,
            "payments": self.payments.registered,
            "payments_noted": self.payments.noted,
        }

    def message(self, work: RouteWork) -> str:
        """The run in a sentence."""
        parts = [f"{self.pushed.posted} posted", f"{self.verified.verified} verified"]
        if self.pushed.adopted:
            parts.append(f"{self.pushed.adopted} found in the books")
        if self.verified.mismatch:
            parts.append(f"{self.verified.mismatch} differ")
        if self.contacts.linked or self.contacts.changed:
            parts.append(f"{self.contacts.linked + self.contacts.changed} contacts carried over")
        if self.contacts.refused:
            parts.append(f"{self.contacts.refused} contacts need attention")
        if self.payments.registered:
            parts.append(f"{self.payments.registered} payments brought back")
        if self.payments.noted:
            parts.append(f"{self.payments.noted} payments to look at")
        if self.needs_attention:
            parts.append(f"{self.needs_attention} need attention")
        if self.waiting:
            parts.append(f"{self.waiting} waiting")
        if self.held_up is not None:
            parts.append(self.held_up.message)
        if self.goes_on_at is not None:
            parts.append(f"goes on at {self.goes_on_at.astimezone(work.zone):%d-%m %H:%M}")
        return ", ".join(parts)


@contextmanager
def recorded_run(work: RouteWork, *, flow_run_id: str = "") -> Iterator[RunReport]:
    """A run as the store keeps it: begun, and ended as completed, waiting or failed, with its counts.

    Where a step is held up until a known moment, the run ends there and goes on at it; the rest is raised.
    """
    report = RunReport(started_at=work.now())
    with work.runtime.database.write() as session:
        run_id = runs.start_run(session, work.tenant.id, work.route.id, flow_run_id=flow_run_id, now=report.started_at)
        until = report.started_at + work.place_lease
        waiters.stay_in_line(session, tenant_id=work.tenant.id, holder=work.holder, now=report.started_at, until=until)
    outcome, message = RunOutcome.FAILED, "ended by an unexpected error"
    try:
        try:
            yield report
        except RetryLater as problem:
            if problem.not_before is None:
                raise
            report.held_up = problem
        _take_stock(work, report)
        outcome = RunOutcome.WAITING if report.goes_on_at else RunOutcome.COMPLETED
        message = report.message(work)
    except BoekbrugError as problem:
        message = problem.message
        raise
    finally:
        with work.runtime.database.write() as session:
            runs.finish_run(
                session,
                work.tenant.id,
                run_id,
                outcome=outcome,
                counts=report.counts,
                message=message,
                now=work.now(),
            )


def _take_stock(work: RouteWork, report: RunReport) -> None:
    """Counts what waits on the route, and finds the moment at which waiting documents can go."""
    with work.runtime.database.read() as session:
        report.standing = records.counts(session, work.tenant.id, work.route.id, lanes=work.lanes, statuses=COUNTED)
        next_due_at = records.next_due_at(session, work.tenant.id, work.route.id, work.now(), lanes=work.lanes)
    if report.held_up is not None:
        report.goes_on_at = report.held_up.not_before
    elif report.waiting and Lane.MIGRATION not in work.lanes:  # a migration knows its own moment
        report.goes_on_at = report.pushed.goes_on_at or next_due_at


def document_rows(work: RouteWork, report: RunReport) -> list[dict[str, str]]:
    """The documents that this run did something with, and what became of them."""
    touched = Touched()
    for step in (report.transformed, report.pushed, report.verified):
        touched.add(step.touched)
    with work.runtime.database.read() as session:
        shown = records.by_ids(session, work.tenant.id, touched.shown)
    rows = [_row(record, work.tenant.language) for record in shown]
    if touched.are_more:
        rows.append({"document": "…", "status": "more than this table holds", "invoice": "", "gross": "", "why": ""})
    return rows


def _row(record: SyncRecord, language: str) -> dict[str, str]:
    return {
        "document": record.number,
        "status": record.status.value,
        "invoice": record.target_number,
        "gross": str(record.gross) if record.gross is not None else "",
        "why": " ".join(f"{f.public_sentence(language)} {f.public_suggestion(language)}" for f in record.findings),
    }


def verification_text(report: RunReport) -> str:
    """The verification as Markdown: both sides' totals and VAT per rate."""
    verified = report.verified
    lines = [
        f"**{verified.verified}** documents agree with the source, **{verified.mismatch}** differ.",
        "",
        "| | source | books | difference |",
        "|---|---:|---:|---:|",
        _side_by_side("total incl. VAT", verified.gross_shop, verified.gross_books),
        *(_side_by_side(f"VAT {rate:f}%", one.shop, one.books) for rate, one in sorted(verified.rates.items())),
    ]
    return "\n".join(lines)


def _side_by_side(name: str, shop: Money, books: Money) -> str:
    return f"| {name} | {shop} | {books} | {books - shop} |"
