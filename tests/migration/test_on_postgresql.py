"""The tests of a migration's whole life once more, on PostgreSQL: they take every function of its store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.migration.test_migration import (
    test_a_plan_that_a_newer_one_replaces_meanwhile_says_so,
    test_a_plan_writes_nothing_and_comes_true,
    test_documents_that_the_books_hold_are_recognised_even_by_a_store_that_does_not_know_them,
    test_pause_resume_and_cancel,
    test_the_route_s_start_does_not_throw_a_migration_out_again,
)
from tests.migration.world import World, world
from tests.postgres import PostgreSQL

__all__ = [
    "test_a_plan_that_a_newer_one_replaces_meanwhile_says_so",
    "test_a_plan_writes_nothing_and_comes_true",
    "test_documents_that_the_books_hold_are_recognised_even_by_a_store_that_does_not_know_them",
    "test_pause_resume_and_cancel",
    "test_the_route_s_start_does_not_throw_a_migration_out_again",
]


@pytest.fixture
def shop_and_books(tmp_path: Path, postgresql: PostgreSQL) -> Iterator[World]:
    """As elsewhere in this folder, on PostgreSQL."""
    with postgresql.database(migrated=True) as address, world(tmp_path, database_url=address) as found:
        yield found
