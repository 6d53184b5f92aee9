"""The dry run: what a run would book now, why, and what it would refuse. Reads from both sides and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from boekbrug.domain.bookings import Booking, BookingLine, Entry, EntryLine
from boekbrug.domain.documents import ExternalRef, UnreadableDocument
from boekbrug.domain.errors import NeedsAttention
from boekbrug.domain.findings import Finding, blocking
from boekbrug.domain.records import DONE, SyncRecord, SyncStatus
from boekbrug.domain.snapshots import Document
from boekbrug.store import observations
from mappings.bookings import debtor_number_for
from tasks.documents import document_of
from tasks.fetching import changed_since, daily_terms, observation_of, read_again
from tasks.progress import Progress
from tasks.route_work import RouteWork
from tasks.streams import Given
from tasks.transforming import assumed_account, judge, waiting_records, waits_for_a_person

# What a run does with documents in a status that it neither judges nor books.
_STAYS = dict.fromkeys(DONE, "done") | {
    SyncStatus.IN_FLIGHT: "look up",
    SyncStatus.HELD: "wait",
    SyncStatus.SKIPPED: "skip",
}


@dataclass(frozen=True, slots=True)
class Preview:
    """One document as a run would treat it: `book`, `refuse`, `wait` (not yet), `skip`, `look up` (its outcome is not
    known), or `done` already."""

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
            new = {document.source_ref: document for document in page if document.source_ref not in seen}
            seen |= new.keys()
            yield from _seen(work, list(new.values()))
            progress("preview", len(seen), None)
    for batch in read_again(work, seen):
        seen |= {record.source_ref for record, _ in batch}
        yield from (Preview(record.number, "skip", "", None, ()) for record, again in batch if again is None)
        yield from _seen(work, [again for _, again in batch if again is not None])
        progress("preview", len(seen), None)
    # What waits for its turn, for a rule, for a person or for its outcome is taken as it was last seen.
    for record in waiting_records(work, (SyncStatus.PENDING, SyncStatus.NEEDS_ATTENTION, SyncStatus.IN_FLIGHT)):
        if record.source_ref not in seen:
            yield _kept(work, record)


def _seen(work: RouteWork, page: Sequence[Given]) -> Iterator[Preview]:
    """Documents as the source has them now: first whatever keeping them would make of them, then as what waits."""
    terms = daily_terms(work, [document.source_ref for document in page])
    seen = [observation_of(work, document, terms[document.source_ref]) for document in page]
    with work.runtime.database.read() as session:
        foreseen = observations.foresee(session, work.tenant.id, work.route.id, seen, version=work.route.version)
    for document, observation in zip(page, seen, strict=True):
        status, known = foreseen[document.source_ref]
        gross = "" if observation.gross is None else str(observation.gross)
        if status in _STAYS:
            # A person's own reason to skip it is not the source's.
            reasons = observation.findings if status is observation.wanted else ()
            yield Preview(document.number, _STAYS[status], gross, None, reasons)
        elif isinstance(document, UnreadableDocument):
            yield Preview(document.number, "refuse", gross, None, observation.findings)
        elif known is not None and status is known.status and waits_for_a_person(known):
            yield Preview(document.number, "refuse", gross, None, known.findings)
        else:
            yield _booked(work, document, gross)


def _kept(work: RouteWork, record: SyncRecord) -> Preview:
    """A document that the run would not read again."""
    gross = "" if record.gross is None else str(record.gross)
    if record.status is SyncStatus.IN_FLIGHT:
        return Preview(record.number, _STAYS[record.status], gross, None, ())
    if waits_for_a_person(record):
        return Preview(record.number, "refuse", gross, None, record.findings)
    try:
        return _booked(work, document_of(record), gross)
    except NeedsAttention as problem:
        return Preview(record.number, "refuse", gross, None, problem.findings)


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
