"""A store as a large installation has it after years, made by the database itself: a row costs microseconds.

A fifth of all documents are those of the first tenant, so that there is one with a million; the rest is dealt out to
all tenants in turn, as days bring them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import insert, text

from boekbrug.domain.documents import Address, Contact, ExternalRef, LineKind, Order, OrderLine, Payment, TaxTreatment
from boekbrug.domain.findings import Finding
from boekbrug.domain.money import Money
from boekbrug.domain.records import SyncStatus
from boekbrug.domain.snapshots import document_to_json
from boekbrug.domain.tenants import MappingRule, RoutePolicy
from boekbrug.store.database import Database
from boekbrug.store.rows import findings_to_json
from boekbrug.store.tables import (
    AttemptRow,
    ConnectionRow,
    MigrationRecordRow,
    RecordEventRow,
    RecordRow,
    RouteRow,
    RouteVersionRow,
    Table,
    TenantRow,
)

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
CODES = ("REFUSED_BY_BOOKS", "VAT_NUMBER_MISSING", "TOTAL_DIFFERS")
# Of a hundred documents of a route that has been in use for long; the rest is verified.
_STATUSES = (
    [SyncStatus.PENDING] * 4
    + [SyncStatus.NEEDS_ATTENTION] * 2
    + [SyncStatus.MISMATCH, SyncStatus.POSTED, SyncStatus.HELD, SyncStatus.IN_FLIGHT, SyncStatus.SKIPPED]
)
_NAMES = ("Jansen", "De Vries", "Bakker", "Visser", "Smit", "Meijer", "De Boer", "Mulder", "Peeters", "Maes", "Kuipers")
_CHUNK = 100_000
_CACHE = 2_000_000  # kB, of which SQLite otherwise takes two thousand
PERIOD = timedelta(hours=1)  # of the tenants' budgets
_VAT_RULES = tuple(
    MappingRule.model_validate({"kind": "vat", "match": {"band": band}, "gives": {"vat_code": code}})
    for band, code in (("high", "21"), ("low", "9"), ("eu", "0"), ("outside_eu", "0"))
)


def filled(path: Path, count: int, tenants: int) -> Database:
    """A store of so many documents with the ids from 1 on."""
    database = Database(f"sqlite:///{path}")
    database.migrate()
    add_tenants(database, tenants)
    values = {"tenants": tenants, "dealt": dealt(count), "now": _moment(NOW), "earlier": _moment(NOW.replace(hour=5))}
    values |= {"snapshot": _snapshot(), "findings": findings_to_json([Finding(CODES[0], {"answer": "no such debtor"})])}
    with _without_indexes(database, RecordRow):
        for first in range(1, count + 1, _CHUNK):
            with database.write() as session:
                last = min(first + _CHUNK - 1, count)
                session.connection().execute(text(_DOCUMENTS), values | {"first": first, "last": last})
    return database


def add_requests(database: Database) -> None:
    """For every booked document the request that booked it, by an account of its tenant's, and a step of its history.
    The documents of the latest period are those of the account's ledger."""
    with _without_indexes(database, AttemptRow, RecordEventRow):
        for statement in (_ACCOUNTS, _ATTEMPTS, _EVENTS):
            with database.write() as session:
                session.connection().execute(text(statement), {"now": _moment(NOW)})


def add_migrations(database: Database) -> None:
    """For every tenant a running migration, of the tenant's id, that met all documents of the tenant."""
    with _without_indexes(database, MigrationRecordRow):
        for statement in (_MIGRATIONS, _MET):
            with database.write() as session:
                session.connection().execute(text(statement), {"now": _moment(NOW)})


