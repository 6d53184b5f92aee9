"""What an invoice adds up to, computed from its lines as the simulated Factuursturen does it.

Prices include VAT or not as the client's ``tax_type`` says. Cents are rounded half away from zero.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

CENT = Decimal("0.01")
HUNDRED = Decimal(100)
ZERO = Decimal(0)


@dataclass(frozen=True)
class Line:
    """One line. A text or layout line has no amount and no price; percentages are of a hundred."""

    description: str
    amount: Decimal = ZERO
    amount_desc: str = ""
    price: Decimal = ZERO
    tax_rate: Decimal = ZERO
    discount_pct: Decimal | None = None
    type: str = ""
    tax_country: bool = False

    @property
    def charges(self) -> bool:
        return self.amount != 0


@dataclass(frozen=True)
class Terms:
    """How this client is charged."""

    includes_tax: bool
    shifted: bool
    standard_discount: Decimal
    standard_discount_applies: Literal["always", "unless_given", "never"]


@dataclass(frozen=True)
class Discount:
    """On the whole document, in the client's terms (an amount includes VAT for an ``intax`` client)."""

    type: Literal["amount", "percentage"]
    value: Decimal


@dataclass(frozen=True)
class RateTotal:
    """Base and VAT at one rate, in whole cents."""

    rate: Decimal
    net: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Totals:
    """``lines``: one total per line, in the client's terms; ``rates``: highest rate first."""

    lines: tuple[Decimal, ...]
    rates: tuple[RateTotal, ...]

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
    lines: Sequence[Line],
    terms: Terms,
    discount: Discount | None,
    rounding: Literal["per_rate", "per_line"],
    price_decimals: int,
) -> Totals:
    """The totals of an invoice.

    Raises:
        ValueError: a discount amount on lines that come to nothing.
    """
    values = [_value(line, terms, price_decimals) for line in lines]
    charges = [
        (ZERO if terms.shifted else line.tax_rate, value)
        for line, value in zip(lines, values, strict=True)
        if line.charges
    ]
    charges += _discounts(charges, discount)
    if rounding == "per_rate":
        charges = [(rate, _sum(charges, rate)) for rate in _rates(charges)]
    taxed = [_taxed(rate, value, terms.includes_tax) for rate, value in charges]
    rates = tuple(
        RateTotal(
            rate,
            sum((part.net for part in taxed if part.rate == rate), ZERO),
            sum((part.tax for part in taxed if part.rate == rate), ZERO),
        )
        for rate in _rates(charges)
    )
    return Totals(tuple(cents(value) for value in values), rates)


def _value(line: Line, terms: Terms, price_decimals: int) -> Decimal:
    price = line.price.quantize(Decimal(1).scaleb(-price_decimals), ROUND_HALF_UP)
    value = line.amount * price * (1 - (line.discount_pct or ZERO) / HUNDRED)
    given = line.discount_pct is not None
    if terms.standard_discount_applies == "always" or (terms.standard_discount_applies == "unless_given" and not given):
        value *= 1 - terms.standard_discount / HUNDRED
    return value


def _taxed(rate: Decimal, value: Decimal, includes_tax: bool) -> RateTotal:
    if includes_tax:
        gross = cents(value)
        tax = cents(gross * rate / (HUNDRED + rate))
        return RateTotal(rate, gross - tax, tax)
    net = cents(value)
    return RateTotal(rate, net, cents(net * rate / HUNDRED))


def _discounts(charges: Sequence[tuple[Decimal, Decimal]], discount: Discount | None) -> list[tuple[Decimal, Decimal]]:
    """The document's discount as one negative charge per rate, in proportion, without losing a cent."""
    if discount is None or discount.value == 0:
        return []
    per_rate = [(rate, _sum(charges, rate)) for rate in _rates(charges)]
    if discount.type == "percentage":
        return [(rate, -value * discount.value / HUNDRED) for rate, value in per_rate]
    total = sum((value for _, value in per_rate), ZERO)
    if total == 0:
        raise ValueError("discount: there is nothing to take it from")
    shares = [(rate, cents(discount.value * value / total)) for rate, value in per_rate]
    missing = cents(discount.value) - sum((share for _, share in shares), ZERO)
    (first_rate, first_share), *others = shares
    return [(rate, -share) for rate, share in [(first_rate, first_share + missing), *others]]


def _rates(charges: Iterable[tuple[Decimal, Decimal]]) -> list[Decimal]:
    return sorted({rate for rate, _ in charges}, reverse=True)


def _sum(charges: Iterable[tuple[Decimal, Decimal]], rate: Decimal) -> Decimal:
    return sum((value for at, value in charges if at == rate), ZERO)
