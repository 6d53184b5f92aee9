"""Prices for a package that computes its own totals, chosen so that it computes what the customer was charged.

A package multiplies quantity and price, adds lines up and rounds VAT in its own way. So prices are chosen here from
whole cents per line: including VAT the line totals themselves; excluding VAT those nets whose sum with the package's
VAT gives the order's gross. Not every gross can be reached from a net: at 21 %, nets of 0.02 and 0.03 give 0.02 and
0.04, and 0.03 lies in a gap. What cannot be reached is told (`Pricing.short`) and becomes a rounding line.

All sums are linear in the number of lines, up to sorting.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from boekbrug.domain.bookings import TargetTraits, TaxRounding
from boekbrug.domain.documents import InvoiceLine, TaxTotal
from boekbrug.domain.money import Money
from boekbrug.domain.rounding import rounded, split_cents, tax_on_net, tax_within_gross
from boekbrug.domain.tax import Tax


class Priced(Protocol):
    """A line of which a package computes the amount: `quantity` times `unit_price`."""

    @property
    def quantity(self) -> Decimal: ...  # noqa: D102

    @property
    def unit_price(self) -> Money: ...  # noqa: D102

    @property
    def tax(self) -> Tax: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedLine:
    """A line as the package is to compute it. The quantity stands in the description where it does not divide."""

    description: str
    quantity: Decimal
    unit_price: Money
    tax: Tax


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """A line for every line of the document, and what their computed total still lacks.

    `short` is the amount to add in a rounding line, zero when the total is reached; `unreached` are the rates whose
    own gross is a cent off, as no net gives it.
    """

    lines: tuple[PricedLine, ...]
    short: Money
    unreached: tuple[Decimal, ...] = ()


def price_lines(
    lines: Sequence[InvoiceLine], *, prices_include_tax: bool, traits: TargetTraits, currency: str
) -> Pricing:
    """Prices every line, including or excluding VAT as the debtor has it, in the order of the lines."""
    off: dict[Decimal, int] = {}
    if prices_include_tax:
        amounts = [line.gross.cents for line in lines]
    elif traits.tax_rounding is TaxRounding.PER_RATE:
        amounts, off = _nets_per_rate(lines)
    else:
        amounts, off = _nets_per_line(lines)
    return Pricing(
        lines=tuple(
            _priced(line, Money.of_cents(amount, currency), traits) for line, amount in zip(lines, amounts, strict=True)
        ),
        short=Money.of_cents(sum(off.values()), currency),
        unreached=tuple(sorted(rate for rate, cents in off.items() if cents)),
    )


def computed_totals(
    lines: Iterable[Priced], prices_include_tax: bool, traits: TargetTraits, *, currency: str = "EUR"
) -> tuple[Money, tuple[TaxTotal, ...]]:
    """The gross, and the VAT and net per rate (lowest first), that a package with these traits will compute.

    `currency` is that of the zero that no lines add up to.
    """
    amounts: dict[Decimal, Decimal] = {}
    taxes: dict[Decimal, Decimal] = {}
    tax_of = tax_within_gross if prices_include_tax else tax_on_net
    for line in lines:
        currency = line.unit_price.currency
        rate, amount = line.tax.rate, rounded(line.quantity * line.unit_price.amount)
        amounts[rate] = amounts.get(rate, Decimal("0.00")) + amount
        if traits.tax_rounding is TaxRounding.PER_LINE:
            taxes[rate] = taxes.get(rate, Decimal("0.00")) + tax_of(amount, rate)
    if traits.tax_rounding is TaxRounding.PER_RATE:
        taxes = {rate: tax_of(amount, rate) for rate, amount in amounts.items()}
    nets = {rate: amount - taxes[rate] if prices_include_tax else amount for rate, amount in amounts.items()}
    totals = tuple(
        TaxTotal(rate=rate, tax=Money(taxes[rate], currency), net=Money(nets[rate], currency)) for rate in sorted(nets)
    )
    return Money(sum(nets.values(), Decimal("0.00")) + sum(taxes.values()), currency), totals


def _priced(line: InvoiceLine, amount: Money, traits: TargetTraits) -> PricedLine:
    """The line with its whole amount as quantity × price, or as one piece when the price would need rounding."""
    if line.quantity:
        unit = Money(rounded(amount.amount / line.quantity, traits.price_decimals), amount.currency)
        if unit.amount * line.quantity == amount.amount:
            return PricedLine(description=line.description, quantity=line.quantity, unit_price=unit, tax=line.tax)
    pieces = f"{line.quantity.normalize():f}".replace(".", ",")
    text = line.description if line.quantity == 1 else f"{pieces} × {line.description}"
    return PricedLine(description=text, quantity=Decimal(1), unit_price=amount, tax=line.tax)


def _nets_per_rate(lines: Sequence[InvoiceLine]) -> tuple[list[int], dict[Decimal, int]]:
    """Net cents per line for VAT over the sum per rate, and per rate how much the gross then lacks."""
    nets = [0] * len(lines)
    off: dict[Decimal, int] = {}
    for rate, members in _by_rate(lines).items():
        gross = sum(lines[i].gross.cents for i in members)
        net, lacking = _net_below(gross, rate)
        shop_net = sum((lines[i].net.amount for i in members), Decimal(0)) * 100
        if lacking and _above_is_better(sum(off.values()), shop_net - net):
            net, lacking = net + 1, gross - _gross_of(net + 1, rate)
        off[rate] = lacking
        wishes = [int(rounded(lines[i].net.amount) * 100) for i in members]
        extra = split_cents(net - sum(wishes), [abs(lines[i].net.amount) for i in members])
        for i, wish, more in zip(members, wishes, extra, strict=True):
            nets[i] = wish + more
    return nets, off


def _nets_per_line(lines: Sequence[InvoiceLine]) -> tuple[list[int], dict[Decimal, int]]:
    """Net cents per line for VAT rounded per line, and per rate how much the gross then lacks.

    A line whose gross lies in a gap is a cent below or above it; half of them above makes the rate's gross come out,
    and of an odd number the last cent is taken or given by a line that can.
    """
    nets = [0] * len(lines)
    off: dict[Decimal, int] = {}
    for rate, members in _by_rate(lines).items():
        gaps = []
        for i in members:
            nets[i], lacking = _net_below(lines[i].gross.cents, rate)
            if lacking:
                gaps.append(i)
        gaps.sort(key=lambda i: nets[i] - lines[i].net.amount * 100)  # first those whose net is nearest above
        for i in gaps[: len(gaps) // 2]:
            nets[i] += 1
        off[rate] = 0
        if len(gaps) % 2:
            odd, in_gap = gaps[-1], set(gaps)
            candidates = sorted(members, key=lambda i: (i in in_gap, -abs(lines[i].gross.cents)))
            if not _moved_one_cent(nets, candidates, rate, 1):
                nets[odd] += 1
                if not _moved_one_cent(nets, candidates, rate, -1):
                    wish = lines[odd].net.amount * 100 - (nets[odd] - 1)
                    above = _above_is_better(sum(off.values()), wish)
                    nets[odd] -= 0 if above else 1
                    off[rate] = -1 if above else 1
    return nets, off


def _moved_one_cent(nets: list[int], candidates: Iterable[int], rate: Decimal, step: int) -> bool:
    """Moves the net of the first line whose gross moves by one cent with it; False when there is none."""
    for i in candidates:
        if _gross_of(nets[i] + step, rate) - _gross_of(nets[i], rate) == step:
            nets[i] += step
            return True
    return False


def _above_is_better(lacking_so_far: int, net_wish: Decimal) -> bool:
    """Whether a gross in a gap is better passed than not reached: to even out, else to be nearest the shop's net.

    `net_wish` is how far the shop's net lies above the lower of the two nets, in cents.
    """
    return lacking_so_far > 0 or (lacking_so_far == 0 and net_wish > Decimal("0.5"))


def _by_rate(lines: Sequence[InvoiceLine]) -> dict[Decimal, list[int]]:
    groups: dict[Decimal, list[int]] = {}
    for i, line in enumerate(lines):
        groups.setdefault(line.tax.rate, []).append(i)
    return groups


def _gross_of(net: int, rate: Decimal) -> int:
    """Net cents with VAT in cents. Rises by one or two cents per cent for rates up to 100 %."""
    return net + int(rounded(net * rate / 100, 0))


def _net_below(gross: int, rate: Decimal) -> tuple[int, int]:
    """The highest net cents whose gross does not exceed this one, and the cents that it then lacks (0 or 1)."""
    net = int(rounded(gross * 100 / (100 + rate), 0)) + 1
    while _gross_of(net, rate) > gross:
        net -= 1
    return net, gross - _gross_of(net, rate)
