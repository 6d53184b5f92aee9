"""Golden documents: an order of a shop, the invoice it becomes, its booking, and what is sent to the books.

`order.json` is what the shop's API says; `document.yaml`, `booking.yaml` and `request.json` are what is expected of it,
written so that an accountant can check them. `python -m tests.golden` writes the expectations anew; read the difference
before committing it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from pydantic import TypeAdapter

from boekbrug.domain.bookings import Booking, ReferenceData, TargetTraits
from boekbrug.domain.documents import (
    Address,
    Contact,
    ContactAccount,
    DocumentKind,
    ExternalRef,
    Invoice,
    LineKind,
    Order,
    OrderLine,
    Payment,
    TaxTotal,
    TaxTreatment,
)
from boekbrug.domain.errors import NeedsAttention
from boekbrug.domain.findings import Finding
from boekbrug.domain.money import Money
from boekbrug.domain.tenants import MappingRule, RoutePolicy
from mappings.bookings import booking_for, debtor_settings_for
from mappings.invoices import Transformed, invoice_for
from mappings.references import our_reference

ROOT = Path(__file__).parent / "mijnwebwinkel-factuursturen"
CASES = sorted(path.parent.name for path in ROOT.glob("*/order.json"))


@dataclass(frozen=True)
class Booked:
    booking: Booking | None
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
        return cls(name, shared, yaml.safe_load((ROOT / name / "case.yaml").read_text("utf-8")))

    @property
    def payload(self) -> dict:
        return json.loads((ROOT / self.name / "order.json").read_text("utf-8"))

    @property
    def policy(self) -> RoutePolicy:
        return RoutePolicy.model_validate({**self.settings["policy"], **self.own.get("policy", {})})

    @property
    def traits(self) -> TargetTraits:
        return TypeAdapter(TargetTraits).validate_python(self.settings["traits"])

    def transformed(self, order: Order) -> Transformed:
        return invoice_for(order, self.policy)

    def booked(self, document: Invoice) -> Booked:
        prices_include_tax, reverse_charged = debtor_settings_for(document)
        own = self.own.get("debtor", {})
        debtor = ContactAccount(
            target_ref=ExternalRef("factuursturen", "client", self.settings["debtor_number"]),
            contact=document.contact,
            prices_include_tax=own.get("prices_include_tax", prices_include_tax),
            reverse_charged=own.get("reverse_charged", reverse_charged),
        )
        try:
            booking = booking_for(
                document,
                debtor=debtor,
                rules=[MappingRule.model_validate(rule) for rule in self.settings["mapping"]],
                reference_data=TypeAdapter(ReferenceData).validate_python(self.settings["books"]),
                traits=self.traits,
                policy=self.policy,
                our_reference=our_reference(document.source_ref, self.settings["shop_account"]),
            )
        except NeedsAttention as problem:
            return Booked(None, problem.findings)
        return Booked(booking, booking.findings)

    def expected(self, name: str) -> str | None:
        """The expectation as it stands in the folder; None when nothing of the kind is expected."""
        path = ROOT / self.name / name
        return path.read_text("utf-8") if path.exists() else None


# -- the order, read plainly from the payload: only for these folders, whose payloads all have the same shape


def order_of(payload: dict) -> Order:
    currency = payload["currency"]
    invoice = payload["debtor"]["address"]["invoice"]
    delivery = payload["debtor"]["address"].get("delivery", invoice)
    at = datetime.fromisoformat(f"{payload['date']}T{payload['time']}").replace(tzinfo=ZoneInfo("Europe/Amsterdam"))
    kinds = {"article": "article", "shipping": "shipping", "payment": "payment_costs", "discount": "discount"}
    treatments = {"": "domestic", "zero_percent": "zero", "reverse_charged_vat": "reverse_charge"}
    lines = []
    for number, line in enumerate(payload["orderlines"], 1):
        prices = line["price"] if isinstance(line["price"], list) else [line["price"]]
        lines += [
            OrderLine(
                kind=LineKind(kinds[line["type"]]),
                description=line["description"],
                quantity=Decimal(line["quantity"]),
                net=Money.of(price["amount"], currency),
                gross=Money.of(price["amount_including_tax"], currency),
                rate=Decimal(price["rate"]),
                source_id=str(number),
            )
            for price in prices
        ]
    return Order(
        source_ref=ExternalRef("mijnwebwinkel", "order", payload["uuid"]),
        number=payload["number"],
        status_id=str(payload["status"]),
        ordered_at=at,
        changed_at=at,
        currency=currency,
        prices_include_tax=payload["taxed"] == "include",
        treatment=TaxTreatment(treatments[payload["tax_strategy"]]),
        customer=Contact(email=payload["debtor"]["email"], vat_number=invoice["taxnumber"], address=_address(invoice)),
        delivery_address=_address(delivery),
        lines=tuple(lines),
        gross=Money.of(payload["price"]["total"], currency),
        tax_totals=tuple(
            TaxTotal(rate=Decimal(tax["rate"]), tax=Money.of(tax["amount"], currency))
            for tax in payload["price"]["tax"]
        ),
        payment=Payment(method=payload["payment"]["method_name"] if payload["payment"] else ""),
        credits=str(payload["credited_order_number"]) if "credited_order_number" in payload else None,
        customer_reference=payload.get("reference", ""),
        is_business=payload["business_model"] == "B2B",
    )


def _address(address: dict) -> Address:
    return Address(
        name=address["name"],
        company=address["company"],
        street=f"{address['street']} {address['number']}",
        postcode=address["zipcode"],
        city=address["city"],
        country=address["country_code"],
    )


# -- as an accountant reads it


def document_text(result: Transformed) -> str:
    shown: dict = {}
    if result.document:
        document = result.document
        shown = {
            "document": document.kind.value.replace("_", " "),
            "number": document.number,
            **({"credits": document.credits} if document.credits else {}),
            "date": document.ordered_at.date().isoformat(),
            "customer": _customer(document.contact),
            "business": document.is_business,
            "goods go to": document.delivery_country,
            "paid": f"{document.payment.method or 'no method'}, {'paid' if document.is_paid else 'not paid'}",
            "lines": [
                {
                    line.kind.value: line.description,
                    "quantity": f"{line.quantity:f}",
                    "without VAT": str(line.net),
                    "with VAT": str(line.gross),
                    "VAT": str(line.tax),
                }
                for line in document.lines
            ],
            "total with VAT": str(document.gross),
            "of which at": {str(tax): str(gross) for tax, gross in document.gross_by_tax.items()},
        }
    return _yaml({**(shown or {"document": "none, waits for a person"}), "findings": _findings(result.findings)})


def booking_text(result: Booked) -> str:
    shown: dict = {"booking": "none, waits for a person"}
    if result.booking:
        booking = result.booking
        shown = {
            "booking": "credit note" if booking.kind is DocumentKind.CREDIT_NOTE else booking.kind.value,
            "text": booking.reference_text,
            "our reference": booking.our_reference,
            "debtor": booking.debtor.target_ref.id,
            "debtor is reverse-charged": booking.debtor.reverse_charged,
            "prices": "including VAT" if booking.prices_include_tax else "without VAT",
            "ledger account": booking.ledger_account,
            "paid": f"{'paid' if booking.is_paid else 'not paid'} ({booking.payment_name or 'no method'})",
            "lines": [
                {
                    line.kind.value: line.description,
                    "quantity × price": f"{line.quantity:f} × {line.unit_price}",
                    "VAT": f"{line.tax} on code {line.vat_code}",
                    "ledger account": line.ledger_account,
                    "because": list(line.why),
                }
                for line in booking.lines
            ],
            "the books compute": str(booking.expected_gross),
            "with VAT at": {
                f"{one.rate.normalize():f}%": f"{one.tax} over {one.net}" for one in booking.expected_taxes
            },
        }
    return _yaml({**shown, "findings": _findings(result.findings)})


def _findings(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{one.level.value} {one.code}: {one.sentence('en')}" for one in findings]


def _customer(contact: Contact) -> str:
    address = contact.address
    place = f"{address.postcode} {address.city} {address.country}"
    parts = (address.company, address.name, address.street, place, contact.email, contact.vat_number)
    return ", ".join(part for part in parts if part)


def _yaml(shown: dict) -> str:
    return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=110)
