"""From an invoicing program's invoice to the document that is booked: why each line carries its VAT, and its cents.

The header leads, as it is what was sent to the customer or received from the supplier. What rounding explains is spread
over the lines; a few cents more get a line of their own; beyond that a person looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from decimal import Decimal

from boekbrug.domain.documents import (
    Address,
    Invoice,
    InvoiceLine,
    LineKind,
    Order,
    OrderLine,
    Side,
    SourceInvoice,
    SourceInvoiceLine,
    TaxTreatment,
)
from boekbrug.domain.findings import Finding, blocking, finding
from boekbrug.domain.money import LARGEST_AMOUNT, Money
from boekbrug.domain.rounding import round_to_total, rounded
from boekbrug.domain.tax import Tax, TaxCategory, VatNumberStatus
from boekbrug.domain.tenants import RoutePolicy
from mappings.invoices import ROUNDING_TEXT, Transformed, tax_total_differences
from mappings.rates import Place, place, rates_on
from mappings.vat import TaxDecision, taxes_for, vat_number_to_check
from mappings.vat_numbers import vat_number_problem

_ZERO = Decimal(0)
_HALF_CENT = Decimal("0.005")
_NO_TEXT = "Zonder omschrijving"


def invoice_from(
    source: SourceInvoice, policy: RoutePolicy, vat_number_status: VatNumberStatus | None = None
) -> Transformed:
    """The document that is booked for an invoice. Never raises for what an invoice may hold: a finding says it."""
    unreadable = tuple(_unreadable(source))
    if unreadable:
        return Transformed(None, _once((*source.findings, *unreadable)))
    lines = _with_rates_charged(source)
    decision = (_sale_taxes if source.kind.side is Side.SALES else _purchase_taxes)(
        replace(source, lines=lines), policy, vat_number_status
    )
    amounts = _amounts(source, lines, decision.taxes, policy)
    # Lines taxed although no VAT applies: that says it all, and their amounts cannot add up.
    contradicts = any(tax.rate != line.rate for tax, line in zip(decision.taxes, lines, strict=True))
    sums = () if contradicts else amounts.findings
    findings = _once((*source.findings, *_problems(source, policy), *decision.findings, *sums))
    if blocking(findings):
        return Transformed(None, findings)
    document = Invoice(
        kind=source.kind,
        source_ref=source.source_ref,
        number=source.number,
        ordered_at=_start_of(source),
        currency=source.currency,
        prices_include_tax=source.prices_include_tax,
        contact=source.contact,
        delivery_country=_where(source).country,
        lines=amounts.lines,
        payment=source.payment,
        is_paid=source.open_amount.is_zero and source.gross.amount > 0 and not source.kind.is_credit,
        is_business=source.contact.is_business,
        credits=(source.credits or "") if source.kind.is_credit else None,
        customer_reference=source.customer_reference,
        own_number=source.own_number,
        payment_days=source.payment_days,
    )
    if policy.small_business and source.kind.side is Side.PURCHASES:
        document = _without_deduction(document)
    return Transformed(document, findings)


def source_vat_number_to_check(source: SourceInvoice, policy: RoutePolicy) -> str:
    """The well-formed VAT number that a register should confirm before a sale goes over free of VAT; "" for none."""
    if source.kind.side is Side.PURCHASES or _reverse_charged_at_home(source, policy) or any(_unreadable(source)):
        return ""
    return vat_number_to_check(_as_order(replace(source, lines=_with_rates_charged(source))), policy)


# -- why each line carries its VAT


def _with_rates_charged(source: SourceInvoice) -> tuple[SourceInvoiceLine, ...]:
    """The lines at the rates that were charged: a program may state the rate that the buyer has to declare."""
    if source.reverse_charged and source.tax.is_zero:
        return tuple(replace(line, rate=_ZERO) for line in source.lines)
    return source.lines


def _where(source: SourceInvoice) -> Place:
    return place(source.contact.address.country, source.contact.address.postcode)


def _start_of(source: SourceInvoice) -> datetime:
    return datetime.combine(source.issued_on, time(), tzinfo=source.changed_at.tzinfo)


def _reverse_charged_at_home(source: SourceInvoice, policy: RoutePolicy) -> bool:
    return source.reverse_charged and _where(source).country in (policy.home_country, "")


def _sale_taxes(
    source: SourceInvoice, policy: RoutePolicy, vat_number_status: VatNumberStatus | None = None
) -> TaxDecision:
    """As of an order: customers decide the VAT the same way. Besides, VAT can be reverse-charged at home (building,
    scrap, phones), which webshops do not know."""
    if not _reverse_charged_at_home(source, policy) or policy.small_business:
        return taxes_for(_as_order(source), policy, vat_number_status)
    problem = vat_number_problem(source.contact.vat_number, (policy.home_country,))
    taxes = (Tax(TaxCategory.REVERSE_CHARGE, _ZERO, policy.home_country),) * len(source.lines)
    return TaxDecision(taxes, (*_taxed_although_reverse(source), *((problem,) if problem else ())))


def _as_order(source: SourceInvoice) -> Order:
    """The sale as VAT sees it."""
    return Order(
        source_ref=source.source_ref,
        number=source.number,
        status_id=source.status_id,
        ordered_at=_start_of(source),
        changed_at=source.changed_at,
        currency=source.currency,
        prices_include_tax=source.prices_include_tax,
        treatment=TaxTreatment.REVERSE_CHARGE if source.reverse_charged else TaxTreatment.DOMESTIC,
        customer=source.contact,
        delivery_address=Address(),
        lines=tuple(
            OrderLine(
                kind=LineKind.ARTICLE,
                description=line.description,
                quantity=line.quantity,
                net=line.net,
                gross=Money(_gross_of(line.net.amount, line.rate), source.currency),
                rate=line.rate,
            )
            for line in source.lines
        ),
        gross=source.gross,
        credits=(source.credits or "") if source.kind.is_credit else None,
        is_business=source.contact.is_business,
    )


def _purchase_taxes(source: SourceInvoice, policy: RoutePolicy, _status: VatNumberStatus | None = None) -> TaxDecision:
    """By the supplier's country: VAT at home can be claimed back, VAT of elsewhere not in the return at home; without
    VAT from another member state it is ours to declare, from outside the EU it is import."""
    where, home = _where(source), policy.home_country
    is_home = where.country in (home, "")
    charged = {line.rate for line in source.lines if line.rate > 0}
    at_home = rates_on(place(home), source.issued_on, and_before=source.kind.is_credit)
    there = frozenset[Decimal]() if is_home else rates_on(where, source.issued_on, and_before=True) or frozenset()
    findings: list[Finding] = []
    if source.reverse_charged:
        findings.extend(_taxed_although_reverse(source))
    elif at_home is None and charged:
        findings.append(finding("RATE_NOT_CHECKED", home=home, date=source.issued_on))
    elif at_home is not None:
        for rate in sorted(charged - at_home):
            values = {"rate": _percent(rate), "date": source.issued_on, "home": home, "country": where}
            findings.append(finding("RATE_NOT_OF_COUNTRY" if is_home else "FOREIGN_VAT_ON_PURCHASE", **values))
        for rate in sorted(charged & at_home & there):
            findings.append(finding("PURCHASE_VAT_OF_WHICH_COUNTRY", rate=_percent(rate), home=home, country=where))
    free = not charged and any(not line.net.is_zero for line in source.lines)
    if free and where.in_eu and not is_home and not source.contact.vat_number.strip():
        findings.append(finding("SUPPLIER_VAT_NUMBER_MISSING", country=where))

    if charged and not source.reverse_charged:
        untaxed = TaxCategory.ZERO
    elif is_home:
        untaxed = TaxCategory.REVERSE_CHARGE if source.reverse_charged else TaxCategory.ZERO
    else:
        untaxed = TaxCategory.INTRA_EU if where.in_eu else TaxCategory.EXPORT
    return TaxDecision(
        tuple(Tax(TaxCategory.STANDARD if line.rate > 0 else untaxed, line.rate, home) for line in source.lines),
        tuple(findings),
    )


def _taxed_although_reverse(source: SourceInvoice) -> Iterator[Finding]:
    for line in source.lines:
        if line.rate > 0:
            yield finding("TAX_ON_ZERO_TREATMENT", line=line.description or _NO_TEXT, rate=_percent(line.rate))


def _without_deduction(document: Invoice) -> Invoice:
    """As a business in the small-business scheme books a purchase: what it pays is its cost, VAT included."""
    lines = (
        replace(line, net=line.gross, tax=Tax(TaxCategory.EXEMPT, _ZERO, line.tax.country)) if line.tax.rate else line
        for line in document.lines
    )
    return replace(document, lines=tuple(lines))


# -- whether it adds up, and its cents


@dataclass(frozen=True, slots=True)
class _Amounts:
    lines: tuple[InvoiceLine, ...]
    findings: tuple[Finding, ...]


def _amounts(
    source: SourceInvoice, lines: Sequence[SourceInvoiceLine], taxes: Sequence[Tax], policy: RoutePolicy
) -> _Amounts:
    """Lines in whole cents that add up to the header, per VAT treatment and in all."""
    by_tax: dict[Tax, list[int]] = {tax: [] for tax in sorted(set(taxes))}
    # In an order of their own: where a cent goes must not hang on the order of the lines.
    for index in sorted(range(len(lines)), key=lambda i: _sort_of(lines[i])):
        by_tax[taxes[index]].append(index)
    nets = [sum((lines[i].net.amount for i in rows), _ZERO) for rows in by_tax.values()]
    vats = [net * tax.rate / 100 for net, tax in zip(nets, by_tax, strict=True)]
    slack = _slack(source)
    findings = list(tax_total_differences(_per_rate(by_tax, vats), source.tax_totals, source.currency, policy))

    net_total = _nearest(source.net, sum(nets, _ZERO), slack)
    net_cents = round_to_total(nets, net_total) if nets else []
    tax_cents = _tax_cents(source, list(by_tax), vats, slack)
    booked: dict[int, InvoiceLine] = {}
    for (tax, rows), net, vat in zip(by_tax.items(), net_cents, tax_cents, strict=True):
        line_nets = round_to_total([lines[i].net.amount for i in rows], net)
        line_grosses = round_to_total([_gross_of(lines[i].net.amount, tax.rate) for i in rows], net + vat)
        for i, line_net, line_gross in zip(rows, line_nets, line_grosses, strict=True):
            booked[i] = _booked(lines[i], tax, line_net, line_gross, source.currency)
    result = [booked[i] for i in range(len(lines))]

    short = source.gross - Money.of_cents(sum(net_cents) + sum(tax_cents), source.currency)
    if not short.is_zero and lines:
        if abs(short.amount) <= policy.rounding_limit:
            result.append(_rounding_line(short, policy))
            findings.append(finding("SOURCE_ROUNDED", difference=short))
        else:
            findings.append(finding("TOTALS_DO_NOT_ADD_UP", lines=source.gross - short, total=source.gross))
    return _Amounts(tuple(result), tuple(findings))


def _tax_cents(source: SourceInvoice, taxes: Sequence[Tax], vats: Sequence[Decimal], slack: Decimal) -> list[int]:
    """The VAT of each treatment: as the source states it per rate, else what it states in all, where rounding explains
    the difference; else what the lines give."""
    charged = [i for i, tax in enumerate(taxes) if tax.rate > 0]
    if not charged:
        return [0] * len(taxes)
    stated: dict[Decimal, Decimal] = {}
    for one in source.tax_totals:
        if one.rate > 0:
            stated[one.rate] = stated.get(one.rate, _ZERO) + one.tax.amount
    result = [0] * len(taxes)
    if sorted(stated) == sorted(taxes[i].rate for i in charged) and sum(stated.values()) == source.tax.amount:
        per_rate = [(stated[taxes[i].rate], vats[i]) for i in charged]
        if all(abs(says - gives) <= slack and rounded(says) == says for says, gives in per_rate):
            for i, (says, _) in zip(charged, per_rate, strict=True):
                result[i] = int(says.scaleb(2))
            return result
    exact = [vats[i] for i in charged]
    total = _nearest(source.tax, sum(exact, _ZERO), slack)
    for i, cents in zip(charged, round_to_total(exact, total), strict=True):
        result[i] = cents
    return result


def _nearest(stated: Money, computed: Decimal, slack: Decimal) -> int:
    """What is stated, in cents, where rounding explains it; else what was computed."""
    return stated.cents if abs(stated.amount - computed) <= slack else int(rounded(computed).scaleb(2))


def _slack(source: SourceInvoice) -> Decimal:
    """How far rounding can bring a total from the exact sum of the lines: half a cent each, and one for the total;
    where prices include VAT, that of each piece, as prices without it are then rounded."""
    pieces = (max(Decimal(1), abs(line.quantity)) if source.prices_include_tax else Decimal(1) for line in source.lines)
    return _HALF_CENT * (1 + sum(pieces, _ZERO))


def _per_rate(by_tax: dict[Tax, list[int]], vats: Sequence[Decimal]) -> dict[Decimal, Decimal]:
    result: dict[Decimal, Decimal] = {}
    for tax, vat in zip(by_tax, vats, strict=True):
        result[tax.rate] = result.get(tax.rate, _ZERO) + vat
    return result


def _gross_of(net: Decimal, rate: Decimal) -> Decimal:
    return net * (100 + rate) / 100


def _sort_of(line: SourceInvoiceLine) -> tuple[str, str, str, Decimal, str]:
    """By what decides on accounts first: lines that are alike in that may swap a cent."""
    return line.product_group, line.cost_category, line.tax_code, line.net.amount, line.description


def _booked(line: SourceInvoiceLine, tax: Tax, net: int, gross: int, currency: str) -> InvoiceLine:
    return InvoiceLine(
        kind=LineKind.ARTICLE,
        description=line.description.strip() or _NO_TEXT,
        quantity=line.quantity,
        net=Money.of_cents(net, currency),
        gross=Money.of_cents(gross, currency),
        tax=tax,
        product_group=line.product_group,
        cost_category=line.cost_category,
        tax_code=line.tax_code,
    )


def _rounding_line(amount: Money, policy: RoutePolicy) -> InvoiceLine:
    return InvoiceLine(
        kind=LineKind.ROUNDING,
        description=ROUNDING_TEXT,
        quantity=Decimal(1),
        net=amount,
        gross=amount,
        tax=Tax(TaxCategory.ZERO, _ZERO, policy.home_country),
    )


def _problems(source: SourceInvoice, policy: RoutePolicy) -> Iterator[Finding]:
    if source.currency != policy.books_currency and policy.foreign_currency == "refuse":
        yield finding("CURRENCY_NOT_OF_THE_BOOKS", currency=source.currency, books=policy.books_currency)
    if not source.lines:
        yield finding("NOTHING_TO_INVOICE")
    if source.gross.amount < 0:
        yield finding("NEGATIVE_TOTAL", total=source.gross)
    if not source.number.strip():
        yield finding("NUMBER_MISSING", own_number=source.own_number or source.source_ref.id)
    if source.kind.is_credit and not source.credits:
        yield finding("CREDIT_WITHOUT_ORIGINAL", number=source.number)


def _unreadable(source: SourceInvoice) -> Iterator[Finding]:
    """What makes amounts impossible to compute with."""

    def problem(field: str, text: str) -> Finding:
        return finding("DOCUMENT_UNREADABLE", field=field, problem=text)

    amounts = [("net", source.net), ("VAT", source.tax), ("total", source.gross), ("open", source.open_amount)]
    for name, amount in amounts:
        if rounded(amount.amount) != amount.amount:
            yield problem(name, f"{amount} has a fraction of a cent")
    amounts += [(line.description or _NO_TEXT, line.net) for line in source.lines]
    amounts += [("VAT", one.tax) for one in source.tax_totals]
    for line in source.lines:
        if not line.rate.is_finite() or not 0 <= line.rate <= 100:
            yield problem(line.description or _NO_TEXT, f"{line.rate} is not a VAT rate")
        if not line.quantity.is_finite() or abs(line.quantity) > LARGEST_AMOUNT:
            yield problem(line.description or _NO_TEXT, f"{line.quantity} is not a quantity")
    for name, amount in amounts:
        if amount.currency != source.currency:
            yield problem(name, f"{amount} is not in {source.currency}")
    if sum(abs(amount.amount) for _, amount in amounts) * 2 > LARGEST_AMOUNT:
        yield problem("total", f"the amounts add up to more than {LARGEST_AMOUNT}")


def _percent(rate: Decimal) -> str:
    return f"{rate.normalize():f}"


def _once(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(findings))
