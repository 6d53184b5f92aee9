"""What the controllers of the simulated WeFact do: controller → action → a function from what was sent to the reply."""

from base64 import b64encode
from collections.abc import Callable, Mapping

from sandbox._app import JsonObject
from sandbox._wefact_books import Books
from sandbox._wefact_fields import Refused, Sent, read_choice, read_group, read_list, read_whole
from sandbox._wefact_options import WefactOptions
from sandbox._wefact_purchases import PurchaseInvoice
from sandbox._wefact_query import Entry, Listing, found_rows, page_of
from sandbox._wefact_register import Groups, Record, Register
from sandbox._wefact_sales import SalesInvoice
from sandbox._wefact_settings import COST_CATEGORIES, settings_wire
from sandbox._wefact_wire import Wire

Action = Callable[[Sent], JsonObject]
Table = Mapping[str, Mapping[str, Action]]


def actions_of(books: Books) -> Table:
    """What the API answers."""
    sales, purchases = _SalesActions(books), _PurchaseActions(books)
    return {
        "debtor": _RecordActions(books, books.debtors, "debtors").table(deletable=False),
        "creditor": _RecordActions(books, books.creditors, "creditors").table(deletable=True),
        "product": _RecordActions(books, books.products, "products").table(deletable=True),
        "group": _GroupActions(books).table(),
        "invoice": sales.table(),
        "invoiceline": {"add": sales.edit, "delete": sales.delete_lines},
        "creditinvoice": purchases.table(),
        "creditinvoiceline": {"add": purchases.edit, "delete": purchases.delete_lines},
        "settings": _SettingsActions(books).table(),
    }


def office_actions_of(books: Books) -> Table:
    """What a person at the screen can do: all that the API can, remove final invoices, let them expire."""
    table, sales = actions_of(books), _SalesActions(books)
    return {**table, "invoice": {**table["invoice"], "delete": sales.remove, "expire": sales.expire}}


class _Actions:
    def __init__(self, books: Books) -> None:
        self._books = books

    @property
    def _options(self) -> WefactOptions:
        return self._books.around.options

    @property
    def _wire(self) -> Wire:
        return Wire(self._options)

    def _page(self, entries: list[Entry], sent: Sent, listing: Listing) -> JsonObject:
        rows = found_rows(entries, sent, listing, self._options)
        return page_of(rows, sent, listing.key, self._options, self._wire.count)


class _RecordActions(_Actions):
    """Debtors, creditors, products."""

    def __init__(self, books: Books, register: Register, plural: str) -> None:
        super().__init__(books)
        self._register = register
        self._listing = Listing(plural, register.kind.search, (register.kind.code, False))

    def table(self, *, deletable: bool) -> Mapping[str, Action]:
        table: dict[str, Action] = {"list": self.list, "show": self.show, "add": self.add, "edit": self.edit}
        return {**table, "delete": self.delete} if deletable else table

    def list(self, sent: Sent) -> JsonObject:
        wire, kind, groups = self._wire, self._register.kind, self._books.groups

        def entry(record: Record) -> Entry:
            ids = frozenset(group.id for group in groups.of(kind.name, record.id))
            return Entry(wire.record_row(record, kind), lambda: wire.record(record, kind, groups), ids)

        return self._page([entry(record) for record in self._register.records.values()], sent, self._listing)

    def show(self, sent: Sent) -> JsonObject:
        return self._reply(self._register.find(sent))

    def add(self, sent: Sent) -> JsonObject:
        groups = self._groups(sent)
        record = self._register.add(sent)
        return self._put(record, groups)

    def edit(self, sent: Sent) -> JsonObject:
        record = self._register.find(sent)
        groups = self._groups(sent)
        self._register.edit(record, sent)
        return self._put(record, groups)

    def delete(self, sent: Sent) -> JsonObject:
        record = self._register.find(sent)
        self._register.delete(record)
        return {"success": [f"{record.code} is verwijderd"]}

    def _groups(self, sent: Sent) -> set[int] | None:
        """The groups that were sent; None when it was not said. Raises Refused."""
        if "Groups" not in sent:
            return None
        return self._books.groups.known(self._register.kind.name, read_list("Groups", sent["Groups"]))

    def _put(self, record: Record, groups: set[int] | None) -> JsonObject:
        if groups is not None:
            self._books.groups.put(self._register.kind.name, record, groups)
        return self._reply(record)

    def _reply(self, record: Record) -> JsonObject:
        kind = self._register.kind
        return {kind.name: self._wire.record(record, kind, self._books.groups)}


