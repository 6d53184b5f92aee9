"""Generated invoices like those of a Dutch small business: reproducible, and not tied to one invoicing program.

Every document carries the label of its case; the cases come round in a fixed order (the mix). The functions are
pure: the same arguments give the same documents, and a longer list begins with the shorter one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import Literal

from sandbox._catalogue import HIGH, LOW, ZERO, Customer, business, person

Treatment = Literal["domestic", "domestic_reverse", "intra_eu", "export", "oss"]
Stage = Literal["draft", "sent", "lapsed", "credited", "blocked"]

_REGULARS = 40
_SUPPLIERS = 12
_ONE = Decimal(1)


@dataclass(frozen=True)
class Article:
    """Something the business sells; ``period`` is "m" for a subscription."""

    code: str
    name: str
    group: str
    unit_net: Decimal
    rate: Decimal
    unit: str = ""
    period: str = ""


@dataclass(frozen=True)
class Item:
    """One line. ``unit_net`` is without VAT; ``rate`` and ``discount`` are percentages."""

    description: str
    quantity: Decimal
    unit_net: Decimal
    rate: Decimal
    article: str = ""
    discount: Decimal = ZERO
    periods: int = 1
    period: str = ""
    category: int = 1


@dataclass(frozen=True)
class Receipt:
    """A payment of this share of the whole."""

    share: Decimal
    method: str = "wire"


@dataclass(frozen=True)
class Sale:
    """A sales document and what became of it. One that is a credit by itself has negative lines."""

    case: str
    at: datetime
    customer: Customer
    items: tuple[Item, ...]
    treatment: Treatment = "domestic"
    stage: Stage = "sent"
    receipts: tuple[Receipt, ...] = ()
    discount: Decimal = ZERO
    prices_include_tax: bool = False
    reference: str = ""
    remark: str = ""
    currency: str = "EUR"
    own_number: str = ""


@dataclass(frozen=True)
class Purchase:
    """An invoice from a supplier; ``total_off`` is what its header says more than its lines come to."""

    case: str
    at: datetime
    supplier: Customer
    number: str
    items: tuple[Item, ...]
    treatment: Literal["domestic", "domestic_reverse", "intra_eu", "import"] = "domestic"
    receipts: tuple[Receipt, ...] = ()
    total_off: Decimal = ZERO
    private_percentage: int = 0


ARTICLES: tuple[Article, ...] = (
    Article("ADVIES", "Advies per uur", "Diensten", Decimal("95"), HIGH, "uur"),
    Article("MONTAGE", "Montage per uur", "Diensten", Decimal("62.5"), HIGH, "uur"),
    Article("HOSTING", "Webhosting", "Abonnementen", Decimal("12.95"), HIGH, "", "m"),
    Article("ONDERHOUD", "Onderhoudscontract", "Abonnementen", Decimal("49.9917"), HIGH, "", "m"),
    Article("MOK", "Keramische mok", "Goederen", Decimal("10.7025"), HIGH, "stuks"),
    Article("LAMP", "Bureaulamp", "Goederen", Decimal("74.34"), HIGH, "stuks"),
    Article("SCHROEF", "Schroeven per stuk", "Goederen", Decimal("0.0579"), HIGH, "stuks"),
    Article("BOEK", "Handboek ondernemen", "Boeken en voeding", Decimal("22.94"), LOW, "stuks"),
    Article("KOFFIE", "Koffiebonen 1 kg", "Boeken en voeding", Decimal("18.1193"), LOW, "kg"),
    Article("BEZORG", "Bezorgkosten", "", Decimal("4.92"), HIGH),
)
"""What is on the price list; the last belongs to no group."""

ARTICLE_GROUPS: tuple[str, ...] = ("Diensten", "Abonnementen", "Goederen", "Boeken en voeding")

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

_BY_CODE = {article.code: article for article in ARTICLES}
_HIGH_GOODS = ("ADVIES", "MONTAGE", "MOK", "LAMP")
_LOW_GOODS = ("BOEK", "KOFFIE")


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


def _check(since: datetime, mix: Sequence[str], known: Sequence[str]) -> None:
    if since.tzinfo is None:
        raise ValueError("since must be an aware datetime")
    if not mix or (unknown := sorted(set(mix) - set(known))):
        raise ValueError(f"unknown cases {unknown if mix else []} in the mix; known are {sorted(known)}")


def _item(rng: Random, code: str) -> Item:
    article = _BY_CODE[code]
    return Item(article.name, Decimal(rng.randint(1, 8)), article.unit_net, article.rate, code, period=article.period)


def _high(rng: Random) -> Item:
    return _item(rng, rng.choice(_HIGH_GOODS))


def _low(rng: Random) -> Item:
    return _item(rng, rng.choice(_LOW_GOODS))


def _turned(items: Sequence[Item]) -> tuple[Item, ...]:
    return tuple(replace(item, unit_net=-item.unit_net) for item in items)


def _rated(items: Sequence[Item], rate: Decimal) -> tuple[Item, ...]:
    return tuple(replace(item, rate=rate) for item in items)


def _sale(seed: int, number: int, start: datetime, gap: timedelta, mix: Sequence[str]) -> Sale:
    rng, case = Random(f"{seed}/sale/{number}"), mix[number % len(mix)]
    at = (start + gap * (rng.random() / 2)).replace(microsecond=0)
    customer = rng.choice(regulars(seed)) if rng.random() < 0.6 else rng.choice((person, business))(rng)
    sale = Sale(case, at, customer, tuple(_high(rng) for _ in range(rng.randint(1, 3))))
    return _shaped(sale, rng, number)


def _shaped(sale: Sale, rng: Random, number: int) -> Sale:
    """The plain sale turned into its case."""
    mixed = (_high(rng), _low(rng), _high(rng))
    paid = (Receipt(_ONE, rng.choice(("wire", "ideal", "card"))),)
    match sale.case:
        case "plain":
            return sale
        case "paid":
            return replace(sale, receipts=paid)
        case "part_paid":
            return replace(sale, receipts=(Receipt(Decimal("0.4")),))
        case "two_payments":
            return replace(sale, receipts=(Receipt(Decimal("0.25")), Receipt(_ONE, "ideal")))
        case "mixed_vat":
            return replace(sale, items=mixed)
        case "low_rate":
            return replace(sale, items=(_low(rng), _low(rng)))
        case "zero_rated":
            gift = Item("Cadeaubon 25 euro (meervoudig, onbelast)", _ONE, Decimal(25), ZERO)
            return replace(sale, items=(*sale.items, gift))
        case "odd_cents":
            screws = replace(_item(rng, "SCHROEF"), quantity=Decimal(rng.randint(101, 999)))
            thirds = Item("Derde deel", Decimal(7), Decimal("0.3333"), LOW)
            return replace(sale, items=(screws, thirds, Item("Halve cent", Decimal(3), Decimal("1.005"), HIGH)))
        case "line_discount":
            cheap = replace(_high(rng), discount=Decimal("12.5"))
            return replace(sale, items=(cheap, _low(rng)))
        case "document_discount":
            return replace(sale, items=mixed, discount=Decimal(rng.randint(3, 15)))
        case "full_discount":
            return replace(sale, items=mixed, discount=Decimal(100))
        case "periodic":
            hosting = replace(_item(rng, "HOSTING"), quantity=_ONE, periods=12)
            return replace(sale, items=(hosting, replace(_item(rng, "ONDERHOUD"), quantity=_ONE, periods=3)))
        case "incl_prices":
            # 10.00 and 24.95 with VAT: their prices without it have no end.
            first = Item("Entree", Decimal(3), Decimal("8.26446281"), HIGH)
            second = Item("Catalogus", Decimal(2), Decimal("22.88990826"), LOW)
            return replace(sale, items=(first, second), prices_include_tax=True)
        case "no_article":
            return replace(sale, items=(Item("Vrij ingevoerde regel", _ONE, Decimal("333.33"), HIGH),))
        case "free":
            return replace(sale, items=(Item("Gratis proefpakket", _ONE, ZERO, HIGH),))
        case "negative_line":
            back = Item("Retour statiegeld", Decimal(-2), Decimal("1.50"), HIGH)
            return replace(sale, items=(replace(_high(rng), quantity=Decimal(5)), back))
        case "many_lines":
            return replace(sale, items=tuple(rng.choice((_high, _low))(rng) for _ in range(150)))
        case "domestic_business":
            reference = f"PO-{rng.randint(2000, 9999)}"
            return replace(sale, customer=business(rng), items=mixed, reference=reference)
        case "domestic_reverse":
            return replace(sale, customer=business(rng), treatment="domestic_reverse")
        case "draft":
            return replace(sale, stage="draft")
        case "blocked":
            return replace(sale, stage="blocked")
        case "lapsed":
            return replace(sale, stage="lapsed")
        case "credited":
            return replace(sale, items=mixed, stage="credited")
        case "credited_paid":
            return replace(sale, stage="credited", receipts=paid)
        case "credited_part_paid":
            return replace(sale, stage="credited", receipts=(Receipt(Decimal("0.5")),))
        case "hand_credit":
            return replace(sale, items=_turned(mixed), remark="Creditering volgens afspraak")
        case "hand_credit_quantity":
            back = tuple(replace(item, quantity=-item.quantity) for item in mixed)
            return replace(sale, items=back, remark="Retour")
        case "hand_credit_paid":
            return replace(sale, items=_turned(sale.items), receipts=(Receipt(_ONE),))
        case "own_number":
            return replace(sale, own_number=f"2019/{1000 + number}-A")
        case "foreign_currency":
            goods = _rated(sale.items, ZERO)
            return replace(sale, customer=business(rng, "US"), items=goods, treatment="export", currency="USD")
    return _abroad(sale, rng) or _worded(sale, rng)


def _abroad(sale: Sale, rng: Random) -> Sale | None:
    untaxed = _rated(sale.items, ZERO)
    neighbour = rng.choice(("BE", "DE", "FR"))
    match sale.case:
        case "intra_eu":
            return replace(sale, customer=business(rng, neighbour), items=untaxed, treatment="intra_eu")
        case "intra_eu_no_number" | "intra_eu_bad_number":
            buyer = business(rng, neighbour)
            number = "" if sale.case == "intra_eu_no_number" else rng.choice(("DE12345", "aangevraagd", "BE0123456789"))
            buyer = replace(buyer, invoice=replace(buyer.invoice, vat_number=number))
            return replace(sale, customer=buyer, items=untaxed, treatment="intra_eu")
        case "export":
            buyer = rng.choice((business, person))(rng, rng.choice(("CH", "GB", "US")))
            return replace(sale, customer=buyer, items=untaxed, treatment="export")
        case "eu_consumer_home":
            return replace(sale, customer=person(rng, neighbour))
        case "oss_de":
            return replace(sale, customer=person(rng, "DE"), items=_rated(sale.items, Decimal(19)), treatment="oss")
        case "oss_fi":
            items = _rated(sale.items, Decimal("25.5"))
            return replace(sale, customer=person(rng, "FI"), items=items, treatment="oss")
    return None


def _worded(sale: Sale, rng: Random) -> Sale:
    """The cases that differ in their texts."""
    first, buyer = sale.items[0], sale.customer
    match sale.case:
        case "html_text":
            items = (replace(first, description="<b>Advies</b><br />2 dagdelen &amp; reistijd"),)
            return replace(sale, items=items, remark="<p>Met dank</p>")
        case "hostile_text":
            text = "Mok \"de Beste\" 'n Co; DROP TABLE invoices; -- \U0001f375 \u202eneskos\u202c"
            return replace(sale, items=(replace(first, description=text),), reference="=1+1")
        case "long_texts":
            address = replace(buyer.invoice, company="Coöperatieve Inkoopvereniging van Zelfstandige Bloemisten " * 3)
            items = (replace(first, description="Maatwerk tafelblad " + "massief eiken, gelakt, " * 40),)
            return replace(sale, customer=replace(business(rng), invoice=address), items=items)
        case "two_addresses":
            both = f"{buyer.email};boekhouding+{buyer.email}"
            return replace(sale, customer=replace(buyer, email=both))
        case "no_email":
            return replace(sale, customer=replace(buyer, email=""))
    raise AssertionError(f"the case {sale.case} has no shape")


SALE_CASES: tuple[str, ...] = tuple(sorted(set(SALE_MIX)))
PURCHASE_CASES: tuple[str, ...] = tuple(sorted(set(PURCHASE_MIX)))


def _bought(rng: Random, rate: Decimal) -> Item:
    what, category = rng.choice((("Handelsgoederen", 1), ("Kantoorartikelen", 2), ("Huur", 3), ("Internet", 4),
                                 ("Drukwerk", 6)))  # fmt: skip
    return Item(what, _ONE, Decimal(rng.randint(500, 90_000)) / 100, rate, category=category)


def _purchase(seed: int, number: int, start: datetime, gap: timedelta, mix: Sequence[str]) -> Purchase:
    rng, case = Random(f"{seed}/purchase/{number}"), mix[number % len(mix)]
    at = (start + gap * (rng.random() / 2)).replace(microsecond=0)
    supplier = rng.choice(suppliers(seed))
    made = Purchase(case, at, supplier, f"{rng.randint(2, 9)}{number:05}", (_bought(rng, HIGH),))
    foreign = business(rng, rng.choice(("BE", "DE", "FR")))
    untaxed = (_bought(rng, ZERO),)
    match case:
        case "paid":
            return replace(made, receipts=(Receipt(_ONE),))
        case "part_paid":
            return replace(made, receipts=(Receipt(Decimal("0.3")),))
        case "mixed_vat":
            return replace(made, items=(*made.items, _bought(rng, LOW), _bought(rng, ZERO)))
        case "low_rate":
            return replace(made, items=(_bought(rng, LOW),))
        case "odd_cents":
            return replace(made, items=(Item("Derde deel", _ONE, Decimal("33.3333"), HIGH), _bought(rng, HIGH)))
        case "total_off":
            return replace(made, total_off=Decimal(rng.choice((-2, -1, 1, 2))) / 100)
        case "credit":
            return replace(made, items=_turned(made.items))
        case "intra_eu":
            return replace(made, supplier=foreign, items=untaxed, treatment="intra_eu")
        case "import":
            return replace(made, supplier=business(rng, "US"), items=untaxed, treatment="import")
        case "domestic_reverse":
            return replace(made, items=untaxed, treatment="domestic_reverse")
        case "private":
            return replace(made, private_percentage=25)
    return made
