"""Golden documents of an invoicing program: what its API says of an invoice, and the document it is read as.

`payload.json` is what the API says of the invoice and its debtor or creditor; `document.yaml` what is expected of it,
written so that an accountant can check it. `python -m tests.golden` writes the expectations anew; read the difference
before committing it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from boekbrug.domain.documents import Side, SourceInvoice, UnreadableDocument
from connectors._wefact_invoices import invoice_from_wire
from connectors._wire import parse_json

ROOT = Path(__file__).parent / "wefact"
CASES = sorted(path.parent.name for path in ROOT.glob("*/payload.json"))


def read(case: str) -> SourceInvoice | UnreadableDocument:
    given: Any = parse_json((ROOT / case / "payload.json").read_text("utf-8"))
    groups, zone = given["product_groups"], ZoneInfo("Europe/Amsterdam")
    return invoice_from_wire(given["invoice"], Side(given["side"]), given["party"], groups, zone)


def expected(case: str) -> str:
    return (ROOT / case / "document.yaml").read_text("utf-8")


def text(document: SourceInvoice) -> str:
    contact, address = document.contact, document.contact.address
    shown = {
        "document": document.kind.value.replace("_", " "),
        "number": document.number,
        "own number": document.own_number,
        **({"credits": document.credits or "not said"} if document.credits is not None else {}),
        "ref": str(document.source_ref),
        "status": document.status_id,
        "date": document.issued_on.isoformat(),
        "changed": document.changed_at.isoformat(),
        "payable within": f"{document.payment_days} days",
        "reference": document.customer_reference,
        "contact": {
            "code": f"{contact.code} ({contact.source_ref})",
            "name": ", ".join(part for part in (address.company, address.name) if part),
            "address": f"{address.street}, {address.postcode} {address.city}, {address.country}",
            "e-mail": contact.email,
            "VAT number": contact.vat_number,
            "company number": contact.company_number,
            "bank": f"{contact.iban} {contact.bic}".strip(),
            "groups": list(contact.groups),
        },
        "lines": [
            {
                line.description: f"{line.quantity:f} pieces, {line.net} without VAT",
                "VAT": f"{line.rate}% ({line.tax_code})",
                **({"product": f"{line.product_code} of group {line.product_group}"} if line.product_code else {}),
                **({"cost category": line.cost_category} if line.cost_category else {}),
            }
            for line in document.lines
        ],
        "prices": "with VAT" if document.prices_include_tax else "without VAT",
        "reverse-charged": document.reverse_charged,
        "without VAT": str(document.net),
        "VAT": str(document.tax),
        "with VAT": str(document.gross),
        "open": str(document.open_amount),
        "paid": f"{document.paid_on or 'not (wholly)'} {document.payment.method}".strip(),
        "findings": [f"{one.level.value} {one.code}: {one.sentence('en')}" for one in document.findings],
    }
    return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=110)


def write() -> None:
    """Writes the expectations anew."""
    for case in CASES:
        document = read(case)
        assert isinstance(document, SourceInvoice), document
        (ROOT / case / "document.yaml").write_text(text(document), "utf-8")
