"""The bookkeeping side of the golden documents: any drift from what an accountant has read fails."""

import json
from decimal import Decimal

import pytest
import yaml

from boekbrug.domain.documents import DocumentKind
from tests.golden.cases import CASES, Case, booking_text, document_text, order_of

REQUIRED = {
    "plain",
    "discount",
    "shipping",
    "mixed-vat",
    "prices-including-vat",
    "reverse-charge",
    "eu-consumer",
    "export",
    "credit",
    "foreign-currency",
    "rounding-difference",
}


@pytest.fixture(params=CASES)
def case(request) -> Case:
    return Case.load(request.param)


def test_all_the_cases_are_there():
    assert set(CASES) >= REQUIRED


def test_the_document(case):
    assert document_text(case.transformed(order_of(case.payload))) == case.expected("document.yaml")


def test_the_booking(case):
    document = case.transformed(order_of(case.payload)).document
    text = booking_text(case.booked(document)) if document else None
    assert text == case.expected("booking.yaml")


def test_the_request_says_what_the_booking_says(case):
    """Quantities, prices and rates of the expected request add up to the order's total, computed here anew."""
    document = case.transformed(order_of(case.payload)).document
    booking = case.booked(document).booking if document else None
    if booking is None:
        assert case.expected("request.json") is None
        return
    sent = json.loads(case.expected("request.json"), parse_float=Decimal)
    sign = -1 if booking.kind is DocumentKind.CREDIT_NOTE else 1
    per_rate: dict[Decimal, Decimal] = {}
    for line in sent["lines"]:
        rate = Decimal(line["tax_rate"])
        per_rate[rate] = per_rate.get(rate, Decimal(0)) + Decimal(line["amount"]) * Decimal(line["price"])
    total = Decimal(0)
    for rate, amount in per_rate.items():
        total += amount if booking.prices_include_tax else amount + (amount * rate / 100).quantize(Decimal("0.01"))
    assert total * sign == Decimal(case.payload["price"]["total"])
    assert sent["reference"]["line1"] == f"Order {case.payload['number']}"
    assert booking.our_reference in sent["reference"].values()
    assert sent["sendmethod"] == "mail" and sent["action"] == "send"
    assert sent.get("alreadypaid") == ("full" if booking.is_paid else None)


def test_every_case_says_what_it_shows(case):
    assert len(case.own["about"]) > 20
    assert yaml.safe_load(case.expected("document.yaml"))["document"]
