import time
from dataclasses import replace

import pytest
from sqlmodel import Session

from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.findings import finding
from boekbrug.domain.money import Money
from boekbrug.domain.records import Lane, SyncRecord, SyncStatus
from boekbrug.store import moves, observations, records, tenants
from boekbrug.store.database import Database
from boekbrug.store.observations import Seen
from tests.store.samples import NOW, add_record, add_tenant, config, observation, observe

MISSING = finding("VAT_RULE_MISSING", tax="21%")
UNREADABLE = finding("DOCUMENT_UNREADABLE", field="total", problem="no number")
POSTED_AS = ExternalRef("factuursturen", "invoice", "F1")


@pytest.fixture
def route(writing: Session) -> tenants.Route:
    return add_tenant(writing)


def stored(session: Session, route: tenants.Route, number: str = "10001") -> SyncRecord:
    [record] = records.by_numbers(session, route.tenant_id, [number])
    return record


def outcome(session: Session, route: tenants.Route, **changes: object) -> tuple[Seen, SyncStatus]:
    [seen] = observe(session, route, observation(**changes))
    assert seen.status is stored(session, route).status
    return seen.outcome, seen.status


def put(session: Session, route: tenants.Route, status: SyncStatus) -> SyncRecord:
    """A record that was observed as pending and went on to a status."""
    record = add_record(session, route)
    mine = (session, route.tenant_id, record.id, NOW)
    if status is SyncStatus.NEEDS_ATTENTION:
        moves.mark_needs_attention(*mine, findings=(MISSING,), version=route.version)
    elif status is SyncStatus.SKIPPED:
        moves.skip(*mine, who="eva", reason="test order")
    elif status is not SyncStatus.PENDING:
        assert moves.claim(*mine, 60)
        if status is not SyncStatus.IN_FLIGHT:
            moves.mark_posted(*mine, target_ref=POSTED_AS, target_number="2026-1", posted_at=NOW)
    return record


def test_a_new_document_is_kept_as_it_was_seen(writing: Session, route: tenants.Route) -> None:
    seen = observation(findings=(UNREADABLE,), wanted=SyncStatus.NEEDS_ATTENTION, reason="unreadable", gross=None)
    [first] = observe(writing, route, seen)
    record = stored(writing, route)
    assert (first.outcome, first.record_id) == (Seen.NEW, record.id)
    assert record.source_ref == seen.source_ref
    assert (record.status, record.findings, record.reason, record.gross) == (
        seen.wanted,
        (UNREADABLE,),
        "unreadable",
        None,
    )
    assert (record.created_at, record.updated_at, record.ordered_at) == (NOW, NOW, NOW)
    assert [(e.status, e.codes) for e in records.history(writing, route.tenant_id, record.id)] == [
        (SyncStatus.NEEDS_ATTENTION, ("DOCUMENT_UNREADABLE",))
    ]


def test_seeing_the_same_again_changes_nothing(writing: Session, route: tenants.Route) -> None:
    outcome(writing, route)
    before = stored(writing, route)
    assert outcome(writing, route) == (Seen.UNCHANGED, SyncStatus.PENDING)
    assert stored(writing, route) == before
    assert len(records.history(writing, route.tenant_id, before.id)) == 1


def test_outcomes_come_in_the_order_of_the_observations_and_the_last_of_two_counts(
    writing: Session, route: tenants.Route
) -> None:
    seen = [observation("3"), observation("1"), observation("3", fingerprint="later"), observation("2")]
    result = observe(writing, route, *seen)
    assert [one.source_ref for one in result] == [one.source_ref for one in seen]
    assert stored(writing, route, "3").fingerprint == "later"
    assert result[0] == result[2]


