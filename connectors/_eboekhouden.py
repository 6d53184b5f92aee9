"""What e-Boekhouden.nl's two interfaces share: VAT codes, accounts, relations, refusals. Pure but for `Tickets`.

Facts: docs/connectors/eboekhouden-soap.md. Relations are referred to by their code, which is the same on both
interfaces; the number of a mutation (SOAP) and its id (REST) are two things.
"""

from __future__ import annotations

import hashlib
import re
import threading
from base64 import b32encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from boekbrug.domain.bookings import AccountKind, LedgerAccount, VatCode
from boekbrug.domain.documents import (
    Address,
    Contact,
    ContactAccount,
    ExternalRef,
    Side,
)
from boekbrug.domain.errors import (
    RemoteUnavailable,
)
from boekbrug.domain.findings import Finding, finding
from boekbrug.domain.tax import TaxCategory
from connectors._countries import country_code
from connectors._wire import Unreadable, clean, folded

SYSTEM = "eboekhouden"
TITLE = "e-Boekhouden.nl"
CURRENCY = "EUR"  # the books know no other: an amount in dollars would stand there as euros
FIRST_DAY, LAST_DAY = date(1980, 1, 1), date(2049, 12, 31)  # of the dates that the package takes
_LONGEST_CODE = 15


class Tickets:
    """What a session is known by: opened when first needed, shared by all threads, and opened anew, once, when one of
    them is told that it has run out."""

    def __init__(self, open_session: Callable[[], str]) -> None:
        self._open = open_session
        self._lock = threading.Lock()
        self._ticket = ""

    def current(self) -> str:
        """The session's ticket. Raises what opening a session raises."""
        with self._lock:
            self._ticket = self._ticket or self._open()
            return self._ticket

    def lost(self, ticket: str) -> None:
        """That ticket has run out; another thread may have seen so before."""
        with self._lock:
            if self._ticket == ticket:
                self._ticket = ""

    def returned(self) -> str:
        """The ticket if there is one, which is then nobody's any more."""
        with self._lock:
            ticket, self._ticket = self._ticket, ""
            return ticket


# -- what can be chosen from

_NOTHING = frozenset[TaxCategory]()
_NORMAL = frozenset({TaxCategory.STANDARD})
_REVERSED = frozenset({TaxCategory.REVERSE_CHARGE})
_INTRA_EU = frozenset({TaxCategory.INTRA_EU})
_ACROSS_EU = frozenset({TaxCategory.INTRA_EU, TaxCategory.REVERSE_CHARGE})
_OUTSIDE_EU = frozenset({TaxCategory.EXPORT, TaxCategory.OUTSIDE_SCOPE})
_UNTAXED = frozenset({TaxCategory.ZERO, TaxCategory.EXEMPT, TaxCategory.OUTSIDE_SCOPE})


