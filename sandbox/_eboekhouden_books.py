"""The books of one administration: accounts, relations, mutations, open items and balances.

Both interfaces write into and read from these books. Amounts are whole cents; in balances a debit is positive.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import NamedTuple, TypeVar
from uuid import NAMESPACE_URL, uuid5

from sandbox._app import JsonObject
from sandbox._clock import Clock
from sandbox._eboekhouden_chart import VAT_CODES, VatCode, chart
from sandbox._eboekhouden_options import EBoekhoudenOptions
from sandbox._shopdata import customers

T = TypeVar("T")

ZONE = "Europe/Amsterdam"
REST_OFFSET = 91_000
"""What lies between a mutation's number and its id in the REST interface, so that nobody takes one for the other."""

SALE, PURCHASE, CUSTOMER_PAID, WE_PAID = (
    "FactuurVerstuurd", "FactuurOntvangen", "FactuurbetalingOntvangen", "FactuurbetalingVerstuurd",
)  # fmt: skip
RECEIVED, SPENT, JOURNAL = "GeldOntvangen", "GeldUitgegeven", "Memoriaal"
INVOICES, PAYMENTS = (SALE, PURCHASE), (CUSTOMER_PAID, WE_PAID)


def cents(amount: Decimal, rounding: str = ROUND_HALF_UP) -> int:
    """An amount in euros as whole cents; without a word rounded half away from zero."""
    return int((amount * 100).quantize(Decimal(1), rounding))


def euros(amount: int) -> str:
    """Cents as ``1234.95``."""
    return f"{Decimal(amount) / 100:.2f}"


@dataclass
class Ledger:
    """A ledger account."""

    id: int
    code: str
    description: str
    category: str
    group: str


@dataclass
class Relation:
    """A customer or supplier, or both; ``fields`` by the names of the SOAP interface, empty ones left out."""

    id: int
    added_on: date
    fields: dict[str, str]

    @property
    def code(self) -> str:
        return self.fields.get("Code", "")

    @property
    def name(self) -> str:
        return self.fields.get("Bedrijf", "")


@dataclass(frozen=True)
class Row:
    """One line of a mutation. A payment's line names the invoice that it pays."""

    entered: int
    net: int
    vat: int
    vat_code: VatCode
    percentage: Decimal
    ledger: Ledger
    cost_centre: int = 0
    invoice_number: str = ""
    relation: Relation | None = None
    description: str = ""

    @property
    def gross(self) -> int:
        return self.net + self.vat


@dataclass(frozen=True)
class Mutation:
    """A booking; ``number`` is 0 until it is booked, ``term`` in days."""

    number: int
    kind: str
    day: date
    ledger: Ledger
    rows: tuple[Row, ...]
    relation: Relation | None = None
    invoice_number: str = ""
    entry_number: str = ""
    description: str = ""
    term: int | None = None
    reference: str = ""
    includes_vat: bool = False

    @property
    def gross(self) -> int:
        return sum(row.gross for row in self.rows)

    def postings(self) -> Iterator["Posting"]:
        """What it does to the accounts; the sum is always nil."""
        # A sale or money received debits the account above and credits the lines; a purchase or money spent
        # does the reverse. A journal entry debits the account above.
        sign = -1 if self.kind in (PURCHASE, WE_PAID, SPENT) else 1
        for row in self.rows:
            yield Posting(self.ledger.code, sign * row.gross, row.cost_centre)
            yield Posting(row.ledger.code, -sign * row.net, row.cost_centre)
            if row.vat:
                yield Posting(row.vat_code.category, -sign * row.vat, row.cost_centre)


class Posting(NamedTuple):
    """An amount on an account; VAT names the account's category, for there is one account of each."""

    account: str
    amount: int
    cost_centre: int


class OpenItem(NamedTuple):
    """An invoice and what has been paid on it."""

    mutation: Mutation
    paid: int

    @property
    def open(self) -> int:
        return self.mutation.gross - self.paid


@dataclass
class Document:
    """An invoice of the invoicing module; ``lines`` as they were sent, with cents."""

    id: int
    number: str
    relation: Relation
    day: date
    term: int
    net: int
    vat: int
    lines: Sequence[Mapping[str, str]] = field(default_factory=tuple)


