from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlmodel import Session

from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.findings import finding
from boekbrug.domain.records import Lane, SyncStatus
from boekbrug.store import budgets, contacts, migration_records, moves, observations, payments, records, tenants
from boekbrug.store.database import Database
from boekbrug.store.rows import findings_from_json, findings_to_json, gravest_code, sequence_of
from tests.store.samples import NOW, add_record, add_tenant, observation, observe
from tests.store.test_budgets import budget

MISSING = finding("VAT_RULE_MISSING", tax="21%")
PAYMENT = finding("PAYMENT_RULE_MISSING", method="ideal")


@pytest.fixture
def route(writing: Session) -> tenants.Route:
    return add_tenant(writing)


def test_what_is_due_goes_by_urgency_then_in_the_shops_order(writing: Session, route: tenants.Route) -> None:
    earlier = NOW - timedelta(days=1)
    seen = [
        observation("10000", ordered_at=NOW),
        observation("9999", ordered_at=NOW),
        observation("3", ordered_at=NOW + timedelta(days=1), lane=Lane.RUSH),
        observation("10002", ordered_at=earlier),
        observation("1", ordered_at=earlier, lane=Lane.MIGRATION),
        observation("2", ordered_at=earlier, wanted=SyncStatus.HELD),
    ]
    observe(writing, route, *seen)
    due = records.due(writing, route.tenant_id, route.id, NOW, 10)
    assert [record.number for record in due] == ["3", "10002", "9999", "10000", "1"]
    assert records.due(writing, route.tenant_id, route.id, NOW, 2) == due[:2]
    assert records.due(writing, route.tenant_id, route.id, NOW, 10, lanes=[Lane.MIGRATION, Lane.RUSH]) == [
        due[0],
        due[-1],
    ]


def test_what_was_put_off_is_not_due_before_its_moment(writing: Session, route: tenants.Route) -> None:
    for number, minutes in (("1", 60), ("2", 0), ("3", 30)):
        record = add_record(writing, route, number)
        moves.claim(writing, route.tenant_id, record.id, NOW, 60)
        moves.release(writing, route.tenant_id, record.id, NOW, not_before=NOW + timedelta(minutes=minutes))
    add_record(writing, route, "4")
    numbers = {
        minutes: [
            r.number for r in records.due(writing, route.tenant_id, route.id, NOW + timedelta(minutes=minutes), 9)
        ]
        for minutes in (-1, 0, 30, 60)
    }
    assert numbers == {-1: ["4"], 0: ["2", "4"], 30: ["2", "3", "4"], 60: ["1", "2", "3", "4"]}


def test_the_next_moment_is_that_of_a_lane_that_is_asked_for(writing: Session, route: tenants.Route) -> None:
    for number, minutes, lane in (("1", 20, Lane.RUSH), ("2", 10, Lane.MIGRATION), ("3", 30, Lane.DAILY)):
        record = add_record(writing, route, number, lane=lane)
        moves.claim(writing, route.tenant_id, record.id, NOW, 60)
        moves.release(writing, route.tenant_id, record.id, NOW, not_before=NOW + timedelta(minutes=minutes))
    written = add_record(writing, route, "4")
    assert moves.claim(writing, route.tenant_id, written.id, NOW, 25 * 60)

    def after(minutes: int, *lanes: Lane) -> timedelta | None:
        now = NOW + timedelta(minutes=minutes)
        moment = records.next_due_at(writing, route.tenant_id, route.id, now, lanes=lanes)
        return None if moment is None else moment - NOW

    daily = (Lane.RUSH, Lane.DAILY)
    assert [after(minutes, *daily) for minutes in (0, 20, 25, 30)] == [
        timedelta(minutes=20),
        timedelta(minutes=25),
        timedelta(minutes=30),
        None,
    ]
    assert after(0, Lane.MIGRATION) == timedelta(minutes=10)


def test_what_waits_is_found_by_its_references(writing: Session, route: tenants.Route) -> None:
    other = add_tenant(writing, "other")
    for number in ("1", "2", "3"):
        add_record(writing, route, number)
        add_record(writing, other, number)
    held = add_record(writing, route, "4", wanted=SyncStatus.HELD)
    wanted = ["acme-1", "acme-3", held.our_reference, *(f"acme-x{number}" for number in range(600))]
    found = records.pending_with_references(writing, route.tenant_id, route.id, wanted)
    assert sorted(record.number for record in found) == ["1", "3"]
    assert {record.tenant_id for record in found} == {route.tenant_id}


def test_numbers_have_their_place_whatever_surrounds_them() -> None:
    assert [sequence_of(n) for n in ("W-0012a", "2026-7", "abc", "", "9" * 30)] == [12, 7, 0, 0, int("9" * 18)]


