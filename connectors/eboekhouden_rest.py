"""e-Boekhouden.nl over REST: the same books as over SOAP, which work out the VAT of an entry themselves.

Facts, what is unproven and what was decided: docs/connectors/eboekhouden-rest.md. Relations and mutations are created,
relations changed when asked to; no mutation is ever changed or removed, for the interface cannot.
"""

from __future__ import annotations

import hashlib
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
from boekbrug.domain.errors import BoekbrugError, DocumentInvalid, MappingMissing, OutcomeUnknown
from boekbrug.domain.findings import Finding, finding
from boekbrug.domain.money import Money
from connectors._base import CheckItem, Credentials, Meter, Secret, TargetSettings, checked
from connectors._capabilities import Capability, ConnectorType
from connectors._eboekhouden import (
    CURRENCY,
    FIRST_DAY,
    LAST_DAY,
    SYSTEM,
    TITLE,
    VAT_CODES,
    contact_findings,
    understood,
)
from connectors._eboekhouden_entries import LONGEST_NUMBER, MOST_LINES, Refusal, check_entry, refused
from connectors._eboekhouden_rest_calls import NAME, Calls
from connectors._eboekhouden_rest_relations import RestRelations
from connectors._eboekhouden_rest_wire import (
    INVOICE_TYPES,
    LONGEST_DESCRIPTION,
    MUTATION,
    OPEN_ITEMS,
    PAYMENT_TYPES,
    REST_LENGTHS,
    account_from_wire,
    entry_to_wire,
    is_ours,
    open_item_from_wire,
    paid_from_wire,
    payment_from_wire,
    posted_from_wire,
    refusal_of,
    side_of,
    type_of,
)
from connectors._pages import DocumentPages
from connectors._wire import Fields, Unreadable, parse_json

_MUTATIONS = "v1/mutation"


class Settings(DocumentPages, TargetSettings):
    """Settings of an e-Boekhouden.nl connection over REST."""

    base_url: str = Field("https://api.e-boekhouden.nl/", description="Address of the REST interface")
    relations_read: int = Field(
        500, ge=1, description="Relations that are read one by one at most to find one: lists name only their codes"
    )


class AccountCredentials(Credentials):
    """Access token, of one administration and user: Beheer → Inrichting → Koppelingen → API → e-Boekhouden API."""

    access_token: Secret = Field(description="Access token; it is shown once, and may have an end date")


