"""The simulators on loopback, and connectors opened on them through the registry."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from connectors import _http
from connectors.registry import CONNECTORS
from sandbox._registry import simulator_class
from sandbox._server import Running, running
from tests.conformance.sites import (
    INVOICE_SOURCES,
    LEDGERS,
    PAYMENT_TARGETS,
    SOURCES,
    TARGETS,
    InvoiceSite,
    LedgerSite,
    Site,
    SourceSite,
    TargetSite,
)
from tests.conformance.stands import STANDS


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[str], Running[Any]]]:
    with ExitStack() as stack:
        started: dict[str, Running[Any]] = {}

        def server(system: str) -> Running[Any]:
            if system not in started:
                started[system] = stack.enter_context(running(simulator_class(STANDS[system].simulator or system)()))
            return started[system]

        yield server


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "READ_PAUSE", 0.001)


@pytest.fixture
def source(request: pytest.FixtureRequest, servers: Callable[[str], Running[Any]]) -> Iterator[SourceSite]:
    with ExitStack() as stack:
        site = SourceSite(request.param, servers(request.param), stack)
        site.stand.fill(site.control, 3)
        yield site


@pytest.fixture
def target(request: pytest.FixtureRequest, servers: Callable[[str], Running[Any]]) -> Iterator[TargetSite]:
    with ExitStack() as stack:
        site = TargetSite(request.param, servers(request.param), stack)
        site.stand.empty(site.control)
        yield site


@pytest.fixture
def invoices(request: pytest.FixtureRequest, servers: Callable[[str], Running[Any]]) -> Iterator[InvoiceSite]:
    with ExitStack() as stack:
        site = InvoiceSite(request.param, servers(request.param), stack)
        site.stand.fill(site.control, 3)
        yield site


@pytest.fixture
def payments(request: pytest.FixtureRequest, servers: Callable[[str], Running[Any]]) -> Iterator[InvoiceSite]:
    with ExitStack() as stack:
        site = InvoiceSite(request.param, servers(request.param), stack)
        site.stand.fill(site.control, 8)
        yield site


@pytest.fixture
def ledger(request: pytest.FixtureRequest, servers: Callable[[str], Running[Any]]) -> Iterator[LedgerSite]:
    with ExitStack() as stack:
        site = LedgerSite(request.param, servers(request.param), stack)
        site.stand.empty(site.control)
        yield site


@pytest.fixture
def site(request: pytest.FixtureRequest, servers: Callable[[str], Running[Any]]) -> Iterator[Site]:
    with ExitStack() as stack:
        site = Site(request.param, servers(request.param), stack)
        site.control.reset()
        yield site


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that is logged anywhere while the test runs, at the chattiest level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test runs for every connector in the registry that has the capability."""
    wanted = {
        "source": SOURCES,
        "target": TARGETS,
        "invoices": INVOICE_SOURCES,
        "payments": PAYMENT_TARGETS,
        "ledger": LEDGERS,
        "site": list(CONNECTORS),
    }
    for fixture, systems in wanted.items():
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, systems, indirect=True)
