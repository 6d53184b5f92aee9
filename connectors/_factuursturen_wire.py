"""Clients and invoices of Factuursturen, from the domain to the JSON of its API and back. Pure functions.

Facts: docs/connectors/factuursturen.md. Almost every scalar comes as text; empty objects come as `[]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from boekbrug.domain.bookings import Booking, BookingLine, CreditStyle, Delivery, LedgerAccount, VatCode
from boekbrug.domain.documents import (
    Address,
    Contact,
    ContactAccount,
    DocumentKind,
    ExternalRef,
    PostedDocument,
    TaxTotal,
)
from boekbrug.domain.errors import DocumentInvalid
from boekbrug.domain.findings import Finding, finding
from connectors._countries import country_codes
from connectors._wire import Fields, Json, JsonOut, Unreadable, clean, folded, without_zeros

SYSTEM = "factuursturen"

# Longest texts of a client, from the supplier's documentation.
_LENGTHS = {"contact": 50, "company": 50, "address": 50, "zipcode": 7, "city": 50, "phone": 13, "taxnumber": 18}
_LONGEST_EMAIL = 255
_LONGEST_REFERENCE = 50  # not documented; the length of the other lines that are printed
_LONGEST_PAYMENT_METHOD = 32
_NAMES = {"contact": "name", "company": "company", "address": "street", "city": "city", "phone": "phone"}

_SEND_METHODS = {Delivery.NONE: "mail", Delivery.EMAIL: "email", Delivery.PRINT: "printcenter"}

# A created record is answered with just its number. Layouts such as F2026-0012 or 2026/12 occur.
_BARE_NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z./_-]{0,39}")


def bare_number(answer: str) -> str:
    """The number in the answer to a creation; "" when the answer is something else (an error page, nothing)."""
    text = answer.strip().strip('"').strip()
    return text if _BARE_NUMBER.fullmatch(text) else ""


def members(payload: Json, name: str) -> list[Fields]:
    """The records of a list, bare or each wrapped by its `name`; a single wrapped one is a list of one.

    Raises Unreadable when it is neither: an error page taken for an empty list would lead to booking twice.
    """
    if isinstance(payload, dict) and (not payload or name in payload):
        payload = [payload] if payload else []
    if not isinstance(payload, list):
        raise Unreadable(f"{name} list", "is not a list")
    records = [Fields(member, name) for member in payload]
    return [fields.object(name) if name in fields else fields for fields in records]


# -- countries, VAT codes, categories


@dataclass(frozen=True, slots=True)
class Countries:
    """The package's own country ids and what they are in ISO 3166."""

    ids: Mapping[str, str]
    """ISO code → id."""
    _codes: Mapping[str, str]

    def code(self, given: str) -> str:
        """The ISO code for what a record holds, an id or a name; "" when that is not known."""
        return self._codes.get(given) or self._codes.get(folded(given), "")


def countries_from_wire(payload: Json, own_ids: Mapping[str, str]) -> Countries:
    """The answer of `/countrylist/nl`. The list has names and no codes, so the codes are found by name; `own_ids` (ISO
    code → id) adds or corrects. Raises Unreadable."""
    by_name = country_codes()
    ids: dict[str, str] = {}
    codes: dict[str, str] = {}
    for country in members(payload, "country"):
        country_id, name = country.required_text("id"), folded(country.text("name"))
        if code := by_name.get(name):
            ids.setdefault(code, country_id)
            codes |= {country_id: code, name: code}
    ids |= own_ids
    codes |= {country_id: code for code, country_id in own_ids.items()}
    return Countries(ids, {**{folded(code): code for code in ids}, **codes})


def vat_codes_from_wire(payload: Json, countries: Countries, home_country: str) -> tuple[VatCode, ...]:
    """The answer of `/taxes`. A VAT code is its percentage; lines name no other. Raises Unreadable."""
    codes: dict[tuple[str, str], VatCode] = {}
    for tax in members(payload, "tax"):
        rate = without_zeros(tax.exact_number("percentage", 2))
        given = tax.text("country")
        country = countries.code(given) or given
        country = "" if country == home_country else country
        code = VatCode(code=f"{rate:f}", rate=rate, name=f"{rate:f}%", country=country)
        codes.setdefault((code.code, code.country), code)
    return tuple(codes.values())


def ledger_accounts_from_wire(payload: Json) -> tuple[LedgerAccount, ...]:
    """The answer of `/categories`: an invoice has one, and the ledger account stands behind it. Raises Unreadable."""
    return tuple(
        LedgerAccount(code=entry.required_text("id"), name=entry.text("name"), number=entry.text("ledger"))
        for entry in members(payload, "category")
    )


# -- clients


