"""Documents as JSON: kept with the record as evidence, and compared to see whether a document changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache

from pydantic import TypeAdapter

from boekbrug.domain.documents import Address, Contact, Order, Payment, SourceInvoice

Document = Order | SourceInvoice
"""A document of a source that could be read."""
ORDER = "order"
"""The kind of an order's ref, in whatever shop; other kinds are invoices."""


@cache
def _orders() -> TypeAdapter[Order]:
    return TypeAdapter(Order)


@cache
def _invoices() -> TypeAdapter[SourceInvoice]:
    return TypeAdapter(SourceInvoice)


@cache
def _contacts() -> TypeAdapter[Contact]:
    return TypeAdapter(Contact)


def document_to_json(document: Document) -> str:
    """The document as JSON text, amounts as strings; what it does not say is left out."""
    if isinstance(document, Order):
        return _orders().dump_json(document, exclude_defaults=True).decode()
    return _invoices().dump_json(document, exclude_defaults=True).decode()


def document_from_json(text: str, kind: str = ORDER) -> Document:
    """The document that `document_to_json` wrote; `kind` is its ref's. Raises pydantic.ValidationError when the text is
    not one."""
    return _orders().validate_json(text) if kind == ORDER else _invoices().validate_json(text)


def fingerprint(document: Document) -> str:
    """Changes exactly when something changes that decides what is booked: not for a status or a note.

    The status is left out because an order that goes from paid to shipped is still the same sale; what was paid,
    because the books keep that themselves; the source's own VAT totals because the lines lead. 21 and 21.00 are the
    same rate, however the source writes them this time.
    """
    lasting: object
    if isinstance(document, Order):
        order = replace(document, status_id="", changed_at=document.ordered_at, tax_totals=(), findings=())
        lasting = _orders().dump_python(order, exclude_defaults=True)
    else:
        lasting = _invoices().dump_python(_unpaid(document), exclude_defaults=True)
    # What a document does not say is left out, so that a field added to the model changes no fingerprint.
    text = json.dumps(lasting, default=_plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def contact_fingerprint(contact: Contact) -> str:
    """Changes when something changes that books keep of a contact; in which groups the source has it is nothing of
    theirs."""
    text = json.dumps(
        _contacts().dump_python(replace(contact, groups=()), exclude_defaults=True), default=_plain, sort_keys=True
    )
    return hashlib.sha256(text.encode()).hexdigest()


def same_on_paper(old: Document, new: Document) -> bool:
    """Whether an invoice would show the same: how the source sorts its products and contacts, what it knows of the
    contact today, and how it was paid since, is nothing that an invoice of then shows."""
    if isinstance(old, Order) or isinstance(new, Order):
        return fingerprint(old) == fingerprint(new)
    return fingerprint(_on_paper(old)) == fingerprint(_on_paper(new))


def _unpaid(invoice: SourceInvoice) -> SourceInvoice:
    """The invoice without what becomes of it after it was sent."""
    return replace(
        invoice,
        status_id="",
        changed_at=datetime.min,  # noqa: DTZ901 - the same for all of them
        open_amount=invoice.gross,
        paid_on=None,
        tax_totals=(),
        findings=(),
    )


def _on_paper(invoice: SourceInvoice) -> SourceInvoice:
    contact = invoice.contact
    return replace(
        invoice,
        contact=Contact(
            vat_number=contact.vat_number,
            address=Address(country=contact.address.country),
            source_ref=contact.source_ref,
        ),
        lines=tuple(replace(line, product_group="") for line in invoice.lines),
        payment=Payment(),
    )


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize() + 0:f}"  # + 0: there is no negative nothing
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a fingerprint")
