"""The invoicing module of the simulated e-Boekhouden.nl: documents of its own, booked when asked (AddFactuur).

Not the way for orders of a shop; the vendor points those to AddMutatie.
"""

from collections.abc import Callable, Mapping

from sandbox._eboekhouden_books import SALE, Books, Document, Mutation, Row
from sandbox._eboekhouden_chart import TEMPLATES
from sandbox._eboekhouden_fields import amount, day, double, moment, number, truth
from sandbox._eboekhouden_rules import MOST_ROWS, Refused, checked, computed, vat_code
from sandbox._eboekhouden_wire import Content, Malformed, Tree, records, text

_LINE_TEXTS = ("Eenheid", "Code", "Omschrijving", "BTWCode", "TegenrekeningCode")


def add_document(books: Books, sent: Tree) -> Document:
    """Make an invoice, and book it on the debtor account with the lowest code when it is asked for.

    Raises:
        Refused: CFACT026: the number is taken; the option's code: a field is missing or wrong.
    """

    def refused(why: str) -> Refused:
        return Refused(books.options.invoice_refusal, why)

    relation, lines = books.relation_with(text(sent, "Relatiecode")), records(sent, "Regels")
    try:
        on = day(sent, "Datum")
    except Malformed as error:
        raise refused("De datum is ongeldig") from error
    if relation is None or on is None:
        raise refused("De relatie is onbekend of de datum ontbreekt")
    if text(sent, "Factuursjabloon") not in TEMPLATES:
        raise refused("Het factuursjabloon is onbekend")
    if not 1 <= len(lines) <= MOST_ROWS:
        raise refused("Een factuur heeft 1 tot 100 regels")
    if any(not text(line, name) for line in lines for name in ("Code", "Omschrijving", "BTWCode", "TegenrekeningCode")):
        raise refused("Een regel mist Code, Omschrijving, BTWCode of TegenrekeningCode")
    rows = tuple(_row(books, line, refused) for line in lines)
    wanted, booked = text(sent, "Factuurnummer"), truth(sent, "InBoekhoudingPlaatsen")
    taken = {document.number for document in books.documents.values()}
    taken |= {mutation.invoice_number for mutation in books.mutations.values() if mutation.kind == SALE}
    if len(wanted) > 50:
        raise refused("Het factuurnummer is te lang")
    if wanted in taken:
        raise Refused("CFACT026", f"Factuurnummer {wanted} is niet beschikbaar")
    document = Document(
        0, wanted or books.free_document_number(), relation, on, number(sent, "Betalingstermijn"),
        sum(row.net for row in rows), sum(row.vat for row in rows), [_kept(line) for line in lines],
    )  # fmt: skip
    if booked:
        debtors, description = books.ledger_of("DEB"), text(sent, "BoekhoudmutatieOmschrijving")
        if debtors is None or not description:
            raise refused("De omschrijving voor de boekhouding ontbreekt")
        draft = Mutation(0, SALE, on, debtors, rows, relation, document.number, "", description, document.term)
        books.book(checked(draft, books))
    return books.add_document(document)


def _row(books: Books, line: Tree, refused: Callable[[str], Refused]) -> Row:
    ledger = books.ledger_with(text(line, "TegenrekeningCode"))
    if ledger is None:
        raise refused("De tegenrekening is onbekend")
    code = vat_code(text(line, "BTWCode"), SALE)
    rate = code.rate_on(books.today)
    net, vat = computed(amount(line, "Aantal") * amount(line, "PrijsPerEenheid"), rate, False)
    return Row(net, net, vat, code, rate, ledger, number(line, "KostenplaatsID"))


def _kept(line: Tree) -> Mapping[str, str]:
    texts = {name: text(line, name) for name in _LINE_TEXTS}
    return texts | {name: text(line, name) or "0" for name in ("Aantal", "PrijsPerEenheid", "KostenplaatsID")}


def document_wire(document: Document, books: Books) -> Content:
    """A document as GetFacturen lists it; what is open is known only of those that are booked."""
    gross = document.net + document.vat
    booked = next(
        (found for found in books.invoices_with(document.number, SALE) if found.relation is document.relation), None
    )
    return {
        "Factuurnummer": document.number, "Relatiecode": document.relation.code, "Datum": moment(document.day),
        "Betalingstermijn": document.term, "TotaalExclBTW": double(document.net), "TotaalBTW": double(document.vat),
        "TotaalInclBTW": double(gross), "TotaalOpenstaand": double(books.open_item(booked).open if booked else gross),
        "URLPDFBestand": f"https://voorbeeld.example/{document.id}.pdf", "Regels": document.lines,
    }  # fmt: skip
