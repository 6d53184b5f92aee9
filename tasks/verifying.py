"""Verify-totals: what was posted is read back in few calls and compared with what the source said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from boekbrug.domain.errors import NeedsAttention
from boekbrug.domain.findings import Finding, finding
from boekbrug.domain.money import Money
from boekbrug.domain.records import SyncRecord, SyncStatus
from boekbrug.store import moves, records
from mappings.source_documents import transformed
from mappings.verification import Expected, RateTotal, Summary, compare, expected_for, summary
from tasks.documents import document_of
from tasks.progress import Progress, unwatched
from tasks.route_work import RouteWork

PAGE = 500
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
    touched: set[int] = field(default_factory=set)

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
    expected = [_expected(work, record) for record in page]
    since = min(record.posted_at or record.updated_at for record in page).date() - timedelta(days=1)
    actual = work.target.read_documents([record.target_ref for record in page if record.target_ref], since=since)
    posted = {record.our_reference: actual[record.target_ref] for record in page if record.target_ref in actual}
    comparison = compare([one for one in expected if isinstance(one, Expected)], posted, policy)
    result.add(summary(comparison, policy.books_currency))
    with work.runtime.database.write() as session:
        for record, one in zip(page, expected, strict=True):
            found = comparison.findings[record.our_reference] if isinstance(one, Expected) else (one,)
            result.touched.add(record.id)
            status = moves.mark_compared(session, work.tenant.id, record.id, work.now(), findings=found)
            if status is SyncStatus.MISMATCH:
                result.mismatch += 1
            else:
                result.verified += 1


def _expected(work: RouteWork, record: SyncRecord) -> Expected | Finding:
    """What the books should say; a finding when the route's rules have changed so that they no longer tell."""
    try:
        found = transformed(document_of(record), work.route.policy, None)
        codes = [f.code for f in found.findings if f.blocks]
    except NeedsAttention as problem:
        codes = [f.code for f in problem.findings]
    else:
        if found.document is not None:
            return expected_for(
                found.document,
                reference=record.our_reference,
                number=record.target_number,
                rules=work.route.mapping,
            )
    return finding("NO_LONGER_COMPARABLE", number=record.target_number, codes=", ".join(codes))
