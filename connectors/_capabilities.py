"""What connectors can do: the capabilities, a protocol each, and how the registry knows a connector."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol, Self, runtime_checkable

from boekbrug.domain.bookings import Booking, Entry, EntryTraits, ReferenceData, TargetTraits
from boekbrug.domain.documents import (
    BookedPayment,
    Contact,
    ContactAccount,
    ExternalRef,
    OpenItem,
    Order,
    OrderStatus,
    PaymentState,
    PostedDocument,
    Side,
    SourceChoices,
    SourceInvoice,
    UnreadableDocument,
)
from boekbrug.domain.findings import Finding
from boekbrug.domain.money import Money
from boekbrug.domain.tax import VatNumberStatus
from connectors._base import CheckItem, ConnectorSettings, Credentials, Meter


class Capability(StrEnum):
    """What a connector can be used for."""

    ORDER_SOURCE = "order_source"
    INVOICE_SOURCE = "invoice_source"
    PAYMENT_TARGET = "payment_target"
    BOOKING_TARGET = "booking_target"
    LEDGER_TARGET = "ledger_target"


@runtime_checkable
class Connector(Protocol):
    """An open connection to one remote account. Thread-safe: methods may be called from several threads at once."""

    def check(self) -> Iterator[CheckItem]:
        """Tries the connection step by step without writing anything; an item with ok=False instead of an exception."""
        ...

    def close(self) -> None:
        """Lets go of the network."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


SourceDocument = Order | UnreadableDocument


@runtime_checkable
class OrderSource(Connector, Protocol):
    """A shop whose orders are read."""

    def read_statuses(self) -> tuple[OrderStatus, ...]:
        """The statuses the shop knows."""
        ...

    def read_changed_orders(self, since: datetime) -> Iterator[Sequence[SourceDocument]]:
        """Pages of orders placed or changed since the moment; each document at least once, perhaps twice."""
        ...

    def read_orders_placed(self, first: date, last: date) -> Iterator[Sequence[SourceDocument]]:
        """Pages of orders placed in the days from `first` to `last`, both included."""
        ...

    def read_orders(self, numbers: Iterable[str]) -> Iterator[SourceDocument | None]:
        """The orders with these numbers, in this order; None for one that the shop no longer has."""
        ...

    def count_orders_placed(self, first: date, last: date) -> int:
        """How many orders the shop itself counts in those days."""
        ...


@runtime_checkable
class InvoiceSource(Connector, Protocol):
    """An invoicing program whose invoices and contacts are read: of sales to customers, of purchases from suppliers."""

    def read_statuses(self) -> tuple[OrderStatus, ...]:
        """The statuses its invoices can have, on both sides; a status that means other things on either side has an id
        for each."""
        ...

    def read_choices(self) -> SourceChoices:
        """What mapping rules can ask of its documents. Cached while the connector is open."""
        ...

    def read_changed_invoices(
        self, side: Side, since: datetime
    ) -> Iterator[Sequence[SourceInvoice | UnreadableDocument]]:
        """Pages of invoices made or changed since the moment, what changed first comes first; each at least once,
        perhaps twice. No drafts."""
        ...

    def read_invoices_issued(
        self, side: Side, first: date, last: date
    ) -> Iterator[Sequence[SourceInvoice | UnreadableDocument]]:
        """Pages of invoices dated in the days from `first` to `last`, both included. No drafts."""
        ...

    def read_invoices(self, refs: Iterable[ExternalRef]) -> Iterator[SourceInvoice | UnreadableDocument | None]:
        """The invoices with these refs, in this order; None for one that is no longer there."""
        ...

    def count_invoices_issued(self, side: Side, first: date, last: date) -> int:
        """How many invoices the program itself counts in those days, drafts left out."""
        ...

    def read_changed_contacts(self, side: Side, since: datetime) -> Iterator[Sequence[Contact]]:
        """Pages of customers or suppliers made or changed since the moment; each at least once, perhaps twice."""
        ...


@runtime_checkable
class PaymentTarget(Connector, Protocol):
    """A source that is told of payments on its own invoices."""

    def read_unpaid(self, side: Side) -> Iterator[PaymentState]:
        """The invoices of that side that it says are not paid in full; drafts and lapsed ones left out."""
        ...

    def read_payment_state(self, ref: ExternalRef) -> PaymentState | None:
        """What it says of that invoice now; None when it is no longer there."""
        ...

    def register_payment(self, state: PaymentState, *, amount: Money, paid_on: date) -> PaymentState:
        """Tells that so much (same sign as `state.open_amount`, and no more than that) was paid on that day, and
        returns the state as read back. `state` is what was read just before.

        Raises OutcomeUnknown when it may have been told (read the state again, then tell the difference), RetryLater
        when it was not, NeedsAttention when the source refused it or the invoice's state is no longer `state`.
        """
        ...


