"""What a route reads: one stream per kind of document that its source gives. The steps are written once over streams.

Records tell their stream by the kind of their `source_ref`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from boekbrug.domain.documents import UnreadableDocument
from boekbrug.domain.records import SyncRecord
from boekbrug.domain.snapshots import ORDER, Document
from connectors import OrderSource

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

    def read_dated(self, first_on: date, last_on: date) -> Iterator[Sequence[Given]]:
        """Pages of orders placed in these days."""
        return self.source.read_orders_placed(first_on, last_on)

    def read_again(self, kept: Sequence[SyncRecord]) -> Iterator[Given | None]:
        """The orders as they are now, asked for by their numbers."""
        return self.source.read_orders([record.number for record in kept])

    def count_dated(self, first_on: date, last_on: date) -> int:
        """How many orders the shop itself counts."""
        return self.source.count_orders_placed(first_on, last_on)
