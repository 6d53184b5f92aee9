"""A snapshot is the order itself; a fingerprint changes with what an invoice shows, and only then."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings

from boekbrug.domain.documents import TaxTotal
from boekbrug.domain.findings import finding
from boekbrug.domain.money import Money
from boekbrug.domain.snapshots import document_from_json, document_to_json, fingerprint
from tests.mappings.builders import DAY, HOME, line, order, orders

ORDER = order(line("24.20", quantity=2, net="20.000000"), findings=(finding("TEXT_SHORTENED", field="x"),))


@settings(max_examples=50, deadline=None)
@given(orders)
def test_there_and_back(drawn):
    again = document_from_json(document_to_json(drawn))
    assert again == drawn and fingerprint(again) == fingerprint(drawn)


def test_findings_and_the_shops_own_day_survive():
    again = document_from_json(document_to_json(ORDER))
    assert again == ORDER and again.findings == ORDER.findings
    assert again.ordered_at.date() == ORDER.ordered_at.date()
    assert again.ordered_at.utcoffset() == ORDER.ordered_at.utcoffset()


def test_amounts_are_kept_as_text():
    assert '"20.000000"' in document_to_json(ORDER)


@pytest.mark.parametrize(
    "same",
    [
        replace(ORDER, status_id="2"),
        replace(ORDER, changed_at=DAY + timedelta(days=3)),
        replace(ORDER, findings=()),
        replace(ORDER, tax_totals=(TaxTotal(rate=Decimal(21), tax=Money.of("4.21")),)),
        replace(
            ORDER, lines=(replace(ORDER.lines[0], rate=Decimal("21.00"), net=Money.of("20"), quantity=Decimal("2.0")),)
        ),
    ],
)
def test_what_no_invoice_shows_changes_nothing(same):
    assert fingerprint(same) == fingerprint(ORDER)


@pytest.mark.parametrize(
    "other",
    [
        replace(ORDER, gross=Money.of("24.21")),
        replace(ORDER, lines=(*ORDER.lines, line(1))),
        replace(ORDER, lines=(replace(ORDER.lines[0], description="Beker"),)),
        replace(ORDER, delivery_address=replace(HOME, city="Den Bosch")),
        replace(ORDER, customer_reference="PO 1"),
        replace(ORDER, credits="1041"),
    ],
)
def test_what_an_invoice_shows_changes_it(other):
    assert fingerprint(other) != fingerprint(ORDER)
