"""The documents that move: orders and invoices in, invoices and credit notes out, and the contacts on them.

Everything here is immutable and free of any remote system's field names. Money says in its name whether it includes
VAT. An order line's `gross` is leading (shops charge what they show, in cents) and its `net` may carry more decimals;
of a `SourceInvoice` the net of the lines leads, as invoicing programs compute from prices without VAT.
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


class Side(StrEnum):
    """Which side of the books: to customers (debtors, what they owe us) or from suppliers (creditors, what we owe)."""

    SALES = "sales"
    PURCHASES = "purchases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A customer or supplier as a document or a source states it. `source_ref` is None for a guest; `code` is the
    number the source gives people ("DB10012"), and `groups` the source's ids of the groups it belongs to."""

    email: str = ""
    phone: str = ""
    vat_number: str = ""
    address: Address = Address()
    source_ref: ExternalRef | None = None
    code: str = ""
    company_number: str = ""  # of the chamber of commerce (KvK, KBO)
    iban: str = ""
    bic: str = ""
    groups: tuple[str, ...] = ()

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
    """A status a source knows. `is_credit`: an order in this status is a credit order.

    `goes_over` and `never` are proposals for routes that name no statuses themselves: what is sold or owed for good,
    and what was called off.
    """

    id: str
    name: str
    is_credit: bool = False
    goes_over: bool = False
    never: bool = False


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
    """What kind of document moves. A credit's amounts are positive: its direction is its kind."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PURCHASE_INVOICE = "purchase_invoice"
    PURCHASE_CREDIT_NOTE = "purchase_credit_note"

    @property
    def side(self) -> Side:
        """Whether a customer or a supplier is concerned."""
        return Side.SALES if self in (DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE) else Side.PURCHASES

    @property
    def is_credit(self) -> bool:
        """True when it takes back, in whole or in part, what an invoice said."""
        return self in (DocumentKind.CREDIT_NOTE, DocumentKind.PURCHASE_CREDIT_NOTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInvoiceLine:
    """One line of an invoice of an invoicing program, whole-line amount after discounts.

    `tax_code`, `product_group` and `cost_category` are the source's own codes or ids.
    """

    description: str
    quantity: Decimal
    net: Money  # may carry more decimals than cents
    rate: Decimal  # percentage
    tax_code: str = ""
    product_code: str = ""
    product_group: str = ""
    cost_category: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInvoice:
    """An invoice as an invoicing program states it: sent to a customer, or received from a supplier.

    Amounts of a credit are positive. `number` is the invoice's own number, for a purchase the supplier's; `own_number`
    is what the source calls it ("CF0001"; the same as `number` for a sale). `credits` is None for what is no credit and
    "" for a credit that does not say what it credits.
    """

    kind: DocumentKind
    source_ref: ExternalRef
    number: str
    own_number: str
    status_id: str
    issued_on: date
    changed_at: datetime
    currency: str
    contact: Contact
    lines: tuple[SourceInvoiceLine, ...]
    net: Money  # this and the next two as the source states them
    tax: Money
    gross: Money
    open_amount: Money
    payment_days: int | None = None
    tax_totals: tuple[TaxTotal, ...] = ()  # empty when the source does not say
    prices_include_tax: bool = False
    reverse_charged: bool = False
    paid_on: date | None = None
    payment: Payment = Payment()
    credits: str | None = None
    customer_reference: str = ""
    findings: tuple[Finding, ...] = ()  # what reading it already showed, none of it blocking


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLine:
    """One line of an invoice at one VAT treatment, whole-line amounts."""

    kind: LineKind
    description: str
    quantity: Decimal
    net: Money
    gross: Money
    tax: Tax
    product_group: str = ""
    cost_category: str = ""
    tax_code: str = ""  # the source's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """An invoice or a credit note, of a sale or a purchase, with the VAT of every line decided.

    A credit's amounts are positive: its direction is `kind`. `ordered_at` is the moment that decides VAT rates and
    periods: of the order, or the start of the day on the invoice.
    """

    kind: DocumentKind
    source_ref: ExternalRef
    number: str  # the order's number in the shop, or the invoice's own
    ordered_at: datetime
    currency: str
    prices_include_tax: bool
    contact: Contact
    delivery_country: str
    lines: tuple[InvoiceLine, ...]
    payment: Payment
    is_paid: bool  # as far as the shop goes; a payment rule may know better
    is_business: bool = False
    credits: str | None = None
    customer_reference: str = ""
    own_number: str = ""  # of a purchase: what the source calls it
    payment_days: int | None = None

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
        """True when the customer owes the VAT (of a purchase: we do)."""
        return any(line.tax.category in ("AE", "K") for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactAccount:
    """A customer or supplier as the books know them, with the settings the books keep for each.

    `contact.code` is the number or code that the books' people know it by, where that is not the id of `target_ref`.
    """

    target_ref: ExternalRef
    contact: Contact
    prices_include_tax: bool
    reverse_charged: bool
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedLine:
    """One line as the books keep it, signs as in the books."""

    ledger_account: str
    vat_code: str
    net: Money
    tax: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedDocument:
    """A document as the books show it when it is read back. Signs are those of the books (a credit is negative)."""

    target_ref: ExternalRef
    number: str
    our_reference: str  # the reference Boekbrug gave it; "" when it carries none of ours
    booked_on: date | None
    gross: Money
    tax_totals: tuple[TaxTotal, ...]
    contact: Contact
    contact_ref: ExternalRef
    open_amount: Money  # what is still to be paid
    lines: tuple[PostedLine, ...] = ()  # of books that are told account and VAT code per line


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """An invoice that the books say is not paid in full, signs as in the books."""

    side: Side
    number: str
    contact_code: str
    booked_on: date | None
    gross: Money
    open_amount: Money
    target_ref: ExternalRef | None = None  # of the invoice's entry, where the books say


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedPayment:
    """What the books say was paid on one invoice on one day. A repayment is negative."""

    target_ref: ExternalRef  # of the paying entry
    side: Side
    number: str  # of the invoice
    contact_code: str
    paid_on: date
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentState:
    """What a source says of the payment of one of its invoices, signs as its documents have them: a credit negative."""

    source_ref: ExternalRef
    number: str
    gross: Money
    open_amount: Money
    payable: bool  # False: the source takes no payment in this status


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Something a source lets its documents be sorted by, as mapping rules name it: a product group, cost category."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChoices:
    """What mapping rules can ask of a source's documents."""

    product_groups: tuple[Choice, ...] = ()
    customer_groups: tuple[Choice, ...] = ()
    supplier_groups: tuple[Choice, ...] = ()
    cost_categories: tuple[Choice, ...] = ()
    tax_codes: tuple[Choice, ...] = ()
