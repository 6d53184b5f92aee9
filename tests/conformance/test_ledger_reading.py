"""What the books know besides: contacts, open items, payments; and one session for all threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

from boekbrug.domain.bookings import AccountKind
from boekbrug.domain.documents import Address, Contact, DocumentKind, ExternalRef, Side
from connectors.registry import CONNECTORS
from tests.conformance.entries import CUSTOMER, DAY, SINCE, contact_for, entry
from tests.conformance.sites import LedgerSite, failure_of


def test_what_can_be_chosen(ledger: LedgerSite) -> None:
    data = ledger.open().read_reference_data()
    kinds = {account.code: account.kind for account in data.ledger_accounts}
    assert kinds["1300"] is AccountKind.DEBTORS and kinds["1600"] is AccountKind.CREDITORS
    assert kinds["8000"] is AccountKind.RESULT and kinds["1010"] is AccountKind.CASH
    assert data.currency == "EUR"
    assert {(code.rate, code.side) for code in data.vat_codes} >= {(Decimal(21), side) for side in Side}


# -- contacts


def test_a_contact_is_created_once(ledger: LedgerSite) -> None:
    books = ledger.open()
    before = ledger.contacts()
    assert books.find_contacts(CUSTOMER) == []
    made = books.create_contact(CUSTOMER, prices_include_tax=False, reverse_charged=False)
    assert made.contact == replace(CUSTOMER, source_ref=None)
    assert made.target_ref == ExternalRef("eboekhouden", "relation", CUSTOMER.code) and made.is_active
    for reader in (books, ledger.open()):
        assert reader.create_contact(CUSTOMER, prices_include_tax=False, reverse_charged=False) == made
        assert reader.find_contacts(CUSTOMER) == [made]
        assert reader.read_contact(made.target_ref.id) == made
        assert reader.read_contact("66666666") is None
        assert reader.read_contact("") is None
    assert ledger.contacts() == before + 1


def test_a_contact_is_found_by_what_it_says(ledger: LedgerSite) -> None:
    books = ledger.open()
    made = contact_for(books)
    nothing = Contact(address=Address(name="Iemand anders"))
    by_name = Contact(address=replace(CUSTOMER.address, name=""))
    for contact in (
        replace(nothing, vat_number="nl 1234.56.789.b01"),
        replace(nothing, email=CUSTOMER.email.swapcase()),
        replace(nothing, company_number="12345678"),
        by_name,
        replace(by_name, address=replace(by_name.address, postcode="1234ab")),
        replace(by_name, code=CUSTOMER.code.lower(), address=replace(by_name.address, postcode="9999 XX")),
    ):
        assert ledger.open().find_contacts(contact) == [made], contact
    for contact in (
        nothing,
        replace(nothing, code=CUSTOMER.code),
        replace(nothing, email="o.Voorbeeld@example.org"),
        replace(by_name, address=replace(by_name.address, postcode="9999 XX")),
        replace(CUSTOMER, vat_number="NL999999999B99"),
    ):
        assert ledger.open().find_contacts(contact) == [], contact


def test_the_best_match_comes_first(ledger: LedgerSite) -> None:
    books = ledger.open()
    by_email = replace(CUSTOMER, code="A1", vat_number="", source_ref=None,
                       address=replace(CUSTOMER.address, company="Ander BV"))  # fmt: skip
    weaker = books.create_contact(by_email, prices_include_tax=False, reverse_charged=False)
    best = books.create_contact(CUSTOMER, prices_include_tax=False, reverse_charged=False)
    assert list(books.find_contacts(CUSTOMER)) == [best, weaker]


def test_a_code_that_is_taken_or_too_long_gets_another(ledger: LedgerSite) -> None:
    books = ledger.open()
    first = contact_for(books)
    namesake = Contact(code=CUSTOMER.code, address=Address(name="Piet", postcode="1"), email="piet@example.org")
    second = books.create_contact(namesake, prices_include_tax=False, reverse_charged=False)
    assert second.target_ref != first.target_ref and second.contact.address.name == "Piet"
    assert books.create_contact(namesake, prices_include_tax=False, reverse_charged=False) == second
    long = replace(namesake, code="X" * 16, email="klaas@example.org", address=Address(name="Klaas"))
    third = books.create_contact(long, prices_include_tax=False, reverse_charged=False)
    assert third.contact.email == "klaas@example.org" and len(third.target_ref.id) <= 15


def test_a_change_keeps_what_the_source_does_not_know(ledger: LedgerSite) -> None:
    books, clerk = ledger.open(), ledger.bookkeeper()
    made = contact_for(books)
    clerk.note(made.target_ref.id)
    changed = Contact(email="nieuw@example.org", address=replace(CUSTOMER.address, street="Kade 9", name=""))
    for _ in range(2):
        account = books.update_contact(made, changed)
        assert account.contact == replace(
            made.contact, email="nieuw@example.org", address=replace(CUSTOMER.address, street="Kade 9")
        )
        assert ledger.open().read_contact(made.target_ref.id) == account
        assert clerk.notes(made.target_ref.id) == clerk.NOTES  # type: ignore[attr-defined]


def test_a_contact_that_does_not_fit_is_not_sent(ledger: LedgerSite) -> None:
    books = ledger.open()
    before = ledger.contacts()
    assert books.check_contact(CUSTOMER) == ()
    for wrong in (Contact(), replace(CUSTOMER, email="a" * 150 + "@example.org")):
        assert any(finding.blocks for finding in books.check_contact(wrong))
        failure_of(lambda wrong=wrong: books.create_contact(wrong, prices_include_tax=False, reverse_charged=False))  # type: ignore[misc]
    assert ledger.contacts() == before
    long = replace(CUSTOMER, address=replace(CUSTOMER.address, company="B" * 120))
    assert [finding.code for finding in books.check_contact(long)] == ["TEXT_SHORTENED"]
    assert contact_for(books, long).contact.address.company == "B" * 100
    assert contact_for(books, long).target_ref.id == CUSTOMER.code


# -- open items and payments


def test_open_items_and_payments_of_both_sides(ledger: LedgerSite) -> None:
    books, clerk = ledger.open(), ledger.bookkeeper()
    for side, kind in ((Side.SALES, DocumentKind.INVOICE), (Side.PURCHASES, DocumentKind.PURCHASE_INVOICE)):
        assert list(books.read_open_items(side)) == []
        document = entry(books, side.value, kind)
        code = document.contact.target_ref.id
        posted = books.post_entry(document)
        [item] = books.read_open_items(side)
        assert (item.side, item.number, item.contact_code, item.booked_on) == (side, document.number, code, DAY)
        assert item.gross == item.open_amount == document.gross
        clerk.pay(side, document.number, code, Decimal("37.95"), DAY + timedelta(days=5))
        [item] = books.read_open_items(side)
        assert (item.gross.amount, item.open_amount.amount) == (Decimal("137.95"), Decimal("100.00"))
        clerk.pay(side, document.number, code, Decimal("100.00"), DAY + timedelta(days=9))
        assert list(books.read_open_items(side)) == []
        assert books.read_documents([posted.target_ref], since=SINCE)[posted.target_ref].open_amount.is_zero
        many = [document.number, *(f"X{number}" for number in range(50))]
        for numbers in ([document.number], many):
            payments = list(books.read_payments(side, DAY, numbers))
            assert [(p.side, p.number, p.contact_code, p.paid_on, p.amount.amount) for p in payments] == [
                (side, document.number, code, DAY + timedelta(days=5), Decimal("37.95")),
                (side, document.number, code, DAY + timedelta(days=9), Decimal("100.00")),
            ]
            assert len({payment.target_ref for payment in payments}) == 2
            late = books.read_payments(side, DAY + timedelta(days=6), numbers)
            assert [payment.amount.amount for payment in late] == [Decimal("100.00")]
        assert list(books.read_payments(side, DAY, ["X1"])) == list(books.read_payments(side, DAY, [])) == []
        other = Side.PURCHASES if side is Side.SALES else Side.SALES
        assert list(books.read_payments(other, DAY, [document.number])) == []


def test_a_credit_is_open_below_nothing(ledger: LedgerSite) -> None:
    books = ledger.open()
    credit = entry(books, kind=DocumentKind.CREDIT_NOTE)
    books.post_entry(credit)
    [item] = books.read_open_items(Side.SALES)
    assert item.gross == item.open_amount == -credit.gross
    ledger.bookkeeper().pay(Side.SALES, credit.number, item.contact_code, -credit.gross.amount, DAY)
    [repayment] = books.read_payments(Side.SALES, DAY, [credit.number])
    assert repayment.amount == -credit.gross
    assert list(books.read_open_items(Side.SALES)) == []


# -- the session


def test_a_session_that_ran_out_is_opened_anew_once(ledger: LedgerSite) -> None:
    books = ledger.open(concurrency=4)
    document = entry(books)
    ledger.control.advance(2 * 3600)
    fault = ledger.control.add_fault("delay", seconds=0.1, **ledger.stand.login_call)
    together = Barrier(4)

    def read(_: int) -> object:
        together.wait()
        return list(books.read_open_items(Side.SALES))

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(read, range(4))) == [[]] * 4
    [rule] = [rule for rule in ledger.control.faults() if rule["id"] == fault]
    assert rule["matched"] == 1
    ledger.control.advance(2 * 3600)
    assert books.post_entry(document).gross == document.gross
    assert ledger.documents() == 1


def test_two_connections_of_one_login_may_close_each_others_session(ledger: LedgerSite) -> None:
    ledger.control.set_options(single_session=True)
    one, other = ledger.open(), ledger.open()
    for number in range(3):
        document = entry(one if number % 2 else other, str(number))
        (one if number % 2 else other).post_entry(document)
    assert ledger.documents() == 3


def test_a_route_moves_between_the_interfaces_without_booking_again(ledger: LedgerSite) -> None:
    """Both speak of the same books: each finds what the other booked, by reference and number, and books it no more."""
    [other_name] = [name for name in CONNECTORS if name.startswith("eboekhouden") and name != ledger.system]
    other = LedgerSite(other_name, ledger.server, ledger.stack).open()
    books = ledger.open()
    document = entry(books)
    posted = books.post_entry(document)
    [found] = other.find_documents(document.our_reference, since=SINCE, number=document.number)
    assert found.target_ref != posted.target_ref
    assert replace(found, target_ref=posted.target_ref) == posted
    assert other.post_entry(document) == found
    assert other.read_documents([posted.target_ref], since=SINCE) == {}, "never a stranger's document"
    assert other.read_contact(document.contact.target_ref.id) == document.contact
    assert other.find_contacts(CUSTOMER) == [document.contact]
    assert ledger.documents() == 1
