"""The REST interface (v1) of the simulated e-Boekhouden.nl: session, accounts, relations, mutations, open items."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import cast

from starlette.responses import Response

from sandbox._app import Call, JsonObject, Refusal, Route, json_response, route
from sandbox._eboekhouden import REST, EBoekhouden, Session
from sandbox._eboekhouden_books import (
    INVOICES,
    PAYMENTS,
    PURCHASE,
    REST_OFFSET,
    SALE,
    Books,
    Ledger,
    Mutation,
    Relation,
    Row,
)
from sandbox._eboekhouden_chart import COST_CENTRES, TEMPLATES
from sandbox._eboekhouden_json import (
    RELATION_NAMES,
    administration_wire,
    filled,
    in_euros,
    ledger_wire,
    missing,
    read_day,
    read_decimal,
    read_text,
    read_whole,
    refusal,
    relation_texts,
    relation_wire,
    row_wire,
)
from sandbox._eboekhouden_query import Page, problem
from sandbox._eboekhouden_rules import Refused, checked, computed, vat_code
from sandbox._eboekhouden_wsdl import KINDS

_ID = r"{id:int}"

_TEXTS = {
    "invoiceNumber": (50, "MUT_018"), "description": (50, "ERR_001"), "entryNumber": (50, "ERR_001"),
    "paymentReference": (50, "ERR_001"),
}  # fmt: skip
_MUTATION = (*_TEXTS, "type", "date", "ledgerId", "relationId", "termOfPayment", "inExVat", "checkPaymentReference",
             "rows")  # fmt: skip
_ROW = ("ledgerId", "vatCode", "amount", "vatAmount", "invoiceNumber", "relationId", "costCenterId", "description")


class Rest:
    """The calls, on whichever administration the session opens."""

    def __init__(self, package: EBoekhouden) -> None:
        self._package = package

    def routes(self) -> Sequence[Route]:
        return [
            route("POST", "/v1/session", self._open_session),
            route("DELETE", "/v1/session", self._close_session),
            route("GET", "/v1/administration/linked", self._linked),
            route("GET", "/v1/administration", self._administrations),
            route("GET", "/v1/ledger", self._list_ledgers),
            route("GET", "/v1/ledger/balances", self._balances),
            route("GET", f"/v1/ledger/{_ID}", lambda call: json_response(ledger_wire(self._ledger(call)))),
            route("GET", f"/v1/ledger/{_ID}/balance", self._balance),
            route("GET", "/v1/costcenter", self._list_cost_centres),
            route("GET", "/v1/invoicetemplate", self._list_templates),
            route("GET", "/v1/relation", self._list_relations),
            route("POST", "/v1/relation", self._add_relation),
            route("GET", f"/v1/relation/{_ID}", lambda call: json_response(relation_wire(self._relation(call)))),
            route("PATCH", f"/v1/relation/{_ID}", self._change_relation),
            route("GET", "/v1/mutation", self._list_mutations),
            route("POST", "/v1/mutation", self._add_mutation),
            route("GET", "/v1/mutation/invoice/outstanding", self._list_open_items),
            route("GET", f"/v1/mutation/{_ID}", self._show_mutation),
        ]

    def guard(self, call: Call) -> None:
        """Limits, then the session: every call needs one but the one that opens it."""
        if not call.path.startswith("/v1/"):
            return
        limit = self._package.options.rate_limit
        if not self._package.calls.take(self._package.clock.timestamp(), limit):
            raise Refusal(429, problem("ERR_429", "Too many requests", 429), {"Retry-After": "60"})
        if (call.method, call.path) != ("POST", "/v1/session"):
            session = self._session(call)
            if session.user in self._package.options.forbidden:
                content = problem("SECURITY_001", "Geen rechten", 403, kind="security")
                raise Refusal(403, content | {"securityType": "Bookkeeping"})

    # Sessions

    def _token(self, call: Call) -> str:
        header, wanted = call.headers.get("authorization", ""), self._package.options.authorization
        bearer = call.bearer()
        if bearer is not None:
            return bearer if wanted != "raw" else ""
        return header if wanted != "bearer" else ""

    def _session(self, call: Call) -> Session:
        session = self._package.sessions.get(self._token(call))
        if session is None or session.interface != REST or session.closed or not self._package.lives(session):
            raise Refusal(401, problem("SESSION_001", "Unauthorized", 401, kind="security"))
        return session

    def _books(self, call: Call) -> Books:
        return self._session(call).books

    def _open_session(self, call: Call) -> Response:
        asked = self._object(call, {"accessToken", "source"})
        source, token = asked.get("source"), asked.get("accessToken")
        if source is None:
            raise refusal("API_SESSION_001", "source", "Source is required")
        if not isinstance(source, str) or not re.fullmatch(r"[\w_ ]{1,10}", source):
            raise refusal("API_SESSION_002", "source", "Source is invalid")
        user = str(token).removesuffix("-token")
        known = user in self._package.administrations and user not in self._package.options.revoked
        if token != f"{user}-token" or not known:
            raise Refusal(401, problem("SESSION_002", "Access token is invalid", 401, kind="security"))
        opened = self._package.open_session(self._package.administrations[user], user, REST)
        return json_response({"token": opened, "expiresIn": self._package.options.session_minutes * 60})

    def _close_session(self, call: Call) -> Response:
        self._session(call).closed = True
        return Response(status_code=204)

    # What was sent

    def _object(self, call: Call, known: set[str]) -> JsonObject:
        """The body: an object; an empty text counts as wrong, an absent property is left out or null."""
        if not call.body:
            raise Refusal(400, problem("DATA_01", "No data"))
        try:
            content = call.json()
        except Refusal as error:
            raise Refusal(400, problem("DATA_01", str(error.body))) from error
        if not isinstance(content, dict):
            raise Refusal(400, problem("DATA_01", "An object is expected"))
        return self._known(cast(JsonObject, content), known)

    def _known(self, content: JsonObject, known: set[str], within: str = "") -> JsonObject:
        for name, value in content.items():
            if value == "":
                raise refusal("ERR_001", within + name, "An empty value is not allowed")
            if name not in known and self._package.options.unknown_property == "refuse":
                raise refusal("ERR_001", within + name, "Unknown property")
        return {name: value for name, value in content.items() if name in known and value is not None}

    def _page(self, call: Call, filters: set[str], others: frozenset[str] = frozenset()) -> Page:
        return Page(call.query, filters, others, self._package.options)

    def _listed(self, call: Call, items: Sequence[JsonObject], filters: set[str]) -> Response:
        return json_response(self._page(call, filters).of(items))

    # Administration and accounts

    def _linked(self, call: Call) -> Response:
        books = self._books(call)
        return json_response({"items": [administration_wire(books)], "count": 1})

    def _administrations(self, call: Call) -> Response:
        if self._session(call).user not in self._package.options.accountants:
            raise refusal("EP_001", "", "Only for accountants")
        found = [administration_wire(books) for books in self._package.administrations.values()]
        return self._listed(call, found, set())

    def _ledger(self, call: Call) -> Ledger:
        found = self._books(call).ledgers.get(int(call.params["id"]))
        if found is None:
            raise missing("Ledger")
        return found

    def _list_ledgers(self, call: Call) -> Response:
        found = [ledger_wire(ledger) for ledger in self._books(call).ledgers.values()]
        return self._listed(call, found, {"id", "code", "category", "description", "group"})

    def _movement(self, call: Call) -> Mapping[str, int]:
        query = call.query
        since, until = read_day(query.get("from"), "from", date.min), read_day(query.get("to"), "to", date.max)
        centre = query.get("costCenterId", "0")
        return self._books(call).balances(since, until, int(centre) if centre.isdecimal() else 0)

    def _balance(self, call: Call) -> Response:
        ledger = self._ledger(call)
        return json_response({"balance": in_euros(self._movement(call)[ledger.code])})

    def _balances(self, call: Call) -> Response:
        totals = self._movement(call)
        found: list[JsonObject] = [
            {"id": ledger.id, "code": ledger.code, "category": ledger.category}
            | {"balance": in_euros(totals[ledger.code])}
            for ledger in self._books(call).ledgers.values()
        ]
        page = self._page(call, {"category", "code"}, frozenset({"from", "to", "costCenterId"}))
        return json_response(page.of(found))

    def _list_cost_centres(self, call: Call) -> Response:
        found: list[JsonObject] = [
            {"id": id, "description": name} | ({"parentId": above} if above else {}) for id, name, above in COST_CENTRES
        ]
        return self._listed(call, found, {"id", "description", "parentId"})

    def _list_templates(self, call: Call) -> Response:
        found: list[JsonObject] = [{"id": at, "name": name} for at, name in enumerate(TEMPLATES, 1)]
        return self._listed(call, found, {"id", "name"})

    # Relations

    def _relation(self, call: Call) -> Relation:
        found = self._books(call).relations.get(int(call.params["id"]))
        if found is None:
            raise missing("Relation")
        return found

    def _list_relations(self, call: Call) -> Response:
        """Filtered by more than the items show."""
        books = self._books(call)
        relations = books.ordered(list(books.relations.values()), lambda relation: relation.id)
        whole = [relation_wire(relation) for relation in relations]
        page = self._page(call, {"id", "code", "type", "emailAddress", "name", "contact", "city"})
        shown = ("id", "type", "code")
        return json_response(page.of(whole, lambda item: {name: item[name] for name in shown if name in item}))

    def _check_code(self, texts: Mapping[str, str], books: Books, own: Relation | None) -> None:
        other = books.relation_with(texts["Code"]) if "Code" in texts else None
        if other not in (None, own):
            raise refusal("REL_049", "code", "The code is in use")

    def _add_relation(self, call: Call) -> Response:
        books, texts = self._books(call), relation_texts(self._object(call, set(RELATION_NAMES)))
        self._check_code(texts, books, None)
        relation = books.add_relation({"BP": "B", "Code": books.free_relation_code()} | texts)
        return json_response({"id": relation.id, "code": relation.code}, 201)

    def _change_relation(self, call: Call) -> Response:
        relation, texts = self._relation(call), relation_texts(self._object(call, set(RELATION_NAMES)))
        self._check_code(texts, self._books(call), relation)
        relation.fields |= texts
        return Response(status_code=204)

    # Mutations

    def _list_mutations(self, call: Call) -> Response:
        page = self._page(call, {"id", "type", "invoiceNumber", "date", "description", "entryNumber"})
        books = self._books(call)
        mutations = books.ordered(list(books.mutations.values()), lambda mutation: mutation.number)
        found = [self._mutation_wire(mutation) for mutation in mutations]
        shown = ("id", "type", "date", "invoiceNumber", "ledgerId", "amount", "entryNumber")
        return json_response(page.of(found, lambda item: self._list_item(item, shown)))

    def _list_item(self, item: JsonObject, shown: Sequence[str]) -> JsonObject:
        kept = {name: item[name] for name in shown if name in item}
        return kept | {"id": 0} if self._package.options.zero_ids else kept

    def _show_mutation(self, call: Call) -> Response:
        found = self._books(call).mutations.get(int(call.params["id"]) - REST_OFFSET)
        if found is None:
            raise missing("Mutation")
        return json_response({name: value for name, value in self._mutation_wire(found).items() if name != "amount"})

    def _add_mutation(self, call: Call) -> Response:
        books, asked = self._books(call), self._object(call, set(_MUTATION))
        try:
            number = books.book(checked(self._draft(books, asked), books)).number
        except Refused as refused:
            raise refusal(refused.rest, refused.field, refused.text) from refused
        return json_response({"id": number + REST_OFFSET}, self._package.options.created_status)

    def _draft(self, books: Books, asked: JsonObject) -> Mutation:
        kind_number = str(asked.get("type", ""))
        if not re.fullmatch("[1-7]", kind_number):
            raise refusal("MUT_001", "type", "Type is invalid")
        kind = KINDS[int(kind_number)]
        if "date" not in asked:
            raise refusal("MUT_003", "date", "Date is required")
        on = read_day(asked["date"], "date", date.min)
        texts = {name: read_text(asked, name, length, code) for name, (length, code) in _TEXTS.items()}
        if "inExVat" not in asked:
            raise refusal("MUTA_005", "inExVat", "inExVat is required")
        if asked["inExVat"] not in ("IN", "EX"):
            raise refusal("MUT_017", "inExVat", "inExVat is invalid")
        ledger = books.ledgers.get(read_whole(asked.get("ledgerId"), "ledgerId", "MUTA_001"))
        if ledger is None:
            raise refusal("MUTA_001", "ledgerId", "The ledger is unknown")
        relation = self._named_relation(books, asked.get("relationId"), "relationId", "MUT_013")
        term = read_whole(asked["termOfPayment"], "termOfPayment", "MUT_016") if "termOfPayment" in asked else None
        if term is not None and (kind not in INVOICES or term < 0):
            raise refusal("MUT_016", "termOfPayment", "A term is not allowed here")
        if asked.get("checkPaymentReference") and texts["paymentReference"] in {
            mutation.reference for mutation in books.mutations.values() if mutation.reference
        }:
            raise refusal("MUTA_008", "paymentReference", "The payment reference is in use")
        lines = asked.get("rows")
        if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
            raise refusal("MUT_100", "rows", "Rows are required")
        includes_vat = asked["inExVat"] == "IN"
        return Mutation(
            0, kind, on, ledger, tuple(self._row(books, line, kind, on, includes_vat) for line in lines), relation,
            texts["invoiceNumber"], texts["entryNumber"], texts["description"],
            term, texts["paymentReference"], includes_vat,
        )  # fmt: skip

    def _row(self, books: Books, sent: JsonObject, kind: str, on: date, includes_vat: bool) -> Row:
        line = self._known(sent, set(_ROW), "rows.")
        code = vat_code(str(line.get("vatCode", "")), kind)
        amount = read_decimal(line.get("amount"), "rows.amount")
        rate = code.rate_on(on)
        if "vatAmount" in line and code.rate is not None:
            raise refusal("MUT_107", "rows.vatAmount", "Only with a divergent rate")
        net, vat = computed(amount, rate, includes_vat, f"ROUND_{self._package.options.vat_rounding.upper()}")
        if "vatAmount" in line:
            given = int(read_decimal(line["vatAmount"], "rows.vatAmount") * 100)
            net, vat = (net - given, given) if includes_vat else (net, given)
        ledger = self._row_ledger(books, line, kind)
        return Row(
            net + vat if includes_vat else net, net, vat, code, rate, ledger,
            read_whole(line.get("costCenterId", 0), "rows.costCenterId", "MUT_108"),
            read_text(line, "invoiceNumber", 50, "MUT_018"),
            self._named_relation(books, line.get("relationId"), "rows.relationId", "MUT_113"),
            read_text(line, "description", 200, "ERR_001"),
        )  # fmt: skip

    def _row_ledger(self, books: Books, line: JsonObject, kind: str) -> Ledger:
        """A payment's line may leave its account out: then it is the debtors', or the creditors'."""
        if "ledgerId" in line:
            found = books.ledgers.get(read_whole(line["ledgerId"], "rows.ledgerId", "MUT_104"))
        elif kind in PAYMENTS:
            found = books.ledger_of("DEB" if kind == "FactuurbetalingOntvangen" else "CRED")
        else:
            raise refusal("MUTA_004", "rows.ledgerId", "The ledger is required")
        if found is None:
            raise refusal("MUT_104", "rows.ledgerId", "The ledger is unknown")
        return found

    def _named_relation(self, books: Books, id: object, field: str, code: str) -> Relation | None:
        if id is None:
            return None
        found = books.relations.get(read_whole(id, field, code))
        if found is None:
            raise refusal(code, field, "The relation is unknown")
        return found

    def _list_open_items(self, call: Call) -> Response:
        side = call.query.get("credDeb")
        if side not in ("C", "D"):
            raise refusal("MUTA_006", "credDeb", "credDeb is required")
        found: list[JsonObject] = []
        books = self._books(call)
        items = books.open_items(SALE if side == "D" else PURCHASE)
        for item in books.ordered(items, lambda item: item.mutation.number):
            mutation, relation = item.mutation, item.mutation.relation
            found.append({
                "date": self._day(mutation.day), "mutationId": mutation.number + REST_OFFSET,
                "invoiceNumber": mutation.invoice_number, "relationId": relation.id if relation else None,
                "relationCode": relation.code if relation else None, "company": relation.name if relation else None,
                "totalAmount": in_euros(mutation.gross), "paidAmount": in_euros(item.paid),
                "outstandingAmount": in_euros(item.open),
            })  # fmt: skip
        page = self._page(call, {"invoiceNumber", "date", "relationId"}, frozenset({"credDeb"}))
        return json_response(page.of(found))

    def _day(self, on: date) -> str:
        return on.isoformat() + ("T00:00:00" if self._package.options.dates == "time" else "")

    def _mutation_wire(self, mutation: Mutation) -> JsonObject:
        """The whole, of which a list shows a part; what is empty is left out."""
        kind = KINDS.index(mutation.kind)
        vat: dict[str, int] = {}
        for row in mutation.rows:
            vat[row.vat_code.code] = vat.get(row.vat_code.code, 0) + row.vat
        content: JsonObject = {
            "id": mutation.number + REST_OFFSET,
            "type": str(kind) if self._package.options.type_form == "string" else kind,
            "date": self._day(mutation.day), "description": mutation.description, "termOfPayment": mutation.term,
            "ledgerId": mutation.ledger.id, "relationId": mutation.relation.id if mutation.relation else None,
            "inExVat": "IN" if mutation.includes_vat else "EX", "invoiceNumber": mutation.invoice_number,
            "entryNumber": mutation.entry_number, "amount": in_euros(mutation.gross),
            "rows": [row_wire(row) for row in mutation.rows],
            "vat": [{"vatCode": code, "amount": in_euros(amount)} for code, amount in vat.items()],
        }  # fmt: skip
        return filled(content)