class EboekhoudenRest:
    """An open connection to one administration. A `LedgerTarget`."""

    def __init__(
        self, settings: Settings, credentials: AccountCredentials, meter: Meter, *, clock: Clock | None = None
    ) -> None:
        self._calls = Calls(settings, credentials.access_token, meter, clock or SystemClock())
        self._relations = RestRelations(self._calls, most=settings.relations_read)
        self._lock = threading.RLock()
        self._known_reference_data: ReferenceData | None = None
        self._ledger_ids: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the network."""
        self._calls.close()

    @property
    def traits(self) -> EntryTraits:
        """The package works out the VAT of what it is told without VAT."""
        return EntryTraits(
            max_lines=MOST_LINES,
            number_length=LONGEST_NUMBER,
            description_length=LONGEST_DESCRIPTION,
            books_tax=False,
        )

    def check(self) -> Iterator[CheckItem]:
        """Tries the token, says which administration it is, and whether all can be read."""

        def login() -> str:
            self._calls.log_in()
            return "the access token is accepted"

        def administration() -> str:
            with understood(NAME, "the administration"):
                names = [item.text("name") for item in self._calls.items("v1/administration/linked", {})]
            return ", ".join(name for name in names if name) or "its name is not told"

        def accounts() -> str:
            return f"{len(self.read_reference_data().ledger_accounts)} ledger accounts"

        def open_items() -> str:
            counts = {side: len(list(self.read_open_items(side))) for side in Side}
            return f"{counts[Side.SALES]} of debtors, {counts[Side.PURCHASES]} of creditors"

        yield from checked(
            (
                ("login", login),
                ("administration", administration),
                ("accounts", accounts),
                ("open items", open_items),
            )
        )

    def read_reference_data(self) -> ReferenceData:
        """The ledger accounts by their codes, and the package's fixed VAT codes."""
        with self._lock:
            if self._known_reference_data is None:
                with understood(NAME, "ledger accounts"):
                    found = list(self._calls.items("v1/ledger", {}))
                    accounts = tuple(account_from_wire(item) for item in found)
                    self._ledger_ids = {item.text("code"): item.whole("id") for item in found}
                self._known_reference_data = ReferenceData(
                    vat_codes=VAT_CODES, ledger_accounts=accounts, currency=CURRENCY
                )
            return self._known_reference_data

    # -- relations

    def check_contact(self, contact: Contact) -> tuple[Finding, ...]:
        """What the documented lengths say of this contact."""
        return contact_findings(contact, REST_LENGTHS)

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
        """Writes what the contact says over the relation; the rest stays."""
        return self._relations.update(account.target_ref.id, contact)

    # -- invoices

    def post_entry(self, entry: Entry) -> PostedDocument:
        """Books the invoice, and reads it back by the id it got."""
        check_entry(entry, NAME)
        sent = entry_to_wire(entry, relation_id=self._relation_id(entry), ledger_ids=self._ids_for(entry))
        answer = self._calls.submit("POST", _MUTATIONS, sent, document=entry.number)
        if answer.status >= 300:
            code, named, said = self._calls.said(answer)
            refusal = refusal_of(code, named)
            if refusal is Refusal.NUMBER and (present := self._present(entry)):
                return present
            raise refused(refusal, entry, said, NAME)
        try:
            mutation_id = Fields(parse_json(answer.text)).whole("id")
            mutation = self._detail(mutation_id) if mutation_id > 0 else None
            if mutation and mutation.text("entryNumber") == entry.our_reference:
                return self._posted(mutation, None)
        except (BoekbrugError, ValueError) as error:
            raise self._unconfirmed(entry) from error
        raise self._unconfirmed(entry)

    def _relation_id(self, entry: Entry) -> int:
        code = entry.contact.target_ref.id
        relation_id = self._relations.id_of(code)
        if relation_id is None:
            raise DocumentInvalid(
                f"document {entry.number}: {TITLE} has no relation {code}",
                findings=(finding("DEBTOR_NOT_IN_BOOKS", debtor=code),),
                system=NAME,
                document=entry.number,
            )
        return relation_id

    def _ids_for(self, entry: Entry) -> dict[str, int]:
        self.read_reference_data()
        for code in (entry.control_account, *(line.ledger_account for line in entry.lines)):
            if code not in self._ledger_ids:
                known = ", ".join(sorted(self._ledger_ids))
                raise MappingMissing(
                    f"document {entry.number}: {TITLE} has no ledger account {code}",
                    findings=(finding("LEDGER_ACCOUNT_NOT_IN_BOOKS", ledger_account=code, known=known),),
                    system=NAME,
                    document=entry.number,
                )
        return self._ledger_ids

    def _present(self, entry: Entry) -> PostedDocument | None:
        found = self.find_documents(entry.our_reference, since=FIRST_DAY, number=entry.number)
        return found[0] if len(found) == 1 else None

    def find_documents(self, our_reference: str, *, since: date, number: str = "") -> Sequence[PostedDocument]:
        """Invoices that carry our reference: among those with the number, or else among all since that day."""
        with understood(NAME, "mutations"):
            listed = self._calls.items(_MUTATIONS, {"invoiceNumber": number}) if number else self._since(since)
            carrying = [
                item
                for item in listed
                if side_of(item) and item.text("entryNumber") == our_reference
                and number in ("", item.text("invoiceNumber"))
            ]  # fmt: skip
            return list(self._documents([self._id_of(item) for item in carrying]).values())

    def read_documents_booked(self, since: date) -> Iterator[PostedDocument]:
        """The invoices dated on or after that day that carry a reference of ours."""
        with understood(NAME, "mutations"):
            ours = [self._id_of(item) for item in self._since(since) if side_of(item) and is_ours(item)]
            yield from self._documents(ours).values()

    def read_documents(self, refs: Sequence[ExternalRef], *, since: date) -> dict[ExternalRef, PostedDocument]:
        """The invoices one by one, for lists have no rows. A ref of the SOAP interface is a number and not an id."""
        with understood(NAME, "mutations"):
            return self._documents([int(ref.id) for ref in refs if ref.kind == MUTATION and ref.id.isdecimal()])

    def list_numbers(self, side: Side, prefix: str) -> Iterator[str]:
        """Invoice numbers of that side that begin so and carry no reference of ours."""
        with understood(NAME, "mutations"):
            of_side = {"type": INVOICE_TYPES[side]}
            for item in self._calls.filtered(_MUTATIONS, of_side, "invoiceNumber", "like", f"{prefix}%"):
                number = item.text("invoiceNumber")
                if side_of(item) is side and number.startswith(prefix) and not is_ours(item):
                    yield number

    def _since(self, since: date) -> Iterator[Fields]:
        days = f"{since.isoformat()},{LAST_DAY.isoformat()}"
        for item in self._calls.filtered(_MUTATIONS, {}, "date", "range", days):
            if item.day("date") >= since:
                yield item

    def _id_of(self, item: Fields) -> int:
        """The id of a listed invoice. A list was once reported to give 0 for each: then the open items tell."""
        side, number = side_of(item), item.text("invoiceNumber")
        if mutation_id := item.whole("id"):
            return mutation_id
        for open_item in self._outstanding(side, number) if side else ():
            mutation = self._detail(open_item.whole("mutationId"))
            if mutation and mutation.text("entryNumber") == item.text("entryNumber"):
                return open_item.whole("mutationId")
        raise Unreadable(item.path("id"), f"is 0, and invoice {number} is not among the open items")

    def _documents(self, mutation_ids: Sequence[int]) -> dict[ExternalRef, PostedDocument]:
        found = [mutation for mutation_id in mutation_ids if (mutation := self._detail(mutation_id))]
        invoices = [(mutation, side) for mutation in found if (side := side_of(mutation))]
        open_amounts = {side: self._open_amounts(side) for side in {side for _, side in invoices}}
        documents = [
            self._posted(mutation, open_amounts[side].get(mutation.whole("id"), Money.zero(CURRENCY)))
            for mutation, side in invoices
        ]
        return {document.target_ref: document for document in documents}

    def _detail(self, mutation_id: int) -> Fields | None:
        answer = self._calls.look_up(f"{_MUTATIONS}/{mutation_id}")
        mutation = None if answer is None else Fields(answer, "mutation")
        return mutation if mutation and mutation.whole("id") == mutation_id else None

    def _posted(self, mutation: Fields, open_amount: Money | None) -> PostedDocument:
        self.read_reference_data()
        accounts = {ledger_id: code for code, ledger_id in self._ledger_ids.items()}
        code = self._relations.code_of(mutation.whole("relationId"))
        return posted_from_wire(mutation, self._relations.contact(code), accounts, open_amount)

    # -- open items and payments

    def read_open_items(self, side: Side) -> Iterator[OpenItem]:
        """The open items of debtors or creditors. Number and relation are fields that may go one day."""
        with understood(NAME, "open items"):
            for item in self._outstanding(side):
                if item.money("outstandingAmount", CURRENCY).is_zero:
                    continue
                number = item.text("invoiceNumber")
                if not number:
                    number = (self._detail(item.whole("mutationId")) or Fields({})).text("invoiceNumber")
                code = item.text("relationCode") or self._relations.code_of(item.whole("relationId"))
                yield open_item_from_wire(item, side, number=number, contact_code=code)

    def read_payments(self, side: Side, since: date, numbers: Collection[str]) -> Iterator[BookedPayment]:
        """Payments of these invoices, which stand in the rows: every payment since that day is read."""
        if not numbers:
            return
        kind = PAYMENT_TYPES[side]
        with understood(NAME, "payments"):
            for item in self._since(since):
                if type_of(item) != kind:
                    continue
                if not item.whole("id"):
                    raise Unreadable(item.path("id"), "is 0, so what was paid cannot be read")
                mutation = self._detail(item.whole("id"))
                for number, relation_id, amount in paid_from_wire(mutation) if mutation else ():
                    if mutation and number in numbers:
                        code = self._relations.code_of(relation_id)
                        yield payment_from_wire(mutation, side, number, code, amount)

    def _outstanding(self, side: Side, number: str = "") -> Iterator[Fields]:
        wanted = {"credDeb": OPEN_ITEMS[side]} | ({"invoiceNumber": number} if number else {})
        return self._calls.items(f"{_MUTATIONS}/invoice/outstanding", wanted)

    def _open_amounts(self, side: Side) -> dict[int, Money]:
        return {item.whole("mutationId"): item.money("outstandingAmount", CURRENCY) for item in self._outstanding(side)}

    def _unconfirmed(self, entry: Entry) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"{TITLE} did not confirm the mutation: it may or may not have been made",
            system=NAME,
            document=entry.number,
        )


def account(settings: Settings, credentials: AccountCredentials) -> str:
    """The token at this address, as a digest: a token is of one administration, and has no name."""
    digest = hashlib.sha256(b"boekbrug account\n" + credentials.access_token.get_secret_value().encode()).hexdigest()
    return f"{NAME}:{urlsplit(settings.base_url).netloc.lower()}:{digest[:16]}"


CONNECTOR = ConnectorType(
    name=NAME,
    title=f"{TITLE} (REST)",
    settings=Settings,
    credentials=AccountCredentials,
    capabilities=frozenset({Capability.LEDGER_TARGET}),
    open=EboekhoudenRest,
    account=account,
    books=SYSTEM,
    help_url="https://api.e-boekhouden.nl/swagger/index.html",
    notes=(
        "An access token is of one administration and of the user who made it.",
        "A login of the SOAP interface does not work here, nor the reverse.",
    ),
)
