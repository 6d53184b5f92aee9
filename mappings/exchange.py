"""Foreign currency: converted at a stated rate, or not at all."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from boekbrug.domain.documents import Invoice, InvoiceLine
from boekbrug.domain.exchange import ExchangeRate
from boekbrug.domain.money import Money
from boekbrug.domain.rounding import round_to_total, rounded
from boekbrug.domain.tax import Tax


def converted(document: Invoice, rate: ExchangeRate) -> Invoice:
    """The document in the currency of the books, in whole cents that add up: the total is converted and rounded once,
    then spread over VAT treatments and lines.

    Raises ValueError when the rate is of another currency.
    """
    if document.currency != rate.currency:
        raise ValueError(f"a rate of {rate.currency} does not convert {document.currency}")
    by_tax: dict[Tax, list[int]] = {tax: [] for tax in sorted({line.tax for line in document.lines})}
    for index in sorted(range(len(document.lines)), key=lambda i: _sort_of(document.lines[i])):
        by_tax[document.lines[index].tax].append(index)
    grosses = [line.gross.amount / rate.rate for line in document.lines]
    nets = [line.net.amount / rate.rate for line in document.lines]
    gross_totals = [sum((grosses[i] for i in rows), Decimal(0)) for rows in by_tax.values()]
    total = int(rounded(document.gross.amount / rate.rate).scaleb(2))
    lines = list(document.lines)
    for (tax, rows), gross in zip(by_tax.items(), round_to_total(gross_totals, total) if lines else [], strict=True):
        net_exact = sum((nets[i] for i in rows), Decimal(0))
        vat_exact = sum((grosses[i] for i in rows), Decimal(0)) - net_exact
        vat = int(rounded(vat_exact).scaleb(2)) if tax.rate else 0
        line_grosses = round_to_total([grosses[i] for i in rows], gross)
        line_nets = round_to_total([nets[i] for i in rows], gross - vat) if tax.rate else line_grosses
        for i, line_net, line_gross in zip(rows, line_nets, line_grosses, strict=True):
            lines[i] = replace(
                lines[i], net=Money.of_cents(line_net, rate.base), gross=Money.of_cents(line_gross, rate.base)
            )
    return replace(document, currency=rate.base, lines=tuple(lines))


def _sort_of(line: InvoiceLine) -> tuple[str, str, str, Decimal, str]:
    """An order of their own, so that where a cent goes does not hang on the order of the lines."""
    return line.product_group, line.cost_category, line.tax_code, line.gross.amount, line.description
