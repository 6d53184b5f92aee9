"""Factuursturen.nl: an invoicing package that sales documents are written to.

Facts, what is unproven and what was decided: docs/connectors/factuursturen.md. Clients and invoices are only ever
created and read; nothing is changed, removed or sent to a customer unless the booking says so.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field

from boekbrug.domain.bookings import Booking, CreditStyle, ReferenceData, TargetTraits, TaxRounding
from boekbrug.domain.documents import REFERENCE_PREFIX, Contact, ContactAccount, ExternalRef, PostedDocument
from boekbrug.domain.errors import BoekbrugError, DocumentInvalid, OutcomeUnknown, RemoteUnavailable
from boekbrug.domain.findings import Finding, blocking
from boekbrug.domain.tenants import Country, Currency
from connectors._answers import Answer, usual_limits
from connectors._base import CheckItem, Credentials, LimitSignal, Meter, Secret, TargetSettings, checked
from connectors._capabilities import Capability, ConnectorType
from connectors._factuursturen_wire import (
    SYSTEM,
    Countries,
    bare_number,
    by_preference,
    client_to_wire,
    contact_findings,
    countries_from_wire,
    debtor_from_wire,
    has_contact,
    invoice_to_wire,
    is_same_client,
    is_whole,
    ledger_accounts_from_wire,
    members,
    numbers,
    posted_from_wire,
    references,
    vat_codes_from_wire,
)
from connectors._http import Session, quoted
from connectors._login import Login
from connectors._pages import DocumentPages
from connectors._wire import Fields, Json, JsonOut, Unreadable

TITLE = "Factuursturen"

# How a search that this account or version does not know is answered: there is nothing to be had there.
_NO_SEARCH = (400, 404, 405, 422)
_HOUR = 3600
_AFTER_THE_HOUR = 5  # seconds, for clocks that differ


class Settings(DocumentPages, TargetSettings):
    """Settings of a Factuursturen connection. What the supplier does not document can be switched."""

    base_url: str = Field("https://www.factuursturen.nl/api/v1/", description="Address of the API")
    documents_per_period: int | None = Field(
        60, ge=1, description="Invoices that may be created per period; empty: not limited"
    )
    tax_rounding: TaxRounding = Field(
        TaxRounding.PER_RATE, description="How the package rounds VAT: per_rate (over the lines of a rate) or per_line"
    )
    price_decimals: int = Field(2, ge=0, le=6, description="Decimals that the package keeps of a unit price")
    credit_style: CreditStyle = Field(
        CreditStyle.NEGATIVE_QUANTITY,
        description="How a credit note is written: negative_quantity, negative_price, or refuse (by hand)",
    )
    limit_window: Literal["rolling", "clock_hour"] = Field(
        "rolling",
        description="When an account over its limit is free again: an hour after the refusal, or at the next full hour",
    )
    home_country: Country = Field("NL", description="Country of the books, whose VAT rates need no country")
    currency: Currency = Field("EUR", description="Currency of the books")
    country_ids: dict[Country, str] = Field(
        {"NL": "146"}, description="Ids of countries that are not recognised by their name in the package's own list"
    )


class AccountCredentials(Credentials):
    """Login of Factuursturen's API."""

    username: Secret = Field(description="Login name")
    api_key: Secret = Field(description="Key: Settings → Verbindingen → Maak API sleutel, ticked Active")


