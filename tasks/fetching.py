"""Fetch: what the source has becomes records, page by page.

Every page is committed as it is read, and seeing a document twice changes nothing, so a fetch that breaks off is simply
done again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import islice

from sqlmodel import Session

from boekbrug.domain.documents import DocumentKind, ExternalRef, Order, SourceInvoice, UnreadableDocument
from boekbrug.domain.findings import Finding
from boekbrug.domain.migrations import LIVE, MigrationState
from boekbrug.domain.records import DONE, Lane, SyncRecord, SyncStatus
from boekbrug.domain.snapshots import Document, document_from_json, document_to_json, fingerprint, same_on_paper
from boekbrug.domain.tenants import RoutePolicy
from boekbrug.store import cursors, migration_records, moves, records
from boekbrug.store.observations import Observation, Observed, Seen, observe
from mappings.corrections import cancelled_after_posting, changed_after_posting, invoice_changed_after_posting
from mappings.eligibility import Eligibility, Verdict, eligibility
from mappings.periods import earlier_period
from mappings.references import our_reference
from mappings.source_documents import contact_key, contact_of, dated_at, dated_on, kind_of, number_of
from tasks.progress import Progress, unwatched
from tasks.route_work import RouteWork
from tasks.streams import Given, Stream

AFTER_POSTING = ("CHANGED_AFTER_POSTING", "CANCELLED_AFTER_POSTING")
# Without a start day in the route's policy the first run reads this far back; history is a migration's work.
FIRST_RUN = timedelta(days=30)
# What has not gone over is read again one by one: changes that leave the status as it is show nowhere else.
LOOK_AGAIN_AT_MOST = 200
READ_AGAIN = (SyncStatus.HELD, SyncStatus.NEEDS_ATTENTION)
WANTED = {
    Verdict.GOES: SyncStatus.PENDING,
    Verdict.NOT_YET: SyncStatus.HELD,
    Verdict.NEVER: SyncStatus.SKIPPED,
}


@dataclass(slots=True)
class FetchResult:
    """How many documents were read, and what they were to us."""

    read: int = 0
    new: int = 0
    updated: int = 0
    changed_after_posting: int = 0
    gone: int = 0
    seen: set[ExternalRef] = field(default_factory=set)


def fetch_changed(work: RouteWork, progress: Progress = unwatched) -> FetchResult:
    """Reads what was placed or changed since the last run, and again what has not gone over yet."""
    result = FetchResult()
    began = work.now()
    for stream in work.streams:
        for page in stream.read_changed(changed_since(work, stream.name)):
            keep_page(work, page, result)
            progress("fetch", result.read, None)
            reached = stream.reached_by(page)
            if reached is not None:
                # More may have changed than the account's calls can read in one run: the next goes on from here.
                _move_cursor(work, stream, min(reached, began))
    _look_again(work, result, progress)
    for stream in work.streams:
        _move_cursor(work, stream, began)
    return result


def _move_cursor(work: RouteWork, stream: Stream, to: datetime) -> None:
    cursor = cursor_of(work, stream.name)
    with work.runtime.database.write() as session:
        cursors.move_cursor(session, work.tenant.id, work.route.source.id, cursor, to=to, now=work.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """By which policy and in which lane a document is taken. `earlier_periods`: also one of an earlier VAT period, when
    the books date it today."""

    lane: Lane
    policy: RoutePolicy
    earlier_periods: bool = True


def historic(policy: RoutePolicy) -> RoutePolicy:
    """The policy for what a migration brings over: where the daily runs begin does not count."""
    return policy.model_copy(update={"start_on": None, "first_number": None})


def daily_terms(work: RouteWork, refs: Collection[ExternalRef]) -> dict[ExternalRef, Terms]:
    """The daily run's terms for these documents. What a migration has met is judged without the route's start, which
    would throw it out again; and what waits in its lane stays there for as long as the migration lives."""
    tenant_id, policy = work.tenant.id, work.route.policy
    with work.runtime.database.read() as session:
        known = migration_records.known(session, tenant_id, work.route.id, refs)
        met = migration_records.met_by(session, tenant_id, [one.record_id for one in known.values()])
    terms = dict.fromkeys(refs, Terms(lane=Lane.DAILY, policy=policy))
    for ref, one in known.items():
        if one.record_id not in met:
            continue
        state, accepts_earlier_periods = met[one.record_id]
        if one.lane is not Lane.MIGRATION or one.status in DONE:
            terms[ref] = Terms(lane=Lane.DAILY, policy=historic(policy))
        elif state is not MigrationState.CANCELLED:
            lane = Lane.MIGRATION if state in LIVE else Lane.DAILY
            terms[ref] = Terms(lane=lane, policy=historic(policy), earlier_periods=accepts_earlier_periods)
    return terms


def keep_page(
    work: RouteWork,
    page: Sequence[Given],
    result: FetchResult,
    terms: Mapping[ExternalRef, Terms] | None = None,
) -> list[Observed]:
    """Commits a page of documents, and reports those that changed after they were booked. `terms`: the daily run's when
    left out."""
    if not page:
        return []
    documents = {document.source_ref: document for document in page}
    terms = daily_terms(work, documents) if terms is None else terms
    observations = [observation_of(work, document, terms[ref]) for ref, document in documents.items()]
    now = work.now()
    with work.runtime.database.write() as session:
        outcomes = observe(session, work.tenant.id, work.route.id, observations, now, version=work.route.version)
        for outcome in outcomes:
            if outcome.status in DONE:
                _compare_with_posted(session, work, documents[outcome.source_ref], outcome, result)
    result.read += len(documents)
    result.seen |= documents.keys()
    result.new += sum(outcome.outcome is Seen.NEW for outcome in outcomes)
    result.updated += sum(outcome.outcome is Seen.UPDATED for outcome in outcomes)
    return outcomes


def judged_by(work: RouteWork, document: Given, terms: Terms) -> Eligibility:
    """Whether the document goes over on these terms."""
    judged = eligibility(document, work.status_plan, terms.policy)
    if judged.verdict is not Verdict.GOES or terms.earlier_periods or isinstance(document, UnreadableDocument):
        return judged
    reason = earlier_period(dated_on(document), work.today, terms.policy, work.target.traits)
    return Eligibility(Verdict.NEVER, reason) if reason else judged


def cursor_of(work: RouteWork, stream: str) -> str:
    """The name of the route's own cursor of a stream."""
    return f"{stream}:{work.route.slug}"


