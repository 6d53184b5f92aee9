"""Every way books can refuse an entry or a contact, and that no secret is shown."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from boekbrug.domain.bookings import Entry
from boekbrug.domain.documents import DocumentKind, Side
from boekbrug.domain.errors import (
    BoekbrugError,
    DocumentInvalid,
    MappingMissing,
    NeedsAttention,
    NotPermitted,
    OutcomeUnknown,
    PeriodClosed,
    RateLimited,
    RemoteUnavailable,
)
from boekbrug.domain.tax import Tax, TaxCategory
from tests.conformance.entries import CUSTOMER, DAY, SINCE, contact_for, entry, line
from tests.conformance.sites import LedgerSite, failure_of
from tests.conformance.test_hygiene import check_error
from tests.conformance.test_refusing import WRITING
from tests.connectors.scripted import Meter

NEWCOMER = replace(CUSTOMER, code="DB7", email="nieuw@example.org", vat_number="", company_number="",
                   address=replace(CUSTOMER.address, company="Nieuw BV"))  # fmt: skip


@pytest.mark.parametrize(("fault", "expected"), WRITING, ids=str)
def test_a_write_that_is_refused_before_it_happens(
    ledger: LedgerSite, fault: dict[str, Any], expected: type[BoekbrugError]
) -> None:
    books = ledger.open(timeout=1)
    document = entry(books)
    documents, contacts = ledger.documents(), ledger.contacts()
    ledger.control.add_fault(**fault, **ledger.stand.document_write)
    error = failure_of(lambda: books.post_entry(document))
    assert type(error) is expected
    assert (error.system, error.document) == (ledger.system, document.number)
    if isinstance(error, NeedsAttention):
        assert [finding.code for finding in error.findings] == ["REFUSED_BY_BOOKS"]
    ledger.control.add_fault(**fault, **ledger.stand.contact_write)
    create = lambda: books.create_contact(NEWCOMER, prices_include_tax=False, reverse_charged=False)  # noqa: E731
    assert type(failure_of(create)) is expected
    ledger.control.clear_faults()
    assert (ledger.documents(), ledger.contacts()) == (documents, contacts)
    assert books.find_documents(document.our_reference, since=SINCE, number=document.number) == []
    assert books.find_contacts(NEWCOMER) == []


def test_a_change_whose_answer_is_lost_may_be_repeated(ledger: LedgerSite) -> None:
    books = ledger.open(timeout=1)
    made = contact_for(books)
    changed = replace(CUSTOMER, phone="06-2")
    change = {"soap": {"containing": "UpdateRelatie"}, "rest": {"method": "PATCH"}}[ledger.system.split("-")[1]]
    ledger.control.add_fault("cut", when="after", times=1, **change)
    assert type(failure_of(lambda: books.update_contact(made, changed))) is RemoteUnavailable
    assert books.update_contact(made, changed).contact.phone == "06-2"
    ledger.control.add_fault("status", status=422, body="nee", **change)
    assert type(failure_of(lambda: books.update_contact(made, changed))) is DocumentInvalid


def refusals(document: Entry) -> list[tuple[Entry, type[NeedsAttention], str]]:
    one = document.lines[0]
    gone = replace(document.contact.target_ref, id="WEG")
    relation = replace(document.contact, target_ref=gone)
    return [
        (replace(document, control_account="9999"), MappingMissing, ""),
        (replace(document, control_account="1600"), MappingMissing, "CONTROL_ACCOUNT_REFUSED"),
        (replace(document, lines=(replace(one, ledger_account="9999"),)), MappingMissing, ""),
        (replace(document, lines=(replace(one, ledger_account="1300"),)), MappingMissing, "ACCOUNTS_REFUSED"),
        (replace(document, lines=(replace(one, vat_code="HOOG_INK_21"),)), MappingMissing, "VAT_CODE_NOT_IN_BOOKS"),
        (replace(document, lines=(replace(one, vat_code="HOOG"),)), MappingMissing, "VAT_CODE_NOT_IN_BOOKS"),
        (replace(document, contact=relation), DocumentInvalid, ""),
        (replace(document, currency="USD"), DocumentInvalid, "CURRENCY_NOT_OF_THE_BOOKS"),
        (replace(document, number="9" * 51), DocumentInvalid, "REFUSED_BY_BOOKS"),
        (replace(document, number=""), DocumentInvalid, "REFUSED_BY_BOOKS"),
        (replace(document, lines=()), DocumentInvalid, "REFUSED_BY_BOOKS"),
        (replace(document, lines=(one,) * 101), DocumentInvalid, "REFUSED_BY_BOOKS"),
    ]


def test_what_the_books_do_not_take_says_what_to_do(ledger: LedgerSite) -> None:
    books = ledger.open()
    before = ledger.documents()
    for wrong, expected, code in refusals(entry(books)):
        error = failure_of(lambda wrong=wrong: books.post_entry(wrong))  # type: ignore[misc]
        assert type(error) is expected, wrong
        assert isinstance(error, NeedsAttention) and len(error.findings) == 1 and error.findings[0].blocks
        assert code in ("", error.findings[0].code), error.findings
        for language in ("nl", "en"):
            assert "-" not in error.findings[0].sentence(language).split(), "every value is given"
        check_error(error, ledger.secrets())
    assert ledger.documents() == before


def test_a_closed_period_is_told_apart(ledger: LedgerSite) -> None:
    ledger.control.set_options(closed_until=DAY.isoformat())
    books = ledger.open()
    error = failure_of(lambda: books.post_entry(entry(books)))
    assert type(error) is PeriodClosed and [f.code for f in error.findings] == ["PERIOD_CLOSED"]
    assert books.post_entry(entry(books, issued_on=date(2026, 4, 1))).booked_on == date(2026, 4, 1)


def test_every_vat_code_is_taken_on_its_side(ledger: LedgerSite) -> None:
    books = ledger.open()
    for number, code in enumerate(books.read_reference_data().vat_codes):
        for side in [code.side] if code.side else list(Side):
            sale = side is Side.SALES
            rate = Decimal(19) if code.rate is None else code.rate
            tax = Tax(TaxCategory.STANDARD if rate else TaxCategory.EXEMPT, rate, "NL")
            document = entry(
                books,
                f"{number}{side.value}",
                DocumentKind.INVOICE if sale else DocumentKind.PURCHASE_INVOICE,
                issued_on=code.valid_until or DAY,
                lines=(line("8000" if sale else "4300", code.code, "100.00", f"{rate:.2f}", tax),),
            )
            posted = books.post_entry(document)
            assert posted.gross == document.gross, code
            assert [total.rate for total in posted.tax_totals] == [rate], code


def test_texts_are_shortened_to_what_the_books_take(ledger: LedgerSite) -> None:
    books = ledger.open()
    document = entry(books, description="é\u0000\uffff" * 300, payment_days=123456)
    assert books.post_entry(document).gross == document.gross
    assert books.post_entry(entry(books, "2", description="", payment_days=-3)).number == "WF-2"


def test_a_user_without_rights_is_told_so(ledger: LedgerSite) -> None:
    ledger.control.set_options(forbidden=["demo1"])
    books = ledger.open()
    assert type(failure_of(books.read_reference_data)) is NotPermitted
    last = list(books.check())[-1]
    assert not last.ok and "rights" in last.detail


def test_no_failure_to_write_shows_a_secret(ledger: LedgerSite, logged: io.StringIO) -> None:
    books = ledger.open()
    document = entry(books)
    for fault, _ in WRITING:
        ledger.control.clear_faults()
        ledger.control.add_fault(**fault, **ledger.stand.document_write)
        check_error(failure_of(lambda: books.post_entry(document)), ledger.secrets())
    assert not any(secret in logged.getvalue() for secret in ledger.secrets())


def test_two_tenants_write_in_their_own_books(ledger: LedgerSite) -> None:
    ours, theirs = ledger.open(), ledger.open(other=True)
    document = entry(ours)
    posted = ours.post_entry(document)
    assert theirs.find_documents(document.our_reference, since=SINCE, number=document.number) == []
    assert theirs.read_documents([posted.target_ref], since=SINCE) == {}
    assert theirs.find_contacts(CUSTOMER) == []


def test_no_write_goes_around_the_meter(ledger: LedgerSite) -> None:
    books = ledger.open()
    books.post_entry(entry(books))
    books.find_documents("nothing", since=SINCE)
    assert ledger.meter.calls == len(ledger.control.log())


def test_a_spent_budget_is_no_lost_answer(ledger: LedgerSite) -> None:
    class Spent(Meter):
        spent = False

        def call(self, counts_as: str = "", *, writes: bool = False):  # type: ignore[no-untyped-def]
            if self.spent:
                raise RateLimited("no slot left")
            return super().call(counts_as)

    meter = Spent()
    books = ledger.open(meter=meter)
    document = entry(books)
    meter.spent = True
    assert type(failure_of(lambda: books.post_entry(document))) is RateLimited
    assert ledger.documents() == 0


def test_nobody_there_to_write_to(ledger: LedgerSite) -> None:
    document = entry(ledger.open())
    gone = ledger.open(base_url="http://127.0.0.1:9/")
    error = failure_of(lambda: gone.post_entry(document))
    assert type(error) is RemoteUnavailable and type(error) is not OutcomeUnknown
