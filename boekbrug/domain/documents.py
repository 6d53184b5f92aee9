"""The documents that move: orders in, invoices and credit notes out, and the contacts on them.

Everything here is immutable and free of any remote system's field names. Money says in its name whether it includes
VAT. A line's `gross` is leading (shops charge what they show, in cents); `net` may carry more decimals.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from boekbrug.domain.findings import Finding
from boekbrug.domain.money import Money, total
from boekbrug.domain.tax import Tax

# Every reference of ours begins so: what else stands in the books is none of our documents.
REFERENCE_PREFIX = "BB-"


@dataclass(frozen=True, slots=True, order=True)
class ExternalRef:
    """A record in a remote system: the system's registry name, the kind of record there, and its id there."""

    system: str
    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.system}:{self.kind}:{self.id}"


class LineKind(StrEnum):
    """What a line is for, as far as the source says so."""

    ARTICLE = "article"
    SHIPPING = "shipping"
    PAYMENT_COSTS = "payment_costs"
    DISCOUNT = "discount"
    OTHER = "other"
    ROUNDING = "rounding"


class TaxTreatment(StrEnum):
    """What the source says of the whole order's VAT."""

    DOMESTIC = "domestic"  # ordinary rates, at home or (one-stop shop) of the consumer's country
    REVERSE_CHARGE = "reverse_charge"  # EU business, VAT number needed
    ZERO = "zero"  # zero because the goods leave the EU


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address as it was when the order was placed. `street` includes the house number."""

    name: str = ""
    company: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""  # ISO 3166 alpha-2; "" when the source does not say


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A customer (or supplier) as a document states it. `source_ref` is None for a guest."""

    email: str = ""
    phone: str = ""
    vat_number: str = ""
    address: Address = Address()
    source_ref: ExternalRef | None = None

    @property
    def display_name(self) -> str:
        """The company, else the person, else the e-mail address."""
        return self.address.company or self.address.name or self.email

    @property
    def is_business(self) -> bool:
        """True when a company or a VAT number is given."""
        return bool(self.address.company or self.vat_number)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStatus:
    """A status a shop knows. `is_credit`: an order in this status is a credit order."""

    id: str
    name: str
    is_credit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One line of an order at one VAT rate, whole-line amounts (not per unit), signs as the customer was charged.

    A cost that a shop spreads over several rates is several lines with the same `source_id`.
    """

    kind: LineKind
    description: str
    quantity: Decimal
    net: Money
    gross: Money
    rate: Decimal  # percentage
    source_id: str = ""
    product_group: str = ""

    @property
    def tax(self) -> Money:
        """The VAT in this line."""
        return self.gross - self.net


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxTotal:
    """What a document says of one VAT rate: the VAT itself and, where known, the base without VAT."""

    rate: Decimal
    tax: Money
    net: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """How an order was paid, in the source's own words. `method` is the key that mapping rules match on."""

    method: str = ""
    gateway: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was bought in a shop. Amounts of a credit order are positive; `credits` names the order it credits.

    `ordered_at` is in the shop's own time zone: its day is the day that decides VAT rates and periods.
    """

    source_ref: ExternalRef
    number: str
    status_id: str
    ordered_at: datetime
    changed_at: datetime
    currency: str
    prices_include_tax: bool
    treatment: TaxTreatment
    customer: Contact
    delivery_address: Address
    lines: tuple[OrderLine, ...]
    gross: Money  # as the shop states it
    tax_totals: tuple[TaxTotal, ...] = ()
    payment: Payment = Payment()
    credits: str | None = None
    customer_reference: str = ""
    is_business: bool = False
    findings: tuple[Finding, ...] = ()  # what reading it already showed, none of it blocking

    @property
    def is_credit(self) -> bool:
        """True for a credit order."""
        return self.credits is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableDocument:
    """A document that the source gave but that cannot be understood; its findings say why. It is never dropped."""

    source_ref: ExternalRef
    number: str
    findings: tuple[Finding, ...]
    status_id: str = ""  # "" when even that cannot be read


class DocumentKind(StrEnum):
    """What kind of document moves."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PURCHASE_INVOICE = "purchase_invoice"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLine:
    """One line of a sales document at one VAT treatment, whole-line amounts."""

    kind: LineKind
    description: str
    quantity: Decimal
    net: Money
    gross: Money
    tax: Tax
    product_group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesDocument:
    """An invoice or a credit note made from an order. A credit note's amounts are positive: its direction is `kind`."""

    kind: DocumentKind
    source_ref: ExternalRef
    number: str  # the order's number in the shop
    ordered_at: datetime
    currency: str
    prices_include_tax: bool
    customer: Contact
    delivery_country: str
    lines: tuple[InvoiceLine, ...]
    payment: Payment
    is_paid: bool  # as far as the shop goes; a payment rule may know better
    is_business: bool = False
    credits: str | None = None
    customer_reference: str = ""

    @property
    def gross(self) -> Money:
        """The total including VAT."""
        return total((line.gross for line in self.lines), self.currency)

    @property
    def gross_by_tax(self) -> dict[Tax, Money]:
        """The total including VAT per VAT treatment."""
        totals: dict[Tax, Money] = {}
        for line in self.lines:
            totals[line.tax] = totals.get(line.tax, Money.zero(self.currency)) + line.gross
        return totals

    @property
    def reverse_charged(self) -> bool:
        """True when the customer owes the VAT."""
        return any(line.tax.category in ("AE", "K") for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtorAccount:
    """A customer as the books know them, with the settings the books keep per customer."""

    target_ref: ExternalRef
    contact: Contact
    prices_include_tax: bool
    reverse_charged: bool
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedDocument:
    """A document as the books show it when it is read back. Signs are those of the books (a credit is negative)."""

    target_ref: ExternalRef
    number: str
    our_reference: str  # the reference Boekbrug gave it; "" when it carries none of ours
    booked_on: date | None
    gross: Money
    tax_totals: tuple[TaxTotal, ...]
    customer: Contact
    customer_ref: ExternalRef
    open_amount: Money  # what is still to be paid
