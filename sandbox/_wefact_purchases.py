"""The purchase invoices ("creditinvoice") of an administration of the simulated WeFact."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from sandbox._wefact_fields import Refused, Sent, read_day, read_flag, read_number, read_text, read_whole
from sandbox._wefact_lines import Lines, read_percentage
from sandbox._wefact_options import WefactOptions
from sandbox._wefact_payments import Payment, is_settled, read_part, read_payment, refuse_twice
from sandbox._wefact_register import Record, Register, Surroundings
from sandbox._wefact_totals import ZERO, Line, Terms, Totals, cents, totals_for

UNPAID, PARTLY_PAID, PAID, CREDIT = 1, 2, 3, 8

_FREE = {"ReferenceNumber": "", "Comment": "", "Currency": "EUR", "Authorisation": "no", "Private": "no",
         "PrivatePercentage": "0"}  # fmt: skip
_PARTY = ("CompanyName", "Initials", "SurName")


@dataclass(eq=False)
class PurchaseInvoice:
    """``number`` is the supplier's. ``gross`` is what its header says; the lines may come to some cents else."""

    id: int
    code: str
    number: str
    creditor: Record
    fields: dict[str, str]
    lines: tuple[Line, ...]
    day: date
    term: int
    totals: Totals
    gross: Decimal
    created_at: datetime
    modified_at: datetime
    status: int = UNPAID
    payments: list[Payment] = field(default_factory=list)
    case: str = ""

    @property
    def paid(self) -> Decimal:
        return sum((payment.amount for payment in self.payments), ZERO)

    @property
    def open(self) -> Decimal:
        return self.gross - self.paid

    @property
    def settled(self) -> bool:
        return is_settled(self.payments, self.gross, self.open)

    @property
    def paid_on(self) -> date | None:
        return self.payments[-1].paid_on if self.payments else None


