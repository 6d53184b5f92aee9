import multiprocessing
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlmodel import Session

from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.findings import Finding, finding
from boekbrug.domain.records import DONE, MOVES, Lane, SyncRecord, SyncStatus
from boekbrug.store import moves, records, tenants
from boekbrug.store.database import Database
from boekbrug.store.moves import IllegalMove
from tests.store.samples import NOW, add_record, add_tenant, observation, observe

REF = ExternalRef("factuursturen", "invoice", "F1")
MISSING = finding("VAT_RULE_MISSING", tax="21%")
ROUNDED = finding("ROUNDING_LINE_ADDED", difference="0.01")
DIFFERS = finding("TOTAL_DIFFERS", source="10", target="11", number="F1")
DETAIL = finding("CUSTOMER_DETAIL_DIFFERS", field="city", source="a", target="b")
CHANGED = finding("CHANGED_AFTER_POSTING", changes="price", number="F1", posted="10", current="11")
CHANGED_AGAIN = finding("CHANGED_AFTER_POSTING", changes="price", number="F1", posted="10", current="12")
CLAIM = 120.0


class Document:
    """One record and what can be done with it."""

    def __init__(self, session: Session, route: tenants.Route, number: str = "10001") -> None:
        self.session, self.route = session, route
        self.id = add_record(session, route, number).id

    @property
    def mine(self) -> tuple[Session, int, int]:
        return self.session, self.route.tenant_id, self.id

    @property
    def record(self) -> SyncRecord:
        return records.record_by_id(*self.mine)

    @property
    def statuses(self) -> list[str]:
        return [event.status.value for event in records.history(*self.mine)]

    def post(self, *findings: Finding, ref: ExternalRef = REF) -> None:
        moves.mark_posted(*self.mine, NOW, target_ref=ref, target_number="2026-1", posted_at=NOW, findings=findings)

    def compare(self, *findings: Finding, at: datetime = NOW) -> SyncStatus:
        tenant_id, record_id = self.mine[1:]
        return moves.mark_compared(self.session, tenant_id, {record_id: findings}, at)[record_id]

    def to(self, status: SyncStatus) -> None:
        """Wherever it is: on to the status, as the flows would."""
        match status:
            case SyncStatus.PENDING:
                moves.release(*self.mine, NOW)
            case SyncStatus.IN_FLIGHT:
                if not moves.claim(*self.mine, NOW, CLAIM):
                    raise IllegalMove
            case SyncStatus.POSTED:
                self.post()
            case SyncStatus.NEEDS_ATTENTION:
                moves.mark_needs_attention(*self.mine, NOW, findings=(MISSING,), version=1)
            case SyncStatus.SKIPPED:
                moves.skip(*self.mine, NOW, who="eva", reason="test")
            case SyncStatus.VERIFIED:
                self.compare()
            case SyncStatus.MISMATCH:
                self.compare(DIFFERS)
            case SyncStatus.HELD:
                observe(self.session, self.route, observation(wanted=SyncStatus.HELD))


@pytest.fixture
def document(writing: Session) -> Document:
    return Document(writing, add_tenant(writing))


WAYS = {
    SyncStatus.PENDING: [],
    SyncStatus.HELD: [SyncStatus.HELD],
    SyncStatus.IN_FLIGHT: [SyncStatus.IN_FLIGHT],
    SyncStatus.NEEDS_ATTENTION: [SyncStatus.NEEDS_ATTENTION],
    SyncStatus.SKIPPED: [SyncStatus.SKIPPED],
    SyncStatus.POSTED: [SyncStatus.IN_FLIGHT, SyncStatus.POSTED],
    SyncStatus.VERIFIED: [SyncStatus.IN_FLIGHT, SyncStatus.POSTED, SyncStatus.VERIFIED],
    SyncStatus.MISMATCH: [SyncStatus.IN_FLIGHT, SyncStatus.POSTED, SyncStatus.MISMATCH],
}
# By these functions a document is moved; to held and back to pending the source and `retry` do.
BY_FUNCTION = [s for s in SyncStatus if s not in (SyncStatus.HELD, SyncStatus.PENDING)]


