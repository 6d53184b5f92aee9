import sqlite3
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from boekbrug.domain.documents import DocumentKind, ExternalRef
from boekbrug.domain.records import SyncStatus
from boekbrug.store import moves, reports
from boekbrug.store.database import Database
from boekbrug.store.reports import DateKind, ReportFilter
from boekbrug.store.tenants import Route
from tests.store.samples import NOW, add_record, add_tenant, observation, observe

DAY = timedelta(days=1)


@pytest.fixture
def route(writing: Session) -> Route:
    """Ten orders, one a day, the newest today; 10003 and 10007 are booked, 10005 needs attention, 10009 has no date."""
    route, other = add_tenant(writing), add_tenant(writing, "other")
    add_record(writing, other, "10003")
    dated = {number: NOW - (10010 - number) * DAY for number in range(10001, 10011)}
    observe(
        writing,
        route,
        *(
            observation(
                str(number),
                ordered_at=None if number == 10009 else at,
                known_by=(f"{'Kim' if number % 2 else 'Jo'}@example.com", "Zoë  Visser" if number == 10006 else "Smit"),
                kind=DocumentKind.CREDIT_NOTE if number == 10002 else DocumentKind.INVOICE,
                wanted=SyncStatus.NEEDS_ATTENTION if number == 10005 else SyncStatus.PENDING,
            )
            for number, at in dated.items()
        ),
    )
    for number, at in ((10007, NOW - DAY), (10003, NOW)):
        post(writing, route, str(number), at)
    return route


def post(session: Session, route: Route, number: str, at: datetime) -> None:
    record = add_record(session, route, number)
    assert moves.claim(session, route.tenant_id, record.id, at, 60)
    target_ref = ExternalRef("factuursturen", "invoice", f"F{number}")
    moves.mark_posted(
        session, route.tenant_id, record.id, at, target_ref=target_ref, target_number=f"F{number}", posted_at=at
    )


def numbers(session: Session, route: Route, *, limit: int = 50, **wanted: object) -> list[int]:
    """All pages, one after the other."""
    found: list[int] = []
    after = None
    while True:
        chosen = ReportFilter(**wanted)  # type: ignore[arg-type]
        page = reports.report_page(session, route.tenant_id, chosen, after=after, limit=limit)
        found += [int(record.number) for record in page.records]
        after = page.next
        if after is None:
            return found


BY_DAY = [10010, 10008, 10007, 10006, 10005, 10004, 10003, 10002, 10001, 10009]


@pytest.mark.parametrize("limit", [1, 3, 10, 50])
def test_every_document_is_on_one_page_in_order(writing: Session, route: Route, limit: int) -> None:
    assert numbers(writing, route, limit=limit) == BY_DAY
    assert numbers(writing, route, limit=limit, newest_first=False) == [*BY_DAY[-2::-1], 10009]
    assert numbers(writing, route, limit=limit, by=DateKind.POSTED) == [10003, 10007]
    assert numbers(writing, route, limit=limit, statuses=frozenset({SyncStatus.PENDING})) == [
        number for number in BY_DAY if number not in (10003, 10005, 10007)
    ]


@pytest.mark.parametrize("few", [0, 2000])
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_gathering_and_walking_find_the_same(
    writing: Session, route: Route, limit: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "FEW", few)
    for newest_first in (True, False):
        found = numbers(
            writing,
            route,
            limit=limit,
            newest_first=newest_first,
            since=NOW - 7 * DAY,
            until=NOW,
            statuses=frozenset({SyncStatus.PENDING, SyncStatus.POSTED}),
            kinds=frozenset({DocumentKind.INVOICE}),
            route_id=route.id,
        )
        assert found == sorted([10008, 10007, 10006, 10004, 10003], reverse=newest_first)


def test_a_piece_of_text_is_looked_for_in_numbers_and_addresses(writing: Session, route: Route) -> None:
    assert numbers(writing, route, text="0007") == [10007]
    assert numbers(writing, route, text="f10003", limit=1) == [10003]
    assert numbers(writing, route, text="KIM@", limit=2) == [10007, 10005, 10003, 10001, 10009]
    assert numbers(writing, route, text="KIM@", since=NOW - 4 * DAY, until=NOW) == [10007]
    assert numbers(writing, route, text="zoe visser") == numbers(writing, route, text=" Visser ZOË ") == [10006]
    assert numbers(writing, route, text="visser kim@") == numbers(writing, route, text="10003 smit kim visser") == []
    for sign in "%_*?[":
        assert numbers(writing, route, text=sign) == [], "a sign is itself, not any other"


