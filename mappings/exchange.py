"""Foreign currency: converted at a stated rate, or not at all.

Rates are written as the European Central Bank publishes them: so many units of the other currency for one euro.
"""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from boekbrug.domain.documents import Invoice, InvoiceLine
from boekbrug.domain.money import Money
from boekbrug.domain.rounding import round_to_total, rounded
from boekbrug.domain.tax import Tax

EURO = "EUR"
ECB = "ECB"
# The ECB publishes on working days only; the longest pause is five days (Good Friday and Easter, or Christmas, with a
# weekend). A rate older than this is of a currency that is no longer published.
_LONGEST_PAUSE = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRate:
    """So many units of `currency` for one unit of `base`, on that day, by that source."""

    currency: str
    rate: Decimal
    on: date
    base: str = EURO
    source: str = ECB

    def __post_init__(self) -> None:
        if not self.rate.is_finite() or self.rate <= 0:
            raise ValueError(f"{self.rate} is not an exchange rate")

    def is_between(self, currency: str, books: str) -> bool:
        """True when amounts in `currency` can be converted to `books` with it."""
        return (self.currency, self.base) == (currency, books)

    def note(self, original: Money) -> str:
        """What stands in the books with a converted amount: the amount, the rate, whose it is and of which day."""
        return f"{original} @ {self.rate.normalize():f} {self.source} {self.on:%Y-%m-%d}"

    def __str__(self) -> str:
        return f"{self.base} 1 = {self.currency} {self.rate.normalize():f}"


@dataclass(frozen=True, slots=True)
class ReferenceRates:
    """Rates of one euro per day and currency."""

    by_day: Mapping[date, Mapping[str, Decimal]]

    def rate_on(self, currency: str, day: date) -> ExchangeRate | None:
        """The last rate published on or before the day; None when there is none, or only one from long before."""
        days = [
            known for known, rates in self.by_day.items() if day - _LONGEST_PAUSE <= known <= day and currency in rates
        ]
        return ExchangeRate(currency=currency, rate=self.by_day[max(days)][currency], on=max(days)) if days else None


def converted(document: Invoice, rate: ExchangeRate) -> Invoice:
    """The document in the currency of the books, in whole cents that add up: the total is converted and rounded once,
    then spread over VAT treatments and lines.

    Raises ValueError when the rate is of another currency.
    """
    if document.currency != rate.currency:
        raise ValueError(f"a rate of {rate.currency} does not convert {document.currency}")
    by_tax: dict[Tax, list[int]] = {tax: [] for tax in sorted({line.tax for line in document.lines})}
    for index in sorted(range(len(document.lines)), key=lambda i: _sort_of(document.lines[i])):
        by_tax[document.lines[index].tax].append(index)
    grosses = [line.gross.amount / rate.rate for line in document.lines]
    nets = [line.net.amount / rate.rate for line in document.lines]
    gross_totals = [sum((grosses[i] for i in rows), Decimal(0)) for rows in by_tax.values()]
    total = int(rounded(document.gross.amount / rate.rate).scaleb(2))
    lines = list(document.lines)
    for (tax, rows), gross in zip(by_tax.items(), round_to_total(gross_totals, total) if lines else [], strict=True):
        net_exact = sum((nets[i] for i in rows), Decimal(0))
        vat_exact = sum((grosses[i] for i in rows), Decimal(0)) - net_exact
        vat = int(rounded(vat_exact).scaleb(2)) if tax.rate else 0
        line_grosses = round_to_total([grosses[i] for i in rows], gross)
        line_nets = round_to_total([nets[i] for i in rows], gross - vat) if tax.rate else line_grosses
        for i, line_net, line_gross in zip(rows, line_nets, line_grosses, strict=True):
            lines[i] = replace(
                lines[i], net=Money.of_cents(line_net, rate.base), gross=Money.of_cents(line_gross, rate.base)
            )
    return replace(document, currency=rate.base, lines=tuple(lines))


def _sort_of(line: InvoiceLine) -> tuple[str, str, str, Decimal, str]:
    """An order of their own, so that where a cent goes does not hang on the order of the lines."""
    return line.product_group, line.cost_category, line.tax_code, line.gross.amount, line.description


def rates_from_ecb_csv(text: str) -> ReferenceRates:
    """The rates of the ECB's table: a first row `Date, USD, …`, then a row per day; N/A where there is no rate.

    Raises ValueError when the text is no such table.
    """
    rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text))]
    if not rows or not rows[0] or rows[0][0].lstrip("\ufeff") != "Date":
        raise ValueError("this is not the ECB's table of reference rates: it does not begin with Date")
    currencies = rows[0][1:]
    by_day: dict[date, dict[str, Decimal]] = {}
    for row in rows[1:]:
        if any(row[len(rows[0]) :]):
            raise ValueError(f"the ECB's rates of {row[0][:40]!r} are more than there are currencies")
        if row and row[0]:
            rates = zip(currencies, row[1:], strict=False)
            by_day[_day(row[0])] = {code: _rate(cell) for code, cell in rates if code and cell not in ("", "N/A")}
    return ReferenceRates(by_day)


def rates_from_ecb_xml(text: str) -> ReferenceRates:
    """The rates of the ECB's file: `Cube` with a `time`, in it `Cube` with `currency` and `rate`.

    Raises ValueError when the text is no such file.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("this is not the ECB's file of reference rates: it declares a document type")
    try:
        root = ET.fromstring(text)  # noqa: S314 - without a document type there are no entities to expand
    except ET.ParseError as error:
        raise ValueError(f"this is not the ECB's file of reference rates: {error}") from None
    by_day = {
        _day(day.attrib["time"]): {
            one.attrib["currency"]: _rate(one.attrib["rate"])
            for one in day
            if "currency" in one.attrib and "rate" in one.attrib
        }
        for day in root.iter()
        if day.tag.rpartition("}")[2] == "Cube" and "time" in day.attrib
    }
    if not by_day:
        raise ValueError("this is not the ECB's file of reference rates: it has no day")
    return ReferenceRates(by_day)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"the ECB's rates name no day: {text[:40]!r}") from None


def _rate(text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"the ECB's rates hold no number: {text[:40]!r}") from None
    if not rate.is_finite() or rate <= 0:
        raise ValueError(f"the ECB's rates hold no rate: {text[:40]!r}")
    return rate
