from datetime import timedelta

from sqlmodel import Session

from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.findings import finding
from boekbrug.domain.migrations import MigrationCounts
from boekbrug.domain.records import SyncStatus
from boekbrug.domain.windows import DailyWindow
from boekbrug.store import migration_records, moves, order_migrations
from boekbrug.store.tenants import Route
from tests.store.samples import NOW, add_record, add_tenant, observation, observe

DAY = timedelta(days=1)


def begun(session: Session, route: Route) -> int:
    return order_migrations.draft(
        session, route.tenant_id, route.id, first_on=(NOW - DAY).date(), last_on=NOW.date(), window=DailyWindow(),
        per_window=None, shop_count=9, who="eva", now=NOW,
    )  # fmt: skip


def booked(session: Session, route: Route, number: str) -> int:
    record = add_record(session, route, number)
    assert moves.claim(session, route.tenant_id, record.id, NOW, 60)
    target_ref = ExternalRef("factuursturen", "invoice", number)
    moves.mark_posted(
        session, route.tenant_id, record.id, NOW, target_ref=target_ref, target_number=number, posted_at=NOW
    )
    return record.id


def test_documents_are_counted_where_they_are_and_only_those_that_it_met(writing: Session) -> None:
    route, other = add_tenant(writing), add_tenant(writing, "other")
    tenant, one = route.tenant_id, begun(writing, route)
    posted, there, differs = (booked(writing, route, number) for number in ("1", "2", "3"))
    moves.mark_compared(writing, tenant, {differs: (finding("TOTAL_DIFFERS", shop="1", books="2"),)}, NOW)
    waiting, back = (add_record(writing, route, number).id for number in ("4", "5"))
    in_flight, skipped = (add_record(writing, route, number).id for number in ("6", "7"))
    assert moves.claim(writing, tenant, in_flight, NOW, 60)
    moves.skip(writing, tenant, skipped, NOW, who="eva", reason="a test")
    held = add_record(writing, route, "8", wanted=SyncStatus.HELD).id
    wrong = add_record(writing, route, "9", wanted=SyncStatus.NEEDS_ATTENTION).id
    observe(writing, route, observation("10"), observation("11", wanted=SyncStatus.SKIPPED))  # not met
    booked(writing, other, "1")
    met = (posted, there, differs, waiting, back, in_flight, skipped, held, wrong)
    migration_records.meet(writing, tenant, one, dict.fromkeys(met, False) | {there: True, back: True})
    found = migration_records.counts(writing, tenant, one)
    assert (sum(found.skipped.values()), sum(found.needs_attention.values())) == (2, 1)
    assert found.skipped["a test"] == 1
    assert found == MigrationCounts(
        met=9, was_there=1, posted=2, mismatch=1, waiting=3, skipped=found.skipped,
        needs_attention=found.needs_attention,
    )  # fmt: skip
    assert migration_records.counts(writing, other.tenant_id, one).met == 0
    assert migration_records.unfinished(writing, tenant, one) == (2, 1)
    assert migration_records.written_since(writing, tenant, one, NOW - DAY) == 0, "none is in the migration's lane"
