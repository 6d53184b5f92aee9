import multiprocessing
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Thread
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import String, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import AutoString, Session, select

from boekbrug.domain.budgets import Budget
from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.money import Money
from boekbrug.domain.records import Lane
from boekbrug.store import budgets, moves, records, runs, tenants
from boekbrug.store.columns import StorableText
from boekbrug.store.database import Database
from boekbrug.store.tables import DebtorRow, RecordRow, Table, TenantRow
from tests.store.samples import NOW, add_record, add_tenant, observation, observe


def test_migration_from_empty_makes_the_schema_current_and_is_repeatable(empty_address: str) -> None:
    database = Database(empty_address)
    assert not database.check()
    database.migrate()
    database.migrate()
    assert database.check()
    database.close()


def test_models_and_migrations_agree(address: str) -> None:
    database = Database(address)
    database.check_models()
    database.close()


def test_every_column_of_text_takes_whatever_comes_from_outside() -> None:
    columns = [column for table in Table.metadata.tables.values() for column in table.columns]
    assert [str(column) for column in columns if isinstance(column.type, String | AutoString)] == []
    assert sum(isinstance(column.type, StorableText) for column in columns) > 100


def test_the_first_migration_can_be_undone(empty_address: str) -> None:
    from alembic import command

    from boekbrug.store.database import _alembic

    database = Database(empty_address)
    database.migrate()
    with database._begun(writes=True) as connection:
        command.downgrade(_alembic(connection), "base")
    assert not database.check()
    database.close()


def test_debtors_known_to_a_connection_become_its_account_s(empty_address: str) -> None:
    from alembic import command

    from boekbrug.store.database import _alembic

    database = Database(empty_address)
    database.migrate()
    with database.write() as session:
        one, two, gone = (add_tenant(session, name) for name in ("one", "two", "gone"))
        # Two tenants of one account; the third one's login was changed, so that its debtors are of two accounts.
        for route, accounts in ((one, ["books"]), (two, ["books"]), (gone, ["books", "others"])):
            record_id = add_record(session, route).id
            for account in accounts:
                of = Budget(account=account, name="documents", limit=60, period=timedelta(hours=1))
                budgets.take(
                    session, [of], tenant_id=route.tenant_id, record_id=record_id, kind="document", lane=Lane.DAILY,
                    now=NOW, lease_seconds=60,
                )  # fmt: skip
    with database._begun(writes=True) as connection:
        command.downgrade(_alembic(connection), "0004")
    links = [(one, "a@x", "1"), (one, "b@x", "2"), (one, "c@x", ""), (two, "a@x", "1"), (gone, "d@x", "4")]
    with database._begun(writes=True) as connection:
        for route, customer, debtor in links:
            connection.exec_driver_sql(
                "INSERT INTO debtor_link"
                " (tenant_id, connection_id, customer_key, target_system, target_kind, target_id)"
                f" VALUES ({route.tenant_id}, {route.target.id}, '{customer}', 'factuursturen', 'client', '{debtor}')"
            )
    database.migrate()
    database.check_models()
    with database.read() as session:
        found = session.exec(select(DebtorRow.account, DebtorRow.customer_key, DebtorRow.target_id)).all()
    assert sorted(found) == [("books", "a@x", "1"), ("books", "b@x", "2")]
    database.close()


def test_documents_kept_before_are_found_by_what_their_snapshots_say(empty_address: str) -> None:
    from alembic import command

    from boekbrug.store.database import _alembic

    database = Database(empty_address)
    database.migrate()
    snapshots = {
        "10001": '{"customer": {"email": "Jos\u00e9@Example.com", "address": {"name": "Jos\u00e9  Smit"}}}',
        "10002": '{"contact": {"address": {"company": "Bakker & Zn"}}}',
        "10003": "",
    }
    with database.write() as session:
        route = add_tenant(session)
        ids = {n: add_record(session, route, n, snapshot=said, known_by=("x",)).id for n, said in snapshots.items()}
        moves.claim(session, route.tenant_id, ids["10002"], NOW, 60)
        ref = ExternalRef("factuursturen", "invoice", "7")
        moves.mark_posted(
            session, route.tenant_id, ids["10002"], NOW, target_ref=ref, target_number="F7", posted_at=NOW
        )
    with database._begun(writes=True) as connection:
        command.downgrade(_alembic(connection), "0006")
    database.migrate()
    with database.read() as session:
        found = session.exec(select(RecordRow.search).order_by(RecordRow.id)).all()
    assert found == ["10001\njose@example.com\njose smit", "10002\nf7\nbakker & zn", "10003"]
    database.close()


def _migrate(address: str) -> None:
    database = Database(address)
    database.migrate()
    assert database.check()


def test_processes_that_migrate_at_once_all_find_it_done(empty_address: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_migrate, args=(empty_address,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]


def test_an_address_of_another_kind_is_refused_without_its_password() -> None:
    with pytest.raises(SettingsInvalid, match="SQLite file") as caught:
        Database("mysql://root:hunter2@localhost/books")
    assert "hunter2" not in str(caught.value)


def test_a_read_transaction_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError), database.read() as session:
        add_tenant(session)


