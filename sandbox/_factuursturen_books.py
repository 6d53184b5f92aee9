"""The books of one account of the simulated Factuursturen: clients, invoices, drafts, payments, post."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from sandbox._clock import Clock
from sandbox._factuursturen_fields import (
    CLIENT_DEFAULTS,
    Draft,
    Fields,
    Invalid,
    Reader,
    read_client,
    read_reference,
)
from sandbox._factuursturen_options import FactuursturenOptions
from sandbox._factuursturen_seed import CATEGORIES, HOME, PROFILES, TAX_RATES, starting_clients
from sandbox._factuursturen_totals import HUNDRED, ZERO, Terms, Totals, cents, totals_for
from sandbox._rolling import RollingLimit

ZONE = ZoneInfo("Europe/Amsterdam")
_SNAPSHOT = (
    "company",
    "contact",
    "address",
    "zipcode",
    "city",
    "country",
    "phone",
    "mobile",
    "email",
    "taxnumber",
)


@dataclass(eq=False)
class Client:
    """A client; ``fields`` as they go over the wire, all text."""

    nr: int
    fields: dict[str, str]
    reference: tuple[str, str, str]
    changed_at: datetime
    last_invoice_on: date | None = None

    def is_set(self, flag: str) -> bool:
        return self.fields[flag] == "true"


@dataclass(eq=False)
class Invoice:
    """A final invoice with the client as it was that day."""

    id: str
    invoicenr: str
    draft: Draft
    client: Mapping[str, str]
    totals: Totals
    sent: date
    due: date
    profile: int
    category: int
    created_at: datetime
    paid: Decimal = ZERO
    paid_on: date | None = None
    history: list[dict[str, object]] = field(default_factory=list)

    @property
    def open(self) -> Decimal:
        """Outstanding; of a credit below zero until it is paid out."""
        return self.totals.gross - self.paid

    def settled(self) -> bool:
        return self.open <= 0 if self.totals.gross >= 0 else self.open >= 0

    def passes(self, state: str, today: date) -> bool:
        """Whether the invoice is in this state of the list filter."""
        match state:
            case "open":
                return self.open > 0
            case "overdue":
                return self.open > 0 and self.due < today
            case "sent":
                return self.paid == 0
            case "partly":
                return self.paid != 0 and self.open > 0
            case "toomuch":
                return self.open < 0
            case "paid":
                return self.open <= 0
        return False


@dataclass
class Saved:
    """A draft, or a repeating invoice."""

    id: int
    draft: Draft
    totals: Totals


class Books:
    """One account. Nothing here is idempotent, as in the real one: the same client twice is two clients."""

    def __init__(self, seed: int, options: FactuursturenOptions, clock: Clock) -> None:
        self.options = options
        self.clock = clock
        self.clients: dict[int, Client] = {}
        self.invoices: dict[str, Invoice] = {}
        self.saved: dict[int, Saved] = {}
        self.repeated: dict[int, Saved] = {}
        self.changed: dict[Client | Invoice, None] = {}  # made or changed since the search looked last, in that order
        self.outbox: list[dict[str, object]] = []
        self.invoice_limit = RollingLimit()
        self.call_limit = RollingLimit()
        self._last_client = self._last_saved = 0
        self._last_number: dict[int, int] = {}
        self._ids: dict[str, str] = {}  # of invoices, by invoice number
        for fields in starting_clients(seed, options.clients):
            self.add_client(fields)

    @property
    def today(self) -> date:
        return self.clock.now().astimezone(ZONE).date()

    def reader(self) -> Reader:
        return Reader(self.options.overlong == "truncate")

    def add_client(self, sent: Fields) -> Client:
        """A new client, whoever may have the same address already. Raises Invalid."""
        fields = read_client(sent, self.reader())
        if not fields.get("contact") and not fields.get("company"):
            raise Invalid("contact or company: one of them is required")
        reference = read_reference(sent.get("reference"), self.reader())
        self._last_client += 1
        defaults = CLIENT_DEFAULTS | {"tax_type": self.options.default_tax_type}
        client = Client(self._last_client, defaults | fields, reference, self.clock.now())
        self.clients[client.nr] = client
        self.changed[client] = None
        return client

    def change_client(self, client: Client, sent: Fields) -> None:
        """Change the fields that were sent. Raises Invalid."""
        fields = client.fields | read_client(sent, self.reader())
        if not fields["contact"] and not fields["company"]:
            raise Invalid("contact or company: one of them is required")
        if "reference" in sent:
            client.reference = read_reference(sent["reference"], self.reader())
        client.fields, client.changed_at = fields, self.clock.now()
        self.changed[client] = None

    def add_document(self, draft: Draft) -> str:
        """An invoice, or a draft under its name; returns what the 201 carries. Raises Invalid."""
        client = self._client_of(draft)
        self._check(draft, client)
        totals = self._totals(draft, client)
        if draft.action == "send":
            return self._send(draft, client, totals).invoicenr
        shelf = self.saved if draft.action == "save" else self.repeated
        namesake = next((saved for saved in shelf.values() if saved.draft.savename == draft.savename), None)
        if namesake is not None:
            if draft.overwrite:
                namesake.draft, namesake.totals = draft, totals
            elif self.options.savename_taken == "refuse":
                raise Invalid(f"savename: {draft.savename!r} exists already")
            return str(namesake.id)
        self._last_saved += 1
        shelf[self._last_saved] = Saved(self._last_saved, draft, totals)
        return str(self._last_saved)

    def send_saved(self, saved: Saved, sendmethod: str) -> Invoice:
        """Make a draft final; it leaves the drafts. Raises Invalid."""
        draft = Draft(**(vars(saved.draft) | {"action": "send", "sendmethod": sendmethod}))
        client = self._client_of(draft)
        self._check(draft, client)
        if not any(line.charges for line in draft.lines):
            raise Invalid("lines: an invoice needs a line with an amount")
        invoice = self._send(draft, client, self._totals(draft, client))
        del self.saved[saved.id]
        return invoice

    def pay(self, invoice: Invoice, amount: Decimal | Literal["full"], day: date, method: str) -> None:
        """Register money received (or, on a credit, paid out)."""
        paid = invoice.open if amount == "full" else amount
        invoice.paid += paid
        if invoice.settled():
            invoice.paid_on = day
        self._note(invoice, f"Betaling ontvangen {method}".strip(), amount=paid)

    def remind(self, invoice: Invoice) -> None:
        self._post("reminder", invoice)
        self._note(invoice, "Herinnering verstuurd")

    def find_invoice(self, number: str) -> Invoice | None:
        """By id or by invoice number."""
        return self.invoices.get(number) or self.invoices.get(self._ids.get(number, ""))

    def _client_of(self, draft: Draft) -> Client:
        client = self.clients.get(draft.clientnr)
        if client is None:
            raise Invalid(f"clientnr: there is no client {draft.clientnr}")
        return client

    def _check(self, draft: Draft, client: Client) -> None:
        """What only the account can know. Raises Invalid."""
        if not client.is_set("active") and self.options.inactive_client == "refuse":
            raise Invalid(f"clientnr: client {client.nr} is not active")
        if draft.profile is not None and str(draft.profile) not in {profile["id"] for profile in PROFILES}:
            raise Invalid(f"profile: there is no profile {draft.profile}")
        if draft.category is not None and str(draft.category) not in {category["id"] for category in CATEGORIES}:
            raise Invalid(f"category: there is no category {draft.category}")
        if draft.sendmethod == "email" and not client.fields["email"]:
            raise Invalid("sendmethod: the client has no e-mail address")
        if draft.number is not None and str(draft.number) in self.invoices:
            raise Invalid(f"invoicenr: {draft.number} exists already")
        for at, line in enumerate(draft.lines, 1):
            if not line.charges:
                continue
            if line.tax_country:
                if client.fields["country"] == HOME:
                    raise Invalid(f"lines.line{at}.tax_country: the client's country is not foreign")
                if not 0 <= line.tax_rate <= HUNDRED:
                    raise Invalid(f"lines.line{at}.tax_rate: {line.tax_rate} is not a rate")
            elif line.tax_rate not in TAX_RATES and self.options.unknown_tax_rate == "refuse":
                raise Invalid(f"lines.line{at}.tax_rate: {line.tax_rate} is not a rate of this account")
            if client.is_set("tax_shifted") and line.tax_rate and self.options.shifted_rate == "refuse":
                raise Invalid(f"lines.line{at}.tax_rate: VAT is shifted to this client, 0 is expected")

    def _totals(self, draft: Draft, client: Client) -> Totals:
        terms = Terms(
            includes_tax=client.fields["tax_type"] == "intax",
            shifted=client.is_set("tax_shifted"),
            standard_discount=Decimal(client.fields["stddiscount"]),
            standard_discount_applies=self.options.standard_discount,
        )
        try:
            totals = totals_for(
                draft.lines, terms, draft.discount, self.options.vat_rounding, self.options.price_decimals
            )
        except ValueError as error:
            raise Invalid(str(error)) from error
        if totals.gross < 0 and self.options.negative_total == "refuse":
            raise Invalid(f"lines: the total {totals.gross} is below zero")
        return totals

    def _send(self, draft: Draft, client: Client, totals: Totals) -> Invoice:
        sent = draft.sent if draft.sent and self.options.sent_writable else self.today
        term = draft.paymentperiod if draft.paymentperiod is not None else int(client.fields["top"])
        id, invoicenr = self._number(draft, sent.year)
        snapshot = {name: client.fields[name] for name in (*_SNAPSHOT, "tax_type", "tax_shifted", "default_doclang")}
        invoice = Invoice(
            id=id, invoicenr=invoicenr, draft=draft, client=snapshot, totals=totals, sent=sent,
            due=sent + timedelta(days=term), profile=draft.profile or int(PROFILES[0]["id"]),
            category=draft.category if draft.category is not None else int(client.fields["default_category"]),
            created_at=self.clock.now(),
        )  # fmt: skip
        self.invoices[id] = invoice
        self._ids.setdefault(invoicenr, id)
        client.last_invoice_on = sent
        self.changed[client] = None
        how = {"mail": "Factuur verstuurd", "email": "Factuur verstuurd via e-mail",
               "printcenter": "Factuur verstuurd via het printcenter"}  # fmt: skip
        self._note(invoice, how[draft.sendmethod])
        if draft.sendmethod != "mail":
            self._post("email" if draft.sendmethod == "email" else "letter", invoice)
        if draft.already_paid is not None:
            invoice.paid = totals.gross if draft.already_paid == "full" else cents(draft.already_paid)
            if invoice.settled() and self.options.paid_date:
                invoice.paid_on = sent
            self._note(invoice, f"Reeds betaald {draft.already_paid_method}".strip(), amount=invoice.paid)
        return invoice

    def _number(self, draft: Draft, year: int) -> tuple[str, str]:
        """Id and invoice number. A number of the sender's own moves the sequence, as documented."""
        last = self._last_number.get(year, 0)
        number = last + 1
        if draft.number is not None:
            given = str(draft.number)
            number = int(given.removeprefix(str(year)) or 0)
            if given != f"{year}{number:04}":
                return given, given
        self._last_number[year] = max(last, number)
        return f"{year}{number:04}", self.options.number_layout.format(year=year, number=number)

    def _note(self, invoice: Invoice, description: str, *, amount: Decimal | None = None) -> None:
        moment = self.clock.now().astimezone(ZONE)
        entry: dict[str, object] = {
            "date": f"{moment:%Y-%m-%d}",
            "time": f"{moment:%H:%M}",
            "description": description,
        }
        invoice.history.append(entry if amount is None else entry | {"amount": f"{amount:.2f}"})
        self.changed[invoice] = None

    def _post(self, kind: str, invoice: Invoice) -> None:
        self.outbox.append({"kind": kind, "invoicenr": invoice.invoicenr, "to": invoice.client["email"],
                            "at": self.clock.now().isoformat()})  # fmt: skip

    def as_json(self) -> dict[str, object]:
        """The books for comparison: amounts in cents, rates as text."""
        now, options = self.clock.timestamp(), self.options
        return {
            "clients": [{"clientnr": client.nr, **client.fields} for client in self.clients.values()],
            "invoices": [_compared(invoice) for invoice in self.invoices.values()],
            "saved": [_shelved(saved) for saved in self.saved.values()],
            "repeated": [_shelved(saved) for saved in self.repeated.values()],
            "outbox": self.outbox,
            "limits": {
                "invoices": self.invoice_limit.as_json(now, options.invoices_per_hour),
                "calls": self.call_limit.as_json(now, options.calls_per_hour),
            },
        }