def test_what_is_more_than_can_be_gathered_is_said(
    writing: Session, route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MOST_FOUND", 3)
    page = reports.report_page(writing, route.tenant_id, ReportFilter(text="1000"))
    assert page.is_partial and len(page.records) == 3
    assert not reports.report_page(writing, route.tenant_id, ReportFilter(text="10010")).is_partial


def test_a_text_is_looked_for_in_the_latest_documents_unless_in_all_of_them(
    writing: Session, route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(**wanted: Any) -> tuple[list[int], bool]:
        page = reports.report_page(writing, route.tenant_id, ReportFilter(**wanted))
        return [int(record.number) for record in page.records], page.leaves_older

    everything = len(BY_DAY)
    monkeypatch.setattr(reports, "LOOKED_THROUGH", everything)
    assert found(text="KIM@") == ([10007, 10005, 10003, 10001, 10009], False)
    monkeypatch.setattr(reports, "LOOKED_THROUGH", 4)  # 10007 to 10010
    assert found(text="KIM@") == ([10007, 10009], True)
    assert found(text="KIM@", in_all=True) == ([10007, 10005, 10003, 10001, 10009], False)
    assert found(text=" 10003 ") == ([10003], True), "whoever types the whole number finds it, however old it is"
    assert found(text="0003") == ([], True)
    assert found(text="10003", statuses=frozenset({SyncStatus.HELD})) == ([], True)


def test_a_report_is_read_page_by_page(database: Database) -> None:
    with database.write() as session:
        route = add_tenant(session)
        observe(session, route, *(observation(str(n), ordered_at=NOW + n * DAY) for n in range(7)))
    found = [int(record.number) for record in reports.report(database, route.tenant_id, ReportFilter(), page=3)]
    assert found == [6, 5, 4, 3, 2, 1, 0]


def test_a_report_that_is_taken_along_lacks_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.write() as session:
        route = add_tenant(session)
        observe(session, route, *(observation(str(number)) for number in range(10001, 10011)))
    monkeypatch.setattr(reports, "LOOKED_THROUGH", 2)
    monkeypatch.setattr(reports, "MOST_FOUND", 1)
    taken = reports.report(database, route.tenant_id, ReportFilter(text="1000"), page=4)
    assert sorted(int(record.number) for record in taken) == list(range(10001, 10010))
    assert not list(reports.report(database, route.tenant_id, ReportFilter(text="nowhere")))


def test_what_was_booked_is_counted_by_status_of_all_routes_or_one(writing: Session, route: Route) -> None:
    def counted(until: datetime, **of: int) -> dict[str, int]:
        found = reports.posted_counts(writing, route.tenant_id, NOW - DAY, until, **of)
        return {status.value: count for status, count in found.items()}

    assert counted(NOW) == counted(NOW, route_id=route.id) == {"posted": 1, "verified": 0, "mismatch": 0}
    assert counted(NOW + DAY)["posted"] == counted(NOW + DAY, route_id=route.id)["posted"] == 2
    assert counted(NOW + DAY, route_id=route.id + 1)["posted"] == 0


def test_what_a_document_is_looked_for_by_follows_it(writing: Session, route: Route) -> None:
    post(writing, route, "10008", NOW)
    assert numbers(writing, route, text="f10008 jo@example.com smit") == [10008]
    changed = observation("10010", known_by=("new@example.com", "Anna Maes"), fingerprint="changed")
    observe(writing, route, changed)
    assert numbers(writing, route, text="maes new@") == [10010]
    assert 10010 not in numbers(writing, route, text="jo@")
    add_record(writing, route, "20001", known_by=("é" * 1000, "ж" * 1000))
    assert numbers(writing, route, text="20001 " + "e" * 300) == [20001], "no index takes more than a few hundred"


# PostgreSQL decides by what it knows of the table.
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_looking_for_a_text_walks_one_index_and_then_seeks(
    writing: Session, route: Route, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "LOOKED_THROUGH", 5)
    asked: list[tuple[str, Any]] = []
    connection = writing.connection().connection.driver_connection
    assert isinstance(connection, sqlite3.Connection)

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        asked.append((statement, parameters))

    event.listen(writing.connection().engine, "before_cursor_execute", note)
    reports.report_page(writing, route.tenant_id, ReportFilter(text="1000"))
    plans = [connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall() for statement, values in asked]
    assert [plan[0][3].partition(" INDEX ")[2] or plan[0][3].partition(" USING ")[2] for plan in plans] == [
        "ix_sync_record_search (tenant_id=?)",  # where the latest begin
        "ix_sync_record_number (tenant_id=? AND number=?)",
        "ix_sync_record_search (tenant_id=? AND id>?)",
        "INTEGER PRIMARY KEY (rowid=?)",  # those that were found, sorted
        "INTEGER PRIMARY KEY (rowid=?)",  # those of them without a date
        "ix_sync_record_search (tenant_id=? AND id=?)",  # the page
    ]


# PostgreSQL decides by what it knows of the table.
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_documents_are_found_by_their_ids_and_not_by_looking_at_all_of_them(database: Database) -> None:
    plans: list[str] = []
    with database.write() as session:
        connection = session.connection().connection.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        ids = ", ".join(str(number) for number in range(1, 51))
        asked = f"EXPLAIN QUERY PLAN SELECT * FROM sync_record WHERE tenant_id = 1 AND id IN ({ids})"
        plans += [str(row[3]) for row in connection.execute(asked)]
    assert plans and all("id=?" in plan.replace("tenant_id=?", "") for plan in plans), plans