@runtime_checkable
class Books(Connector, Protocol):
    """A package that documents are written to, whatever form it takes them in."""

    def read_reference_data(self) -> ReferenceData:
        """What the administration lets one choose from. Cached while the connector is open."""
        ...

    def check_contact(self, contact: Contact) -> tuple[Finding, ...]:
        """What keeps this contact from being created as it is, and what would be shortened.

        No remote call but for cached reference lists.
        """
        ...

    def find_contacts(self, contact: Contact) -> Sequence[ContactAccount]:
        """All debtors with the contact's e-mail address, ignoring case; without an address: those without one that have
        the same name and postal address. The best match first: active before inactive, same company or VAT number
        before another, then the lowest number."""
        ...

    def read_contact(self, number: str) -> ContactAccount | None:
        """The debtor with that number; None when there is none."""
        ...

    def create_contact(self, contact: Contact, *, prices_include_tax: bool, reverse_charged: bool) -> ContactAccount:
        """Creates a debtor and returns it as read back. The caller has looked for it first.

        Raises OutcomeUnknown when it may have been created; RetryLater when it was not.
        """
        ...

    def find_documents(self, our_reference: str, *, since: date, number: str = "") -> Sequence[PostedDocument]:
        """All documents booked on or after `since` that carry our reference, exactly. `number` is the invoice number
        that the document was to get, where we choose it; else "". Books that date a document as its source does go by
        the number instead of `since`."""
        ...

    def read_documents_booked(self, since: date) -> Iterator[PostedDocument]:
        """Documents booked on or after that day that carry a reference of ours."""
        ...

    def read_documents(self, refs: Sequence[ExternalRef], *, since: date) -> dict[ExternalRef, PostedDocument]:
        """The documents as the books show them, in as few calls as possible; those no longer there are left out.
        `since` is a day on or before which none of them was booked."""
        ...


@runtime_checkable
class BookingTarget(Books, Protocol):
    """A package that makes the invoice itself: it is told quantities and prices, and computes totals and VAT."""

    @property
    def traits(self) -> TargetTraits:
        """How the package computes and what it can hold."""
        ...

    def post_document(self, booking: Booking) -> PostedDocument:
        """Writes the document once and returns it as read back from the books.

        Raises OutcomeUnknown when it may have been written (then `find_documents` tells), RetryLater when it was not,
        NeedsAttention when the package refused it.
        """
        ...


@runtime_checkable
class LedgerTarget(Books, Protocol):
    """A package whose books take invoices that were made elsewhere: it is told account, VAT code and amounts per line,
    keeps the open items, and knows what was paid."""

    @property
    def traits(self) -> EntryTraits:
        """What its entries can hold."""
        ...

    def post_entry(self, entry: Entry) -> PostedDocument:
        """Writes the entry once and returns it as read back from the books.

        An invoice number that is taken by an entry with our reference means that it was written before: that entry is
        returned. Raises Conflict (finding NUMBER_TAKEN) when another document has the number, OutcomeUnknown when it
        may have been written, RetryLater when it was not, NeedsAttention when the package refused it.
        """
        ...

    def list_numbers(self, side: Side, prefix: str) -> Iterator[str]:
        """Invoice numbers in the books, of that side, that begin with the prefix and carry no reference of ours."""
        ...

    def update_contact(self, account: ContactAccount, contact: Contact) -> ContactAccount:
        """Carries the contact's details over into the account, keeps what the source does not know, and returns it as
        read back. Safe to repeat. Raises RetryLater, NeedsAttention."""
        ...

    def read_open_items(self, side: Side) -> Iterator[OpenItem]:
        """The invoices that the books say are not paid in full."""
        ...

    def read_payments(self, side: Side, since: date, numbers: Collection[str]) -> Iterator[BookedPayment]:
        """What was paid on or after that day on the invoices with these numbers, one per paying entry and invoice."""
        ...


@runtime_checkable
class VatNumberRegister(Protocol):
    """A register of VAT numbers. Not a tenant's system: it has no account and no credentials."""

    def check(self, vat_number: str) -> VatNumberStatus:
        """What the register says of a number with its country prefix. Never raises for a register that is down:
        unavailable is not invalid, so the answer is UNKNOWN."""
        ...


OpenConnector = Callable[[ConnectorSettings, Credentials, Meter], Connector]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorType:
    """What the registry knows of a connector: how it is called, configured and opened."""

    name: str
    title: str
    settings: type[ConnectorSettings]
    credentials: type[Credentials]
    capabilities: frozenset[Capability]
    open: Callable[..., Connector]
    account: Callable[..., str]
    """(settings, credentials) → a stable text naming the remote account, without secrets: what budgets belong to."""
    books: str = ""
    """The package, where several connectors lead to the same books: what their documents' refs bear as system."""
    help_url: str = ""
    notes: tuple[str, ...] = field(default=())
