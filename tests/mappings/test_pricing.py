"""The amount a package computes is the amount the customer was charged, whatever the lines."""

import time
from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boekbrug.domain.bookings import TaxRounding
from boekbrug.domain.documents import DocumentKind, InvoiceLine, LineKind
from boekbrug.domain.errors import NeedsAttention
from boekbrug.domain.money import Money
from boekbrug.domain.rounding import rounded, tax_within_gross
from boekbrug.domain.tax import Tax, TaxCategory
from mappings.bookings import booking_for
from mappings.invoices import invoice_for
from mappings.pricing import computed_totals, price_lines
from tests.mappings.builders import BOOKS, POLICY, RULES, codes, debtor, line, order, orders, rule, traits

LENIENT = POLICY.model_copy(update={"shipping_without_vat": "accept"})


def invoice(*lines):
    result = invoice_for(order(*lines), LENIENT)
    assert result.document, codes(result.findings)
    return result.document


def priced(document, *, include, rounding=TaxRounding.PER_RATE, decimals=2):
    return price_lines(
        document.lines, prices_include_tax=include, traits=traits(rounding, decimals=decimals), currency="EUR"
    )


def booked(document, *, include, rounding=TaxRounding.PER_RATE, rules=RULES, books=BOOKS, policy=POLICY):
    return booking_for(
        document,
        debtor=debtor(prices_include_tax=include),
        rules=rules,
        reference_data=books,
        traits=traits(rounding),
        policy=policy,
        our_reference="BB-TEST",
    )


@settings(max_examples=300, deadline=None)
@given(orders, st.booleans(), st.sampled_from(TaxRounding))
def test_the_books_compute_what_the_customer_paid(drawn, include, rounding):
    result = invoice_for(drawn, LENIENT)
    if result.document is None:
        assert codes(f for f in result.findings if f.blocks) == ["NEGATIVE_TOTAL"]
        return
    booking = booked(result.document, include=include, rounding=rounding, policy=LENIENT)
    gross, taxes = computed_totals(booking.lines, include, traits(rounding))
    assert gross == drawn.gross == booking.expected_gross
    assert taxes == booking.expected_taxes
    assert gross == sum((t.net + t.tax for t in taxes), Money.zero())
    added = [one for one in booking.lines if one.kind is LineKind.ROUNDING]
    assert len(added) == codes(booking.findings).count("ROUNDING_LINE_ADDED") <= 1
    for one in added:
        assert one.tax.rate == 0 and 0 < abs(one.unit_price.cents) <= 5
    for one in booking.lines:  # nothing is left for the package to round
        amount = one.unit_price.amount * one.quantity
        assert amount == amount.quantize(Decimal("0.01"))
        assert one.unit_price.amount == one.unit_price.amount.quantize(Decimal("0.01"))


@settings(max_examples=200, deadline=None)
@given(orders, st.sampled_from(TaxRounding))
def test_excluding_vat_each_line_stays_within_two_cents_and_each_rate_within_one(drawn, rounding):
    result = invoice_for(drawn, LENIENT)
    if result.document is None:
        return
    pricing = priced(result.document, include=False, rounding=rounding)
    for before, after in zip(result.document.lines, pricing.lines, strict=True):
        assert abs(after.unit_price.amount * after.quantity - before.net.amount) <= Decimal("0.02")
    _, taxes = computed_totals(pricing.lines, False, traits(rounding))
    for one in taxes:
        charged = sum(x.gross.cents for x in result.document.lines if x.tax.rate == one.rate)
        off = charged - (one.net + one.tax).cents
        assert abs(off) <= 1 and (off == 0 or one.rate in pricing.unreached)


@settings(max_examples=200, deadline=None)
@given(orders, st.booleans(), st.sampled_from(TaxRounding))
def test_an_invoice_and_its_credit_note_cancel_out(drawn, include, rounding):
    result = invoice_for(drawn, LENIENT)
    if result.document is None:
        return
    credit = replace(result.document, kind=DocumentKind.CREDIT_NOTE, credits="1042", is_paid=False)
    one, other = (booked(document, include=include, rounding=rounding) for document in (result.document, credit))
    assert (one.expected_gross, one.expected_taxes) == (other.expected_gross, other.expected_taxes)
    negated = [replace(x, unit_price=-x.unit_price) for x in other.lines]
    gross, taxes = computed_totals(negated, include, traits(rounding))
    assert (one.expected_gross + gross).is_zero
    assert all((a.tax + b.tax).is_zero for a, b in zip(one.expected_taxes, taxes, strict=True))


def test_a_price_that_divides_keeps_its_quantity():
    (only,) = priced(invoice(line("24.20", quantity=2)), include=True).lines
    assert (only.quantity, only.unit_price, only.description) == (2, Money.of("12.10"), "Mok")


def test_a_price_that_does_not_divide_moves_the_quantity_into_the_text():
    (only,) = priced(invoice(line("10.00", quantity=3)), include=True).lines
    assert (only.quantity, only.unit_price, only.description) == (1, Money.of("10.00"), "3 × Mok")
    (half,) = priced(invoice(line("9.99", quantity="1.5", description="Stof v.a. 1.2 m")), include=True).lines
    assert (half.quantity * half.unit_price.amount, half.description) == (Decimal("9.99"), "Stof v.a. 1.2 m")
    (odd,) = priced(invoice(line("10.00", quantity="1.5", description="Stof 1.2 m")), include=True).lines
    assert odd.description == "1,5 × Stof 1.2 m"


def test_more_price_decimals_let_more_quantities_stand():
    (only,) = priced(invoice(line("10.01", quantity=4)), include=True, decimals=4).lines
    assert (only.quantity, only.unit_price) == (4, Money.of("2.5025"))


