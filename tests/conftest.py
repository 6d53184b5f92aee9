"""Fixtures for tests of the steps, the command line and the flows. See `tests.world`.

Prefect's server starts only when a test asks for `prefect_server`, once per session, on a free port of its own.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import PostgreSQL, running
from tests.world import World, migrated_database, new_world


def pytest_configure(config: pytest.Config) -> None:
    # Before anything imports Prefect: it reads its settings then, and must not find those of whoever runs the tests.
    home = tempfile.TemporaryDirectory(prefix="boekbrug-prefect-", ignore_cleanup_errors=True)
    config.add_cleanup(home.cleanup)
    os.environ |= {
        "PREFECT_HOME": home.name,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    }
    os.environ.pop("PREFECT_API_URL", None)
    for name in [name for name in os.environ if name.startswith("BOEKBRUG_")]:
        del os.environ[name]


# The folders whose files take minutes, the longest first: begun last, one of them would keep one processor busy while
# the other has nothing left. (xdist's own order, by the number of tests in a file, puts them last.)
_BEGUN_FIRST = ("migration", "invoicing", "production", "dashboard", "crash", "flows", "steps", "store")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return _BEGUN_FIRST.index(folder) if folder in _BEGUN_FIRST else len(_BEGUN_FIRST)

    items.sort(key=place)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server, started for the first test that asks for it."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def database_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite database to copy."""
    return migrated_database(tmp_path_factory.mktemp("template"))


@pytest.fixture
def make_world(tmp_path: Path, database_template: Path) -> Iterator[Callable[..., World]]:
    """Makes worlds with other shops, books or settings (see `new_world`), closed at the end of the test."""
    with ExitStack() as stack:

        def make(**options: Any) -> World:
            home = tmp_path / f"world{len(list(tmp_path.iterdir()))}"
            return stack.enter_context(new_world(home, database_template, **options))

        yield make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A world with empty shops, empty books without an hourly limit, and the demo's first tenant."""
    world = make_world(books={"invoices_per_hour": 0})
    world.demo_tenant(books={"documents_per_period": None})
    return world