def _client_texts(contact: Contact) -> dict[str, str]:
    """The contact by the client's field names, at full length."""
    address = contact.address
    texts = {
        "contact": address.name or ("" if address.company else contact.email),
        "company": address.company,
        "address": address.street,
        "zipcode": address.postcode,
        "city": address.city,
        "phone": re.sub(r"[^0-9]", "", contact.phone),
        "taxnumber": re.sub(r"[^0-9A-Za-z+*]", "", contact.vat_number).upper(),
    }
    return {name: clean(text) for name, text in texts.items()}


def contact_findings(contact: Contact, countries: Countries) -> tuple[Finding, ...]:
    """What keeps the contact from becoming a client, and what would be shortened."""
    address = contact.address
    if not (address.name or address.company or contact.email):
        return (finding("CUSTOMER_UNKNOWN"),)
    texts = _client_texts(contact)
    findings = []
    if len(texts["zipcode"]) > _LENGTHS["zipcode"]:
        limit = _LENGTHS["zipcode"]
        findings.append(finding("POSTCODE_TOO_LONG", postcode=address.postcode, limit=limit, email=contact.email))
    if address.country and address.country not in countries.ids:
        findings.append(finding("COUNTRY_NOT_IN_BOOKS", country=address.country, email=contact.email))
    if len(texts["taxnumber"]) > _LENGTHS["taxnumber"]:
        findings.append(finding("VAT_NUMBER_MALFORMED", vat_number=contact.vat_number, country=address.country or "-"))
    if len(contact.email) > _LONGEST_EMAIL:
        findings.append(
            finding("DOCUMENT_UNREADABLE", field="email", problem=f"is longer than {_LONGEST_EMAIL} characters")
        )
    for wire_name, name in _NAMES.items():
        limit = _LENGTHS[wire_name]
        if len(texts[wire_name]) > limit:
            findings.append(finding("TEXT_SHORTENED", field=name, limit=limit, text=texts[wire_name][:limit]))
    return tuple(findings)


def client_to_wire(
    contact: Contact, countries: Countries, *, prices_include_tax: bool, reverse_charged: bool
) -> dict[str, JsonOut]:
    """The body of `POST /clients`, texts cut to what the package takes."""
    texts = {name: text[: _LENGTHS[name]].rstrip() for name, text in _client_texts(contact).items()}
    client: dict[str, JsonOut] = {
        **texts,
        "email": contact.email.strip(),
        "showcontact": True,
        "tax_type": "intax" if prices_include_tax else "extax",
        "tax_shifted": reverse_charged,
        "sendmethod": "mail",
        "active": True,
    }
    if country_id := countries.ids.get(contact.address.country):
        client["country"] = int(country_id) if country_id.isdigit() else country_id
    return client


def is_same_client(client: Fields, sent: Mapping[str, JsonOut]) -> bool:
    """True when the client holds what was sent: a number alone may have been cut short and be a stranger's."""
    names = ("email", "contact", "company", "zipcode")
    return all(folded(client.text(name)) == folded(str(sent[name])) for name in names)


def has_contact(client: Fields, contact: Contact) -> bool:
    """True when the client is this contact: the same e-mail address, or neither has one and name and address agree."""
    email = client.text("email").casefold()
    if contact.email or email:
        return email == contact.email.strip().casefold()
    texts = _client_texts(contact)
    names = ("contact", "company", "address", "zipcode", "city")
    return all(folded(client.text(name)) == folded(texts[name][: _LENGTHS[name]]) for name in names)


def debtor_from_wire(client: Fields, countries: Countries) -> ContactAccount:
    """A client. Raises Unreadable."""
    tax_type = client.text("tax_type").lower()
    if tax_type not in ("intax", "extax"):
        raise Unreadable(client.path("tax_type"), f"'{tax_type}' is neither intax nor extax")
    return ContactAccount(
        target_ref=ExternalRef(SYSTEM, "client", client.required_text("clientnr")),
        contact=_contact_from_wire(client, countries),
        prices_include_tax=tax_type == "intax",
        reverse_charged=client.flag("tax_shifted", default=False),
        is_active=client.flag("active", default=True),
    )


def by_preference(debtors: Iterable[ContactAccount], contact: Contact) -> list[ContactAccount]:
    """Active before inactive, same company or VAT number before another, then the lowest number."""

    def rank(debtor: ContactAccount) -> tuple[bool, bool, int, str]:
        theirs, number = debtor.contact, debtor.target_ref.id
        same_company = folded(theirs.address.company) == folded(contact.address.company)
        same_vat = bool(contact.vat_number) and folded(theirs.vat_number) == folded(contact.vat_number)
        return not debtor.is_active, not (same_company or same_vat), int(number) if number.isdigit() else 0, number

    return sorted(debtors, key=rank)


def _contact_from_wire(fields: Fields, countries: Countries) -> Contact:
    return Contact(
        email=fields.text("email"),
        phone=fields.text("phone") or fields.text("mobile"),
        vat_number=fields.text("taxnumber"),
        address=Address(
            name=fields.text("contact"),
            company=fields.text("company"),
            street=fields.text("address"),
            postcode=fields.text("zipcode"),
            city=fields.text("city"),
            country=countries.code(fields.text("country")),
        ),
    )