@pytest.mark.parametrize(("before", "after"), list(product(SyncStatus, BY_FUNCTION)))
def test_only_the_moves_of_the_domain_are_possible(document: Document, before: SyncStatus, after: SyncStatus) -> None:
    for status in WAYS[before]:
        document.to(status)
    kept = document.record
    assert kept.status is before
    said_again = after is SyncStatus.POSTED and before in DONE  # of the same document in the books: nothing happens
    if after in MOVES[before]:
        document.to(after)
        assert document.record.status is after
    elif said_again:
        document.to(after)
        assert document.record == kept
    else:
        with pytest.raises(IllegalMove):
            document.to(after)
        assert document.record == kept


@pytest.mark.parametrize("before", [s for s in SyncStatus if s is not SyncStatus.IN_FLIGHT])
def test_only_what_is_in_flight_is_released(document: Document, before: SyncStatus) -> None:
    for status in WAYS[before]:
        document.to(status)
    with pytest.raises(IllegalMove, match="10001"):
        moves.release(*document.mine, NOW)


def test_a_claim_is_given_once_and_can_be_taken_over_once_it_ran_out(document: Document) -> None:
    assert moves.claim(*document.mine, NOW, CLAIM)
    assert not moves.claim(*document.mine, NOW, CLAIM)
    assert document.record.claimed_until == NOW + timedelta(seconds=CLAIM)
    almost, then = NOW + timedelta(seconds=CLAIM - 1), NOW + timedelta(seconds=CLAIM)
    session, route = document.session, document.route
    assert records.stale_in_flight(session, route.tenant_id, route.id, almost, 9) == []
    assert not moves.claim_stale(*document.mine, almost, CLAIM)
    assert records.stale_in_flight(session, route.tenant_id, route.id, then, 9) == [document.record]
    assert moves.claim_stale(*document.mine, then, CLAIM)
    assert not moves.claim_stale(*document.mine, then, CLAIM)


def test_what_is_released_waits_until_its_moment(document: Document) -> None:
    session, route = document.session, document.route
    later = NOW + timedelta(minutes=5)
    document.to(SyncStatus.IN_FLIGHT)
    moves.release(*document.mine, NOW, not_before=later, reason="maintenance")
    record = document.record
    assert (record.status, record.not_before, record.claimed_until) == (SyncStatus.PENDING, later, None)
    assert records.due(session, route.tenant_id, route.id, NOW, 10) == []
    assert records.next_due_at(session, route.tenant_id, route.id, NOW) == later
    assert records.due(session, route.tenant_id, route.id, later, 10) == [record]
    assert records.next_due_at(session, route.tenant_id, route.id, later) is None


def test_posting_tells_where_it_is_and_solves_the_findings_before(document: Document) -> None:
    document.to(SyncStatus.NEEDS_ATTENTION)
    moves.retry(document.session, document.route.tenant_id, NOW, who="eva")
    assert document.record.findings == (MISSING,)
    document.to(SyncStatus.IN_FLIGHT)
    document.post(ROUNDED)
    record = document.record
    assert (record.target_ref, record.target_number, record.posted_at) == (REF, "2026-1", NOW)
    assert (record.findings, record.claimed_until) == ((ROUNDED,), None)
    with pytest.raises(IllegalMove, match="cannot be F2"):
        document.post(ref=ExternalRef("factuursturen", "invoice", "F2"))


def test_a_comparison_replaces_the_one_before_and_leaves_the_other_findings(document: Document) -> None:
    document.to(SyncStatus.IN_FLIGHT)
    document.post(ROUNDED)
    assert document.compare(DIFFERS, DETAIL) is SyncStatus.MISMATCH
    assert document.record.findings == (ROUNDED, DIFFERS, DETAIL)
    later = NOW + timedelta(days=1)
    assert document.compare(DETAIL, at=later) is SyncStatus.VERIFIED
    assert (document.record.findings, document.record.verified_at) == ((ROUNDED, DETAIL), later)
    assert document.statuses == ["pending", "in_flight", "posted", "mismatch", "verified"]


def test_a_page_is_compared_at_once_and_each_document_keeps_its_own(document: Document) -> None:
    other = Document(document.session, document.route, "2")
    for status in WAYS[SyncStatus.MISMATCH]:
        document.to(status)
    for status in WAYS[SyncStatus.POSTED]:
        other.to(status)
    session, tenant_id = document.session, document.route.tenant_id
    found = {other.record.id: (DIFFERS, DETAIL), document.record.id: (DETAIL,)}
    statuses = moves.mark_compared(session, tenant_id, found, NOW)
    assert statuses == {document.record.id: SyncStatus.VERIFIED, other.record.id: SyncStatus.MISMATCH}
    assert (document.record.status, document.record.findings) == (SyncStatus.VERIFIED, (DETAIL,))
    assert (other.record.status, other.record.findings) == (SyncStatus.MISMATCH, (DIFFERS, DETAIL))
    assert document.statuses[-2:] == ["mismatch", "verified"]
    assert other.statuses[-2:] == ["posted", "mismatch"]
    with pytest.raises(LookupError):
        moves.mark_compared(session, tenant_id, {other.record.id: (), 999_999: ()}, NOW)


