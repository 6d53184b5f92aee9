"""Entries for the tests of ledger targets, with amounts on which every way of rounding agrees."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from boekbrug.domain.bookings import Entry, EntryLine
from boekbrug.domain.documents import Address, Contact, ContactAccount, DocumentKind, ExternalRef, TaxTotal
from boekbrug.domain.money import Money
from boekbrug.domain.tax import Tax, TaxCategory
from connectors._capabilities import LedgerTarget

DAY = date(2026, 3, 31)
SINCE = date(2026, 1, 1)
STANDARD = Tax(TaxCategory.STANDARD, Decimal(21), "NL")
REDUCED = Tax(TaxCategory.STANDARD, Decimal(9), "NL")
CUSTOMER = Contact(
    email="Jo.Voorbeeld@example.org",
    phone="06-12345678",
    vat_number="NL123456789B01",
    company_number="12345678",
    iban="NL91ABNA0417164300",
    bic="ABNANL2A",
    code="DB10012",
    source_ref=ExternalRef("wefact", "debtor", "12"),
    address=Address(
        name="Jo Voorbeeld", company="Bloemen & Zo's B.V.", street="Dorpsstraat 1", postcode="1234 AB", city="Oss",
        country="NL",
    ),
)  # fmt: skip


def contact_for(books: LedgerTarget, contact: Contact = CUSTOMER) -> ContactAccount:
    found = books.find_contacts(contact)
    return found[0] if found else books.create_contact(contact, prices_include_tax=False, reverse_charged=False)


def line(account: str, vat_code: str, net: str, tax_amount: str, tax: Tax = STANDARD) -> EntryLine:
    return EntryLine(
        ledger_account=account, vat_code=vat_code, tax=tax, net=Money.of(net), tax_amount=Money.of(tax_amount)
    )


def entry(
    books: LedgerTarget, number: str = "1042", kind: DocumentKind = DocumentKind.INVOICE, **changes: Any
) -> Entry:
    """105.00 at the high rate over two accounts and 10.00 at the low one: 137.95 with VAT."""
    sale = kind in (DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE)
    side, turnover, other = ("VERK", "8000", "8100") if sale else ("INK", "4300", "4500")
    document = Entry(
        kind=kind,
        source_ref=ExternalRef("wefact", "invoice" if sale else "purchase_invoice", number),
        our_reference=f"BB-TEST-{number}",
        number=f"WF-{number}",
        issued_on=DAY,
        payment_days=30,
        contact=contact_for(books),
        control_account="1300" if sale else "1600",
        description=f"Factuur {number}",
        currency="EUR",
        lines=(
            line(turnover, f"HOOG_{side}_21", "100.00", "21.00"),
            line(other, f"HOOG_{side}_21", "5.00", "1.05"),
            line(turnover, f"LAAG_{side}_9", "10.00", "0.90", REDUCED),
        ),
        expected_taxes=(
            TaxTotal(rate=Decimal(9), tax=Money.of("0.90"), net=Money.of("10.00")),
            TaxTotal(rate=Decimal(21), tax=Money.of("22.05"), net=Money.of("105.00")),
        ),
    )
    return replace(document, **changes)
