"""Proves what happens when something is away for a while: how the run ends, and that nothing is lost or double."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boekbrug.domain.records import SyncStatus
from boekbrug.store import tenants
from tests.crash.child import End
from tests.crash.harness import small_tenant
from tests.crash.world import KILLED, Shop, World

POSTS = {"method": "POST", "path": "/invoices$"}


@pytest.fixture
def tenant(w: World) -> Shop:
    return small_tenant(w)


@pytest.fixture
def file(w: World) -> Path:
    """The SQLite file. How PostgreSQL is away is told by its own tests."""
    if w.database.dialect != "sqlite":
        pytest.skip("SQLite only")
    return Path(w.settings["database_url"].removeprefix("sqlite:///"))


def _said(w: World, tenant: Shop) -> str:
    """The last that a run of the tenant said."""
    lines = [line for line in w.log.read_text().splitlines() if line.startswith(f"{tenant.slug}: ")]
    return lines[-1] if lines else ""


def _all_is_well(w: World, tenant: Shop, documents: int = 4) -> None:
    w.bring_to_rest(tenant)
    assert w.check(tenant) == []
    assert len(w.invoices(tenant)) == documents


def _fault(w: World, **fault: object) -> None:
    with w.books.lock:
        w.books.faults.add(fault)


# -- our own database


def test_database_locked(w: World, tenant: Shop, file: Path) -> None:
    other = sqlite3.connect(file, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        assert w.run(tenant, sabotage=["impatient_with_the_database"]) == End.STOPPED
    finally:
        other.close()
    assert "StoreUnavailable" in _said(w, tenant)
    assert "another process holds it" in _said(w, tenant)
    _all_is_well(w, tenant)


@pytest.mark.usefixtures("file")
def test_database_locked_right_after_a_write(w: World, tenant: Shop) -> None:
    assert w.run(tenant, sabotage=["locked_after_first_post"]) == End.STOPPED
    assert "StoreUnavailable" in _said(w, tenant)
    assert len(w.invoices(tenant)) == 1
    assert w.standing(tenant)[SyncStatus.IN_FLIGHT] == 1, "what became of it is looked up, not guessed"
    _all_is_well(w, tenant)


def test_database_file_away(w: World, tenant: Shop, file: Path) -> None:
    with _moved_away(w, file):
        file.mkdir()
        assert w.run(tenant) == End.STOPPED
        file.rmdir()
    assert "StoreUnavailable" in _said(w, tenant)
    assert "is it there" in _said(w, tenant)
    _all_is_well(w, tenant)


@contextmanager
def _moved_away(w: World, file: Path) -> Iterator[None]:
    w.database.close()
    elsewhere = file.parent / "elsewhere"
    elsewhere.mkdir()
    parts = list(file.parent.glob(f"{file.name}*"))
    for part in parts:
        part.rename(elsewhere / part.name)
    try:
        yield
    finally:
        for part in parts:
            (elsewhere / part.name).rename(part)
        elsewhere.rmdir()


@pytest.mark.usefixtures("file")
def test_disk_full(w: World) -> None:
    tenant = w.new_tenant(orders=12)
    for _ in range(3):  # it stays full for a while
        assert w.run(tenant, sabotage=["full_disk"]) == End.STOPPED
        assert "make room on the disk" in _said(w, tenant)
    _all_is_well(w, tenant, 12)


def test_store_restored_from_an_older_backup(w: World, tenant: Shop, file: Path) -> None:
    assert w.run(tenant, only="after post", kill_at=2) == KILLED
    backup = file.with_suffix(".backup")
    with sqlite3.connect(file) as source, sqlite3.connect(backup) as target:
        source.backup(target)
    w.bring_to_rest(tenant)
    assert len(w.invoices(tenant)) == 4

    w.database.close()
    for part in file.parent.glob(f"{file.name}*"):
        part.unlink()
    shutil.move(backup, file)
    assert w.standing(tenant)[SyncStatus.VERIFIED] == 0
    w.shared.move(4 * 24 * 3600)  # days later
    _all_is_well(w, tenant)


# -- the remote systems


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "cut"},
        {"kind": "html", "status": 200},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
def test_books_away_for_minutes(w: World, tenant: Shop, fault: dict[str, object]) -> None:
    _fault(w, **fault)
    for _ in range(2):
        assert w.run(tenant) == End.STOPPED
        assert "RemoteUnavailable" in _said(w, tenant)
        w.move(300)
    assert not w.invoices(tenant)
    _all_is_well(w, tenant)


def test_shop_away_for_minutes(w: World, tenant: Shop) -> None:
    with w.shop.lock:
        w.shop.faults.add({"kind": "cut"})
    assert w.run(tenant) == End.STOPPED
    assert "RemoteUnavailable" in _said(w, tenant)
    _all_is_well(w, tenant)


def test_credentials_revoked_between_two_invoices(w: World, tenant: Shop) -> None:
    _fault(w, kind="status", status=401, after=2, **POSTS)
    assert w.run(tenant) == End.STOPPED
    assert "NotAuthenticated" in _said(w, tenant)
    assert len(w.invoices(tenant)) == 2
    assert w.standing(tenant)[SyncStatus.IN_FLIGHT] == 0, "a refused login proves that nothing was written"
    _all_is_well(w, tenant)


@pytest.mark.parametrize("search_references", [True, False], ids=["search", "list"])
def test_invoice_written_after_we_gave_up_waiting(w: World, search_references: bool) -> None:
    tenant = w.new_tenant(orders=4, books={"timeout": 0.5, "concurrency": 1}, search_references=search_references)
    _fault(w, kind="delay", when="before", seconds=0.9, times=2, **POSTS)
    w.run(tenant)
    _all_is_well(w, tenant)


def test_look_up_that_fails_for_days_still_finds_the_invoice(w: World) -> None:
    # By the list alone, which is asked from the day of the write on; that is longer ago than what every run reads.
    tenant = w.new_tenant(orders=4, books={"concurrency": 1}, search_references=False)
    assert w.run(tenant, only="after post", kill_at=1) == KILLED
    w.move(10 * 24 * 3600)
    _fault(w, kind="status", status=503, path="/invoices")
    assert w.run(tenant) == End.STOPPED
    _all_is_well(w, tenant)


# -- several at once


def test_three_runs_of_one_tenant_at_once(w: World) -> None:
    tenant = w.new_tenant(orders=12)
    children = [w.start(tenant) for _ in range(3)]
    for child in children:
        child.join(120)
        assert child.exitcode in (End.DONE, End.STOPPED), w.log.read_text()[-3000:]
    _all_is_well(w, tenant, 12)


@pytest.mark.parametrize("sabotage", [[], ["customers_claimed_apart"]], ids=["", "sabotaged"])
def test_two_tenants_of_one_account_make_a_customer_once(w: World, sabotage: list[str]) -> None:
    one = w.new_tenant(orders=3)
    two = w.second_tenant(one)
    _fault(
        w, kind="delay", when="before", seconds=0.5, method="POST", path="/clients$"
    )  # both look before one makes it
    children = [w.start(tenant, sabotage=sabotage) for tenant in (one, two)]
    for child in children:
        child.join(120)
        assert child.exitcode in (End.DONE, End.STOPPED), w.log.read_text()[-3000:]
    for tenant in (one, two):
        w.bring_to_rest(tenant, sabotage=sabotage)
    assert len(w.invoices(one)) == 6
    assert bool(w.check_clients(one)) == bool(sabotage)


def test_one_tenant_broken_the_other_goes_on(w: World) -> None:
    broken, sound = w.new_tenants(2, orders=4)
    w.books.change_options({"suspended": [broken.login]})
    assert w.run(broken, pausing=True) == End.STOPPED
    assert "NotAuthenticated" in _said(w, broken)
    with w.database.read() as session:
        owner = tenants.tenant_by_slug(session, broken.slug)
        connection = tenants.connection_by_slug(session, owner.id, "boeken")
    assert connection.is_broken
    assert "401" in connection.reason
    _all_is_well(w, sound)

    w.books.change_options({"suspended": []})
    assert w.run(broken) == End.STOPPED
    assert "is paused" in _said(w, broken)
    with w.database.write() as session:
        tenants.resume_connection(session, owner.id, connection.id)
    _all_is_well(w, broken)


# -- the clock


def test_clock_set_back_while_a_document_is_in_flight(w: World, tenant: Shop) -> None:
    w.shared.skew = 1800
    assert w.run(tenant, only="after post", kill_at=2) == KILLED
    w.shared.skew = 0
    assert w.run(tenant) == End.DONE
    _all_is_well(w, tenant)


def test_orders_placed_after_a_clock_was_ahead_are_found(w: World, tenant: Shop) -> None:
    w.shared.skew = 5 * 24 * 3600  # beyond what is read again
    assert w.run(tenant) == End.DONE
    w.shared.skew = 0
    w.shop_control.post("orders/new", {"shop": tenant.token, "case": "plain"})
    w.bring_to_rest(tenant)
    assert w.check(tenant) == []
    assert len(w.invoices(tenant)) == 5
