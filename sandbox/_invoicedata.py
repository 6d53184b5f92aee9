"""Generated invoices like those of a Dutch small business: reproducible, and not tied to one invoicing program.

Every document carries the label of its case; the cases come round in a fixed order (the mix). The functions are
pure: the same arguments give the same documents, and a longer list begins with the shorter one.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from random import Random

from sandbox._catalogue import HIGH, Customer, business, person
from sandbox._invoicecases import (
    ARTICLE_GROUPS,
    ARTICLES,
    PURCHASE_CASES,
    SALE_CASES,
    Article,
    Item,
    Purchase,
    Receipt,
    Sale,
    bought,
    high,
)

__all__ = [
    "ARTICLES", "ARTICLE_GROUPS", "PURCHASE_CASES", "PURCHASE_EVERYDAY", "PURCHASE_MIX", "SALE_CASES",
    "SALE_EVERYDAY", "SALE_MIX", "Article", "Item", "Purchase", "Receipt", "Sale", "purchases", "regulars", "sales",
    "suppliers",
]  # fmt: skip

_REGULARS = 40
_SUPPLIERS = 12

SALE_MIX: tuple[str, ...] = (
    "plain", "paid", "mixed_vat", "plain", "odd_cents", "low_rate", "part_paid", "domestic_business", "plain",
    "line_discount", "document_discount", "periodic", "paid", "incl_prices", "credited", "plain",
    "intra_eu", "export", "draft", "two_payments", "plain", "hand_credit", "eu_consumer_home", "zero_rated",
    "credited_paid", "plain", "oss_de", "oss_fi", "no_article", "paid", "lapsed", "intra_eu_no_number",
    "intra_eu_bad_number", "plain", "domestic_reverse", "foreign_currency", "hand_credit_quantity", "free", "plain",
    "own_number", "html_text", "hostile_text", "two_addresses", "no_email", "plain", "negative_line", "blocked",
    "credited_part_paid", "hand_credit_paid", "long_texts", "many_lines", "full_discount", "plain",
)  # fmt: skip
"""One round of the sales documents: every case at least once."""

SALE_EVERYDAY: tuple[str, ...] = (
    "plain", "paid", "mixed_vat", "low_rate", "plain", "domestic_business", "part_paid", "line_discount", "plain",
    "periodic",
)  # fmt: skip
"""A round of ordinary sales that book without a question."""

PURCHASE_MIX: tuple[str, ...] = (
    "plain", "paid", "mixed_vat", "low_rate", "plain", "part_paid", "total_off", "credit", "intra_eu", "import",
    "domestic_reverse", "private", "plain", "odd_cents",
)  # fmt: skip
PURCHASE_EVERYDAY: tuple[str, ...] = ("plain", "paid", "mixed_vat", "low_rate", "part_paid")


@lru_cache(maxsize=64)
def regulars(seed: int) -> tuple[Customer, ...]:
    """The customers who come back: two in three are businesses."""
    makers = (business, business, person)
    return tuple(makers[at % 3](Random(f"{seed}/invoiced/{at}")) for at in range(_REGULARS))


@lru_cache(maxsize=64)
def suppliers(seed: int) -> tuple[Customer, ...]:
    """The Dutch suppliers of the business."""
    return tuple(business(Random(f"{seed}/supplier/{at}")) for at in range(_SUPPLIERS))


def sales(
    seed: int, count: int, *, since: datetime, gap: timedelta, mix: Sequence[str] = SALE_MIX, first: int = 0
) -> tuple[Sale, ...]:
    """``count`` sales documents from number ``first`` on, each made within its own ``gap`` after ``since`` (aware).

    Raises:
        ValueError: ``since`` has no zone; the mix is empty or has an unknown label.
    """
    _check(since, mix, SALE_CASES)
    return tuple(_sale(seed, first + at, since + gap * at, gap, mix) for at in range(count))


def purchases(
    seed: int, count: int, *, since: datetime, gap: timedelta, mix: Sequence[str] = PURCHASE_MIX, first: int = 0
) -> tuple[Purchase, ...]:
    """The same of purchase invoices."""
    _check(since, mix, PURCHASE_CASES)
    return tuple(_purchase(seed, first + at, since + gap * at, gap, mix) for at in range(count))


def _check(since: datetime, mix: Sequence[str], known: Iterable[str]) -> None:
    if since.tzinfo is None:
        raise ValueError("since must be an aware datetime")
    if not mix or (unknown := sorted(set(mix) - set(known))):
        raise ValueError(f"unknown cases {unknown if mix else []} in the mix; known are {sorted(known)}")


def _sale(seed: int, number: int, start: datetime, gap: timedelta, mix: Sequence[str]) -> Sale:
    rng, case = Random(f"{seed}/sale/{number}"), mix[number % len(mix)]
    customer = rng.choice(regulars(seed)) if rng.random() < 0.6 else rng.choice((person, business))(rng)
    items = tuple(high(rng) for _ in range(rng.randint(1, 3)))
    return SALE_CASES[case](Sale(case, number, _within(rng, start, gap), customer, items), rng)


def _purchase(seed: int, number: int, start: datetime, gap: timedelta, mix: Sequence[str]) -> Purchase:
    rng, case = Random(f"{seed}/purchase/{number}"), mix[number % len(mix)]
    theirs = f"{rng.randint(2, 9)}{number:05}"
    purchase = Purchase(case, _within(rng, start, gap), rng.choice(suppliers(seed)), theirs, (bought(rng, HIGH),))
    return PURCHASE_CASES[case](purchase, rng)


def _within(rng: Random, start: datetime, gap: timedelta) -> datetime:
    return (start + gap * (rng.random() / 2)).replace(microsecond=0)