def test_vat_of_the_tax_authoritys_own_example_per_line_and_per_total():
    """37.50 and 12.50 at 21 %: 10.51 by line, 10.50 over the total."""
    document = invoice(line("45.38", net="37.50"), line("15.13", net="12.50"))
    per_line, per_rate = (
        computed_totals(priced(document, include=False, rounding=r).lines, False, traits(r))
        for r in (TaxRounding.PER_LINE, TaxRounding.PER_RATE)
    )
    assert per_line[0] == per_rate[0] == Money.of("60.51")
    assert per_line[1][0].tax == Money.of("10.51")


def test_a_gross_in_a_gap_gets_a_rounding_line_on_the_zero_code():
    booking = booked(invoice(line("0.03")), include=False)
    assert codes(booking.findings) == ["ROUNDING_LINE_ADDED"]
    last = booking.lines[-1]
    assert (last.description, last.vat_code, abs(last.unit_price.cents)) == ("Afronding", "0", 1)
    assert booking.expected_gross == Money.of("0.03")
    assert booking.ledger_account == "1"  # a cent of rounding makes no mixed document


def test_a_rounding_line_needs_no_rule_but_a_zero_code():
    rules = tuple(one for one in RULES if one.match.rate != 0)
    booking = booked(invoice(line("0.03")), include=False, rules=rules)
    assert booking.lines[-1].vat_code == "0"
    without = replace(BOOKS, vat_codes=BOOKS.vat_codes[:3])
    with pytest.raises(NeedsAttention) as caught:
        booked(invoice(line("0.03")), include=False, rules=rules, books=without)
    assert codes(caught.value.findings)[-1] == "TOTAL_CANNOT_BE_MATCHED"


def test_a_rounding_line_beyond_the_limit_is_refused():
    strict = POLICY.model_copy(update={"rounding_limit": Decimal(0)})
    with pytest.raises(NeedsAttention) as caught:
        booked(invoice(line("0.03")), include=False, policy=strict)
    assert codes(caught.value.findings) == ["TOTAL_CANNOT_BE_MATCHED"]


def test_gaps_of_two_rates_even_out_and_say_so():
    """0.03 at 21 % and 0.06 at 9 % both lie in a gap (0.05 + 0.00 and 0.06 + 0.01)."""
    assert priced(invoice(line("0.06", "9")), include=False).unreached == (9,)
    booking = booked(invoice(line("0.03"), line("0.06", "9")), include=False)
    assert codes(booking.findings) == ["ROUNDED_BETWEEN_RATES"]
    assert booking.expected_gross == Money.of("0.09")


def test_a_rounding_rule_of_the_tenant_is_followed():
    own = rule("vat", {"vat_code": "0", "ledger_account": "Omzet gemengd"}, line_kind="rounding", rate="0")
    booking = booked(invoice(line("0.03")), include=False, rules=(*RULES, own))
    assert booking.lines[-1].ledger_account == "4"
    assert booking.lines[-1].why == (str(own),)


@pytest.mark.parametrize("rounding", TaxRounding)
@pytest.mark.parametrize("include", [True, False])
def test_ten_thousand_lines_are_quick(rounding, include):
    lines = [line(f"{(i * 37) % 9000 / 100:.2f}", ("21", "9", "0")[i % 3], quantity=i % 5 + 1) for i in range(10_000)]
    document = invoice(*lines)
    started = time.perf_counter()
    booking = booked(document, include=include, rounding=rounding)
    assert time.perf_counter() - started < 10
    assert booking.expected_gross == document.gross


@pytest.mark.parametrize("rate", ["21", "9", "25.5", "6"])
@pytest.mark.parametrize("rounding", TaxRounding)
def test_only_what_no_net_reaches_is_unreached(rate, rounding):
    """Every gross up to 6.00, against the grosses that whole cents give at all."""
    reachable = {net + int(rounded(net * Decimal(rate) / 100, 0)) for net in range(700)}
    for cents in range(1, 600):
        gross = Decimal(cents).scaleb(-2)
        one = replace(
            plain(cents),
            net=Money.of(gross - tax_within_gross(gross, Decimal(rate))),
            tax=Tax(TaxCategory.STANDARD, Decimal(rate), "NL"),
        )
        for sign in (1, -1):
            signed = replace(one, net=one.net * sign, gross=one.gross * sign)
            pricing = price_lines([signed], prices_include_tax=False, traits=traits(rounding), currency="EUR")
            assert bool(pricing.unreached) == (cents not in reachable)
            assert pricing.short.is_zero == (cents in reachable)


def plain(cents: int) -> InvoiceLine:
    gross = Decimal(cents).scaleb(-2)
    return InvoiceLine(
        kind=LineKind.ARTICLE,
        description="x",
        quantity=Decimal(1),
        net=Money.of(gross - tax_within_gross(gross, Decimal(21))),
        gross=Money.of(gross),
        tax=Tax(TaxCategory.STANDARD, Decimal(21), "NL"),
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(-200, 2000), min_size=2, max_size=3))
def test_with_vat_per_line_a_rounding_line_is_the_last_resort(grosses):
    """Where nets within two cents of the shop's give the total at all, they are found."""
    lines = [plain(cents) for cents in grosses]
    pricing = price_lines(lines, prices_include_tax=False, traits=traits(TaxRounding.PER_LINE), currency="EUR")
    nets = [one.net.cents for one in lines]
    solutions = (
        moves
        for moves in product(range(-2, 3), repeat=len(nets))
        if sum(n + m + int(rounded((n + m) * Decimal("0.21"), 0)) for n, m in zip(nets, moves, strict=True))
        == sum(grosses)
    )
    assert pricing.short.is_zero == (next(solutions, None) is not None)
