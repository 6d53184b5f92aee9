"""WeFact: an invoicing program whose invoices of both sides are read, and which is told of payments.

Facts, what is unproven and what was decided: docs/connectors/wefact.md. Nothing is ever changed but payments.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Self, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from boekbrug.domain.documents import (
    Choice,
    Contact,
    ExternalRef,
    OrderStatus,
    PaymentState,
    Side,
    SourceChoices,
    SourceInvoice,
    UnreadableDocument,
)
from boekbrug.domain.errors import BoekbrugError, Conflict, OutcomeUnknown
from boekbrug.domain.findings import finding
from boekbrug.domain.money import Money
from connectors._base import CheckItem, Meter, checked
from connectors._capabilities import Capability, ConnectorType
from connectors._wefact_api import TITLE, Api, Key, Kind, Settings, local_text
from connectors._wefact_invoices import has_products, invoice_from_wire
from connectors._wefact_wire import (
    DOCUMENT_KINDS,
    ID,
    SYSTEM,
    UNPAID,
    ListedInvoice,
    choices_from_wire,
    contact_from_wire,
    identities_from_wire,
    is_draft,
    listed_from_wire,
    paid_on_from_wire,
    party_id,
    payment_state_from_wire,
    said,
    statuses,
    tax_codes_from_wire,
)
from connectors._wire import Fields, Json, JsonOut, Unreadable

__all__ = ["CONNECTOR", "Key", "Settings", "Wefact"]

_INVOICES = {
    Side.SALES: Kind("invoice", "invoice", "invoices", "InvoiceCode"),
    Side.PURCHASES: Kind("creditinvoice", "creditinvoice", "creditinvoices", "CreditInvoiceCode"),
}
_PARTIES = {
    Side.SALES: Kind("debtor", "debtor", "debtors", "DebtorCode"),
    Side.PURCHASES: Kind("creditor", "creditor", "creditors", "CreditorCode"),
}
_PRODUCTS = Kind("product", "product", "products", "ProductCode")

# WeFact reads windows in its own zone (Amsterdam's, by one source; an old sample shows an hour's difference). So far
# back it holds for Amsterdam's time and for UTC, and in the hour that the end of summer time repeats.
_OVERLAP = timedelta(hours=3)
_ONE_DAY = timedelta(days=1)
_BATCH = 50  # whole records asked for before they are handed on
_KEPT = 5_000  # debtors and creditors that are not asked for again

_T = TypeVar("_T")


class Wefact:
    """An open connection to one administration. An `InvoiceSource` and a `PaymentTarget`."""

    def __init__(self, settings: Settings, credentials: Key, meter: Meter) -> None:
        self._settings = settings
        self._zone = ZoneInfo(settings.time_zone)
        self._api = Api(settings, credentials, meter)
        self._pool = ThreadPoolExecutor(settings.concurrency, thread_name_prefix=SYSTEM)
        self._lock = threading.RLock()
        self._known_parties: dict[tuple[Side, str], Json] = {}
        self._known_settings: Fields | None = None
        self._known_choices: SourceChoices | None = None
        self._known_groups: dict[str, tuple[Choice, ...]] = {}
        self._known_products: dict[str, str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the network."""
        self._pool.shutdown(cancel_futures=True)
        self._api.close()

    def check(self) -> Iterator[CheckItem]:
        """Tries the key and the list of addresses, and tells which administration it is and what is left of the
        limits."""

        def administration() -> str:
            names = self._read("settings", lambda: identities_from_wire(self._own_settings()))
            return f"key and IP address accepted; {', '.join(names) or 'the administration does not say its name'}"

        def tax_codes() -> str:
            codes = self._read("tax codes", lambda: tax_codes_from_wire(self._own_settings()))
            return f"{len(codes)}: {', '.join(choice.id for choice in codes)}"

        def invoices() -> str:
            today = datetime.now(self._zone).date()
            counts = (self.count_invoices_issued(side, today - timedelta(days=30), today) for side in Side)
            return "{} sales, {} purchases in the last 30 days".format(*counts)

        def limits() -> str:
            return self._api.calls_left or "not told"

        steps = (
            ("administration", administration),
            ("tax codes", tax_codes),
            ("invoices", invoices),
            ("limits", limits),
        )
        yield from checked(steps)

    # -- what there is to choose from

    def read_statuses(self) -> tuple[OrderStatus, ...]:
        """The statuses of both sides; drafts are none of them. Asks nothing."""
        return statuses()

    def read_choices(self) -> SourceChoices:
        """Groups, cost categories and tax codes."""
        with self._lock:
            if self._known_choices is None:
                costs = self._api.ask("settings", "costcategory_list")
                self._known_choices = SourceChoices(
                    product_groups=self._groups("product"),
                    customer_groups=self._groups("debtor"),
                    supplier_groups=self._groups("creditor"),
                    cost_categories=self._read(
                        "cost categories", lambda: choices_from_wire(_members(costs), "Title", "Name", "Description")
                    ),
                    tax_codes=self._read("tax codes", lambda: tax_codes_from_wire(self._own_settings())),
                )
            return self._known_choices

    def _own_settings(self) -> Fields:
        with self._lock:
            if self._known_settings is None:
                self._known_settings = self._api.ask("settings", "list").object("settings")
            return self._known_settings

    def _groups(self, kind: str) -> tuple[Choice, ...]:
        """Whether groups of suppliers are listed is not documented: where they are not, there are none."""
        with self._lock:
            if kind not in self._known_groups:
                answer = self._api.ask_if_taken("group", "list", {"type": kind})
                self._known_groups[kind] = self._read(
                    f"groups of {kind}s",
                    lambda: choices_from_wire(answer.numbered("groups") if answer else [], "GroupName", "Name"),
                )
            return self._known_groups[kind]

    def _product_groups(self) -> dict[str, str]:
        """The group of each product by its code, the first of several. A list per group: a product's own record is not
        documented to tell."""
        with self._lock:
            if self._known_products is None:
                found: dict[str, str] = {}
                for group in self._groups("product"):
                    for row in self._api.rows(_PRODUCTS, {"group": group.id}):
                        found.setdefault(said(row, "ProductCode"), group.id)
                self._known_products = found
            return self._known_products

    # -- invoices

    def read_changed_invoices(
        self, side: Side, since: datetime
    ) -> Iterator[Sequence[SourceInvoice | UnreadableDocument]]:
        """Invoices made or changed since the moment, those that changed first come first."""
        listed = sorted(self._listed(side, self._modified(since)), key=lambda row: row.modified)
        yield from self._whole(side, [row.id for row in listed])

    def read_invoices_issued(
        self, side: Side, first: date, last: date
    ) -> Iterator[Sequence[SourceInvoice | UnreadableDocument]]:
        """Invoices dated in those days, both included, the oldest first."""
        listed = sorted(self._issued(side, first, last), key=lambda row: (row.issued_on or first, row.modified))
        yield from self._whole(side, [row.id for row in listed])

    def read_invoices(self, refs: Iterable[ExternalRef]) -> Iterator[SourceInvoice | UnreadableDocument | None]:
        """The invoices with these refs; None for one that is no longer there."""
        sides = {kind: side for side, kind in DOCUMENT_KINDS.items()}
        remaining = iter(refs)
        while batch := list(islice(remaining, _BATCH)):
            found: dict[ExternalRef, SourceInvoice | UnreadableDocument | None] = {}
            for side in Side:
                wanted = [ref for ref in batch if sides.get(ref.kind) is side and ID.fullmatch(ref.id)]
                found |= zip(wanted, self._documents(side, [ref.id for ref in wanted]), strict=True)
            yield from (found.get(ref) for ref in batch)

    def count_invoices_issued(self, side: Side, first: date, last: date) -> int:
        """How many its own list holds of those days."""
        return len(self._issued(side, first, last))

    def _issued(self, side: Side, first: date, last: date) -> list[ListedInvoice]:
        """The list of sales can be asked by date; of purchases that is not documented. The days are compared here."""
        window: dict[str, JsonOut] = {}
        if side is Side.SALES:
            window = {"date": {"from": (first - _ONE_DAY).isoformat(), "to": (last + _ONE_DAY).isoformat()}}
        listed = self._listed(side, window)
        return [row for row in listed if row.issued_on is None or first <= row.issued_on <= last]

    def _listed(self, side: Side, params: dict[str, JsonOut]) -> list[ListedInvoice]:
        rows = self._api.rows(_INVOICES[side], params)
        listed = self._read("a list of invoices", lambda: [listed_from_wire(row, side) for row in rows])
        return [row for row in listed if not row.is_draft]

    def _modified(self, since: datetime) -> dict[str, JsonOut]:
        begins = (since.astimezone(UTC) - _OVERLAP).astimezone(self._zone)
        ends = datetime.now(self._zone) + 2 * _ONE_DAY
        return {"modified": {"from": local_text(begins), "to": local_text(ends)}}

    def _whole(self, side: Side, ids: list[str]) -> Iterator[Sequence[SourceInvoice | UnreadableDocument]]:
        for start in range(0, len(ids), _BATCH):
            documents = self._documents(side, ids[start : start + _BATCH])
            if page := [document for document in documents if document]:
                yield page

    def _documents(self, side: Side, ids: list[str]) -> list[SourceInvoice | UnreadableDocument | None]:
        """The whole invoices, several asked for at once; None for those that are gone or drafts (again)."""
        payloads = self._at_once(lambda record_id: self._api.look_up(_INVOICES[side], record_id), ids)
        payloads = [None if is_draft(payload, side) else payload for payload in payloads]
        parties = self._parties(side, [party_id(payload, side) for payload in payloads if payload])
        groups = self._product_groups() if side is Side.SALES and any(map(has_products, payloads)) else {}
        return [
            invoice_from_wire(payload, side, parties.get(party_id(payload, side)), groups, self._zone)
            if payload
            else None
            for payload in payloads
        ]

    def _parties(self, side: Side, ids: list[str]) -> dict[str, Json]:
        """The records of these debtors or creditors, each read once while the connector is open."""
        with self._lock:
            for oldest in list(self._known_parties)[: max(0, len(self._known_parties) - _KEPT)]:
                del self._known_parties[oldest]
        missing = [one for one in dict.fromkeys(ids) if one and (side, one) not in self._known_parties]
        found = self._at_once(lambda record_id: self._api.look_up(_PARTIES[side], record_id), missing)
        self._known_parties |= {(side, one): payload for one, payload in zip(missing, found, strict=True)}
        return {one: self._known_parties[side, one] for one in ids if one}

    # -- contacts

    def read_changed_contacts(self, side: Side, since: datetime) -> Iterator[Sequence[Contact]]:
        """Debtors or creditors made or changed since the moment. One that cannot be understood is left out here: its
        invoices tell why."""
        rows = self._api.rows(_PARTIES[side], self._modified(since))
        ids = [said(row, "Identifier") for row in sorted(rows, key=lambda row: said(row, "Modified"))]
        for start in range(0, len(ids), _BATCH):
            batch = ids[start : start + _BATCH]
            with self._lock:
                for record_id in batch:
                    self._known_parties.pop((side, record_id), None)
            if page := list(_contacts(self._parties(side, batch).values(), side)):
                yield page

    # -- payments

    def read_unpaid(self, side: Side) -> Iterator[PaymentState]:
        """By the lists of unpaid and of partly paid ones. One that cannot be understood is left out here: as an invoice
        it tells why."""
        seen: set[ExternalRef] = set()
        for status in UNPAID[side]:
            for row in self._api.rows(_INVOICES[side], {"status": status}):
                try:
                    state = payment_state_from_wire(row, side)
                except Unreadable:
                    continue
                if said(row, "Status") in UNPAID[side] and state.source_ref not in seen:
                    seen.add(state.source_ref)
                    yield state

    def read_payment_state(self, ref: ExternalRef) -> PaymentState | None:
        """What the whole invoice says."""
        side = _side_of(ref)
        payload = self._api.look_up(_INVOICES[side], ref.id) if ID.fullmatch(ref.id) else None
        return None if payload is None else self._state(payload, side)

    def register_payment(self, state: PaymentState, *, amount: Money, paid_on: date) -> PaymentState:
        """Marks the invoice as paid when all that is open was paid, else registers a part. The invoice is read just
        before, for part payments add up; and after."""
        ref, side, opened = state.source_ref, _side_of(state.source_ref), state.open_amount
        in_cents = amount == amount.rounded() and amount.currency == opened.currency
        if not in_cents or not 0 < amount.amount <= opened.amount:
            raise ValueError(f"{amount} cannot be paid on {ref}, of which {opened} is open")
        before = self._api.look_up(_INVOICES[side], ref.id)
        now = None if before is None else self._state(before, side)
        if now is None or not now.payable or now.open_amount != opened:
            raise self._changed(state, now)
        sent: dict[str, JsonOut] = {
            "Identifier": ref.id,
            self._settings.pay_date_name: paid_on.isoformat(),
            "PaymentMethod": self._settings.payment_method,
        }
        if amount == opened:
            self._api.tell(_INVOICES[side].controller, "markaspaid", sent, state.number)
        else:
            part = sent | {"AmountPaid": f"{amount.rounded().amount:f}"}
            self._api.tell(_INVOICES[side].controller, "partpayment", part, state.number)
        return self._confirmed(state, opened - amount, paid_on)

    def _confirmed(self, state: PaymentState, expected: Money, paid_on: date) -> PaymentState:
        ref, side = state.source_ref, _side_of(state.source_ref)
        try:
            after = self._api.look_up(_INVOICES[side], ref.id)
            now = None if after is None else self._state(after, side)
        except BoekbrugError as error:
            raise self._unconfirmed(state) from error
        if now is None or now.open_amount != expected:
            raise self._unconfirmed(state)
        dated = paid_on_from_wire(Fields(after))
        if dated == datetime.now(self._zone).date() != paid_on:  # the day it takes when it understands none
            said_otherwise = finding("PAYMENT_DATED_OTHERWISE", said=dated, paid_on=paid_on)
            raise Conflict(
                f"{TITLE} registered the payment on {state.number}, but dated it {dated} instead of {paid_on}",
                findings=(said_otherwise,),
                system=SYSTEM,
                document=state.number,
            )
        return now

    def _changed(self, state: PaymentState, now: PaymentState | None) -> Conflict:
        stands = str(now.open_amount) if now else "-"
        return Conflict(
            f"{TITLE} no longer says the same of {state.number}: {state.open_amount} was open, now {stands}",
            findings=(finding("PAYMENT_STATE_CHANGED", before=state.open_amount, now=stands),),
            system=SYSTEM,
            document=state.number,
        )

    def _unconfirmed(self, state: PaymentState) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"{TITLE} did not confirm the payment on {state.number}: it may or may not have been registered",
            system=SYSTEM,
            document=state.number,
        )

    def _state(self, payload: Json, side: Side) -> PaymentState:
        return self._read("an invoice", lambda: payment_state_from_wire(Fields(payload), side))

    # -- shared

    def _at_once(self, call: Callable[[str], Json], ids: list[str]) -> list[Json]:
        return list(self._pool.map(call, ids)) if len(ids) > 1 else [call(one) for one in ids]

    def _read(self, what: str, understand: Callable[[], _T]) -> _T:
        """What cannot be understood, other than a document, is an answer that never came."""
        try:
            return understand()
        except Unreadable as error:
            raise self._api.senseless(f"{what} ({error})") from error


