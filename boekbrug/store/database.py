"""The database: one engine, read and write transactions, migrations.

SQLite serves one machine, PostgreSQL several; everything else in the store is the same for both.

On SQLite writers take turns. On PostgreSQL they run side by side (READ COMMITTED), so whoever decides by what it read
locks that first: `select(…).with_for_update(key_share=True)`, which lets others point at the row but not change it.
Locks are taken in one order, so that no two transactions wait for each other: tenant, route, account, then records by
their ids.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from sqlalchemy import URL, Connection, Engine, Insert, create_engine, event, exc, inspect, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.compiler import SQLCompiler
from sqlmodel import Session

from boekbrug.domain.errors import SettingsInvalid, StoreUnavailable
from boekbrug.store.tables import Table

if TYPE_CHECKING:
    from alembic.config import Config

BUSY_SECONDS = 30
_LOOKS_AGAIN = 0.003  # seconds after which a process that waits to write to SQLite looks again
# A run's process uses one connection per thread that writes, seldom more than a connector's usual four and its own; the
# rest is for connectors that are set to their most, 32 calls at once. What is not in use goes back to the server.
_KEPT_CONNECTIONS = 5
_MOST_CONNECTIONS = 33
# A server that vanished is noticed after this long, on either side; else a dead worker could keep the lock on an
# account, or a dead server a worker.
_REACH = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": BUSY_SECONDS * 1000,
    "application_name": "boekbrug",
}
_ON_CONNECT = (
    f"SET lock_timeout = '{BUSY_SECONDS}s'",
    f"SET idle_in_transaction_session_timeout = '{2 * BUSY_SECONDS}s'",
    "SET synchronous_commit = on",  # a commit is on the disk when it returns, whatever the server's default
)
T = TypeVar("T")
_MIGRATION_LOCK = 4_250_711  # any number, as long as no other program on the PostgreSQL server locks on it
ACROSS_TENANTS = {"across_tenants": True}
"""Execution options of the few statements that rightly look at several tenants; every other one names its tenant."""
# What to do about it, by what the database says.
_REMEDIES = {
    "locked": "another process holds it: look for one that hangs, or move to PostgreSQL",
    "full": "make room on the disk",
    "disk I/O": "look at the disk: it is full, broken or away",
    "readonly": "give this user the right to write the file and its folder",
    "no such": "run `boekbrug init` with this version of the program",
    "does not exist": "run `boekbrug init` with this version of the program",
}
_REMEDY = "is it there, running, and readable for this user?"


@dataclass(frozen=True, slots=True)
class _Change:
    """What a thread wants to be carried out, and where it waits for the outcome."""

    what: Callable[[Session], Any]
    outcome: Future[Any]


class Database:
    """An open database. Thread-safe; a session belongs to the thread that asked for it.

    `url` is an SQLAlchemy address of a SQLite file or of PostgreSQL. Raises SettingsInvalid for another.
    """

    def __init__(self, url: str) -> None:
        try:
            address = make_url(url)
        except exc.ArgumentError:
            raise SettingsInvalid(f"the database's address is not one; {_ADDRESSES}") from None
        dialect = address.get_backend_name()
        if dialect == "postgresql" or address.drivername == "postgres":
            self._engine = _postgresql(address.set(drivername="postgresql+psycopg"))
        elif dialect == "sqlite" and address.database and address.database != ":memory:":
            self._engine = _sqlite(address)
        else:
            raise SettingsInvalid(f"the database is {address.render_as_string()}; {_ADDRESSES}")
        self._writer = threading.Lock()
        self._changes: deque[_Change] = deque()
        # REPEATABLE READ is PostgreSQL's name for "one state of the database".
        one_state = {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
        self._reading = self._engine.execution_options(**(one_state if self.dialect == "postgresql" else {}))

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that sees one state of the database and cannot write. Raises StoreUnavailable."""
        with self._available(writes=False), self._begun(writes=False) as connection, _Joined(connection) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that is committed at the end of the block, or rolled back when the block raises.

        On SQLite writers take turns from their first statement on, so what was read stays true until it is committed.
        On PostgreSQL the functions lock the row that they decide on.

        Raises StoreUnavailable. When the connection broke off during the commit, it may have been carried out or not.
        """
        with self._available(writes=True), self._turn(), self._transaction() as session:
            yield session

    def change(self, what: Callable[[Session], T]) -> T:
        """What `what` returns, which is carried out in a write transaction and committed when this returns.

        On SQLite, where writers take turns, whoever has the turn carries out the changes of all threads that wait for
        it and commits them together: waiting for the disk costs more than the changes. So `what` may be run on another
        thread, and again when a change beside it failed: it does nothing but work on the session.
        """
        if self.dialect != "sqlite":
            with self.write() as session:
                return what(session)
        outcome: Future[T] = Future()
        self._changes.append(_Change(what, outcome))
        with self._turn():
            if not outcome.done():
                self._carry_out([self._changes.popleft() for _ in range(len(self._changes))])
        return outcome.result()

    def _carry_out(self, changes: Sequence[_Change]) -> None:
        """Every change is committed, with the others or alone, or its outcome says what went wrong."""
        try:
            with self._available(writes=True), self._transaction() as session:
                results = [change.what(session) for change in changes]
        except BaseException as error:
            if len(changes) == 1 or not isinstance(error, Exception):
                for change in changes:
                    change.outcome.set_exception(error)
                return
            for change in changes:
                self._carry_out([change])
            return
        for change, result in zip(changes, results, strict=True):
            change.outcome.set_result(result)

    def migrate(self) -> None:
        """Brings the schema up to date. When several processes do so at once, one does and the others find it done."""
        from alembic import command  # noqa: PLC0415 - only here and in the checks: no run needs it, and it loads slowly

        with self._available(writes=True), self._begun(writes=True) as connection:
            if self.dialect == "postgresql":
                connection.execute(text("SET LOCAL lock_timeout = 0"))  # however long another's migration takes
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            command.upgrade(_alembic(connection), "head")

    def check(self) -> bool:
        """True when the schema is the one that this version of the program needs."""
        from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - see `migrate`
        from alembic.script import ScriptDirectory  # noqa: PLC0415

        with self._available(writes=False), self._begun(writes=False) as connection:
            present = MigrationContext.configure(connection).get_current_heads()
            return set(present) == set(ScriptDirectory.from_config(_alembic(connection)).get_heads())

    def check_models(self) -> None:
        """Raises alembic.util.AutogenerateDiffsDetected when tables and migrations disagree."""
        from alembic import command  # noqa: PLC0415 - see `migrate`

        with self._begun(writes=False) as connection:
            command.check(_alembic(connection))

    def close(self) -> None:
        """Lets go of all connections."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with self._begun(writes=True) as connection, _Joined(connection) as session:
            yield session
            session.flush()

    @contextmanager
    def _begun(self, *, writes: bool) -> Iterator[Connection]:
        """A connection in a transaction, which ends with the block."""
        # SQLite's driver is told here and not by an event of the engine: an engine with events looks for listeners at
        # every statement, which costs a quarter of it.
        engine = self._engine if writes else self._reading
        with engine.connect() as connection, connection.begin():
            if self.dialect == "sqlite":
                _begin_sqlite(connection, writes=writes)
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """SQLite's writers look at growing intervals, up to 100 ms apart, whether it is their turn. Threads of one
        process take turns here instead, and meet only the writers of other processes there."""
        if self.dialect != "sqlite":
            yield
            return
        if not self._writer.acquire(timeout=BUSY_SECONDS):
            raise StoreUnavailable("the database is not available: another thread writes for too long")
        try:
            yield
        finally:
            self._writer.release()

    @contextmanager
    def _available(self, *, writes: bool) -> Iterator[None]:
        try:
            yield
        except (exc.DBAPIError, exc.TimeoutError, sqlite3.OperationalError) as error:
            said = _unavailable(error)
            if said is None or ("readonly" in said and not writes):
                raise  # our own mistake; of a transaction that was opened for reading SQLite says "readonly", too
            remedy = next((what for sign, what in _REMEDIES.items() if sign in said), _REMEDY)
            address = self._engine.url.render_as_string()
            # Chained to the driver's own error: SQLAlchemy's holds the statement with a customer's data.
            cause = error.orig if isinstance(error, exc.DBAPIError) else error
            raise StoreUnavailable(f"the database {address} is not available: {said}; {remedy}") from cause


