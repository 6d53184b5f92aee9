import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, event, text
from sqlmodel import Session

from boekbrug.store.database import Database
from tests.store.tenant_filter import refuse_unfiltered

POSTGRESQL = os.environ.get("BOEKBRUG_TEST_POSTGRESQL", "")  # the address of a server on which databases may be made


@pytest.fixture(params=["sqlite", "postgresql"] if POSTGRESQL else ["sqlite"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'boekbrug.db'}"
        return
    server = create_engine(POSTGRESQL, isolation_level="AUTOCOMMIT")
    name = f"boekbrug_test_{uuid4().hex}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    """A migrated database in which every statement that does not name its tenant raises."""
    opened = Database(address)
    opened.migrate()
    event.listen(opened._engine, "before_execute", refuse_unfiltered)
    yield opened
    opened.close()


@pytest.fixture
def writing(database: Database) -> Iterator[Session]:
    """One write transaction for the whole test."""
    with database.write() as session:
        yield session
