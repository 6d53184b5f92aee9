"""How a document is put into the books of a route's target, and found and compared there.

Two kinds of books: those that compute an invoice themselves from quantities and prices, and those that are told every
line's account, VAT code and amounts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from boekbrug.domain.bookings import Booking, Entry
from boekbrug.domain.documents import ContactAccount, Invoice, PostedDocument
from boekbrug.domain.exchange import ExchangeRate
from boekbrug.domain.findings import Finding
from boekbrug.domain.records import SyncRecord
from boekbrug.domain.tenants import MappingRule, RoutePolicy
from connectors import BookingTarget, LedgerTarget
from mappings.bookings import booking_for
from mappings.entries import entry_for
from mappings.source_documents import number_in_books
from tasks.documents import document_of


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document with every choice made, and its one write."""

    booking: Booking | Entry
    send: Callable[[], PostedDocument]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found while choosing, none of it blocking."""
        return self.booking.findings


class Writer(Protocol):
    """The books of a route, as far as its documents go."""

    def prepare(self, document: Invoice, account: ContactAccount, *, our_reference: str) -> Prepared:
        """Every choice made by the route's rules. Raises NeedsAttention with every finding."""
        ...

    def judging_by(self, policy: RoutePolicy, rules: tuple[MappingRule, ...]) -> Writer:
        """The same books by other rules."""
        ...

    def look_up(self, record: SyncRecord, since: date) -> Sequence[PostedDocument]:
        """What the books hold of a record whose write was begun on or after that day."""
        ...

    def recently_booked(self, since: date) -> Iterator[PostedDocument]:
        """Documents of ours booked since that day, where nothing else keeps one from being written twice after the
        store was restored from a backup."""
        ...


@dataclass(frozen=True, slots=True)
class BookingWriter:
    """Books that compute the invoice themselves."""

    target: BookingTarget
    rules: tuple[MappingRule, ...]
    policy: RoutePolicy

    def prepare(self, document: Invoice, account: ContactAccount, *, our_reference: str) -> Prepared:
        """The booking by the route's rules."""
        booking = booking_for(
            document,
            debtor=account,
            rules=self.rules,
            reference_data=self.target.read_reference_data(),
            traits=self.target.traits,
            policy=self.policy,
            our_reference=our_reference,
        )
        return Prepared(booking, lambda: self.target.post_document(booking))

    def judging_by(self, policy: RoutePolicy, rules: tuple[MappingRule, ...]) -> Writer:
        """The same books by other rules."""
        return replace(self, policy=policy, rules=rules)

    def look_up(self, record: SyncRecord, since: date) -> Sequence[PostedDocument]:
        """By our reference, among what was booked since."""
        return self.target.find_documents(record.our_reference, since=since)

    def recently_booked(self, since: date) -> Iterator[PostedDocument]:
        """All of them: these books number by themselves and take anything twice."""
        return self.target.read_documents_booked(since)


@dataclass(frozen=True, slots=True)
class EntryWriter:
    """Books that are told every line. They are dated as the source dates, and take no invoice number twice."""

    target: LedgerTarget
    rules: tuple[MappingRule, ...]
    policy: RoutePolicy
    source_name: str
    rate_on: Callable[[str, date], ExchangeRate | None]

    def prepare(self, document: Invoice, account: ContactAccount, *, our_reference: str) -> Prepared:
        """The entry by the route's rules."""
        entry = self.entry(document, account, our_reference=our_reference)
        return Prepared(entry, lambda: self.target.post_entry(entry))

    def entry(self, document: Invoice, account: ContactAccount, *, our_reference: str) -> Entry:
        """The entry by the route's rules. Raises NeedsAttention with every finding."""
        reference_data = self.target.read_reference_data()
        foreign = document.currency != reference_data.currency and self.policy.foreign_currency == "convert"
        return entry_for(
            document,
            contact=account,
            rules=self.rules,
            reference_data=reference_data,
            traits=self.target.traits,
            policy=self.policy,
            our_reference=our_reference,
            source_name=self.source_name,
            exchange=self.rate_on(document.currency, document.ordered_at.date()) if foreign else None,
        )

    def judging_by(self, policy: RoutePolicy, rules: tuple[MappingRule, ...]) -> Writer:
        """The same books by other rules."""
        return replace(self, policy=policy, rules=rules)

    def look_up(self, record: SyncRecord, since: date) -> Sequence[PostedDocument]:
        """By the number it was to get; failing that, under another one, should the route's prefix have changed in the
        meantime: then among all since the day of the document."""
        number = number_in_books(document_of(record), self.policy)
        since = min(since, record.ordered_at.date()) if record.ordered_at else since
        found = self.target.find_documents(record.our_reference, since=since, number=number)
        return found or self.target.find_documents(record.our_reference, since=since)

    def recently_booked(self, since: date) -> Iterator[PostedDocument]:
        """None: a number that is taken by ours is told when it is written."""
        return iter(())