@contextmanager
def _without_indexes(database: Database, *tables: type[Table]) -> Iterator[None]:
    """Indexes are made once the tables are full: sorting beats millions of insertions at places by lot."""
    indexes = [index for table in tables for index in Table.metadata.tables[str(table.__tablename__)].indexes]
    with database.write() as session:
        session.connection().execute(text(f"PRAGMA cache_size = -{_CACHE}"))  # for as long as the connection lasts
        for index in indexes:
            index.drop(session.connection())
    yield
    with database.write() as session:
        for index in indexes:
            index.create(session.connection())
    database.close()  # and with it the memory, which no installation gives its connections


def dealt(count: int) -> int:
    """How many of so many documents are dealt out to all tenants: number 1 to the first, and so on."""
    return count - count // 5


def add_tenants(database: Database, count: int) -> None:
    """Tenants with a shop, books and a route; the route's id is the tenant's."""
    numbers = range(1, count + 1)
    own = {"settings": "{}", "removed": False, "broken": False, "reason": ""}
    policy = RoutePolicy(statuses=("Betaald",)).model_dump_json()
    mapping = f"[{','.join(rule.model_dump_json() for rule in _VAT_RULES)}]"
    rows: Mapping[type, list[dict[str, object]]] = {
        TenantRow: [
            {"id": n, "slug": f"t{n}", "name": f"T {n}", "time_zone": "Europe/Amsterdam", "language": "nl",
             "created_at": NOW}
            for n in numbers
        ],
        ConnectionRow: [
            own | {"id": 2 * n + end, "tenant_id": n, "slug": slug, "system": system} for n in numbers
            for end, slug, system in ((-1, "winkel", "mijnwebwinkel"), (0, "boeken", "factuursturen"))
        ],
        RouteRow: [
            {"id": n, "tenant_id": n, "slug": "verkoop", "source_id": 2 * n - 1, "target_id": 2 * n, "enabled": True,
             "removed": False, "schedule": "0 6 * * *", "version": 1}
            for n in numbers
        ],
        RouteVersionRow: [
            {"tenant_id": n, "route_id": n, "version": 1, "policy": policy, "mapping": mapping,
             "changed_by": "bench", "changed_at": NOW}
            for n in numbers
        ],
    }  # fmt: skip
    with database.write() as session:
        for table, values in rows.items():
            session.connection().execute(insert(table), values)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def _snapshot() -> str:
    """An ordinary order, which is number 0 of customer 0."""
    net, gross = Money.of("10.00"), Money.of("12.10")
    rate = Decimal(21)
    lines = tuple(
        OrderLine(
            kind=LineKind.ARTICLE,
            description=f"Espressokopje met schotel, handgedraaid, glazuur {number}",
            quantity=Decimal(1),
            net=net,
            gross=gross,
            rate=rate,
            source_id=str(number),
            product_group="servies",
        )
        for number in range(4)
    )
    address = Address(name="Kim NAME", street="Dorpsstraat 12", postcode="1234 AB", city="Utrecht", country="NL")
    return document_to_json(
        Order(
            source_ref=ExternalRef("mijnwebwinkel", "order", "NUMBER"),
            number="NUMBER",
            status_id="3",
            ordered_at=NOW,
            changed_at=NOW,
            currency="EUR",
            prices_include_tax=True,
            treatment=TaxTreatment.DOMESTIC,
            customer=Contact(email="MAIL", phone="0612345678", address=address),
            delivery_address=address,
            lines=lines,
            gross=Money.of("48.40"),
            payment=Payment(method="ideal"),
        )
    )


def _choice(lot: str, values: list[str] | tuple[str, ...]) -> str:
    return f"CASE {lot} {' '.join(f'WHEN {place} THEN {value!r}' for place, value in enumerate(values))} END"


