"""What the suite for all connectors does not ask: the facts of Factuursturen itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from pydantic import SecretStr

from boekbrug.domain.documents import Address, Contact
from boekbrug.domain.errors import NotPermitted, RateLimited
from connectors import _http
from connectors._answers import Answer
from connectors._base import LimitSignal
from connectors._wire import JsonOut
from connectors.factuursturen import AccountCredentials, Factuursturen, Settings
from sandbox._registry import simulator_class
from sandbox._server import Running, running
from tests.connectors.scripted import Meter, Server, answering

COUNTRIES: JsonOut = [{"id": "146", "name": "Nederland"}, {"id": "22", "name": "België"}]
JAN = Contact(email="jan@example.org", address=Address(name="Jan Jansen", country="NL"))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "READ_PAUSE", 0.001)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Running[Any]]:
    with running(simulator_class("factuursturen")()) as server:
        yield server


def books_at(base_url: str, meter: Meter, **settings: Any) -> Factuursturen:
    credentials = AccountCredentials(username=SecretStr("demo1"), api_key=SecretStr("demo1-key"))
    return Factuursturen(Settings(base_url=base_url, **settings), credentials, meter)


def refused(headers: dict[str, str], at: datetime, status: int = 403) -> Answer:
    return Answer(status, headers, b"", at)


AT = datetime(2026, 3, 10, 11, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "headers", "signal"),
    [
        ("rolling", {"x-ratelimit-remaining": "0"}, LimitSignal(0, 3600)),
        ("clock_hour", {"x-ratelimit-remaining": "0"}, LimitSignal(0, 2405)),
        ("rolling", {"x-ratelimit-remaining": "0", "retry-after": "7"}, LimitSignal(0, 7)),
        ("rolling", {"x-ratelimit-remaining": "5"}, LimitSignal(5)),
        ("rolling", {}, None),
        ("rolling", {"x-ratelimit-remaining": "veel"}, None),
    ],
)
def test_what_a_403_says(meter: Meter, window: str, headers: dict[str, str], signal: LimitSignal | None) -> None:
    with books_at("http://127.0.0.1:1/", meter, limit_window=window) as books:
        assert books._limits(refused(headers, AT)) == signal


def test_a_good_answer_tells_what_is_left(meter: Meter) -> None:
    with books_at("http://127.0.0.1:1/", meter) as books:
        assert books._limits(refused({"x-ratelimit-remaining": "0"}, AT, 200)) == LimitSignal(0)


def test_the_limit_is_no_lack_of_rights(server: Server, meter: Meter) -> None:
    with books_at(server.base_url, meter) as books:
        server.plays(answering(403, "no", {"X-RateLimit-Remaining": "0"}))
        before = datetime.now(UTC)
        with pytest.raises(RateLimited) as caught:
            books.read_reference_data()
        assert caught.value.not_before is not None
        assert timedelta(minutes=60) <= caught.value.not_before - before < timedelta(minutes=61)
        server.plays(answering(403, "no", {"X-RateLimit-Remaining": "10"}))
        with pytest.raises(NotPermitted):
            books.read_reference_data()


class Accounts:
    """A few clients behind a search that behaves as it is told."""

    def __init__(self, server: Server, *, matches: str, fields: tuple[str, ...] = ("email", "all")) -> None:
        self.searches: list[str] = []
        self.lists = 0
        self.clients: list[dict[str, JsonOut]] = [
            {"clientnr": "1", "email": "", "contact": "Geen Mail", "tax_type": "intax"},
            {"clientnr": "2", "email": "Piet@Example.org", "contact": "Piet", "tax_type": "intax"},
            {"clientnr": "3", "email": "jan@example.org", "contact": "Jan Jansen", "tax_type": "intax"},
        ]

        def script(connection: Any, request: Any) -> None:
            parts = unquote(request.target).strip("/").split("/")[1:]
            body: JsonOut = COUNTRIES
            status = 200
            if parts == ["clients"]:
                self.lists += 1
                body = self.clients
            elif parts[:2] == ["search", "clients"]:
                self.searches.append(parts[2])
                value = parts[3]
                if parts[2] not in fields:
                    status, body = 404, "unknown"
                elif matches == "nothing":
                    body = []
                elif matches == "everything":
                    body = self.clients
                elif matches == "case":
                    body = [client for client in self.clients if client["email"] == value]
                else:
                    body = [client for client in self.clients if str(client["email"]).lower() == value.lower()]
            answering(status, body)(connection, request)

        server.plays(script)


@pytest.mark.parametrize(
    ("matches", "fields", "searched", "lists"),
    [
        ("ignoring case", ("email", "all"), ["email", "email", "email"], 1),
        ("ignoring case", ("all",), ["email", "all", "all", "all"], 1),
        ("ignoring case", (), ["email", "all"], 3),
        ("case", ("email", "all"), ["email", "all"], 3),
        ("nothing", ("email", "all"), ["email", "all"], 3),
        ("everything", ("email", "all"), ["email", "email", "email"], 1),
    ],
)
def test_a_search_is_trusted_when_it_was_seen_to_find(
    server: Server, meter: Meter, matches: str, fields: tuple[str, ...], searched: list[str], lists: int
) -> None:
    accounts = Accounts(server, matches=matches, fields=fields)
    with books_at(server.base_url, meter) as books:
        upper = Contact(email="JAN@EXAMPLE.ORG")
        assert [debtor.target_ref.id for debtor in books.find_contacts(JAN)] == ["3"]
        assert [debtor.target_ref.id for debtor in books.find_contacts(upper)] == ["3"]
        assert books.find_contacts(Contact(email="nobody@example.org")) == []
    assert (accounts.searches, accounts.lists) == (searched, lists)


def test_an_empty_administration_is_listed_until_there_is_someone(server: Server, meter: Meter) -> None:
    accounts = Accounts(server, matches="ignoring case")
    everyone, accounts.clients = accounts.clients, []
    with books_at(server.base_url, meter) as books:
        assert books.find_contacts(JAN) == []
        accounts.clients = everyone
        assert len(books.find_contacts(JAN)) == 1
        assert len(books.find_contacts(JAN)) == 1
    assert (accounts.lists, accounts.searches) == (2, ["email", "email"])


def test_the_limit_of_the_account_ends_the_writing_and_nothing_is_lost(simulator: Running[Any], meter: Meter) -> None:
    from tests.conformance.test_writing import SINCE, booking

    simulator.control.reset(clients=3, invoices_per_hour=3)
    with books_at(simulator.url, meter) as books:
        posted = [books.post_document(booking(books, str(number))) for number in range(3)]
        fourth = booking(books, "3")
        with pytest.raises(RateLimited) as caught:
            books.post_document(fourth)
        assert caught.value.not_before is not None
        assert caught.value.not_before > datetime.now(UTC) + timedelta(minutes=59)
        assert books.find_documents(fourth.our_reference, since=SINCE) == []
        simulator.control.advance(3601)
        assert books.post_document(fourth).number not in {document.number for document in posted}


def test_reference_data(simulator: Running[Any], meter: Meter) -> None:
    simulator.control.reset()
    with books_at(simulator.url, meter) as books:
        reference_data = books.read_reference_data()
        assert {"21", "9", "0"} <= {code.code for code in reference_data.vat_codes if not code.country}
        assert reference_data.ledger_accounts and all(account.name for account in reference_data.ledger_accounts)
        calls = meter.calls
        assert books.read_reference_data() is reference_data and meter.calls == calls, "asked once"


def test_every_country_of_the_list_is_recognised(simulator: Running[Any], meter: Meter) -> None:
    from boekbrug.domain.tax import EU_COUNTRIES

    simulator.control.reset()
    with books_at(simulator.url, meter) as books:
        known = books._countries().ids
    assert EU_COUNTRIES - {"MC"} <= set(known)
    assert {"GB", "US", "CH", "NO"} <= set(known)
