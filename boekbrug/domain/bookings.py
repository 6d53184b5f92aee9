"""A document with every bookkeeping choice made, ready for one target, and what a target lets one choose from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from boekbrug.domain.documents import ContactAccount, DocumentKind, ExternalRef, LineKind, Side, TaxTotal
from boekbrug.domain.findings import Finding
from boekbrug.domain.money import Money, total
from boekbrug.domain.tax import Tax, TaxCategory


class TaxRounding(StrEnum):
    """How a package computes the VAT of a document."""

    PER_RATE = "per_rate"  # over the sum of the lines at one rate
    PER_LINE = "per_line"


class CreditStyle(StrEnum):
    """How a package without credit notes takes one."""

    NEGATIVE_QUANTITY = "negative_quantity"
    NEGATIVE_PRICE = "negative_price"
    REFUSE = "refuse"


class Delivery(StrEnum):
    """What the package does with a finished invoice."""

    NONE = "none"  # nothing leaves the package: nobody gets an unexpected e-mail
    EMAIL = "email"
    PRINT = "print"  # printed and posted on paper, against payment


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetTraits:
    """How a target computes and what it can hold, so that what it will say is known before it is asked."""

    price_decimals: int
    tax_rounding: TaxRounding
    credit_style: CreditStyle
    ledger_per_document: bool  # True: one ledger account or category for the whole document
    debtor_decides_prices: bool  # True: prices incl. or excl. VAT is a property of the debtor
    dates_itself: bool = False  # True: a document gets the date of the day on which it is made

    def __post_init__(self) -> None:
        if self.price_decimals < 2:
            raise ValueError(f"a package with {self.price_decimals} decimals cannot hold cents")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryTraits:
    """What books hold that are told the amounts of every line (journal entries of invoices)."""

    max_lines: int
    number_length: int  # of an invoice number
    description_length: int
    books_tax: bool  # True: takes the VAT of a line as told, within `tax_tolerance`; False: works it out itself
    tax_tolerance: Decimal = Decimal(0)  # how far a line's VAT may be from net × rate, in the currency
    dates_itself: bool = False  # True: a document gets the date of the day on which it is made


@dataclass(frozen=True, slots=True, kw_only=True)
class VatCode:
    """A VAT code of the books. `country` is "" for the books' own country.

    `rate` is what the books compute with; None where the code takes any rate. `side` is None for a code of both sides,
    and `categories` are the reasons it may stand for (empty: any).
    """

    code: str
    rate: Decimal | None
    name: str = ""
    country: str = ""
    side: Side | None = None
    categories: frozenset[TaxCategory] = frozenset()
    valid_from: date | None = None
    valid_until: date | None = None  # the last day, included


class AccountKind(StrEnum):
    """What a ledger account is for."""

    RESULT = "result"  # turnover and costs
    BALANCE = "balance"
    CASH = "cash"  # bank and cash
    DEBTORS = "debtors"
    CREDITORS = "creditors"
    VAT = "vat"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerAccount:
    """An account, or what the package has in its place (Factuursturen: a category with an account behind it)."""

    code: str
    name: str
    number: str = ""
    kind: AccountKind = AccountKind.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceData:
    """What a target's administration lets one choose from."""

    vat_codes: tuple[VatCode, ...]
    ledger_accounts: tuple[LedgerAccount, ...]
    currency: str = "EUR"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingLine:
    """One line as it is sent. `unit_price` includes VAT when the booking says so; `why` names the rules that chose."""

    kind: LineKind
    description: str
    quantity: Decimal
    unit_price: Money
    tax: Tax
    vat_code: str
    ledger_account: str
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A sales document ready for one target.

    `our_reference` is unique to the document over all shops that share the books, and is what it is found by;
    `number` is the order's number for people, and `reference_text` how the document names it ("Order 1042"; "" for just
    the number). Unit prices and `expected_*` are positive for a credit note, whose sign the connector makes.
    `expected_gross` and `expected_taxes` are what the books will compute.
    """

    kind: DocumentKind
    source_ref: ExternalRef
    our_reference: str
    number: str
    debtor: ContactAccount
    prices_include_tax: bool
    lines: tuple[BookingLine, ...]
    ledger_account: str
    currency: str
    is_paid: bool
    payment_name: str
    delivery: Delivery
    expected_gross: Money
    expected_taxes: tuple[TaxTotal, ...]
    reference_text: str = ""  # what people read on the document: "Order 1042"
    customer_reference: str = ""
    credits: str | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    """What goes to one ledger account under one VAT code. Amounts in whole cents, positive as on the document (a
    discount is negative); `why` names the rules that chose."""

    ledger_account: str
    vat_code: str
    tax: Tax
    net: Money
    tax_amount: Money
    why: tuple[str, ...] = ()

    @property
    def gross(self) -> Money:
        """The amount including VAT. Reverse-charged VAT is none of it."""
        return self.net + self.tax_amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An invoice of a sale or a purchase ready for books that are told account, VAT code and amounts of every line.

    `number` is the invoice number as the books will have it, prefix included. Amounts are positive for a credit too,
    whose sign the connector makes. `control_account` is the debtors' or creditors' account.
    """

    kind: DocumentKind
    source_ref: ExternalRef
    our_reference: str
    number: str
    issued_on: date
    payment_days: int
    contact: ContactAccount
    control_account: str
    description: str
    currency: str
    lines: tuple[EntryLine, ...]
    expected_taxes: tuple[TaxTotal, ...]
    credits: str | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def gross(self) -> Money:
        """The total including VAT, which is what the books will show as owed."""
        return total((line.gross for line in self.lines), self.currency)
