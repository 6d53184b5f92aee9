"""What an invoicing program's invoice becomes: the VAT of every line with its reason, and the header's cents."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boekbrug.domain.documents import DocumentKind, LineKind, TaxTotal
from boekbrug.domain.money import Money, total
from boekbrug.domain.tax import TaxCategory, VatNumberStatus
from boekbrug.domain.tenants import RoutePolicy
from mappings.source_invoices import invoice_from, source_vat_number_to_check
from tests.mappings.builders import codes
from tests.mappings.invoicing import BELGIAN, POLICY, abroad, document, item, purchase, source, source_invoices

KOR = RoutePolicy(small_business=True)


def categories(invoice, policy=POLICY) -> str:
    return " ".join(line.tax.category.value for line in document(invoice, policy).lines)


def blocked(invoice, policy=POLICY) -> list[str]:
    result = invoice_from(invoice, policy)
    assert result.document is None
    return [f.code for f in result.findings if f.blocks]


# -- why


@pytest.mark.parametrize(
    ("invoice", "expected"),
    [
        (source(item(100), item(50, "9"), item(10, "0")), "S S Z"),
        (source(item(100, "0"), contact=BELGIAN, reverse_charged=True), "K"),
        (source(item(100, "0"), contact=BELGIAN), "K"),
        (source(item(100, "0"), contact=abroad("US")), "G"),
        (source(item(100), contact=abroad("US")), "S"),
        (source(item(100), contact=abroad("DE")), "S"),
        (source(item(100, "0"), contact=abroad("NL", "NL810433941B01"), reverse_charged=True), "AE"),
        (purchase(item(100), item(50, "9"), item(10, "0")), "S S Z"),
        (purchase(item(100, "0"), contact=BELGIAN), "K"),
        (purchase(item(100, "0"), contact=abroad("US")), "G"),
        (purchase(item(100, "0"), reverse_charged=True), "AE"),
        (purchase(item(100, "0")), "Z"),
    ],
)
def test_the_reason_for_a_rate(invoice, expected):
    assert categories(invoice) == expected


def test_a_consumer_in_another_member_state_pays_its_rate():
    made = document(source(item(100, "19"), contact=abroad("DE")), RoutePolicy(oss=True))
    assert (made.lines[0].tax.country, made.lines[0].tax.oss) == ("DE", True)


def test_reverse_charged_lines_may_state_the_rate_to_declare():
    """Some programs print the rate that the buyer has to declare; nothing of it is charged."""
    for contact in (BELGIAN, abroad("NL", "NL810433941B01")):
        invoice = source(item(100, "0"), contact=contact, reverse_charged=True)
        invoice = replace(invoice, lines=(item(100, "21"),))
        made = document(invoice)
        assert made.gross == Money.of(100) and made.lines[0].tax.rate == 0
    assert categories(replace(purchase(item(100, "0"), reverse_charged=True), lines=(item(100, "21"),))) == "AE"


@pytest.mark.parametrize(
    ("invoice", "expected"),
    [
        (source(item(100, "0"), contact=abroad("BE")), ["VAT_NUMBER_MISSING"]),
        (source(item(100, "0"), contact=abroad("BE", "BE123"), reverse_charged=True), ["VAT_NUMBER_MALFORMED"]),
        (source(item(100, "0"), reverse_charged=True), ["VAT_NUMBER_MISSING"]),
        (source(item(100), reverse_charged=True, contact=BELGIAN), ["TAX_ON_ZERO_TREATMENT"]),
        (source(item(100, "0"), contact=abroad("US"), reverse_charged=True), ["REVERSE_CHARGE_OUTSIDE_EU"]),
        (source(item(100, "20")), ["RATE_NOT_OF_COUNTRY"]),
        (source(item(100, "6")), ["RATE_NOT_OF_COUNTRY"]),
        (source(item(100, "0"), contact=abroad("")), ["COUNTRY_MISSING"]),
        (purchase(item(100, "19"), contact=abroad("DE")), ["FOREIGN_VAT_ON_PURCHASE"]),
        (purchase(item(100, "20")), ["RATE_NOT_OF_COUNTRY"]),
        (purchase(item(100), reverse_charged=True), ["TAX_ON_ZERO_TREATMENT"]),
    ],
)
def test_what_cannot_be_right_waits_for_a_person(invoice, expected):
    assert blocked(invoice) == expected


def test_rates_are_those_of_the_invoices_day():
    assert categories(source(item(100, "6"), issued_on=date(2018, 12, 31))) == "S"
    credit = replace(source(item(100, "6")), kind=DocumentKind.CREDIT_NOTE, credits="F0000")
    assert categories(credit) == "S"  # it credits a sale of then


def test_what_is_odd_about_a_purchase_is_said():
    assert codes(invoice_from(purchase(item(100), contact=BELGIAN), POLICY).findings) == [
        "PURCHASE_VAT_OF_WHICH_COUNTRY"
    ]
    assert codes(invoice_from(purchase(item(100, "0"), contact=abroad("BE")), POLICY).findings) == [
        "SUPPLIER_VAT_NUMBER_MISSING"
    ]


def test_the_small_business_scheme():
    assert categories(source(item(100, "0")), KOR) == "E"
    assert blocked(source(item(100)), KOR) == ["TAX_ON_ZERO_TREATMENT"]
    bought = document(purchase(item(100), item(10, "0")), KOR)
    assert [(line.net, line.tax.category) for line in bought.lines] == [
        (Money.of(121), TaxCategory.EXEMPT),
        (Money.of(10), TaxCategory.ZERO),
    ]


def test_the_register_is_asked_about_sales_free_of_vat_only():
    free = source(item(100, "0"), contact=BELGIAN, reverse_charged=True)
    assert source_vat_number_to_check(free, POLICY) == "BE0123456749"
    assert blocked_by_register(free) == ["VAT_NUMBER_NOT_REGISTERED"]
    for other in (source(item(100), contact=BELGIAN), purchase(item(100, "0"), contact=BELGIAN)):
        assert source_vat_number_to_check(other, POLICY) == ""


def blocked_by_register(invoice) -> list[str]:
    return [f.code for f in invoice_from(invoice, POLICY, VatNumberStatus.INVALID).findings if f.blocks]


# -- cents


@given(source_invoices())
@settings(deadline=None)
def test_the_document_says_what_the_header_says(invoice):
    """However the program rounds: net, VAT and total are the header's, in whole cents, and each line is near itself."""
    made = document(invoice)
    assert all(line.kind is LineKind.ARTICLE for line in made.lines)
    assert total(line.gross for line in made.lines) == invoice.gross
    assert total(line.net for line in made.lines) == invoice.net
    for line, given_line in zip(made.lines, invoice.lines, strict=True):
        assert line.net.cents is not None and line.gross.cents is not None
        assert abs(line.net.amount - given_line.net.amount) <= Decimal("0.03")
        if line.tax.rate == 0:
            assert line.net == line.gross


