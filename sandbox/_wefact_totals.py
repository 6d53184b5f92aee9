"""What the lines of an invoice add up to, computed as the simulated WeFact does it.

Prices are without VAT; cents are rounded half away from zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

CENT = Decimal("0.01")
HUNDRED = Decimal(100)
ZERO = Decimal(0)


@dataclass(frozen=True)
class Line:
    """One line of a sales or purchase invoice; percentages are of a hundred, ``price`` is of one and without VAT."""

    id: int
    day: date
    description: str
    number: Decimal
    price: Decimal
    tax_code: str
    rate: Decimal
    suffix: str = ""
    product_code: str = ""
    discount: Decimal = ZERO
    discount_type: str = "line"
    periods: int = 1
    period: str = ""
    starts: date | None = None
    ends: date | None = None
    cost_category: str = ""


@dataclass(frozen=True)
class Terms:
    """What on the document bears on all lines. ``discount`` is a percentage."""

    method: Literal["excl", "incl"] = "excl"
    shifted: bool = False
    discount: Decimal = ZERO


@dataclass(frozen=True)
class RateTotal:
    """Base and VAT at one rate, in whole cents."""

    rate: Decimal
    net: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Totals:
    """Per rate, highest rate first. ``discount`` is what the document's discount took off the net."""

    rates: tuple[RateTotal, ...]
    discount: Decimal

    @property
    def net(self) -> Decimal:
        return sum((rate.net for rate in self.rates), ZERO)

    @property
    def tax(self) -> Decimal:
        return sum((rate.tax for rate in self.rates), ZERO)

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax


def cents(value: Decimal) -> Decimal:
    """Rounded to cents."""
    return value.quantize(CENT, ROUND_HALF_UP)


def totals_for(
    lines: Sequence[Line], terms: Terms, rounding: Literal["per_rate", "per_line"], periods_multiply: bool
) -> Totals:
    """The totals of an invoice; every rate of its lines has its entry, also one that comes to nothing."""
    whole = [(ZERO if terms.shifted else line.rate, line_value(line, periods_multiply)) for line in lines]
    charges = [(rate, value * (1 - terms.discount / HUNDRED)) for rate, value in whole]
    rates = sorted({rate for rate, _ in charges}, reverse=True)
    if rounding == "per_rate":
        charges = [(rate, sum((value for at, value in charges if at == rate), ZERO)) for rate in rates]
    taxed = [_taxed(rate, value, terms.method) for rate, value in charges]
    totals = tuple(
        RateTotal(
            rate,
            sum((part.net for part in taxed if part.rate == rate), ZERO),
            sum((part.tax for part in taxed if part.rate == rate), ZERO),
        )
        for rate in rates
    )
    full = sum((value for _, value in whole), ZERO)
    return Totals(totals, cents(full * terms.discount / HUNDRED))


def line_value(line: Line, periods_multiply: bool) -> Decimal:
    """What a line comes to without VAT, unrounded, after its own discount."""
    periods = line.periods if periods_multiply else 1
    return line.number * line.price * periods * (1 - line.discount / HUNDRED)


def _taxed(rate: Decimal, value: Decimal, method: Literal["excl", "incl"]) -> RateTotal:
    if method == "incl":
        gross = cents(value * (HUNDRED + rate) / HUNDRED)
        tax = cents(gross * rate / (HUNDRED + rate))
        return RateTotal(rate, gross - tax, tax)
    net = cents(value)
    return RateTotal(rate, net, cents(net * rate / HUNDRED))
