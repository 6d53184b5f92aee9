"""e-Boekhouden.nl over SOAP: books that take invoices of sales and purchases, and know what was paid.

Facts, what is unproven and what was decided: docs/connectors/eboekhouden-soap.md. Relations and mutations are created,
relations changed when asked to; no mutation is ever changed or removed, for the interface cannot.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field

from boekbrug.domain.bookings import Entry, EntryTraits, ReferenceData
from boekbrug.domain.clock import Clock, SystemClock
from boekbrug.domain.documents import (
    BookedPayment,
    Contact,
    ContactAccount,
    ExternalRef,
    OpenItem,
    PostedDocument,
    Side,
)
from boekbrug.domain.errors import (
    BoekbrugError,
    OutcomeUnknown,
    RateLimited,
)
from boekbrug.domain.findings import Finding
from connectors._base import CallLimit, CheckItem, Credentials, Meter, Secret, TargetSettings, checked
from connectors._capabilities import Capability, ConnectorType
from connectors._eboekhouden import (
    CURRENCY,
    FIRST_DAY,
    SYSTEM,
    TITLE,
    VAT_CODES,
    contact_findings,
    understood,
)
from connectors._eboekhouden_entries import LONGEST_NUMBER, MOST_LINES, Refusal, check_entry, posted_as_told, refused
from connectors._eboekhouden_soap_calls import LISTS, NAME, NO_ACCOUNTANT, Calls
from connectors._eboekhouden_soap_relations import SoapRelations
from connectors._eboekhouden_soap_wire import (
    INVOICES,
    LONGEST_DESCRIPTION,
    MUTATION,
    OPEN_ITEMS,
    REFUSALS,
    OpenAmounts,
    account_from_wire,
    entry_to_wire,
    is_ours,
    number_of,
    open_item_from_wire,
    payments_from_wire,
    posted_from_wire,
    relations_by_number,
    side_of,
)
from connectors._pages import DocumentPages
from connectors._wire import Fields

_FEW_NUMBERS = 10  # invoices of which payments are asked for one by one


class Settings(DocumentPages, TargetSettings):
    """Settings of an e-Boekhouden.nl connection over SOAP."""

    base_url: str = Field("https://soap.e-boekhouden.nl/", description="Address of the SOAP interface")
    lists_per_period: int = Field(
        5000, ge=1, description="Calls for mutations (GetMutaties) per period; the package allows 5,000 in a month"
    )
    lists_period: int = Field(31 * 86_400, ge=1, description="Length of that period in seconds")
    mutation_window: int = Field(500, ge=2, description="Mutations that the package gives at most in one answer")
    confirm_each: bool = Field(
        True,
        description="Read every mutation back as soon as it is booked, by one of the counted calls; "
        "else only when it is verified, with hundreds of others in one call",
    )

    @property
    def call_limits(self) -> tuple[CallLimit, ...]:
        """Of the lists of mutations the account counts, and by the month."""
        return (*super().call_limits, CallLimit("lists", self.lists_per_period, self.lists_period, counts_as=LISTS))


class AccountCredentials(Credentials):
    """Login of the SOAP interface: Beheer → Instellingen → Koppelingen → API/SOAP. It is of one administration."""

    username: Secret = Field(description="User name")
    security_code_1: Secret = Field(description="Beveiligingscode 1; a new password changes it")
    security_code_2: Secret = Field(description="Beveiligingscode 2")


class EboekhoudenSoap:
    """An open connection to one administration. A `LedgerTarget`."""

    def __init__(
        self, settings: Settings, credentials: AccountCredentials, meter: Meter, *, clock: Clock | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        login = (credentials.username, credentials.security_code_1, credentials.security_code_2)
        self._calls = Calls(settings, login, meter, self._clock, window=settings.mutation_window)
        self._lock = threading.RLock()
        self._known_reference_data: ReferenceData | None = None
        self._relations = SoapRelations(self._calls)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the session, if one was opened, and lets go of the network."""
        self._calls.close()

    @property
    def traits(self) -> EntryTraits:
        """Amounts are taken as told. How far VAT may be from net × rate is not documented, so it is not at all; over
        REST, where the books compute it, an entry is the same then."""
        return EntryTraits(
            max_lines=MOST_LINES,
            number_length=LONGEST_NUMBER,
            description_length=LONGEST_DESCRIPTION,
            books_tax=True,
        )

    def check(self) -> Iterator[CheckItem]:
        """Tries the login, says which administration it is where that can be told, and whether all can be read."""

        def login() -> str:
            self._calls.log_in()
            return "user name and security codes are accepted"

        def accounts() -> str:
            return f"{len(self.read_reference_data().ledger_accounts)} ledger accounts"

        def relations() -> str:
            return f"{len(self._relations.all())} relations"

        def open_items() -> str:
            counts = {side: len(self._open_items(side)) for side in Side}
            return f"{counts[Side.SALES]} of debtors, {counts[Side.PURCHASES]} of creditors"

        yield from checked(
            (
                ("login", login),
                ("administration", self._administration),
                ("accounts", accounts),
                ("relations", relations),
                ("open items", open_items),
            )
        )

    def _administration(self) -> str:
        reply = self._calls.make("GetAdministraties", {})
        if reply.code == NO_ACCOUNTANT:
            return "the one that this login belongs to; the interface tells its name to accountants only"
        with understood(NAME, "the administrations"):
            names = [row.text("Bedrijf") for row in reply.rows("Administraties", "cAdministratie")]
        return ", ".join(names) or "none is listed"

    def read_reference_data(self) -> ReferenceData:
        """The ledger accounts, and the package's fixed VAT codes."""
        with self._lock:
            if self._known_reference_data is None:
                reply = self._calls.make("GetGrootboekrekeningen", {"cFilter": {"ID": 0}})
                with understood(NAME, "ledger accounts"):
                    found = reply.rows("Rekeningen", "cGrootboekrekening")
                    accounts = tuple(account_from_wire(row) for row in found)
                self._known_reference_data = ReferenceData(
                    vat_codes=VAT_CODES, ledger_accounts=accounts, currency=CURRENCY
                )
            return self._known_reference_data

    # -- relations

    def check_contact(self, contact: Contact) -> tuple[Finding, ...]:
        """What the documented lengths say of this contact."""
        return contact_findings(contact)

    def find_contacts(self, contact: Contact) -> Sequence[ContactAccount]:
        """Relations that are this contact, in the order of `by_match`."""
        return self._relations.find(contact)

    def read_contact(self, number: str) -> ContactAccount | None:
        """The relation with that code."""
        return self._relations.read(number)

    def create_contact(self, contact: Contact, *, prices_include_tax: bool, reverse_charged: bool) -> ContactAccount:
        """Creates a relation. The books keep no settings of prices or VAT for each."""
        return self._relations.create(contact)

    def update_contact(self, account: ContactAccount, contact: Contact) -> ContactAccount:
        """Reads the relation, changes what the contact says, and writes all of it back."""
        return self._relations.update(account.target_ref.id, contact)

    # -- invoices

    def post_entry(self, entry: Entry) -> PostedDocument:
        """Books the invoice, and reads it back by the number it got."""
        check_entry(entry, NAME)
        reply = self._calls.make("AddMutatie", {"oMut": entry_to_wire(entry)}, document=entry.number)
        if reply.code:
            refusal = REFUSALS.get(reply.code, Refusal.OTHER)
            if refusal is Refusal.NUMBER and (present := self._present(entry)):
                return present
            raise refused(refusal, entry, reply.answer, NAME)
        try:
            with understood(NAME, "the mutation just booked"):
                number = reply.content.whole("Mutatienummer")
                if number > 0 and (posted := self._read_back(entry, number)):
                    return posted
        except BoekbrugError as error:
            raise self._unconfirmed(entry) from error
        raise self._unconfirmed(entry)

    def _read_back(self, entry: Entry, number: int) -> PostedDocument | None:
        """The mutation just booked; as it was told where reading it costs too much: the reply had its number."""
        as_told = posted_as_told(entry, ExternalRef(SYSTEM, MUTATION, str(number)))
        if not self._settings.confirm_each:
            return as_told
        try:
            for mutation in self._calls.mutations(MutatieNr=number):
                if number_of(mutation) == number and mutation.text("Boekstuk") == entry.our_reference:
                    return self._posted(mutation, OpenAmounts(None))
        except RateLimited:
            return as_told  # the month's lists are used up; that is no reason to doubt the reply
        return None

    def _present(self, entry: Entry) -> PostedDocument | None:
        found = self.find_documents(entry.our_reference, since=FIRST_DAY, number=entry.number)
        return found[0] if len(found) == 1 else None

    def find_documents(self, our_reference: str, *, since: date, number: str = "") -> Sequence[PostedDocument]:
        """Invoices that carry our reference: among those with the number, or else among all since that day."""
        with understood(NAME, "mutations"):
            candidates = self._calls.mutations(Factuurnummer=number) if number else self._calls.mutations_since(since)
            found = [
                mutation
                for mutation in candidates
                if side_of(mutation) and mutation.text("Boekstuk") == our_reference
                and number in ("", mutation.text("Factuurnummer"))
            ]  # fmt: skip
            return list(self._documents(found).values())

    def read_documents_booked(self, since: date) -> Iterator[PostedDocument]:
        """The invoices dated on or after that day that carry a reference of ours."""
        with understood(NAME, "mutations"):
            ours = [
                mutation for mutation in self._calls.mutations_since(since) if side_of(mutation) and is_ours(mutation)
            ]
            yield from self._documents(ours).values()

    def read_documents(self, refs: Sequence[ExternalRef], *, since: date) -> dict[ExternalRef, PostedDocument]:
        """The invoices by ranges of their numbers. A ref of the REST interface is an id and not a number."""
        numbers = sorted({int(ref.id) for ref in refs if ref.kind == MUTATION and ref.id.isdecimal()})
        wanted, found = set(numbers), []
        with understood(NAME, "mutations"):
            while numbers:
                first = numbers[0]
                last = max(number for number in numbers if number < first + self._calls.step)
                numbers = [number for number in numbers if number > last]
                found += [
                    mutation
                    for mutation in self._calls.mutations(MutatieNrVan=first, MutatieNrTm=last)
                    if number_of(mutation) in wanted and side_of(mutation)
                ]
            return self._documents(found)

    def list_numbers(self, side: Side, prefix: str) -> Iterator[str]:
        """Invoice numbers of that side that begin so and carry no reference of ours: all mutations are read."""
        with understood(NAME, "mutations"):
            for mutation in self._calls.all_mutations():
                number = mutation.text("Factuurnummer")
                if side_of(mutation) is side and number.startswith(prefix) and not is_ours(mutation):
                    yield number

    def _documents(self, mutations: Sequence[Fields]) -> dict[ExternalRef, PostedDocument]:
        self._relations.prepare({mutation.text("RelatieCode") for mutation in mutations})
        sides = {side for mutation in mutations if (side := side_of(mutation))}
        open_amounts = {side: OpenAmounts(self._open_items(side)) for side in sides}
        found = [self._posted(row, open_amounts[INVOICES[row.text("Soort")]]) for row in mutations]
        return {document.target_ref: document for document in found}

    def _posted(self, mutation: Fields, open_amounts: OpenAmounts) -> PostedDocument:
        return posted_from_wire(mutation, self._relations.contact(mutation.text("RelatieCode")), open_amounts)

    # -- open items and payments

    def read_open_items(self, side: Side) -> Iterator[OpenItem]:
        """The open items of debtors or creditors."""
        yield from (item for item in self._open_items(side) if not item.open_amount.is_zero)

    def read_payments(self, side: Side, since: date, numbers: Collection[str]) -> Iterator[BookedPayment]:
        """Payments of these invoices: of a few by their numbers; of many, and when one of the few has none (whether a
        payment of several invoices is found so is not documented), among all mutations since that day."""
        wanted = set(numbers) - {""}
        with understood(NAME, "payments"):
            by_number = sorted(wanted) if len(wanted) <= _FEW_NUMBERS else []
            found = [row for number in by_number for row in self._calls.mutations(Factuurnummer=number)]
            if wanted - {payment.number for row in found for payment in payments_from_wire(row, {})}:
                found += self._calls.mutations_since(since)
            relations = relations_by_number(found, side)
            for mutation in {number_of(row): row for row in found}.values():
                for payment in payments_from_wire(mutation, relations):
                    if payment.side is side and payment.number in wanted and payment.paid_on >= since:
                        yield payment

    def _open_items(self, side: Side) -> list[OpenItem]:
        reply = self._calls.make("GetOpenPosten", {"OpSoort": OPEN_ITEMS[side]})
        with understood(NAME, "open items"):
            return [open_item_from_wire(row, side) for row in reply.rows("Openposten", "cOpenPost")]

    def _unconfirmed(self, entry: Entry) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"{TITLE} did not confirm the mutation: it may or may not have been made",
            system=NAME,
            document=entry.number,
        )


def account(settings: Settings, credentials: AccountCredentials) -> str:
    """The login at this address, which is of one administration."""
    return f"{NAME}:{urlsplit(settings.base_url).netloc.lower()}:{credentials.username.get_secret_value().lower()}"


CONNECTOR = ConnectorType(
    name=NAME,
    title=f"{TITLE} (SOAP)",
    settings=Settings,
    credentials=AccountCredentials,
    capabilities=frozenset({Capability.LEDGER_TARGET}),
    open=EboekhoudenSoap,
    account=account,
    books=SYSTEM,
    help_url="https://soap.e-boekhouden.nl/soap.asmx",
    notes=(
        "A login is of one administration.",
        "A new password changes security code 1, and so breaks the connection.",
    ),
)
