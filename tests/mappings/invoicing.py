"""Builders of an invoicing program's invoices and of books that are told every line, and strategies that draw them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import strategies as st

from boekbrug.domain.bookings import AccountKind, EntryTraits, LedgerAccount, ReferenceData, VatCode
from boekbrug.domain.documents import (
    Address,
    Contact,
    ContactAccount,
    DocumentKind,
    ExternalRef,
    Side,
    SourceInvoice,
    SourceInvoiceLine,
)
from boekbrug.domain.money import Money
from boekbrug.domain.tax import TaxCategory
from boekbrug.domain.tenants import RoutePolicy
from mappings.entries import entry_for
from mappings.source_invoices import invoice_from
from tests.mappings.builders import codes, rule

DAY = date(2026, 3, 2)
POLICY = RoutePolicy()
BAKKER = Contact(
    email="bakker@example.org",
    address=Address(company="Bakker BV", street="Dorpsstraat 1", postcode="1234AB", city="Oss", country="NL"),
    source_ref=ExternalRef("wefact", "debtor", "12"),
    code="DB10012",
)


def abroad(country: str, vat_number: str = "") -> Contact:
    return replace(BAKKER, address=replace(BAKKER.address, country=country, postcode="1000"), vat_number=vat_number)


BELGIAN = abroad("BE", "BE0123456749")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def item(net, rate="21", **more) -> SourceInvoiceLine:
    more = {"description": "Advies", "quantity": Decimal(1), **more}
    return SourceInvoiceLine(net=Money.of(str(net)), rate=Decimal(rate), **more)


def source(*lines: SourceInvoiceLine, per_line: bool = False, incl: bool = False, **more) -> SourceInvoice:
    """An invoice with the header that its lines give, the VAT rounded per rate or per line, computed on prices without
    or including VAT."""
    net, tax = header([(line.net.amount, line.rate) for line in lines], per_line=per_line, incl=incl)
    base = SourceInvoice(
        kind=DocumentKind.INVOICE,
        source_ref=ExternalRef("wefact", "invoice", "41"),
        number="F0001",
        own_number="F0001",
        status_id="2",
        issued_on=DAY,
        changed_at=datetime(2026, 3, 2, 10, 15, tzinfo=UTC),
        currency="EUR",
        contact=BAKKER,
        lines=lines,
        net=Money.of(net),
        tax=Money.of(tax),
        gross=Money.of(net + tax),
        open_amount=Money.of(net + tax),
        prices_include_tax=incl,
    )
    return replace(base, **more)


def header(lines: list[tuple[Decimal, Decimal]], *, per_line: bool, incl: bool) -> tuple[Decimal, Decimal]:
    groups = (
        [[line] for line in lines] if per_line else [[x for x in lines if x[1] == r] for r in {r for _, r in lines}]
    )
    net = tax = Decimal(0)
    for group in groups:
        rate = group[0][1]
        exact = sum((amount for amount, _ in group), Decimal(0))
        if incl:
            gross = cents(exact * (100 + rate) / 100)
            vat = cents(gross * rate / (100 + rate))
            net, tax = net + gross - vat, tax + vat
        else:
            net, tax = net + cents(exact), tax + cents(exact * rate / 100)
    return cents(net), cents(tax)


def purchase(*lines: SourceInvoiceLine, **more) -> SourceInvoice:
    base = replace(
        source(*lines),
        kind=DocumentKind.PURCHASE_INVOICE,
        source_ref=ExternalRef("wefact", "purchase_invoice", "7"),
        number="2026-77",
        own_number="CF0001",
        contact=replace(BAKKER, source_ref=ExternalRef("wefact", "creditor", "3"), groups=("4",)),
    )
    return replace(base, **more)


def code(name: str, rate: str | None, side: Side | None, *categories: str, **more) -> VatCode:
    kinds = frozenset(map(TaxCategory, categories))
    return VatCode(
        code=name, rate=None if rate is None else Decimal(rate), name=name, side=side, categories=kinds, **more
    )


BOOKS = ReferenceData(
    vat_codes=(
        code("HOOG_VERK", "21", Side.SALES, "S"),
        code("LAAG_VERK", "9", Side.SALES, "S"),
        code("OUD_VERK", "19", Side.SALES, "S", valid_until=date(2012, 9, 30)),
        code("VERL_VERK", "0", Side.SALES, "AE"),
        code("EU_VERK", "0", Side.SALES, "K"),
        code("BU_VERK", "0", Side.SALES, "G"),
        code("HOOG_INK", "21", Side.PURCHASES, "S"),
        code("LAAG_INK", "9", Side.PURCHASES, "S"),
        code("VERL_INK", "21", Side.PURCHASES, "AE"),
        code("EU_INK", "0", Side.PURCHASES, "K"),
        code("BU_INK", "0", Side.PURCHASES, "G"),
        code("GEEN", "0", None),
    ),
    ledger_accounts=tuple(
        LedgerAccount(code=number, name=name, number=number, kind=kind)
        for number, name, kind in (
            ("1010", "Bank", AccountKind.CASH),
            ("1300", "Debiteuren", AccountKind.DEBTORS),
            ("1600", "Crediteuren", AccountKind.CREDITORS),
            ("1520", "Btw hoog", AccountKind.VAT),
            ("4000", "Kantoorkosten", AccountKind.RESULT),
            ("4100", "Autokosten", AccountKind.RESULT),
            ("8000", "Omzet hoog", AccountKind.RESULT),
            ("8010", "Omzet laag", AccountKind.RESULT),
            ("8020", "Omzet overig", AccountKind.RESULT),
            ("8030", "Omzet EU", AccountKind.RESULT),
            ("8040", "Omzet buiten EU", AccountKind.RESULT),
            ("8100", "Omzet abonnementen", AccountKind.RESULT),
            ("0100", "Inventaris", AccountKind.BALANCE),
        )
    ),
)


def _line_rule(kind: str, band: str, vat_code: str, account: str):
    return rule(kind, {"vat_code": vat_code, "ledger_account": account}, band=band)


RULES = (
    _line_rule("vat", "high", "HOOG_VERK", "8000"),
    _line_rule("vat", "low", "LAAG_VERK", "8010"),
    _line_rule("vat", "other", "GEEN", "8020"),
    rule("vat", {"vat_code": "VERL_VERK", "ledger_account": "8020"}, band="other", tax_category="AE"),
    _line_rule("vat", "eu", "EU_VERK", "8030"),
    _line_rule("vat", "outside_eu", "BU_VERK", "8040"),
    _line_rule("cost", "high", "HOOG_INK", "4000"),
    _line_rule("cost", "low", "LAAG_INK", "4000"),
    _line_rule("cost", "other", "GEEN", "4000"),
    rule("cost", {"vat_code": "VERL_INK", "ledger_account": "4000"}, band="other", tax_category="AE"),
    _line_rule("cost", "eu", "EU_INK", "4000"),
    _line_rule("cost", "outside_eu", "BU_INK", "4000"),
    rule("account", {"ledger_account": "8100"}, product_group="7"),
    rule("account", {"ledger_account": "4100"}, cost_category="3"),
    rule("account", {"ledger_account": "0100"}, contact_group="9", side="purchases"),
)
EXACT = EntryTraits(max_lines=100, number_length=50, description_length=200, books_tax=True)
LENIENT = replace(EXACT, tax_tolerance=Decimal("0.01"))
COMPUTES = replace(EXACT, books_tax=False, description_length=50)


def account(ref: str = "K1001") -> ContactAccount:
    return ContactAccount(
        target_ref=ExternalRef("eboekhouden", "relation", ref),
        contact=BAKKER,
        prices_include_tax=False,
        reverse_charged=False,
    )


def document(invoice: SourceInvoice, policy: RoutePolicy = POLICY):
    result = invoice_from(invoice, policy)
    assert result.document, codes(result.findings)
    return result.document


def entry(invoice, *, rules=RULES, books=BOOKS, traits=EXACT, policy=POLICY, **more):
    made = document(invoice, policy) if isinstance(invoice, SourceInvoice) else invoice
    return entry_for(
        made,
        contact=account(),
        rules=rules,
        reference_data=books,
        traits=traits,
        policy=policy,
        our_reference="BB-TEST",
        source_name="WeFact",
        **more,
    )


# -- strategies

nets = st.one_of(
    st.integers(-2_000_000, 2_000_000).map(lambda n: Decimal(n).scaleb(-2)),
    st.integers(-(10**9), 10**9).map(lambda n: Decimal(n).scaleb(-5)),
)
items = st.builds(
    item,
    nets,
    st.sampled_from(["21", "9", "0"]),
    product_group=st.sampled_from(["", "7", "8"]),
    description=st.sampled_from(["Advies", "Boek", ""]),
)


@st.composite
def source_invoices(draw) -> SourceInvoice:
    """An invoice with lines of both signs (discounts), whose total is not below zero, rounded in any of four ways."""
    lines = draw(st.lists(items, min_size=1, max_size=12))
    made = source(*lines, per_line=draw(st.booleans()), incl=draw(st.booleans()))
    if made.gross.amount < 0:
        lines = [replace(line, net=-line.net) for line in lines]
        made = source(*lines, per_line=draw(st.booleans()), incl=made.prices_include_tax)
    if draw(st.booleans()):
        made = replace(made, kind=DocumentKind.CREDIT_NOTE, credits="F0000", status_id="8")
    return made
