"""Relations and mutations of e-Boekhouden.nl, from the domain to the messages of its SOAP interface and back. Pure.

Facts: docs/connectors/eboekhouden-soap.md. Dates go without a time; amounts with two decimals; numbers that are
required and mean nothing are 0.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from boekbrug.domain.bookings import Entry, EntryLine, LedgerAccount
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
from connectors._eboekhouden import CURRENCY, SYSTEM, Relation, details_of, ledger_account, rate_of, relation_ref
from connectors._eboekhouden_entries import BookedLine, Refusal, gross_of, tax_totals
from connectors._wire import Fields, clean

if TYPE_CHECKING:
    from connectors._soap import Argument

MUTATION = "mutation"  # the kind of a ref: the number that people see in the program
INVOICES = {"FactuurVerstuurd": Side.SALES, "FactuurOntvangen": Side.PURCHASES}
PAYMENTS = {"FactuurbetalingOntvangen": Side.SALES, "FactuurbetalingVerstuurd": Side.PURCHASES}
KINDS = {side: kind for kind, side in INVOICES.items()}
OPEN_ITEMS = {Side.SALES: "Debiteuren", Side.PURCHASES: "Crediteuren"}
LONGEST_DESCRIPTION = 200
_LONGEST_TERM = 9999  # days: four digits
_LONGEST_CONTACT_ON_UPDATE = 50  # of 150 on creation

# By the manual's list; a code that it gives to several refusals goes by the more frequent one, and what the books say
# goes with it.
REFUSALS = {
    "CMUT018": Refusal.NUMBER,
    "CMUT019": Refusal.NUMBER,
    "CMUT020": Refusal.PERIOD,
    "CMUT001": Refusal.CONTROL_ACCOUNT,
    "CMUT001.1": Refusal.CONTROL_ACCOUNT,
    "CMUT015": Refusal.CONTROL_ACCOUNT,
    "CMUT016": Refusal.CONTROL_ACCOUNT,
    "CMUT012": Refusal.ACCOUNT,
    "CMUT011": Refusal.VAT_CODE,
    "CMUT033": Refusal.VAT_CODE,
}

_RELATION_FIELDS = {
    "name": "Bedrijf", "contact": "Contactpersoon", "street": "Adres", "postcode": "Postcode", "city": "Plaats",
    "country": "Land", "phone": "Telefoon", "email": "Email", "vat_number": "BTWNummer",
    "company_number": "KvkNummer", "iban": "IBAN", "bic": "BIC", "kind": "BP",
}  # fmt: skip
# The rest of a relation, which is given back as it was read: the interface empties what it is not given.
_KEPT_TEXTS = (
    "Geslacht", "Adres2", "Postcode2", "Plaats2", "Land2", "GSM", "FAX", "Site", "Notitie", "Bankrekening",
    "Girorekening", "Aanhef", *(f"Def{number}" for number in range(1, 11)), "LA",
)  # fmt: skip


def rows(reply: Fields, container: str, name: str) -> list[Fields]:
    """The records of a list, which is absent, nil or empty when there are none. Raises Unreadable."""
    return reply.object(container).objects(name)


def account_from_wire(fields: Fields) -> LedgerAccount:
    """A ledger account. Raises Unreadable."""
    return ledger_account(fields.required_text("Code"), fields.text("Omschrijving"), fields.text("Categorie"))


# -- relations


def relation_from_wire(fields: Fields) -> Relation:
    """A relation. Raises Unreadable."""
    details = {ours: fields.text(theirs) for ours, theirs in _RELATION_FIELDS.items()}
    return Relation(fields.required_text("Code"), details)


def new_relation_to_wire(code: str, contact: Contact, today: date) -> dict[str, Argument]:
    """The record of `AddRelatie`."""
    texts = {_RELATION_FIELDS[name]: text for name, text in details_of(contact).items()}
    return {**_RELATION_NUMBERS, "ID": 0, "AddDatum": today, "Code": code, **texts, "LA": "0"}


_RELATION_NUMBERS: Mapping[str, Argument] = {"Gb_ID": 0, "GeenEmail": 0, "NieuwsbriefgroepenCount": 0}


def changed_relation_to_wire(present: Fields, contact: Contact) -> dict[str, Argument]:
    """The record of `UpdateRelatie`: all that is there now, with what the contact says over it. Raises Unreadable."""
    changed = {_RELATION_FIELDS[name]: text for name, text in details_of(contact).items()}
    kept = {name: present.verbatim(name) for name in (*_RELATION_FIELDS.values(), *_KEPT_TEXTS)}
    texts = {name: text for name, text in {**kept, **changed}.items() if text}
    if "Contactpersoon" in texts:
        texts["Contactpersoon"] = texts["Contactpersoon"][:_LONGEST_CONTACT_ON_UPDATE].rstrip()
    return {
        **{name: present.whole(name) for name in _RELATION_NUMBERS},
        "ID": present.whole("ID"),
        "AddDatum": present.day("AddDatum"),
        "Code": present.required_text("Code"),
        **texts,
    }


# -- mutations


def entry_to_wire(entry: Entry) -> dict[str, Argument]:
    """The record of `AddMutatie`: a credit is an invoice with the opposite sign."""
    return {
        "MutatieNr": 0,
        "Soort": KINDS[entry.kind.side],
        "Datum": entry.issued_on,
        "Rekening": entry.control_account,
        "RelatieCode": entry.contact.target_ref.id,
        "Factuurnummer": entry.number,
        "Boekstuk": entry.our_reference,
        "Omschrijving": clean(entry.description, LONGEST_DESCRIPTION) or entry.number,
        "Betalingstermijn": str(max(0, min(entry.payment_days, _LONGEST_TERM))),
        "InExBTW": "EX",
        "MutatieRegels": {"cMutatieRegel": [_line_to_wire(line, -1 if entry.kind.is_credit else 1)
                                            for line in entry.lines]},
    }  # fmt: skip


def _line_to_wire(line: EntryLine, sign: int) -> dict[str, Argument]:
    net, tax = (line.net * sign).rounded().amount + 0, (line.tax_amount * sign).rounded().amount + 0
    return {
        "BedragInvoer": net,
        "BedragExclBTW": net,
        "BedragBTW": tax,
        "BedragInclBTW": net + tax,
        "BTWCode": line.vat_code,
        "BTWPercentage": rate_of(line.vat_code, line.tax.rate).quantize(Decimal("0.01")),
        "TegenrekeningCode": line.ledger_account,
        "KostenplaatsID": 0,
    }


def is_ours(mutation: Fields) -> bool:
    """True when the mutation carries a reference of ours."""
    return mutation.text("Boekstuk").startswith(REFERENCE_PREFIX)


def number_of(mutation: Fields) -> int:
    """Its number in the books. Raises Unreadable."""
    return mutation.whole("MutatieNr")


def side_of(mutation: Fields) -> Side | None:
    """The side of an invoice; None for another kind of mutation."""
    return INVOICES.get(mutation.text("Soort"))


def posted_from_wire(mutation: Fields, contact: Contact, open_amounts: OpenAmounts) -> PostedDocument:
    """An invoice as the books show it. Raises Unreadable."""
    lines = [_line_from_wire(line) for line in rows(mutation, "MutatieRegels", "cMutatieListRegel")]
    gross, code = gross_of(lines), mutation.text("RelatieCode")
    number = mutation.text("Factuurnummer")
    return PostedDocument(
        target_ref=ExternalRef(SYSTEM, MUTATION, str(number_of(mutation))),
        number=number,
        our_reference=mutation.text("Boekstuk") if is_ours(mutation) else "",
        booked_on=mutation.day("Datum"),
        gross=gross,
        tax_totals=tax_totals(lines),
        contact=contact,
        contact_ref=relation_ref(code),
        open_amount=open_amounts.of(number, code, gross),
        lines=tuple(booked.line for booked in lines),
    )


def _line_from_wire(line: Fields) -> BookedLine:
    code = line.text("BTWCode")
    booked = PostedLine(
        ledger_account=line.text("TegenrekeningCode"),
        vat_code=code,
        net=line.money("BedragExclBTW", CURRENCY),
        tax=line.money("BedragBTW", CURRENCY),
    )
    return BookedLine(booked, rate_of(code, line.number("BTWPercentage", 2)))


class OpenAmounts:
    """What is open of which invoice: of those that a list of open items names, or the whole of a new one."""

    def __init__(self, items: Collection[OpenItem] | None) -> None:
        self._open: dict[tuple[str, str], Money] | None = None if items is None else {}
        for item in items or ():
            assert self._open is not None
            key = item.number, item.contact_code
            self._open[key] = self._open.get(key, Money.zero(CURRENCY)) + item.open_amount

    def of(self, number: str, contact_code: str, gross: Money) -> Money:
        """What is open of that invoice. What the list does not name is paid."""
        return gross if self._open is None else self._open.get((number, contact_code), Money.zero(CURRENCY))


def open_item_from_wire(item: Fields, side: Side) -> OpenItem:
    """An open item; its amounts come as binary fractions. Raises Unreadable."""
    return OpenItem(
        side=side,
        number=item.text("MutFactuur"),
        contact_code=item.text("RelCode"),
        booked_on=item.day("MutDatum"),
        gross=item.money("Bedrag", CURRENCY),
        open_amount=item.money("Openstaand", CURRENCY),
    )


def relations_by_number(mutations: Iterable[Fields], side: Side) -> dict[str, str]:
    """Invoice number → code of the relation, of those numbers that only one relation has among these mutations."""
    codes: dict[str, set[str]] = {}
    for mutation in mutations:
        if side_of(mutation) is side:
            codes.setdefault(mutation.text("Factuurnummer"), set()).add(mutation.text("RelatieCode"))
    return {number: next(iter(known)) for number, known in codes.items() if len(known) == 1}


def payments_from_wire(mutation: Fields, relations: Mapping[str, str]) -> Iterator[BookedPayment]:
    """What a mutation pays, per invoice; nothing when it is no payment of invoices. Raises Unreadable.

    The invoice stands on the line, or above the lines when the payment is of one; the relation may stand nowhere, and
    is then that of the invoice with the number, if there is one such among `relations`.
    """
    side = PAYMENTS.get(mutation.text("Soort"))
    if side is None:
        return
    amounts: dict[str, Money] = {}
    for line in rows(mutation, "MutatieRegels", "cMutatieListRegel"):
        number = line.text("Factuurnummer") or mutation.text("Factuurnummer")
        amounts[number] = amounts.get(number, Money.zero(CURRENCY)) + line.money("BedragInclBTW", CURRENCY)
    for number, amount in amounts.items():
        yield BookedPayment(
            target_ref=ExternalRef(SYSTEM, MUTATION, str(number_of(mutation))),
            side=side,
            number=number,
            contact_code=mutation.text("RelatieCode") or relations.get(number, ""),
            paid_on=mutation.day("Datum"),
            amount=amount,
        )
