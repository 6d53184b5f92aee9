"""The SOAP interface of the simulated e-Boekhouden.nl: sessions, relations, mutations, lists.

Refusals are error objects in answers of status 200; only what is not a well-formed request gets a fault.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import TypeVar
from uuid import NAMESPACE_URL, uuid5

from starlette.responses import Response

from sandbox._app import Call, Refusal, Route, route
from sandbox._eboekhouden import SOAP, EBoekhouden, Session
from sandbox._eboekhouden_books import INVOICES, PAYMENTS, PURCHASE, SALE, Books, Mutation, Relation, Row, cents, euros
from sandbox._eboekhouden_chart import ARTICLES, COST_CENTRES, VAT_CODES, WRITABLE_CATEGORIES
from sandbox._eboekhouden_documents import add_document, document_wire
from sandbox._eboekhouden_fields import (
    LINE,
    MUTATION,
    RELATION,
    RELATION_UPDATE,
    amount,
    booking_day,
    day,
    double,
    limited,
    limited_all,
    moment,
    mutation_wire,
    number,
    relation_wire,
)
from sandbox._eboekhouden_rules import FIRST_DAY, MOST_ROWS, Refused, check_amounts, checked, vat_code
from sandbox._eboekhouden_wire import (
    ENVELOPES,
    NIL,
    SOAP_11,
    SOAP_12,
    Content,
    Malformed,
    Request,
    Tree,
    answer,
    fault,
    read,
    record,
    records,
    text,
)
from sandbox._eboekhouden_wsdl import result_fields, wsdl

PATH = "/soap.asmx"
Operation = Callable[[Books, Tree], Content]
T = TypeVar("T")


class Soap:
    """The operations, on whichever administration the session opens."""

    def __init__(self, package: EBoekhouden) -> None:
        self._package = package
        self._opening: Mapping[str, Callable[[Tree], Content]] = {
            "OpenSession": self._open_session,
            "OpenSessionSub": self._open_session_sub,
            "CloseSession": self._close_session,
        }
        self._operations: Mapping[str, Operation] = {
            "AutoLogin": lambda books, sent: {"Token": uuid5(NAMESPACE_URL, text(sent, "SessionID")).hex},
            "GetGrootboekrekeningen": self._get_ledgers,
            "AddGrootboekrekening": self._add_ledger,
            "UpdateGrootboekrekening": self._update_ledger,
            "GetKostenplaatsen": self._get_cost_centres,
            "GetRelaties": self._get_relations,
            "AddRelatie": self._add_relation,
            "UpdateRelatie": self._update_relation,
            "GetArtikelen": self._get_articles,
            "AddMutatie": self._add_mutation,
            "GetMutaties": self._get_mutations,
            "GetOpenPosten": self._get_open_items,
            "AddFactuur": lambda books, sent: {"Factuurnummer": add_document(books, record(sent, "oFact")).number},
            "GetFacturen": self._get_documents,
            "GetSaldo": self._get_balance,
            "GetSaldi": self._get_balances,
        }

    def routes(self) -> Sequence[Route]:
        return [route("POST", PATH, self._call), route("GET", PATH, self._describe)]

    def guard(self, call: Call) -> None:
        """Nothing: access is by the session in the envelope."""

    def _describe(self, call: Call) -> Response:
        if "wsdl" not in {name.lower() for name in call.query}:
            raise Refusal(200, "<html><body><h1>soapApp</h1><p>Service Description</p></body></html>")
        # Always http, as the vendor's own: whoever loads it has to insist on https.
        address = f"http://{call.headers.get('host', 'soap.e-boekhouden.nl')}{PATH}"
        return Response(wsdl(address), media_type="text/xml")

    def _call(self, call: Call) -> Response:
        content_type = call.headers.get("content-type", "")
        envelope = SOAP_12 if content_type.startswith(ENVELOPES[SOAP_12]) else SOAP_11
        try:
            request = read(call.body, content_type, _action(call), time_part=self._package.options.time_part)
            content = self._answer(request)
        except Malformed as error:
            return Response(fault(envelope, str(error)), 500, media_type=ENVELOPES[envelope])
        return Response(answer(envelope, request.operation, content), media_type=ENVELOPES[envelope])

    def _answer(self, request: Request) -> Content:
        """The result; of a refusal the error object and zeros."""
        name, sent = request.operation, request.content
        plain = result_fields(name)[0].name != "ErrorMsg"
        error = {"LastErrorCode": "", "LastErrorDescription": ""}
        content: Content = {}
        try:
            if opening := self._opening.get(name):
                content = opening(sent)
            elif name == "GetAdministraties":
                content = self._get_administrations(self._session(sent))
            else:
                content = self._operations[name](self._session(sent).books, sent)
        except Refused as refused:
            error = {"LastErrorCode": refused.soap, "LastErrorDescription": refused.text}
            content = {field.name: "0" for field in result_fields(name) if field.required}
        if name == "CloseSession":
            return {}
        return error if plain else {"ErrorMsg": error, **content}

    def _listed(self, found: Sequence[Content]) -> object:
        """The container of a list; of an empty one what the options say."""
        return found or {"absent": None, "nil": NIL, "empty": found}[self._package.options.empty_result]

    # Sessions

    def _open_session(self, sent: Tree) -> Content:
        user = self._user(sent)
        return {"SessionID": self._package.open_session(self._package.administrations[user], user, SOAP)}

    def _open_session_sub(self, sent: Tree) -> Content:
        user, guid = self._user(sent), text(sent, "AdministratieGUID")
        if user not in self._package.options.accountants:
            raise Refused("E002.5", "U bent geen accountant")
        for books in self._package.administrations.values():
            if books.guid == guid:
                return {"SessionID": self._package.open_session(books, user, SOAP)}
        raise Refused("E001.2", "Geen administratie gevonden")

    def _close_session(self, sent: Tree) -> Content:
        if session := self._package.sessions.get(text(sent, "SessionID")):
            session.closed = True
        return {}

    def _user(self, sent: Tree) -> str:
        user = text(sent, "Username")
        given = text(sent, "SecurityCode1"), text(sent, "SecurityCode2")
        known = user in self._package.administrations and user not in self._package.options.revoked
        if not known or given[0] != f"{user}-code1" or len(text(sent, "Source")) > 15:
            raise Refused("E001.1", "De sessiegegevens zijn onjuist")
        if given[1] != f"{user}-code2":
            raise Refused("E001.3", "Beveiligingscode 2 is onjuist")
        return user

    def _session(self, sent: Tree) -> Session:
        id = text(sent, "SessionID")
        if len(id) != 38:
            raise Refused("E002.1", "Het sessie-id is ongeldig")
        session = self._package.sessions.get(id)
        if session is None or session.interface != SOAP:
            raise Refused("E002.2", "De sessie is niet gevonden")
        if session.closed:
            raise Refused("E002.4", "De sessie is al gesloten")
        if not self._package.lives(session):
            raise Refused("E002.3", "De sessie is verlopen")
        if text(sent, "SecurityCode2") != f"{session.user}-code2":
            raise Refused("E001.3", "Beveiligingscode 2 is onjuist")
        if session.user in self._package.options.forbidden:
            raise Refused("E001.5", "U heeft hiervoor geen rechten")
        return session

    def _get_administrations(self, session: Session) -> Content:
        if session.user not in self._package.options.accountants:
            raise Refused("E002.5", "U bent geen accountant")
        found = [
            {"Bedrijf": books.company, "Plaats": "Utrecht", "Guid": books.guid, "StartBoekjaar": "01-01"}
            for books in self._package.administrations.values()
        ]
        return {"Administraties": self._listed(found)}

    # Accounts, cost centres, articles

    def _get_ledgers(self, books: Books, sent: Tree) -> Content:
        asked = record(sent, "cFilter")
        id, code, category = number(asked, "ID"), text(asked, "Code"), text(asked, "Categorie")
        found = [
            {"ID": ledger.id, "Code": ledger.code, "Omschrijving": ledger.description, "Categorie": ledger.category,
             "Groep": ledger.group}
            for ledger in books.ledgers.values()
            if id in (0, ledger.id) and code in ("", ledger.code) and category in ("", ledger.category)
        ]  # fmt: skip
        return {"Rekeningen": self._listed(found)}

    def _ledger_texts(self, sent: Tree) -> dict[str, str]:
        limits = {"Code": (10, "CGB003"), "Omschrijving": (100, "CGB002"), "Categorie": (10, "CGB006")}
        texts = limited_all(record(sent, "oGb"), limits, truncate=self._package.options.overlong == "truncate")
        for name, code in (("Omschrijving", "CGB002"), ("Code", "CGB003"), ("Categorie", "CGB005")):
            if not texts[name]:
                raise Refused(code, f"{name} ontbreekt")
        if texts["Categorie"] not in WRITABLE_CATEGORIES:
            raise Refused("CGB006", "De categorie is ongeldig")
        return texts

    def _add_ledger(self, books: Books, sent: Tree) -> Content:
        texts = self._ledger_texts(sent)
        if books.ledger_with(texts["Code"]):
            raise Refused("CGB001", "De code is al in gebruik")
        ledger = books.add_ledger(texts["Code"], texts["Omschrijving"], texts["Categorie"], "VW")
        return {"Gb_ID": ledger.id}

    def _update_ledger(self, books: Books, sent: Tree) -> Content:
        texts = self._ledger_texts(sent)
        ledger, other = books.ledgers.get(number(record(sent, "oGb"), "ID")), books.ledger_with(texts["Code"])
        if ledger is None or other not in (None, ledger):
            raise Refused("CGB001" if ledger else "CGB003", "De rekening is onbekend of de code in gebruik")
        ledger.code, ledger.description, ledger.category = texts["Code"], texts["Omschrijving"], texts["Categorie"]
        return {}

    def _get_cost_centres(self, books: Books, sent: Tree) -> Content:
        asked = record(sent, "cFilter")
        id, above, name = (
            number(asked, "KostenplaatsID"), number(asked, "KostenplaatsParentID"), text(asked, "Omschrijving"),
        )  # fmt: skip
        found = [
            {"KostenplaatsId": own, "Omschrijving": description, "KostenplaatsParentId": parent}
            for own, description, parent in COST_CENTRES
            if id in (0, own) and above in (0, parent) and name in description
        ]
        return {"Kostenplaatsen": self._listed(found)}

    def _get_articles(self, books: Books, sent: Tree) -> Content:
        asked = record(sent, "cFilter")
        id, code, name = number(asked, "ArtikelID"), text(asked, "ArtikelCode"), text(asked, "ArtikelOmschrijving")
        found = []
        for article in ARTICLES:
            if id in (0, article.id) and code in ("", article.code) and name in article.description:
                rate = VAT_CODES[article.vat_code].rate_on(books.today)
                found.append({
                    "ArtikelID": article.id, "ArtikelOmschrijving": article.description, "ArtikelCode": article.code,
                    "Eenheid": article.unit, "InkoopprijsExclBTW": euros(article.purchase),
                    "VerkoopprijsExclBTW": euros(article.sale),
                    "VerkoopprijsInclBTW": euros(cents(article.sale * (100 + rate) / 10_000)),
                    "BTWCode": article.vat_code, "TegenrekeningCode": article.ledger_code,
                    "BtwPercentage": f"{rate:.2f}", "KostenplaatsID": 0, "Actief": "true",
                })  # fmt: skip
        return {"Artikelen": self._listed(found)}

    # Relations

    def _refused_relation(self, why: str) -> Refused:
        return Refused(self._package.options.relation_refusal, why)

    def _relation_texts(self, sent: Tree, limits: Mapping[str, int]) -> dict[str, str]:
        options = self._package.options
        texts = {
            name: limited(sent, name, length, options.relation_refusal, truncate=options.overlong == "truncate")
            for name, length in limits.items()
        }
        for name in ("Code", "Bedrijf", "BP"):
            if not texts[name]:
                raise self._refused_relation(f"{name} ontbreekt")
        if texts["BP"] not in ("B", "P") or texts["Geslacht"] not in ("", "m", "v"):
            raise self._refused_relation("BP of Geslacht is ongeldig")
        return texts

    def _add_relation(self, books: Books, sent: Tree) -> Content:
        texts = self._relation_texts(record(sent, "oRel"), RELATION)
        if books.relation_with(texts["Code"]):
            raise self._refused_relation("De code is al in gebruik")
        return {"Rel_ID": books.add_relation(texts).id}

    def _update_relation(self, books: Books, sent: Tree) -> Content:
        asked = record(sent, "oRel")
        relation, texts = books.relations.get(number(asked, "ID")), self._relation_texts(asked, RELATION_UPDATE)
        if relation is None:
            raise self._refused_relation("De relatie is onbekend")
        if books.relation_with(texts["Code"]) not in (None, relation):
            raise self._refused_relation("De code is al in gebruik")
        given = {name: value for name, value in texts.items() if value}
        clears = self._package.options.update_clears
        kept = {name: value for name, value in relation.fields.items() if not clears or name not in RELATION}
        relation.fields = kept | given
        return {}

    def _get_relations(self, books: Books, sent: Tree) -> Content:
        asked = record(sent, "cFilter")
        id, code, wanted = number(asked, "ID"), text(asked, "Code"), text(asked, "Trefwoord").casefold()
        found = [
            relation
            for relation in books.relations.values()
            if id in (0, relation.id) and code in ("", relation.code) and _has_keyword(relation, wanted)
        ]
        ordered = books.ordered(self._capped(found), lambda relation: relation.id)
        return {"Relaties": self._listed([relation_wire(relation) for relation in ordered])}

    def _capped(self, found: Sequence[T]) -> Sequence[T]:
        return found[: self._package.options.list_cap or None]

    # Mutations

    def _add_mutation(self, books: Books, sent: Tree) -> Content:
        asked, options = record(sent, "oMut"), self._package.options
        texts = limited_all(asked, MUTATION, truncate=options.overlong == "truncate")
        kind, on, lines = text(asked, "Soort"), booking_day(asked), records(asked, "MutatieRegels")
        if kind in ("", "OpeningsSaldo"):
            raise Refused("CMUT008", "De soort is onbekend")
        ledger, relation = books.ledger_with(texts["Rekening"]), books.relation_with(texts["RelatieCode"])
        if ledger is None:
            raise Refused("CMUT001", f"Rekening {texts['Rekening']!r} is onbekend")
        if texts["RelatieCode"] and relation is None:
            code = "CMUT025" if kind in PAYMENTS else "CMUT017"
            raise Refused(code, f"Relatie {texts['RelatieCode']!r} is onbekend")
        if not texts["Omschrijving"]:
            raise Refused("CMUT005", "De omschrijving ontbreekt")
        if texts["InExBTW"] not in ("IN", "EX"):
            raise Refused("CMUT003.1" if texts["InExBTW"] else "CMUT003", "InExBTW ontbreekt of is ongeldig")
        term = texts["Betalingstermijn"]
        if (kind in INVOICES or term) and not (term.isascii() and term.isdigit()):
            raise Refused("CMUT014", "De betalingstermijn ontbreekt of is ongeldig")
        if not 1 <= len(lines) <= MOST_ROWS:
            raise Refused("CMUT006", "Een mutatie heeft 1 tot 100 regels")
        if kind in options.single_line and len(lines) > 1:
            raise Refused("CMUT021", "Deze soort mutatie mag maar één regel hebben")
        includes_vat = texts["InExBTW"] == "IN"
        draft = Mutation(
            0, kind, on, ledger, tuple(self._row(line, kind, on, includes_vat, books) for line in lines), relation,
            texts["Factuurnummer"], texts["Boekstuk"], texts["Omschrijving"], int(term) if term else None,
            texts["Betalingskenmerk"], includes_vat,
        )  # fmt: skip
        return {"Mutatienummer": books.book(checked(draft, books)).number}

    def _row(self, line: Tree, kind: str, on: date, includes_vat: bool, books: Books) -> Row:
        texts = limited_all(line, LINE, truncate=self._package.options.overlong == "truncate")
        code, ledger = vat_code(texts["BTWCode"], kind), books.ledger_with(texts["TegenrekeningCode"])
        if ledger is None:
            raise Refused("CMUT012", f"Tegenrekening {texts['TegenrekeningCode']!r} is onbekend")
        entered, net, vat, gross = (
            cents(amount(line, name)) for name in ("BedragInvoer", "BedragExclBTW", "BedragBTW", "BedragInclBTW")
        )
        percentage = amount(line, "BTWPercentage")
        row = Row(entered, net, vat, code, percentage, ledger, number(line, "KostenplaatsID"))
        check_amounts(row, gross, on, includes_vat, books)
        return row

    def _get_mutations(self, books: Books, sent: Tree) -> Content:
        options, asked = self._package.options, record(sent, "cFilter")
        since, until = day(asked, "DatumVan") or date.min, day(asked, "DatumTm") or date.max
        month = books.today.strftime("%Y-%m")
        if options.monthly_calls and books.listings[month] >= options.monthly_calls:
            raise Refused("E003.1", "Het maximum aantal aanroepen van deze maand is bereikt")
        books.listings[month] += 1
        exact, first, last = (number(asked, name) for name in ("MutatieNr", "MutatieNrVan", "MutatieNrTm"))
        invoice = text(asked, "Factuurnummer")
        found = [
            mutation
            for mutation in books.mutations.values()
            if exact in (0, mutation.number)
            and first <= mutation.number <= (last or mutation.number)
            and since <= mutation.day <= until
            and (not invoice or invoice in {mutation.invoice_number, *(row.invoice_number for row in mutation.rows)})
        ][-options.mutation_window :]
        ordered = books.ordered(found, lambda mutation: mutation.number)
        named = options.payment_header
        return {"Mutaties": self._listed([mutation_wire(mutation, payment_header=named) for mutation in ordered])}

    def _get_open_items(self, books: Books, sent: Tree) -> Content:
        items = self._capped(books.open_items(SALE if text(sent, "OpSoort") == "Debiteuren" else PURCHASE))
        found: list[Content] = []
        for item in books.ordered(items, lambda item: item.mutation.number):
            relation = item.mutation.relation
            found.append({
                "MutDatum": moment(item.mutation.day), "MutFactuur": item.mutation.invoice_number,
                "RelCode": relation.code if relation else "", "RelBedrijf": relation.name if relation else "",
                "Bedrag": self._double(item.mutation.gross), "Voldaan": self._double(item.paid),
                "Openstaand": self._double(item.open),
            })  # fmt: skip
        return {"Openposten": self._listed(found)}

    def _get_documents(self, books: Books, sent: Tree) -> Content:
        asked = record(sent, "cFilter")
        wanted, code = text(asked, "Factuurnummer"), text(asked, "Relatiecode")
        since, until = day(asked, "DatumVan") or date.min, day(asked, "DatumTm") or date.max
        found = [
            document_wire(document, books)
            for document in books.documents.values()
            if wanted in ("", document.number) and code in ("", document.relation.code)
            and since <= document.day <= until
        ]  # fmt: skip
        return {"Facturen": self._listed(found)}

    # Balances

    def _double(self, in_cents: int) -> str:
        return double(in_cents, noisy=self._package.options.doubles == "noisy")

    def _movement(self, books: Books, asked: Tree) -> Mapping[str, int]:
        since, until = day(asked, "DatumVan") or date.min, day(asked, "DatumTot") or date.max
        if self._package.options.balance_until == "exclusive" and FIRST_DAY < until < date.max:
            until -= timedelta(days=1)
        return books.balances(since, until, number(asked, "KostenPlaatsId"))

    def _get_balance(self, books: Books, sent: Tree) -> Content:
        asked = record(sent, "cFilter")
        code = text(asked, "GbCode")
        if books.ledger_with(code) is None:
            raise Refused("CGB003", f"Rekening {code!r} is onbekend")
        return {"Saldo": self._double(self._movement(books, asked)[code])}

    def _get_balances(self, books: Books, sent: Tree) -> Content:
        asked = record(sent, "cFilter")
        category, totals = text(asked, "Categorie"), self._movement(books, asked)
        found = [
            {"ID": ledger.id, "Code": ledger.code, "Categorie": ledger.category,
             "Saldo": self._double(totals[ledger.code])}
            for ledger in books.ledgers.values()
            if category in ("", ledger.category)
        ]  # fmt: skip
        return {"Saldi": self._listed(found)}


def _action(call: Call) -> str:
    """The operation's address: a header in SOAP 1.1, a parameter of the content type in SOAP 1.2."""
    if (header := call.headers.get("soapaction")) is not None:
        return header.strip('"')
    for parameter in call.headers.get("content-type", "").split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "action":
            return value.strip('"')
    return ""


def _has_keyword(relation: Relation, wanted: str) -> bool:
    names = ("Code", "Bedrijf", "Plaats", "Contactpersoon", "Email", "BP")
    return not wanted or any(wanted in relation.fields.get(name, "").casefold() for name in names)
