"""Nothing lost, nothing twice, on PostgreSQL as well: some of the crash points in turn, and a small storm."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.crash.harness import Figures, storm, sweep
from tests.crash.world import World, world
from tests.postgres import PostgreSQL


@pytest.fixture(scope="module")
def on_postgresql(tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSQL) -> Iterator[World]:
    """A world whose store is a PostgreSQL database."""
    folder = tmp_path_factory.mktemp("crash-postgresql")
    with (
        postgresql.database(migrated=False) as url,
        world(folder, shop={"mix": "everyday", "days": 2}, database_url=url) as made,
    ):
        yield made


def test_killed_at_a_point_every_order_is_booked_once(on_postgresql: World) -> None:
    figures = Figures()
    sweep(on_postgresql, figures, every=12, first=3)
    assert figures.points > 3
    assert figures.problems == []


def test_a_migration_killed_at_a_point_books_every_order_once(on_postgresql: World) -> None:
    figures = Figures()
    sweep(on_postgresql, figures, "migration", every=45, first=30)
    assert figures.points > 2
    assert figures.problems == []


def test_in_a_storm_every_order_is_booked_once(on_postgresql: World) -> None:
    figures = Figures()
    storm(on_postgresql, figures, random.Random(5), orders=12, rounds=2)
    storm(on_postgresql, figures, random.Random(6), orders=12, rounds=2, history=14)
    assert figures.documents == 48
    assert figures.problems == []