class _GroupActions(_Actions):
    @property
    def _groups(self) -> Groups:
        return self._books.groups

    def table(self) -> Mapping[str, Action]:
        return {"list": self.list, "show": self.show, "add": self.add, "edit": self.edit, "delete": self.delete}

    def list(self, sent: Sent) -> JsonObject:
        """Needs a ``type``; knows no other filter."""
        wanted = read_choice("type", sent.get("type"), tuple(self._groups.registers))
        rows = [self._wire.group(group) for group in self._groups.groups.values() if group.type == wanted]
        return page_of(rows, sent, "groups", self._options, self._wire.count)

    def show(self, sent: Sent) -> JsonObject:
        """Here the items are an object keyed by id, not a list of ids."""
        group, wire = self._groups.find(sent), self._wire
        register = self._groups.registers[group.type]
        names = ("ProductName",) if group.type == "product" else ("CompanyName", "SurName")
        items = {str(id): self._item(register, id, names) for id in group.items if id in register.records}
        return {"group": {**wire.group(group), "Items": items or []}}

    def add(self, sent: Sent) -> JsonObject:
        return self._done(self._groups.add(sent).id, "aangemaakt")

    def edit(self, sent: Sent) -> JsonObject:
        group = self._groups.find(sent)
        self._groups.edit(group, sent)
        return self._done(group.id, "bewerkt")

    def delete(self, sent: Sent) -> JsonObject:
        group = self._groups.find(sent)
        del self._groups.groups[group.id]
        return {"success": [f"Groep '{group.name}' is verwijderd"]}

    def _item(self, register: Register, id: int, names: tuple[str, ...]) -> JsonObject:
        record = register.records[id]
        shown = {name: record.fields[name] for name in names}
        return {"Identifier": self._wire.id(id), register.kind.code: record.code, **shown}

    def _done(self, id: int, what: str) -> JsonObject:
        shown = self.show({"Identifier": id})
        return {"success": [f"Groep '{self._groups.groups[id].name}' is {what}"], **shown}


class _SalesActions(_Actions):
    def table(self) -> Mapping[str, Action]:
        return {
            "list": self.list,
            "show": lambda sent: self._reply(self._found(sent)),
            "add": lambda sent: self._reply(self._books.sales.create(sent)),
            "edit": self.edit,
            "delete": self.delete,
            "credit": self.credit,
            "markaspaid": self.mark_paid,
            "partpayment": self.pay_part,
            "markasunpaid": self.mark_unpaid,
            "sendbyemail": self.send,
            "download": self.download,
            "block": lambda sent: self._set(sent, "BLOCKED", "geblokkeerd"),
            "unblock": lambda sent: self._set(sent, "", "gedeblokkeerd"),
            "paymentprocesspause": lambda sent: self._set(sent, "PAUSED", "gepauzeerd"),
            "paymentprocessreactivate": lambda sent: self._set(sent, "", "hervat"),
        }

    def list(self, sent: Sent) -> JsonObject:
        wire = self._wire

        def entry(invoice: SalesInvoice) -> Entry:
            return Entry(wire.sale_row(invoice), lambda: wire.sale(invoice))

        newest = self._options.invoice_order == "newest"
        listing = Listing("invoices", ("InvoiceCode", "DebtorCode", "CompanyName", "SurName"), ("Date", newest),
                          days=True, status=True)  # fmt: skip
        return self._page([entry(invoice) for invoice in self._books.sales.invoices.values()], sent, listing)

    def edit(self, sent: Sent) -> JsonObject:
        """Any invoice that has not lapsed; ``invoiceline/add`` is the same with lines only."""
        invoice = self._found(sent)
        self._books.sales.change(invoice, sent)
        return self._reply(invoice)

    def delete_lines(self, sent: Sent) -> JsonObject:
        invoice = self._found(sent)
        self._books.sales.remove_lines(invoice, _line_ids(sent))
        return self._reply(invoice)

    def delete(self, sent: Sent) -> JsonObject:
        return self._gone(sent, final=False)

    def remove(self, sent: Sent) -> JsonObject:
        return self._gone(sent, final=True)

    def expire(self, sent: Sent) -> JsonObject:
        invoice = self._found(sent)
        self._books.sales.expire(invoice)
        return self._reply(invoice)

    def credit(self, sent: Sent) -> JsonObject:
        original = self._found(sent)
        invoice = self._books.sales.credit(original)
        texts = [f"Factuur {original.code} is gecrediteerd en op status 'vervallen' gezet",
                 f"Factuur {invoice.code} is succesvol aangemaakt"]  # fmt: skip
        return {"success": texts, **self._reply(invoice)}

    def mark_paid(self, sent: Sent) -> JsonObject:
        invoice = self._found(sent)
        self._books.sales.mark_paid(invoice, sent)
        return {"success": [f"Factuur {invoice.code} is betaald."]}

    def pay_part(self, sent: Sent) -> JsonObject:
        invoice = self._found(sent)
        self._books.sales.pay_part(invoice, sent)
        return {"success": [f"De betaling van factuur {invoice.code} is verwerkt."], **self._reply(invoice)}

    def mark_unpaid(self, sent: Sent) -> JsonObject:
        invoice = self._found(sent)
        self._books.sales.mark_unpaid(invoice)
        return {"success": [f"Factuur {invoice.code} is niet betaald."]}

    def send(self, sent: Sent) -> JsonObject:
        invoice = self._found(sent)
        self._books.sales.send(invoice)
        return {"success": [f"Factuur {invoice.code} is verzonden."], **self._reply(invoice)}

    def download(self, sent: Sent) -> JsonObject:
        invoice = self._found(sent)
        page = f"%PDF-1.4\n% {invoice.code} {invoice.totals.gross}\n%%EOF\n".encode()
        return {"invoice": {"Filename": f"{invoice.code}.pdf", "Base64": b64encode(page).decode(),
                            "MimeType": "application/pdf"}}  # fmt: skip

    def _set(self, sent: Sent, sub_status: str, word: str) -> JsonObject:
        invoice = self._found(sent)
        self._books.sales.set_sub_status(invoice, sub_status)
        return {"success": [f"Factuur {invoice.code} is {word}."]}

    def _gone(self, sent: Sent, *, final: bool) -> JsonObject:
        invoice = self._found(sent)
        self._books.sales.delete(invoice, final=final)
        return {"success": [f"Factuur {invoice.code} is verwijderd"]}

    def _found(self, sent: Sent) -> SalesInvoice:
        return self._books.sales.find(sent)

    def _reply(self, invoice: SalesInvoice) -> JsonObject:
        return {"invoice": self._wire.sale(invoice)}


