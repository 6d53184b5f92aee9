from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from boekbrug.domain.clock import ManualClock
from tests.connectors.scripted import Meter, Server


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 10, 11, 20, 0, tzinfo=UTC))
