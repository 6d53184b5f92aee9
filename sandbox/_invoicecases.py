"""What generated invoices are made of, and the situations they go through, one function each, by `case` label."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Literal

from sandbox._catalogue import HIGH, LOW, ZERO, Customer, business, person

Treatment = Literal["domestic", "domestic_reverse", "intra_eu", "export", "oss"]
Stage = Literal["draft", "sent", "lapsed", "credited", "blocked"]

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
    """A sales document and what became of it; ``number`` counts from 0. A credit made by hand has negative lines."""

    case: str
    number: int
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

_BY_CODE = {article.code: article for article in ARTICLES}
_HIGH_GOODS = ("ADVIES", "MONTAGE", "MOK", "LAMP")
_LOW_GOODS = ("BOEK", "KOFFIE")
_WHOLE = Receipt(_ONE)


def item(rng: Random, code: str) -> Item:
    """Some of an article."""
    article = _BY_CODE[code]
    return Item(article.name, Decimal(rng.randint(1, 8)), article.unit_net, article.rate, code, period=article.period)


def high(rng: Random) -> Item:
    """Some of an article at the high rate."""
    return item(rng, rng.choice(_HIGH_GOODS))


def low(rng: Random) -> Item:
    """Some of an article at the low rate."""
    return item(rng, rng.choice(_LOW_GOODS))


def _mixed(rng: Random) -> tuple[Item, ...]:
    return high(rng), low(rng), high(rng)


def _turned(items: Sequence[Item]) -> tuple[Item, ...]:
    return tuple(replace(item, unit_net=-item.unit_net) for item in items)


def _rated(items: Sequence[Item], rate: Decimal) -> tuple[Item, ...]:
    return tuple(replace(item, rate=rate) for item in items)


def _neighbour(rng: Random) -> str:
    return rng.choice(("BE", "DE", "FR"))


def _paid(sale: Sale, rng: Random) -> Sale:
    return replace(sale, receipts=(Receipt(_ONE, rng.choice(("wire", "ideal", "card"))),))


def _zero_rated(sale: Sale, rng: Random) -> Sale:
    gift = Item("Cadeaubon 25 euro (meervoudig, onbelast)", _ONE, Decimal(25), ZERO)
    return replace(sale, items=(*sale.items, gift))


def _odd_cents(sale: Sale, rng: Random) -> Sale:
    screws = replace(item(rng, "SCHROEF"), quantity=Decimal(rng.randint(101, 999)))
    thirds = Item("Derde deel", Decimal(7), Decimal("0.3333"), LOW)
    return replace(sale, items=(screws, thirds, Item("Halve cent", Decimal(3), Decimal("1.005"), HIGH)))


def _line_discount(sale: Sale, rng: Random) -> Sale:
    return replace(sale, items=(replace(high(rng), discount=Decimal("12.5")), low(rng)))


def _periodic(sale: Sale, rng: Random) -> Sale:
    hosting = replace(item(rng, "HOSTING"), quantity=_ONE, periods=12)
    return replace(sale, items=(hosting, replace(item(rng, "ONDERHOUD"), quantity=_ONE, periods=3)))


def _incl_prices(sale: Sale, rng: Random) -> Sale:
    # 10.00 and 24.95 with VAT: their prices without it have no end.
    first = Item("Entree", Decimal(3), Decimal("8.26446281"), HIGH)
    second = Item("Catalogus", Decimal(2), Decimal("22.88990826"), LOW)
    return replace(sale, items=(first, second), prices_include_tax=True)


def _no_article(sale: Sale, rng: Random) -> Sale:
    return replace(sale, items=(Item("Vrij ingevoerde regel", _ONE, Decimal("333.33"), HIGH),))


def _free(sale: Sale, rng: Random) -> Sale:
    return replace(sale, items=(Item("Gratis proefpakket", _ONE, ZERO, HIGH),))


def _negative_line(sale: Sale, rng: Random) -> Sale:
    back = Item("Retour statiegeld", Decimal(-2), Decimal("1.50"), HIGH)
    return replace(sale, items=(replace(high(rng), quantity=Decimal(5)), back))


def _many_lines(sale: Sale, rng: Random) -> Sale:
    return replace(sale, items=tuple(rng.choice((high, low))(rng) for _ in range(150)))


def _domestic_business(sale: Sale, rng: Random) -> Sale:
    return replace(sale, customer=business(rng), items=_mixed(rng), reference=f"PO-{rng.randint(2000, 9999)}")


def _hand_credit_quantity(sale: Sale, rng: Random) -> Sale:
    back = tuple(replace(sold, quantity=-sold.quantity) for sold in _mixed(rng))
    return replace(sale, items=back, remark="Retour")


def _to_business(sale: Sale, rng: Random, vat_number: str | None) -> Sale:
    buyer = business(rng, _neighbour(rng))
    if vat_number is not None:
        buyer = replace(buyer, invoice=replace(buyer.invoice, vat_number=vat_number))
    return replace(sale, customer=buyer, items=_rated(sale.items, ZERO), treatment="intra_eu")


def _intra_eu_bad_number(sale: Sale, rng: Random) -> Sale:
    return _to_business(sale, rng, rng.choice(("DE12345", "aangevraagd", "BE0123456789")))


def _export(sale: Sale, rng: Random) -> Sale:
    buyer = rng.choice((business, person))(rng, rng.choice(("CH", "GB", "US")))
    return replace(sale, customer=buyer, items=_rated(sale.items, ZERO), treatment="export")


def _foreign_currency(sale: Sale, rng: Random) -> Sale:
    goods = _rated(sale.items, ZERO)
    return replace(sale, customer=business(rng, "US"), items=goods, treatment="export", currency="USD")


def _oss(country: str, rate: str) -> "Callable[[Sale, Random], Sale]":
    return lambda sale, rng: replace(
        sale, customer=person(rng, country), items=_rated(sale.items, Decimal(rate)), treatment="oss"
    )


def _html_text(sale: Sale, rng: Random) -> Sale:
    text = "<b>Advies</b><br />2 dagdelen &amp; reistijd"
    return replace(sale, items=(replace(sale.items[0], description=text),), remark="<p>Met dank</p>")


def _hostile_text(sale: Sale, rng: Random) -> Sale:
    text = 'Mok "de Beste" \'n Co; DROP TABLE invoices; -- \U0001f375 \u202eneskos\u202c'
    return replace(sale, items=(replace(sale.items[0], description=text),), reference="=1+1")


def _long_texts(sale: Sale, rng: Random) -> Sale:
    buyer = business(rng)
    address = replace(buyer.invoice, company="Coöperatieve Inkoopvereniging van Zelfstandige Bloemisten " * 3)
    long = replace(sale.items[0], description="Maatwerk tafelblad " + "massief eiken, gelakt, " * 40)
    return replace(sale, customer=replace(buyer, invoice=address), items=(long,))


def _two_addresses(sale: Sale, rng: Random) -> Sale:
    buyer = sale.customer
    return replace(sale, customer=replace(buyer, email=f"{buyer.email};boekhouding+{buyer.email}"))


SALE_CASES: Mapping[str, Callable[[Sale, Random], Sale]] = {
    "plain": lambda sale, rng: sale,
    "mixed_vat": lambda sale, rng: replace(sale, items=_mixed(rng)),
    "low_rate": lambda sale, rng: replace(sale, items=(low(rng), low(rng))),
    "zero_rated": _zero_rated,
    "odd_cents": _odd_cents,
    "line_discount": _line_discount,
    "document_discount": lambda sale, rng: replace(sale, items=_mixed(rng), discount=Decimal(rng.randint(3, 15))),
    "full_discount": lambda sale, rng: replace(sale, items=_mixed(rng), discount=Decimal(100)),
    "periodic": _periodic,
    "incl_prices": _incl_prices,
    "no_article": _no_article,
    "free": _free,
    "negative_line": _negative_line,
    "many_lines": _many_lines,
    "domestic_business": _domestic_business,
    "domestic_reverse": lambda sale, rng: replace(sale, customer=business(rng), treatment="domestic_reverse"),
    "intra_eu": lambda sale, rng: _to_business(sale, rng, None),
    "intra_eu_no_number": lambda sale, rng: _to_business(sale, rng, ""),
    "intra_eu_bad_number": _intra_eu_bad_number,
    "export": _export,
    "foreign_currency": _foreign_currency,
    "eu_consumer_home": lambda sale, rng: replace(sale, customer=person(rng, _neighbour(rng))),
    "oss_de": _oss("DE", "19"),
    "oss_fi": _oss("FI", "25.5"),
    "paid": _paid,
    "part_paid": lambda sale, rng: replace(sale, receipts=(Receipt(Decimal("0.4")),)),
    "two_payments": lambda sale, rng: replace(sale, receipts=(Receipt(Decimal("0.25")), Receipt(_ONE, "ideal"))),
    "draft": lambda sale, rng: replace(sale, stage="draft"),
    "blocked": lambda sale, rng: replace(sale, stage="blocked"),
    "lapsed": lambda sale, rng: replace(sale, stage="lapsed"),
    "credited": lambda sale, rng: replace(sale, items=_mixed(rng), stage="credited"),
    "credited_paid": lambda sale, rng: replace(_paid(sale, rng), stage="credited"),
    "credited_part_paid": lambda sale, rng: replace(sale, receipts=(Receipt(Decimal("0.5")),), stage="credited"),
    "hand_credit": lambda sale, rng: replace(sale, items=_turned(_mixed(rng)), remark="Creditering volgens afspraak"),
    "hand_credit_quantity": _hand_credit_quantity,
    "hand_credit_paid": lambda sale, rng: replace(sale, items=_turned(sale.items), receipts=(_WHOLE,)),
    "own_number": lambda sale, rng: replace(sale, own_number=f"2019/{1000 + sale.number}-A"),
    "html_text": _html_text,
    "hostile_text": _hostile_text,
    "long_texts": _long_texts,
    "two_addresses": _two_addresses,
    "no_email": lambda sale, rng: replace(sale, customer=replace(sale.customer, email="")),
}


def bought(rng: Random, rate: Decimal) -> Item:
    """Something that a business buys."""
    what, category = rng.choice((("Handelsgoederen", 1), ("Kantoorartikelen", 2), ("Huur", 3), ("Internet", 4),
                                 ("Drukwerk", 6)))  # fmt: skip
    return Item(what, _ONE, Decimal(rng.randint(500, 90_000)) / 100, rate, category=category)


def _from_abroad(purchase: Purchase, rng: Random) -> Purchase:
    supplier = business(rng, _neighbour(rng))
    return replace(purchase, supplier=supplier, items=(bought(rng, ZERO),), treatment="intra_eu")


def _imported(purchase: Purchase, rng: Random) -> Purchase:
    return replace(purchase, supplier=business(rng, "US"), items=(bought(rng, ZERO),), treatment="import")


def _bought_odd_cents(purchase: Purchase, rng: Random) -> Purchase:
    return replace(purchase, items=(Item("Derde deel", _ONE, Decimal("33.3333"), HIGH), bought(rng, HIGH)))


def _bought_mixed(purchase: Purchase, rng: Random) -> Purchase:
    return replace(purchase, items=(*purchase.items, bought(rng, LOW), bought(rng, ZERO)))


def _shifted(purchase: Purchase, rng: Random) -> Purchase:
    return replace(purchase, items=(bought(rng, ZERO),), treatment="domestic_reverse")


PURCHASE_CASES: Mapping[str, Callable[[Purchase, Random], Purchase]] = {
    "plain": lambda purchase, rng: purchase,
    "paid": lambda purchase, rng: replace(purchase, receipts=(_WHOLE,)),
    "part_paid": lambda purchase, rng: replace(purchase, receipts=(Receipt(Decimal("0.3")),)),
    "mixed_vat": _bought_mixed,
    "low_rate": lambda purchase, rng: replace(purchase, items=(bought(rng, LOW),)),
    "odd_cents": _bought_odd_cents,
    "total_off": lambda purchase, rng: replace(purchase, total_off=Decimal(rng.choice((-2, -1, 1, 2))) / 100),
    "credit": lambda purchase, rng: replace(purchase, items=_turned(purchase.items)),
    "intra_eu": _from_abroad,
    "import": _imported,
    "domestic_reverse": _shifted,
    "private": lambda purchase, rng: replace(purchase, private_percentage=25),
}
