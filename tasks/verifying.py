"""Verify-totals: what was posted is read back in few calls and compared with what the shop said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from boekbrug.domain.errors import NeedsAttention
from boekbrug.domain.records import SyncRecord, SyncStatus
from boekbrug.store import moves, records
from mappings.bookings import debtor_number_for
from mappings.invoices import invoice_for
from mappings.verification import Comparison, Expected, RateTotal, compare
from tasks.progress import Progress, unwatched
from tasks.route_work import RouteWork
from tasks.transforming import order_of

PAGE = 500


@dataclass(slots=True)
class VerifyResult:
    """How many documents agree, how many differ, and the totals of both sides per VAT rate."""

    verified: int = 0
    mismatch: int = 0
    totals: list[RateTotal] = field(default_factory=list)


def verify_posted(work: RouteWork, progress: Progress = unwatched) -> VerifyResult:
    """Compares everything that was posted and not compared yet, and again what differed the last time."""
    result = VerifyResult()
    after_id = 0
    while True:
        with work.runtime.database.read() as session:
            page = records.unverified(session, work.tenant.id, work.route.id, after_id=after_id, limit=PAGE)
        if not page:
            return result
        after_id = page[-1].id
        _verify(work, page, result)
        progress("verify", result.verified + result.mismatch, None)


def _verify(work: RouteWork, page: Sequence[SyncRecord], result: VerifyResult) -> None:
    expected = {record.id: _expected(work, record) for record in page}
    first = min(record.posted_at or record.updated_at for record in page)
    refs = [record.target_ref for record in page if record.target_ref is not None]
    actual = work.target.read_documents(refs, since=first.date() - timedelta(days=1))
    comparison: Comparison = compare(
        [(record.id, expected[record.id], actual.get(record.target_ref)) for record in page if record.target_ref],
        work.route.policy,
    )
    with work.runtime.database.write() as session:
        for record in page:
            status = moves.mark_compared(
                session, work.tenant.id, record.id, work.now(), findings=comparison.findings[record.id]
            )
            if status is SyncStatus.MISMATCH:
                result.mismatch += 1
            else:
                result.verified += 1
    result.totals = comparison.add_to(result.totals)


def _expected(work: RouteWork, record: SyncRecord) -> Expected:
    order = order_of(record)
    document = invoice_for(order, work.route.policy, None).document
    if document is None:
        raise NeedsAttention(f"order {record.number} was posted but can no longer be judged", document=record.number)
    named = debtor_number_for(document, work.route.mapping) is not None
    return Expected(document=document, compare_customer=not named, number=record.target_number)