def test_held_documents_come_page_by_page(writing: Session, route: tenants.Route) -> None:
    observe(writing, route, *(observation(str(number), wanted=SyncStatus.HELD) for number in range(5)))
    add_record(writing, route, "pending")
    found, after = [], 0
    while page := records.held(writing, route.tenant_id, route.id, after_id=after, limit=2):
        found += [record.number for record in page]
        after = page[-1].id
    assert found == ["0", "1", "2", "3", "4"]


def test_skips_of_an_older_version_are_told_from_those_of_a_person(writing: Session, route: tenants.Route) -> None:
    observe(writing, route, observation("rule", wanted=SyncStatus.SKIPPED), observation("person"))
    [person] = records.by_numbers(writing, route.tenant_id, ["person"])
    moves.skip(writing, route.tenant_id, person.id, NOW, who="eva", reason="x")
    assert records.outdated_skips(writing, route.tenant_id, route.id, route.version) == []
    outdated = records.outdated_skips(writing, route.tenant_id, route.id, route.version + 1)
    assert [record.number for record in outdated] == ["rule"]


def test_a_listing_is_newest_first_and_every_page_follows_the_one_before(
    writing: Session, route: tenants.Route
) -> None:
    wanted = [SyncStatus.HELD, SyncStatus.PENDING, SyncStatus.SKIPPED]
    observe(writing, route, *(observation(str(number), wanted=wanted[number % 3]) for number in range(9)))
    numbers, before = [], None
    while page := records.listing(writing, route.tenant_id, before_id=before, limit=4):
        numbers += [record.number for record in page]
        before = page[-1].id
    assert numbers == [str(number) for number in reversed(range(9))]
    held = records.listing(writing, route.tenant_id, statuses=[SyncStatus.HELD], route_id=route.id)
    assert [record.number for record in held] == ["6", "3", "0"]
    assert records.listing(writing, route.tenant_id, route_id=route.id + 1) == []


def test_counts_and_error_groups_tell_a_tenants_state(writing: Session, route: tenants.Route) -> None:
    other = add_tenant(writing, "other")
    for number, findings in (("1", (MISSING,)), ("2", (finding("TAX_TOTAL_DIFFERS"), MISSING)), ("3", (PAYMENT,))):
        for owner in (route, other):
            record = add_record(writing, owner, number)
            moves.mark_needs_attention(writing, owner.tenant_id, record.id, NOW, findings=findings, version=1)
    add_record(writing, route, "4")
    counts = records.counts(writing, route.tenant_id, route.id)
    assert {status: count for status, count in counts.items() if count} == {
        SyncStatus.NEEDS_ATTENTION: 3,
        SyncStatus.PENDING: 1,
    }
    assert set(counts) == set(SyncStatus)
    assert records.error_groups(writing, route.tenant_id) == [
        records.ErrorGroup(code="VAT_RULE_MISSING", status=SyncStatus.NEEDS_ATTENTION, count=2, numbers=("2", "1")),
        records.ErrorGroup(code="PAYMENT_RULE_MISSING", status=SyncStatus.NEEDS_ATTENTION, count=1, numbers=("3",)),
    ]
    found = records.listing(writing, route.tenant_id, finding_code="VAT_RULE_MISSING")
    assert [record.number for record in found] == ["2", "1"]


def test_findings_come_back_as_they_were() -> None:
    kept = (MISSING, finding("TEXT_SHORTENED", field="naam", limit=20, text="Crème „brûlée” \n {x}"))
    assert findings_from_json(findings_to_json(kept)) == kept
    assert gravest_code(reversed(kept)) == MISSING.code
    assert gravest_code(()) == ""


def test_by_numbers_copes_with_more_than_a_statement_can_name(writing: Session, route: tenants.Route) -> None:
    add_record(writing, route, "7")
    found = records.by_numbers(writing, route.tenant_id, [str(number) for number in range(40_000)])
    assert [record.number for record in found] == ["7"]
    assert records.by_numbers(writing, route.tenant_id, ["7"], route_id=route.id) == found
    assert records.by_numbers(writing, route.tenant_id, ["7"], route_id=route.id + 1) == []


# -- what is asked often never reads a whole table


MANY = [str(number) for number in range(300)]