class Books:
    """One administration; ``options`` may be replaced while it is in use."""

    def __init__(self, user: str, seed: int, options: EBoekhoudenOptions, clock: Clock) -> None:
        self.user, self.options, self.clock = user, options, clock
        self.guid = f"{{{uuid5(NAMESPACE_URL, user)}}}"
        self.company = f"Voorbeeld {user}"
        self.ledgers = {
            (id := 1_300_001 + at): Ledger(id, line.code, line.description, line.category, line.group)
            for at, line in enumerate(chart())
        }
        self.relations: dict[int, Relation] = {}
        self.mutations: dict[int, Mutation] = {}
        self.documents: dict[int, Document] = {}
        self.listings: defaultdict[str, int] = defaultdict(int)
        """GetMutaties calls by month."""
        self._last_relation, self._last_mutation, self._last_document = 700, 0, 300
        self._fill(seed)

    @property
    def today(self) -> date:
        return self.clock.today(ZONE)

    def _fill(self, seed: int) -> None:
        for customer in customers(seed, self.options.relations):
            home = customer.invoice
            texts = {
                "Code": f"K{self._last_relation + 1}", "BP": "B" if home.company else "P",
                "Bedrijf": home.company or home.name, "Contactpersoon": home.name,
                "Adres": f"{home.street} {home.number}", "Postcode": home.postcode, "Plaats": home.city,
                "Land": home.country, "Telefoon": home.phone, "Email": customer.email, "BTWNummer": home.vat_number,
            }  # fmt: skip
            self.add_relation(texts)
        debtors, revenue = self.ledger_with("1300"), self.ledger_with("8000")
        for at in range(self.options.invoices if self.relations and debtors and revenue else 0):
            assert debtors
            assert revenue
            row = Row(10_00 + at, 10_00 + at, cents(Decimal(10_00 + at) / 100 * Decimal("0.21")),
                      VAT_CODES["HOOG_VERK_21"], Decimal(21), revenue)  # fmt: skip
            relation = list(self.relations.values())[at % len(self.relations)]
            day = self.today - timedelta(days=(self.options.invoices - at) // 5)
            self.book(Mutation(0, SALE, day, debtors, (row,), relation, f"H{at + 1:05}", description="Begin", term=14))

    # Accounts and relations

    def ledger_with(self, code: str) -> Ledger | None:
        return next((ledger for ledger in self.ledgers.values() if ledger.code == code), None)

    def ledger_of(self, category: str) -> Ledger | None:
        """The account of a category with the lowest code."""
        found = [ledger for ledger in self.ledgers.values() if ledger.category == category]
        return min(found, key=lambda ledger: ledger.code, default=None)

    def add_ledger(self, code: str, description: str, category: str, group: str) -> Ledger:
        ledger = Ledger(max(self.ledgers) + 1, code, description, category, group)
        self.ledgers[ledger.id] = ledger
        return ledger

    def relation_with(self, code: str) -> Relation | None:
        return next((relation for relation in self.relations.values() if relation.code == code), None)

    def add_relation(self, texts: Mapping[str, str]) -> Relation:
        self._last_relation += 1
        relation = Relation(
            self._last_relation, self.today, {name: value for name, value in texts.items() if value != ""}
        )
        self.relations[relation.id] = relation
        return relation

    def ordered(self, found: Sequence[T], id: Callable[[T], int]) -> Sequence[T]:
        """Records in the order of an answer; a shuffled record keeps its place among those that were there."""
        match self.options.list_order:
            case "descending":
                return found[::-1]
            case "shuffled":
                return sorted(found, key=lambda record: Random(f"{self.options.seed}/{id(record)}").random())
        return found

    def free_relation_code(self) -> str:
        """A code as the package makes one when it is given none."""
        taken = {relation.code for relation in self.relations.values()}
        number = self._last_relation + 1
        while str(number) in taken:
            number += 1
        return str(number)

    # Mutations

    def book(self, draft: Mutation) -> Mutation:
        """Give a checked draft its number and keep it."""
        self._last_mutation += 1
        booked = replace(draft, number=self._last_mutation)
        self.mutations[booked.number] = booked
        return booked

    def invoices_with(self, number: str, kind: str) -> Sequence[Mutation]:
        return [
            mutation
            for mutation in self.mutations.values()
            if mutation.kind == kind and mutation.invoice_number == number
        ]

    def invoice_for(self, number: str, relation: Relation, payment: str) -> Mutation | None:
        """The invoice that a payment of this kind may settle."""
        kind = SALE if payment == CUSTOMER_PAID else PURCHASE
        return next((found for found in self.invoices_with(number, kind) if found.relation is relation), None)

    def open_items(self, kind: str) -> Sequence[OpenItem]:
        """Invoices of a kind, oldest first; paid ones only if the options want them listed."""
        payment = CUSTOMER_PAID if kind == SALE else WE_PAID
        paid: defaultdict[tuple[int, str], int] = defaultdict(int)
        for mutation in self.mutations.values():
            if mutation.kind == payment:
                for row in mutation.rows:
                    if row.relation is not None:
                        paid[row.relation.id, row.invoice_number] += row.gross
        items = [
            OpenItem(mutation, paid[mutation.relation.id, mutation.invoice_number])
            for mutation in self.mutations.values()
            if mutation.kind == kind and mutation.relation is not None
        ]
        return [item for item in items if item.open or self.options.paid_items == "listed"]

    def open_item(self, invoice: Mutation) -> OpenItem:
        """An invoice with its payments, paid or not."""
        found = next((item for item in self.open_items(invoice.kind) if item.mutation is invoice), None)
        return found or OpenItem(invoice, invoice.gross)

    def add_document(self, document: Document) -> Document:
        self._last_document += 1
        document.id = self._last_document
        self.documents[document.id] = document
        return document

    def free_document_number(self) -> str:
        return f"F{self._last_document + 1:05}"

    # Balances

    def balances(self, since: date = date.min, until: date = date.max, cost_centre: int = 0) -> Mapping[str, int]:
        """The movement per account code from one day to another, both included; every account is there."""
        by_category = {ledger.category: ledger.code for ledger in reversed(self.ledgers.values())}
        totals = {ledger.code: 0 for ledger in self.ledgers.values()}
        for mutation in self.mutations.values():
            if since <= mutation.day <= until:
                for posting in mutation.postings():
                    if not cost_centre or posting.cost_centre == cost_centre:
                        totals[by_category.get(posting.account, posting.account)] += posting.amount
        return totals

    def vat_totals(self) -> Mapping[str, JsonObject]:
        """Net, VAT and gross per VAT code over all that is not a payment or a journal entry, signed as entered."""
        totals: dict[str, dict[str, int]] = {}
        for mutation in self.mutations.values():
            if mutation.kind in (*PAYMENTS, JOURNAL):
                continue
            for row in mutation.rows:
                total = totals.setdefault(row.vat_code.code, {"net": 0, "vat": 0, "gross": 0})
                total["net"] += row.net
                total["vat"] += row.vat
                total["gross"] += row.gross
        return {code: dict(total) for code, total in sorted(totals.items())}

    def as_json(self) -> JsonObject:
        """Everything, in whole cents; accounts without a balance are left out."""
        return {
            "ledgers": {code: amount for code, amount in self.balances().items() if amount},
            "vat": self.vat_totals(),
            "relations": [
                {"id": relation.id, "added_on": relation.added_on.isoformat()} | relation.fields
                for relation in self.relations.values()
            ],
            "mutations": [_mutation_json(mutation) for mutation in self.mutations.values()],
            "open_items": {
                "debtors": [*_open_json(self.open_items(SALE))],
                "creditors": [*_open_json(self.open_items(PURCHASE))],
            },
            "documents": [
                {"id": document.id, "number": document.number, "relation": document.relation.code,
                 "day": document.day.isoformat(), "net": document.net, "vat": document.vat}
                for document in self.documents.values()
            ],
            "listings": dict(self.listings),
        }  # fmt: skip


def _mutation_json(mutation: Mutation) -> JsonObject:
    return {
        "number": mutation.number, "kind": mutation.kind, "day": mutation.day.isoformat(),
        "ledger": mutation.ledger.code, "relation": mutation.relation.code if mutation.relation else None,
        "invoice_number": mutation.invoice_number, "entry_number": mutation.entry_number,
        "description": mutation.description, "term": mutation.term, "reference": mutation.reference,
        "gross": mutation.gross,
        "rows": [
            {"net": row.net, "vat": row.vat, "gross": row.gross, "vat_code": row.vat_code.code,
             "ledger": row.ledger.code, "cost_centre": row.cost_centre, "invoice_number": row.invoice_number}
            for row in mutation.rows
        ],
    }  # fmt: skip


def _open_json(items: Iterable[OpenItem]) -> Iterator[JsonObject]:
    for item in items:
        relation = item.mutation.relation
        yield {
            "invoice_number": item.mutation.invoice_number, "relation": relation.code if relation else None,
            "gross": item.mutation.gross, "paid": item.paid, "open": item.open,
        }  # fmt: skip
