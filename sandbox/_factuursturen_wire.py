"""How the simulated Factuursturen writes its records: almost all as text, ``[]`` for an empty object."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import cast

from sandbox._app import JsonObject
from sandbox._factuursturen_books import ZONE, Client, Invoice, Saved
from sandbox._factuursturen_fields import Draft
from sandbox._factuursturen_options import FactuursturenOptions
from sandbox._factuursturen_totals import Line, Totals


def client_wire(client: Client) -> JsonObject:
    return {
        "clientnr": str(client.nr),
        **client.fields,
        "reference": _reference(client.reference),
        "lastinvoice": client.last_invoice_on.isoformat() if client.last_invoice_on else "",
        "timestamp": f"{client.changed_at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}",
    }


def invoice_wire(invoice: Invoice, options: FactuursturenOptions) -> JsonObject:
    draft, client = invoice.draft, invoice.client
    return {
        "id": invoice.id,
        "invoicenr_full": invoice.invoicenr,
        "invoicenr": invoice.invoicenr,
        **_document(draft, invoice.totals, options),
        "profile": str(invoice.profile),
        "category": str(invoice.category),
        "paymentperiod": str((invoice.due - invoice.sent).days),
        "collection": "0",
        "clientnr": str(draft.clientnr),
        **{name: value for name, value in client.items() if name not in ("tax_type", "tax_shifted", "default_doclang")},
        "invoicenote": "",
        "sent": invoice.sent.isoformat(),
        "uncollectible": "",
        "lastreminder": "",
        "open": f"{invoice.open:.2f}",
        "paiddate": invoice.paid_on.isoformat() if invoice.paid_on else "",
        "tax_type": client["tax_type"],
        "language": client["default_doclang"] or "nl",
        "tax_shifted": "1" if client["tax_shifted"] == "true" else "0",
        "payment_url": f"https://www.factuursturen.nl/pay?{invoice.id}",
        "duedate": invoice.due.isoformat(),
        "history": _numbered("item", invoice.history),
    }


def saved_wire(saved: Saved, options: FactuursturenOptions) -> JsonObject:
    draft = saved.draft
    return {
        "id": str(saved.id),
        "savename": draft.savename,
        "clientnr": str(draft.clientnr),
        **_document(draft, saved.totals, options),
        "profile": str(draft.profile or 1),
        "category": str(draft.category or 0),
        **draft.repeats,
    }


def _document(draft: Draft, totals: Totals, options: FactuursturenOptions) -> JsonObject:
    lines = [_line(line, total, options) for line, total in zip(draft.lines, totals.lines, strict=True)]
    taxes: list[JsonObject] = [
        {"rate": rate.rate, "sum": f"{rate.tax:.2f}", "sum_of": f"{rate.net:.2f}"}
        for rate in totals.rates
        if rate.rate or options.zero_rate_in_taxes
    ]
    return {
        "reference": _reference(draft.reference),
        "lines": _numbered("line", lines),
        "discounttype": draft.discount.type if draft.discount else "percentage",
        "discount": f"{draft.discount.value.normalize():f}" if draft.discount else "0",
        "paymentcondition": draft.paymentcondition,
        "tax": f"{totals.tax:.2f}",
        "totalintax": f"{totals.gross:.2f}",
        "taxes": _numbered("tax", taxes),
    }


def _line(line: Line, total: Decimal, options: FactuursturenOptions) -> JsonObject:
    price = line.price.quantize(Decimal(1).scaleb(-options.price_decimals), ROUND_HALF_UP)
    wire: JsonObject = {
        "amount": line.amount,
        "amount_desc": line.amount_desc,
        "description": line.description,
        "tax_rate": line.tax_rate,
        "price": price,
        "discount_pct": line.discount_pct or 0,
        "linetotal": total,
    }
    return wire | {"type": line.type} if line.type else wire


def _reference(lines: tuple[str, str, str]) -> JsonObject:
    return {f"line{at}": line for at, line in enumerate(lines, 1)}


def _numbered(name: str, members: list[JsonObject]) -> JsonObject | list[JsonObject]:
    """``{"line1": …, "line2": …}``; an empty one is ``[]``, as PHP writes an empty array."""
    return {f"{name}{at}": member for at, member in enumerate(members, 1)} if members else []


@dataclass(frozen=True)
class Searchable:
    """A record as search sees it: the texts of its fields and of its reference, in lower case."""

    state: tuple[object, ...]
    wire: JsonObject
    texts: Mapping[str, Sequence[str]]
    all_text: str

    @classmethod
    def of(cls, state: tuple[object, ...], wire: JsonObject) -> "Searchable":
        texts = {name: [value.casefold()] for name, value in wire.items() if isinstance(value, str)}
        if "reference" in wire:
            reference = cast(dict[str, str], wire["reference"])
            texts["reference"] = [line.casefold() for line in reference.values()]
        return cls(state, wire, texts, "\n".join(text for found in texts.values() for text in found))

    def has(self, wanted: str, field: str, without: Sequence[str], whole: bool) -> bool:
        """Whether one field (or ``all``, but not those ``without``) holds the text."""
        if wanted not in self.all_text:
            return False
        names = [name for name in self.texts if name not in without] if field == "all" else [field]
        texts = [text for name in names for text in self.texts.get(name, ())]
        return any(text == wanted if whole else wanted in text for text in texts)
