"""WeFact's records, from the JSON of its API to the domain's documents. Pure functions.

Facts: docs/connectors/wefact.md. Whatever is not understood makes the document unreadable, with the field and the
problem; it is never guessed and never dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from html.parser import HTMLParser

from boekbrug.domain.documents import (
    Address,
    Choice,
    Contact,
    ExternalRef,
    OrderStatus,
    PaymentState,
    Side,
)
from boekbrug.domain.money import LARGEST_AMOUNT, Money
from connectors._wire import Fields, Json, Unreadable, clean

SYSTEM = "wefact"
ID = re.compile(r"[1-9][0-9]{0,17}")

STATUSES = {
    Side.SALES: {
        "2": "Verzonden",
        "3": "Deels betaald",
        "4": "Betaald",
        "8": "Creditfactuur",
        "9": "Vervallen",
    },
    Side.PURCHASES: {
        "1": "Niet betaald",
        "2": "Deels betaald",
        "3": "Betaald",
        "8": "Creditfactuur",
    },
}
_DRAFT = {Side.SALES: "0"}
UNPAID = {Side.SALES: ("2", "3"), Side.PURCHASES: ("1", "2")}
CREDIT = "8"
DOCUMENT_KINDS = {Side.SALES: "invoice", Side.PURCHASES: "purchase_invoice"}
CONTACT_KINDS = {Side.SALES: "debtor", Side.PURCHASES: "creditor"}
PARTY = {Side.SALES: "Debtor", Side.PURCHASES: "Creditor"}  # the field with the id; with "Code" the one with the code
OWN_NUMBER = {Side.SALES: "InvoiceCode", Side.PURCHASES: "CreditInvoiceCode"}

_DAY = re.compile(r"([12][0-9]{3}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?))?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_USUAL_COUNTRIES = {"UK": "GB", "EL": "GR"}  # in use for VAT, but not the ISO codes
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BREAKS = frozenset({"br", "p", "div", "li", "ul", "ol", "tr", "td", "table", "h1", "h2", "h3", "h4", "hr"})


def statuses() -> tuple[OrderStatus, ...]:
    """The statuses of both sides. The numbers mean other things on either, so the side is part of the id.

    Drafts are none of them, and all others are proposed to go over. So is a lapsed invoice: it lapses by being
    credited, and then stays in the books beside its credit invoice.
    """
    return tuple(
        OrderStatus(id=f"{side}:{code}", name=f"{side_name}: {name}", is_credit=code == CREDIT, goes_over=True)
        for side, side_name in ((Side.SALES, "Verkoop"), (Side.PURCHASES, "Inkoop"))
        for code, name in STATUSES[side].items()
    )


# -- lists


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedInvoice:
    """What a row of a list says of an invoice: enough to decide whether to ask for the whole."""

    id: str
    modified: str
    issued_on: date | None  # None when that cannot be read: the whole invoice tells why
    is_draft: bool


def listed_from_wire(row: Fields, side: Side) -> ListedInvoice:
    """A row of a list. Raises Unreadable only when it has no id."""
    try:
        issued_on = day(row, "Date")
    except Unreadable:
        issued_on = None
    return ListedInvoice(
        id=id_from_wire(row),
        modified=said(row, "Modified"),
        issued_on=issued_on,
        is_draft=said(row, "Status") == _DRAFT.get(side),
    )


def id_from_wire(record: Fields) -> str:
    """The record's id. Raises Unreadable."""
    text = record.text("Identifier")
    if not ID.fullmatch(text):
        raise Unreadable(record.path("Identifier"), f"'{text[:40]}' is not an id")
    return text


def party_id(payload: Json, side: Side) -> str:
    """The id of the invoice's debtor or creditor; "" when it names none."""
    try:
        text = Fields(payload).text(PARTY[side])
    except Unreadable:
        return ""
    return text if ID.fullmatch(text) else ""


def is_draft(payload: Json, side: Side) -> bool:
    """True for an invoice that was never sent: it has no number yet."""
    return isinstance(payload, dict) and said(Fields(payload), "Status") == _DRAFT.get(side)


# -- contacts


def contact_from_wire(payload: Json, side: Side) -> Contact:
    """A debtor or creditor. Raises Unreadable."""
    record = Fields(payload, CONTACT_KINDS[side])
    iban = record.text("AccountNumber").replace(" ", "").upper()
    return Contact(
        email=first_address(record.text("EmailAddress")),
        phone=record.text("PhoneNumber") or record.text("MobileNumber"),
        vat_number=record.text("TaxNumber"),
        address=address_from_wire(record),
        source_ref=ExternalRef(SYSTEM, CONTACT_KINDS[side], id_from_wire(record)),
        code=record.text(f"{PARTY[side]}Code"),
        company_number=record.text("CompanyNumber"),
        iban=iban if _IBAN.fullmatch(iban) else "",
        bic=record.text("AccountBIC").replace(" ", "").upper(),
        groups=tuple(_ids(record.value("Groups"))),
    )


def address_from_wire(record: Fields) -> Address:
    """The address of a contact or of an invoice's addressee. Raises Unreadable for what is no country code."""
    country = record.text("Country").upper()
    country = _USUAL_COUNTRIES.get(country, country)
    if country and not _COUNTRY.fullmatch(country):
        raise Unreadable(record.path("Country"), f"'{country[:40]}' is not a country code")
    return Address(
        name=" ".join(part for part in (record.text("Initials"), record.text("SurName")) if part),
        company=record.text("CompanyName"),
        street=record.text("Address"),
        postcode=record.text("ZipCode"),
        city=record.text("City"),
        country=country,
    )


