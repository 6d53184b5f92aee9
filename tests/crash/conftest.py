"""One world for all crash tests; each test has tenants of its own in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crash.world import World, world


@pytest.fixture(scope="session")
def crash_database() -> str:
    """Address of the database that is crashed on; empty: SQLite in a folder of its own."""
    return ""


@pytest.fixture(scope="session")
def w(tmp_path_factory: pytest.TempPathFactory, crash_database: str) -> Iterator[World]:
    """The world."""
    folder = tmp_path_factory.mktemp("crash")
    with world(folder, shop={"mix": "everyday", "days": 2}, database_url=crash_database) as made:
        yield made


@pytest.fixture(autouse=True)
def _behaving(w: World) -> Iterator[None]:
    yield
    w.clear_faults()
    w.shared.skew = 0
