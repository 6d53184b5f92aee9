"""WeFact's invoices of both sides, from the JSON of its API to the domain's documents. Pure functions.

Whatever is not understood makes the document unreadable, with the field and the problem; it is never guessed and never
dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from boekbrug.domain.documents import (
    Contact,
    DocumentKind,
    ExternalRef,
    Payment,
    Side,
    SourceInvoice,
    SourceInvoiceLine,
    TaxTotal,
    UnreadableDocument,
)
from boekbrug.domain.findings import Finding, finding
from boekbrug.domain.money import Money
from boekbrug.domain.rounding import rounded
from connectors._wefact_wire import (
    CONTACT_KINDS,
    CREDIT,
    DOCUMENT_KINDS,
    ID,
    OWN_NUMBER,
    PARTY,
    STATUSES,
    SYSTEM,
    address_from_wire,
    contact_from_wire,
    currency_of,
    day,
    first_address,
    id_from_wire,
    moment,
    money_of,
    open_amount_of,
    said,
    words,
)
from connectors._wire import Fields, Json, Unreadable, without_zeros

_CREDITS = re.compile(r"Corresponderende factuur:\s*(.+)", re.IGNORECASE)
_CENT = Decimal("0.01")


def has_products(payload: Json) -> bool:
    """True when a line of the invoice names a product."""
    try:
        return any(said(line, "ProductCode") for line in _wire_lines(Fields(payload)))
    except Unreadable:
        return False


def invoice_from_wire(
    payload: Json, side: Side, party: Json, product_groups: Mapping[str, str], zone: ZoneInfo
) -> SourceInvoice | UnreadableDocument:
    """The invoice, or why it cannot be understood. Never raises, whatever the payload.

    `party` is the record of its debtor or creditor (None when there is none any more), `product_groups` the group by
    product code.
    """
    try:
        return _invoice(Fields(payload), side, party, product_groups, zone)
    except Unreadable as error:
        fields = Fields(payload) if isinstance(payload, dict) else Fields(None)
        number = said(fields, "InvoiceCode") or said(fields, OWN_NUMBER[side])
        status = said(fields, "Status")
        return UnreadableDocument(
            source_ref=ExternalRef(SYSTEM, DOCUMENT_KINDS[side], said(fields, "Identifier") or f"number:{number}"),
            number=number,
            status_id=f"{side}:{status}" if status else "",
            findings=(finding("DOCUMENT_UNREADABLE", field=error.field, problem=error.problem),),
        )


def _invoice(
    invoice: Fields, side: Side, party: Json, product_groups: Mapping[str, str], zone: ZoneInfo
) -> SourceInvoice:
    status = invoice.required_text("Status")
    if status not in STATUSES[side]:
        raise Unreadable("Status", f"'{status[:40]}' is not known")
    currency = currency_of(invoice)
    gross, net = invoice.money("AmountIncl", currency), invoice.money("AmountExcl", currency)
    tax = invoice.money("AmountTax", currency) if invoice.text("AmountTax") else _difference(gross, net)
    reverse_charged = invoice.flag("VatShift", default=False)
    # A credit's amounts are positive here, and what runs against it runs against it: the document's own sign comes off.
    is_credit = status == CREDIT or gross.amount < 0
    turned = gross.amount < 0 or (gross.is_zero and net.amount < 0)
    sign = -1 if turned else 1
    untaxed = reverse_charged and tax.is_zero  # whatever rate the lines then show
    lines, credited, differs = _lines(invoice, side, net, product_groups, untaxed=untaxed, sign=sign)
    own_number = invoice.required_text(OWN_NUMBER[side])
    open_amount = open_amount_of(invoice, gross)
    return SourceInvoice(
        kind=_kind(side, is_credit),
        source_ref=ExternalRef(SYSTEM, DOCUMENT_KINDS[side], id_from_wire(invoice)),
        number=invoice.text("InvoiceCode") or own_number,
        own_number=own_number,
        status_id=f"{side}:{status}",
        issued_on=_issued_on(invoice),
        changed_at=_changed_at(invoice, zone),
        currency=currency,
        contact=_contact(invoice, side, party),
        lines=lines,
        net=_signed(net, sign),
        tax=_signed(tax, sign),
        gross=_signed(gross, sign),
        open_amount=_signed(open_amount, sign),
        payment_days=_payment_days(invoice),
        tax_totals=_tax_totals(invoice, currency, sign),
        prices_include_tax=invoice.text("VatCalcMethod").lower() == "incl",
        reverse_charged=reverse_charged,
        paid_on=day(invoice, "PayDate") if open_amount.is_zero else None,
        payment=Payment(method=invoice.text("PaymentMethod")),
        credits=credited if is_credit else None,
        customer_reference=invoice.text("ReferenceNumber"),
        findings=(*differs, *_private(invoice)),
    )


def _kind(side: Side, is_credit: bool) -> DocumentKind:
    if side is Side.SALES:
        return DocumentKind.CREDIT_NOTE if is_credit else DocumentKind.INVOICE
    return DocumentKind.PURCHASE_CREDIT_NOTE if is_credit else DocumentKind.PURCHASE_INVOICE


def _difference(gross: Money, net: Money) -> Money:
    return money_of(gross.amount - net.amount, gross.currency, "AmountExcl")


def _signed(money: Money, sign: int) -> Money:
    return Money(money.amount * sign + 0, money.currency)  # + 0: no negative zero


def _private(invoice: Fields) -> Iterator[Finding]:
    if invoice.flag("Private", default=False):
        yield finding("PARTLY_PRIVATE", percentage=invoice.text("PrivatePercentage") or "100")


def _payment_days(invoice: Fields) -> int | None:
    term = invoice.whole("Term") if invoice.text("Term") else -1  # -1: the general setting
    if term >= 0:
        return term
    issued_on, due_on = day(invoice, "Date"), day(invoice, "PayBefore")
    return (due_on - issued_on).days if issued_on and due_on and due_on >= issued_on else None


def _tax_totals(invoice: Fields, currency: str, sign: int) -> tuple[TaxTotal, ...]:
    """Only shown by some versions: an object by the rate as a fraction."""
    rates = invoice.value("UsedTaxrates")
    totals = []
    for fraction, payload in rates.items() if isinstance(rates, dict) else ():
        rate = Fields({"rate": fraction}, "UsedTaxrates").exact_number("rate", 6)
        stated = Fields(payload, f"UsedTaxrates.{fraction}")
        totals.append(
            TaxTotal(
                rate=rounded(rate * 100),
                tax=_signed(stated.money("AmountTax", currency), sign),
                net=_signed(stated.money("AmountExcl", currency), sign),
            )
        )
    return tuple(totals)


def _issued_on(invoice: Fields) -> date:
    issued_on = day(invoice, "Date")
    if issued_on is None:
        raise Unreadable("Date", "is missing")
    return issued_on


def _changed_at(invoice: Fields, zone: ZoneInfo) -> datetime:
    """In the hour that the end of summer time repeats, the first is meant. The offset is fixed: in a zone with summer
    time, a moment in the repeated hour equals nothing."""
    given = moment(invoice, "Modified") or moment(invoice, "Created") or moment(invoice, "Date")
    if given is None:
        raise Unreadable(invoice.path("Modified"), "is missing")
    local = given.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return local.replace(tzinfo=timezone(local.utcoffset() or timedelta(0)))


# -- contact


def _contact(invoice: Fields, side: Side, party: Json) -> Contact:
    """The party is the debtor's or creditor's own record; the address is as it stood on the invoice."""
    snapshot = address_from_wire(invoice)
    if party is None:
        party_ref = invoice.text(PARTY[side])
        return Contact(
            email=first_address(invoice.text("EmailAddress")),
            vat_number=invoice.text("TaxNumber"),
            address=snapshot,
            source_ref=ExternalRef(SYSTEM, CONTACT_KINDS[side], party_ref) if ID.fullmatch(party_ref) else None,
            code=invoice.text(f"{PARTY[side]}Code"),
        )
    contact = contact_from_wire(party, side)
    if not (snapshot.street or snapshot.city or snapshot.postcode):  # a purchase holds no address
        return contact
    return replace(
        contact,
        email=contact.email or first_address(invoice.text("EmailAddress")),
        vat_number=contact.vat_number or invoice.text("TaxNumber"),
        address=replace(snapshot, country=snapshot.country or contact.address.country),
    )


# -- lines


@dataclass(frozen=True, slots=True)
class _Reading:
    """How amounts of lines may be meant where that is not documented."""

    repeated: bool  # what a line costs is for one period of several; of a purchase: for one piece
    discount: Decimal  # percentage off the whole document


@dataclass(frozen=True, slots=True)
class _Line:
    once: Decimal  # the price, for one period of several; of a purchase for one piece of several, or for all
    times: Decimal
    line: SourceInvoiceLine  # without its net

    def net(self, reading: _Reading) -> Decimal:
        """The whole line without VAT."""
        return self.once * (self.times if reading.repeated else 1) * (1 - reading.discount / 100)

    def as_domain(self, reading: _Reading, sign: int) -> SourceInvoiceLine:
        """The line with its amount, six decimals at most."""
        net = rounded(self.net(reading), 6) * sign
        return replace(self.line, net=money_of(net, self.line.net.currency, "InvoiceLines"))


def _lines(
    invoice: Fields, side: Side, net: Money, product_groups: Mapping[str, str], *, untaxed: bool, sign: int
) -> tuple[tuple[SourceInvoiceLine, ...], str, tuple[Finding, ...]]:
    """The lines; the number of the invoice that they say is credited; and a finding when they do not add up.

    The totals in the head lead: of the readings of the lines, the first that adds up to them is the one.
    """
    given = _wire_lines(invoice)
    lines = [_line(line, side, net.currency, product_groups, untaxed=untaxed) for line in given]
    readings = list(_readings(invoice, lines, side))
    sums = [sum((line.net(reading) for line in lines), Decimal(0)) for reading in readings]
    tolerance = _tolerance(invoice, lines)
    fitting = [i for i, total in enumerate(sums) if (total - net.amount).copy_abs() <= tolerance]
    reading = readings[fitting[0] if fitting else 0]
    findings: tuple[Finding, ...] = ()
    if not fitting:
        added_up = money_of(rounded(sums[0]) * sign, net.currency, "InvoiceLines")
        findings = (finding("LINES_DIFFER_FROM_TOTAL", lines=added_up, total=_signed(net, sign)),)
    references = [line for line in lines if not line.once and _CREDITS.search(line.line.description)]
    kept = tuple(line.as_domain(reading, sign) for line in lines if line not in references[:1])
    named = _CREDITS.search(references[0].line.description) if references else None
    return kept, named[1].strip() if named else "", findings


def _wire_lines(invoice: Fields) -> list[Fields]:
    name = "InvoiceLines" if "InvoiceLines" in invoice else "CreditInvoiceLines"
    return [line for line in invoice.numbered(name) if line]


def _readings(invoice: Fields, lines: list[_Line], side: Side) -> Iterator[_Reading]:
    """The likeliest first."""
    discounts = [Decimal(0)]
    if side is Side.SALES and (stated := _number(invoice, "Discount", 0)):
        discounts = [Decimal(0), stated] if invoice.flag("IgnoreDiscount", default=False) else [stated, Decimal(0)]
    several = any(line.times != 1 for line in lines)
    for discount in discounts:
        for repeated in (side is Side.SALES, side is Side.PURCHASES) if several else (False,):
            yield _Reading(repeated, discount)


def _tolerance(invoice: Fields, lines: list[_Line]) -> Decimal:
    """A cent per line; of prices that were computed from prices with VAT, also what rounding them took off."""
    slack = _CENT * max(2, len(lines))
    if invoice.text("VatCalcMethod").lower() == "incl":
        for given, line in zip(_wire_lines(invoice), lines, strict=True):
            decimals = max(2, len(given.text("PriceExcl").partition(".")[2]))
            slack += line.line.quantity * line.times * Decimal(5).scaleb(-decimals - 1)
    return slack


def _number(fields: Fields, name: str, default: int) -> Decimal:
    return fields.number(name, 4) if fields.text(name) else Decimal(default)


def _line(line: Fields, side: Side, currency: str, product_groups: Mapping[str, str], *, untaxed: bool) -> _Line:
    quantity, price = _number(line, "Number", 1), line.number("PriceExcl", 8)
    if side is Side.SALES:
        once = price * quantity * (1 - _number(line, "DiscountPercentage", 0) / 100)
        times = _number(line, "Periods", 1) or Decimal(1)
    else:
        once, times = price, quantity
    rate = line.exact_number("TaxPercentage", 2) if once or line.text("TaxPercentage") else rounded(Decimal(0))
    if not 0 <= rate <= 100:
        raise Unreadable(line.path("TaxPercentage"), f"{rate} is not a percentage")
    code, category = line.text("ProductCode"), line.text("CostCategory")
    described = SourceInvoiceLine(
        description=words(line.text("Description", 4000)),
        quantity=without_zeros(quantity.copy_abs()) or Decimal(1),  # the amounts carry the direction
        net=Money.zero(currency),
        rate=rounded(Decimal(0)) if untaxed else rate,
        tax_code=line.text("TaxCode"),
        product_code=code,
        product_group=product_groups.get(code, ""),
        cost_category="" if category == "0" else category,
    )
    return _Line(once, times, described)
