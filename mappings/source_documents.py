"""What the steps ask of any document of a source, whether it is an order or an invoice."""

from __future__ import annotations

from datetime import date, datetime, time, tzinfo

from boekbrug.domain.documents import Contact, DocumentKind, Order
from boekbrug.domain.snapshots import Document
from boekbrug.domain.tax import VatNumberStatus
from boekbrug.domain.tenants import RoutePolicy
from mappings.invoices import Transformed, invoice_for
from mappings.references import customer_key
from mappings.source_invoices import invoice_from, source_vat_number_to_check
from mappings.vat import vat_number_to_check


def kind_of(document: Document) -> DocumentKind:
    """The kind of document that it becomes."""
    if isinstance(document, Order):
        return DocumentKind.CREDIT_NOTE if document.is_credit else DocumentKind.INVOICE
    return document.kind


def contact_of(document: Document) -> Contact:
    """The customer or supplier."""
    return document.customer if isinstance(document, Order) else document.contact


def dated_on(document: Document) -> date:
    """The day that decides VAT rates and periods."""
    return document.ordered_at.date() if isinstance(document, Order) else document.issued_on


def dated_at(document: Document, zone: tzinfo) -> datetime:
    """The moment by which documents are brought over in order; an invoice knows only its day."""
    if isinstance(document, Order):
        return document.ordered_at
    return datetime.combine(document.issued_on, time(), zone)


def number_of(document: Document) -> str:
    """What the source's people call it."""
    return document.number if isinstance(document, Order) else document.own_number or document.number


def number_in_books(document: Document, policy: RoutePolicy) -> str:
    """The invoice number that it gets in books where we choose it."""
    return policy.number_prefix + document.number


def contact_key(document: Document, scope: str) -> str:
    """What two documents of one customer or supplier have in common. A shop's customers are known by what they filled
    in; an invoicing program keeps contacts, which are known by their ids there, in the `scope` of that program."""
    contact = contact_of(document)
    return customer_key(contact) if isinstance(document, Order) else kept_contact_key(contact, scope)


def kept_contact_key(contact: Contact, scope: str) -> str:
    """The key of a contact that its source keeps."""
    ref = contact.source_ref
    return customer_key(contact) if ref is None else f"{scope}:{ref.kind}:{ref.id}"


def transformed(document: Document, policy: RoutePolicy, vat_number_status: VatNumberStatus | None) -> Transformed:
    """The invoice that it becomes, and everything found on the way."""
    if isinstance(document, Order):
        return invoice_for(document, policy, vat_number_status)
    return invoice_from(document, policy, vat_number_status)


def vat_number_of(document: Document, policy: RoutePolicy) -> str:
    """The VAT number on which its VAT depends, where the policy wants it looked up; else empty."""
    if isinstance(document, Order):
        return vat_number_to_check(document, policy)
    return source_vat_number_to_check(document, policy)
