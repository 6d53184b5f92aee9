"""What the simulated e-Boekhouden.nl refuses to book, with the codes of both interfaces.

The codes are the vendor's. Which code goes with which check is as the manual and the field tables tell; where one
code stands for several checks, or none is named for one, the choice is ours and stands beside the check.
"""

from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sandbox._eboekhouden_books import (
    CUSTOMER_PAID,
    INVOICES,
    JOURNAL,
    PAYMENTS,
    PURCHASE,
    SALE,
    Books,
    Mutation,
    Row,
    cents,
)
from sandbox._eboekhouden_chart import COST_CENTRES, VAT_CODES, VatCode

FIRST_DAY, LAST_DAY = date(1980, 1, 1), date(2049, 12, 31)
MOST_ROWS = 100
MOST = 10**12
"""Amounts and numbers of pieces stay below."""


class Refused(Exception):
    """The package does not do it: the SOAP code and a text in Dutch; where REST may ask, its code and property."""

    def __init__(self, soap: str, text: str, rest: str = "", field: str = "") -> None:
        super().__init__(soap, text)
        self.soap, self.text, self.rest, self.field = soap, text, rest, field


def check_amounts(row: Row, gross: int, day: date, includes_vat: bool, books: Books) -> None:
    """Whether the four amounts and the percentage of a SOAP line agree; ``gross`` as it was given.

    Raises:
        Refused: CMUT010: the sum is wrong, or the entered amount is neither of its two; CMUT010.1 or CMUT011: VAT
            is not the percentage of net, or the percentage not the code's.
    """
    options = books.options
    if row.net + row.vat != gross:
        raise Refused("CMUT010", "Bedrag exclusief BTW plus BTW is niet gelijk aan bedrag inclusief BTW")
    if row.entered != (row.gross if includes_vat else row.net):
        raise Refused("CMUT010", "BedragInvoer komt niet overeen met InExBTW")
    if options.percentage_check == "refuse" and not row.vat_code.allows(row.percentage, day):
        raise Refused(options.vat_mismatch, "Het BTW-percentage hoort niet bij de BTW-code")
    # A code of which the VAT is the buyer's may name its rate, but the document bears none.
    percentage = row.percentage if row.vat_code.charged else Decimal(0)
    difference = abs(Decimal(row.net) * percentage / 100 - row.vat) / 100
    if difference > options.vat_tolerance:
        raise Refused(options.vat_mismatch, "Het BTW-bedrag komt niet overeen met het percentage")


def computed(
    amount: Decimal, percentage: Decimal, includes_vat: bool, rounding: str = ROUND_HALF_UP
) -> tuple[int, int]:
    """Net and VAT of an amount as the package works them out: the entered amount stays, the other moves."""
    entered = cents(amount)
    if includes_vat:
        vat = cents(Decimal(entered) * percentage / (100 + percentage) / 100, rounding)
        return entered - vat, vat
    return entered, cents(Decimal(entered) * percentage / 10_000, rounding)


def vat_code(code: str, kind: str) -> VatCode:
    """The VAT code of a line.

    Raises:
        Refused: CMUT033: there is no such code; CMUT011: not on this side of the books.
    """
    found = VAT_CODES.get(code)
    if found is None:
        raise Refused("CMUT033", f"BTW-code {code!r} is onbekend", "MUT_106", "rows.vatCode")
    wrong_side = {SALE: "purchases", PURCHASE: "sales"}.get(kind)
    if found.direction == wrong_side or (kind in PAYMENTS and code != "GEEN"):
        raise Refused("CMUT011", f"BTW-code {code} kan niet bij deze soort mutatie", "MUT_106", "rows.vatCode")
    return found