class _Joined(Session):
    """A session inside a transaction that is begun and ended outside of it, so that it need not look for its connection
    at every statement."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, join_transaction_mode="rollback_only")
        self._connection = connection

    def connection(self, bind_arguments: Any = None, execution_options: Mapping[str, Any] | None = None) -> Connection:
        """The one of the transaction."""
        return self._connection


def insert_new(session: Session, table: type[Table], rows: Iterable[Mapping[str, object]]) -> int:
    """Inserts the rows, leaving out those that a unique constraint knows already. How many were new."""
    return session.connection().execute(_insert_new(table), [dict(row) for row in rows]).rowcount


class _InsertNew(Insert):
    """An insertion of what is not there yet. SQLAlchemy's own of either database are compiled anew at every call."""

    inherit_cache = True


@compiles(_InsertNew)
def _insertion_of_new(statement: _InsertNew, compiler: SQLCompiler, **options: Any) -> str:
    insertion = compiler.visit_insert(statement, **options)  # type: ignore[no-untyped-call]
    return f"{insertion} ON CONFLICT DO NOTHING"


@cache
def _insert_new(table: type[Table]) -> _InsertNew:
    # inline: no RETURNING of the new id, which would stand where the addition goes
    return _InsertNew(inspect(table, raiseerr=True).local_table).inline().execution_options(preserve_rowcount=True)


