"""What the suite cannot ask a connector: the logins of its system's simulator, and how that is filled.

A new connector adds one entry; everything else is asked of the connector itself.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from boekbrug.domain.documents import Side
from sandbox._control import Control
from tests.conformance.bookkeepers import Bookkeeper, EboekhoudenBookkeeper

Books = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Stand:
    """One simulated system with two tenants' logins."""

    credentials: Mapping[str, str]
    other_credentials: Mapping[str, str]
    secrets: tuple[str, ...]
    """Names of the credentials that nobody may see."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    shares_limits: bool = False
    """True when limits are counted for this machine, whoever's login it is."""
    simulator: str = ""
    """Its name, where it is not that of the connector."""


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


@dataclass(frozen=True, kw_only=True)
class InvoiceStand(Stand):
    """An invoice source that is told of payments. `page`: how many rows its settings put on a page of a list."""

    page: int
    fill: Callable[[Control, int], None]
    """Leaves exactly so many invoices on either side that everybody can understand, dated in the last 90 days."""
    everything: Callable[[Control], None]
    """Leaves all the hard cases."""
    moving: tuple[Callable[[str, Side], None], ...]
    """Ways in which a list can move while it is read; given is the address."""
    payment_write: Mapping[str, str]
    paid: Callable[[Books, Side, str], int]
    """How many cents the first tenant's books say were paid on the invoice with that id."""
    switches: tuple[Mapping[str, Any], ...] = ()
    payment_switches: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...] = ()
    """Options of the simulator, and the connector's settings that go with each."""


def _wefact(url: str, controller: str, action: str, **params: Any) -> dict[str, Any]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        call = {"api_key": "demo1-key", "controller": controller, "action": action, **params}
        connection.request("POST", parts.path + "/", json.dumps(call), {"Content-Type": "application/json"})
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    assert answer["status"] == "success", answer
    return answer


_WEFACT_LINE = {"Description": "Tussendoor", "PriceExcl": "10"}
_WEFACT_INVOICES = {Side.SALES: "invoice", Side.PURCHASES: "creditinvoice"}


def _wefact_first_changes(url: str, side: Side) -> None:
    rows = _wefact(url, _WEFACT_INVOICES[side], "list", sort="Modified", order="ASC", limit=3)
    for row in rows[f"{_WEFACT_INVOICES[side]}s"]:
        _wefact(url, _WEFACT_INVOICES[side], "edit", Identifier=row["Identifier"], Comment="Gewijzigd")


def _wefact_one_enters(url: str, side: Side) -> None:
    if side is Side.SALES:
        line = _WEFACT_LINE | {"TaxCode": "V21"}
        made = _wefact(url, "invoice", "add", DebtorCode="DB10000", InvoiceLines=[line])["invoice"]
        _wefact(url, "invoice", "sendbyemail", Identifier=made["Identifier"])
    else:
        line = _WEFACT_LINE | {"TaxCode": "I21", "CostCategory": "1"}
        _wefact(url, "creditinvoice", "add", InvoiceCode="tussendoor", CreditorCode="CD0001", InvoiceLines=[line])


def _wefact_paid(books: Books, side: Side, record_id: str) -> int:
    account = books["accounts"]["demo1"]
    documents = account["invoices" if side is Side.SALES else "purchases"]
    return next(document["paid"] for document in documents if str(document["id"]) == record_id)


_WEFACT_OPEN = {"calls_per_minute": 0, "calls_per_hour": 0}


@dataclass(frozen=True, kw_only=True)
class Switch:
    """What is not known of the real system: the simulator's options, and the connector's settings that go with them."""

    options: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class LedgerStand(Stand):
    """A ledger target."""

    empty: Callable[[Control], None]
    document_write: Mapping[str, str]
    """Which calls book an invoice: fields of the simulator's faults."""
    contact_write: Mapping[str, str]
    login_call: Mapping[str, str]
    documents: Callable[[Books], int]
    """How many mutations the first tenant's books hold."""
    contacts: Callable[[Books], int]
    bookkeeper: Callable[[str], Bookkeeper]
    """Somebody who works in the first tenant's books besides us, at the simulator's address."""
    switches: tuple[Switch, ...] = ()


def _of_demo1(what: str) -> Callable[[Books], int]:
    return lambda books: len(books["administrations"]["demo1"][what])


_EBOEKHOUDEN_SWITCHES = (
    Switch(options={"session_counts": "used"}),
    Switch(options={"sales_number": "relation"}),
    Switch(options={"purchase_number": "administration"}),
    Switch(options={"list_order": "descending"}),
    Switch(options={"list_order": "shuffled"}),
    Switch(options={"paid_items": "listed"}),
)


