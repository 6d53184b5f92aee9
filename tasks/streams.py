"""What a route reads: one stream per kind of document that its source gives. The steps are written once over streams.

Records tell their stream by the kind of their `source_ref`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from boekbrug.domain.documents import Side, SourceInvoice, UnreadableDocument
from boekbrug.domain.records import SyncRecord
from boekbrug.domain.snapshots import ORDER, Document
from boekbrug.domain.tenants import Move
from connectors import Connector, InvoiceSource, OrderSource

Given = Document | UnreadableDocument
"""A document as a source gives it."""


class Stream(Protocol):
    """One kind of document of a source, and how it is read."""

    @property
    def name(self) -> str:
        """Names the stream's cursor."""
        ...

    @property
    def kind(self) -> str:
        """The kind of its documents' refs."""
        ...

    def read_changed(self, since: datetime) -> Iterator[Sequence[Given]]:
        """Pages of what was made or changed since the moment; each document at least once, perhaps twice."""
        ...

    def reached_by(self, page: Sequence[Given]) -> datetime | None:
        """The moment up to which everything is read once this page of `read_changed` is; None where its pages come in
        no order."""
        ...

    def read_dated(self, first_on: date, last_on: date) -> Iterator[Sequence[Given]]:
        """Pages of what is dated in these days, both included."""
        ...

    def read_again(self, kept: Sequence[SyncRecord]) -> Iterator[Given | None]:
        """The documents of these records as they are now, in this order; None for one that is no longer there."""
        ...

    def count_dated(self, first_on: date, last_on: date) -> int:
        """How many the source itself counts in those days."""
        ...


@dataclass(frozen=True, slots=True)
class OrderStream:
    """The orders of a shop."""

    source: OrderSource
    name: str = "orders"
    kind: str = ORDER

    def read_changed(self, since: datetime) -> Iterator[Sequence[Given]]:
        """Pages of orders placed or changed since the moment."""
        return self.source.read_changed_orders(since)

    def reached_by(self, page: Sequence[Given]) -> datetime | None:
        """Not known: a shop lists what was placed and what was changed one after the other."""
        return None

    def read_dated(self, first_on: date, last_on: date) -> Iterator[Sequence[Given]]:
        """Pages of orders placed in these days."""
        return self.source.read_orders_placed(first_on, last_on)

    def read_again(self, kept: Sequence[SyncRecord]) -> Iterator[Given | None]:
        """The orders as they are now, asked for by their numbers."""
        return self.source.read_orders([record.number for record in kept])

    def count_dated(self, first_on: date, last_on: date) -> int:
        """How many orders the shop itself counts."""
        return self.source.count_orders_placed(first_on, last_on)


@dataclass(frozen=True, slots=True)
class InvoiceStream:
    """The invoices of one side of an invoicing program."""

    source: InvoiceSource
    side: Side

    @property
    def name(self) -> str:
        """Names the cursor of this side."""
        return f"invoices-{self.side}"

    @property
    def kind(self) -> str:
        """Invoices to customers, or from suppliers."""
        return "invoice" if self.side is Side.SALES else "purchase_invoice"

    def read_changed(self, since: datetime) -> Iterator[Sequence[Given]]:
        """Pages of invoices made or changed since the moment."""
        return self.source.read_changed_invoices(self.side, since)

    def reached_by(self, page: Sequence[Given]) -> datetime | None:
        """When the last of the page was changed: what changed first comes first."""
        return max((one.changed_at for one in page if isinstance(one, SourceInvoice)), default=None)

    def read_dated(self, first_on: date, last_on: date) -> Iterator[Sequence[Given]]:
        """Pages of invoices dated in these days."""
        return self.source.read_invoices_issued(self.side, first_on, last_on)

    def read_again(self, kept: Sequence[SyncRecord]) -> Iterator[Given | None]:
        """The invoices as they are now."""
        return self.source.read_invoices([record.source_ref for record in kept])

    def count_dated(self, first_on: date, last_on: date) -> int:
        """How many invoices the program itself counts."""
        return self.source.count_invoices_issued(self.side, first_on, last_on)


def streams_of(source: Connector, moves: Collection[Move], *, takes_purchases: bool) -> tuple[Stream, ...]:
    """The streams of a source that a route brings over: those chosen, or all there are. Only some books take what
    suppliers charge."""
    streams: list[Stream] = []
    if isinstance(source, OrderSource) and (not moves or "orders" in moves):
        streams.append(OrderStream(source))
    if isinstance(source, InvoiceSource):
        if not moves or "invoices" in moves:
            streams.append(InvoiceStream(source, Side.SALES))
        if takes_purchases and (not moves or "purchases" in moves):
            streams.append(InvoiceStream(source, Side.PURCHASES))
    return tuple(streams)
