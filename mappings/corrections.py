"""What to do when a document changed after it was booked: nothing is overwritten, a correction is computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from boekbrug.domain.bookings import Entry
from boekbrug.domain.documents import Address, Contact, DocumentKind, Order, OrderLine, SourceInvoice, SourceInvoiceLine
from boekbrug.domain.findings import Finding, finding
from boekbrug.domain.money import Money
from boekbrug.domain.snapshots import Document, fingerprint

_WORDS: dict[str, dict[str, str]] = {
    "nl": {
        "total": "totaal",
        "added": "regel erbij",
        "removed": "regel weg",
        "email": "e-mailadres",
        "phone": "telefoon",
        "vat_number": "btw-nummer",
        "invoice_address": "factuuradres",
        "delivery_address": "afleveradres",
        "payment": "betaalwijze",
        "currency": "valuta",
        "treatment": "btw-regeling",
        "reference": "referentie klant",
        "ordered_at": "besteldatum",
        "number": "bestelnummer",
        "invoice_number": "factuurnummer",
        "issued_on": "factuurdatum",
        "net": "totaal zonder btw",
        "tax": "btw",
        "contact": "relatie",
        "reverse_charged": "btw verlegd",
        "payment_days": "betaaltermijn (dagen)",
        "credits": "crediteert",
        "kind": "soort",
        "yes": "ja",
        "no": "nee",
        "other": "overige gegevens",
    },
    "en": {
        "total": "total",
        "added": "line added",
        "removed": "line removed",
        "email": "e-mail address",
        "phone": "phone",
        "vat_number": "VAT number",
        "invoice_address": "invoice address",
        "delivery_address": "delivery address",
        "payment": "payment method",
        "currency": "currency",
        "treatment": "VAT treatment",
        "reference": "customer reference",
        "ordered_at": "order date",
        "number": "order number",
        "invoice_number": "invoice number",
        "issued_on": "invoice date",
        "net": "total without VAT",
        "tax": "VAT",
        "contact": "contact",
        "reverse_charged": "VAT reverse-charged",
        "payment_days": "payment term (days)",
        "credits": "credits",
        "kind": "kind",
        "yes": "yes",
        "no": "no",
        "other": "other details",
    },
}


@dataclass(frozen=True, slots=True)
class Correction:
    """What puts the books right: credit this much, and invoice that much anew (None: nothing)."""

    credit: Money
    invoice: Money | None


def changes_between(old: Order, new: Order, language: str = "nl") -> list[str]:
    """What an invoice would show differently, in words; empty when it would be the same.

    A status, a note or the moment of a change is nothing that an invoice shows.
    """
    words = _WORDS[language]
    changes = [f"{words[name]} {before or '-'} → {after or '-'}" for name, before, after in _fields(old, new)]
    changes += _line_changes(map(_line_text, old.lines), map(_line_text, new.lines), words)
    if not changes and fingerprint(old) != fingerprint(new):
        changes.append(words["other"])
    return changes


def invoice_changes_between(old: SourceInvoice, new: SourceInvoice, language: str = "nl") -> list[str]:
    """What the books would hold differently of an invoice, in words; empty when it would be the same.

    Nothing of what becomes of an invoice after it was sent: its status, what was paid on it.
    """
    words = _WORDS[language]
    changes = [
        f"{words[name]} {before or '-'} → {after or '-'}" for name, before, after in _invoice_fields(old, new, words)
    ]
    changes += _line_changes(map(_invoice_line_text, old.lines), map(_invoice_line_text, new.lines), words)
    if not changes and _lasting(old) != _lasting(new):
        changes.append(words["other"])
    return changes


def reversal_of(entry: Entry, *, number: str, our_reference: str) -> Entry:
    """The entry that takes a booked one back, line by line, under a number and reference of its own."""
    kind = {
        DocumentKind.INVOICE: DocumentKind.CREDIT_NOTE,
        DocumentKind.CREDIT_NOTE: DocumentKind.INVOICE,
        DocumentKind.PURCHASE_INVOICE: DocumentKind.PURCHASE_CREDIT_NOTE,
        DocumentKind.PURCHASE_CREDIT_NOTE: DocumentKind.PURCHASE_INVOICE,
    }[entry.kind]
    return replace(
        entry,
        kind=kind,
        number=number,
        our_reference=our_reference,
        credits=entry.number if kind.is_credit else None,
        findings=(),
    )


def correction(old: Document, new: Document | None) -> Correction:
    """The correction of a document that was booked as `old` and is `new` now; None when it was cancelled."""
    return Correction(credit=old.gross, invoice=new.gross if new else None)


def changed_after_posting(old: Order, new: Order, number: str, language: str = "nl") -> Finding:
    """The finding for an order that changed after it was booked as document `number`."""
    needed = correction(old, new)
    changes = "; ".join(changes_between(old, new, language))
    return finding(
        "CHANGED_AFTER_POSTING", changes=changes, number=number, posted=needed.credit, current=needed.invoice
    )


def invoice_changed_after_posting(old: SourceInvoice, new: SourceInvoice, number: str, language: str = "nl") -> Finding:
    """The finding for an invoice that changed after it was booked as document `number`."""
    changes = "; ".join(invoice_changes_between(old, new, language))
    return finding("CHANGED_AFTER_POSTING", changes=changes, number=number, posted=old.gross, current=new.gross)


def cancelled_after_posting(old: Document, number: str, status: str) -> Finding:
    """The finding for a document that got a status in which it should not have been booked, as document `number`."""
    return finding("CANCELLED_AFTER_POSTING", status=status, number=number, posted=correction(old, None).credit)


def _fields(old: Order, new: Order) -> Iterator[tuple[str, str, str]]:
    pairs = {
        "number": (old.number, new.number),
        "ordered_at": (f"{old.ordered_at:%Y-%m-%d %H:%M}", f"{new.ordered_at:%Y-%m-%d %H:%M}"),
        "total": (str(old.gross), str(new.gross)),
        "currency": (old.currency, new.currency),
        "treatment": (old.treatment.value, new.treatment.value),
        "email": (old.customer.email, new.customer.email),
        "phone": (old.customer.phone, new.customer.phone),
        "vat_number": (old.customer.vat_number, new.customer.vat_number),
        "invoice_address": (_written(old.customer.address), _written(new.customer.address)),
        "delivery_address": (_written(old.delivery_address), _written(new.delivery_address)),
        "payment": (old.payment.method, new.payment.method),
        "reference": (old.customer_reference, new.customer_reference),
    }
    for name, (before, after) in pairs.items():
        if before != after:
            yield name, before, after


def _invoice_fields(old: SourceInvoice, new: SourceInvoice, words: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    def yes(value: bool) -> str:
        return words["yes" if value else "no"]

    pairs = {
        "kind": (old.kind.value, new.kind.value),
        "invoice_number": (old.number, new.number),
        "issued_on": (f"{old.issued_on:%Y-%m-%d}", f"{new.issued_on:%Y-%m-%d}"),
        "currency": (old.currency, new.currency),
        "net": (str(old.net), str(new.net)),
        "tax": (str(old.tax), str(new.tax)),
        "total": (str(old.gross), str(new.gross)),
        "reverse_charged": (yes(old.reverse_charged), yes(new.reverse_charged)),
        "contact": (str(old.contact.source_ref or ""), str(new.contact.source_ref or "")),
        "vat_number": (old.contact.vat_number, new.contact.vat_number),
        "invoice_address": (_written(old.contact.address), _written(new.contact.address)),
        "payment_days": (_days(old), _days(new)),
        "credits": (old.credits or "", new.credits or ""),
        "reference": (old.customer_reference, new.customer_reference),
    }
    for name, (before, after) in pairs.items():
        if before != after:
            yield name, before, after


def _days(invoice: SourceInvoice) -> str:
    return "" if invoice.payment_days is None else str(invoice.payment_days)


def _lasting(invoice: SourceInvoice) -> SourceInvoice:
    """The invoice without what becomes of it after it was sent, and what it does not show of its contact."""
    contact = invoice.contact
    return replace(
        invoice,
        contact=Contact(vat_number=contact.vat_number, address=contact.address, source_ref=contact.source_ref),
        status_id="",
        changed_at=datetime.min.replace(tzinfo=UTC),
        open_amount=invoice.gross,
        paid_on=None,
        tax_totals=(),
        findings=(),
    )


def _line_changes(old: Iterable[str], new: Iterable[str], words: dict[str, str]) -> list[str]:
    gone, come = Counter(old), Counter(new)
    removed = [f"{words['removed']}: {text}" for text in (gone - come).elements()]
    return removed + [f"{words['added']}: {text}" for text in (come - gone).elements()]


def _line_text(line: OrderLine) -> str:
    quantity = f"{line.quantity.normalize():f}"
    return f"{quantity} × {line.description or line.kind.value} {line.gross} ({_percent(line.rate)})"


def _invoice_line_text(line: SourceInvoiceLine) -> str:
    sort = ", ".join(part for part in (_percent(line.rate), line.product_group, line.cost_category) if part)
    return f"{line.quantity.normalize():f} × {line.description} {line.net} ({sort})"


def _percent(rate: Decimal) -> str:
    return f"{rate.normalize():f}%"


def _written(address: Address) -> str:
    place = f"{address.postcode} {address.city}".strip()
    parts = (address.company, address.name, address.street, place, address.country)
    return ", ".join(part for part in parts if part)