class _PurchaseActions(_Actions):
    def table(self) -> Mapping[str, Action]:
        return {
            "list": self.list,
            "show": lambda sent: self._reply(self._found(sent)),
            "add": lambda sent: self._reply(self._books.purchases.create(sent)),
            "edit": self.edit,
            "delete": self.delete,
            "markaspaid": self.mark_paid,
            "partpayment": self.pay_part,
        }

    def list(self, sent: Sent) -> JsonObject:
        wire = self._wire

        def entry(invoice: PurchaseInvoice) -> Entry:
            return Entry(wire.purchase_row(invoice), lambda: wire.purchase(invoice))

        newest = self._options.invoice_order == "newest"
        search = ("CreditInvoiceCode", "InvoiceCode", "CompanyName", "SurName", "Description")
        listing = Listing("creditinvoices", search, ("Date", newest), status=True)
        return self._page([entry(invoice) for invoice in self._books.purchases.invoices.values()], sent, listing)

    def edit(self, sent: Sent) -> JsonObject:
        invoice = self._found(sent)
        self._books.purchases.change(invoice, sent)
        return self._reply(invoice)

    def delete_lines(self, sent: Sent) -> JsonObject:
        invoice = self._found(sent)
        self._books.purchases.remove_lines(invoice, _line_ids(sent), sent)
        return self._reply(invoice)

    def delete(self, sent: Sent) -> JsonObject:
        invoice = self._found(sent)
        self._books.purchases.delete(invoice)
        return {"success": [f"Inkoopfactuur {invoice.code} is verwijderd"]}

    def mark_paid(self, sent: Sent) -> JsonObject:
        invoice = self._found(sent)
        self._books.purchases.mark_paid(invoice, sent)
        return {"success": [f"Inkoopfactuur {invoice.code} is betaald."]}

    def pay_part(self, sent: Sent) -> JsonObject:
        invoice = self._found(sent)
        self._books.purchases.pay_part(invoice, sent)
        return {"success": [f"De betaling van inkoopfactuur {invoice.code} is verwerkt."], **self._reply(invoice)}

    def _found(self, sent: Sent) -> PurchaseInvoice:
        return self._books.purchases.find(sent)

    def _reply(self, invoice: PurchaseInvoice) -> JsonObject:
        return {"creditinvoice": self._wire.purchase(invoice)}


class _SettingsActions(_Actions):
    def table(self) -> Mapping[str, Action]:
        return {
            "list": lambda sent: {"settings": settings_wire()},
            "costcategory_list": self.list_categories,
            "costcategory_show": self.show_category,
        }

    def list_categories(self, sent: Sent) -> JsonObject:
        rows = [self._category(id) for id in COST_CATEGORIES]
        return page_of(rows, sent, "costcategories", self._options, self._wire.count)

    def show_category(self, sent: Sent) -> JsonObject:
        id = str(read_whole("Identifier", sent.get("Identifier", 0)))
        if id not in COST_CATEGORIES:
            raise Refused("Kostensoort niet gevonden.")
        return {"costcategory": self._category(id)}

    def _category(self, id: str) -> JsonObject:
        return {"Identifier": self._wire.id(int(id)), "Title": COST_CATEGORIES[id]}


def _line_ids(sent: Sent) -> set[int]:
    lines = [read_group("InvoiceLines", line) for line in read_list("InvoiceLines", sent.get("InvoiceLines"))]
    return {read_whole("Identifier", line.get("Identifier", 0)) for line in lines}
