"""Documents as JSON: kept with the record as evidence, and compared to see whether a document changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import cache

from pydantic import TypeAdapter

from boekbrug.domain.documents import Order


@cache
def _orders() -> TypeAdapter[Order]:
    return TypeAdapter(Order)


def order_to_json(order: Order) -> str:
    """The order as JSON text, amounts as strings; what the order does not say is left out."""
    return _orders().dump_json(order, exclude_defaults=True).decode()


def order_from_json(text: str) -> Order:
    """The order that `order_to_json` wrote. Raises pydantic.ValidationError when the text is not one."""
    return _orders().validate_json(text)


def fingerprint(order: Order) -> str:
    """Changes exactly when something changes that an invoice would show: not for a status or a note.

    The status is left out because an order that goes from paid to shipped is still the same sale; the shop's own VAT
    totals because the lines lead. 21 and 21.00 are the same rate, however the shop writes them this time.
    """
    lasting = replace(order, status_id="", changed_at=order.ordered_at, tax_totals=(), findings=())
    # What an order does not say is left out, so that a field added to the model changes no fingerprint.
    text = json.dumps(_orders().dump_python(lasting, exclude_defaults=True), default=_plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize() + 0:f}"  # + 0: there is no negative nothing
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a fingerprint")
