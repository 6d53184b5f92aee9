"""The simple records of an administration of the simulated WeFact: debtors, creditors, products, and their groups."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sandbox._clock import Clock
from sandbox._wefact_fields import Refused, Sent, read_choice, read_list, read_number, read_text, read_whole
from sandbox._wefact_options import WefactOptions
from sandbox._wefact_settings import SALE_CODES

_YES_NO = ("yes", "no")
_SEXES = ("m", "f", "d", "fam", "u")


class Surroundings:
    """Options and time, shared by all that one administration keeps."""

    def __init__(self, options: WefactOptions, clock: Clock) -> None:
        self.options = options
        self._clock = clock
        self._moment: datetime | None = None

    def now(self) -> datetime:
        return self._moment or self._clock.now()

    def today(self) -> date:
        return self.now().astimezone(ZoneInfo(self.options.zone)).date()

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        """Let things happen at an earlier moment."""
        self._moment = moment
        try:
            yield
        finally:
            self._moment = None


@dataclass(frozen=True)
class Kind:
    """One kind of simple record: its wire names, its fields with their defaults, and what of them is checked.

    One of ``names`` must be given, or the text ``nameless`` is the refusal. ``row`` is what a list shows of the fields.
    """

    name: Literal["debtor", "creditor", "product"]
    code: str
    not_found: str
    names: Sequence[str]
    nameless: str
    first_number: int
    defaults: Mapping[str, str]
    choices: Mapping[str, Sequence[str]]
    wholes: Sequence[str]
    row: Sequence[str]
    search: Sequence[str]


_ADDRESS = ("Address", "ZipCode", "City")
_ACCOUNT = dict.fromkeys(("AccountNumber", "AccountName", "AccountBank", "AccountCity", "AccountBIC"), "")
_PARTY = {
    "CompanyName": "", "CompanyNumber": "", "TaxNumber": "", "Sex": "u", "Initials": "", "SurName": "",
    **dict.fromkeys(_ADDRESS, ""), "Country": "NL", "EmailAddress": "", "PhoneNumber": "", "MobileNumber": "",
    "FaxNumber": "", "Comment": "",
}  # fmt: skip
_PARTY_ROW = ("CompanyName", "Sex", "Initials", "SurName", "EmailAddress")

DEBTOR = Kind(
    name="debtor", code="DebtorCode", not_found="Klant niet gevonden.", first_number=10000,
    names=("CompanyName", "SurName"), nameless="U dient een bedrijfsnaam op te geven.",
    defaults={
        **_PARTY, "InvoiceMethod": "0", "InvoiceTerm": "-1", "PeriodicInvoiceDays": "-1", "PaymentMail": "-1",
        "LanguageCode": "nl_nl", "Currency": "EUR", "CustomTaxCode": "", "Mailing": "yes", "PeppolAddress": "",
        "ReminderEmailAddress": "", "DirectDebitApplyTo": "none", "MandateID": "", "MandateDate": "", **_ACCOUNT,
    },
    choices={
        "Sex": _SEXES, "InvoiceMethod": ("0", "1", "3", "5"), "Mailing": ("yes", "no", "unsubscribed"),
        "DirectDebitApplyTo": ("none", "invoices", "subscriptions", "all"), "CustomTaxCode": ("", *SALE_CODES),
    },
    wholes=("InvoiceTerm", "PeriodicInvoiceDays", "PaymentMail"),
    row=_PARTY_ROW, search=("DebtorCode", "CompanyName", "SurName"),
)  # fmt: skip
CREDITOR = Kind(
    name="creditor", code="CreditorCode", not_found="Crediteur niet gevonden.", first_number=1,
    names=("CompanyName", "SurName"), nameless="U dient een bedrijfsnaam op te geven.",
    defaults={"MyCustomerCode": "", **_PARTY, "Authorisation": "no", **_ACCOUNT, "InvoiceTerm": "14"},
    choices={"Sex": _SEXES, "Authorisation": _YES_NO}, wholes=("InvoiceTerm",),
    row=_PARTY_ROW, search=("CreditorCode", "CompanyName", "SurName"),
)  # fmt: skip
PRODUCT = Kind(
    name="product", code="ProductCode", not_found="Product niet gevonden.", first_number=1,
    names=("ProductName",), nameless="U dient een productnaam op te geven.",
    defaults={
        "ProductName": "", "ProductKeyPhrase": "", "ProductDescription": "", "NumberSuffix": "", "PriceExcl": "0",
        "PricePeriod": "", "TaxCode": "V21", "TaxPercentage": "21", "Cost": "0",
    },
    choices={"PricePeriod": ("", *"dwmkhjt"), "TaxCode": tuple(SALE_CODES)}, wholes=(),
    row=("ProductName", "ProductKeyPhrase", "ProductDescription", "NumberSuffix", "PriceExcl", "TaxCode",
         "TaxPercentage", "PricePeriod"),
    search=("ProductCode", "ProductName"),
)  # fmt: skip


@dataclass(eq=False)
class Record:
    """A debtor, creditor or product; ``fields`` as they go over the wire, all text."""

    id: int
    code: str
    fields: dict[str, str]
    created_at: datetime
    modified_at: datetime


class Register:
    """All records of one kind."""

    def __init__(self, kind: Kind, layout: str, surroundings: Surroundings) -> None:
        self.kind = kind
        self.records: dict[int, Record] = {}
        self._layout = layout
        self._around = surroundings
        self._last_id = 0
        self._next_number = kind.first_number
        self._codes: dict[str, Record] = {}

    def find(self, sent: Sent, identifier: str = "Identifier") -> Record:
        """The record that a selector names. Raises Refused."""
        if sent.get(identifier) not in (None, ""):
            found = self.records.get(read_whole(identifier, sent[identifier]))
        else:
            found = self._codes.get(read_text(self.kind.code, sent.get(self.kind.code)))
        if found is None:
            raise Refused(self.kind.not_found)
        return found

    def add(self, sent: Sent) -> Record:
        """A new record. Raises Refused."""
        if "Identifier" in sent:
            raise Refused("Een Identifier is niet toegestaan voor deze actie")
        fields = self._read(sent, dict(self.kind.defaults))
        code = read_text(self.kind.code, sent.get(self.kind.code)) or self._next_code()
        if code in self._codes:
            raise Refused(f"De code {code} is al in gebruik.")
        self._last_id += 1
        now = self._around.now()
        record = Record(self._last_id, code, fields, now, now)
        self.records[record.id] = self._codes[code] = record
        return record

    def edit(self, record: Record, sent: Sent) -> None:
        """Change the fields that were sent; an empty one is cleared. Raises Refused."""
        record.fields = self._read(sent, record.fields)
        record.modified_at = self._around.now()

    def delete(self, record: Record) -> None:
        del self.records[record.id], self._codes[record.code]

    def _read(self, sent: Sent, fields: Mapping[str, str]) -> dict[str, str]:
        kind = self.kind
        read = {name: read_text(name, value) for name, value in sent.items() if name in kind.defaults}
        for name in kind.choices.keys() & read.keys():
            read_choice(name, read[name], kind.choices[name])
        for name in [name for name in kind.wholes if name in read]:
            read_whole(name, read[name])
        if "Country" in read and not (len(read["Country"]) == 2 and read["Country"].isalpha()):
            raise Refused("Invalid value for 'Country'")
        if "PriceExcl" in read:
            read["PriceExcl"] = f"{read_number('PriceExcl', read['PriceExcl']):f}"
        if "TaxCode" in read:
            read["TaxPercentage"] = f"{SALE_CODES[read['TaxCode']][1]:f}"
        made = {**fields, **read}
        if not any(made[name] for name in kind.names):
            raise Refused(kind.nameless)
        return made

    def _next_code(self) -> str:
        while (code := self._layout.format(number=self._next_number, year="")) in self._codes:
            self._next_number += 1
        return code


@dataclass(eq=False)
class Group:
    """A group of debtors or of products; ``items`` are their ids."""

    id: int
    type: str
    name: str
    items: list[int] = field(default_factory=list)


class Groups:
    """The groups of an administration."""

    def __init__(self, registers: Mapping[str, Register]) -> None:
        self.groups: dict[int, Group] = {}
        self.registers = registers
        self._last_id = 0

    def of(self, kind: str, id: int) -> list[Group]:
        """The groups a record is in."""
        return [group for group in self.groups.values() if group.type == kind and id in group.items]

    def find(self, sent: Sent) -> Group:
        found = self.groups.get(read_whole("Identifier", sent.get("Identifier", 0)))
        if found is None:
            raise Refused("Groep niet gevonden.")
        return found

    def add(self, sent: Sent) -> Group:
        type_ = read_choice("Type", sent.get("Type"), tuple(self.registers))
        group = Group(self._last_id + 1, type_, "")
        self.edit(group, {"GroupName": "", **sent})
        self._last_id += 1
        self.groups[group.id] = group
        return group

    def edit(self, group: Group, sent: Sent) -> None:
        """Change the name; ``Items`` replaces all of its items."""
        name = read_text("GroupName", sent.get("GroupName", group.name))
        if not name:
            raise Refused("U dient een groepsnaam op te geven.")
        if "Items" in sent:
            items = [read_whole("Items", item) for item in read_list("Items", sent["Items"])]
            group.items = self._known(group.type, items)
        group.name = name

    def known(self, kind: str, ids: Iterable[object]) -> set[int]:
        """Ids of groups of this kind as sent. Raises Refused."""
        wanted = {read_whole("Groups", id) for id in ids}
        if not wanted <= {group.id for group in self.groups.values() if group.type == kind}:
            raise Refused("Groep niet gevonden.")
        return wanted

    def put(self, kind: str, record: Record, ids: set[int]) -> None:
        """Let a record be in these groups only."""
        for group in self.groups.values():
            if group.type == kind:
                group.items = [item for item in group.items if item != record.id]
                group.items += [record.id] * (group.id in ids)

    def _known(self, type_: str, items: list[int]) -> list[int]:
        if unknown := [item for item in items if item not in self.registers[type_].records]:
            raise Refused(f"Invalid value for 'Items': {unknown[0]}")
        return items