@pytest.mark.parametrize("was", [SyncStatus.PENDING, SyncStatus.HELD, SyncStatus.SKIPPED])
@pytest.mark.parametrize("wanted", [SyncStatus.PENDING, SyncStatus.HELD, SyncStatus.SKIPPED])
def test_what_is_not_done_follows_the_source(
    writing: Session, route: tenants.Route, was: SyncStatus, wanted: SyncStatus
) -> None:
    outcome(writing, route, wanted=was)
    expected = Seen.UNCHANGED if was is wanted else Seen.UPDATED
    assert outcome(writing, route, wanted=wanted) == (expected, wanted)


def test_a_change_of_the_document_is_kept_but_not_of_our_reference(writing: Session, route: tenants.Route) -> None:
    outcome(writing, route)
    outcome(writing, route, fingerprint="new", snapshot='{"a": 1}', gross=Money.of("99.99"), our_reference="other")
    record = stored(writing, route)
    assert (record.fingerprint, record.snapshot, record.gross) == ("new", '{"a": 1}', Money.of("99.99"))
    assert record.our_reference == "acme-10001"


def test_needing_attention_stays_until_something_changes(writing: Session, route: tenants.Route) -> None:
    put(writing, route, SyncStatus.NEEDS_ATTENTION)
    assert outcome(writing, route) == (Seen.UNCHANGED, SyncStatus.NEEDS_ATTENTION)
    assert outcome(writing, route, source_status="shipped") == (Seen.UPDATED, SyncStatus.NEEDS_ATTENTION)
    assert stored(writing, route).findings == (MISSING,)


@pytest.mark.parametrize("change", ["fingerprint", "wanted", "version"])
def test_needing_attention_is_judged_anew_when_something_changed(
    writing: Session, route: tenants.Route, change: str
) -> None:
    put(writing, route, SyncStatus.NEEDS_ATTENTION)
    if change == "fingerprint":
        assert outcome(writing, route, fingerprint="new") == (Seen.UPDATED, SyncStatus.PENDING)
        assert stored(writing, route).findings == (MISSING,)  # until it is solved
    elif change == "wanted":
        assert outcome(writing, route, wanted=SyncStatus.HELD) == (Seen.UPDATED, SyncStatus.HELD)
        assert stored(writing, route).findings == ()
    else:
        newer = replace(route, version=route.version + 1)
        assert outcome(writing, newer) == (Seen.UPDATED, SyncStatus.PENDING)
        assert outcome(writing, route) == (Seen.UNCHANGED, SyncStatus.PENDING)  # a run that still has the old rules


def test_what_a_person_skipped_stays_skipped_until_a_person_retries(writing: Session, route: tenants.Route) -> None:
    put(writing, route, SyncStatus.SKIPPED)
    for change in ({"fingerprint": "new"}, {"wanted": SyncStatus.HELD}, {"source_status": "x"}):
        assert outcome(writing, route, **change)[1] is SyncStatus.SKIPPED
        assert stored(writing, route).reason == "test order"
    assert moves.retry(writing, route.tenant_id, NOW, who="eva", numbers=["10001"]) == 1
    assert outcome(writing, route, wanted=SyncStatus.SKIPPED) == (Seen.UPDATED, SyncStatus.SKIPPED)


def test_what_is_being_written_is_left_alone(writing: Session, route: tenants.Route) -> None:
    put(writing, route, SyncStatus.IN_FLIGHT)
    before = stored(writing, route)
    assert outcome(writing, route, fingerprint="new", wanted=SyncStatus.SKIPPED) == (
        Seen.IN_FLIGHT,
        SyncStatus.IN_FLIGHT,
    )
    assert stored(writing, route) == before


def test_a_document_that_changed_after_posting_keeps_what_was_posted(writing: Session, route: tenants.Route) -> None:
    put(writing, route, SyncStatus.POSTED)
    before = stored(writing, route)
    for _ in range(2):
        assert outcome(writing, route, fingerprint="new", gross=Money.of("5")) == (Seen.CHANGED, SyncStatus.POSTED)
    assert stored(writing, route) == before
    assert outcome(writing, route) == (Seen.UNCHANGED, SyncStatus.POSTED)