def changed_since(work: RouteWork, stream: str) -> datetime:
    """Well before the last run, for sources tell of changes late; on the first run the route's start day."""
    with work.runtime.database.read() as session:
        cursor = cursors.read_cursor(session, work.tenant.id, work.route.source.id, cursor_of(work, stream))
    if cursor is not None:
        # A clock that was ahead left the cursor in the future; what came since would never be read.
        return min(cursor, work.now()) - timedelta(hours=work.runtime.settings.overlap_hours)
    start_on = work.route.policy.start_on
    if start_on is None:
        return work.now() - FIRST_RUN
    return datetime.combine(start_on, time(), work.zone)


def observation_of(work: RouteWork, document: Given, terms: Terms) -> Observation:
    """The document as it is kept, and where it should be on these terms."""
    reference = our_reference(document.source_ref, work.source_name)
    judged, lane = judged_by(work, document, terms), terms.lane
    reasons = (judged.reason,) if judged.reason else ()
    wanted = WANTED[judged.verdict]
    if isinstance(document, UnreadableDocument):
        return Observation(
            source_ref=document.source_ref,
            number=document.number,
            kind=DocumentKind.INVOICE,
            wanted=SyncStatus.NEEDS_ATTENTION if wanted is SyncStatus.PENDING else wanted,
            source_status=document.status_id,
            fingerprint="unreadable",
            snapshot="",
            customer_key="",
            our_reference=reference,
            ordered_at=None,
            gross=None,
            findings=(*document.findings, *reasons),
            lane=lane,
        )
    contact = contact_of(document)
    return Observation(
        source_ref=document.source_ref,
        number=number_of(document),
        kind=kind_of(document),
        wanted=wanted,
        source_status=document.status_id,
        fingerprint=fingerprint(document),
        snapshot=document_to_json(document),
        customer_key=contact_key(document, work.source_name),
        our_reference=reference,
        ordered_at=dated_at(document, work.zone),
        gross=document.gross,
        known_by=(contact.email, contact.address.name, contact.address.company),
        findings=reasons,
        reason=judged.reason.code if judged.reason else "",
        lane=lane,
    )


