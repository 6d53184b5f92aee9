"""What the suite cannot ask a connector: the logins of its system's simulator, and how that is filled.

A new connector adds one entry; everything else is asked of the connector itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox._control import Control

Books = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Stand:
    """One simulated system with two tenants' logins."""

    credentials: Mapping[str, str]
    other_credentials: Mapping[str, str]
    secrets: tuple[str, ...]
    """Names of the credentials that nobody may see."""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SourceStand(Stand):
    """An order source. `page`: how many orders its settings put on a page."""

    page: int
    fill: Callable[[Control, int], None]
    """Leaves exactly so many orders in the shop, placed in the last 90 days."""
    moving: tuple[Callable[[Control], None], ...]
    """Ways in which the list can move while it is read."""


@dataclass(frozen=True, kw_only=True)
class TargetStand(Stand):
    """A booking target."""

    empty: Callable[[Control], None]
    document_write: Mapping[str, str]
    """Which calls create a document: method and path of the simulator's faults."""
    debtor_write: Mapping[str, str]
    documents: Callable[[Books], int]
    """How many documents the first tenant's books hold."""
    debtors: Callable[[Books], int]
    switches: tuple[Mapping[str, Any], ...] = ()
    """Options of the simulator for what is not known of the real system; the connector copes with each."""


STANDS: dict[str, Stand] = {
    "mijnwebwinkel": SourceStand(
        credentials={"partner_token": "partner-demo", "token": "demo1"},
        other_credentials={"partner_token": "partner-demo", "token": "demo2"},
        secrets=("partner_token", "token"),
        settings={"page_size": 10},
        page=10,
        fill=lambda control, count: control.reset(orders=count, mix="everyday"),
        moving=(
            lambda control: control.set_options(shifting="leave"),
            lambda control: control.set_options(shifting="enter"),
        ),
    ),
    "factuursturen": TargetStand(
        credentials={"username": "demo1", "api_key": "demo1-key"},
        other_credentials={"username": "demo2", "api_key": "demo2-key"},
        secrets=("api_key",),
        empty=lambda control: control.reset(clients=3),
        document_write={"method": "POST", "path": "/invoices$"},
        debtor_write={"method": "POST", "path": "/clients$"},
        documents=lambda books: len(books["accounts"]["demo1"]["invoices"]),
        debtors=lambda books: len(books["accounts"]["demo1"]["clients"]),
        switches=(
            {"unknown_id": "404"},
            {"unknown_id": "list"},
            {"search_path": "plain"},
            {"search_fields": "all"},
            {"search_match": "whole"},
            {"search_references": False},
            {"errors": "html", "error_status": 422},
            {"created_newline": True},
            {"number_layout": "F{year}-{number:05}"},
            {"header_counts": "invoices"},
            {"default_count": 1},
            {"invoice_order": "oldest"},
            {"zero_rate_in_taxes": False},
            {"vat_rounding": "per_line"},
        ),
    ),
}