def test_a_change_after_posting_is_kept_once_and_stands_until_somebody_deals_with_it(document: Document) -> None:
    for status in WAYS[SyncStatus.VERIFIED]:
        document.to(status)
    assert moves.add_finding(*document.mine, NOW, finding=CHANGED)
    assert not moves.add_finding(*document.mine, NOW, finding=CHANGED)
    assert document.record.status is SyncStatus.MISMATCH
    assert moves.add_finding(*document.mine, NOW, finding=CHANGED_AGAIN)
    assert document.record.findings == (CHANGED_AGAIN,)
    assert document.compare() is SyncStatus.MISMATCH
    moves.accept_differences(*document.mine, NOW, who="eva", reason="credited by hand")
    assert (document.record.status, document.record.findings) == (SyncStatus.VERIFIED, ())
    assert not moves.add_finding(*document.mine, NOW, finding=CHANGED_AGAIN)
    assert records.history(*document.mine)[-1].who == "eva"


def test_what_a_person_dealt_with_does_not_come_back_but_something_else_does(document: Document) -> None:
    for status in WAYS[SyncStatus.MISMATCH]:
        document.to(status)
    moves.accept_differences(*document.mine, NOW, who="eva", reason="agreed with the customer")
    assert document.compare(DIFFERS, DETAIL) is SyncStatus.VERIFIED
    assert document.record.findings == (DETAIL,)
    other = finding("TOTAL_DIFFERS", source="10", target="12", number="F1")
    assert document.compare(other) is SyncStatus.MISMATCH


def test_a_finding_that_is_no_longer_so_is_withdrawn(document: Document) -> None:
    for status in WAYS[SyncStatus.VERIFIED]:
        document.to(status)
    moves.add_finding(*document.mine, NOW, finding=CHANGED)
    assert moves.withdraw_finding(*document.mine, NOW, code=CHANGED.code)
    assert not moves.withdraw_finding(*document.mine, NOW, code=CHANGED.code)
    assert (document.record.status, document.record.findings) == (SyncStatus.VERIFIED, ())


def test_a_finding_before_the_comparison_leaves_it_to_be_compared(document: Document) -> None:
    for status in WAYS[SyncStatus.POSTED]:
        document.to(status)
    moves.add_finding(*document.mine, NOW, finding=CHANGED)
    session, route = document.session, document.route
    assert records.unverified(session, route.tenant_id, route.id) == [document.record]
    assert document.compare() is SyncStatus.MISMATCH
    with pytest.raises(IllegalMove):
        moves.add_finding(*Document(session, route, "2").mine, NOW, finding=CHANGED)


def test_everything_that_needs_attention_is_retried_and_nothing_else(writing: Session) -> None:
    mine, theirs = add_tenant(writing, "mine"), add_tenant(writing, "theirs")
    documents = {status: Document(writing, mine, status.value) for status in (SyncStatus.SKIPPED, SyncStatus.PENDING)}
    documents[SyncStatus.SKIPPED].to(SyncStatus.SKIPPED)
    failed, other = Document(writing, mine, "failed"), Document(writing, theirs, "failed")
    failed.to(SyncStatus.NEEDS_ATTENTION)
    other.to(SyncStatus.NEEDS_ATTENTION)
    assert moves.retry(writing, mine.tenant_id, NOW, who="eva") == 1
    assert (failed.record.status, failed.record.lane) == (SyncStatus.PENDING, Lane.RUSH)
    assert other.record.status is SyncStatus.NEEDS_ATTENTION
    assert documents[SyncStatus.SKIPPED].record.status is SyncStatus.SKIPPED
    assert documents[SyncStatus.PENDING].record.lane is Lane.DAILY