class Purchases:
    """All purchase invoices of one administration. What an action refuses it refuses with Refused."""

    def __init__(self, around: Surroundings, creditors: Register, lines: Lines) -> None:
        self.invoices: dict[int, PurchaseInvoice] = {}
        self._around = around
        self._creditors = creditors
        self._lines = lines
        self._last_id = 0

    @property
    def _options(self) -> WefactOptions:
        return self._around.options

    def find(self, sent: Sent) -> PurchaseInvoice:
        """By ``Identifier`` or ``CreditInvoiceCode``; the supplier's ``InvoiceCode`` selects nothing."""
        if sent.get("Identifier") not in (None, ""):
            name = read_text("Identifier", sent["Identifier"])
            found = self.invoices.get(read_whole("Identifier", name))
        else:
            name = read_text("CreditInvoiceCode", sent.get("CreditInvoiceCode"))
            found = next((invoice for invoice in self.invoices.values() if invoice.code == name), None)
        if found is None:
            raise Refused(f"Inkoopfactuur {name} niet gevonden")
        return found

    def create(self, sent: Sent, case: str = "") -> PurchaseInvoice:
        """A purchase invoice; ``AmountIncl`` may say another total than the lines."""
        if "Identifier" in sent:
            raise Refused("Een Identifier is niet toegestaan voor deze actie")
        creditor = self._creditors.find(sent, "Creditor")
        if not read_text("InvoiceCode", sent.get("InvoiceCode")):
            raise Refused("U dient een factuurnummer op te geven.")
        day, now = read_day("Date", sent.get("Date")) or self._around.today(), self._around.now()
        fields = {**_FREE, **{name: creditor.fields[name] for name in _PARTY}}
        invoice = PurchaseInvoice(
            self._last_id + 1, self._layout(self._last_id + 1, day), "", creditor, fields, (), day,
            int(creditor.fields["InvoiceTerm"]), self._totals(()), ZERO, now, now, case=case,
        )  # fmt: skip
        self.change(invoice, {**sent, "RecalculateInclTotalAmount": "no" if "AmountIncl" in sent else "yes"})
        if not invoice.lines:
            raise Refused("U dient minimaal één factuurregel op te geven.")
        self._last_id = invoice.id
        self.invoices[invoice.id] = invoice
        return invoice

    def change(self, invoice: PurchaseInvoice, sent: Sent) -> None:
        """Change what was sent. The total stays unless it is sent or ``RecalculateInclTotalAmount`` is yes."""
        day = read_day("Date", sent.get("Date", "")) or invoice.day
        name = self._options.purchase_lines_name
        lines = self._lines.purchase(sent[name], invoice.lines, day) if name in sent else invoice.lines
        self._apply(invoice, sent, day, lines)

    def remove_lines(self, invoice: PurchaseInvoice, ids: set[int], sent: Sent) -> None:
        """Take lines off an invoice; the total stays as with any change."""
        if not ids <= {line.id for line in invoice.lines}:
            raise Refused("Invalid value for 'InvoiceLines[0].Identifier'")
        lines = tuple(line for line in invoice.lines if line.id not in ids)
        self._apply(invoice, sent, invoice.day, lines)

    def delete(self, invoice: PurchaseInvoice) -> None:
        del self.invoices[invoice.id]

    def mark_paid(self, invoice: PurchaseInvoice, sent: Sent) -> None:
        """All that is open is paid; nothing takes that back."""
        refuse_twice(f"Inkoopfactuur {invoice.code}", invoice.settled, self._options)
        if not invoice.settled:
            self._pay(invoice, invoice.open, sent)

    def pay_part(self, invoice: PurchaseInvoice, sent: Sent) -> None:
        """So much of it is paid; twice adds up."""
        is_credit = invoice.status == CREDIT
        what = f"Inkoopfactuur {invoice.code}"
        self._pay(invoice, read_part(sent, what, invoice.open, is_credit, self._options), sent)

    def _apply(self, invoice: PurchaseInvoice, sent: Sent, day: date, lines: tuple[Line, ...]) -> None:
        term = read_whole("Term", sent.get("Term", invoice.term))
        texts = {name: read_text(name, value) for name, value in sent.items() if name in _FREE}
        for flag in {"Authorisation", "Private"} & texts.keys():
            texts[flag] = "yes" if read_flag(flag, texts[flag]) else "no"
        if "PrivatePercentage" in texts:
            read_percentage("PrivatePercentage", texts["PrivatePercentage"])
        totals = self._totals(lines)
        gross = cents(read_number("AmountIncl", sent.get("AmountIncl", invoice.gross)))
        if read_flag("RecalculateInclTotalAmount", sent.get("RecalculateInclTotalAmount", "no")):
            gross = totals.gross
        invoice.number = read_text("InvoiceCode", sent.get("InvoiceCode", invoice.number))
        invoice.day, invoice.term, invoice.lines, invoice.totals, invoice.gross = day, term, lines, totals, gross
        invoice.fields = {**invoice.fields, **texts}
        self._settle(invoice)
        invoice.modified_at = self._around.now()

    def _pay(self, invoice: PurchaseInvoice, amount: Decimal, sent: Sent) -> None:
        invoice.payments.append(read_payment(amount, sent, self._around))
        self._settle(invoice)
        if self._options.payment_is_change:
            invoice.modified_at = self._around.now()

    def _settle(self, invoice: PurchaseInvoice) -> None:
        if invoice.gross < 0:
            invoice.status = CREDIT
        elif not invoice.payments:
            invoice.status = UNPAID
        else:
            invoice.status = PAID if invoice.settled else PARTLY_PAID

    def _totals(self, lines: tuple[Line, ...]) -> Totals:
        return totals_for(lines, Terms(), self._options.vat_rounding, self._options.periods_multiply)

    def _layout(self, number: int, day: date) -> str:
        return self._options.purchase_code.format(number=number, year=day.year)
