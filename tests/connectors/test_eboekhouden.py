"""What only e-Boekhouden.nl has: a month's lists, windows, credentials in three parts, VAT that the books work out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from boekbrug.domain.documents import Address, Contact, DocumentKind, ExternalRef, Side
from boekbrug.domain.errors import NotAuthenticated, RateLimited, RemoteUnavailable
from boekbrug.domain.money import Money
from connectors._eboekhouden import (
    VAT_CODES,
    Relation,
    Tickets,
    by_match,
    codes_for,
    contact_findings,
    details_of,
    is_same,
)
from connectors._eboekhouden_rest_wire import MUTATION, posted_from_wire
from connectors._wire import Fields
from connectors.registry import open_connector
from sandbox._registry import simulator_class
from sandbox._server import Running, running
from tests.conformance.bookkeepers import EboekhoudenBookkeeper
from tests.conformance.entries import CUSTOMER, DAY, SINCE, entry, line
from tests.connectors.scripted import Meter

LOGIN = {"username": "demo1", "security_code_1": "demo1-code1", "security_code_2": "demo1-code2"}
Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Running[Any]]:
    with running(simulator_class("e-boekhouden-soap")(both=True, relations=3)) as started:
        yield started


@pytest.fixture
def opened(simulator: Running[Any], meter: Meter) -> Iterator[Opened]:
    simulator.control.reset()
    with ExitStack() as stack:

        def opens(login: dict[str, str] = LOGIN, system: str = "eboekhouden-soap", **settings: Any) -> Any:
            credentials = {name: SecretStr(value) for name, value in login.items()}
            values = {"base_url": simulator.root, "timeout": 5, **settings}
            return stack.enter_context(open_connector(system, values, credentials, meter))

        yield opens


@pytest.mark.parametrize(
    ("part", "named"),
    [("username", "user name or security code 1"), ("security_code_1", "user name or security code 1"),
     ("security_code_2", "security code 2")],
)  # fmt: skip
def test_the_part_of_the_login_that_is_wrong_is_named(opened: Opened, part: str, named: str) -> None:
    items = list(opened({**LOGIN, part: "fout"}).check())
    assert not items[-1].ok
    assert named in items[-1].detail


def test_a_check_says_which_administration_where_it_is_told(opened: Opened) -> None:
    told = {item.name: item for item in opened({"access_token": "demo1-token"}, "eboekhouden-rest").check()}
    assert "demo1" in told["administration"].detail and all(item.ok for item in told.values())


def test_lists_of_mutations_are_counted_apart(opened: Opened, meter: Meter) -> None:
    books = opened()
    posted = [books.post_entry(entry(books, str(number))) for number in range(8)]
    assert meter.counted["GetMutaties"] == 8
    assert opened().read_documents([document.target_ref for document in posted], since=SINCE)
    assert meter.counted["GetMutaties"] == 9
    [_, lists] = books._settings.call_limits
    assert (lists.calls, lists.seconds, lists.counts_as) == (5000, 31 * 86_400, "GetMutaties")


def test_booking_goes_on_when_the_months_lists_are_used_up(simulator: Running[Any], opened: Opened) -> None:
    books = opened()
    first = books.post_entry(entry(books, "1"))
    simulator.control.set_options(monthly_calls=1)
    second = books.post_entry(entry(books, "2"))
    assert (second.number, second.gross, second.open_amount) == ("WF-2", first.gross, first.gross)
    with pytest.raises(RateLimited) as limited:
        books.find_documents("BB-TEST-2", since=SINCE)
    now = datetime.now(ZoneInfo("Europe/Amsterdam"))
    begins = (now.replace(day=1) + timedelta(days=31)).date().replace(day=1)
    assert limited.value.not_before == datetime(begins.year, begins.month, 1, tzinfo=ZoneInfo("Europe/Amsterdam"))
    simulator.control.set_options(monthly_calls=0)
    assert books.read_documents([second.target_ref], since=SINCE) == {second.target_ref: second}


def test_confirming_can_wait_for_verification(opened: Opened, meter: Meter) -> None:
    books = opened(confirm_each=False)
    posted = books.post_entry(entry(books, kind=DocumentKind.PURCHASE_CREDIT_NOTE))
    assert "GetMutaties" not in meter.counted
    assert books.read_documents([posted.target_ref], since=SINCE) == {posted.target_ref: posted}


@pytest.mark.parametrize("order", ["ascending", "descending", "shuffled"])
@pytest.mark.parametrize("window", [4, 7, 500])
def test_no_mutation_is_lost_between_windows(simulator: Running[Any], opened: Opened, window: int, order: str) -> None:
    simulator.control.set_options(mutation_window=window, list_order=order)
    books, clerk = opened(mutation_window=window, confirm_each=False), EboekhoudenBookkeeper(simulator.root)
    contact = entry(books).contact.target_ref.id
    days = [DAY] * 9 + [DAY + timedelta(days=number) for number in range(4)] + [date(2030, 1, 1)] * 5
    for number, day in enumerate(days):
        clerk.book(Side.SALES, f"H{number}", contact, Decimal(1), day)
    refs = [books.post_entry(entry(books, str(number))).target_ref for number in range(10)]
    assert sorted(books.list_numbers(Side.SALES, "H")) == sorted(f"H{number}" for number in range(len(days)))
    assert {document.target_ref for document in books.read_documents_booked(SINCE)} == set(refs)
    assert set(books.read_documents(refs, since=SINCE)) == set(refs)
    for number in (0, 17):
        clerk.pay(Side.SALES, f"H{number}", contact, Decimal(1), DAY)
    numbers = [f"H{number}" for number in range(len(days))]
    assert {payment.number for payment in books.read_payments(Side.SALES, DAY, numbers)} == {"H0", "H17"}


def test_vat_that_rounds_otherwise_is_refused_with_what_the_books_say(opened: Opened) -> None:
    books = opened()
    wrong = entry(books, lines=(line("8000", "HOOG_VERK_21", "100.00", "21.05"),))
    with pytest.raises(Exception, match="CMUT010") as refused:
        books.post_entry(wrong)
    assert [finding.code for finding in refused.value.findings] == ["REFUSED_BY_BOOKS"]


def test_a_row_takes_its_share_of_the_vat_of_its_code() -> None:
    mutation = {
        "id": 7, "type": "2", "date": "2026-01-31T00:00:00", "invoiceNumber": "F1", "entryNumber": "BB-1",
        "relationId": 1, "inExVat": "IN", "vat": [{"vatCode": "HOOG_VERK_21", "amount": Decimal("3.47")}],
        "rows": [{"ledgerId": 5, "vatCode": "HOOG_VERK_21", "amount": 10},
                 {"ledgerId": 6, "vatCode": "HOOG_VERK_21", "amount": 10}],
    }  # fmt: skip
    posted = posted_from_wire(Fields(mutation), Contact(code="K1"), {5: "8000", 6: "8100"}, Money.zero())
    assert (posted.gross, posted.open_amount) == (Money.of("20.00"), Money.zero())
    assert posted.target_ref == ExternalRef("eboekhouden", MUTATION, "7")
    assert [(one.ledger_account, one.net, one.tax) for one in posted.lines] == [
        ("8000", Money.of("8.26"), Money.of("1.74")),
        ("8100", Money.of("8.27"), Money.of("1.73")),
    ]


def test_a_list_that_names_no_ids_is_helped_by_the_open_items(simulator: Running[Any], opened: Opened) -> None:
    books = opened({"access_token": "demo1-token"}, "eboekhouden-rest")
    document = entry(books)
    posted = books.post_entry(document)
    simulator.control.set_options(zero_ids=True)
    assert books.post_entry(document) == posted
    EboekhoudenBookkeeper(simulator.root).pay(
        Side.SALES, document.number, document.contact.target_ref.id, Decimal("137.95"), DAY
    )
    for read in (
        lambda: books.find_documents(document.our_reference, since=SINCE, number=document.number),
        lambda: list(books.read_payments(Side.SALES, DAY, [document.number])),
    ):
        with pytest.raises(RemoteUnavailable, match="is 0"):
            read()


def test_a_search_that_gives_too_many_relations_is_no_answer(simulator: Running[Any], opened: Opened) -> None:
    simulator.control.reset(relations=12)
    books = opened({"access_token": "demo1-token"}, "eboekhouden-rest", relations_read=5)
    with pytest.raises(RemoteUnavailable, match="relations_read"):
        books.find_contacts(CUSTOMER)


# -- pure


def test_a_ticket_is_renewed_once_by_however_many() -> None:
    opened = []
    tickets = Tickets(lambda: opened.append(1) or f"ticket {len(opened)}")  # type: ignore[func-returns-value]
    assert tickets.current() == tickets.current() == "ticket 1"
    threads = [Thread(target=tickets.lost, args=("ticket 1",)) for _ in range(8)]
    for thread in threads:
        thread.start()
        thread.join()
    assert tickets.current() == "ticket 2"
    tickets.lost("ticket 1")
    assert tickets.current() == tickets.returned() == "ticket 2" and tickets.returned() == ""


def test_a_ticket_that_cannot_be_had_is_asked_for_again() -> None:
    answers: Iterator[str | Exception] = iter([NotAuthenticated("no"), "ticket"])

    def open_session() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    tickets = Tickets(open_session)
    with pytest.raises(NotAuthenticated):
        tickets.current()
    assert tickets.current() == "ticket"


def test_vat_codes_are_those_of_the_suppliers_table() -> None:
    today = date(2026, 1, 1)
    usable = [code for code in VAT_CODES if code.valid_until is None or code.valid_until >= today]
    assert len({code.code for code in VAT_CODES}) == len(VAT_CODES)
    assert all(len(code.code) <= 12 and code.name for code in VAT_CODES)
    assert {code.code for code in usable if code.rate == 21} == {"HOOG_VERK_21", "HOOG_INK_21"}
    assert {code.code for code in usable if code.rate == 9} == {"LAAG_VERK_9", "LAAG_INK_9"}
    assert {code.code for code in VAT_CODES if code.rate is None} == {"AFW_VERK", "AFW"}


TEXT = st.text(max_size=200)
CONTACTS = st.builds(
    Contact, email=TEXT, phone=TEXT, vat_number=TEXT, company_number=TEXT, iban=TEXT, bic=TEXT, code=TEXT,
    address=st.builds(Address, name=TEXT, company=TEXT, street=TEXT, postcode=TEXT, city=TEXT,
                      country=st.sampled_from(["NL", "BE", "DE", ""])),
)  # fmt: skip


@given(CONTACTS)
def test_a_relation_made_of_a_contact_is_known_again(contact: Contact) -> None:
    details = details_of(contact)
    account = Relation("K1", details).account
    assert details_of(account.contact) == details or not details.get("name")
    codes = codes_for(contact)
    assert codes == codes_for(contact) and all(1 <= len(code) <= 15 for code in codes)
    if details.get("name") and not any(finding.blocks for finding in contact_findings(contact)):
        assert is_same(account, contact)
    elsewhere = replace(contact, code="", email="", vat_number="", company_number="", address=Address(name="Niemand"))
    assert by_match([account], elsewhere) == [] or details.get("name", "").casefold() == "niemand"