@given(source_invoices(), st.randoms())
@settings(deadline=None)
def test_the_order_of_the_lines_does_not_matter(invoice, random):
    lines = list(invoice.lines)
    random.shuffle(lines)

    def sums(made):
        result = {}
        for line in made.lines:
            net, gross = result.get((line.tax, line.product_group), (Money.zero(), Money.zero()))
            result[line.tax, line.product_group] = net + line.net, gross + line.gross
        return result

    assert sums(document(invoice)) == sums(document(replace(invoice, lines=tuple(lines))))


def test_the_stated_vat_per_rate_is_taken_over():
    """12.50 and 37.50 at 21 % are 10.51 of VAT per line and 10.50 in all; two rates share what is stated."""
    lines = (item("12.50"), item("37.50"), item("10.05", "9"))
    invoice = source(*lines, per_line=True)
    assert invoice.tax == Money.of("11.41")
    totals = (TaxTotal(rate=Decimal(21), tax=Money.of("10.51")), TaxTotal(rate=Decimal(9), tax=Money.of("0.90")))
    made = document(replace(invoice, tax_totals=totals))
    per_rate = {r: sum(x.gross.amount - x.net.amount for x in made.lines if x.tax.rate == r) for r in (21, 9)}
    assert per_rate == {21: Decimal("10.51"), 9: Decimal("0.90")}
    found = invoice_from(replace(invoice, tax_totals=totals), POLICY).findings
    assert codes(found) == ["TAX_TOTAL_DIFFERS"]


def test_cents_beyond_rounding_get_a_line_and_more_waits():
    near = replace(purchase(item(100)), gross=Money.of("121.04"))
    made = document(near)
    assert made.gross == Money.of("121.04")
    assert (made.lines[-1].kind, made.lines[-1].net, made.lines[-1].tax.category) == (
        LineKind.ROUNDING,
        Money.of("0.04"),
        TaxCategory.ZERO,
    )
    assert codes(invoice_from(near, POLICY).findings) == ["SOURCE_ROUNDED"]
    assert blocked(replace(near, gross=Money.of("121.06"))) == ["TOTALS_DO_NOT_ADD_UP"]
    assert blocked(replace(near, gross=Money.of("100"), tax=Money.of(0))) == ["TOTALS_DO_NOT_ADD_UP"]


def test_what_else_keeps_an_invoice_back():
    assert "NOTHING_TO_INVOICE" in blocked(source())
    assert blocked(replace(source(item(100)), number=" ")) == ["NUMBER_MISSING"]
    assert blocked(source(item(-100))) == ["NEGATIVE_TOTAL"]
    assert blocked(source(item(100, "120"))) == ["DOCUMENT_UNREADABLE"]
    dollars = source(item(100), currency="USD")
    assert "DOCUMENT_UNREADABLE" in blocked(dollars)
    in_dollars = replace(
        source(),
        currency="USD",
        lines=(replace(item(100), net=Money.of(100, "USD")),),
        **dict.fromkeys(("gross", "open_amount"), Money.of(121, "USD")),
        net=Money.of(100, "USD"),
        tax=Money.of(21, "USD"),
    )
    assert blocked(in_dollars) == ["CURRENCY_NOT_OF_THE_BOOKS"]
    assert document(in_dollars, RoutePolicy(foreign_currency="convert")).currency == "USD"


def test_a_hand_made_credit_is_taken_and_said():
    credit = replace(source(item(100), item(0, "0")), kind=DocumentKind.CREDIT_NOTE, credits="")
    result = invoice_from(credit, POLICY)
    assert codes(result.findings) == ["CREDIT_WITHOUT_ORIGINAL"]
    assert result.document and result.document.credits == "" and not result.document.is_paid


def test_what_people_read_goes_along():
    made = document(purchase(item(100, tax_code="I21", cost_category="3"), payment_days=30))
    assert (made.number, made.own_number, made.payment_days) == ("2026-77", "CF0001", 30)
    assert (made.lines[0].tax_code, made.lines[0].cost_category) == ("I21", "3")
    assert made.ordered_at.date() == date(2026, 3, 2)