def _code(
    code: str,
    side: Side | None,
    rate: str | None,
    name: str,
    categories: frozenset[TaxCategory],
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> VatCode:
    return VatCode(
        code=code,
        rate=None if rate is None else Decimal(rate),
        name=name,
        side=side,
        categories=categories,
        valid_from=valid_from,
        valid_until=valid_until,
    )


_SALE, _PURCHASE = Side.SALES, Side.PURCHASES
_HIGH_SINCE, _HIGH_BEFORE = date(2012, 10, 1), date(2012, 9, 30)  # 21 % came in the place of 19 %
_LOW_SINCE, _LOW_BEFORE = date(2019, 1, 1), date(2018, 12, 31)  # 9 % in the place of 6 %

# There is no list of VAT codes to ask for: this is the supplier's own (manual of the SOAP interface 5.5, and that of
# the REST interface where the two differ). Reverse-charged VAT is no part of an invoice's amounts, so its rate is 0.
VAT_CODES = (
    _code("HOOG_VERK_21", _SALE, "21", "Verkoop hoog 21%", _NORMAL, _HIGH_SINCE),
    _code("LAAG_VERK_9", _SALE, "9", "Verkoop laag 9%", _NORMAL, _LOW_SINCE),
    _code("HOOG_VERK", _SALE, "19", "Verkoop hoog 19%", _NORMAL, None, _HIGH_BEFORE),
    _code("LAAG_VERK", _SALE, "6", "Verkoop laag 6%", _NORMAL, None, _LOW_BEFORE),
    _code("VERL_VERK", _SALE, "0", "Verkoop, btw verlegd (hoog)", _REVERSED),
    _code("VERL_VERK_L9", _SALE, "0", "Verkoop, btw verlegd (laag)", _REVERSED),
    _code("BU_EU_VERK", _SALE, "0", "Verkoop buiten de EU", _OUTSIDE_EU),
    _code("BI_EU_VERK", _SALE, "0", "Verkoop van goederen binnen de EU", _INTRA_EU),
    _code("BI_EU_VERK_D", _SALE, "0", "Verkoop van diensten binnen de EU", _ACROSS_EU),
    _code("AFST_VERK", _SALE, "0", "Afstandsverkopen binnen de EU", _NOTHING),
    _code("AFW_VERK", _SALE, None, "Verkoop, afwijkend tarief", _NOTHING),
    _code("HOOG_INK_21", _PURCHASE, "21", "Inkoop hoog 21%", _NORMAL, _HIGH_SINCE),
    _code("LAAG_INK_9", _PURCHASE, "9", "Inkoop laag 9%", _NORMAL, _LOW_SINCE),
    _code("HOOG_INK", _PURCHASE, "19", "Inkoop hoog 19%", _NORMAL, None, _HIGH_BEFORE),
    _code("LAAG_INK", _PURCHASE, "6", "Inkoop laag 6%", _NORMAL, None, _LOW_BEFORE),
    _code("VERL_INK", _PURCHASE, "0", "Inkoop, btw verlegd (hoog)", _REVERSED),
    _code("VERL_INK_L9", _PURCHASE, "0", "Inkoop, btw verlegd (laag)", _REVERSED),
    _code("BU_EU_INK", _PURCHASE, "0", "Inkoop buiten de EU", _OUTSIDE_EU),
    _code("BI_EU_INK", _PURCHASE, "0", "Inkoop binnen de EU", _ACROSS_EU),
    _code("AFW", _PURCHASE, None, "Inkoop, afwijkend tarief", _NOTHING),
    _code("GEEN", None, "0", "Geen btw", _UNTAXED),
)
_BY_CODE = {code.code: code for code in VAT_CODES}

_ACCOUNT_KINDS = {
    "VW": AccountKind.RESULT,
    "BAL": AccountKind.BALANCE,
    "FIN": AccountKind.CASH,
    "DEB": AccountKind.DEBTORS,
    "CRED": AccountKind.CREDITORS,
} | dict.fromkeys(("VOOR", "AF", "AF6", "AF19", "AFOVERIG", "BTWRC"), AccountKind.VAT)


def ledger_account(code: str, name: str, category: str) -> LedgerAccount:
    """An account by its code, name and category."""
    kind = _ACCOUNT_KINDS.get(category, AccountKind.OTHER)
    return LedgerAccount(code=code, name=name, number=code, kind=kind)


def rate_of(vat_code: str, otherwise: Decimal) -> Decimal:
    """The percentage that the books compute with for this code; the other one for a code of any rate."""
    known = _BY_CODE.get(vat_code)
    return otherwise if known is None or known.rate is None else known.rate


# -- relations

# Longest texts of a relation, by the SOAP interface's manual; REST takes no less, but where `rest` says.
LENGTHS = {
    "name": 100, "contact": 150, "street": 150, "postcode": 50, "city": 50, "country": 50, "phone": 50, "email": 150,
    "vat_number": 50, "company_number": 50, "iban": 50, "bic": 50,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation in the books: `code` is what everything refers to it by, `details` are its texts by the names of
    `LENGTHS`, with `kind` B (business) or P (private)."""

    code: str
    details: Mapping[str, str]
    is_active: bool = True

    @property
    def account(self) -> ContactAccount:
        """The same in the words of the domain. The books keep no settings of prices or VAT per relation."""
        details = {**dict.fromkeys(LENGTHS, ""), "kind": "", **self.details}
        is_business = details["kind"].upper() == "B"
        return ContactAccount(
            target_ref=relation_ref(self.code),
            contact=Contact(
                email=details["email"],
                phone=details["phone"],
                vat_number=details["vat_number"],
                address=Address(
                    name=details["contact"] if is_business else details["name"],
                    company=details["name"] if is_business else "",
                    street=details["street"],
                    postcode=details["postcode"],
                    city=details["city"],
                    country=country_code(details["country"]),
                ),
                code=self.code,
                company_number=details["company_number"],
                iban=details["iban"],
                bic=details["bic"],
            ),
            prices_include_tax=False,
            reverse_charged=False,
            is_active=self.is_active,
        )


def relation_ref(code: str) -> ExternalRef:
    """A relation, on both interfaces."""
    return ExternalRef(SYSTEM, "relation", code)


def _texts(contact: Contact) -> dict[str, str]:
    """What the contact says, at full length, empty texts left out."""
    address = contact.address
    texts = {
        "name": address.company or address.name or contact.email,
        "contact": address.name if address.company else "",
        "street": address.street,
        "postcode": address.postcode,
        "city": address.city,
        "country": address.country,
        "phone": contact.phone,
        "email": contact.email,
        "vat_number": re.sub(r"[^0-9A-Z+*]", "", contact.vat_number.upper()),
        "company_number": re.sub(r"[^0-9]", "", contact.company_number),
        "iban": re.sub(r"[^0-9A-Z]", "", contact.iban.upper()),
        "bic": re.sub(r"[^0-9A-Z]", "", contact.bic.upper()),
    }
    return {name: text for name, text in ((name, clean(text)) for name, text in texts.items()) if text}


def details_of(contact: Contact, lengths: Mapping[str, int] = LENGTHS) -> dict[str, str]:
    """What the contact says, as the books hold it; what it does not say is left out."""
    kind = {"kind": "B" if contact.address.company else "P"} if contact.display_name else {}
    return {name: text[: lengths[name]].rstrip() for name, text in _texts(contact).items()} | kind


def contact_findings(contact: Contact, lengths: Mapping[str, int] = LENGTHS) -> tuple[Finding, ...]:
    """What keeps the contact from becoming a relation, and what would be shortened."""
    if not contact.display_name:
        return (finding("CUSTOMER_UNKNOWN"),)
    findings = []
    for name, text in _texts(contact).items():
        limit = lengths[name]
        if len(text) > limit and name in ("email", "vat_number", "company_number", "iban", "bic"):
            findings.append(finding("DOCUMENT_UNREADABLE", field=name, problem=f"is longer than {limit} characters"))
        elif len(text) > limit:
            findings.append(finding("TEXT_SHORTENED", field=name, limit=limit, text=text[:limit]))
    return tuple(findings)


def codes_for(contact: Contact) -> list[str]:
    """The codes that a relation for this contact may get, in this order: the source's own, and one that is made of who
    it is. Both are the same every time, so that a creation whose answer was lost finds what it made."""
    codes = [contact.code] if 0 < len(contact.code) <= _LONGEST_CODE and clean(contact.code) == contact.code else []
    who = "\n".join((str(contact.source_ref or ""), folded(contact.display_name), contact.email.strip().casefold(),
                     folded(contact.address.postcode)))  # fmt: skip
    digest = b32encode(hashlib.sha256(who.encode()).digest()).decode()
    return [*codes, f"BB{digest[:11]}"]


def is_same(account: ContactAccount, contact: Contact) -> bool:
    """True when the account holds this contact's name and e-mail address: its code alone may be a stranger's."""
    made = details_of(contact)
    same_name = folded(account.contact.display_name) == folded(made.get("name", ""))
    return same_name and account.contact.email.casefold() == made.get("email", "").casefold()


def by_match(accounts: Iterable[ContactAccount], contact: Contact) -> list[ContactAccount]:
    """Those that are this contact, the best match first: the same code and name, VAT number, e-mail address, number in
    the register of companies, name and postcode. Two different VAT numbers are two companies, whatever else agrees."""
    ranked = [
        (rank, not account.is_active, account.contact.code, account)
        for account in accounts
        if (rank := _match(account.contact, contact)) is not None
    ]
    return [account for *_, account in sorted(ranked, key=lambda entry: entry[:3])]


def _match(theirs: Contact, ours: Contact) -> int | None:
    their_texts, our_texts = _texts(theirs), _texts(ours)

    def same(name: str) -> bool:
        one, other = (folded(texts.get(name, "")[: LENGTHS[name]]) for texts in (their_texts, our_texts))
        return bool(one) and one == other  # of "+" nothing is left, as of what was never said

    if "vat_number" in their_texts and "vat_number" in our_texts and not same("vat_number"):
        return None
    their_email, our_email = their_texts.get("email", ""), our_texts.get("email", "")
    matches = (
        bool(ours.code) and ours.code.casefold() == theirs.code.casefold() and same("name"),
        same("vat_number"),
        bool(our_email) and our_email.casefold() == their_email.casefold(),
        same("company_number"),
        same("name") and same("postcode"),
    )
    return matches.index(True) if True in matches else None


@contextmanager
def understood(system: str, what: str) -> Iterator[None]:
    """A stretch in which what the package sent is read: what cannot be understood is an answer that never came."""
    try:
        yield
    except Unreadable as error:
        raise RemoteUnavailable(f"{TITLE} sent {what} that cannot be read: {error}", system=system) from error
