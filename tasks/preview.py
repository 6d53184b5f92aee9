"""The dry run: what a run would book now, why, and what it would refuse. Reads from both sides and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from boekbrug.domain.bookings import Booking, BookingLine, Entry, EntryLine
from boekbrug.domain.documents import ExternalRef, UnreadableDocument
from boekbrug.domain.errors import NeedsAttention
from boekbrug.domain.findings import Finding, blocking
from boekbrug.domain.records import DONE, SyncRecord, SyncStatus
from boekbrug.domain.snapshots import Document
from boekbrug.store import records
from mappings.bookings import debtor_number_for
from mappings.eligibility import Verdict, eligibility
from tasks.documents import document_of
from tasks.fetching import changed_since, read_again
from tasks.progress import Progress
from tasks.route_work import RouteWork
from tasks.streams import Given
from tasks.transforming import assumed_account, judge, waiting_records


@dataclass(frozen=True, slots=True)
class Preview:
    """One document as a run would treat it: `book`, `refuse`, `wait` (not yet), `skip`, or `done` already."""

    number: str
    verdict: str
    gross: str
    booking: Booking | Entry | None
    findings: tuple[Finding, ...]

    def as_json(self, language: str) -> dict[str, object]:
        """For programs."""
        lines: tuple[BookingLine, ...] | tuple[EntryLine, ...] = self.booking.lines if self.booking else ()
        account = self.booking.debtor if isinstance(self.booking, Booking) else self.booking and self.booking.contact
        return {
            "document": self.number,
            "would": self.verdict,
            "gross": self.gross,
            "contact": account.target_ref.id or "new" if account else None,
            "lines": [_line(line) for line in lines],
            "findings": [
                {"code": f.code, "level": f.level.value, "sentence": f.sentence(language)} for f in self.findings
            ],
        }


def _line(line: BookingLine | EntryLine) -> dict[str, object]:
    amounts = (
        {
            "description": line.description,
            "quantity": str(line.quantity),
            "unit_price": str(line.unit_price.amount),
        }
        if isinstance(line, BookingLine)
        else {"net": str(line.net.amount), "tax": str(line.tax_amount.amount)}
    )
    return amounts | {"vat_code": line.vat_code, "ledger_account": line.ledger_account, "why": list(line.why)}


def preview_documents(work: RouteWork, progress: Progress) -> Iterator[Preview]:
    """Every document that a run would read now, and what has waited since earlier runs, each once."""
    seen: set[ExternalRef] = set()
    for stream in work.streams:
        for page in stream.read_changed(changed_since(work, stream.name)):
            for document in page:
                if document.source_ref not in seen:
                    seen.add(document.source_ref)
                    yield _preview(work, document)
            progress("preview", len(seen), None)
    for batch in read_again(work, seen):
        for record, again in batch:
            seen.add(record.source_ref)
            yield _preview(work, again) if again else Preview(record.number, "skip", "", None, ())
        progress("preview", len(seen), None)
    # What is ready waits for nothing but its turn, or is looked up first: it goes as it was last seen.
    for record in waiting_records(work, (SyncStatus.PENDING, SyncStatus.IN_FLIGHT)):
        if record.source_ref not in seen:
            yield _kept(work, record)


def _kept(work: RouteWork, record: SyncRecord) -> Preview:
    try:
        return _preview(work, document_of(record))
    except NeedsAttention as problem:
        return Preview(record.number, "refuse", "", None, problem.findings)


def _preview(work: RouteWork, document: Given) -> Preview:
    with work.runtime.database.read() as session:
        known = records.by_source_ref(session, work.tenant.id, work.route.id, document.source_ref)
    gross = "" if isinstance(document, UnreadableDocument) else str(document.gross)
    if known is not None and known.status in DONE:
        return Preview(document.number, "done", gross, None, ())
    if known is not None and known.status is SyncStatus.IN_FLIGHT:
        return Preview(document.number, "look up", gross, None, ())
    judged = eligibility(document, work.status_plan, work.route.policy)
    if judged.verdict is not Verdict.GOES:
        reasons = (judged.reason,) if judged.reason else ()
        return Preview(document.number, "wait" if judged.verdict is Verdict.NOT_YET else "skip", gross, None, reasons)
    if isinstance(document, UnreadableDocument):
        return Preview(document.number, "refuse", gross, None, document.findings)
    return _booked(work, document, gross)


def _booked(work: RouteWork, document: Document, gross: str) -> Preview:
    """Judged as the transform step does, and then for the debtor that the books really hold."""
    judged = judge(work, document)
    if judged.document is None or blocking(judged.findings):
        return Preview(document.number, "refuse", gross, None, judged.findings)
    number = debtor_number_for(judged.document, work.route.mapping)
    if number is not None:
        named = work.target.read_contact(number)
        found = [named] if named else []
    else:
        found = list(work.target.find_contacts(judged.document.contact))
    problems = () if found else work.target.check_contact(judged.document.contact)
    debtor = found[0] if found else assumed_account(work, judged.document)
    try:
        booking = work.writer.prepare(judged.document, debtor, our_reference="").booking
    except NeedsAttention as problem:
        return Preview(document.number, "refuse", gross, None, problem.findings)
    findings = (*judged.findings, *problems)
    return Preview(document.number, "refuse" if blocking(findings) else "book", gross, booking, findings)
