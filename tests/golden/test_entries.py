"""The bookkeeping of an invoicing program's invoices: any drift from what an accountant has read fails."""

from decimal import Decimal

import pytest
import yaml

from tests.golden.cases import document_text
from tests.golden.entry_cases import CASES, Case, entry_text

REQUIRED = {
    "high",
    "low-and-other",
    "eu",
    "outside-eu",
    "credit",
    "hand-made-credit",
    "purchase-per-category",
    "reverse-charge-at-home",
    "prices-including-vat",
    "product-group",
    "rounding",
    "foreign-currency",
}


@pytest.fixture(params=CASES)
def case(request) -> Case:
    return Case.load(request.param)


def test_all_the_cases_are_there():
    assert set(CASES) >= REQUIRED


def test_the_document(case):
    assert document_text(case.transformed()) == case.expected("document.yaml")


def test_the_entry(case):
    assert entry_text(case.booked()) == case.expected("entry.yaml")


def test_the_entry_adds_up_to_what_the_invoice_says(case):
    """Read from the expectation, and added up anew."""
    text = case.expected("entry.yaml")
    shown = yaml.safe_load(text) if text else {}
    if "lines" not in shown:
        return
    amounts = [(line["without VAT"], line["VAT"]) for line in shown["lines"]]
    net = sum(Decimal(without.split()[1]) for without, _ in amounts)
    tax = sum(Decimal(with_tax.split()[1]) for _, with_tax in amounts)
    control = shown.get("debtors") or shown["creditors"]
    assert net + tax == Decimal(control.split()[-1])
    if case.own.get("currency", "EUR") == "EUR":
        assert net + tax == Decimal(case.own["totals"]["gross"])
        assert tax == Decimal(case.own["totals"]["tax"])


def test_every_case_says_what_it_shows(case):
    assert len(case.own["about"]) > 20
    assert yaml.safe_load(case.expected("document.yaml"))["document"]