def test_a_document_that_was_cancelled_after_posting_is_withdrawn(writing: Session, route: tenants.Route) -> None:
    put(writing, route, SyncStatus.POSTED)
    before = stored(writing, route)
    gone = {"wanted": SyncStatus.SKIPPED, "source_status": "cancelled"}
    assert outcome(writing, route, **gone) == (Seen.WITHDRAWN, SyncStatus.POSTED)
    assert stored(writing, route) == replace(before, source_status="cancelled")


def test_a_more_urgent_lane_wins(writing: Session, route: tenants.Route) -> None:
    outcome(writing, route, lane=Lane.MIGRATION)
    assert outcome(writing, route, lane=Lane.DAILY)[0] is Seen.UPDATED
    assert outcome(writing, route, lane=Lane.MIGRATION)[0] is Seen.UNCHANGED
    assert stored(writing, route).lane is Lane.DAILY


def test_a_wait_is_kept_while_nothing_changes_and_forgotten_when_something_does(
    writing: Session, route: tenants.Route
) -> None:
    record = put(writing, route, SyncStatus.IN_FLIGHT)
    later = NOW.replace(hour=20)
    moves.release(writing, route.tenant_id, record.id, NOW, not_before=later, reason="maintenance")
    outcome(writing, route, source_status="x")
    assert (stored(writing, route).not_before, stored(writing, route).reason) == (later, "maintenance")
    outcome(writing, route, fingerprint="new")
    assert stored(writing, route).not_before == later
    outcome(writing, route, wanted=SyncStatus.HELD)
    assert stored(writing, route).not_before is None


def test_the_gross_is_kept_to_the_cent(writing: Session, route: tenants.Route) -> None:
    outcome(writing, route, gross=Money.of("10.005"))
    assert stored(writing, route).gross == Money.of("10.01")


def test_the_source_cannot_want_what_only_the_books_can_tell() -> None:
    for status in set(SyncStatus) - observations._WANTED:
        with pytest.raises(ValueError, match="10001"):
            observation(wanted=status)


def test_two_routes_and_two_tenants_each_have_their_own_record_of_a_document(writing: Session) -> None:
    for slug in ("mine", "theirs"):
        route = add_tenant(writing, slug)
        assert outcome(writing, route)[0] is Seen.NEW
        assert len(records.listing(writing, route.tenant_id)) == 1


def test_new_rules_give_what_needs_attention_another_chance(writing: Session, route: tenants.Route) -> None:
    put(writing, route, SyncStatus.NEEDS_ATTENTION)
    observe(writing, route, observation("2", wanted=SyncStatus.NEEDS_ATTENTION, findings=(UNREADABLE,)))
    assert observations.reopen_after_change(writing, route.tenant_id, route.id, NOW) == 0
    changed = config().routes[0].model_copy(update={"policy": route.policy.model_copy(update={"oss": True})})
    tenants.import_tenant(writing, config(routes=(changed,)), who="eva", now=NOW)
    assert observations.reopen_after_change(writing, route.tenant_id, route.id, NOW) == 1
    assert observations.reopen_after_change(writing, route.tenant_id, route.id, NOW) == 0
    assert stored(writing, route).status is SyncStatus.PENDING
    assert stored(writing, route, "2").status is SyncStatus.NEEDS_ATTENTION
    assert records.history(writing, route.tenant_id, stored(writing, route).id)[-1].reason == "version 2 of the route"


def test_a_thousand_documents_are_kept_in_well_under_a_second(database: Database) -> None:
    seen = [observation(str(number), snapshot="x" * 3000) for number in range(1000)]
    with database.write() as session:
        route = add_tenant(session)
    costs = []  # in processor time: a machine that is busy with other things says nothing about this
    for fingerprint in ("first", "first", "second"):
        start = time.process_time()
        with database.write() as session:
            observe(session, route, *(replace(one, fingerprint=fingerprint) for one in seen))
        costs.append(time.process_time() - start)
    with database.read() as session:
        assert records.counts(session, route.tenant_id, route.id)[SyncStatus.PENDING] == 1000
    assert max(costs) < 1.5, costs
