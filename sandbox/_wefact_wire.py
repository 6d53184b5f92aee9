"""How the simulated WeFact writes its records: thin rows for lists, everything for ``show``; almost all as text."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sandbox._app import JsonObject
from sandbox._wefact_options import WefactOptions
from sandbox._wefact_purchases import PurchaseInvoice
from sandbox._wefact_register import Group, Groups, Kind, Record
from sandbox._wefact_sales import LAPSED, SalesInvoice
from sandbox._wefact_settings import PAYMENT_METHODS, PURCHASE_STATUS_WORDS, SALE_STATUS_WORDS
from sandbox._wefact_totals import HUNDRED, Line, RateTotal, line_value

_ROW_PARTY = ("CompanyName", "Initials", "SurName")


class Wire:
    """Writes by the options; HF marks what only HostFact fixtures show."""

    def __init__(self, options: WefactOptions) -> None:
        self._options = options
        self._zone = ZoneInfo(options.zone)

    def record_row(self, record: Record, kind: Kind) -> JsonObject:
        return {
            "Identifier": self.id(record.id),
            kind.code: record.code,
            **{name: record.fields[name] for name in kind.row},
            "Modified": self._moment(record.modified_at),
        }

    def record(self, record: Record, kind: Kind, groups: Groups) -> JsonObject:
        members = {str(group.id): {"id": self.id(group.id), "GroupName": group.name}
                   for group in groups.of(kind.name, record.id)}  # fmt: skip
        return {
            "Identifier": self.id(record.id),
            kind.code: record.code,
            **record.fields,
            # PHP writes an empty object as an array.
            "Groups": members or [],
            **({"ExtraClientContacts": [], "CustomFields": []} if kind.name == "debtor" else {}),
            **self._stamps(record.created_at, record.modified_at),
        }

    def group(self, group: Group) -> JsonObject:
        return {
            "Identifier": self.id(group.id), "GroupName": group.name, "Type": group.type,
            "Items": [self.id(item) for item in group.items],
        }  # fmt: skip

    def sale_row(self, invoice: SalesInvoice) -> JsonObject:
        totals = invoice.totals
        return {
            "Identifier": self.id(invoice.id),
            "InvoiceCode": invoice.code,
            "Debtor": self.id(invoice.debtor.id),
            "DebtorCode": invoice.debtor.code,
            **{name: invoice.fields[name] for name in _ROW_PARTY},
            "AmountExcl": f"{totals.net:.2f}",
            "AmountIncl": f"{totals.gross:.2f}",
            "AmountPaid": f"{invoice.paid:.2f}",
            "AmountOutstanding": f"{self._sale_open(invoice):.2f}",
            "Currency": invoice.fields["Currency"],
            "Date": self._day(invoice.day),
            "PayBefore": self._day(invoice.day + timedelta(days=invoice.term)),
            "PayDate": self._day(invoice.paid_on),
            "PaymentURL": "",
            "Sent": str(invoice.sent),
            "Reminders": "0",
            "Summations": "0",
            "Status": self._status(invoice.status),
            "SubStatus": invoice.sub_status,
            "Modified": self._moment(invoice.modified_at),
        }

    def sale(self, invoice: SalesInvoice) -> JsonObject:
        terms, fields, totals = invoice.terms, invoice.fields, invoice.totals
        shown = self._options.hostfact_fields
        used = {f"{(rate.rate / HUNDRED).normalize():f}": _used(rate) for rate in totals.rates}
        hostfact: JsonObject = {
            "TaxNumber": fields["TaxNumber"], "AmountDiscount": _short(totals.discount), "UsedTaxrates": used or [],
        }  # fmt: skip
        method = invoice.payments[-1].method if invoice.payments else ""
        return {
            **self.sale_row(invoice),
            "Term": str(invoice.term),
            "AmountTax": f"{totals.tax:.2f}",
            "Discount": _short(terms.discount),
            "VatCalcMethod": terms.method,
            "VatShift": "yes" if terms.shifted else "no",
            **{name: value for name, value in fields.items() if name != "TaxNumber"},
            "ScheduledAt": "",
            "SentDate": self._day(invoice.sent_on),
            "ReminderDate": self._day(None),
            "SummationDate": self._day(None),
            "PaymentMethod": method,
            "InvoiceLines": [self._sale_line(line, terms.shifted) for line in invoice.lines],
            "Attachments": [],
            **self._stamps(invoice.created_at, invoice.modified_at),
            "Translations": {
                "Status": SALE_STATUS_WORDS[str(invoice.status)],
                "PaymentMethod": PAYMENT_METHODS.get(method, ""),
            },
            **(hostfact if shown else {}),
        }

    def purchase_row(self, invoice: PurchaseInvoice) -> JsonObject:
        fields = invoice.fields
        return {
            "Identifier": self.id(invoice.id),
            "CreditInvoiceCode": invoice.code,
            "InvoiceCode": invoice.number,
            "Creditor": self.id(invoice.creditor.id),
            **{name: fields[name] for name in _ROW_PARTY},
            "Date": self._day(invoice.day),
            "AmountExcl": f"{invoice.totals.net:.2f}",
            "AmountIncl": f"{invoice.gross:.2f}",
            "AmountPaid": f"{invoice.paid:.2f}",
            "AmountOutstanding": f"{invoice.open:.2f}",
            "Term": str(invoice.term),
            "Authorisation": fields["Authorisation"],
            "PayDate": self._day(invoice.paid_on),
            "PayBefore": self._day(invoice.day + timedelta(days=invoice.term)),
            "Status": self._status(invoice.status),
            "Modified": self._moment(invoice.modified_at),
        }

    def purchase(self, invoice: PurchaseInvoice) -> JsonObject:
        return {
            **self.purchase_row(invoice),
            "CreditorCode": invoice.creditor.code,
            **invoice.fields,
            self._options.purchase_lines_name: [self._purchase_line(line) for line in invoice.lines],
            "Attachments": [],
            **self._stamps(invoice.created_at, invoice.modified_at),
            "Translations": {"Status": PURCHASE_STATUS_WORDS[str(invoice.status)]},
        }

    def id(self, id: int) -> str | int:
        return str(id) if self._options.identifiers_as == "text" else id

    def count(self, number: int) -> str | int:
        return str(number) if self._options.counts_as == "text" else number

    def _sale_open(self, invoice: SalesInvoice) -> Decimal:
        lapsed_away = invoice.status == LAPSED and self._options.lapsed_open == "zero"
        return Decimal(0) if lapsed_away else invoice.open

    def _sale_line(self, line: Line, shifted: bool) -> JsonObject:
        value = line_value(line, self._options.periods_multiply)
        full = Decimal(0) if line.discount == HUNDRED else value / (1 - line.discount / HUNDRED)
        hostfact = {"NoDiscountAmountExcl": _short(full), "DiscountAmountExcl": _short(full - value)}
        zero = shifted and self._options.shifted_line_rate == "zero"
        return {
            "Identifier": self.id(line.id),
            "Date": self._day(line.day),
            "Number": _short(line.number),
            "NumberSuffix": line.suffix,
            "ProductCode": line.product_code,
            "Description": line.description,
            "PriceExcl": _short(line.price),
            "DiscountPercentage": _short(line.discount),
            "DiscountPercentageType": line.discount_type,
            "TaxCode": line.tax_code,
            "TaxPercentage": "0" if zero else _short(line.rate),
            "PeriodicID": "0",
            "Periods": str(line.periods),
            "Periodic": line.period,
            "StartDate": self._day(line.starts),
            "EndDate": self._day(line.ends),
            "StartPeriod": self._day(line.starts),
            "EndPeriod": self._day(line.ends),
            "AccountingCostCentre": "",
            "AccountingProject": "",
            **(hostfact if self._options.hostfact_fields else {}),
        }

    def _purchase_line(self, line: Line) -> JsonObject:
        # The real one shows a line total; only HostFact shows a number beside it.
        price = line.price if self._options.hostfact_fields else line.price * line.number
        number = {"Number": _short(line.number)} if self._options.hostfact_fields else {}
        return {
            "Identifier": self.id(line.id), **number, "Description": line.description, "PriceExcl": _short(price),
            "TaxCode": line.tax_code, "TaxPercentage": _short(line.rate), "CostCategory": line.cost_category,
        }  # fmt: skip

    def _status(self, status: int) -> str | int:
        return str(status) if self._options.statuses_as == "text" else status

    def _stamps(self, created_at: datetime, modified_at: datetime) -> JsonObject:
        return {"Created": self._moment(created_at), "Modified": self._moment(modified_at)}

    def _moment(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M:%S}"

    def _day(self, day: date | None) -> str:
        return day.isoformat() if day else self._options.empty_date


def _used(rate: RateTotal) -> JsonObject:
    return {"AmountExcl": _short(rate.net), "AmountTax": _short(rate.tax), "AmountIncl": _short(rate.net + rate.tax)}


def _short(number: Decimal) -> str:
    """Without zeros at the end: ``100``, ``0.19``."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("", "-0", "-") else text