def test_named_documents_are_retried_whatever_they_waited_for_but_what_is_done_is_not(document: Document) -> None:
    session, route = document.session, document.route
    waiting, posted = Document(session, route, "2"), Document(session, route, "3")
    document.to(SyncStatus.SKIPPED)
    waiting.to(SyncStatus.IN_FLIGHT)
    moves.release(*waiting.mine, NOW, not_before=NOW + timedelta(days=1))
    for status in WAYS[SyncStatus.POSTED]:
        posted.to(status)
    assert moves.retry(session, route.tenant_id, NOW, who="eva", numbers=["10001", "2", "3", "none"]) == 2
    assert [r.number for r in records.due(session, route.tenant_id, route.id, NOW, 10)] == ["2", "10001"]
    assert posted.record.status is SyncStatus.POSTED
    assert moves.retry(session, route.tenant_id, NOW, who="eva", numbers=["2"], route_id=route.id + 1) == 0


def test_a_skip_names_who_and_why(document: Document) -> None:
    for who, reason in (("", "x"), ("eva", "")):
        with pytest.raises(ValueError, match="by somebody and for a reason"):
            moves.skip(*document.mine, NOW, who=who, reason=reason)
    moves.skip(*document.mine, NOW, who="eva", reason="test order")
    last = records.history(*document.mine)[-1]
    assert (last.status, last.who, last.reason) == (SyncStatus.SKIPPED, "eva", "test order")


def test_another_tenants_record_cannot_be_touched(writing: Session) -> None:
    document, stranger = Document(writing, add_tenant(writing, "mine")), add_tenant(writing, "theirs").tenant_id
    assert not moves.claim(writing, stranger, document.id, NOW, CLAIM)
    document.to(SyncStatus.IN_FLIGHT)
    with pytest.raises(LookupError):
        moves.release(writing, stranger, document.id, NOW)
    with pytest.raises(LookupError):
        records.record_by_id(writing, stranger, document.id)
    assert records.history(writing, stranger, document.id) == []
    assert moves.retry(writing, stranger, NOW, who="x", numbers=["10001"]) == 0


def _claim_all(address: str, tenant_id: int, ids: list[int], log: Path) -> None:
    database, won = Database(address), []
    for record_id in ids:
        with database.write() as session:
            if moves.claim(session, tenant_id, record_id, NOW, CLAIM):
                won.append(str(record_id))
    log.write_text(" ".join(won))
    database.close()


def test_of_several_processes_exactly_one_claims_a_document(database: Database, address: str, tmp_path: Path) -> None:
    with database.write() as session:
        route = add_tenant(session)
        ids = [add_record(session, route, str(number)).id for number in range(60)]
    spawn = multiprocessing.get_context("spawn")
    logs = [tmp_path / f"{number}.log" for number in range(3)]
    processes = [spawn.Process(target=_claim_all, args=(address, route.tenant_id, ids, log)) for log in logs]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    won = [int(number) for log in logs for number in log.read_text().split()]
    assert sorted(won) == ids


def test_a_retry_of_some_records_or_of_one_finding_leaves_the_others(writing: Session) -> None:
    route, other = add_tenant(writing), add_tenant(writing, "other")
    asks = {"wanted": SyncStatus.NEEDS_ATTENTION}
    no_payment, no_vat = finding("PAYMENT_RULE_MISSING", method="x"), finding("CUSTOMER_UNKNOWN")
    one = add_record(writing, route, "1", findings=(no_payment,), **asks)
    two = add_record(writing, route, "2", findings=(no_payment,), **asks)
    three = add_record(writing, route, "3", findings=(no_vat,), **asks)
    theirs = add_record(writing, other, "1", findings=(no_payment,), **asks)

    def pending() -> set[str]:
        return {r.number for r in records.listing(writing, route.tenant_id, statuses=(SyncStatus.PENDING,))}

    def retry(**which: object) -> int:
        return moves.retry(writing, route.tenant_id, NOW, who="jo", **which)  # type: ignore[arg-type]

    assert retry(record_ids=[]) == 0 == retry(record_ids=[theirs.id])
    assert retry(record_ids=[three.id]) == 1 and pending() == {"3"}
    assert retry(finding_code="PAYMENT_RULE_MISSING") == 2 and pending() == {"1", "2", "3"}
    assert {records.record_by_id(writing, route.tenant_id, r.id).lane for r in (one, two)} == {Lane.RUSH}
    assert records.record_by_id(writing, other.tenant_id, theirs.id).status is SyncStatus.NEEDS_ATTENTION
