"""What all tests may ask for."""

from collections.abc import Iterator

import pytest

from tests.postgres import PostgreSQL, running


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server, started for the first test that asks for it."""
    with running() as server:
        yield server
