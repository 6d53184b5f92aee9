"""Every way a remote system can refuse or break, and the error that says what happens next."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from boekbrug.domain.documents import Side
from boekbrug.domain.errors import (
    BoekbrugError,
    ConnectionBroken,
    DocumentInvalid,
    NeedsAttention,
    NotAuthenticated,
    NotPermitted,
    OutcomeUnknown,
    RateLimited,
    RemoteUnavailable,
    SettingsInvalid,
)
from connectors._capabilities import Connector, InvoiceSource, OrderSource
from tests.conformance.sites import Site, TargetSite, failure_of
from tests.conformance.test_reading import FIRST, LAST, LONG_AGO
from tests.conformance.test_writing import CUSTOMER, SINCE, booking
from tests.connectors.scripted import Meter

READING: list[tuple[dict[str, Any], type[BoekbrugError]]] = [
    ({"kind": "status", "status": 401}, NotAuthenticated),
    ({"kind": "status", "status": 403}, NotPermitted),
    ({"kind": "status", "status": 404}, SettingsInvalid),
    ({"kind": "status", "status": 409}, RemoteUnavailable),
    ({"kind": "status", "status": 422, "body": "no"}, RemoteUnavailable),
    ({"kind": "status", "status": 429}, RateLimited),
    ({"kind": "status", "status": 429, "headers": {"Retry-After": "30"}}, RateLimited),
    ({"kind": "status", "status": 500}, RemoteUnavailable),
    ({"kind": "status", "status": 503, "headers": {"Retry-After": "30"}}, RemoteUnavailable),
    ({"kind": "html", "status": 200}, RemoteUnavailable),
    ({"kind": "html", "status": 503}, RemoteUnavailable),
    ({"kind": "status", "status": 302, "headers": {"Location": "/login"}}, RemoteUnavailable),
    ({"kind": "cut"}, RemoteUnavailable),
    ({"kind": "cut", "reset": True}, RemoteUnavailable),
    ({"kind": "cut", "when": "after"}, RemoteUnavailable),
    ({"kind": "truncate", "drop": 1}, RemoteUnavailable),
    ({"kind": "truncate", "keep": 10, "honest": False}, RemoteUnavailable),
    ({"kind": "gibberish"}, RemoteUnavailable),
    ({"kind": "delay", "seconds": 1.0}, RemoteUnavailable),
]

WRITING: list[tuple[dict[str, Any], type[BoekbrugError]]] = [
    ({"kind": "status", "status": 400, "body": "Veld ontbreekt"}, DocumentInvalid),
    ({"kind": "status", "status": 401}, NotAuthenticated),
    ({"kind": "status", "status": 403}, NotPermitted),
    ({"kind": "status", "status": 404}, DocumentInvalid),
    ({"kind": "status", "status": 409}, DocumentInvalid),
    ({"kind": "html", "status": 422}, DocumentInvalid),
    ({"kind": "status", "status": 429}, RateLimited),
    ({"kind": "status", "status": 429, "headers": {"Retry-After": "30"}}, RateLimited),
    ({"kind": "status", "status": 500}, OutcomeUnknown),
    ({"kind": "status", "status": 503}, OutcomeUnknown),
    ({"kind": "html", "status": 503}, OutcomeUnknown),
    ({"kind": "cut"}, OutcomeUnknown),
    ({"kind": "cut", "reset": True}, OutcomeUnknown),
    ({"kind": "html", "status": 200}, OutcomeUnknown),
]


def something_read(connector: Connector) -> list[Callable[[], object]]:
    """A first question to any connector, by what it can do."""
    if isinstance(connector, OrderSource):
        return [connector.read_statuses, lambda: list(connector.read_orders_placed(FIRST, LAST))]
    if isinstance(connector, InvoiceSource):
        return [connector.read_choices, lambda: list(connector.read_changed_invoices(Side.SALES, LONG_AGO))]
    return [connector.read_reference_data]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("fault", "expected"), READING, ids=str)
def test_a_read_that_fails(site: Site, fault: dict[str, Any], expected: type[BoekbrugError]) -> None:
    site.control.add_fault(**fault)
    timeout = 0.3 if fault["kind"] == "delay" else 10  # a busy machine is no time-out
    for read in something_read(site.open(timeout=timeout)):
        error = failure_of(read)
        assert type(error) is expected
        assert error.system == site.system
    for item in site.open(timeout=timeout).check():
        assert not item.ok and item.detail


@pytest.mark.parametrize(("fault", "expected"), WRITING, ids=str)
def test_a_write_that_is_refused_before_it_happens(
    target: TargetSite, fault: dict[str, Any], expected: type[BoekbrugError]
) -> None:
    books = target.open(timeout=1)
    document = booking(books)
    documents, debtors = target.documents(), target.debtors()
    target.control.add_fault(**fault, **target.stand.document_write)
    error = failure_of(lambda: books.post_document(document))
    assert type(error) is expected
    assert (error.system, error.document) == (target.system, document.number)
    if isinstance(error, NeedsAttention):
        assert [finding.code for finding in error.findings] == ["REFUSED_BY_BOOKS"]
    target.control.add_fault(**fault, **target.stand.debtor_write)
    newcomer = CUSTOMER.__class__(email="nieuw@example.org", address=CUSTOMER.address)
    create = lambda: books.create_contact(newcomer, prices_include_tax=True, reverse_charged=False)  # noqa: E731
    assert type(failure_of(create)) is expected
    target.control.clear_faults()
    assert (target.documents(), target.debtors()) == (documents, debtors)
    assert books.find_documents(document.our_reference, since=SINCE) == []
    assert books.find_contacts(newcomer) == []


def test_a_write_that_times_out_before_it_happens(target: TargetSite) -> None:
    books = target.open(timeout=0.3)
    document = booking(books)
    target.control.add_fault("delay", seconds=1.0, times=1, **target.stand.document_write)
    assert type(failure_of(lambda: books.post_document(document))) is OutcomeUnknown


def test_how_long_to_wait_is_passed_on(site: Site) -> None:
    site.control.add_fault("status", status=429, headers={"Retry-After": "90"})
    before = datetime.now(UTC)
    error = failure_of(something_read(site.open())[0])
    assert isinstance(error, RateLimited) and error.not_before is not None
    assert timedelta(seconds=90) <= error.not_before - before < timedelta(seconds=100)
    assert site.meter.heard_signals[-1].retry_after == 90


def test_nobody_there(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    gone = site.open(base_url=f"http://127.0.0.1:{port}/")
    assert type(failure_of(something_read(gone)[0])) is RemoteUnavailable


def test_nobody_there_to_write_to(target: TargetSite) -> None:
    document = booking(target.open())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    gone = target.open(base_url=f"http://127.0.0.1:{port}/")
    assert type(failure_of(lambda: gone.post_document(document))) is RemoteUnavailable


def test_wrong_credentials(site: Site) -> None:
    for name in site.stand.credentials:
        connector = site.open_with({**site.stand.credentials, name: "wrong-one"})
        failures = []
        for read in something_read(connector):
            try:
                read()
            except BoekbrugError as error:
                failures.append(error)
        assert failures and all(isinstance(error, ConnectionBroken) for error in failures)
        assert not list(connector.check())[-1].ok


def test_a_working_connection_says_so(site: Site) -> None:
    items = list(site.open().check())
    assert items and all(item.ok and item.detail for item in items)


def test_a_spent_budget_stops_every_call_before_it_leaves(site: Site) -> None:
    class Spent(Meter):
        def call(self, counts_as="", *, writes=False):  # type: ignore[no-untyped-def]
            raise RateLimited("no slot left")

    site.control.reset()
    connector = site.open(meter=Spent())
    for read in something_read(connector):
        assert type(failure_of(read)) is RateLimited
    assert site.control.log() == []


def test_no_call_goes_around_the_meter(site: Site) -> None:
    site.control.reset()
    connector = site.open()
    list(connector.check())
    for read in something_read(connector):
        read()
    assert site.meter.calls == len(site.control.log()) > 0


def test_no_write_goes_around_the_meter(target: TargetSite) -> None:
    books = target.open()
    books.post_document(booking(books))
    books.find_documents("nothing", since=SINCE)
    assert target.meter.calls == len(target.control.log())
