"""What changed in an invoice after it was booked, in words, and the entry that takes the booked one back."""

from dataclasses import replace
from datetime import date

import pytest

from boekbrug.domain.documents import DocumentKind
from boekbrug.domain.money import Money
from mappings.corrections import invoice_changed_after_posting, invoice_changes_between, reversal_of
from tests.mappings.invoicing import BELGIAN, entry, item, purchase, source

OLD = source(item(100), item(50, "9"))


def test_nothing_of_what_becomes_of_an_invoice_is_a_change():
    paid = replace(
        OLD,
        status_id="4",
        open_amount=Money.zero(),
        paid_on=date(2026, 3, 9),
        changed_at=OLD.changed_at.replace(month=4),
        contact=replace(OLD.contact, email="new@example.org", groups=("5",)),
        lines=(item("100.00", "21.00"), item(50, "9")),
    )
    assert invoice_changes_between(OLD, paid) == []


@pytest.mark.parametrize(
    ("new", "language", "expected"),
    [
        (replace(OLD, number="F0009"), "nl", ["factuurnummer F0001 → F0009"]),
        (replace(OLD, issued_on=date(2026, 3, 5)), "en", ["invoice date 2026-03-02 → 2026-03-05"]),
        (replace(OLD, payment_days=30), "en", ["payment term (days) - → 30"]),
        (replace(OLD, reverse_charged=True), "nl", ["btw verlegd nee → ja"]),
        (replace(OLD, contact=replace(OLD.contact, vat_number="NL1")), "en", ["VAT number - → NL1"]),
        (replace(OLD, prices_include_tax=True), "en", ["other details"]),
        (
            replace(OLD, lines=(item(100), item(50, "9", product_group="7"))),
            "en",
            ["line removed: 1 × Advies EUR 50.00 (9%)", "line added: 1 × Advies EUR 50.00 (9%, 7)"],
        ),
    ],
)
def test_changes_in_words(new, language, expected):
    assert invoice_changes_between(OLD, new, language) == expected


def test_another_contact_is_said_with_its_address():
    texts = invoice_changes_between(OLD, replace(OLD, contact=BELGIAN), "en")
    assert [text.split(" ")[0] for text in texts] == ["VAT", "invoice"]


def test_the_finding_says_what_to_credit_and_what_to_book():
    new = source(item(80), item(50, "9"))
    found = invoice_changed_after_posting(OLD, new, "W-F0001", "en")
    assert found.code == "CHANGED_AFTER_POSTING"
    for text in ("EUR 175.50", "EUR 151.30"):
        assert text in found.sentence("en") + found.suggestion("en")


@pytest.mark.parametrize(
    ("invoice", "kind"),
    [
        (OLD, DocumentKind.CREDIT_NOTE),
        (replace(OLD, kind=DocumentKind.CREDIT_NOTE, credits=""), DocumentKind.INVOICE),
        (purchase(item(100)), DocumentKind.PURCHASE_CREDIT_NOTE),
    ],
)
def test_the_entry_that_takes_one_back(invoice, kind):
    booked = entry(invoice)
    back = reversal_of(booked, number="C1", our_reference="BB-BACK")
    assert (back.kind, back.number, back.our_reference, back.lines) == (kind, "C1", "BB-BACK", booked.lines)
    assert back.credits == (booked.number if kind.is_credit else None)