class Factuursturen:
    """An open connection to one account. A `BookingTarget`."""

    def __init__(self, settings: Settings, credentials: AccountCredentials, meter: Meter) -> None:
        login = Login(basic=(credentials.username, credentials.api_key))
        self._settings = settings
        self._session = Session(TITLE, SYSTEM, settings, meter, login=login, limits=self._limits)
        self._lock = threading.RLock()
        self._known_countries: Countries | None = None
        self._known_reference_data: ReferenceData | None = None
        self._client_search = ""  # path of the search that was proven to find clients, or "list"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the network."""
        self._session.close()

    @property
    def traits(self) -> TargetTraits:
        """How Factuursturen computes, as far as known and set."""
        return TargetTraits(
            price_decimals=self._settings.price_decimals,
            tax_rounding=self._settings.tax_rounding,
            credit_style=self._settings.credit_style,
            ledger_per_document=True,
            debtor_decides_prices=True,
            dates_itself=True,
        )

    def check(self) -> Iterator[CheckItem]:
        """Tries the login and what can be chosen from."""

        def vat() -> str:
            return ", ".join(f"{code.code}% {code.country}".rstrip() for code in self.read_reference_data().vat_codes)

        def categories() -> str:
            return ", ".join(f"{account.code} {account.name}" for account in self.read_reference_data().ledger_accounts)

        def countries() -> str:
            return f"{len(self._countries().ids)} recognised"

        yield from checked((("VAT rates", vat), ("categories", categories), ("countries", countries)))

    def read_reference_data(self) -> ReferenceData:
        """VAT percentages and categories."""
        with self._lock:
            if self._known_reference_data is None:
                countries = self._countries()
                with _Understood("the lists of VAT rates and categories"):
                    self._known_reference_data = ReferenceData(
                        vat_codes=vat_codes_from_wire(
                            self._session.read("taxes"), countries, self._settings.home_country
                        ),
                        ledger_accounts=ledger_accounts_from_wire(self._session.read("categories")),
                        currency=self._settings.currency,
                    )
            return self._known_reference_data

    # -- debtors

    def check_contact(self, contact: Contact) -> tuple[Finding, ...]:
        """What the documented lengths and the country list say of this contact."""
        return contact_findings(contact, self._countries())

    def find_contacts(self, contact: Contact) -> Sequence[ContactAccount]:
        """Clients with the e-mail address; without one, those without one and with the same name and address."""
        countries = self._countries()
        with _Understood("clients"):
            found = [debtor_from_wire(client, countries) for client in self._clients_like(contact)]
        return by_preference(found, contact)

    def read_contact(self, number: str) -> ContactAccount | None:
        """The client with that number."""
        countries = self._countries()
        with _Understood(f"client {number}"):
            client = self._client(number)
            return debtor_from_wire(client, countries) if client else None

    def create_contact(self, contact: Contact, *, prices_include_tax: bool, reverse_charged: bool) -> ContactAccount:
        """Creates a client, and makes sure by reading it back that the number in the answer is this client's."""
        countries = self._countries()
        if obstacles := blocking(contact_findings(contact, countries)):
            raise DocumentInvalid(
                f"{contact.display_name or 'the customer'} cannot be created in {TITLE}",
                findings=obstacles,
                system=SYSTEM,
            )
        sent = client_to_wire(
            contact, countries, prices_include_tax=prices_include_tax, reverse_charged=reverse_charged
        )
        number = bare_number(self._session.write("clients", sent))
        try:
            with _Understood("the client just created"):
                client = self._client_as_sent(number, contact, sent)
                if client:
                    return debtor_from_wire(client, countries)
        except BoekbrugError as error:
            raise self._unconfirmed("the client", "") from error
        raise self._unconfirmed("the client", "")

    def _client_as_sent(self, number: str, contact: Contact, sent: dict[str, JsonOut]) -> Fields | None:
        client = self._client(number) if number else None
        if client and is_same_client(client, sent):
            return client
        same = [client for client in self._clients_like(contact) if is_same_client(client, sent)]
        return same[0] if len(same) == 1 else None

    def _client(self, number: str) -> Fields | None:
        """The client with exactly that number: for an unknown one the whole list has been seen to come back."""
        if not (number.isascii() and number.isdigit()):
            return None
        found = self._session.look_up(f"clients/{quoted(number)}")
        return next((client for client in members(found or [], "client") if client.text("clientnr") == number), None)

    def _clients_like(self, contact: Contact) -> list[Fields]:
        candidates = self._clients_by_email(contact.email) if contact.email else self._all_clients()
        return [client for client in candidates if has_contact(client, contact)]

    def _clients_by_email(self, email: str) -> list[Fields]:
        """Candidates by the search that works here. Which one does, and whether it ignores case, is not documented; a
        search that finds nothing would make double clients, so it is first proven on a client that exists."""
        with self._lock:
            if not self._client_search:
                clients = self._all_clients()
                self._client_search = self._proven_search(clients)
                return clients
        if self._client_search != "list":
            found = self._session.look_up(f"search/{self._client_search}/{quoted(email)}", absent=_NO_SEARCH)
            if found is not None:
                return members(found, "client")
        # Also when the search that worked is not there for once: "no such page" is not "no such client".
        return self._all_clients()

    def _proven_search(self, clients: list[Fields]) -> str:
        for sample in clients:
            email = sample.text("email")
            if "@" not in email or email.swapcase() == email:
                continue
            for path in ("clients/email", "clients/all"):
                found = self._search(path, email.swapcase(), "client")
                if any(client.text("clientnr") == sample.text("clientnr") for client in found):
                    return path
            return "list"
        return ""  # nobody to try it on yet

    def _all_clients(self) -> list[Fields]:
        return members(self._session.read("clients"), "client")

    def _search(self, path: str, text: str, name: str) -> list[Fields]:
        return members(self._session.look_up(f"search/{path}/{quoted(text)}", absent=_NO_SEARCH) or [], name)

    # -- documents

    def post_document(self, booking: Booking) -> PostedDocument:
        """Creates the invoice and confirms it by its reference and client."""
        sent = invoice_to_wire(booking, self._settings.credit_style)
        number = bare_number(self._session.write("invoices", sent, document=booking.number))
        try:
            with _Understood("the invoice just created"):
                invoice = self._invoice(number) if number else None
                if invoice and self._is_of(invoice, booking):
                    return posted_from_wire(invoice, self._countries(), self._settings.currency)
            found = self.find_documents(booking.our_reference, since=datetime.now(UTC).date() - timedelta(days=2))
        except BoekbrugError as error:
            raise self._unconfirmed("the invoice", booking.number) from error
        found = [document for document in found if document.contact_ref == booking.debtor.target_ref]
        if len(found) != 1:
            raise self._unconfirmed("the invoice", booking.number)
        return found[0]

    def find_documents(self, our_reference: str, *, since: date, number: str = "") -> Sequence[PostedDocument]:
        """Invoices that carry our reference, by the search; when that gives none, by the list since that day, for how
        and how soon the search works is not documented."""
        countries = self._countries()
        with _Understood("invoices"):
            invoices = self._carrying(self._search("invoices/all", our_reference, "invoice"), our_reference)
            if not invoices:
                invoices = self._carrying(self._invoices_since(since), our_reference)
            found = [posted_from_wire(invoice, countries, self._settings.currency) for invoice in invoices]
        return list({document.target_ref: document for document in found}.values())

    def read_documents_booked(self, since: date) -> Iterator[PostedDocument]:
        """The invoices of the list since that day that carry a reference of ours."""
        countries = self._countries()
        with _Understood("invoices"):
            for listed in self._invoices_since(since):
                invoice = self._whole(listed)
                if invoice and references(invoice)[2].startswith(REFERENCE_PREFIX):
                    yield posted_from_wire(invoice, countries, self._settings.currency)

    def read_documents(self, refs: Sequence[ExternalRef], *, since: date) -> dict[ExternalRef, PostedDocument]:
        """The invoices by one list; only those that it does not hold are asked for one by one."""
        countries = self._countries()
        with _Understood("invoices"):
            listed: dict[str, Fields] = {}
            if len(refs) > 1:
                wanted = {ref.id for ref in refs}
                for invoice in self._invoices_since(since):
                    listed |= {number: invoice for number in numbers(invoice) if number in wanted}
            found: dict[ExternalRef, PostedDocument] = {}
            for ref in refs:
                invoice_or_none = self._whole(listed[ref.id]) if ref.id in listed else self._invoice(ref.id)
                if invoice_or_none:
                    found[ref] = posted_from_wire(invoice_or_none, countries, self._settings.currency)
        return found

    def _is_of(self, invoice: Fields, booking: Booking) -> bool:
        same_client = invoice.text("clientnr") == booking.debtor.target_ref.id
        return same_client and booking.our_reference in references(invoice)

    def _carrying(self, candidates: list[Fields], our_reference: str) -> list[Fields]:
        carrying = []
        for candidate in candidates:
            invoice = candidate if "reference" in candidate else self._whole(candidate)
            if invoice and our_reference in references(invoice):
                carrying.append(invoice)
        return [whole for invoice in carrying if (whole := self._whole(invoice))]

    def _whole(self, invoice: Fields) -> Fields | None:
        return invoice if is_whole(invoice) else self._invoice(next(iter(numbers(invoice)), ""))

    def _invoice(self, number: str) -> Fields | None:
        """The invoice with exactly that number: for an unknown one the whole list has been seen to come back."""
        if not bare_number(number):
            return None
        found = self._session.look_up(f"invoices/{quoted(number)}")
        return next((invoice for invoice in members(found or [], "invoice") if number in numbers(invoice)), None)

    def _invoices_since(self, since: date) -> list[Fields]:
        # Whether the day itself is included is not documented.
        window = {"since": (since - timedelta(days=1)).isoformat(), "count": "-1"}
        return members(self._session.read("invoices", window), "invoice")

    # -- shared

    def _countries(self) -> Countries:
        with self._lock:
            if self._known_countries is None:
                payload: Json = self._session.read("countrylist/nl")
                with _Understood("the list of countries"):
                    self._known_countries = countries_from_wire(payload, self._settings.country_ids)
            return self._known_countries

    def _limits(self, answer: Answer) -> LimitSignal | None:
        """Over the limit is a 403 with nothing remaining. It does not say until when; the budget is hourly."""
        if answer.status != 403 or answer.remaining != 0:
            return usual_limits(answer)
        wait: float = _HOUR
        if self._settings.limit_window == "clock_hour":
            wait = _HOUR - answer.at.timestamp() % _HOUR + _AFTER_THE_HOUR
        return LimitSignal(0, answer.retry_after if answer.retry_after is not None else wait)

    def _unconfirmed(self, what: str, document: str) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"{TITLE} did not confirm {what}: it may or may not have been created", system=SYSTEM, document=document
        )


class _Understood:
    """A stretch in which what Factuursturen sent is read: what cannot be understood is an answer that never came."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Unreadable):
            raise RemoteUnavailable(f"{TITLE} sent {self._what} that cannot be read: {error}", system=SYSTEM) from error


def account(settings: Settings, credentials: AccountCredentials) -> str:
    """The login at this address: limits are counted per account."""
    return f"{SYSTEM}:{urlsplit(settings.base_url).netloc.lower()}:{credentials.username.get_secret_value().lower()}"


CONNECTOR = ConnectorType(
    name=SYSTEM,
    title=TITLE,
    settings=Settings,
    credentials=AccountCredentials,
    capabilities=frozenset({Capability.BOOKING_TARGET}),
    open=Factuursturen,
    account=account,
    help_url="https://www.factuursturen.nl/docs/api/",
    notes=(
        "Invoices get the date of the day on which they are created.",
        "The API key must be ticked Active.",
    ),
)