# What is drawn by lot is drawn by multiplying the number (Knuth's hash), so that every filling is the same.
_DOCUMENTS = f"""
WITH RECURSIVE
number(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM number WHERE n < :last),
drawn AS (
  SELECT n, CASE WHEN n <= :dealt THEN (n - 1) % :tenants + 1 ELSE 1 END AS tenant,
    n * 2654435761 % 4294967296 / 4096 % 100 AS lot, n * 2246822519 % 4294967296 / 4096 AS minutes,
    n * 3266489917 % 4294967296 / 4096 AS other
  FROM number
),
document AS (
  SELECT *, coalesce({_choice("lot", [status.value for status in _STATUSES])}, 'verified') AS status,
    strftime('%Y-%m-%d %H:%M:%S.000000', :now, '-' || minutes || ' minutes') AS at,
    {_choice(f"other % {len(_NAMES)}", _NAMES)} AS name FROM drawn
),
fate AS (
  SELECT *, status IN ('posted', 'verified', 'mismatch') AS booked, status IN ('needs_attention', 'mismatch') AS wrong,
    replace(lower(name), ' ', '') || '.' || (other % 977) || '@example.com' AS mail FROM document
)
INSERT INTO sync_record (
  id, tenant_id, route_id, source_system, source_kind, source_id, kind, number, sequence, our_reference, status, wanted,
  version, lane, fingerprint, source_status, customer_key, ordered_at, gross_cents, currency, reason, finding_code,
  skipped_by, target_system, target_kind, target_id, target_number, claimed_until, created_at, updated_at, posted_at,
  findings, differences, accepted, snapshot, search
)
SELECT n, tenant, tenant, 'mijnwebwinkel', 'order', n, 'invoice', n, n, 'BB-' || n, status, 'pending',
  1, 1, printf('%064d', n), '3', mail, at, 1000 + other % 99000, 'EUR', '',
  iif(wrong, {_choice(f"other % {len(CODES)}", CODES)}, ''),
  '', iif(booked, 'factuursturen', ''), iif(booked, 'invoice', ''), iif(booked, n, ''), iif(booked, 'F' || n, ''),
  iif(status = 'in_flight', :earlier, NULL), at, at, iif(booked, at, NULL),
  iif(wrong, :findings, '[]'), '[]', '[]',
  replace(replace(replace(:snapshot, 'NUMBER', n), 'NAME', name), 'MAIL', mail),
  n || char(10) || iif(booked, 'f' || n || char(10), '') || mail || char(10) || 'kim ' || lower(name)
FROM fate
"""

_ACCOUNTS = "INSERT INTO account (id, name, latest_at, remaining_of) SELECT id, 'account ' || id, :now, '' FROM tenant"
# By way of the tenants, so that the index on what is booked is read and not the documents.
_BOOKED = "FROM tenant JOIN sync_record ON sync_record.tenant_id = tenant.id WHERE posted_at IS NOT NULL"
_ATTEMPTS = f"""
INSERT INTO attempt (tenant_id, record_id, account_id, budget, kind, lane, started_at, ends_at, outcome)
SELECT tenant_id, sync_record.id, tenant_id, 'documents', 'invoice', 1, posted_at, posted_at, 'written' {_BOOKED}
"""
_EVENTS = f"""
INSERT INTO record_event (tenant_id, record_id, at, status, who, reason, codes)
SELECT tenant_id, sync_record.id, posted_at, 'posted', '', '', '' {_BOOKED}
"""
_MIGRATIONS = """
INSERT INTO migration (
  id, tenant_id, route_id, state, first_on, last_on, window_from, window_to, accepts_earlier_periods, reached_on,
  planned_at, planned_by, started_at, started_by, ended_by, shop_count, artifact_id, plan, statement, problem
)
SELECT id, id, id, 'running', '2020-01-01', '2026-02-28', '00:00', '00:00', false, '2026-03-01',
  :now, 'bench', :now, 'bench', '', 1000000, '', '{}', '', '' FROM tenant
"""
_MET = """
INSERT INTO migration_record (tenant_id, migration_id, record_id, was_there)
SELECT tenant_id, tenant_id, id, id % 50 = 0 FROM sync_record ORDER BY tenant_id, id
"""
