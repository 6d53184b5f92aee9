"""A real Prefect server, once per session and only when a test asks for it, and what it is asked."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from demo.stack import Stack
from tests.world import World

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The server, in a home of its own. Its first start makes its database, which takes half a minute."""
    with Stack(tmp_path_factory.mktemp("stack")) as stack:
        stack.environment["PYTHONPATH"] = str(ROOT)
        stack.start_server()
        stack.wait_for_server()
        yield stack


@pytest.fixture
def server(stack: Stack) -> Iterator[str]:
    """The server's address, for flows and clients of this process."""
    from prefect.settings import PREFECT_API_URL, PREFECT_LOGGING_TO_API_ENABLED, temporary_settings

    with temporary_settings({PREFECT_API_URL: stack.api_url, PREFECT_LOGGING_TO_API_ENABLED: True}):
        yield stack.api_url


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """Twelve orders, books without an hourly limit."""
    world = make_world(shop={"orders": 12}, books={"invoices_per_hour": 0, "clients": 3})
    world.demo_tenant(books={"documents_per_period": None})
    return world


def everything_in(stack: Stack) -> str:
    """All that the server keeps: every table of its database, as text."""
    with sqlite3.connect(stack.home / "prefect" / "prefect.db") as database:
        return "\n".join(database.iterdump())


@contextmanager
def environment_of(world: World) -> Iterator[dict[str, str]]:
    """What a child process needs to work on the world's installation."""
    yield os.environ | {
        "BOEKBRUG_HOME": str(world.runtime.settings.home),
        "BOEKBRUG_VIES_URL": world.vies.url,
        "PYTHONPATH": str(ROOT),
    }


def ask(call: Callable[[Any], Any]) -> Any:
    """Asks the server something through Prefect's own client."""
    from prefect.client.orchestration import get_client

    async def asked() -> Any:
        async with get_client() as client:
            return await call(client)

    return asyncio.run(asked())
