"""Small builders of domain values, and strategies that draw them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from boekbrug.domain.bookings import CreditStyle, LedgerAccount, ReferenceData, TargetTraits, TaxRounding, VatCode
from boekbrug.domain.documents import (
    Address,
    Contact,
    ContactAccount,
    ExternalRef,
    Order,
    OrderLine,
    Payment,
    TaxTreatment,
)
from boekbrug.domain.documents import LineKind as Kind
from boekbrug.domain.money import Money, total
from boekbrug.domain.rounding import tax_within_gross
from boekbrug.domain.tenants import MappingRule, RoutePolicy

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAY = datetime(2026, 3, 2, 10, 15, tzinfo=AMSTERDAM)
HOME = Address(name="Jo Voorbeeld", street="Dorpsstraat 1", postcode="1234AB", city="Oss", country="NL")
JO = Contact(email="jo@example.org", address=HOME)
POLICY = RoutePolicy()


def line(gross, rate="21", *, quantity=1, kind=Kind.ARTICLE, description="Mok", net=None, **more) -> OrderLine:
    gross, rate = Decimal(str(gross)), Decimal(rate)
    net = gross - tax_within_gross(gross, rate) if net is None else Decimal(net)
    return OrderLine(
        kind=kind,
        description=description,
        quantity=Decimal(str(quantity)),
        net=Money.of(net),
        gross=Money.of(gross),
        rate=rate,
        **more,
    )


def order(*lines: OrderLine, **more) -> Order:
    base = Order(
        source_ref=ExternalRef("shop", "order", "1042"),
        number="1042",
        status_id="3",
        ordered_at=DAY,
        changed_at=DAY,
        currency="EUR",
        prices_include_tax=True,
        treatment=TaxTreatment.DOMESTIC,
        customer=JO,
        delivery_address=HOME,
        lines=lines,
        gross=total(one.gross for one in lines),
        payment=Payment(method="ideal"),
    )
    return replace(base, **more)


def to(country: str, postcode: str = "1000", *, vat_number: str = "", company: str = "") -> dict:
    """Customer and delivery address in a country."""
    address = replace(HOME, country=country, postcode=postcode, company=company)
    return {"customer": replace(JO, address=address, vat_number=vat_number), "delivery_address": address}


def codes(findings) -> list[str]:
    return [one.code for one in findings]


def rule(kind: str, gives: dict | None = None, **match) -> MappingRule:
    return MappingRule.model_validate({"kind": kind, "match": match, "gives": gives or {}})


RULES = (
    *(rule("vat", {"vat_code": r, "ledger_account": f"Omzet {r}%"}, rate=r) for r in ("21", "9", "0")),
    rule("payment", {"payment_name": "iDEAL"}),
    rule("mixed", {"ledger_account": "Omzet gemengd"}),
)
BOOKS = ReferenceData(
    vat_codes=tuple(VatCode(code=r, rate=Decimal(r)) for r in ("21", "9", "6", "0")),
    ledger_accounts=tuple(
        LedgerAccount(code=str(i), name=name)
        for i, name in enumerate(("Omzet 21%", "Omzet 9%", "Omzet 0%", "Omzet gemengd"), 1)
    ),
)


def traits(rounding: TaxRounding = TaxRounding.PER_RATE, *, decimals: int = 2, per_document: bool = True):
    return TargetTraits(
        price_decimals=decimals,
        tax_rounding=rounding,
        credit_style=CreditStyle.NEGATIVE_QUANTITY,
        ledger_per_document=per_document,
        debtor_decides_prices=True,
    )


def debtor(*, prices_include_tax: bool = True, reverse_charged: bool = False) -> ContactAccount:
    return ContactAccount(
        target_ref=ExternalRef("books", "client", "43"),
        contact=JO,
        prices_include_tax=prices_include_tax,
        reverse_charged=reverse_charged,
    )


# -- strategies

cents = st.integers(-500_000, 500_000)
quantities = st.one_of(
    st.integers(1, 40).map(Decimal), st.sampled_from([Decimal("0.5"), Decimal("1.5"), Decimal(-2), Decimal(0)])
)
rates = st.sampled_from(["21", "9", "0"])


@st.composite
def order_lines(draw) -> OrderLine:
    """A line as a shop computes it: a net with up to six decimals, a gross in cents."""
    gross = Decimal(draw(cents)).scaleb(-2)
    rate = draw(rates)
    exact = gross * 100 / (100 + Decimal(rate))
    net = exact.quantize(Decimal("0.000001") if draw(st.booleans()) else Decimal("0.01"))
    return line(gross, rate, quantity=draw(quantities), net=net, kind=draw(st.sampled_from([Kind.ARTICLE, Kind.OTHER])))


orders = st.lists(order_lines(), min_size=1, max_size=12).map(lambda lines: order(*lines))