def _calls(session: Session, route: tenants.Route, record_id: int) -> dict[str, Callable[[], object]]:
    tenant, of, daily = route.tenant_id, [budget(60)], (Lane.RUSH, Lane.DAILY)
    refs = [ExternalRef("mijnwebwinkel", "order", number) for number in MANY]
    return {
        "due in some lanes": lambda: records.due(session, tenant, route.id, NOW, 100, lanes=daily),
        "next due in some lanes": lambda: records.next_due_at(session, tenant, route.id, NOW, lanes=daily),
        "references": lambda: records.pending_with_references(session, tenant, route.id, MANY),
        "listing of some lanes": lambda: records.listing(session, tenant, route_id=route.id, lanes=daily),
        "many numbers": lambda: records.by_numbers(session, tenant, MANY),
        "many numbers of a route": lambda: records.by_numbers(session, tenant, MANY, route_id=route.id),
        "many refs": lambda: records.by_source_refs(session, tenant, route.id, refs),
        "many known": lambda: migration_records.known(session, tenant, route.id, refs),
        "many observed": lambda: observe(session, route, *(observation(number) for number in MANY)),
        "many retried": lambda: moves.retry(session, tenant, NOW, who="eva", numbers=MANY),
        "many contacts": lambda: contacts.contact_links(session, tenant, route.id, refs),
        "payments of many": lambda: payments.of_records(session, tenant, range(300)),
        "due": lambda: records.due(session, tenant, route.id, NOW, 100),
        "next due": lambda: records.next_due_at(session, tenant, route.id, NOW),
        "stale": lambda: records.stale_in_flight(session, tenant, route.id, NOW, 100),
        "unverified": lambda: records.unverified(session, tenant, route.id),
        "held": lambda: records.held(session, tenant, route.id),
        "skips": lambda: records.outdated_skips(session, tenant, route.id, 2),
        "listing": lambda: records.listing(session, tenant),
        "listing of a route": lambda: records.listing(session, tenant, route_id=route.id, before_id=9),
        "listing of a code": lambda: records.listing(session, tenant, finding_code="VAT_RULE_MISSING"),
        "counts": lambda: records.counts(session, tenant, route.id),
        "errors": lambda: records.error_groups(session, tenant),
        "errors of a route": lambda: records.error_groups(session, tenant, route_id=route.id),
        "numbers": lambda: records.by_numbers(session, tenant, ["1", "2"]),
        "history": lambda: records.history(session, tenant, record_id),
        "observe": lambda: observe(session, route, observation("1"), observation("x")),
        "reopen": lambda: observations.reopen_after_change(session, tenant, route.id, NOW),
        "claim": lambda: moves.claim(session, tenant, record_id, NOW, 60),
        "post": lambda: moves.mark_posted(
            session, tenant, record_id, NOW, target_ref=ExternalRef("b", "i", "1"), target_number="1", posted_at=NOW
        ),
        "retry": lambda: moves.retry(session, tenant, NOW, who="eva"),
        "take and finish": lambda: budgets.finish(
            session,
            budgets.take(  # type: ignore[arg-type]
                session, of, tenant_id=tenant, record_id=None, kind="x", lane=Lane.DAILY, now=NOW, lease_seconds=9
            ),
            budgets.AttemptOutcome.WRITTEN,
            NOW,
        ),
        "usage": lambda: budgets.usage(session, of[0], now=NOW),
    }


WHOLE = ("(tenant_id=?)", "(tenant_id=? AND route_id=?)", "(tenant_id=? AND status=?)")
# Small by nature, or sorted because the rows that wait for a person are few.
MAY_SORT = {"counts", "retry", "payments of many"}
# These must not look at all that a tenant, a route or a status has, however many ids or numbers are asked for.
SEEK = {
    "due in some lanes": "lane=?",
    "next due": "lane=?",
    "next due in some lanes": "lane=?",
    "references": "our_reference=?",
    "errors": "ix_sync_record_error",
    "errors of a route": "ix_sync_record_error",
    "many numbers": "number=?",
    "many numbers of a route": "number=?",
    "many refs": "source_id=?",
    "many known": "source_id=?",
    "many contacts": "source_id=?",
    "payments of many": "record_id=?",
}


@pytest.mark.parametrize("backend", ["sqlite"])  # whose query plans it reads
def test_what_is_asked_often_uses_an_index_and_sorts_nothing(database: Database) -> None:
    ran: list[tuple[str, object]] = []

    def note(connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        ran.append((statement, parameters))

    with database.write() as session:
        route = add_tenant(session)
        record_id = add_record(session, route, "1").id
        calls = _calls(session, route, record_id)
        for name, call in calls.items():
            ran.clear()
            event.listen(database._engine, "before_cursor_execute", note)
            call()
            event.remove(database._engine, "before_cursor_execute", note)
            assert ran, name
            for statement, parameters in [r for r in ran if not r[0].startswith("INSERT") and isinstance(r[1], tuple)]:
                plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                steps = [str(row[3]) for row in plan]
                scans = [step for step in steps if step.startswith("SCAN") and "CONSTANT" not in step]
                assert not scans, f"{name}: {steps} of {statement}"
                sorts = [step for step in steps if "TEMP B-TREE" in step]
                assert not sorts or name in MAY_SORT, f"{name}: {steps} of {statement}"
                whole = [step for step in steps if step.endswith(WHOLE) and name.startswith("many")]
                assert not whole, f"{name}: {steps} of {statement}"
                first = statement is ran[0][0]
                assert not first or SEEK.get(name, "") in steps[0], f"{name}: {steps} of {statement}"
