"""The database: one engine, read and write transactions, migrations.

SQLite serves one machine, PostgreSQL several; everything else in the store is the same for both.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session

from boekbrug.domain.errors import SettingsInvalid, StoreUnavailable
from boekbrug.store.tables import Table

BUSY_SECONDS = 30
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
_INSERTS: Mapping[str, Callable[..., sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


class Database:
    """An open database. Thread-safe; a session belongs to the thread that asked for it.

    `url` is an SQLAlchemy address of a SQLite file or of PostgreSQL. Raises SettingsInvalid for another.
    """

    def __init__(self, url: str) -> None:
        address = make_url(url)
        dialect = address.get_backend_name()
        if dialect == "postgresql":
            address = address.set(drivername="postgresql+psycopg")
        elif dialect != "sqlite" or not address.database or address.database == ":memory:":
            raise SettingsInvalid(
                f"the database is {address.render_as_string()}; it can be a SQLite file (sqlite:////folder/name.db) "
                "or PostgreSQL (postgresql://user@host/name)"
            )
        else:
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS} if dialect == "sqlite" else {})
        self._writing = self._engine.execution_options(writes=True)
        self._reading = self._engine.execution_options(postgresql_readonly=True)
        if dialect == "sqlite":
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that sees one state of the database and cannot write. Raises StoreUnavailable."""
        with self._available(writes=False), Session(self._reading) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that is committed at the end of the block, or rolled back when the block raises.

        On SQLite writers take turns from their first statement on, so what was read stays true until it is committed.
        On PostgreSQL the functions lock the row that they decide on.

        Raises StoreUnavailable. When the connection broke off during the commit, it may have been carried out or not.
        """
        with self._available(writes=True), Session(self._writing) as session, session.begin():
            yield session

    def migrate(self) -> None:
        """Brings the schema up to date. When several processes do so at once, one does and the others find it done."""
        with self._writing.begin() as connection:
            if self.dialect == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            command.upgrade(_alembic(connection), "head")

    def check(self) -> bool:
        """True when the schema is the one that this version of the program needs."""
        with self._reading.connect() as connection:
            present = MigrationContext.configure(connection).get_current_heads()
            return set(present) == set(ScriptDirectory.from_config(_alembic(connection)).get_heads())

    def check_models(self) -> None:
        """Raises alembic.util.AutogenerateDiffsDetected when tables and migrations disagree."""
        with self._reading.connect() as connection:
            command.check(_alembic(connection))

    @contextmanager
    def _available(self, *, writes: bool) -> Iterator[None]:
        try:
            yield
        except (OperationalError, InterfaceError, sqlite3.OperationalError) as error:
            # Chained to the driver's own error: SQLAlchemy's holds the statement with a customer's data.
            cause = error if isinstance(error, sqlite3.Error) else error.orig
            said = str(cause).strip()
            if "readonly" in said and not writes:
                raise  # our own mistake: SQLite says the same of a transaction that was opened for reading
            remedy = next((what for sign, what in _REMEDIES.items() if sign in said), _REMEDY)
            address = self._engine.url.render_as_string()
            raise StoreUnavailable(f"the database {address} cannot be used ({said}); {remedy}") from cause

    def close(self) -> None:
        """Lets go of all connections."""
        self._engine.dispose()


def insert_new(session: Session, table: type[Table], rows: Iterable[Mapping[str, object]]) -> None:
    """Inserts the rows, leaving out those that a unique constraint knows already."""
    statement = _INSERTS[session.get_bind().dialect.name](table).on_conflict_do_nothing()
    session.connection().execute(statement, [dict(row) for row in rows])


def _alembic(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "boekbrug.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


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


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later could not be upgraded when another wrote in between ("database is
    # locked" at once, whatever the time-out); one that will write says so at its beginning and waits for its turn.
    writes = connection.get_execution_options().get("writes", False)
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute("PRAGMA query_only = OFF" if writes else "PRAGMA query_only = ON")
    driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
