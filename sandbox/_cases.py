"""The situations that generated orders go through, one function each, named by the `case` label of the order."""

from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from sandbox._cart import CENT, Cart, Option, Payment, TaxStrategy, gross_of, net_of, random_uuid
from sandbox._catalogue import HIGH, LOW, STANDARD_RATES, ZERO, business, person

#: Labels of the orders that credit the order right before them.
CREDITS = frozenset({"credit_full", "credit_partial"})

_HOSTILE = (
    "Mok \"de Beste\" 'n Co; DROP TABLE orders; --",
    "<script>alert('kassa')</script> & <b>vet</b>",
    "Thee \U0001f375\U0001f469\u200d\U0001f469\u200d\U0001f467 met e\u0301\u00e9n \u20ac",
    "\u202eneskos nelloW\u202c \u0645\u0631\u062d\u0628\u0627",
    "regel een\r\nregel twee\tmet tab",
    "nul\u0000byte en \u0007 bel \u001b[31m",
    "=HYPERLINK(\"http://example.org\";\"klik\")",
    "%s %d {0} ${jndi:ldap://example.org} \\u0041 ]]>",
)  # fmt: skip
_PHONES = (
    "+31 (0)6 12 34 56 78", "0031612345678", "06-12345678 (na 18:00)", "(020) 55 51 234", "0612345678/0735512345", "",
)  # fmt: skip
_LONG_NAME = (
    "Maria Magdalena Wilhelmina Theodora van Wassenaer-Obdam tot Oud-Wassenaar van Duivenvoorde en Zuidbuurt "
    "geboren gravin van Rechteren Limpurg"
)
_LONG_COMPANY = (
    "Coöperatieve Inkoopvereniging van Zelfstandige Bloemisten, Hoveniers en Tuincentra in de Noordoostpolder, "
    "Flevoland en Omstreken (in oprichting) B.A."
)


def _goods(cart: Cart, *rates: Decimal) -> None:
    for rate in rates or (HIGH,):
        cart.article(rate)


def _plain(cart: Cart) -> None:
    rate = cart.rng.choice((HIGH, HIGH, LOW))
    _goods(cart, *[rate] * cart.rng.randint(1, 3))


def _odd_cents(cart: Cart) -> None:
    for quantity, price in ((3, "1.005"), (7, "0.3333"), (cart.rng.randint(11, 99), "0.07")):
        cart.article(cart.rng.choice((HIGH, LOW)), quantity, price=Decimal(price))


def _discount_one_rate(cart: Cart) -> None:
    _goods(cart, HIGH, HIGH)
    _discount(cart)


def _discount_two_rates(cart: Cart) -> None:
    _goods(cart, HIGH, LOW)
    _discount(cart)


def _discount(cart: Cart) -> None:
    percent = cart.rng.randint(5, 25)
    goods = gross_of(cart.lines) if cart.prices_include_tax else net_of(cart.lines)
    cart.discount_code = f"WELKOM{percent}"
    off = (goods * percent / 100).quantize(CENT, ROUND_HALF_UP)
    cart.spread("discount", f"Kortingscode {cart.discount_code} ({percent} %)", -off)


def _shipping_taxed(cart: Cart) -> None:
    _goods(cart)
    cart.charge("shipping", "Verzendkosten PostNL", Decimal("5.95"))


def _shipping_split(cart: Cart) -> None:
    _goods(cart, HIGH, LOW)
    cart.spread("shipping", "Verzendkosten DHL", Decimal("6.95"))


def _payment_split(cart: Cart) -> None:
    _goods(cart, HIGH, LOW, LOW)
    cart.spread("payment", "Transactiekosten", Decimal("1.00"))


def _mixed_vat(cart: Cart) -> None:
    _goods(cart, HIGH, LOW, cart.rng.choice((HIGH, LOW)))
    cart.charge("shipping", "Verzendkosten PostNL", Decimal("4.50"))


def _zero_rated(cart: Cart) -> None:
    _goods(cart, HIGH)
    cart.charge("custom", "Cadeaubon 25 euro (meervoudig, onbelast)", Decimal("25.00"), ZERO)


def _free_order(cart: Cart) -> None:
    cart.article(HIGH, 1, price=Decimal("0.00"), description="Gratis proefpakket")


def _full_discount(cart: Cart) -> None:
    _goods(cart, HIGH, LOW)
    cart.discount_code = "ALLESGRATIS"
    cart.give_away("Kortingscode ALLESGRATIS")


