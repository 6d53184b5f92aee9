"""The simulated Factuursturen, API v1: an invoicing service with HTTP Basic access and an hourly limit.

What it does where its documentation is silent or contradicts itself is a switch: see the options.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from html import escape
from typing import ClassVar, Literal, TypeVar, cast
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from starlette.responses import Response

from sandbox._app import Call, JsonObject, Refusal, Route, Simulator, json_response, route
from sandbox._factuursturen_books import Books, Client, Invoice, Saved
from sandbox._factuursturen_fields import (
    SEND_METHODS,
    Draft,
    Invalid,
    read_choice,
    read_day,
    read_invoice,
    read_number,
)
from sandbox._factuursturen_options import FactuursturenOptions
from sandbox._factuursturen_search import Search, Searchable, Wanted
from sandbox._factuursturen_seed import CATEGORIES, LANGUAGES, PRODUCTS, PROFILES, TAXES, country_list
from sandbox._factuursturen_wire import client_wire, invoice_wire, saved_wire

T = TypeVar("T")

REMAINING = "X-RateLimit-Remaining"
_STATES = ("open", "overdue", "sent", "partly", "toomuch", "paid", "uncollectible")


class Factuursturen(Simulator[FactuursturenOptions]):
    """Accounts with separate books, each with a login and an API key."""

    name: ClassVar[str] = "factuursturen"
    base_path: ClassVar[str] = "/api/v1"
    options_type = FactuursturenOptions

    def fill(self) -> None:
        # The first account knows the customers of the shop with the same seed, the next those of seed + 1.
        self._searches: dict[Books, Search] = {}
        self._accounts = {
            login: Books(self.options.seed + at, self.options, self.clock)
            for at, login in enumerate(self.options.accounts)
        }

    def change_options(self, changes: Mapping[str, object]) -> None:
        super().change_options(changes)
        self._searches.clear()
        for books in self._accounts.values():
            books.options = self.options

    def credentials(self) -> Sequence[str]:
        return [f"HTTP Basic, login {login}, API key {key}" for login, key in self.options.accounts.items()]

    def books(self) -> JsonObject:
        return {"accounts": {login: books.as_json() for login, books in self._accounts.items()}}

    def routes(self) -> Sequence[Route]:
        return [
            route("GET", "/clients", self._list_clients),
            route("POST", "/clients", self._add_client),
            route("GET", "/clients/{id:path}", self._show_client),
            route("PUT", "/clients/{id}", self._change_client),
            route("DELETE", "/clients/{id}", self._delete_client),
            route("GET", "/search/{what}/{field}/{value:path}", self._search),
            route("GET", "/invoices", self._list_invoices),
            route("POST", "/invoices", self._add_invoice),
            route("GET", "/invoices/{id:path}", self._show_invoice),
            route("DELETE", "/invoices/{id:path}", self._delete_invoice),
            route("GET", "/invoices_pdf/{id:path}", self._show_pdf),
            route("POST", "/invoices_payment/{id:path}", self._pay),
            route("POST", "/invoices_reminder", self._remind),
            route("GET", "/invoices_saved", lambda call: self._list_saved(call, "saved")),
            route("GET", "/invoices_saved/{id}", lambda call: self._show_saved(call, "saved")),
            route("POST", "/invoices_saved/{id}", self._send_saved),
            route("DELETE", "/invoices_saved/{id}", lambda call: self._delete_saved(call, "saved")),
            route("GET", "/invoices_repeated", lambda call: self._list_saved(call, "repeated")),
            route("GET", "/invoices_repeated/{id}", lambda call: self._show_saved(call, "repeated")),
            route("DELETE", "/invoices_repeated/{id}", lambda call: self._delete_saved(call, "repeated")),
            route("GET", "/taxes", lambda call: _json(TAXES)),
            route("GET", "/categories", lambda call: _json(CATEGORIES)),
            route("GET", "/profiles", lambda call: _json(PROFILES)),
            route("GET", "/products", lambda call: _json(PRODUCTS)),
            route("GET", "/products/{id:path}", self._show_product),
            route("GET", "/countrylist/{language}", self._list_countries),
            route("GET", "/balance", self._show_balance),
        ]

    # Who calls, how often, and in which clothes the answer leaves.

    def guard(self, call: Call) -> None:
        books = self._books(call)
        if not books.call_limit.take(self.clock.timestamp(), self.options.calls_per_hour):
            raise self._over_the_limit()

    def finish(self, call: Call, response: Response) -> Response:
        login = self._login(call)
        if login is not None and REMAINING.lower() not in response.headers:
            books, now = self._accounts[login], self.clock.timestamp()
            of_calls = self.options.header_counts == "calls"
            limit = books.call_limit if of_calls else books.invoice_limit
            allowed = self.options.calls_per_hour if of_calls else self.options.invoices_per_hour
            if allowed:
                response.headers[REMAINING] = str(limit.remaining(now, allowed))
        wants_xml = self.options.default_format == "xml" and "json" not in call.headers.get("accept", "")
        return _as_xml(call, response) if wants_xml else response

    def not_found(self, call: Call) -> Response:
        return self._refusal(404, "Not found").response()

    def _login(self, call: Call) -> str | None:
        """Who calls, if the key is right and active."""
        login, key = call.basic_auth() or ("", "")
        known = login in self._accounts and self.options.accounts.get(login) == key
        return login if known and login not in self.options.suspended else None

    def _books(self, call: Call) -> Books:
        login = self._login(call)
        if login is None:
            raise self._refusal(401, "Unauthorized", {"WWW-Authenticate": 'Basic realm="Factuursturen API"'})
        return self._accounts[login]

    def _over_the_limit(self) -> Refusal:
        return self._refusal(403, "Rate limit exceeded", {REMAINING: "0"})

    def _refusal(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> Refusal:
        if self.options.errors == "html":
            text = f"<html><body><h1>{status}</h1><p>{escape(text, quote=False)}</p></body></html>"
        return Refusal(status, text, headers)

    def _object(self, call: Call) -> JsonObject:
        """The body: a JSON object (an array of one will do) or a form with brackets."""
        kind = call.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if kind == "application/x-www-form-urlencoded":
            return _nested(parse_qsl(call.text, keep_blank_values=True))
        if kind != "application/json":
            raise self._refusal(self.options.error_status, f"Content-Type {kind} is not supported")
        content = call.json()
        if isinstance(content, list) and len(content) == 1:
            content = content[0]
        if not isinstance(content, dict):
            raise self._refusal(self.options.error_status, "one object is expected")
        return cast(JsonObject, content)

    def _checked(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except Invalid as error:
            raise self._refusal(self.options.error_status, str(error)) from error

    def _created(self, number: str) -> Response:
        body = number + ("\n" if self.options.created_newline else "")
        return Response(body, 201, media_type="application/json")

    def _one(
        self, found: T | None, wire: Callable[[T], JsonObject], name: str, others: Callable[[], Response]
    ) -> Response:
        """One record, wrapped; or what an unknown id gets."""
        if found is not None:
            return _json({name: wire(found)})
        if self.options.unknown_id == "list":
            return others()
        raise self._refusal(404, f"{name} not found")

    # Clients

    def _client(self, call: Call) -> Client | None:
        id = call.params["id"]
        return self._books(call).clients.get(int(id)) if id.isascii() and id.isdigit() else None

    def _known_client(self, call: Call) -> Client:
        client = self._client(call)
        if client is None:
            raise self._refusal(404, "client not found")
        return client

    def _list_clients(self, call: Call) -> Response:
        return _json([client_wire(client) for client in self._books(call).clients.values()])

    def _show_client(self, call: Call) -> Response:
        if self.options.search_path == "plain" and "/" in call.params["id"]:
            return self._search_plain(call, "clients")
        return self._one(self._client(call), client_wire, "client", lambda: self._list_clients(call))

    def _add_client(self, call: Call) -> Response:
        books, sent = self._books(call), self._object(call)
        return self._created(str(self._checked(lambda: books.add_client(sent)).nr))

    def _change_client(self, call: Call) -> Response:
        books, client, sent = self._books(call), self._known_client(call), self._object(call)
        self._checked(lambda: books.change_client(client, sent))
        return Response()

    def _delete_client(self, call: Call) -> Response:
        del self._books(call).clients[self._known_client(call).nr]
        return Response()

    # Search

    def _search(self, call: Call) -> Response:
        if self.options.search_path != "search":
            return self.not_found(call)
        return self._found(call, call.params["what"], call.params["field"], call.params["value"])

    def _search_plain(self, call: Call, what: str) -> Response:
        field, _, value = call.params["id"].partition("/")
        return self._found(call, what, field, value)

    def _found(self, call: Call, what: str, field: str, value: str) -> Response:
        books = self._books(call)
        if what not in {"clients", "invoices", "products"}:
            return self.not_found(call)
        if field != "all" and self.options.search_fields == "all":
            return self.not_found(call)
        without = ("reference",) if what == "invoices" and not self.options.search_references else ()
        wanted = Wanted(value.casefold(), field, without, self.options.search_match == "whole")
        if what == "products":
            return _json([product for product in PRODUCTS if Searchable.of(dict(product)).has(wanted)])
        if (search := self._searches.get(books)) is None:
            search = self._searches[books] = Search(books, self.options)
        if what == "clients":
            return _json(search.clients(wanted))
        found = search.invoices(wanted)
        return _json(found[::-1] if self.options.invoice_order == "newest" else found)

    # Invoices

    def _invoice_wire(self, invoice: Invoice) -> JsonObject:
        return invoice_wire(invoice, self.options)

    def _ordered(self, books: Books) -> Sequence[Invoice]:
        invoices = list(books.invoices.values())
        return invoices[::-1] if self.options.invoice_order == "newest" else invoices

    def _known_invoice(self, call: Call, number: str) -> Invoice:
        invoice = self._books(call).find_invoice(number)
        if invoice is None:
            raise self._refusal(404, "invoice not found")
        return invoice

    def _list_invoices(self, call: Call) -> Response:
        return _json([self._invoice_wire(invoice) for invoice in self._checked(lambda: self._listed(call))])

    def _listed(self, call: Call) -> Sequence[Invoice]:
        books, query = self._books(call), call.query
        state = read_choice("filter", query["filter"], _STATES) if query.get("filter") else None
        since = read_day("since", query.get("since")) or date.min
        until = read_day("until", query.get("until")) or date.max
        client = query.get(self.options.client_filter)
        count = int(read_number("count", query.get("count") or self.options.default_count))
        offset = int(read_number("offset", query.get("offset") or query.get("start") or 0))
        found = [
            invoice
            for invoice in self._ordered(books)
            if since <= invoice.sent <= until
            and (not client or client == str(invoice.draft.clientnr))
            and (state is None or invoice.passes(state, books.today))
        ]
        return found[offset:] if count == -1 else found[offset : offset + count]

    def _show_invoice(self, call: Call) -> Response:
        if self.options.search_path == "plain" and re.match(r"[a-z_]+/", call.params["id"]):
            return self._search_plain(call, "invoices")
        found = self._books(call).find_invoice(call.params["id"])
        return self._one(found, self._invoice_wire, "invoice", lambda: self._list_invoices(call))

    def _take_invoice_slot(self, books: Books) -> None:
        """Every POST of an invoice counts, also one that is refused afterwards."""
        if not books.invoice_limit.take(self.clock.timestamp(), self.options.invoices_per_hour):
            raise self._over_the_limit()

    def _add_invoice(self, call: Call) -> Response:
        books = self._books(call)
        self._take_invoice_slot(books)
        sent = self._object(call)
        draft: Draft = self._checked(lambda: read_invoice(sent, books.reader()))
        return self._created(self._checked(lambda: books.add_document(draft)))

    def _delete_invoice(self, call: Call) -> Response:
        del self._books(call).invoices[self._known_invoice(call, call.params["id"]).id]
        return Response()

    def _show_pdf(self, call: Call) -> Response:
        invoice = self._known_invoice(call, call.params["id"])
        page = f"%PDF-1.4\n% {invoice.invoicenr} {invoice.totals.gross}\n%%EOF\n"
        return Response(page, media_type="application/pdf")

    def _pay(self, call: Call) -> Response:
        books, invoice, sent = (
            self._books(call),
            self._known_invoice(call, call.params["id"]),
            self._object(call),
        )

        def pay() -> None:
            day = read_day("date", sent.get("date"))
            if day is None:
                raise Invalid("date: required")
            given = sent.get("amount")
            amount: Decimal | Literal["full"] = "full" if given == "full" else read_number("amount", given)
            books.pay(invoice, amount, day, books.reader().text("method", sent.get("method")))

        self._checked(pay)
        return Response(status_code=201)

    def _remind(self, call: Call) -> Response:
        invoice = self._known_invoice(call, str(self._object(call).get("invoicenr", "")))
        self._books(call).remind(invoice)
        return Response(status_code=201)

    # Drafts and repeating invoices

    def _shelf(self, call: Call, which: Literal["saved", "repeated"]) -> dict[int, Saved]:
        books = self._books(call)
        return books.saved if which == "saved" else books.repeated

    def _on_shelf(self, call: Call, which: Literal["saved", "repeated"]) -> Saved | None:
        id = call.params["id"]
        return self._shelf(call, which).get(int(id)) if id.isascii() and id.isdigit() else None

    def _list_saved(self, call: Call, which: Literal["saved", "repeated"]) -> Response:
        return _json([saved_wire(saved, self.options) for saved in self._shelf(call, which).values()])

    def _show_saved(self, call: Call, which: Literal["saved", "repeated"]) -> Response:
        found = self._on_shelf(call, which)
        return self._one(found, lambda saved: saved_wire(saved, self.options), "invoice",
                         lambda: self._list_saved(call, which))  # fmt: skip

    def _send_saved(self, call: Call) -> Response:
        books, saved, sent = self._books(call), self._on_shelf(call, "saved"), self._object(call)
        if saved is None:
            raise self._refusal(404, "saved invoice not found")
        self._take_invoice_slot(books)
        sendmethod = self._checked(lambda: read_choice("sendmethod", sent.get("sendmethod"), SEND_METHODS))
        return self._created(self._checked(lambda: books.send_saved(saved, sendmethod)).invoicenr)

    def _delete_saved(self, call: Call, which: Literal["saved", "repeated"]) -> Response:
        saved = self._on_shelf(call, which)
        if saved is None:
            raise self._refusal(404, "saved invoice not found")
        del self._shelf(call, which)[saved.id]
        return Response()

    # Reference lists

    def _show_product(self, call: Call) -> Response:
        found = next((product for product in PRODUCTS if product["id"] == call.params["id"]), None)
        return self._one(found, lambda product: dict(product), "product", lambda: _json(PRODUCTS))

    def _list_countries(self, call: Call) -> Response:
        if call.params["language"] not in LANGUAGES:
            return self.not_found(call)
        return _json(country_list(call.params["language"]))

    def _show_balance(self, call: Call) -> Response:
        books = self._books(call)
        unpaid = [invoice for invoice in books.invoices.values() if invoice.open > 0]
        overdue = [invoice for invoice in unpaid if invoice.due < books.today]
        return _json({"balance": {"open": _sum_open(unpaid), "overdue": _sum_open(overdue)}})


def _sum_open(invoices: Iterable[Invoice]) -> str:
    return f"{sum((invoice.open for invoice in invoices), Decimal(0)):.2f}"


def _json(content: object) -> Response:
    """JSON with the slashes of PHP."""
    response = json_response(content)
    return Response(bytes(response.body).replace(b"/", rb"\/"), media_type="application/json")


def _nested(pairs: Iterable[tuple[str, str]]) -> JsonObject:
    """``lines[0][description]=Mok`` as PHP reads it."""
    content: JsonObject = {}
    for name, value in pairs:
        *parents, last = re.findall(r"[^\[\]]+", name) or [name]
        place = content
        for parent in parents:
            inner = place.setdefault(parent, {})
            if not isinstance(inner, dict):
                raise Refusal(400, f"{name} is both a value and a group")
            place = inner
        place[last] = value
    return content


def _as_xml(call: Call, response: Response) -> Response:
    if response.media_type != "application/json" or response.status_code == 201:
        return response
    content = Call(call.method, call.path, call.query, call.headers, bytes(response.body)).json()
    root = ElementTree.Element("response")
    _append(root, content)
    headers = {
        name: value for name, value in response.headers.items() if name not in ("content-length", "content-type")
    }
    return Response(ElementTree.tostring(root, "utf-8", xml_declaration=True), response.status_code, headers,
                    "application/xml")  # fmt: skip


def _append(parent: ElementTree.Element, content: object) -> None:
    if isinstance(content, dict):
        for name, value in content.items():
            _append(ElementTree.SubElement(parent, name), value)
    elif isinstance(content, list):
        for value in content:
            _append(ElementTree.SubElement(parent, "item"), value)
    else:
        parent.text = str(content)
