"""Migrations on simulators: planned without a write, brought over once, and every order accounted for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.forecast import Forecast
from boekbrug.domain.migrations import Migration, MigrationState
from boekbrug.domain.records import Lane, SyncStatus
from boekbrug.domain.windows import DailyWindow
from boekbrug.store import migration_records, moves, order_migrations, records, waiters
from connectors.factuursturen import Factuursturen
from connectors.mijnwebwinkel import Mijnwebwinkel
from tasks.planning import plan_migration
from tasks.standing import cancel
from tests.migration.world import NOW, World, world

FIRST, LAST = date(2026, 6, 1), date(2026, 9, 14)


def plan(found: World, *, window: str = "00:00-24:00", per_window: int | None = None) -> tuple[Migration, Forecast]:
    with found.work() as work:
        return plan_migration(work, FIRST, LAST, window=DailyWindow.parse(window), per_window=per_window, who="test")


def writes(found: World) -> list[Any]:
    return [one for one in [*found.shop.control.log(), *found.books.control.log()] if one["method"] != "GET"]


def change(found: World, migration_id: int, to: MigrationState) -> None:
    with found.runtime.database.write() as session:
        order_migrations.change_state(session, 1, migration_id, to, among=list(MigrationState))


def test_a_plan_writes_nothing_and_comes_true(shop_and_books: World) -> None:
    found = shop_and_books
    migration, foreseen = plan(found)
    assert writes(found) == []
    assert migration.plan.shop_count == migration.plan.read == 60
    posting = migration.plan.posting(earlier_periods=False)
    assert migration.plan.earlier_periods + posting + sum(migration.plan.skipped.values()) == 60
    assert migration.plan.earlier_periods > 5
    found.start(migration.id)
    standing = found.until_done(migration.id)
    assert standing.migration.state is MigrationState.COMPLETED
    assert standing.completeness.is_complete
    assert standing.counts.posted == posting == len(found.invoices())
    assert standing.counts.skipped["EARLIER_VAT_PERIOD"] == migration.plan.earlier_periods
    assert standing.progress == 100
    assert "60" in standing.migration.statement
    assert foreseen.finishes_at is not None
    assert abs(foreseen.finishes_at - found.clock.now()) < timedelta(minutes=1)


def test_an_order_met_by_both_is_booked_once_and_hard_orders_are_all_accounted_for(tmp_path: Path) -> None:
    with world(tmp_path, orders=130, mix="all", policy={"start_on": "2026-08-20"}) as found:
        found.daily_run()
        dailys = len(found.invoices())
        migration, _ = plan(found)
        assert migration.plan.was_there > 0
        assert migration.plan.with_daily == 0
        found.start(migration.id, accepts_earlier_periods=True)
        found.clock.go_to(found.clock.now() + timedelta(hours=2))
        standing = found.until_done(migration.id)
        found.daily_run()
        references = [str(one["reference"]) for one in found.invoices()]
        assert len(references) == len(set(references)) > dailys
        complete = standing.completeness
        assert complete.is_complete
        assert complete.booked + complete.excluded + complete.failed == complete.shop
        assert standing.counts.was_there == migration.plan.was_there
        assert standing.counts.needs_attention
        plan_ = migration.plan
        assert standing.counts.posted == plan_.posting(earlier_periods=True)
        assert found.limits()["busiest_hour"] <= 60
        assert found.limits()["refused"] == 0


def test_documents_that_the_books_hold_are_recognised_even_by_a_store_that_does_not_know_them(
    shop_and_books: World, tmp_path: Path
) -> None:
    found = shop_and_books
    migration, _ = plan(found)
    found.start(migration.id)
    first = found.until_done(migration.id)
    before = len(found.invoices())
    with found.runtime.database.write() as session:  # the store forgets that they went over
        from sqlalchemy import update

        from boekbrug.store.tables import RecordRow

        session.exec(
            update(RecordRow)
            .where(RecordRow.tenant_id == 1, RecordRow.status == "verified")  # type: ignore[arg-type]
            .values(status="skipped", wanted="skipped", target_id="", posted_at=None)
        )
    again, _ = plan(found)
    assert again.plan.was_there == first.counts.posted
    assert again.plan.posting(earlier_periods=False) == 0
    found.start(again.id)
    standing = found.until_done(again.id)
    assert standing.counts.was_there == first.counts.posted
    assert standing.counts.posted == 0
    assert len(found.invoices()) == before


def test_the_route_s_start_does_not_throw_a_migration_out_again(shop_and_books: World) -> None:
    """Daily runs begin on a day; an older order that changes after it was brought over is no withdrawn one."""
    found = shop_and_books
    migration, _ = plan(found)
    found.start(migration.id)
    found.until_done(migration.id)
    with found.runtime.database.read() as session:
        done = records.listing(session, 1, statuses=[SyncStatus.VERIFIED])
    number = next(one.number for one in done if one.source_status == "2")  # paid, not yet shipped
    found.shop.control.post(f"orders/{number}/status", {"shop": "demo1", "status": 3})
    report = found.daily_run()
    assert report.fetched.changed_after_posting == 0
    with found.runtime.database.read() as session:
        (record,) = records.by_numbers(session, 1, [number])
    assert (record.status, record.source_status) == (SyncStatus.VERIFIED, "3")


def test_lanes_do_not_touch_each_other_s_records_and_a_migration_yields(tmp_path: Path) -> None:
    with world(tmp_path, per_hour=10, policy={"reserve": 4, "start_on": "2026-09-12"}) as found:
        migration, _ = plan(found)
        found.start(migration.id)
        report, _ = found.migration_run(migration.id)
        assert report.pushed.posted == 6  # four slots are the daily run's
        for _ in range(5):
            found.shop.control.post("orders/new", {"shop": "demo1", "case": "plain"})
        dailys = found.daily_run()
        assert dailys.pushed.posted == 4
        assert dailys.goes_on_at is not None
        with found.runtime.database.read() as session:
            (waiting,) = [
                one
                for one in waiters.waiting(session, f"factuursturen:{found.books.root[7:]}:demo1", found.clock.now())
                if one.lane is Lane.DAILY
            ]
        assert waiting.route == "verkoop"
        # Both come back at the moment at which slots come free; the daily run goes first, whoever is up earlier.
        found.clock.go_to(dailys.goes_on_at)
        report, _ = found.migration_run(migration.id)
        assert report.pushed.posted == 0
        assert report.goes_on_at is not None
        assert report.goes_on_at <= found.clock.now() + timedelta(minutes=2)
        left = dailys.waiting
        assert found.daily_run().pushed.posted == min(left, 6)
        found.clock.go_to(found.clock.now() + timedelta(hours=1, minutes=3))
        assert found.migration_run(migration.id)[0].pushed.posted > 0
        assert found.limits()["busiest_hour"] <= 10


def test_a_person_s_retry_goes_first_and_with_the_daily_run(tmp_path: Path) -> None:
    with world(tmp_path, orders=130, mix="all") as found:
        migration, _ = plan(found)
        found.start(migration.id)
        found.migration_run(migration.id)
        with found.runtime.database.read() as session:
            waiting = records.listing(session, 1, statuses=[SyncStatus.PENDING], lanes=[Lane.MIGRATION])
        number = waiting[0].number
        with found.runtime.database.write() as session:
            moves.retry(session, 1, found.clock.now(), who="test", numbers=[number])
        assert found.daily_run().pushed.posted == 1
        with found.runtime.database.read() as session:
            (record,) = records.by_numbers(session, 1, [number])
        assert record.status is SyncStatus.VERIFIED
        standing = found.until_done(migration.id)
        assert standing.completeness.is_complete


def test_pause_resume_and_cancel(shop_and_books: World) -> None:
    found = shop_and_books
    migration, _ = plan(found, window="00:00-06:00", per_window=7)
    found.start(migration.id, accepts_earlier_periods=True)
    report, standing = found.migration_run(migration.id)
    assert report.goes_on_at == datetime(2026, 9, 15, 22, 0, tzinfo=UTC)
    found.clock.go_to(report.goes_on_at)
    report, standing = found.migration_run(migration.id)
    assert report.pushed.posted == 7
    assert report.goes_on_at == datetime(2026, 9, 16, 22, 0, tzinfo=UTC)
    change(found, migration.id, MigrationState.PAUSED)
    found.clock.go_to(report.goes_on_at)
    report, standing = found.migration_run(migration.id)
    assert (report.pushed.posted, report.goes_on_at) == (0, None)
    with pytest.raises(SettingsInvalid, match="paused"):
        plan(found)
    change(found, migration.id, MigrationState.RUNNING)
    assert found.migration_run(migration.id)[0].pushed.posted == 7
    skipped = cancel(found.runtime, 1, migration.id, who="test")
    assert skipped > 0
    assert found.migration_run(migration.id)[0].goes_on_at is None
    assert len(found.invoices()) == 14
    # Another one takes up what was cancelled, and recognises what went over.
    again, _ = plan(found)
    found.start(again.id, accepts_earlier_periods=True)
    found.clock.go_to(found.clock.now() + timedelta(hours=1))
    standing = found.until_done(again.id)
    assert standing.counts.was_there == 14
    assert standing.completeness.is_complete
    assert len(found.invoices()) == 60 - sum(standing.counts.skipped.values())


@pytest.mark.parametrize("when", ["while reading the books", "while reading the shop"])
def test_a_plan_that_a_newer_one_replaces_meanwhile_says_so(
    shop_and_books: World, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    found = shop_and_books
    migration, _ = plan(found)
    found.start(migration.id)
    found.until_done(migration.id)  # so that there is something in the books to be remembered
    newer: list[Migration] = []
    connector, name = {
        "while reading the books": (Factuursturen, "read_documents_booked"),
        "while reading the shop": (Mijnwebwinkel, "read_orders_placed"),
    }[when]
    original = getattr(connector, name)

    def replacing(*arguments: Any) -> Any:
        monkeypatch.setattr(connector, name, original)
        newer.append(plan(found)[0])
        return original(*arguments)

    monkeypatch.setattr(connector, name, replacing)
    with pytest.raises(SettingsInvalid, match="replaced by a newer"):
        plan(found)
    assert newer[0].plan.was_there == len(found.invoices())
    assert found.start(newer[0].id).state is MigrationState.RUNNING


@pytest.mark.parametrize("when", ["while posting", "while reading", "by a pause"])
def test_it_stops_at_any_moment_and_goes_on_where_it_was(
    shop_and_books: World, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    found = shop_and_books
    migration, _ = plan(found)
    found.start(migration.id)

    class Died(BaseException):
        pass

    def dying_after(calls: int, original: Callable[..., Any]) -> Callable[..., Any]:
        left = [calls]

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                if when != "by a pause":
                    raise Died
                change(found, migration.id, MigrationState.PAUSED)
            return original(*args, **kwargs)

        return wrapped

    with monkeypatch.context() as patched:
        if when == "while reading":
            patched.setattr(migration_records, "meet", dying_after(3, migration_records.meet))
        else:
            patched.setattr(Factuursturen, "post_document", dying_after(9, Factuursturen.post_document))
        if when == "by a pause":
            report, _ = found.migration_run(migration.id)
            assert 9 <= report.pushed.posted <= 14  # those under way when it was paused, and no more
            assert report.goes_on_at is None
            change(found, migration.id, MigrationState.RUNNING)
        else:
            with pytest.raises(Died):
                found.migration_run(migration.id)
    found.clock.go_to(found.clock.now() + timedelta(minutes=5))
    standing = found.until_done(migration.id)
    assert standing.completeness.is_complete
    assert standing.counts.posted + standing.counts.was_there == migration.plan.posting(earlier_periods=False)
    references = [str(one["reference"]) for one in found.invoices()]
    assert len(references) == len(set(references)) == migration.plan.posting(earlier_periods=False)


def test_orders_of_a_vat_period_that_ends_meanwhile_stay_out(tmp_path: Path) -> None:
    eve = datetime(2026, 9, 30, 21, 0, tzinfo=UTC)  # an hour before the quarter ends in Amsterdam
    with world(tmp_path, now=eve, orders=60, days=60, per_hour=20) as found:
        with found.work() as work:
            migration, _ = plan_migration(
                work, date(2026, 8, 1), date(2026, 9, 29), window=DailyWindow(), per_window=None, who="test"
            )
        assert migration.plan.earlier_periods == 0
        found.start(migration.id)
        report, _ = found.migration_run(migration.id)
        assert report.pushed.posted == 10
        standing = found.until_done(migration.id)
        assert standing.counts.posted == 10
        assert standing.counts.skipped["EARLIER_VAT_PERIOD"] > 30
        assert standing.completeness.is_complete


def test_nothing_grows_with_the_number_of_orders(shop_and_books: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Days are read only as the budget gives room: what is read and waits stays below a chunk and a batch."""
    found = shop_and_books
    migration, _ = plan(found)
    spans: list[int] = []
    original = Mijnwebwinkel.read_orders_placed

    def watched(shop: Mijnwebwinkel, first: date, last: date) -> Any:
        spans.append((last - first).days + 1)
        return original(shop, first, last)

    monkeypatch.setattr(Mijnwebwinkel, "read_orders_placed", watched)
    migration, _ = plan(found, per_window=3)
    assert max(spans) == 7
    assert sum(spans) == (LAST - FIRST).days + 1
    spans.clear()
    found.start(migration.id, accepts_earlier_periods=True)
    _, standing = found.migration_run(migration.id)
    assert standing.counts.posted == 3
    assert standing.counts.met < 20
    assert sum(spans) < 30


def test_what_cannot_be_planned_is_refused(shop_and_books: World) -> None:
    with shop_and_books.work() as work:
        for first, last in ((LAST, FIRST), (FIRST, NOW.date())):
            with pytest.raises(SettingsInvalid, match="past days"):
                plan_migration(work, first, last, window=DailyWindow(), per_window=None, who="test")
