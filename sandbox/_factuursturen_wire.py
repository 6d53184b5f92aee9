"""How the simulated Factuursturen writes its records: almost all as text, ``[]`` for an empty object."""

from decimal import ROUND_HALF_UP, Decimal

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
