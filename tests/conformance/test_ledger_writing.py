"""Writing to books that are told every line: once and no more, whatever becomes of the answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from boekbrug.domain.bookings import Entry
from boekbrug.domain.documents import DocumentKind, ExternalRef, Side
from boekbrug.domain.errors import Conflict, OutcomeUnknown, RemoteUnavailable
from boekbrug.domain.money import Money
from connectors._capabilities import LedgerTarget
from tests.conformance.entries import CUSTOMER, DAY, SINCE, contact_for, entry
from tests.conformance.sites import LedgerSite, failure_of
from tests.conformance.test_writing import AFTER_THE_WRITE, taxes_of


def only(books: LedgerTarget, document: Entry) -> Any:
    [found] = books.find_documents(document.our_reference, since=SINCE, number=document.number)
    return found


@pytest.mark.parametrize("kind", DocumentKind)
def test_an_entry_comes_back_as_it_was_written(ledger: LedgerSite, kind: DocumentKind) -> None:
    books = ledger.open()
    document = entry(books, kind=kind)
    posted = books.post_entry(document)
    sign = -1 if kind.is_credit else 1
    assert (posted.number, posted.our_reference, posted.booked_on) == ("WF-1042", "BB-TEST-1042", DAY)
    assert posted.gross == posted.open_amount == document.gross * sign == Money.of("137.95") * sign
    assert posted.contact_ref == document.contact.target_ref and posted.contact == document.contact.contact
    assert {(line.ledger_account, line.vat_code): (line.net, line.tax) for line in posted.lines} == {
        (line.ledger_account, line.vat_code): (line.net * sign, line.tax_amount * sign) for line in document.lines
    }
    assert taxes_of(posted.tax_totals) == {
        total.rate: (total.tax.amount * sign, total.net and total.net.amount * sign)
        for total in document.expected_taxes
    }
    for reader in (books, ledger.open()):
        assert only(reader, document) == posted
        assert reader.find_documents(document.our_reference, since=SINCE) == [posted]


def test_writing_twice_makes_one(ledger: LedgerSite) -> None:
    books = ledger.open()
    before = ledger.documents()
    for document in (entry(books), entry(books, kind=DocumentKind.PURCHASE_INVOICE, our_reference="BB-TEST-P")):
        posted = books.post_entry(document)
        assert books.post_entry(document) == posted
        assert ledger.open().post_entry(document) == posted
    assert ledger.documents() == before + 2


@pytest.mark.parametrize("fault", AFTER_THE_WRITE, ids=str)
def test_an_entry_whose_answer_is_lost_is_found_and_not_doubled(ledger: LedgerSite, fault: dict[str, Any]) -> None:
    books = ledger.open(timeout=1)
    document = entry(books)
    before = ledger.documents()
    ledger.control.add_fault(**fault, when="after", times=1, **ledger.stand.document_write)
    try:
        posted = books.post_entry(document)
    except OutcomeUnknown as error:
        assert error.document == document.number
        posted = only(books, document)
    assert only(books, document) == posted == books.post_entry(document)
    assert ledger.documents() == before + 1


@pytest.mark.parametrize("fault", AFTER_THE_WRITE, ids=str)
def test_a_contact_whose_answer_is_lost_is_found_and_not_doubled(ledger: LedgerSite, fault: dict[str, Any]) -> None:
    books = ledger.open(timeout=1)
    before = ledger.contacts()
    ledger.control.add_fault(**fault, when="after", times=1, **ledger.stand.contact_write)
    try:
        made = books.create_contact(CUSTOMER, prices_include_tax=False, reverse_charged=False)
    except OutcomeUnknown:
        made = ledger.open().create_contact(CUSTOMER, prices_include_tax=False, reverse_charged=False)
    assert books.find_contacts(CUSTOMER) == [made]
    assert ledger.contacts() == before + 1


@pytest.mark.parametrize("side", Side)
def test_a_number_that_a_stranger_has_is_refused(ledger: LedgerSite, side: Side) -> None:
    books = ledger.open()
    kind = DocumentKind.INVOICE if side is Side.SALES else DocumentKind.PURCHASE_INVOICE
    document = entry(books, kind=kind)
    ledger.bookkeeper().book(side, document.number, document.contact.target_ref.id, Decimal(10), DAY)
    before = ledger.documents()
    error = failure_of(lambda: books.post_entry(document))
    assert type(error) is Conflict and [f.code for f in error.findings] == ["NUMBER_TAKEN"]
    assert (error.system, error.document) == (ledger.system, document.number)
    assert ledger.documents() == before
    assert list(books.list_numbers(side, "WF-")) == [document.number]


def test_only_exactly_our_reference_is_found(ledger: LedgerSite) -> None:
    books = ledger.open()
    books.post_entry(entry(books, "104"))
    books.post_entry(entry(books, "1042"))
    assert [f.our_reference for f in books.find_documents("BB-TEST-104", since=SINCE)] == ["BB-TEST-104"]
    for unknown in ("BB-TEST-10", "BB-TEST-10422", "104"):
        assert books.find_documents(unknown, since=SINCE) == []
        assert books.find_documents(unknown, since=SINCE, number="WF-1042") == []
    assert books.find_documents("BB-TEST-1042", since=SINCE, number="WF-104") == []
    assert books.find_documents("BB-TEST-1042", since=DAY + timedelta(days=1)) == []


def test_documents_are_read_back_by_their_refs(ledger: LedgerSite) -> None:
    books = ledger.open()
    posted = [books.post_entry(entry(books, str(number))) for number in range(1100, 1106)]
    refs = [document.target_ref for document in posted]
    gone = replace(refs[0], id="77777777")
    other = ExternalRef(refs[0].system, "other_kind", refs[0].id)
    assert ledger.open().read_documents([*refs, gone, other], since=SINCE) == dict(zip(refs, posted, strict=True))
    assert books.read_documents([], since=SINCE) == {}
    assert list(ledger.open().read_documents_booked(DAY)) == posted
    assert list(books.read_documents_booked(DAY + timedelta(days=1))) == []


def test_numbers_of_others_are_listed(ledger: LedgerSite) -> None:
    books, clerk = ledger.open(), ledger.bookkeeper()
    ours = entry(books)
    books.post_entry(ours)
    for number in ("WF-7", "wf-8", "2026-1"):
        clerk.book(Side.SALES, number, ours.contact.target_ref.id, Decimal(10), DAY)
    clerk.book(Side.PURCHASES, "WF-9", ours.contact.target_ref.id, Decimal(10), DAY)
    assert list(books.list_numbers(Side.SALES, "WF-")) == ["WF-7"]
    assert list(books.list_numbers(Side.PURCHASES, "WF-")) == ["WF-9"]
    assert set(books.list_numbers(Side.SALES, "")) == {"WF-7", "wf-8", "2026-1"}


def test_an_entry_that_cannot_be_read_back_may_have_been_written(ledger: LedgerSite) -> None:
    books = ledger.open()
    document = entry(books)
    books.post_entry(entry(books, "1"))
    ledger.control.add_fault("status", status=503, after=1)
    assert type(failure_of(lambda: books.post_entry(document))) is OutcomeUnknown
    ledger.control.clear_faults()
    assert only(books, document).gross == document.gross


def test_a_search_that_cannot_be_trusted_is_no_answer(ledger: LedgerSite) -> None:
    """Whoever hears "not there" writes: an error page must not be heard so."""
    books = ledger.open()
    ref = books.post_entry(entry(books)).target_ref
    for fault in ({"kind": "html", "status": 200}, {"kind": "status", "status": 200, "body": '{"error": "storing"}'},
                  {"kind": "status", "status": 200, "body": ""}, {"kind": "gibberish"},
                  {"kind": "status", "status": 200, "body": "<a/>"}):  # fmt: skip
        ledger.control.add_fault(**fault)
        for search in (
            lambda: books.find_documents("BB-TEST-1", since=SINCE),
            lambda: books.find_documents("BB-TEST-1", since=SINCE, number="WF-1"),
            lambda: books.find_contacts(CUSTOMER),
            lambda: list(books.read_open_items(Side.SALES)),
            lambda: list(books.read_payments(Side.SALES, SINCE, ["WF-1042"])),
            lambda: list(books.list_numbers(Side.SALES, "WF-")),
            lambda: books.read_documents([ref], since=SINCE),
        ):  # fmt: skip
            assert type(failure_of(search)) is RemoteUnavailable, fault
        ledger.control.clear_faults()


def test_every_switch_of_the_simulator_is_survived(ledger: LedgerSite) -> None:
    for number, switch in enumerate(ledger.stand.switches, start=2000):
        ledger.stand.empty(ledger.control)
        ledger.control.set_options(**switch.options)
        books = ledger.open(**switch.settings)
        document = entry(books, str(number))
        before = ledger.documents()
        assert books.find_documents(document.our_reference, since=SINCE, number=document.number) == [], switch
        posted = books.post_entry(document)
        other = ledger.open(**switch.settings)
        assert other.post_entry(document) == posted == only(other, document), switch
        assert other.find_documents(document.our_reference, since=SINCE) == [posted], switch
        assert other.read_documents([posted.target_ref], since=SINCE) == {posted.target_ref: posted}, switch
        assert ledger.documents() == before + 1, switch
        assert posted.gross == document.gross, switch
        credit = entry(books, str(number), DocumentKind.PURCHASE_CREDIT_NOTE, our_reference=f"BB-TEST-{number}P")
        assert books.post_entry(credit).gross == -credit.gross, switch
        assert other.post_entry(credit).our_reference == credit.our_reference, switch
        assert ledger.documents() == before + 2, switch
        for clerk_number in range(4):
            clerk = ledger.bookkeeper()
            clerk.book(Side.SALES, f"H{clerk_number}", document.contact.target_ref.id, Decimal(1), DAY)
        clerk.pay(Side.SALES, document.number, document.contact.target_ref.id, Decimal("37.95"), DAY)
        assert [(p.number, p.contact_code, p.amount.amount)
                for p in other.read_payments(Side.SALES, DAY, [document.number])] == [
            (document.number, document.contact.target_ref.id, Decimal("37.95"))], switch  # fmt: skip
        clerk.pay(Side.SALES, document.number, document.contact.target_ref.id, Decimal(100), DAY)
        assert document.number not in {item.number for item in other.read_open_items(Side.SALES)}, switch
        assert set(other.list_numbers(Side.SALES, "H")) == {"H0", "H1", "H2", "H3"}, switch
        clerk.note(document.contact.target_ref.id)
        moved = replace(CUSTOMER, phone="06-1")
        assert books.update_contact(document.contact, moved).contact.phone == "06-1", switch
        assert clerk.notes(document.contact.target_ref.id) == clerk.NOTES, switch
        stranger = replace(CUSTOMER, email="x@example.net", vat_number="", company_number="", code="",
                           address=replace(CUSTOMER.address, company="Nieuw", postcode="9"))  # fmt: skip
        assert other.find_contacts(stranger) == [], switch
        assert contact_for(other, replace(CUSTOMER, code="DB9")).target_ref == document.contact.target_ref, switch
