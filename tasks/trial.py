"""Trying rules out: what kept documents would become by other rules than those of now. Writes nothing anywhere, and
asks the systems for nothing but their lists."""

from __future__ import annotations

from dataclasses import dataclass

from boekbrug.domain.bookings import Booking
from boekbrug.domain.errors import NeedsAttention
from boekbrug.domain.findings import Finding, blocking
from boekbrug.domain.records import SyncRecord
from boekbrug.domain.tenants import MappingRule, RoutePolicy
from boekbrug.store import records
from mappings.bookings import debtor_number_for
from mappings.eligibility import Verdict, eligibility
from tasks.documents import document_of
from tasks.route_work import RouteWork, judging_by
from tasks.transforming import judge

DOCUMENTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a document becomes: `book`, `refuse`, `wait` or `skip`; where its lines go (VAT code and account, each
    once), and what keeps it from going."""

    verdict: str
    lines: tuple[tuple[str, str], ...] = ()
    ledger_account: str = ""
    payment_name: str = ""
    debtor: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A document that would become something else."""

    record: SyncRecord
    before: Outcome
    after: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How many documents were judged, and those that would become something else."""

    judged: int
    differences: tuple[Difference, ...]


def try_out(work: RouteWork, policy: RoutePolicy, mapping: tuple[MappingRule, ...], limit: int = DOCUMENTS) -> Trial:
    """The route's latest documents by the present rules and by these. Raises BoekbrugError when the systems cannot be
    asked for their lists, SettingsInvalid for a status that the source does not know."""
    with work.runtime.database.read() as session:
        latest = records.listing(session, work.tenant.id, route_id=work.route.id, limit=limit)
    present, proposed = judging_by(work, work.route.policy, work.route.mapping), judging_by(work, policy, mapping)
    judged, differences = 0, []
    for record in latest:
        before, after = _outcome(present, record), _outcome(proposed, record)
        if before is None or after is None:
            continue  # never read, or kept by another version of the program
        judged += 1
        if before != after:
            differences.append(Difference(record=record, before=before, after=after))
    return Trial(judged=judged, differences=tuple(differences))


def _outcome(work: RouteWork, record: SyncRecord) -> Outcome | None:
    try:
        document = document_of(record)
    except NeedsAttention:
        return None
    verdict = eligibility(document, work.status_plan, work.route.policy).verdict
    if verdict is not Verdict.GOES:
        return Outcome(verdict="wait" if verdict is Verdict.NOT_YET else "skip")
    judged = judge(work, document)
    if judged.booking is None or blocking(judged.findings):
        return Outcome(verdict="refuse", findings=blocking(judged.findings))
    booking, document_made = judged.booking, judged.document
    sales = booking if isinstance(booking, Booking) else None
    return Outcome(
        verdict="book",
        lines=tuple(dict.fromkeys((line.vat_code, line.ledger_account) for line in booking.lines)),
        ledger_account=sales.ledger_account if sales else "",
        payment_name=sales.payment_name if sales else "",
        debtor=(document_made and debtor_number_for(document_made, work.route.mapping)) or "",
    )
