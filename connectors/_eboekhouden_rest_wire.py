"""Relations and mutations of e-Boekhouden.nl, from the domain to the JSON of its REST interface and back. Pure.

Facts: docs/connectors/eboekhouden-rest.md. A field that has nothing to say is left out; the package works out the VAT
of a row itself, but for the codes of any rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from boekbrug.domain.bookings import Entry, LedgerAccount
from boekbrug.domain.documents import (
    REFERENCE_PREFIX,
    BookedPayment,
    Contact,
    ExternalRef,
    OpenItem,
    PostedDocument,
    PostedLine,
    Side,
)
from boekbrug.domain.money import Money
from boekbrug.domain.rounding import rounded
from connectors._eboekhouden import (
    CURRENCY,
    LENGTHS,
    SYSTEM,
    VAT_CODES,
    Relation,
    details_of,
    ledger_account,
    rate_of,
    relation_ref,
)
from connectors._eboekhouden_entries import BookedLine, Refusal, gross_of, tax_totals
from connectors._wire import Fields, JsonOut, clean

MUTATION = "mutation_id"  # the kind of a ref: not the number that SOAP has and people see
INVOICES = {"2": Side.SALES, "1": Side.PURCHASES}
PAYMENTS = {"3": Side.SALES, "4": Side.PURCHASES}
INVOICE_TYPES = {side: kind for kind, side in INVOICES.items()}
PAYMENT_TYPES = {side: kind for kind, side in PAYMENTS.items()}
OPEN_ITEMS = {Side.SALES: "D", Side.PURCHASES: "C"}
LONGEST_DESCRIPTION = 50
REST_LENGTHS = {**LENGTHS, "contact": 50, "bic": 20}
_ANY_RATE = frozenset(code.code for code in VAT_CODES if code.rate is None)

_REFUSALS = {
    "MUT_019": Refusal.NUMBER,
    "MUT_020": Refusal.NUMBER,
    "MUT_003": Refusal.PERIOD,  # the date: always given, so it is a day that the books do not take
    "MUTA_001": Refusal.CONTROL_ACCOUNT,
    "MUT_007": Refusal.CONTROL_ACCOUNT,
}
_REFUSED_PROPERTIES = {
    "rows.ledgerId": Refusal.ACCOUNT,
    "rows.vatCode": Refusal.VAT_CODE,
    "ledgerId": Refusal.CONTROL_ACCOUNT,
    "date": Refusal.PERIOD,
}

_RELATION_FIELDS = {
    "name": "name", "contact": "contact", "street": "address", "postcode": "postalCode", "city": "city",
    "country": "country", "phone": "phoneNumber", "email": "emailAddress", "vat_number": "vatNumber",
    "company_number": "companyRegistrationNumber", "iban": "iban", "bic": "bic", "kind": "type",
}  # fmt: skip


def refusal_of(code: str, named: str) -> Refusal:
    """What a refusal is about, by its code or else by the property it names."""
    return _REFUSALS.get(code) or _REFUSED_PROPERTIES.get(named, Refusal.OTHER)


def account_from_wire(fields: Fields) -> LedgerAccount:
    """A ledger account. Raises Unreadable."""
    return ledger_account(fields.required_text("code"), fields.text("description"), fields.text("category"))


# -- relations


def relation_from_wire(fields: Fields) -> Relation:
    """A relation. Raises Unreadable."""
    details = {ours: fields.text(theirs) for ours, theirs in _RELATION_FIELDS.items()}
    return Relation(fields.required_text("code"), details, is_active=not fields.flag("inactive", default=False))


def relation_to_wire(contact: Contact) -> dict[str, JsonOut]:
    """What the contact says, for a new relation or over one that is there."""
    return {_RELATION_FIELDS[name]: text for name, text in details_of(contact, REST_LENGTHS).items()}


# -- mutations


def entry_to_wire(entry: Entry, *, relation_id: int, ledger_ids: Mapping[str, int]) -> dict[str, JsonOut]:
    """The body of `POST /v1/mutation`: a credit is an invoice with the opposite sign.

    Raises KeyError for an account that is not among `ledger_ids` (code → id).
    """
    sign = -1 if entry.kind.is_credit else 1
    lines: list[JsonOut] = []
    for line in entry.lines:
        row: dict[str, JsonOut] = {
            "ledgerId": ledger_ids[line.ledger_account],
            "vatCode": line.vat_code,
            "amount": (line.net * sign).rounded().amount + 0,
        }
        if line.vat_code in _ANY_RATE:
            row["vatAmount"] = (line.tax_amount * sign).rounded().amount + 0
        lines.append(row)
    return {
        "type": INVOICE_TYPES[entry.kind.side],
        "date": entry.issued_on.isoformat(),
        "ledgerId": ledger_ids[entry.control_account],
        "invoiceNumber": entry.number,
        "entryNumber": entry.our_reference,
        "relationId": relation_id,
        "termOfPayment": max(0, entry.payment_days),
        "inExVat": "EX",
        "description": clean(entry.description, LONGEST_DESCRIPTION) or entry.number[:LONGEST_DESCRIPTION],
        "rows": lines,
    }


def type_of(mutation: Fields) -> str:
    """Its type, which comes as a number or as text. Raises Unreadable."""
    return mutation.required_text("type")


def side_of(mutation: Fields) -> Side | None:
    """The side of an invoice; None for another type of mutation. Raises Unreadable."""
    return INVOICES.get(type_of(mutation))


def is_ours(mutation: Fields) -> bool:
    """True when the mutation carries a reference of ours."""
    return mutation.text("entryNumber").startswith(REFERENCE_PREFIX)


def mutation_ref(mutation_id: int) -> ExternalRef:
    """A mutation on this interface."""
    return ExternalRef(SYSTEM, MUTATION, str(mutation_id))


def posted_from_wire(
    mutation: Fields, contact: Contact, accounts: Mapping[int, str], open_amount: Money | None
) -> PostedDocument:
    """An invoice as the books show it. `accounts`: id → code; without an open amount it is open entirely, as a new one
    is. Raises Unreadable."""
    lines = _lines_from_wire(mutation, accounts)
    gross = gross_of(lines)
    return PostedDocument(
        target_ref=mutation_ref(mutation.whole("id")),
        number=mutation.text("invoiceNumber"),
        our_reference=mutation.text("entryNumber") if is_ours(mutation) else "",
        booked_on=mutation.day("date"),
        gross=gross,
        tax_totals=tax_totals(lines),
        contact=contact,
        contact_ref=relation_ref(contact.code),
        open_amount=gross if open_amount is None else open_amount,
        lines=tuple(booked.line for booked in lines),
    )


def _lines_from_wire(mutation: Fields, accounts: Mapping[int, str]) -> list[BookedLine]:
    """The rows. Their VAT comes as one amount per code, which is divided over the rows with that code."""
    taxes = {vat.required_text("vatCode"): vat.money("amount", CURRENCY) for vat in mutation.objects("vat")}
    includes_tax = mutation.text("inExVat") == "IN"
    by_code: dict[str, list[Fields]] = {}
    for row in mutation.objects("rows"):
        by_code.setdefault(row.text("vatCode"), []).append(row)
    lines = []
    for code, same in by_code.items():
        amounts = [row.money("amount", CURRENCY) for row in same]
        tax = taxes.get(code, Money.zero(CURRENCY))
        shares = tax.split([amount.amount for amount in amounts])
        nets = [amount - share if includes_tax else amount for amount, share in zip(amounts, shares, strict=True)]
        base = sum((net.amount for net in nets), Decimal(0))
        rate = rate_of(code, rounded(tax.amount * 100 / base, 0) if base else Decimal(0))
        lines += [
            BookedLine(
                PostedLine(
                    ledger_account=accounts.get(row.whole("ledgerId"), row.text("ledgerId")),
                    vat_code=code,
                    net=net,
                    tax=share,
                ),
                rate,
            )
            for row, net, share in zip(same, nets, shares, strict=True)
        ]
    return lines


def open_item_from_wire(item: Fields, side: Side, *, number: str, contact_code: str) -> OpenItem:
    """An open item. Raises Unreadable."""
    return OpenItem(
        side=side,
        number=number,
        contact_code=contact_code,
        booked_on=item.day("date"),
        gross=item.money("totalAmount", CURRENCY),
        open_amount=item.money("outstandingAmount", CURRENCY),
        target_ref=mutation_ref(item.whole("mutationId")),
    )


def paid_from_wire(mutation: Fields) -> Iterator[tuple[str, int, Money]]:
    """What a mutation pays: invoice number, id of the relation, amount. Raises Unreadable."""
    amounts: dict[tuple[str, int], Money] = {}
    for row in mutation.objects("rows"):
        if number := row.text("invoiceNumber"):
            key = number, row.whole("relationId")
            amounts[key] = amounts.get(key, Money.zero(CURRENCY)) + row.money("amount", CURRENCY)
    for (number, relation_id), amount in amounts.items():
        yield number, relation_id, amount


def payment_from_wire(mutation: Fields, side: Side, number: str, contact_code: str, amount: Money) -> BookedPayment:
    """One payment of one invoice. Raises Unreadable."""
    return BookedPayment(
        target_ref=mutation_ref(mutation.whole("id")),
        side=side,
        number=number,
        contact_code=contact_code,
        paid_on=mutation.day("date"),
        amount=amount,
    )
