"""Foreign currency: converted at a stated rate to cents that add up, or not at all."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boekbrug.domain.errors import DocumentInvalid
from boekbrug.domain.exchange import ExchangeRate
from boekbrug.domain.money import Money, total
from boekbrug.domain.tenants import RoutePolicy
from mappings.exchange import converted
from tests.mappings.builders import codes
from tests.mappings.invoicing import COMPUTES, EXACT, LENIENT, document, entry, item, source, source_invoices
from tests.mappings.test_entries import check

CONVERT = RoutePolicy(foreign_currency="convert")
RATE = ExchangeRate(currency="USD", rate=Decimal("1.0873"), on=date(2026, 3, 2))


def in_dollars(invoice):
    def usd(amount: Money) -> Money:
        return Money(amount.amount, "USD")

    lines = tuple(replace(line, net=usd(line.net)) for line in invoice.lines)
    names = ("net", "tax", "gross", "open_amount")
    return replace(invoice, currency="USD", lines=lines, **{name: usd(getattr(invoice, name)) for name in names})


@given(source_invoices(), st.decimals("0.5", "200", places=4), st.sampled_from([EXACT, LENIENT, COMPUTES]))
@settings(deadline=None)
def test_a_converted_invoice_adds_up(invoice, figure, traits):
    rate = replace(RATE, rate=figure)
    original = document(in_dollars(invoice), CONVERT)
    made = converted(original, rate)
    assert made.gross == Money((original.gross.amount / figure), "EUR").rounded()
    for before, after in zip(original.lines, made.lines, strict=True):
        assert abs(after.net.amount - before.net.amount / figure) <= Decimal("0.04")
        assert after.net.cents is not None
        if after.tax.rate == 0:
            assert after.net == after.gross
    booked = entry(original, policy=CONVERT, exchange=rate, traits=traits)
    taxes: dict[Decimal, Decimal] = {}
    for line in made.lines:
        taxes[line.tax.rate] = taxes.get(line.tax.rate, Decimal(0)) + line.gross.amount - line.net.amount
    check(booked, made.gross, {k: v for k, v in taxes.items() if k}, traits.tax_tolerance)


def test_a_converted_invoice_says_so():
    made = entry(document(in_dollars(source(item(100))), CONVERT), policy=CONVERT, exchange=RATE)
    assert made.currency == "EUR" and made.gross == Money.of("111.28")
    assert total(line.tax_amount for line in made.lines) == Money.of("19.31")
    assert made.description == "WeFact F0001 – USD 121.00 @ 1.0873 ECB 2026-03-02 – Bakker BV"
    (note,) = made.findings
    assert note.code == "CONVERTED" and not note.blocks
    for text in ("USD 121.00", "EUR 111.28", "EUR 1 = USD 1.0873", "2026-03-02", "ECB"):
        assert text in note.sentence("nl")


@pytest.mark.parametrize(
    ("policy", "exchange", "expected"),
    [
        (RoutePolicy(), RATE, "CURRENCY_NOT_OF_THE_BOOKS"),
        (CONVERT, None, "EXCHANGE_RATE_MISSING"),
        (CONVERT, replace(RATE, currency="GBP"), "EXCHANGE_RATE_MISSING"),
    ],
)
def test_never_silently_unconverted(policy, exchange, expected):
    made = document(in_dollars(source(item(100))), CONVERT)
    with pytest.raises(DocumentInvalid) as caught:
        entry(made, policy=policy, exchange=exchange)
    assert codes(caught.value.findings) == [expected]


def test_no_rate_is_used_for_another_currency():
    with pytest.raises(ValueError, match="USD"):
        converted(document(source(item(100))), RATE)
    for nonsense in ("0", "-1", "NaN"):
        with pytest.raises(ValueError, match="not an exchange rate"):
            replace(RATE, rate=Decimal(nonsense))
