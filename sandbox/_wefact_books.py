"""One administration of the simulated WeFact: everything it holds, what it starts with, and its books in cents."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from sandbox._app import JsonObject
from sandbox._catalogue import Customer
from sandbox._clock import Clock
from sandbox._invoicedata import (
    ARTICLE_GROUPS,
    ARTICLES,
    PURCHASE_EVERYDAY,
    PURCHASE_MIX,
    SALE_EVERYDAY,
    SALE_MIX,
    Item,
    Purchase,
    Sale,
    purchases,
    sales,
)
from sandbox._wefact_lines import Lines
from sandbox._wefact_options import WefactOptions
from sandbox._wefact_payments import Payment
from sandbox._wefact_purchases import PurchaseInvoice, Purchases
from sandbox._wefact_register import CREDITOR, DEBTOR, PRODUCT, Groups, Record, Register, Surroundings
from sandbox._wefact_sales import Sales, SalesInvoice
from sandbox._wefact_totals import Totals, cents

_SALE_CODES = {"intra_eu": "VEU", "export": "VEX"}
_PURCHASE_CODES = {"intra_eu": "IEU", "import": "IEX", "domestic_reverse": "IVERLEGD"}


class Books:
    """An administration, filled by its seed."""

    def __init__(self, seed: int, options: WefactOptions, clock: Clock) -> None:
        self.around = Surroundings(options, clock)
        self.debtors = Register(DEBTOR, options.debtor_code, self.around)
        self.creditors = Register(CREDITOR, options.creditor_code, self.around)
        self.products = Register(PRODUCT, options.product_code, self.around)
        self.groups = Groups({"debtor": self.debtors, "product": self.products})
        lines = Lines(self.products)
        self.sales = Sales(self.around, self.debtors, lines)
        self.purchases = Purchases(self.around, self.creditors, lines)
        self._seed = seed
        self._parties: dict[tuple[str, Customer], Record] = {}
        self._sales_made = self._purchases_made = 0
        span = timedelta(days=options.days)
        with self.around.at(self.around.now() - span):
            self._stock()
        self.grow(options.invoices, options.purchases, span)

    def grow(
        self, invoices: int, bought: int, span: timedelta, cases: Sequence[str] = (), bought_cases: Sequence[str] = ()
    ) -> tuple[list[SalesInvoice], list[PurchaseInvoice]]:
        """The next generated documents, spread over the time until now; their cases come round from the mix."""
        everyday, since = self.around.options.mix == "everyday", self.around.now() - span
        sold = sales(self._seed, invoices, since=since, gap=span / max(1, invoices), first=self._sales_made,
                     mix=cases or (SALE_EVERYDAY if everyday else SALE_MIX))  # fmt: skip
        made = purchases(self._seed, bought, since=since, gap=span / max(1, bought), first=self._purchases_made,
                         mix=bought_cases or (PURCHASE_EVERYDAY if everyday else PURCHASE_MIX))  # fmt: skip
        self._sales_made += invoices
        self._purchases_made += bought
        later = span / max(1, invoices) / 4
        return [self._sell(sale, later) for sale in sold], [self._buy(purchase) for purchase in made]

    def _stock(self) -> None:
        for name in ARTICLE_GROUPS:
            self.groups.add({"Type": "product", "GroupName": name})
        by_name = {group.name: group.id for group in self.groups.groups.values()}
        for article in ARTICLES:
            product = self.products.add({
                "ProductCode": article.code, "ProductName": article.name, "ProductKeyPhrase": article.name,
                "PriceExcl": article.unit_net, "TaxCode": f"V{article.rate}", "PricePeriod": article.period,
                "NumberSuffix": article.unit,
            })  # fmt: skip
            if article.group:
                self.groups.put("product", product, {by_name[article.group]})

    def _party(self, register: Register, customer: Customer) -> Record:
        """The debtor or creditor a generated party is; made at first sight."""
        key = (register.kind.name, customer)
        if key not in self._parties:
            address = customer.invoice
            initials, _, surname = address.name.partition(" ")
            self._parties[key] = register.add({
                "CompanyName": address.company, "TaxNumber": address.vat_number, "Initials": initials,
                "SurName": surname, "Sex": {"M": "m", "V": "f"}.get(address.gender, "u"),
                "Address": f"{address.street} {address.number}", "ZipCode": address.postcode, "City": address.city,
                "Country": address.country, "EmailAddress": customer.email, "PhoneNumber": address.phone,
            })  # fmt: skip
        return self._parties[key]

    def _sell(self, sale: Sale, later: timedelta) -> SalesInvoice:
        """One generated sale with all that became of it by now."""
        with self.around.at(sale.at):
            debtor = self._party(self.debtors, sale.customer)
            invoice = self.sales.create(
                {
                    "Debtor": debtor.id, "InvoiceLines": [_sale_line(item, sale) for item in sale.items],
                    "Discount": sale.discount, "VatCalcMethod": "incl" if sale.prices_include_tax else "excl",
                    "VatShift": "yes" if sale.treatment in ("intra_eu", "domestic_reverse") else "no",
                    "ReferenceNumber": sale.reference, "Description": sale.remark, "Currency": sale.currency,
                    "InvoiceCode": sale.own_number,
                },
                sale.case,
            )  # fmt: skip
            if sale.stage == "draft":
                return invoice
            self.sales.send(invoice)
        with self.around.at(sale.at + later):
            if sale.stage == "blocked":
                self.sales.set_sub_status(invoice, "BLOCKED")
            for receipt in sale.receipts:
                part = {"AmountPaid": cents(invoice.totals.gross * receipt.share), "PaymentMethod": receipt.method}
                (self.sales.mark_paid if receipt.share == 1 else self.sales.pay_part)(invoice, part)
            if sale.stage == "lapsed":
                self.sales.expire(invoice)
        if sale.stage == "credited":
            with self.around.at(sale.at + 2 * later):
                self.sales.credit(invoice, sale.case)
        return invoice

    def _buy(self, purchase: Purchase) -> PurchaseInvoice:
        name = self.around.options.purchase_lines_name
        with self.around.at(purchase.at):
            creditor = self._party(self.creditors, purchase.supplier)
            invoice = self.purchases.create(
                {
                    "Creditor": creditor.id, "InvoiceCode": purchase.number,
                    name: [_purchase_line(item, purchase) for item in purchase.items],
                    "Private": "yes" if purchase.private_percentage else "no",
                    "PrivatePercentage": purchase.private_percentage,
                },
                purchase.case,
            )  # fmt: skip
            if purchase.total_off:
                self.purchases.change(invoice, {"AmountIncl": invoice.gross + purchase.total_off})
            for receipt in purchase.receipts:
                part = {"AmountPaid": cents(invoice.gross * receipt.share), "PaymentMethod": receipt.method}
                (self.purchases.mark_paid if receipt.share == 1 else self.purchases.pay_part)(invoice, part)
        return invoice

    def as_json(self) -> JsonObject:
        """The books for comparison: amounts in cents, rates as text and only those that come to something."""
        return {
            "debtors": [_party_row(record) for record in self.debtors.records.values()],
            "creditors": [_party_row(record) for record in self.creditors.records.values()],
            "products": [{"id": record.id, "code": record.code, "groups": self._groups_of(record), **record.fields}
                         for record in self.products.records.values()],
            "invoices": [_sale_row(invoice) for invoice in self.sales.invoices.values()],
            "purchases": [_purchase_row(invoice) for invoice in self.purchases.invoices.values()],
        }  # fmt: skip

    def _groups_of(self, record: Record) -> list[str]:
        return [group.name for group in self.groups.of("product", record.id)]


def _sale_line(item: Item, sale: Sale) -> JsonObject:
    code = _SALE_CODES.get(sale.treatment, f"V{item.rate}")
    if sale.treatment == "oss":
        code = f"V{sale.customer.invoice.country}{item.rate}".replace(".", "")
    return {
        "Description": item.description, "Number": item.quantity, "PriceExcl": item.unit_net, "TaxCode": code,
        "ProductCode": item.article, "DiscountPercentage": item.discount, "Periods": item.periods,
        "Periodic": item.period,
    }  # fmt: skip


def _purchase_line(item: Item, purchase: Purchase) -> JsonObject:
    code = _PURCHASE_CODES.get(purchase.treatment, f"I{item.rate}")
    return {
        "Description": item.description, "Number": item.quantity, "PriceExcl": item.unit_net, "TaxCode": code,
        "CostCategory": str(item.category),
    }  # fmt: skip


def _in_cents(amount: Decimal) -> int:
    return int(amount.scaleb(2))


def _on(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _party_row(record: Record) -> JsonObject:
    return {"id": record.id, "code": record.code, **record.fields}


def _amounts(totals: Totals) -> JsonObject:
    return {
        "net": _in_cents(totals.net), "tax": _in_cents(totals.tax),
        "rates": {f"{rate.rate.normalize():f}": {"net": _in_cents(rate.net), "tax": _in_cents(rate.tax)}
                  for rate in totals.rates if rate.net or rate.tax},
    }  # fmt: skip


def _payments(payments: Sequence[Payment]) -> list[JsonObject]:
    return [{"amount": _in_cents(payment.amount), "paid_on": _on(payment.paid_on), "method": payment.method}
            for payment in payments]  # fmt: skip


def _sale_row(invoice: SalesInvoice) -> JsonObject:
    return {
        "id": invoice.id, "code": invoice.code, "case": invoice.case, "debtor": invoice.debtor.code,
        "status": invoice.status, "sub_status": invoice.sub_status, **_amounts(invoice.totals),
        "gross": _in_cents(invoice.totals.gross), "paid": _in_cents(invoice.paid), "open": _in_cents(invoice.open),
        "payments": _payments(invoice.payments), "currency": invoice.fields["Currency"],
        "date": _on(invoice.day), "reverse_charge": invoice.terms.shifted, "credits": invoice.credits,
        "credited_by": invoice.credited_by, "reference": invoice.fields["ReferenceNumber"],
        "tax_codes": sorted({line.tax_code for line in invoice.lines}),
        "modified_at": invoice.modified_at.isoformat(),
    }  # fmt: skip


def _purchase_row(invoice: PurchaseInvoice) -> JsonObject:
    return {
        "id": invoice.id, "code": invoice.code, "number": invoice.number, "case": invoice.case,
        "creditor": invoice.creditor.code, "status": invoice.status, **_amounts(invoice.totals),
        "gross": _in_cents(invoice.gross), "paid": _in_cents(invoice.paid), "open": _in_cents(invoice.open),
        "payments": _payments(invoice.payments), "currency": invoice.fields["Currency"], "date": _on(invoice.day),
        "cost_categories": sorted({line.cost_category for line in invoice.lines}),
        "modified_at": invoice.modified_at.isoformat(),
    }  # fmt: skip