STANDS: dict[str, Stand] = {
    "eboekhouden-soap": LedgerStand(
        simulator="e-boekhouden-soap",
        credentials={"username": "demo1", "security_code_1": "demo1-code1", "security_code_2": "demo1-code2"},
        other_credentials={"username": "demo2", "security_code_1": "demo2-code1", "security_code_2": "demo2-code2"},
        secrets=("security_code_1", "security_code_2"),
        empty=lambda control: control.reset(both=True, relations=3),
        document_write={"containing": "AddMutatie"},
        contact_write={"containing": "AddRelatie"},
        login_call={"containing": "OpenSession"},
        documents=_of_demo1("mutations"),
        contacts=_of_demo1("relations"),
        bookkeeper=EboekhoudenBookkeeper,
        switches=(
            *_EBOEKHOUDEN_SWITCHES,
            Switch(options={"time_part": True}),
            Switch(options={"overlong": "truncate"}),
            Switch(options={"empty_result": "nil"}),
            Switch(options={"empty_result": "empty"}),
            Switch(options={"payment_header": False}),
            Switch(options={"mutation_window": 3}, settings={"mutation_window": 3}),
            Switch(options={"list_cap": 2}),
            Switch(options={"vat_tolerance": "0"}),
            Switch(options={"percentage_check": "accept"}),
            Switch(options={"single_line": []}),
            Switch(options={"update_clears": False}),
            Switch(options={"relation_refusal": "CREL999"}),
            Switch(options={"doubles": "noisy"}),
        ),
    ),
    "eboekhouden-rest": LedgerStand(
        simulator="e-boekhouden-rest",
        credentials={"access_token": "demo1-token"},
        other_credentials={"access_token": "demo2-token"},
        secrets=("access_token",),
        empty=lambda control: control.reset(both=True, relations=3),
        document_write={"method": "POST", "path": "/mutation$"},
        contact_write={"method": "POST", "path": "/relation$"},
        login_call={"containing": "accessToken"},
        documents=_of_demo1("mutations"),
        contacts=_of_demo1("relations"),
        bookkeeper=EboekhoudenBookkeeper,
        switches=(
            *_EBOEKHOUDEN_SWITCHES,
            Switch(options={"authorization": "raw"}),
            Switch(options={"authorization": "bearer"}),
            Switch(options={"filters": "value"}),
            Switch(options={"filters": "both"}),
            Switch(options={"filters": "value", "unknown_parameter": "refuse"}),
            Switch(options={"unknown_property": "ignore"}),
            Switch(options={"vat_rounding": "half_even"}),
            Switch(options={"vat_rounding": "down"}),
            Switch(options={"count": "total"}),
            Switch(options={"created_status": 200}),
            Switch(options={"type_form": "string"}),
            Switch(options={"dates": "time"}),
            Switch(options={"purchase_duplicate": "MUT_020"}),
        ),
    ),
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
    "wefact": InvoiceStand(
        credentials={"api_key": "demo1-key"},
        other_credentials={"api_key": "demo2-key"},
        secrets=("api_key",),
        shares_limits=True,
        settings={"page_size": 6},
        page=6,
        fill=lambda control, count: control.reset(invoices=count, purchases=count, mix="everyday", **_WEFACT_OPEN),
        everything=lambda control: control.reset(mix="all", **_WEFACT_OPEN),
        moving=(_wefact_first_changes, _wefact_one_enters),
        payment_write={"method": "POST", "containing": "markaspaid|partpayment"},
        paid=_wefact_paid,
        switches=(
            {"sort_by_modified": False, "search_match": "whole"},
            {"sort_by_modified": False, "unknown_sort": "ignore", "invoice_order": "oldest"},
            {"page_limit": 7, "bare_date_until": "end", "zone": "UTC"},
            {"counts_as": "text", "identifiers_as": "number", "statuses_as": "number", "empty_date": "0000-00-00"},
            {"hostfact_fields": True, "purchase_lines_name": "CreditInvoiceLines", "shifted_line_rate": "kept"},
        ),
        payment_switches=(
            ({"second_markaspaid": "accept", "overpayment": "accept", "credit_payments": "refuse"}, {}),
            ({"credit_payments": "positive", "payment_is_change": False, "lapsed_open": "zero"}, {}),
            ({"pay_date_name": "Date"}, {"pay_date_name": "Date"}),
            ({"hostfact_fields": True, "empty_date": "0000-00-00", "identifiers_as": "number"}, {}),
        ),
    ),
}