def _side_of(ref: ExternalRef) -> Side:
    return Side.PURCHASES if ref.kind == DOCUMENT_KINDS[Side.PURCHASES] else Side.SALES


def _contacts(payloads: Iterable[Json], side: Side) -> Iterator[Contact]:
    for payload in payloads:
        try:
            if payload is not None:
                yield contact_from_wire(payload, side)
        except Unreadable:
            continue


def _members(answer: Fields) -> list[Fields]:
    """The only list in an answer; what cost categories stand under is not documented."""
    for name in ("costcategories", "costcategory", "costcategory_list", "cost_categories", "CostCategories"):
        if name in answer:
            return answer.numbered(name)
    return answer.object("settings").numbered("CostCategories")


def account(settings: Settings, credentials: Key) -> str:
    """This machine at that address: limits are counted per IP address, whoever's key it is."""
    return f"{SYSTEM}:{urlsplit(settings.base_url).netloc.lower()}:ip"


CONNECTOR = ConnectorType(
    name=SYSTEM,
    title=TITLE,
    settings=Settings,
    credentials=Key,
    capabilities=frozenset({Capability.INVOICE_SOURCE, Capability.PAYMENT_TARGET}),
    open=Wefact,
    account=account,
    help_url="https://www.wefact.nl/help/",
    notes=(
        "Under Instellingen → API: switch the API on, create a key, and add this machine's IPv4 address to the list.",
        "All tenants of one machine share the limits of its IP address.",
    ),
)