def _in_cents(amount: Decimal) -> int:
    return int(amount.scaleb(2))


def _amounts(totals: Totals) -> dict[str, object]:
    return {
        "gross": _in_cents(totals.gross), "net": _in_cents(totals.net), "tax": _in_cents(totals.tax),
        "rates": {f"{rate.rate.normalize():f}": {"net": _in_cents(rate.net), "tax": _in_cents(rate.tax)}
                  for rate in totals.rates},
    }  # fmt: skip


def _compared(invoice: Invoice) -> dict[str, object]:
    draft = invoice.draft
    return {
        "invoicenr": invoice.invoicenr, "id": invoice.id, "clientnr": draft.clientnr,
        "client": dict(invoice.client), "reference": list(draft.reference), **_amounts(invoice.totals),
        "open": _in_cents(invoice.open), "sent": invoice.sent.isoformat(),
        "paid_on": invoice.paid_on.isoformat() if invoice.paid_on else None, "category": invoice.category,
        "sendmethod": draft.sendmethod, "already_paid_method": draft.already_paid_method,
        "descriptions": [line.description for line in draft.lines],
        "created_at": invoice.created_at.isoformat(),
    }  # fmt: skip


def _shelved(saved: Saved) -> dict[str, object]:
    draft = saved.draft
    return {"id": saved.id, "savename": draft.savename, "clientnr": draft.clientnr,
            "reference": list(draft.reference), **_amounts(saved.totals)}  # fmt: skip
