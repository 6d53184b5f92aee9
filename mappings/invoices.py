"""From order to invoice: which orders go over, whether one adds up, and the invoice or credit note it becomes.

No order loses or gains a cent here: the lines are taken over as they are, or the order waits for a person.

A free order (total 0.00, with lines) goes over as an invoice of 0.00: goods left the shop, and a number missing from
the books would look like a lost order. It is not marked paid, as there is nothing to pay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from boekbrug.domain.documents import (
    DocumentKind,
    Invoice,
    InvoiceLine,
    LineKind,
    Order,
    OrderLine,
    OrderStatus,
    UnreadableDocument,
)
from boekbrug.domain.errors import SettingsInvalid
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
_LARGEST_QUANTITY = Decimal(10) ** 9


# -- which orders go over


class Verdict(StrEnum):
    """Whether a document goes over."""

    GOES = "goes"
    NOT_YET = "not_yet"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Whether a document goes over, and if not, why."""

    verdict: Verdict
    reason: Finding | None = None


@dataclass(frozen=True, slots=True)
class StatusPlan:
    """What a route does with each status (by id) that its shop knows."""

    statuses: dict[str, OrderStatus]
    goes: frozenset[str]
    never: frozenset[str]

    def verdict(self, status_id: str) -> Verdict:
        """What happens to a document in this status. One that the shop did not list does not go over yet."""
        if status_id in self.never:
            return Verdict.NEVER
        return Verdict.GOES if status_id in self.goes else Verdict.NOT_YET

    def name(self, status_id: str) -> str:
        """The status as the shop calls it, else its id."""
        return self.statuses[status_id].name if status_id in self.statuses else status_id


def status_plan(policy: RoutePolicy, statuses: Sequence[OrderStatus]) -> StatusPlan:
    """The policy's statuses, by name or id whatever their case, as ids of this shop.

    Statuses of credit orders go over by themselves: whether a credit order does is the policy's `credit_orders`. What
    is to be skipped is skipped even when it is named among those that go over.

    Raises SettingsInvalid for a wanted status that the shop does not have; unknown ones to skip are ignored.
    """

    def ids(wanted: str) -> set[str]:
        plain = wanted.strip().casefold()
        named = {status.id for status in statuses if status.name.strip().casefold() == plain}
        return named or {status.id for status in statuses if status.id.strip().casefold() == plain}

    unknown = [wanted for wanted in policy.statuses if not ids(wanted)]
    if unknown:
        valid = ", ".join(f"{status.name} ({status.id})" for status in statuses) or "none at all"
        raise SettingsInvalid(
            f"the shop has no status {', '.join(map(repr, unknown))}; the route's statuses can be: {valid}"
        )
    never = {id_ for wanted in policy.skip_statuses for id_ in ids(wanted)}
    goes = {id_ for wanted in policy.statuses for id_ in ids(wanted)}
    goes |= {status.id for status in statuses if status.is_credit}
    return StatusPlan({status.id: status for status in statuses}, frozenset(goes - never), frozenset(never))


def eligibility(document: Order | UnreadableDocument, plan: StatusPlan, policy: RoutePolicy) -> Eligibility:
    """Whether the route takes this document by its status, number and day; not whether it is right."""
    if policy.first_number is not None:
        digits = re.findall(r"\d+", document.number)
        if digits and int(digits[-1]) < policy.first_number:
            reason = finding("BEFORE_FIRST_NUMBER", number=document.number, first=policy.first_number)
            return Eligibility(Verdict.NEVER, reason)
    if isinstance(document, Order) and policy.start_on and document.ordered_at.date() < policy.start_on:
        reason = finding("BEFORE_START", date=document.ordered_at.date(), start=policy.start_on)
        return Eligibility(Verdict.NEVER, reason)
    if not document.status_id:  # not even the status can be read: a person has to look
        return Eligibility(Verdict.GOES)
    verdict = plan.verdict(document.status_id)
    if verdict is Verdict.GOES:
        return Eligibility(verdict)
    code = "STATUS_NEVER" if verdict is Verdict.NEVER else "STATUS_NOT_YET"
    return Eligibility(verdict, finding(code, status=plan.name(document.status_id)))


# -- whether an order adds up, and its invoice


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
    yield from _tax_total_differences(order, policy)


def _fits(line: OrderLine) -> bool:
    """Whether gross and net agree at the rate: within a cent, or within what rounding per piece can add up to."""
    expected = line.net.amount * (100 + line.rate) / 100
    allowed = max(CENT, CENT / 2 * (abs(line.quantity) + 1))
    return abs(line.gross.amount - expected) <= allowed


def _tax_total_differences(order: Order, policy: RoutePolicy) -> Iterator[Finding]:
    """Where the shop's own VAT per rate is not that of its lines. The lines lead, so this never blocks."""
    if not order.tax_totals:
        return
    computed: dict[Decimal, Decimal] = {}
    for line in order.lines:
        computed[line.rate] = computed.get(line.rate, Decimal(0)) + line.tax.amount
    stated: dict[Decimal, Decimal] = {}
    for one in order.tax_totals:
        stated[one.rate] = stated.get(one.rate, Decimal(0)) + one.tax.amount
    for rate in sorted(computed.keys() | stated.keys()):
        ours, theirs = rounded(computed.get(rate, Decimal(0))), rounded(stated.get(rate, Decimal(0)))
        if ours != theirs:
            code = "TAX_TOTAL_DIFFERS" if abs(ours - theirs) <= policy.tax_per_rate_tolerance else "TAX_TOTAL_FAR_OFF"
            yield finding(
                code,
                stated=Money(theirs, order.currency),
                computed=Money(ours, order.currency),
                rate=f"{rate.normalize():f}",
            )


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
