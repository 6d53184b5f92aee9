"""Writing documents: once, the right amounts, and found again by our reference."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from boekbrug.domain.bookings import Booking, BookingLine, Delivery
from boekbrug.domain.documents import Address, Contact, DocumentKind, ExternalRef, LineKind, PostedDocument, TaxTotal
from boekbrug.domain.errors import BoekbrugError, OutcomeUnknown, RemoteUnavailable
from boekbrug.domain.money import Money
from boekbrug.domain.tax import Tax, TaxCategory
from connectors._capabilities import BookingTarget
from tests.conformance.sites import TargetSite, failure_of

SINCE = datetime.now(UTC).date() - timedelta(days=3)
STANDARD = Tax(TaxCategory.STANDARD, Decimal(21), "NL")
REDUCED = Tax(TaxCategory.STANDARD, Decimal(9), "NL")
CUSTOMER = Contact(
    email="Jo.Voorbeeld@example.org",
    phone="06-12345678",
    address=Address(name="Jo Voorbeeld", street="Dorpsstraat 1", postcode="1234 AB", city="Oss", country="NL"),
)


def debtor_for(books: BookingTarget, contact: Contact = CUSTOMER) -> Any:
    found = books.find_contacts(contact)
    return found[0] if found else books.create_contact(contact, prices_include_tax=True, reverse_charged=False)


def line(books: BookingTarget, description: str, quantity: str, price: str, tax: Tax) -> BookingLine:
    reference_data = books.read_reference_data()
    code = next(code for code in reference_data.vat_codes if code.rate == tax.rate and not code.country)
    return BookingLine(
        kind=LineKind.ARTICLE,
        description=description,
        quantity=Decimal(quantity),
        unit_price=Money.of(price),
        tax=tax,
        vat_code=code.code,
        ledger_account=reference_data.ledger_accounts[0].code,
    )


def booking(books: BookingTarget, number: str = "1042", **changes: Any) -> Booking:
    """Two mugs and one tea, paid: 24.20 at 21 % and 10.90 at 9 %, VAT included."""
    document = Booking(
        kind=DocumentKind.INVOICE,
        source_ref=ExternalRef("shop", "order", number),
        our_reference=f"BB-TEST-{number}",
        number=number,
        debtor=debtor_for(books),
        prices_include_tax=True,
        lines=(line(books, "Mok", "2", "12.10", STANDARD), line(books, "Thee", "1", "10.90", REDUCED)),
        ledger_account=books.read_reference_data().ledger_accounts[0].code,
        currency="EUR",
        is_paid=True,
        payment_name="iDEAL",
        delivery=Delivery.NONE,
        expected_gross=Money.of("35.10"),
        expected_taxes=(
            TaxTotal(rate=Decimal(9), tax=Money.of("0.90"), net=Money.of("10.00")),
            TaxTotal(rate=Decimal(21), tax=Money.of("4.20"), net=Money.of("20.00")),
        ),
        reference_text=f"Order {number}",
    )
    return replace(document, **changes)


def post_once(books: BookingTarget, document: Booking) -> PostedDocument:
    """What every caller does: look first, then write."""
    found = books.find_documents(document.our_reference, since=SINCE)
    return found[0] if found else books.post_document(document)


def taxes_of(totals: tuple[TaxTotal, ...]) -> dict[Decimal, tuple[Decimal, Decimal | None]]:
    return {t.rate: (t.tax.amount, t.net.amount if t.net else None) for t in totals}


def test_a_document_comes_back_as_it_was_written(target: TargetSite) -> None:
    books = target.open()
    document = booking(books)
    posted = books.post_document(document)
    [found] = books.find_documents(document.our_reference, since=SINCE)
    assert found == posted and found.number
    assert found.our_reference == document.our_reference
    assert found.gross == document.expected_gross
    assert taxes_of(found.tax_totals) == taxes_of(document.expected_taxes)
    assert found.open_amount.is_zero
    assert found.contact_ref == document.debtor.target_ref
    assert found.contact.email.lower() == CUSTOMER.email.lower()
    assert found.contact.address.name == CUSTOMER.address.name
    assert found.contact.address.country == "NL"
    assert found.booked_on is not None and found.booked_on >= SINCE


def test_an_unpaid_document_stays_open(target: TargetSite) -> None:
    books = target.open()
    document = booking(books, is_paid=False, payment_name="")
    books.post_document(document)
    [found] = books.find_documents(document.our_reference, since=SINCE)
    assert found.open_amount == document.expected_gross


def test_a_credit_note_has_the_opposite_sign(target: TargetSite) -> None:
    books = target.open()
    credit = booking(books, "1050", kind=DocumentKind.CREDIT_NOTE, credits="1042", is_paid=False, payment_name="")
    books.post_document(credit)
    [found] = books.find_documents(credit.our_reference, since=SINCE)
    assert found.gross == -credit.expected_gross
    assert taxes_of(found.tax_totals) == {
        rate: (-tax, None if net is None else -net) for rate, (tax, net) in taxes_of(credit.expected_taxes).items()
    }


def test_posting_twice_makes_one(target: TargetSite) -> None:
    books = target.open()
    before = target.documents()
    document = booking(books)
    assert post_once(books, document) == post_once(target.open(), document)
    assert target.documents() == before + 1


def test_only_exactly_our_reference_is_found(target: TargetSite) -> None:
    books = target.open()
    books.post_document(booking(books, "104"))
    books.post_document(booking(books, "1042"))
    assert [found.our_reference for found in books.find_documents("BB-TEST-104", since=SINCE)] == ["BB-TEST-104"]
    for unknown in ("BB-TEST-10", "BB-TEST-10422", "104", "1042", "nothing"):
        assert books.find_documents(unknown, since=SINCE) == []


def test_documents_are_read_back_in_few_calls(target: TargetSite) -> None:
    books = target.open()
    refs = [books.post_document(booking(books, str(number))).target_ref for number in range(1100, 1106)]
    gone = ExternalRef(refs[0].system, refs[0].kind, "77777777")
    reader = target.open()
    calls = target.meter.calls
    found = reader.read_documents([*refs, gone], since=SINCE)
    assert set(found) == set(refs)
    assert all(found[ref].our_reference == f"BB-TEST-{1100 + index}" for index, ref in enumerate(refs))
    assert target.meter.calls - calls <= 4
    assert reader.read_documents([gone], since=SINCE) == {}
    assert set(reader.read_documents(refs[:1], since=SINCE)) == {refs[0]}
    assert reader.read_documents([], since=SINCE) == {}


def test_all_that_was_booked_can_be_listed(target: TargetSite) -> None:
    books = target.open()
    posted = [books.post_document(booking(books, str(number))) for number in range(1200, 1204)]
    listed = {document.target_ref: document for document in target.open().read_documents_booked(SINCE)}
    assert all(listed[document.target_ref] == document for document in posted)
    tomorrow = datetime.now(UTC).date() + timedelta(days=3)
    assert list(books.read_documents_booked(tomorrow)) == []


# -- debtors


def test_a_debtor_is_found_by_its_address_for_mail(target: TargetSite) -> None:
    books = target.open()
    assert books.find_contacts(CUSTOMER) == []
    made = books.create_contact(CUSTOMER, prices_include_tax=True, reverse_charged=False)
    assert (made.prices_include_tax, made.reverse_charged, made.is_active) == (True, False, True)
    assert made.contact.address.name == CUSTOMER.address.name
    for reader in (books, target.open()):
        assert reader.find_contacts(replace(CUSTOMER, email=CUSTOMER.email.upper())) == [made]
        assert reader.find_contacts(replace(CUSTOMER, email="o.Voorbeeld@example.org")) == []
        assert reader.read_contact(made.target_ref.id) == made
        assert reader.read_contact("66666666") is None
        assert reader.read_contact("") is None


def test_a_debtor_without_an_address_for_mail(target: TargetSite) -> None:
    books = target.open()
    contact = replace(CUSTOMER, email="")
    made = books.create_contact(contact, prices_include_tax=False, reverse_charged=True)
    assert (made.prices_include_tax, made.reverse_charged) == (False, True)
    assert books.find_contacts(contact) == [made]
    assert books.find_contacts(CUSTOMER) == []
    assert books.find_contacts(replace(contact, address=replace(contact.address, street="Dorpsstraat 2"))) == []


def test_of_two_debtors_the_same_company_is_preferred(target: TargetSite) -> None:
    books = target.open()
    company = replace(CUSTOMER, address=replace(CUSTOMER.address, company="Bloemen BV"))
    private = books.create_contact(CUSTOMER, prices_include_tax=True, reverse_charged=False)
    business = books.create_contact(company, prices_include_tax=True, reverse_charged=False)
    assert list(books.find_contacts(CUSTOMER)) == [private, business]
    assert list(books.find_contacts(company)) == [business, private]


def test_a_contact_that_does_not_fit_is_not_sent(target: TargetSite) -> None:
    books = target.open()
    before = target.debtors()
    assert books.check_contact(CUSTOMER) == ()
    nobody = Contact()
    assert any(finding.blocks for finding in books.check_contact(nobody))
    failure_of(lambda: books.create_contact(nobody, prices_include_tax=True, reverse_charged=False))
    assert target.debtors() == before


# -- the answer gets lost

AFTER_THE_WRITE: list[dict[str, Any]] = [
    {"kind": "cut"},
    {"kind": "cut", "reset": True},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 502},
    {"kind": "status", "status": 408},
    {"kind": "status", "status": 302},
    {"kind": "status", "status": 200},
    {"kind": "html", "status": 200},
    {"kind": "html", "status": 504},
    {"kind": "truncate", "keep": 0},
    {"kind": "truncate", "drop": 1},
    {"kind": "truncate", "keep": 1},
    {"kind": "truncate", "drop": 1, "honest": False},
    {"kind": "gibberish"},
    {"kind": "status", "status": 201, "body": "1"},
    {"kind": "status", "status": 201, "body": "99999999"},
    {"kind": "delay", "seconds": 1.5},
]


@pytest.mark.parametrize("fault", AFTER_THE_WRITE, ids=str)
def test_a_document_whose_answer_is_lost_is_found_and_not_doubled(target: TargetSite, fault: dict[str, Any]) -> None:
    books = target.open(timeout=1)
    document = booking(books)
    before = target.documents()
    target.control.add_fault(**fault, when="after", times=1, **target.stand.document_write)
    try:
        posted = books.post_document(document)
    except OutcomeUnknown as error:
        assert error.document == document.number
        posted = post_once(books, document)
    assert books.find_documents(document.our_reference, since=SINCE) == [posted]
    assert target.documents() == before + 1


@pytest.mark.parametrize("fault", AFTER_THE_WRITE, ids=str)
def test_a_debtor_whose_answer_is_lost_is_found_and_not_doubled(target: TargetSite, fault: dict[str, Any]) -> None:
    books = target.open(timeout=1)
    before = target.debtors()
    target.control.add_fault(**fault, when="after", times=1, **target.stand.debtor_write)
    try:
        made = books.create_contact(CUSTOMER, prices_include_tax=True, reverse_charged=False)
    except OutcomeUnknown:
        [made] = books.find_contacts(CUSTOMER)
    assert [made] == list(books.find_contacts(CUSTOMER))
    assert made.contact.address.name == CUSTOMER.address.name
    assert target.debtors() == before + 1


def test_a_document_that_cannot_be_read_back_may_have_been_written(target: TargetSite) -> None:
    books = target.open()
    document = booking(books)
    target.control.add_fault("status", status=503, method="GET")
    assert type(failure_of(lambda: books.post_document(document))) is OutcomeUnknown
    target.control.clear_faults()
    assert len(books.find_documents(document.our_reference, since=SINCE)) == 1


def test_a_search_that_cannot_be_trusted_is_no_answer(target: TargetSite) -> None:
    """Whoever hears "not there" writes: an error page must not be heard so."""
    books = target.open()
    document = booking(books)
    books.post_document(document)
    for fault in ({"kind": "html", "status": 200}, {"kind": "status", "status": 200, "body": '{"error": "storing"}'},
                  {"kind": "status", "status": 200, "body": ""}, {"kind": "gibberish"}):  # fmt: skip
        target.control.add_fault(**fault, method="GET", path="invoices")
        assert type(failure_of(lambda: books.find_documents("BB-TEST-1", since=SINCE))) is RemoteUnavailable
        target.control.clear_faults()
        target.control.add_fault(**fault, method="GET", path="clients")
        assert type(failure_of(lambda: target.open().find_contacts(CUSTOMER))) is RemoteUnavailable
        target.control.clear_faults()


# -- what is not known of the real system


def test_every_switch_of_the_simulator_is_survived(target: TargetSite) -> None:
    for number, options in enumerate(({}, *target.stand.switches), start=2000):
        target.stand.empty(target.control)
        target.control.set_options(**options)
        books = target.open()
        document = booking(books, str(number))
        before = target.documents()
        assert books.find_documents(document.our_reference, since=SINCE) == [], options
        posted = books.post_document(document)
        ref = posted.target_ref
        assert post_once(target.open(), document) == posted, options
        assert target.documents() == before + 1, options
        other = target.open()
        assert books.read_documents([ref], since=SINCE) == other.read_documents([ref], since=SINCE), options
        assert other.read_documents([ref], since=SINCE)[ref].gross == document.expected_gross, options
        assert len(other.find_contacts(replace(CUSTOMER, email=CUSTOMER.email.swapcase()))) == 1, options
        assert other.find_contacts(replace(CUSTOMER, email="x@example.net")) == [], options
        assert other.read_contact("66666666") is None, options
        failure = failure_of(
            lambda books=books, document=document: books.post_document(  # type: ignore[misc]
                replace(document, ledger_account="424242", our_reference="BB-REFUSED")
            )
        )
        assert isinstance(failure, BoekbrugError)


def test_a_stranger_may_have_the_same_number_shortened(target: TargetSite) -> None:
    """The answer is cut short and still is the number of something that exists."""
    books = target.open()
    stranger = books.post_document(booking(books, "1"))
    document = booking(books, "1042")
    target.control.add_fault(
        "status", status=201, body=stranger.number, when="after", times=1, **target.stand.document_write
    )
    assert books.post_document(document).target_ref != stranger.target_ref
    assert len(books.find_documents(document.our_reference, since=SINCE)) == 1
    someone = debtor_for(books)
    target.control.add_fault(
        "status", status=201, body=someone.target_ref.id, when="after", times=1, **target.stand.debtor_write
    )
    newcomer = replace(CUSTOMER, email="nieuw@example.org")
    made = books.create_contact(newcomer, prices_include_tax=True, reverse_charged=False)
    assert made.target_ref != someone.target_ref and made.contact.email == "nieuw@example.org"
