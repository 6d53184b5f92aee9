"""Transform-to-invoices: every document that should go over is judged by the route's rules, before anything is sent.

What cannot go over gets its findings here, all of them at once, and waits for a person. Documents that waited are
judged anew on every run, so that a rule that was added in the meantime helps them by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from boekbrug.domain.bookings import Booking, Entry
from boekbrug.domain.documents import ContactAccount, ExternalRef, Invoice
from boekbrug.domain.errors import NeedsAttention
from boekbrug.domain.findings import Finding, blocking
from boekbrug.domain.records import SyncRecord, SyncStatus
from boekbrug.domain.snapshots import Document
from boekbrug.domain.tax import VatNumberStatus
from boekbrug.store import moves, records
from mappings.bookings import debtor_settings_for
from mappings.invoices import Transformed
from mappings.source_documents import transformed, vat_number_of
from tasks.documents import document_of
from tasks.progress import Progress, unwatched
from tasks.route_work import RouteWork
from tasks.touched import Touched

PAGE = 200
WAITING = (SyncStatus.PENDING, SyncStatus.NEEDS_ATTENTION)
# Found where only the books could tell: a person, or a change of document or rules, makes another try worthwhile.
WAITS_FOR_A_PERSON = frozenset(
    {
        "COUNTRY_NOT_IN_BOOKS",
        "DEBTOR_NOT_IN_BOOKS",
        "DEBTOR_NOT_REVERSE_CHARGED",
        "DEBTOR_REVERSE_CHARGED",
        "POSTCODE_TOO_LONG",
        "REFERENCE_TAKEN",
        "REFUSED_BY_BOOKS",
    }
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A document by the rules: the booking it would become, or None, and everything found."""

    document: Invoice | None
    booking: Booking | Entry | None
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class TransformResult:
    """How many documents are ready to go, and how many wait for a person."""

    ready: int = 0
    refused: int = 0
    reopened: int = 0
    touched: Touched = field(default_factory=Touched)


def transform_waiting(work: RouteWork, progress: Progress = unwatched) -> TransformResult:
    """Judges every document that is pending or waits for a person."""
    result = TransformResult()
    for record in waiting_records(work):
        _transform(work, record, result)
        progress("transform", result.ready + result.refused, None)
    return result


def transform_records(work: RouteWork, waiting: Iterable[SyncRecord]) -> TransformResult:
    """Judges these records, as far as they are pending or wait for a person."""
    result = TransformResult()
    for record in waiting:
        if record.status in (SyncStatus.PENDING, SyncStatus.NEEDS_ATTENTION):
            _transform(work, record, result)
    return result


def judge(work: RouteWork, source: Document) -> Judged:
    """What it would become in the books, on an account with the settings that it would be created with."""
    found = transform(work, source)
    document = found.document
    if document is None:
        return Judged(None, None, found.findings)
    try:
        prepared = work.writer.prepare(document, assumed_account(work, document), our_reference="")
    except NeedsAttention as problem:
        return Judged(document, None, (*found.findings, *problem.findings))
    return Judged(document, prepared.booking, (*found.findings, *prepared.findings))


def transform(work: RouteWork, source: Document) -> Transformed:
    """The invoice that it becomes, by the route's policy."""
    return transformed(source, work.route.policy, vat_number_status(work, source))


def assumed_account(work: RouteWork, document: Invoice) -> ContactAccount:
    """The contact's account in the books as it would be created."""
    prices_include_tax, reverse_charged = debtor_settings_for(document)
    return ContactAccount(
        target_ref=ExternalRef(work.route.target.system, "debtor", ""),
        contact=document.contact,
        prices_include_tax=prices_include_tax,
        reverse_charged=reverse_charged,
    )


def vat_number_status(work: RouteWork, source: Document) -> VatNumberStatus | None:
    """What VIES says of the customer's VAT number, where that matters and the route wants it; asked once per run."""
    number = vat_number_of(source, work.route.policy)
    if work.vat_register is None or not number:
        return None
    if number not in work.vat_numbers:
        work.vat_numbers[number] = work.vat_register.check(number)
    return work.vat_numbers[number]


def waiting_records(work: RouteWork, statuses: Iterable[SyncStatus] = WAITING) -> Iterator[SyncRecord]:
    """Every document that is pending or waits for a person, the newest first."""
    before_id = None
    while True:
        with work.runtime.database.read() as session:
            page = records.listing(
                session,
                work.tenant.id,
                route_id=work.route.id,
                statuses=statuses,
                lanes=work.lanes,
                before_id=before_id,
                limit=PAGE,
            )
        if not page:
            return
        before_id = page[-1].id
        yield from page


def waits_for_a_person(record: SyncRecord) -> bool:
    """True for a document that judging it anew does not help: it could not be read, or only the books could tell."""
    hopeless = not record.snapshot or any(f.code in WAITS_FOR_A_PERSON for f in record.findings)
    return record.status is SyncStatus.NEEDS_ATTENTION and hopeless


def _transform(work: RouteWork, record: SyncRecord, result: TransformResult) -> None:
    if waits_for_a_person(record):
        result.refused += 1
        return
    waited = record.status is SyncStatus.NEEDS_ATTENTION
    try:
        findings = judge(work, document_of(record)).findings
    except NeedsAttention as problem:
        findings = problem.findings
    if blocking(findings):
        result.refused += 1
        result.touched.add([record.id])
        if not waited or findings != record.findings:
            with work.runtime.database.write() as session:
                if moves.status_now(session, work.tenant.id, record.id) is not record.status:
                    return  # another run has moved it since it was listed
                moves.mark_needs_attention(
                    session, work.tenant.id, record.id, work.now(), findings=findings, version=work.route.version
                )
        return
    result.ready += 1
    if waited:
        result.reopened += 1
        with work.runtime.database.write() as session:
            if moves.status_now(session, work.tenant.id, record.id) is not record.status:
                return
            moves.reopen(session, work.tenant.id, record.id, work.now())
