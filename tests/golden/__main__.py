"""Writes the expectations of all golden cases anew: `python -m tests.golden`."""

import json
from decimal import Decimal
from pathlib import Path

from connectors._factuursturen_wire import invoice_to_wire
from tests.golden import entry_cases, invoices
from tests.golden.cases import CASES, ROOT, Case, booking_text, document_text, order_of


def _number(value: object) -> float:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(type(value).__name__)


def _write(case: str, name: str, text: str | None, root: Path = ROOT) -> None:
    path = root / case / name
    if text is None:
        path.unlink(missing_ok=True)
    else:
        path.write_text(text, "utf-8")


def main() -> None:
    for name in CASES:
        case = Case.load(name)
        result = case.transformed(order_of(case.payload))
        booked = case.booked(result.document) if result.document else None
        request = None
        if booked and booked.booking:
            wire = invoice_to_wire(booked.booking, case.traits.credit_style)
            request = json.dumps(wire, default=_number, indent=1, ensure_ascii=False) + "\n"
        _write(name, "document.yaml", document_text(result))
        _write(name, "booking.yaml", booking_text(booked) if booked else None)
        _write(name, "request.json", request)
    for name in entry_cases.CASES:
        told = entry_cases.Case.load(name)
        _write(name, "document.yaml", document_text(told.transformed()), entry_cases.ROOT)
        _write(name, "entry.yaml", entry_cases.entry_text(told.booked()), entry_cases.ROOT)
    invoices.write()


if __name__ == "__main__":
    main()