def _excl_prices(cart: Cart) -> None:
    cart.prices_include_tax = False
    _goods(cart, HIGH, LOW)
    cart.article(HIGH, 3, price=Decimal("3.3333"))
    cart.charge("shipping", "Verzendkosten", Decimal("5.00"))


def _domestic_business(cart: Cart) -> None:
    cart.customer = business(cart.rng)
    cart.reference = f"PO-{cart.rng.randint(2000, 9999)}"
    cart.payment = Payment("basic", "invoice", "authorized")
    _goods(cart, HIGH, LOW)


def _to_business(cart: Cart, vat_number: str | None) -> None:
    country = cart.rng.choice(("BE", "DE", "FR", "GR"))
    buyer = business(cart.rng, country)
    if vat_number is not None:
        buyer = replace(buyer, invoice=replace(buyer.invoice, vat_number=vat_number))
    cart.customer = buyer
    cart.sell_abroad(country, "reverse_charged_vat", ZERO)
    _goods(cart, HIGH, LOW)
    cart.charge("shipping", "Verzendkosten Europa", Decimal("12.50"))


def _reverse_charge(cart: Cart) -> None:
    _to_business(cart, None)


def _reverse_charge_no_vat(cart: Cart) -> None:
    _to_business(cart, "")


def _reverse_charge_bad_vat(cart: Cart) -> None:
    _to_business(cart, cart.rng.choice(("BE0123456789", "DE12345", "aangevraagd", "NL123456789B1", "FRXX000000000")))


def _to_consumer(cart: Cart, country: str, strategy: TaxStrategy, rate: Decimal | None) -> None:
    cart.customer = person(cart.rng, country)
    cart.sell_abroad(country, strategy, rate)
    _goods(cart, HIGH, cart.rng.choice((HIGH, LOW)))
    cart.charge("shipping", "Verzendkosten buitenland", Decimal("9.75"))


def _eu_consumer_home(cart: Cart) -> None:
    _to_consumer(cart, cart.rng.choice(("BE", "DE", "FR")), "", None)


def _oss(country: str) -> Callable[[Cart], None]:
    return lambda cart: _to_consumer(cart, country, "", STANDARD_RATES[country])


def _export(cart: Cart) -> None:
    _to_consumer(cart, cart.rng.choice(("CH", "GB", "US")), "zero_percent", ZERO)


def _eu_zero_charged(cart: Cart) -> None:
    _to_consumer(cart, cart.rng.choice(("BE", "DE", "FR")), "zero_percent", ZERO)


def _untaxed_shipping(cart: Cart) -> None:
    _goods(cart)
    cart.charge("shipping", "Verzendkosten", Decimal("5.95"), ZERO)


def _foreign_currency(cart: Cart) -> None:
    _to_consumer(cart, "GB", "zero_percent", ZERO)
    cart.currency = "GBP"


def _total_mismatch(cart: Cart) -> None:
    _mixed_vat(cart)
    cart.total_off = Decimal(cart.rng.randint(11, 999)) / 100


def _tax_cent_off(cart: Cart) -> None:
    _mixed_vat(cart)
    cart.tax_shift = Decimal("0.01")


def _guest_no_email(cart: Cart) -> None:
    cart.customer = replace(person(cart.rng), email="")
    cart.payment = Payment("basic", "cash", "captured")
    _goods(cart)


def _guest_email(cart: Cart) -> None:
    cart.customer = person(cart.rng)
    _goods(cart)


def _email_case(cart: Cart) -> None:
    same = person(cart.kin)
    cart.customer = replace(same, email=same.email.title() if cart.turn else same.email)
    _goods(cart)


def _new_customer(cart: Cart) -> None:
    same = person(cart.kin)
    cart.customer = replace(same, id=random_uuid(cart.kin))
    _goods(cart, cart.rng.choice((HIGH, LOW)))


def _guest_and_company(cart: Cart) -> None:
    company = business(cart.kin)
    private = replace(company, invoice=replace(company.invoice, company="", vat_number=""))
    cart.customer = company if cart.turn else private
    _goods(cart)


def _long_postcode_gb(cart: Cart) -> None:
    _to_consumer(cart, "GB", "zero_percent", ZERO)
    buyer = cart.customer
    cart.customer = replace(buyer, invoice=replace(buyer.invoice, postcode="EC1A 1BB", city="London"))


def _long_postcode_us(cart: Cart) -> None:
    _to_consumer(cart, "US", "zero_percent", ZERO)