# -- invoices


def invoice_to_wire(booking: Booking, credit_style: CreditStyle) -> dict[str, JsonOut]:
    """The body of `POST /invoices`. There is no credit note: it is an invoice with the minus that `credit_style` says.

    Raises DocumentInvalid when the package cannot hold the document, ValueError when the booking contradicts itself.
    """
    if booking.prices_include_tax != booking.debtor.prices_include_tax:
        raise ValueError(f"booking {booking.number}: prices incl. or excl. VAT are a property of the debtor")
    is_credit = booking.kind is DocumentKind.CREDIT_NOTE
    if is_credit and credit_style is CreditStyle.REFUSE:
        raise DocumentInvalid(
            f"credit note {booking.number}: this connection takes none",
            findings=(finding("CREDIT_NOT_SUPPORTED"),),
            system=SYSTEM,
            document=booking.number,
        )
    invoice: dict[str, JsonOut] = {
        "clientnr": _id(booking.debtor.target_ref.id),
        "reference": {
            "line1": clean(booking.reference_text or booking.number, _LONGEST_REFERENCE),
            "line2": clean(booking.customer_reference, _LONGEST_REFERENCE),
            "line3": booking.our_reference,
        },
        "lines": [_line_to_wire(line, booking, credit_style if is_credit else None) for line in booking.lines],
        "action": "send",
        "sendmethod": _SEND_METHODS[booking.delivery],
    }
    if booking.ledger_account:
        invoice["category"] = _id(booking.ledger_account)
    if booking.is_paid:
        invoice["alreadypaid"] = "full"
        invoice["alreadypaidmethod"] = clean(booking.payment_name, _LONGEST_PAYMENT_METHOD)
    return invoice


def _line_to_wire(line: BookingLine, booking: Booking, credit_style: CreditStyle | None) -> dict[str, JsonOut]:
    quantity, price = line.quantity, line.unit_price.amount
    if credit_style is CreditStyle.NEGATIVE_QUANTITY:
        quantity = 0 - quantity
    elif credit_style is CreditStyle.NEGATIVE_PRICE:
        price = 0 - price
    try:
        rate = Decimal(line.vat_code)
    except InvalidOperation:
        raise DocumentInvalid(
            f"document {booking.number}: {line.vat_code!r} is no VAT percentage, which is what the package knows",
            findings=(finding("VAT_CODE_NOT_IN_BOOKS", vat_code=line.vat_code, known="21, 9, 0"),),
            system=SYSTEM,
            document=booking.number,
        ) from None
    wire: dict[str, JsonOut] = {
        "amount": without_zeros(quantity),
        "description": line.description,
        "tax_rate": without_zeros(rate),
        "price": price,
        "discount_pct": 0,
    }
    if line.tax.oss:
        wire["tax_country"] = True  # the rate of the client's country, not of the books'
    return wire


def _id(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text


def references(invoice: Fields) -> tuple[str, ...]:
    """The invoice's reference lines."""
    reference = invoice.object("reference")
    return tuple(reference.text(line) for line in ("line1", "line2", "line3"))


def numbers(invoice: Fields) -> tuple[str, ...]:
    """Everything the invoice may be asked for by: its id is digits, its number may carry a layout. The id first."""
    names = ("id", "invoicenr", "invoicenr_full")
    return tuple(dict.fromkeys(number for name in names if (number := invoice.text(name))))


def is_whole(invoice: Fields) -> bool:
    """True when the record has what is read from it; lists may hold less than the invoice itself."""
    return all(name in invoice for name in ("reference", "clientnr", "totalintax", "taxes", "open"))


def posted_from_wire(invoice: Fields, countries: Countries, currency: str) -> PostedDocument:
    """An invoice as the books show it. Raises Unreadable."""
    known_by = numbers(invoice)
    if not known_by:
        raise Unreadable(invoice.path("id"), "is missing")
    sent = invoice.text("sent").replace("0000-00-00", "")
    try:
        booked_on = date.fromisoformat(sent[:10]) if sent else None
    except ValueError:
        raise Unreadable(invoice.path("sent"), f"'{sent}' is not a day") from None
    return PostedDocument(
        target_ref=ExternalRef(SYSTEM, "invoice", known_by[0]),
        number=invoice.text("invoicenr_full") or invoice.text("invoicenr") or known_by[0],
        our_reference=references(invoice)[2],
        booked_on=booked_on,
        gross=invoice.money("totalintax", currency),
        tax_totals=tuple(
            TaxTotal(
                rate=without_zeros(entry.exact_number("rate", 2)),
                tax=entry.money("sum", currency),
                net=entry.money("sum_of", currency),
            )
            for entry in invoice.numbered("taxes")
        ),
        contact=_contact_from_wire(invoice, countries),
        contact_ref=ExternalRef(SYSTEM, "client", invoice.text("clientnr")),
        open_amount=invoice.money("open", currency),
    )
