"""An order as any webshop knows it, and the cart in which one is put together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Literal
from uuid import UUID

from sandbox._catalogue import HIGH, HOME, PRODUCTS_BY_RATE, ZERO, Customer, Product

CENT = Decimal("0.01")
MICRO = Decimal("0.000001")

Status = Literal["open", "paid", "shipped", "collected", "cancelled", "credited"]
LineKind = Literal["article", "custom", "discount", "shipping", "payment"]
TaxStrategy = Literal["", "zero_percent", "reverse_charged_vat"]
PaymentStatus = Literal["pending", "authorized", "captured", "failed"]


@dataclass(frozen=True)
class Price:
    """An amount at one VAT rate (a percentage): `net` has up to 6 decimals, `gross` exactly 2."""

    rate: Decimal
    net: Decimal
    gross: Decimal

    @property
    def tax(self) -> Decimal:
        """The VAT in the price, up to 6 decimals; nothing at 0 %, where gross is merely net in whole cents."""
        return self.gross - self.net if self.rate else Decimal(0)


@dataclass(frozen=True)
class Option:
    """A choice that changes the unit price, excluding VAT; negative for an action price."""

    description: str
    net: Decimal


@dataclass(frozen=True)
class Line:
    """Something charged: `prices` are line totals, one per VAT rate; `unit_net` is one piece without its options."""

    id: str
    kind: LineKind
    description: str
    quantity: int
    prices: tuple[Price, ...]
    unit_net: Decimal
    product: Product | None = None
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Payment:
    """How the order is or will be paid."""

    gateway: str
    method: str
    status: PaymentStatus


@dataclass(frozen=True)
class Order:
    """One order, in no shop system's words.

    `total` and `taxes` are what the shop states, which in some cases is not what the lines add up to. A credit order
    names the number of its original in `credits`; its amounts are as positive as those of the original.
    """

    case: str
    number: int
    uuid: str
    placed_at: datetime
    status: Status
    status_changed_at: datetime
    customer: Customer
    lines: tuple[Line, ...]
    total: Decimal
    taxes: tuple[tuple[Decimal, Decimal], ...]
    currency: str
    prices_include_tax: bool
    tax_region: str
    tax_strategy: TaxStrategy
    payment: Payment | None
    credits: int | None = None
    discount_code: str = ""
    comment: str = ""
    reference: str = ""
    archived: bool = False
    test: bool = False

    @property
    def is_business(self) -> bool:
        """Whether the buyer bought as a company."""
        return bool(self.customer.invoice.company)


def priced(net: Decimal, rate: Decimal) -> Price:
    """The price for a net line amount; the shop rounds the gross amount half up to cents."""
    return Price(rate, net, (net * (100 + rate) / 100).quantize(CENT, ROUND_HALF_UP))


def taxes_of(lines: Sequence[Line]) -> dict[Decimal, Decimal]:
    """VAT per rate over all lines, in cents-exact decimals, highest rate first."""
    sums: dict[Decimal, Decimal] = {}
    for price in (price for line in lines for price in line.prices):
        sums[price.rate] = sums.get(price.rate, Decimal(0)) + price.tax
    return {rate: sums[rate].quantize(CENT, ROUND_HALF_UP) for rate in sorted(sums, reverse=True)}


def gross_of(lines: Sequence[Line]) -> Decimal:
    """What all lines come to including VAT."""
    return sum((price.gross for line in lines for price in line.prices), Decimal("0.00"))


def net_of(lines: Sequence[Line]) -> Decimal:
    """What all lines come to excluding VAT."""
    return sum((price.net for line in lines for price in line.prices), Decimal(0))


def random_uuid(rng: Random) -> str:
    """A version 4 UUID out of the given randomness."""
    return str(UUID(int=rng.getrandbits(128), version=4))


@dataclass
class Cart:
    """An order in the making; the functions of `_cases` fill it.

    `kin` is randomness that orders of one pair share, `turn` says which of the pair this is (0 or 1).
    """

    rng: Random
    kin: Random
    turn: int
    customer: Customer
    prices_include_tax: bool
    status: Status
    payment: Payment | None
    lines: list[Line] = field(default_factory=list)
    currency: str = "EUR"
    tax_region: str = HOME
    tax_strategy: TaxStrategy = ""
    flat_rate: Decimal | None = None
    total_off: Decimal = Decimal(0)
    tax_shift: Decimal = Decimal(0)
    discount_code: str = ""
    comment: str = ""
    reference: str = ""
    archived: bool = False
    test: bool = False

    def article(
        self,
        rate: Decimal = HIGH,
        quantity: int | None = None,
        *,
        price: Decimal | None = None,
        description: str | None = None,
        options: tuple[Option, ...] = (),
    ) -> None:
        """Put a product in the cart; `price`, stated as the shop states prices, replaces its shelf price."""
        product = self.rng.choice(PRODUCTS_BY_RATE[rate])
        shelf_net = product.price * 100 / (100 + rate)
        if price is not None:
            shelf_net = price * 100 / (100 + rate) if self.prices_include_tax else price
        elif not self.prices_include_tax:
            shelf_net = shelf_net.quantize(CENT, ROUND_HALF_UP)
        unit_net = shelf_net.quantize(MICRO, ROUND_HALF_UP)
        count = quantity or self.rng.choice((1, 1, 1, 2, 2, 3, 5))
        net = (unit_net + sum((option.net for option in options), Decimal(0))) * count
        text = product.name if description is None else description
        charged = (priced(net, self._charged(rate)),)
        self.lines.append(Line(self._id(), "article", text, count, charged, unit_net, product, options))

    def charge(self, kind: LineKind, description: str, amount: Decimal, rate: Decimal = HIGH) -> None:
        """Add a cost (or a discount when negative) at one rate; `amount` as the shop states prices."""
        net = (amount * 100 / (100 + rate)).quantize(MICRO, ROUND_HALF_UP) if self.prices_include_tax else amount
        self.lines.append(Line(self._id(), kind, description, 1, (priced(net, self._charged(rate)),), net))

    def spread(self, kind: LineKind, description: str, amount: Decimal) -> None:
        """Add a cost or discount over the rates of the goods, in proportion to their net amounts."""
        goods: dict[Decimal, Decimal] = {}
        for price in (price for line in self.lines if line.kind == "article" for price in line.prices):
            goods[price.rate] = goods.get(price.rate, Decimal(0)) + price.net
        weight = sum(goods.values())
        if self.prices_include_tax:
            weight = sum((net * (100 + rate) / 100 for rate, net in goods.items()), Decimal(0))
        prices = tuple(
            priced((amount * net / weight).quantize(MICRO, ROUND_HALF_UP), rate) for rate, net in goods.items()
        )
        self.lines.append(Line(self._id(), kind, description, 1, prices, sum((p.net for p in prices), Decimal(0))))

    def give_away(self, description: str) -> None:
        """A discount of everything in the cart, per rate, to the cent."""
        rates = {price.rate for line in self.lines for price in line.prices}
        of = {rate: [p for line in self.lines for p in line.prices if p.rate == rate] for rate in sorted(rates)}
        prices = tuple(
            Price(rate, -sum((p.net for p in found), Decimal(0)), -sum((p.gross for p in found), Decimal(0)))
            for rate, found in of.items()
        )
        net = sum((price.net for price in prices), Decimal(0))
        self.lines.append(Line(self._id(), "discount", description, 1, prices, net))

    def sell_abroad(self, country: str, strategy: TaxStrategy, rate: Decimal | None) -> None:
        """Charge one rate on everything from now on (None: the home rates); the VAT region follows."""
        self.tax_strategy = strategy
        self.flat_rate = rate
        self.tax_region = HOME if rate is None else country

    def _charged(self, home_rate: Decimal) -> Decimal:
        return home_rate if self.flat_rate is None or home_rate == ZERO else self.flat_rate

    def _id(self) -> str:
        return random_uuid(self.rng)