def _alembic(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - see `Database.migrate`

    # Its default is what the standard output was when Alembic was first loaded, which may be closed since.
    config = Config(stdout=sys.stdout)
    config.set_main_option("script_location", "boekbrug.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


_ADDRESSES = "it can be a SQLite file (sqlite:////folder/name.db) or PostgreSQL (postgresql://user@host/name)"


def _postgresql(address: URL) -> Engine:
    engine = create_engine(
        address,
        isolation_level="READ COMMITTED",
        connect_args={name: value for name, value in _REACH.items() if name not in address.query},
        pool_size=_KEPT_CONNECTIONS,
        max_overflow=_MOST_CONNECTIONS - _KEPT_CONNECTIONS,
        pool_pre_ping=True,
    )
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_postgresql(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    assert isinstance(connection, psycopg.Connection)
    connection.autocommit = True
    for statement in _ON_CONNECT:
        connection.execute(statement)
    connection.autocommit = False


# Classes of SQLSTATE (appendix A of PostgreSQL's manual) and single ones that say that the database is not there:
# connection lost, transaction rolled back (deadlock), resources exhausted, lock not available, ended by the
# administrator, system error, waited too long in a transaction, table missing.
_AWAY = ("08", "40", "53", "55P03", "57", "58", "25P03", "42P01")


def _unavailable(error: exc.DBAPIError | exc.TimeoutError | sqlite3.OperationalError) -> str | None:
    """What is the matter with the database, in a line; None when the mistake is in what it was asked."""
    if isinstance(error, exc.TimeoutError):
        return "all connections are in use"
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(cause, psycopg.Error):
        # Without a state it is the driver that speaks: it found no server, or lost it.
        lost = isinstance(cause, psycopg.OperationalError) and cause.sqlstate is None
        away = lost or getattr(error, "connection_invalidated", False) or (cause.sqlstate or "").startswith(_AWAY)
    else:
        away = isinstance(cause, sqlite3.OperationalError | sqlite3.InterfaceError)
    return str(cause).strip().partition("\n")[0] if away else None


def _sqlite(address: URL) -> Engine:
    assert address.database
    Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None  # transactions begin where _begin_sqlite says, not where the driver guesses
    _use_wal(connection)
    # FULL: a commit is on the disk when it returns. With NORMAL a power cut may take back the last commits of a WAL
    # database, and a document would be pending again although its write was sent. Measured on a small machine: 0.5 ms
    # per commit against 0.03 ms, which is nothing beside the remote request that each such commit announces.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Readers and one writer side by side. Stays with the file; SQLite does not wait by itself where two processes
    make the change at once."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection, *, writes: bool) -> None:
    # A transaction that reads first and writes later could not be upgraded when another wrote in between ("database is
    # locked" at once, whatever the time-out); one that will write says so at its beginning and waits for its turn.
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute("PRAGMA query_only = OFF" if writes else "PRAGMA query_only = ON")
    if writes:
        _take_turn(driver)
    else:
        driver.execute("BEGIN")


def _take_turn(driver: sqlite3.Connection) -> None:
    """Begins to write as soon as no other process does. SQLite itself looks again at growing intervals, up to 100 ms
    apart, while the turns of several processes last a few milliseconds each: the database would stand idle mostly, and
    who waits longest would look least often."""
    deadline = time.monotonic() + BUSY_SECONDS
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            time.sleep(_LOOKS_AGAIN * (0.5 + random.random()))  # noqa: S311 - so that not all of them look at once
    finally:
        driver.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
