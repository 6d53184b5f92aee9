"""From order to invoice: whether an order adds up, and the invoice or credit note it becomes.

No order loses or gains a cent here: the lines are taken over as they are, or the order waits for a person.

A free order (total 0.00, with lines) goes over as an invoice of 0.00: goods left the shop, and a number missing from
the books would look like a lost order. It is not marked paid, as there is nothing to pay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from boekbrug.domain.documents import (
    DocumentKind,
    Invoice,
    InvoiceLine,
    LineKind,
    Order,
    OrderLine,
    TaxTotal,
)
from boekbrug.domain.findings import Finding, blocking, finding
from boekbrug.domain.money import LARGEST_AMOUNT, Money
from boekbrug.domain.rounding import CENT, rounded
from boekbrug.domain.tax import VatNumberStatus
from boekbrug.domain.tenants import RoutePolicy
from mappings.vat import destination, taxes_for

# What a line is called on the invoice when the shop gives it no text.
_LINE_NAMES = {
    LineKind.ARTICLE: "Artikel",
    LineKind.SHIPPING: "Verzendkosten",
    LineKind.PAYMENT_COSTS: "Betaalkosten",
    LineKind.DISCOUNT: "Korting",
    LineKind.OTHER: "Overige kosten",
    LineKind.ROUNDING: "Afronding",
}
ROUNDING_TEXT = _LINE_NAMES[LineKind.ROUNDING]
_LARGEST_QUANTITY = Decimal(10) ** 9


@dataclass(frozen=True, slots=True)
class Transformed:
    """The document an order becomes, None when a finding blocks it, and everything that was found."""

    document: Invoice | None
    findings: tuple[Finding, ...]


def order_problems(
    order: Order, policy: RoutePolicy, vat_number_status: VatNumberStatus | None = None
) -> tuple[Finding, ...]:
    """Everything found about an order, blocking or not; what reading it showed comes first."""
    return invoice_for(order, policy, vat_number_status).findings


def invoice_for(order: Order, policy: RoutePolicy, vat_number_status: VatNumberStatus | None = None) -> Transformed:
    """The invoice or credit note of an order. Never raises for what an order may hold: a finding says it."""
    unreadable = tuple(_unreadable(order))
    if unreadable:
        return Transformed(None, _once((*order.findings, *unreadable)))
    decision = taxes_for(order, policy, vat_number_status)
    findings = _once((*order.findings, *_problems(order, policy), *decision.findings))
    if blocking(findings):
        return Transformed(None, findings)
    document = Invoice(
        kind=DocumentKind.CREDIT_NOTE if order.is_credit else DocumentKind.INVOICE,
        source_ref=order.source_ref,
        number=order.number,
        ordered_at=order.ordered_at,
        currency=order.currency,
        prices_include_tax=order.prices_include_tax,
        contact=order.customer,
        delivery_country=destination(order).country,
        lines=tuple(
            InvoiceLine(
                kind=line.kind,
                description=line.description.strip() or _LINE_NAMES[line.kind],
                quantity=line.quantity,
                net=line.net,
                gross=line.gross,
                tax=tax,
                product_group=line.product_group,
            )
            for line, tax in zip(order.lines, decision.taxes, strict=True)
        ),
        payment=order.payment,
        is_paid=not order.is_credit and order.gross.amount > 0,
        is_business=order.is_business or order.customer.is_business,
        credits=order.credits,
        customer_reference=order.customer_reference,
    )
    return Transformed(document, findings)


def _problems(order: Order, policy: RoutePolicy) -> Iterator[Finding]:
    if order.is_credit and not policy.credit_orders:
        yield finding("CREDIT_NOT_SUPPORTED")
    if order.currency != policy.books_currency:
        yield finding("CURRENCY_NOT_OF_THE_BOOKS", currency=order.currency, books=policy.books_currency)
    if not order.lines:
        yield finding("NOTHING_TO_INVOICE")
    lines = sum((line.gross.amount for line in order.lines), Decimal("0.00"))
    if order.lines and lines != order.gross.amount:
        yield finding("TOTALS_DO_NOT_ADD_UP", lines=Money(lines, order.currency), total=order.gross)
    if order.gross.amount < 0:
        yield finding("NEGATIVE_TOTAL", total=order.gross)
    for line in order.lines:
        if not _fits(line):
            yield finding(
                "LINE_TAX_DOES_NOT_FIT",
                line=line.description or line.kind.value,
                gross=line.gross,
                net=line.net,
                rate=f"{line.rate.normalize():f}",
            )
    yield from tax_total_differences(_tax_by_rate(order), order.tax_totals, order.currency, policy)


def _fits(line: OrderLine) -> bool:
    """Whether gross and net agree at the rate: within a cent, or within what rounding per piece can add up to."""
    expected = line.net.amount * (100 + line.rate) / 100
    allowed = max(CENT, CENT / 2 * (abs(line.quantity) + 1))
    return abs(line.gross.amount - expected) <= allowed


def tax_total_differences(
    computed: Mapping[Decimal, Decimal], stated_totals: Iterable[TaxTotal], currency: str, policy: RoutePolicy
) -> Iterator[Finding]:
    """Where the VAT that a source states per rate is not that of its lines (`computed`, per rate). Never blocks.

    Nothing is compared with a source that states none.
    """
    stated: dict[Decimal, Decimal] = {}
    for one in stated_totals:
        stated[one.rate] = stated.get(one.rate, Decimal(0)) + one.tax.amount
    for rate in sorted(computed.keys() | stated.keys()) if stated else ():
        ours, theirs = rounded(computed.get(rate, Decimal(0))), rounded(stated.get(rate, Decimal(0)))
        if ours != theirs:
            code = "TAX_TOTAL_DIFFERS" if abs(ours - theirs) <= policy.tax_per_rate_tolerance else "TAX_TOTAL_FAR_OFF"
            yield finding(
                code,
                stated=Money(theirs, currency),
                computed=Money(ours, currency),
                rate=f"{rate.normalize():f}",
            )


def _tax_by_rate(order: Order) -> dict[Decimal, Decimal]:
    computed: dict[Decimal, Decimal] = {}
    for line in order.lines:
        computed[line.rate] = computed.get(line.rate, Decimal(0)) + line.tax.amount
    return computed


def _unreadable(order: Order) -> Iterator[Finding]:
    """What makes amounts impossible to compute with."""

    def problem(field: str, text: str) -> Finding:
        return finding("DOCUMENT_UNREADABLE", field=field, problem=text)

    amounts = [("total", order.gross)]
    for line in order.lines:
        name = line.description or line.kind.value
        amounts += [(name, line.net), (name, line.gross)]
        if not line.rate.is_finite() or not 0 <= line.rate <= 100:
            yield problem(name, f"{line.rate} is not a VAT rate")
        if not line.quantity.is_finite() or abs(line.quantity) > _LARGEST_QUANTITY:
            yield problem(name, f"{line.quantity} is not a quantity")
        if not _whole_cents(line.gross):
            yield problem(name, f"{line.gross} has a fraction of a cent")
    for one in order.tax_totals:
        amounts.append(("VAT", one.tax))
        if not one.rate.is_finite() or not 0 <= one.rate <= 100:
            yield problem("VAT", f"{one.rate} is not a VAT rate")
    if not _whole_cents(order.gross):
        yield problem("total", f"{order.gross} has a fraction of a cent")
    for name, amount in amounts:
        if amount.currency != order.currency:
            yield problem(name, f"{amount} is not in {order.currency}")
    if sum(abs(amount.amount) for _, amount in amounts) > LARGEST_AMOUNT:
        yield problem("total", f"the amounts add up to more than {LARGEST_AMOUNT}")


def _whole_cents(amount: Money) -> bool:
    return rounded(amount.amount) == amount.amount


def _once(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(findings))