def first_address(text: str) -> str:
    """The first of several e-mail addresses."""
    return re.split(r"[;,\s]", text.strip(" ;,"), maxsplit=1)[0]


def _ids(groups: Json) -> Iterator[str]:
    """Ids of groups: of an object by id, or of a list of ids or of objects."""
    if isinstance(groups, dict):
        yield from groups
    elif isinstance(groups, list):
        for group in groups:
            text = said(Fields(group), "id", "Identifier") if isinstance(group, dict) else f"{group}"
            if text:
                yield text


# -- payments


def payment_state_from_wire(record: Fields, side: Side) -> PaymentState:
    """What a row of a list or a whole invoice says of its payment. Raises Unreadable.

    A credit can be paid there in no way that is known: neither its sign nor whether it is taken is documented.
    """
    gross = record.money("AmountIncl", currency_of(record))
    open_amount = open_amount_of(record, gross)
    return PaymentState(
        source_ref=ExternalRef(SYSTEM, DOCUMENT_KINDS[side], id_from_wire(record)),
        number=record.text("InvoiceCode") or record.required_text(OWN_NUMBER[side]),
        gross=gross,
        open_amount=open_amount,
        payable=record.text("Status") in UNPAID[side] and open_amount.amount > 0,
    )


def paid_on_from_wire(record: Fields) -> date | None:
    """The day of the (last) payment; None when there is none or it cannot be read."""
    try:
        return day(record, "PayDate")
    except Unreadable:
        return None


def open_amount_of(record: Fields, gross: Money) -> Money:
    """What is still to be paid, by the first of the fields that says it. Raises Unreadable."""
    for name in ("AmountOutstanding", "AmountOpen"):
        if record.text(name):
            return record.money(name, gross.currency)
    for name in ("AmountPaid", "PartPayment"):
        if record.text(name):
            return money_of(gross.amount - record.money(name, gross.currency).amount, gross.currency, name)
    raise Unreadable("AmountOutstanding", "is missing")


# -- what can be chosen from


def choices_from_wire(rows: list[Fields], *names: str) -> tuple[Choice, ...]:
    """Groups and cost categories: the name is the first of these fields that has one. Raises Unreadable."""
    return tuple(Choice(id=id_from_wire(row), name=said(row, *names) or id_from_wire(row)) for row in rows)


def tax_codes_from_wire(settings: Fields) -> tuple[Choice, ...]:
    """The tax codes of both sides. Raises Unreadable."""
    codes = settings.object("Tax").object("Codes")
    return tuple(
        Choice(id=code.required_text("TaxCode"), name=code.text("Name") or code.required_text("TaxCode"))
        for side in ("Sale", "Purchase")
        for code in codes.numbered(side)
    )


def identities_from_wire(settings: Fields) -> tuple[str, ...]:
    """What the administration calls itself. Raises Unreadable."""
    return tuple(
        name for identity in settings.numbered("CorporateIdentity") if (name := said(identity, "CompanyName", "Name"))
    )


# -- parts


class _Words(HTMLParser):
    """Collects what a person would read."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self._unseen += 1
        self.parts.append(" " if tag in _BREAKS else "")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._unseen = max(0, self._unseen - 1)
        self.parts.append(" " if tag in _BREAKS else "")

    def handle_data(self, data: str) -> None:
        self.parts.append("" if self._unseen else data)


def words(text: str) -> str:
    """The text on one line without the HTML that WeFact's editor puts into descriptions."""
    if "<" not in text and "&" not in text:
        return clean(text)
    parser = _Words()
    parser.feed(text)
    parser.close()
    return clean("".join(parser.parts))


def said(record: Fields, *names: str) -> str:
    """The first of the fields that has a text; "" when none has, or it cannot be read."""
    for name in names:
        try:
            if text := record.text(name, 100):
                return text
        except Unreadable:
            continue
    return ""


def money_of(amount: Decimal, currency: str, field: str) -> Money:
    """A computed amount. Raises Unreadable for one that is too large to be meant."""
    if amount.copy_abs() > LARGEST_AMOUNT:
        raise Unreadable(field, "makes an amount that is too large to be meant")
    return Money(amount + 0, currency)  # + 0: no negative zero


def currency_of(record: Fields) -> str:
    """The currency; euro where none is named, as in rows of purchases. Raises Unreadable."""
    text = record.text("Currency").upper() or "EUR"
    if not _CURRENCY.fullmatch(text):
        raise Unreadable(record.path("Currency"), f"'{text[:40]}' is not a currency")
    return text


def day(record: Fields, name: str) -> date | None:
    """The day; None for one that is not set. Raises Unreadable."""
    given = moment(record, name)
    return given.date() if given else None


def moment(record: Fields, name: str) -> datetime | None:
    """A day or moment without a zone; None for one that is not set, which is written as "" or as zeros.
    Raises Unreadable."""
    text = record.text(name)
    if not text or text.startswith("0000-00-00"):
        return None
    parts = _DAY.fullmatch(text)
    try:
        if parts:
            return datetime.combine(date.fromisoformat(parts[1]), time.fromisoformat(parts[2] or "00:00"))
    except ValueError:
        pass
    raise Unreadable(record.path(name), f"'{text[:40]}' is not a day")
