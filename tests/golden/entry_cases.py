"""Golden documents of books that are told every line: an invoice of an invoicing program, and the entry it becomes.

`invoice.yaml` is the invoice as its program states it; `document.yaml` and `entry.yaml` are what is expected of it,
written so that an accountant can check them. `python -m tests.golden` writes the expectations anew; read the difference
before committing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from boekbrug.domain.bookings import Entry, EntryTraits, ReferenceData
from boekbrug.domain.documents import (
    Address,
    Contact,
    ContactAccount,
    DocumentKind,
    ExternalRef,
    Side,
    SourceInvoice,
    SourceInvoiceLine,
)
from boekbrug.domain.errors import NeedsAttention
from boekbrug.domain.exchange import ExchangeRate
from boekbrug.domain.findings import Finding
from boekbrug.domain.money import Money
from boekbrug.domain.tenants import MappingRule, RoutePolicy
from mappings.entries import entry_for
from mappings.invoices import Transformed
from mappings.references import our_reference
from mappings.source_invoices import invoice_from

ROOT = Path(__file__).parent / "wefact-eboekhouden"
CASES = sorted(path.parent.name for path in ROOT.glob("*/invoice.yaml"))


@dataclass(frozen=True)
class Booked:
    entry: Entry | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Case:
    """One case with the settings it shares with the others and its own."""

    name: str
    settings: dict
    own: dict

    @classmethod
    def load(cls, name: str) -> Case:
        shared = yaml.safe_load((ROOT / "settings.yaml").read_text("utf-8"))
        return cls(name, shared, yaml.safe_load((ROOT / name / "invoice.yaml").read_text("utf-8")))

    @property
    def policy(self) -> RoutePolicy:
        return RoutePolicy.model_validate({**self.settings["policy"], **self.own.get("policy", {})})

    @property
    def invoice(self) -> SourceInvoice:
        own, currency = self.own, self.own.get("currency", "EUR")
        kind = DocumentKind(own["kind"])
        what = "invoice" if kind.side is Side.SALES else "purchase_invoice"
        contact = dict(own["contact"])
        more = {name: contact.pop(name) for name in ("vat_number",) if name in contact}
        groups = tuple(contact.pop("groups", ()))
        totals = {name: Money.of(amount, currency) for name, amount in own["totals"].items()}
        return SourceInvoice(
            kind=kind,
            source_ref=ExternalRef("wefact", what, own["number"]),
            number=own["number"],
            own_number=own.get("own_number", own["number"]),
            status_id="2",
            issued_on=own["date"],
            changed_at=datetime.combine(own["date"], time(12), UTC),
            currency=currency,
            contact=Contact(address=Address(**contact), groups=groups, **more),
            lines=tuple(
                SourceInvoiceLine(
                    description=line["text"],
                    quantity=Decimal(line["quantity"]),
                    net=Money.of(line["net"], currency),
                    rate=Decimal(line["rate"]),
                    product_group=line.get("product_group", ""),
                    cost_category=line.get("cost_category", ""),
                )
                for line in own["lines"]
            ),
            open_amount=totals["gross"],
            **totals,
            payment_days=own.get("payment_days"),
            prices_include_tax=own.get("prices_include_tax", False),
            reverse_charged=own.get("reverse_charged", False),
            credits=own.get("credits"),
        )

    def transformed(self) -> Transformed:
        return invoice_from(self.invoice, self.policy)

    def booked(self) -> Booked | None:
        document = self.transformed().document
        if document is None:
            return None
        exchange = self.own.get("exchange")
        try:
            entry = entry_for(
                document,
                contact=ContactAccount(
                    target_ref=ExternalRef("eboekhouden", "relation", self.settings["relation"]),
                    contact=document.contact,
                    prices_include_tax=False,
                    reverse_charged=False,
                ),
                rules=[MappingRule.model_validate(rule) for rule in self.settings["mapping"]],
                reference_data=TypeAdapter(ReferenceData).validate_python(self.settings["books"]),
                traits=TypeAdapter(EntryTraits).validate_python(self.settings["traits"]),
                policy=self.policy,
                our_reference=our_reference(document.source_ref, self.settings["shop_account"]),
                source_name="WeFact",
                exchange=TypeAdapter(ExchangeRate).validate_python(exchange) if exchange else None,
            )
        except NeedsAttention as problem:
            return Booked(None, problem.findings)
        return Booked(entry, entry.findings)

    def expected(self, name: str) -> str | None:
        """The expectation as it stands in the folder; None when nothing of the kind is expected."""
        path = ROOT / self.name / name
        return path.read_text("utf-8") if path.exists() else None


# -- as an accountant reads it


def entry_text(booked: Booked | None) -> str | None:
    if booked is None:
        return None
    shown: dict = {"entry": "none, waits for a person"}
    if booked.entry:
        entry = booked.entry
        shown = {
            "entry": _WORDS[entry.kind],
            "invoice number": entry.number,
            "date": entry.issued_on.isoformat(),
            "due in days": entry.payment_days,
            "text": entry.description,
            "our reference": entry.our_reference,
            "relation": entry.contact.target_ref.id,
            "debtors" if entry.kind.side is Side.SALES else "creditors": f"{entry.control_account}: {entry.gross}",
            "lines": [
                {
                    "account": line.ledger_account,
                    "without VAT": str(line.net),
                    "VAT": f"{line.tax_amount} on code {line.vat_code} ({line.tax})",
                    "because": list(line.why),
                }
                for line in entry.lines
            ],
            "with VAT at": {f"{one.rate.normalize():f}%": f"{one.tax} over {one.net}" for one in entry.expected_taxes},
        }
    findings = [f"{one.level.value} {one.code}: {one.sentence('en')}" for one in booked.findings]
    return yaml.safe_dump({**shown, "findings": findings}, sort_keys=False, allow_unicode=True, width=110)


_WORDS = {
    DocumentKind.INVOICE: "sales invoice",
    DocumentKind.CREDIT_NOTE: "sales credit (amounts are negative in the books)",
    DocumentKind.PURCHASE_INVOICE: "purchase invoice",
    DocumentKind.PURCHASE_CREDIT_NOTE: "purchase credit (amounts are negative in the books)",
}