def _long_name(cart: Cart) -> None:
    buyer = business(cart.rng)
    street = f"{buyer.invoice.street} achter de oude spoorlijn naast het voormalige gemaal, ingang parkeerplaats"
    invoice = replace(
        buyer.invoice, name=_LONG_NAME, company=_LONG_COMPANY, street=street, number="12345 huis-rood III"
    )
    cart.customer = replace(buyer, invoice=invoice)
    cart.article(HIGH, description="Maatwerk tafelblad " + "massief eiken, gelakt, " * 20)


def _phone_format(cart: Cart) -> None:
    buyer = person(cart.rng)
    cart.customer = replace(buyer, invoice=replace(buyer.invoice, phone=cart.rng.choice(_PHONES)))
    _goods(cart)


def _hostile_text(cart: Cart) -> None:
    for text in cart.rng.sample(_HOSTILE, 3):
        cart.article(cart.rng.choice((HIGH, LOW)), description=text)
    cart.comment = cart.rng.choice(_HOSTILE)


def _option_price(cart: Cart) -> None:
    cut = Option("Actieprijs", -Decimal(cart.rng.randint(100_000, 900_000)) / 1_000_000)
    gift = Option("Cadeauverpakking", Decimal("1.239669"))
    cart.article(HIGH, 2, price=Decimal("14.95"), options=(cut,))
    cart.article(LOW, 3, price=Decimal("8.95"), options=(gift, cut))


def _bare_line(cart: Cart) -> None:
    _goods(cart)
    cart.charge("custom", "", Decimal("7.50"))


def _unknown_payment(cart: Cart) -> None:
    _goods(cart)
    cart.payment = Payment("paytor", "bitcoin", "captured")


def _gift_card(cart: Cart) -> None:
    _goods(cart, HIGH, LOW)
    cart.payment = Payment("basic", "webshop_giftcard", "captured")


def _not_eligible(cart: Cart) -> None:
    _goods(cart)
    cart.status = "open"
    cart.payment = Payment("basic", "advance", "pending")


def _cancelled(cart: Cart) -> None:
    _goods(cart)
    cart.status = "cancelled"
    cart.payment = Payment("mollie", "ideal", "failed")


def _test_order(cart: Cart) -> None:
    _goods(cart)
    cart.test = True


def _archived(cart: Cart) -> None:
    _goods(cart)
    cart.archived = True


def _many_lines(cart: Cart) -> None:
    _goods(cart, *[cart.rng.choice((HIGH, LOW)) for _ in range(200)])


#: What fills the cart, by label. The credit cases are made from the order before them (see `_shopdata`).
CASES: dict[str, Callable[[Cart], None]] = {
    "plain": _plain,
    "odd_cents": _odd_cents,
    "discount_one_rate": _discount_one_rate,
    "discount_two_rates": _discount_two_rates,
    "shipping_taxed": _shipping_taxed,
    "shipping_split": _shipping_split,
    "payment_split": _payment_split,
    "mixed_vat": _mixed_vat,
    "zero_rated": _zero_rated,
    "free_order": _free_order,
    "full_discount": _full_discount,
    "excl_prices": _excl_prices,
    "domestic_business": _domestic_business,
    "reverse_charge": _reverse_charge,
    "reverse_charge_no_vat": _reverse_charge_no_vat,
    "reverse_charge_bad_vat": _reverse_charge_bad_vat,
    "eu_consumer_home": _eu_consumer_home,
    "oss_be": _oss("BE"),
    "oss_de": _oss("DE"),
    "oss_fi": _oss("FI"),
    "export": _export,
    "eu_zero_charged": _eu_zero_charged,
    "untaxed_shipping": _untaxed_shipping,
    "foreign_currency": _foreign_currency,
    "total_mismatch": _total_mismatch,
    "tax_cent_off": _tax_cent_off,
    "guest_no_email": _guest_no_email,
    "guest_email": _guest_email,
    "email_case": _email_case,
    "new_customer": _new_customer,
    "guest_and_company": _guest_and_company,
    "long_postcode_gb": _long_postcode_gb,
    "long_postcode_us": _long_postcode_us,
    "long_name": _long_name,
    "phone_format": _phone_format,
    "hostile_text": _hostile_text,
    "option_price": _option_price,
    "bare_line": _bare_line,
    "unknown_payment": _unknown_payment,
    "gift_card": _gift_card,
    "not_eligible": _not_eligible,
    "cancelled": _cancelled,
    "test_order": _test_order,
    "archived": _archived,
    "many_lines": _many_lines,
}