def check_day(day: date, books: Books) -> None:
    """Raises Refused: out of the package's range, or in the closed period."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Refused("CMUT004", "De datum is ongeldig", "MUT_003", "date")
    if books.options.closed_until is not None and day <= books.options.closed_until:
        raise Refused("CMUT020", "De periode is afgesloten", books.options.closed_code, "date")


def checked(draft: Mutation, books: Books) -> Mutation:
    """The draft as it may be booked: a payment's lines bear its invoice and relation.

    Raises:
        Refused: see the codes beside the checks.
    """
    check_day(draft.day, books)
    if not 1 <= len(draft.rows) <= MOST_ROWS:
        raise Refused("CMUT006", "Een mutatie heeft 1 tot 100 regels", "MUT_100", "rows")
    _check_ledgers(draft)
    for row in draft.rows:
        if row.cost_centre and row.cost_centre not in {id for id, _, _ in COST_CENTRES}:
            raise Refused("CMUT032", "De kostenplaats is onbekend", "MUT_108", "rows.costCenterId")  # code INFERRED
    if draft.kind in INVOICES:
        _check_invoice(draft, books)
    if draft.kind in PAYMENTS:
        draft = _linked(draft, books)
    return draft


def _check_ledgers(draft: Mutation) -> None:
    own = draft.ledger.category
    if draft.kind == SALE and own != "DEB":
        raise Refused("CMUT016", "De rekening moet van categorie Debiteuren zijn", "MUT_007", "ledgerId")
    if draft.kind == PURCHASE and own != "CRED":
        raise Refused("CMUT015", "De rekening moet van categorie Crediteuren zijn", "MUT_007", "ledgerId")
    if draft.kind not in (*INVOICES, JOURNAL) and own != "FIN":
        raise Refused("CMUT001.1", "De rekening moet van categorie Liquide middelen zijn", "MUT_007", "ledgerId")
    for row in draft.rows:
        category = row.ledger.category
        if draft.kind in PAYMENTS:
            if category != ("DEB" if draft.kind == CUSTOMER_PAID else "CRED"):
                code = "CMUT027" if draft.kind == CUSTOMER_PAID else "CMUT028"
                raise Refused(code, "De tegenrekening heeft de verkeerde categorie", "MUT_106", "rows.ledgerId")
        elif draft.kind != JOURNAL and category in ("FIN", "DEB", "CRED"):
            raise Refused("CMUT012", "De tegenrekening heeft een ongeldige categorie", "MUT_106", "rows.ledgerId")


def _check_invoice(draft: Mutation, books: Books) -> None:
    """Number, relation, term, and whether the number is free."""
    if not draft.invoice_number:
        raise Refused("CMUT013", "Het factuurnummer ontbreekt", "MUT_002", "invoiceNumber")
    if draft.relation is None:
        raise Refused("CMUT014", "De relatie ontbreekt", "MUT_012", "relationId")
    if draft.gross < 0 and books.options.negative_invoices == "refuse":
        raise Refused("CMUT010", "Een factuur kan niet negatief zijn", "MUT_104", "rows.amount")  # codes INFERRED
    sale, options = draft.kind == SALE, books.options
    scope = options.sales_number if sale else options.purchase_number
    for other in books.invoices_with(draft.invoice_number, draft.kind):
        if scope == "administration" or other.relation is draft.relation:
            code = "CMUT019" if scope == "administration" else "CMUT018"
            rest = "MUT_019" if sale else options.purchase_duplicate
            raise Refused(code, f"Factuurnummer {draft.invoice_number} bestaat al", rest, "invoiceNumber")


def _linked(draft: Mutation, books: Books) -> Mutation:
    """A payment with every line tied to its invoice: the line's own (REST), or the whole payment's (SOAP)."""
    rows = [
        replace(row, invoice_number=row.invoice_number or draft.invoice_number, relation=row.relation or draft.relation)
        for row in draft.rows
    ]
    for row in rows:
        if not row.invoice_number:
            raise Refused("CMUT023", "Het factuurnummer ontbreekt", "MUT_120", "rows.invoiceNumber")
        if row.relation is None:
            raise Refused("CMUT024", "De relatie ontbreekt", "MUT_112", "rows.relationId")
        invoice = books.invoice_for(row.invoice_number, row.relation, draft.kind)
        if invoice is None:
            raise Refused("CMUT026", "De betaling kan niet worden gekoppeld", "MUT_115", "rows.invoiceNumber")
        open = books.open_item(invoice).open
        if books.options.overpayment == "refuse" and abs(row.gross) > abs(open):
            raise Refused("CMUT026", "Er staat minder open", "MUT_115", "rows.amount")
    return replace(draft, rows=tuple(rows))
