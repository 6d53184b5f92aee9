from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import Session

from boekbrug.store.database import Database
from tests.postgres import PostgreSQL
from tests.store.tenant_filter import refuse_unfiltered


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_address(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    with _address(backend, request, tmp_path, migrated=False) as address:
        yield address


@pytest.fixture
def address(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated database."""
    with _address(backend, request, tmp_path, migrated=True) as address:
        yield address


@contextmanager
def _address(backend: str, request: pytest.FixtureRequest, folder: Path, *, migrated: bool) -> Iterator[str]:
    if backend == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        with server.database(migrated=migrated) as address:
            yield address
        return
    address = f"sqlite:///{folder / 'boekbrug.db'}"
    if migrated:
        database = Database(address)
        database.migrate()
        database.close()
    yield address


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    """A database in which every statement that does not name its tenant raises."""
    opened = Database(address)
    event.listen(opened._engine, "before_execute", refuse_unfiltered)
    yield opened
    opened.close()


@pytest.fixture
def writing(database: Database) -> Iterator[Session]:
    """One write transaction for the whole test."""
    with database.write() as session:
        yield session
