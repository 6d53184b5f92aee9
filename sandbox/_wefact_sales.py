"""The sales invoices of an administration of the simulated WeFact: drafts, numbers, statuses, credits, payments."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from sandbox._wefact_fields import (
    Refused,
    Sent,
    read_choice,
    read_day,
    read_flag,
    read_text,
    read_whole,
)
from sandbox._wefact_lines import Lines, read_percentage
from sandbox._wefact_options import WefactOptions
from sandbox._wefact_payments import Payment, is_settled, read_part, read_payment, refuse_twice
from sandbox._wefact_register import Record, Register, Surroundings
from sandbox._wefact_totals import ZERO, Line, Terms, Totals, totals_for

CONCEPT, SENT, PARTLY_PAID, PAID, CREDIT, LAPSED = 0, 2, 3, 4, 8, 9

#: The addressee as he was that day.
SNAPSHOT = (
    "CompanyName", "TaxNumber", "Sex", "Initials", "SurName", "Address", "ZipCode", "City", "Country", "EmailAddress",
)  # fmt: skip
_FREE = {"ReferenceNumber": "", "Coupon": "", "TransactionID": "", "Description": "", "Comment": "",
         "Authorisation": "no", "IgnoreDiscount": "no"}  # fmt: skip
_FROM_DEBTOR = (*SNAPSHOT, "InvoiceMethod", "LanguageCode", "Currency")
_DEFAULT_TERM = 14


@dataclass(eq=False)
class SalesInvoice:
    """``terms``, ``lines`` → ``totals``; ``payments`` → ``status``. ``case`` labels generated ones.

    ``own_code``: its maker chose the code, so sending gives it no other. ``credits`` and ``credited_by`` are codes.
    """

    id: int
    code: str
    debtor: Record
    fields: dict[str, str]
    lines: tuple[Line, ...]
    terms: Terms
    day: date
    term: int
    status: int
    totals: Totals
    created_at: datetime
    modified_at: datetime
    sub_status: str = ""
    sent: int = 0
    sent_on: date | None = None
    payments: list[Payment] = field(default_factory=list)
    credits: str = ""
    credited_by: str = ""
    case: str = ""
    own_code: bool = False

    @property
    def paid(self) -> Decimal:
        return sum((payment.amount for payment in self.payments), ZERO)

    @property
    def open(self) -> Decimal:
        return self.totals.gross - self.paid

    @property
    def settled(self) -> bool:
        return is_settled(self.payments, self.totals.gross, self.open)

    @property
    def paid_on(self) -> date | None:
        return self.payments[-1].paid_on if self.payments else None


class Sales:
    """All sales invoices of one administration. What an action refuses it refuses with Refused."""

    def __init__(self, around: Surroundings, debtors: Register, lines: Lines) -> None:
        self.invoices: dict[int, SalesInvoice] = {}
        self._around = around
        self._debtors = debtors
        self._lines = lines
        self._codes: dict[str, SalesInvoice] = {}
        self._last_id = 0
        self._numbers: dict[str, int] = {}

    @property
    def _options(self) -> WefactOptions:
        return self._around.options

    def find(self, sent: Sent) -> SalesInvoice:
        if sent.get("Identifier") not in (None, ""):
            name = read_text("Identifier", sent["Identifier"])
            found = self.invoices.get(read_whole("Identifier", name))
        else:
            name = read_text("InvoiceCode", sent.get("InvoiceCode"))
            found = self._codes.get(name)
        if found is None:
            raise Refused(f"Factuur {name} niet gevonden")
        return found

    def create(self, sent: Sent, case: str = "") -> SalesInvoice:
        """A draft; with an ``InvoiceCode`` of the sender's own it keeps that."""
        if "Identifier" in sent:
            raise Refused("Een Identifier is niet toegestaan voor deze actie")
        debtor = self._debtors.find(sent, "Debtor")
        code = read_text("InvoiceCode", sent.get("InvoiceCode"))
        if code in self._codes and self._options.duplicate_code == "refuse":
            raise Refused(f"Factuurnummer {code} is al in gebruik.")
        day, now = read_day("Date", sent.get("Date")) or self._around.today(), self._around.now()
        fields = {**_FREE, **{name: debtor.fields[name] for name in _FROM_DEBTOR}}
        term = int(debtor.fields["InvoiceTerm"])
        invoice = SalesInvoice(
            self._last_id + 1, code, debtor, fields, (), Terms(), day, _DEFAULT_TERM if term < 0 else term,
            CONCEPT, self._totals((), Terms()), now, now, case=case, own_code=bool(code),
        )  # fmt: skip
        self.change(invoice, sent)
        if not invoice.lines:
            raise Refused("U dient minimaal één factuurregel op te geven.")
        self._last_id = invoice.id
        self.invoices[invoice.id] = invoice
        self._name(invoice, code or self._next(self._options.concept_code, day))
        return invoice

    def change(self, invoice: SalesInvoice, sent: Sent) -> None:
        """Change what was sent, and compute the totals and the status anew."""
        if invoice.status == LAPSED:
            raise Refused(f"Factuur {invoice.code} is vervallen.")
        day = read_day("Date", sent.get("Date", "")) or invoice.day
        term = read_whole("Term", sent.get("Term", invoice.term))
        terms = _read_terms(sent, invoice.terms)
        lines = self._lines.sale(sent["InvoiceLines"], invoice.lines, day) if "InvoiceLines" in sent else invoice.lines
        texts = {name: read_text(name, value) for name, value in sent.items() if name in invoice.fields}
        for flag in {"Authorisation", "IgnoreDiscount"} & texts.keys():
            texts[flag] = "yes" if read_flag(flag, texts[flag]) else "no"
        invoice.day, invoice.term, invoice.terms, invoice.lines = day, term, terms, lines
        invoice.fields = {**invoice.fields, **texts}
        self._recompute(invoice)

    def remove_lines(self, invoice: SalesInvoice, ids: set[int]) -> None:
        """Take lines off an invoice."""
        if not ids <= {line.id for line in invoice.lines}:
            raise Refused("Invalid value for 'InvoiceLines[0].Identifier'")
        invoice.lines = tuple(line for line in invoice.lines if line.id not in ids)
        self._recompute(invoice)

    def send(self, invoice: SalesInvoice) -> None:
        """Send; a draft becomes final and gets its number."""
        if invoice.status == CONCEPT:
            self._finalise(invoice)
        invoice.sent += 1
        invoice.sent_on = self._around.today()
        self._touch(invoice)

    def delete(self, invoice: SalesInvoice, *, final: bool = False) -> None:
        """Remove a draft; a final invoice only where ``final`` allows it (as a person can)."""
        if invoice.status != CONCEPT and not final:
            raise Refused(f"Factuur {invoice.code} is geen concept en kan niet verwijderd worden.")
        del self.invoices[invoice.id]
        self._forget_code(invoice)

    def credit(self, original: SalesInvoice, case: str = "") -> SalesInvoice:
        """A new invoice that takes the original back; the original lapses, paid or not."""
        if original.status not in (SENT, PARTLY_PAID, PAID):
            raise Refused(f"Factuur {original.code} kan niet gecrediteerd worden.")
        day, now = self._around.today(), self._around.now()
        self._last_id += 1
        lines = self._lines.credit(original.lines, original.code, day)
        invoice = SalesInvoice(
            self._last_id, "", original.debtor, dict(original.fields), lines, original.terms, day, original.term,
            CONCEPT, self._totals(lines, original.terms), now, now, credits=original.code, case=case,
        )  # fmt: skip
        self.invoices[invoice.id] = invoice
        self._finalise(invoice)
        invoice.status = CREDIT
        original.status, original.credited_by = LAPSED, invoice.code
        self._touch(original)
        return invoice

    def expire(self, invoice: SalesInvoice) -> None:
        """Let an unpaid invoice lapse without a credit invoice."""
        if invoice.status != SENT:
            raise Refused(f"Factuur {invoice.code} kan niet vervallen.")
        invoice.status = LAPSED
        self._touch(invoice)

    def mark_paid(self, invoice: SalesInvoice, sent: Sent) -> None:
        """All that is open is paid."""
        self._check_payable(invoice)
        refuse_twice(f"Factuur {invoice.code}", invoice.settled, self._options)
        if not invoice.settled:
            self._pay(invoice, invoice.open, sent)

    def pay_part(self, invoice: SalesInvoice, sent: Sent) -> None:
        """So much of it is paid; twice adds up."""
        self._check_payable(invoice)
        is_credit = invoice.status == CREDIT
        self._pay(invoice, read_part(sent, f"Factuur {invoice.code}", invoice.open, is_credit, self._options), sent)

    def mark_unpaid(self, invoice: SalesInvoice) -> None:
        """No money came after all."""
        if invoice.status not in (PARTLY_PAID, PAID):
            raise Refused(f"Factuur {invoice.code} is niet betaald.")
        invoice.payments.clear()
        self._settle(invoice)

    def set_sub_status(self, invoice: SalesInvoice, sub_status: str) -> None:
        """``BLOCKED``, ``PAUSED`` or nothing."""
        invoice.sub_status = sub_status
        self._touch(invoice)

    def _check_payable(self, invoice: SalesInvoice) -> None:
        if invoice.status == CONCEPT:
            raise Refused(f"Factuur {invoice.code} is een concept en kan niet betaald worden.")
        if invoice.status == LAPSED:
            raise Refused(f"Factuur {invoice.code} is vervallen.")

    def _pay(self, invoice: SalesInvoice, amount: Decimal, sent: Sent) -> None:
        invoice.payments.append(read_payment(amount, sent, self._around))
        self._settle(invoice)

    def _settle(self, invoice: SalesInvoice) -> None:
        if invoice.status in (SENT, PARTLY_PAID, PAID):
            paid = PAID if invoice.settled else PARTLY_PAID
            invoice.status = paid if invoice.payments else SENT
        if self._options.payment_is_change:
            self._touch(invoice)

    def _recompute(self, invoice: SalesInvoice) -> None:
        invoice.totals = self._totals(invoice.lines, invoice.terms)
        self._settle(invoice)
        self._touch(invoice)

    def _totals(self, lines: tuple[Line, ...], terms: Terms) -> Totals:
        return totals_for(lines, terms, self._options.vat_rounding, self._options.periods_multiply)

    def _finalise(self, invoice: SalesInvoice) -> None:
        if not invoice.own_code:
            self._forget_code(invoice)
            self._name(invoice, self._next(self._options.invoice_code, invoice.day))
        invoice.status = CREDIT if invoice.totals.gross < 0 else SENT

    def _name(self, invoice: SalesInvoice, code: str) -> None:
        invoice.code = code
        self._codes[code] = invoice

    def _forget_code(self, invoice: SalesInvoice) -> None:
        if self._codes.get(invoice.code) is invoice:
            del self._codes[invoice.code]

    def _next(self, layout: str, day: date) -> str:
        """The next free number; the year in a layout starts the numbers anew."""
        series = layout.replace("{year}", str(day.year))
        number = self._numbers.get(series, 0) + 1
        while (code := layout.format(number=number, year=day.year)) in self._codes:
            number += 1
        self._numbers[series] = number
        return code

    def _touch(self, invoice: SalesInvoice) -> None:
        invoice.modified_at = self._around.now()


def _read_terms(sent: Sent, terms: Terms) -> Terms:
    method = read_choice("VatCalcMethod", sent.get("VatCalcMethod", terms.method), ("excl", "incl"))
    shifted = read_flag("VatShift", sent["VatShift"]) if "VatShift" in sent else terms.shifted
    discount = read_percentage("Discount", sent.get("Discount", terms.discount))
    return Terms("incl" if method == "incl" else "excl", shifted, discount)
