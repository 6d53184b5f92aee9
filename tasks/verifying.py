"""Verify-totals: what was posted is read back in few calls and compared with what the source said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from boekbrug.domain.documents import ExternalRef, Invoice, PostedDocument
from boekbrug.domain.errors import NeedsAttention
from boekbrug.domain.findings import Finding, finding
from boekbrug.domain.money import Money
from boekbrug.domain.records import SyncRecord, SyncStatus
from boekbrug.store import contacts, moves, records
from mappings.source_documents import contact_of, transformed
from mappings.verification import Expected, RateTotal, Summary, compare, expected_for, expected_for_entry, summary
from tasks.documents import document_of
from tasks.progress import Progress, unwatched
from tasks.route_work import RouteWork
from tasks.touched import Touched
from tasks.transforming import assumed_account
from tasks.writing import EntryWriter

PAGE = 400
# What differs is compared again on every run until it is mended or dealt with; the newest first.
COMPARED_AGAIN_AT_MOST = 1000


@dataclass(slots=True)
class VerifyResult:
    """How many documents agree, how many differ, and both sides' VAT per rate."""

    verified: int = 0
    mismatch: int = 0
    rates: dict[Decimal, RateTotal] = field(default_factory=dict)
    gross_shop: Money = field(default_factory=Money.zero)
    gross_books: Money = field(default_factory=Money.zero)
    touched: Touched = field(default_factory=Touched)

    def add(self, page: Summary) -> None:
        """Counts a page's totals in."""
        self.gross_shop += page.gross_shop
        self.gross_books += page.gross_books
        for total in page.rates:
            before = self.rates.get(total.rate)
            if before is not None:
                total = RateTotal(rate=total.rate, shop=before.shop + total.shop, books=before.books + total.books)  # noqa: PLW2901
            self.rates[total.rate] = total


def verify_posted(work: RouteWork, progress: Progress = unwatched) -> VerifyResult:
    """Compares everything that was posted and not compared yet, and again what differed the last time."""
    currency = work.route.policy.books_currency
    result = VerifyResult(gross_shop=Money.zero(currency), gross_books=Money.zero(currency))
    for page in _pages(work):
        _verify(work, page, result)
        progress("verify", result.verified + result.mismatch, None)
    return result


def _pages(work: RouteWork) -> Iterator[list[SyncRecord]]:
    tenant_id, route_id = work.tenant.id, work.route.id
    with work.runtime.database.read() as session:
        # Read before the first comparison, or what differs now would be compared twice.
        differed = records.listing(
            session, tenant_id, route_id=route_id, statuses=(SyncStatus.MISMATCH,), limit=COMPARED_AGAIN_AT_MOST
        )
    while True:
        with work.runtime.database.read() as session:
            posted = records.unverified(session, tenant_id, route_id, limit=PAGE)
        if not posted:
            break
        yield posted
    for start in range(0, len(differed), PAGE):
        yield differed[start : start + PAGE]


def _verify(work: RouteWork, page: Sequence[SyncRecord], result: VerifyResult) -> None:
    policy = work.route.policy
    relations = _relations(work, page)
    expected = [_expected(work, record, relations) for record in page]
    posted = _posted(work, page)
    comparison = compare(
        [_on_its_contact(one, posted) for one in expected if isinstance(one, Expected)],
        {record.our_reference: posted[record.our_reference] for record in page if record.our_reference in posted},
        policy,
    )
    result.add(summary(comparison, policy.books_currency))
    found = {
        record.id: comparison.findings[record.our_reference] if isinstance(one, Expected) else (one,)
        for record, one in zip(page, expected, strict=True)
    }
    with work.runtime.database.write() as session:
        statuses = moves.mark_compared(session, work.tenant.id, found, work.now())
    differ = sum(status is SyncStatus.MISMATCH for status in statuses.values())
    result.mismatch += differ
    result.verified += len(statuses) - differ
    result.touched.add(statuses)


def _posted(work: RouteWork, page: Sequence[SyncRecord]) -> dict[str, PostedDocument]:
    """What the books show, by our reference. What is no longer there under the ref that it had is looked up: another
    connection to the same books may name it otherwise."""
    since = min(_booked_on(work, record) for record in page) - timedelta(days=1)
    actual = work.target.read_documents([record.target_ref for record in page if record.target_ref], since=since)
    posted = {record.our_reference: actual[record.target_ref] for record in page if record.target_ref in actual}
    if isinstance(work.writer, EntryWriter):
        for record in page:
            if record.our_reference in posted:
                continue
            found = work.target.find_documents(record.our_reference, since=since, number=record.target_number)
            if len(found) == 1:
                posted[record.our_reference] = found[0]
                with work.runtime.database.write() as session:
                    moves.rename_target(session, work.tenant.id, record.id, found[0].target_ref, work.now())
    return posted


def _booked_on(work: RouteWork, record: SyncRecord) -> date:
    """The first day on which it can have been booked."""
    posted_at = record.posted_at or record.updated_at
    dated_at = posted_at if work.target.traits.dates_itself else min(record.ordered_at or posted_at, posted_at)
    return dated_at.date()


def _relations(work: RouteWork, page: Sequence[SyncRecord]) -> Mapping[ExternalRef, contacts.ContactLink]:
    """The relations that the documents' contacts are in the books."""
    if not work.keeps_contacts:
        return {}
    refs = [contact_of(document_of(record)).source_ref for record in page if record.snapshot]
    with work.runtime.database.read() as session:
        return contacts.contact_links(session, work.tenant.id, work.route.id, [ref for ref in refs if ref])


def _expected(
    work: RouteWork, record: SyncRecord, relations: Mapping[ExternalRef, contacts.ContactLink]
) -> Expected | Finding:
    """What the books should say; a finding when the route's rules have changed so that they no longer tell."""
    try:
        found = transformed(document_of(record), work.route.policy, None)
        codes = [f.code for f in found.findings if f.blocks]
        if found.document is not None:
            return _expectation(work, record, found.document, relations)
    except NeedsAttention as problem:
        codes = [f.code for f in problem.findings]
    return finding("NO_LONGER_COMPARABLE", number=record.target_number, codes=", ".join(codes))


def _expectation(
    work: RouteWork, record: SyncRecord, document: Invoice, relations: Mapping[ExternalRef, contacts.ContactLink]
) -> Expected:
    if not isinstance(work.writer, EntryWriter):
        return expected_for(
            document, reference=record.our_reference, number=record.target_number, rules=work.route.mapping
        )
    account = assumed_account(work, document)
    ref = document.contact.source_ref
    if ref is not None and ref in relations and (relation := relations[ref].target_ref):
        account = replace(account, target_ref=relation)
    return expected_for_entry(work.writer.entry(document, account, our_reference=record.our_reference))


def _on_its_contact(expected: Expected, posted: Mapping[str, PostedDocument]) -> Expected:
    """An entry of which it is not known on which contact it should be is taken to be on the right one."""
    there = posted.get(expected.reference)
    if there is None or expected.contact_ref is None or expected.contact_ref.id:
        return expected
    return replace(expected, contact_ref=there.contact_ref)
