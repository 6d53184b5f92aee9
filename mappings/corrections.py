"""What to do when an order changed after it was booked: nothing is overwritten, a correction is computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from boekbrug.domain.documents import Address, Order, OrderLine
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
    changes += _line_changes(old.lines, new.lines, words)
    if not changes and fingerprint(old) != fingerprint(new):
        changes.append(words["other"])
    return changes


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


def _line_changes(old: tuple[OrderLine, ...], new: tuple[OrderLine, ...], words: dict[str, str]) -> list[str]:
    gone, come = Counter(map(_line_text, old)), Counter(map(_line_text, new))
    removed = [f"{words['removed']}: {text}" for text in (gone - come).elements()]
    return removed + [f"{words['added']}: {text}" for text in (come - gone).elements()]


def _line_text(line: OrderLine) -> str:
    quantity = f"{line.quantity.normalize():f}"
    return f"{quantity} × {line.description or line.kind.value} {line.gross} ({_percent(line.rate)})"


def _percent(rate: Decimal) -> str:
    return f"{rate.normalize():f}%"


def _written(address: Address) -> str:
    place = f"{address.postcode} {address.city}".strip()
    parts = (address.company, address.name, address.street, place, address.country)
    return ", ".join(part for part in parts if part)