def _compare_with_posted(
    session: Session, work: RouteWork, document: Given, outcome: Observed, result: FetchResult
) -> None:
    """A document that is in the books is never overwritten: a finding says how it could be corrected.

    A correction that is no longer the right one is withdrawn: it was changed back, or cancelled since.
    """
    as_posted = outcome.outcome is Seen.UNCHANGED and outcome.status is not SyncStatus.MISMATCH
    if as_posted or isinstance(document, UnreadableDocument):
        return
    record = records.record_by_id(session, work.tenant.id, outcome.record_id)
    posted = document_from_json(record.snapshot, record.source_ref.kind)
    found = None
    # Another start day in the route's policy withdraws a document too; only the source's status cancels it.
    if work.status_plan.verdict(document.status_id) is Verdict.NEVER:
        status = work.status_plan.name(document.status_id)
        found = cancelled_after_posting(posted, record.target_number, status)
    elif outcome.outcome is Seen.CHANGED and not same_on_paper(posted, document):
        found = _changed(posted, document, record.target_number, work.tenant.language)
    for code in AFTER_POSTING:
        if found is None or found.code != code:
            moves.withdraw_finding(session, work.tenant.id, record.id, work.now(), code=code)
    if found and moves.add_finding(session, work.tenant.id, record.id, work.now(), finding=found):
        result.changed_after_posting += 1


def _changed(posted: Document, current: Document, number: str, language: str) -> Finding:
    if isinstance(posted, Order) and isinstance(current, Order):
        return changed_after_posting(posted, current, number, language)
    assert isinstance(posted, SourceInvoice) and isinstance(current, SourceInvoice)  # of one ref, so of one kind
    return invoice_changed_after_posting(posted, current, number, language)


def _look_again(work: RouteWork, result: FetchResult, progress: Progress) -> None:
    for batch in read_again(work, result.seen):
        page = []
        for record, document in batch:
            if document is None:
                _gone(work, record, result)
            else:
                page.append(document)
        keep_page(work, page, result)
        progress("fetch", result.read, None)


def read_again(work: RouteWork, seen: Collection[ExternalRef]) -> Iterator[list[tuple[SyncRecord, Given | None]]]:
    """What has not gone over yet and was not seen, as the source has it now (None: no longer), batch by batch."""
    waiting = [record for record in _waiting(work) if record.source_ref not in seen]
    for stream in work.streams:
        for batch in _batches((record for record in waiting if record.source_ref.kind == stream.kind), 50):
            yield list(zip(batch, stream.read_again(batch), strict=True))


def _waiting(work: RouteWork) -> list[SyncRecord]:
    """The newest of those that have not gone over, those that older rules left out, and all that a person asked for."""
    with work.runtime.database.read() as session:
        waiting = records.listing(
            session,
            work.tenant.id,
            route_id=work.route.id,
            statuses=READ_AGAIN,
            lanes=work.lanes,
            limit=LOOK_AGAIN_AT_MOST,
        )
        skipped = records.outdated_skips(
            session, work.tenant.id, work.route.id, work.route.version, limit=LOOK_AGAIN_AT_MOST
        )
        hurried = records.due(session, work.tenant.id, work.route.id, work.now(), LOOK_AGAIN_AT_MOST, lanes=[Lane.RUSH])
    return waiting + skipped + hurried


def _gone(work: RouteWork, record: SyncRecord, result: FetchResult) -> None:
    """The source no longer has the document, and it was never booked: nothing is left to do."""
    with work.runtime.database.write() as session:
        if moves.status_now(session, work.tenant.id, record.id) is not record.status:
            return  # another run has moved it since it was listed
        moves.mark_gone(
            session,
            work.tenant.id,
            record.id,
            work.now(),
            reason="gone from the shop",
            version=work.route.version,
        )
    result.gone += record.status is not SyncStatus.SKIPPED


def _batches(items: Iterable[SyncRecord], size: int) -> Iterator[list[SyncRecord]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
