"""Generated customers and orders like those of a Dutch webshop: reproducible, and not tied to one shop system.

Every order carries the label of its case; the cases come round in a fixed order (the mix), so that each label has a
known rate. The functions are pure: the same arguments give the same orders; a longer list begins with the shorter one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from random import Random

from sandbox._cart import (
    Cart,
    Line,
    LineKind,
    Option,
    Order,
    Payment,
    PaymentStatus,
    Price,
    Status,
    TaxStrategy,
    gross_of,
    priced,
    random_uuid,
    taxes_of,
)
from sandbox._cases import CASES, CREDITS
from sandbox._catalogue import COUNTRY_NAMES, HOME, STANDARD_RATES, Address, Customer, Product, business, person

__all__ = [
    "COUNTRY_NAMES", "EVERYDAY", "HOME", "MIX", "STANDARD_RATES", "Address", "Customer", "Line", "LineKind", "Option",
    "Order", "Payment", "PaymentStatus", "Price", "Product", "RateTotal", "Status", "TaxStrategy", "customers",
    "expected_totals", "orders", "rate_totals",
]  # fmt: skip

#: One round of 60 orders: every case at least once.
MIX: tuple[str, ...] = (
    "plain", "shipping_taxed", "mixed_vat", "odd_cents", "discount_one_rate", "guest_email", "plain",
    "domestic_business", "shipping_split", "payment_split", "discount_two_rates", "credit_full", "plain",
    "reverse_charge", "export", "oss_be", "new_customer", "new_customer", "plain", "eu_consumer_home",
    "tax_cent_off", "option_price", "gift_card", "not_eligible", "plain", "free_order", "full_discount",
    "excl_prices", "zero_rated", "email_case", "plain", "oss_de", "oss_fi", "untaxed_shipping", "archived",
    "email_case", "mixed_vat", "credit_partial", "cancelled", "guest_no_email", "plain",
    "reverse_charge_no_vat", "reverse_charge_bad_vat", "eu_zero_charged", "foreign_currency", "total_mismatch",
    "plain", "guest_and_company", "guest_and_company", "long_postcode_gb", "long_postcode_us", "long_name",
    "plain", "phone_format", "hostile_text", "bare_line", "unknown_payment", "test_order", "many_lines",
    "plain",
)  # fmt: skip

#: A round of ordinary orders that a well set-up shop books without a question.
EVERYDAY: tuple[str, ...] = (
    "plain", "shipping_taxed", "mixed_vat", "plain", "discount_one_rate", "guest_email", "plain", "domestic_business",
    "shipping_split", "plain",
)  # fmt: skip

_PAID_BY = (
    Payment("mollie", "ideal", "captured"),
    Payment("mollie", "ideal", "captured"),
    Payment("mollie", "bancontact", "captured"),
    Payment("mollie", "creditcard", "captured"),
    Payment("mollie", "klarna_paylater", "authorized"),
    Payment("paypal", "paypal", "captured"),
    Payment("basic", "pickup", "captured"),
)
_REGULARS = 40


@lru_cache(maxsize=64)
def customers(seed: int, count: int = _REGULARS) -> tuple[Customer, ...]:
    """The registered Dutch customers of a shop: consumers and now and then a business or another delivery address."""
    found = []
    for at in range(count):
        rng = Random(f"{seed}/customer/{at}")
        customer = business(rng) if at % 5 == 4 else person(rng)
        delivery = person(rng).invoice if at % 4 == 3 else None
        found.append(replace(customer, id=random_uuid(rng), delivery=delivery))
    return tuple(found)


def orders(
    seed: int,
    count: int,
    *,
    since: datetime,
    gap: timedelta = timedelta(hours=18),
    prices_include_tax: bool = True,
    first_number: int = 1001,
    mix: Sequence[str] = MIX,
) -> tuple[Order, ...]:
    """`count` distinct orders, oldest first, each placed and last changed within its own `gap` after `since` (aware).

    To let them end now, pass ``since=now - count * gap``. The case "excl_prices" states prices without VAT whatever
    the shop does.

    Raises:
        ValueError: `since` has no zone; the mix is empty, has an unknown label, or a credit with no order before it.
    """
    if since.tzinfo is None:
        raise ValueError("since must be an aware datetime")
    unknown = sorted(set(mix) - set(CASES) - CREDITS)
    if not mix or unknown:
        raise ValueError(f"unknown cases {unknown} in the mix; known are {sorted([*CASES, *CREDITS])}")
    if any(label in CREDITS and (at == 0 or mix[at - 1] in CREDITS) for at, label in enumerate(mix)):
        raise ValueError("a credit order needs an ordinary order right before it in the mix")
    made: list[Order] = []
    for at in range(count):
        block, place = divmod(at, len(mix))
        rng = Random(f"{seed}/order/{at}")
        label = mix[place]
        placed_at = (since + gap * (at + rng.random() / 2)).replace(microsecond=0)
        changed_at = (placed_at + gap * (rng.random() / 2)).replace(microsecond=0)
        number = first_number + at
        if label in CREDITS:
            credit = _credit(made[-1], label, rng)
            made.append(replace(credit, number=number, placed_at=placed_at, status_changed_at=changed_at))
            continue
        kin = Random(f"{seed}/{block}/{label}")
        cart = Cart(rng, kin, mix[:place].count(label) % 2, _buyer(seed, rng), prices_include_tax, "paid", None)
        cart.status = rng.choice(("paid", "paid", "shipped", "shipped", "collected"))
        cart.payment = rng.choice(_PAID_BY)
        CASES[label](cart)
        made.append(_order(cart, label, number, placed_at, changed_at))
    return tuple(made)


def _buyer(seed: int, rng: Random) -> Customer:
    return rng.choice(customers(seed)) if rng.random() < 0.4 else person(rng)


def _order(cart: Cart, label: str, number: int, placed_at: datetime, changed_at: datetime) -> Order:
    lines = tuple(cart.lines)
    taxes = taxes_of(lines)
    if cart.tax_shift:
        highest, lowest = max(taxes), min(taxes)
        taxes[highest] -= cart.tax_shift
        taxes[lowest] += cart.tax_shift
    total = gross_of(lines) + cart.total_off
    return Order(
        case=label,
        number=number,
        uuid=random_uuid(cart.rng),
        placed_at=placed_at,
        status=cart.status,
        status_changed_at=changed_at,
        customer=cart.customer,
        lines=lines,
        total=total,
        taxes=tuple(taxes.items()),
        currency=cart.currency,
        prices_include_tax=cart.prices_include_tax,
        tax_region=cart.tax_region,
        tax_strategy=cart.tax_strategy,
        payment=cart.payment if total else None,
        discount_code=cart.discount_code,
        comment=cart.comment,
        reference=cart.reference,
        archived=cart.archived,
        test=cart.test,
    )


def _credit(original: Order, label: str, rng: Random) -> Order:
    """What credits an order: everything, or one piece of its first line."""
    lines = tuple(replace(line, id=random_uuid(rng)) for line in original.lines)
    if label == "credit_partial":
        first = lines[0]
        unit = first.unit_net + sum((option.net for option in first.options), Decimal(0))
        lines = (replace(first, quantity=1, prices=(priced(unit, first.prices[0].rate),)),)
    return replace(
        original,
        case=label,
        uuid=random_uuid(rng),
        status="credited",
        lines=lines,
        total=gross_of(lines),
        taxes=tuple(taxes_of(lines).items()),
        payment=None,
        credits=original.number,
        discount_code="",
        comment="",
    )


@dataclass(frozen=True)
class RateTotal:
    """What a set of orders comes to at one VAT rate in one currency, in cents; credit orders count as negative."""

    currency: str
    rate: Decimal
    net_cents: int
    tax_cents: int
    gross_cents: int


def expected_totals(chosen: Iterable[Order]) -> tuple[RateTotal, ...]:
    """The totals per currency and VAT rate of the given orders, by what their lines say.

    VAT is rounded once per order and rate (half up to the cent), as the shop states it; books that round per line may
    differ by a cent per line. Sorted by currency, then rate.
    """
    return rate_totals((order.currency, -1 if order.credits is not None else 1, order.lines) for order in chosen)


def rate_totals(documents: Iterable[tuple[str, int, Sequence[Line]]]) -> tuple[RateTotal, ...]:
    """The totals per currency and VAT rate of documents, each given as currency, sign (1 or -1) and lines."""
    sums: dict[tuple[str, Decimal], tuple[int, int]] = {}
    for currency, sign, lines in documents:
        prices = [price for line in lines for price in line.prices]
        for rate, tax in taxes_of(lines).items():
            gross = sum(int(price.gross * 100) for price in prices if price.rate == rate)
            gross_so_far, tax_so_far = sums.get((currency, rate), (0, 0))
            sums[currency, rate] = (gross_so_far + sign * gross, tax_so_far + sign * int(tax * 100))
    return tuple(
        RateTotal(currency, rate, gross - tax, tax, gross) for (currency, rate), (gross, tax) in sorted(sums.items())
    )