def test_a_write_transaction_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as session:
        add_tenant(session)
        1 / 0  # noqa: B018
    with database.read() as session:
        assert tenants.list_tenants(session) == []


def test_writers_that_read_first_take_turns_and_lose_nothing(database: Database) -> None:
    with database.write() as session:
        session.add(TenantRow(slug="counter", name="0", time_zone="", language="", created_at=NOW))

    def count() -> None:
        for _ in range(20):
            with database.write() as session:
                row = session.exec(select(TenantRow).with_for_update()).one()
                row.name = str(int(row.name) + 1)
                session.add(row)

    threads = [Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.exec(select(TenantRow.name)).one() == "80"


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_commit_is_on_the_disk_and_readers_do_not_wait(database: Database) -> None:
    with database.read() as session:
        pragmas = {
            name: session.connection().exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_a_row_cannot_hang_on_another_tenants_route(writing: Session) -> None:
    mine, theirs = add_tenant(writing, "mine"), add_tenant(writing, "theirs")
    with pytest.raises(LookupError):
        observe(writing, replace(mine, id=theirs.id), observation())
    with pytest.raises(IntegrityError):
        runs.start_run(writing, mine.tenant_id, theirs.id, flow_run_id="x", now=NOW)
    writing.rollback()


def test_no_amount_can_become_a_floating_point_number() -> None:
    kinds = {column.type.__class__.__name__ for table in Table.metadata.tables.values() for column in table.c}
    assert not kinds & {"Float", "Numeric", "DECIMAL", "REAL", "Double"}


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cents=st.integers(-99_999_999_999, 99_999_999_999), currency=st.sampled_from(["EUR", "SEK", "GBP"]))
def test_money_comes_back_as_it_was(database: Database, cents: int, currency: str) -> None:
    with database.write() as session:
        route = add_tenant(session)
        record = add_record(session, route, f"{cents}{currency}", gross=Money.of_cents(cents, currency))
    assert record.gross == Money.of_cents(cents, currency)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moment=st.datetimes(
        min_value=datetime(1990, 1, 1),
        max_value=datetime(2090, 1, 1),
        timezones=st.sampled_from(
            [ZoneInfo("Europe/Amsterdam"), timezone(timedelta(hours=-9, minutes=-30)), NOW.tzinfo]
        ),
    )
)
def test_moments_come_back_as_the_same_moment_aware_and_in_utc(database: Database, moment: datetime) -> None:
    with database.write() as session:
        route = add_tenant(session)
        record = add_record(session, route, moment.isoformat(), ordered_at=moment)
    assert record.ordered_at is not None
    assert record.ordered_at.timestamp() == moment.timestamp()
    assert record.ordered_at.utcoffset() == timedelta(0)


def test_a_moment_without_a_time_zone_is_refused(writing: Session) -> None:
    route = add_tenant(writing)
    with pytest.raises(Exception, match="timezone"):
        add_record(writing, route, ordered_at=datetime(2026, 1, 1))
    writing.rollback()


def test_nothing_is_left_open_when_the_file_is_closed(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    database.migrate()
    with database.write() as session:
        route = add_tenant(session)
        add_record(session, route)
        assert records.counts(session, route.tenant_id, route.id)
    database.close()
    with sqlite3.connect(tmp_path / "x.db") as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    plain.close()


def test_text_that_no_database_takes_does_not_end_a_run(writing: Session) -> None:
    route = add_tenant(writing)
    record = add_record(writing, route, source_status="pa\0id", reason="half \ud83d a smile")
    assert (record.source_status, record.reason) == ("pa\ufffdid", "half \ufffd a smile")


def test_changes_that_wait_together_are_each_committed_whatever_becomes_of_the_others(database: Database) -> None:
    def fail(session: Session) -> str:
        add_tenant(session, "never")
        raise ValueError("this one alone")

    with ThreadPoolExecutor(4) as pool:
        with database.write():  # on SQLite the changes wait for this one, and then go together
            asked = [pool.submit(database.change, lambda session, slug=slug: add_tenant(session, slug).tenant_id)
                     for slug in ("one", "two", "three")]  # fmt: skip
            failing = pool.submit(database.change, fail)
            time.sleep(0.2)
        ids = {future.result() for future in asked}
        with pytest.raises(ValueError, match="this one alone"):
            failing.result()
    with database.read() as session:
        found = {tenants.tenant_by_slug(session, slug).id for slug in ("one", "two", "three")}
        with pytest.raises(SettingsInvalid):
            tenants.tenant_by_slug(session, "never")
    assert ids == found


def test_changes_that_wait_together_are_committed_together(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'boekbrug.db'}")
    database.migrate()
    commits: list[object] = []
    event.listen(database._engine, "commit", commits.append)
    with ThreadPoolExecutor(4) as pool:
        with database.write():
            asked = [pool.submit(database.change, lambda _: None) for _ in range(4)]
            time.sleep(0.2)
        for future in asked:
            future.result()
    database.close()
    assert len(commits) < 4
