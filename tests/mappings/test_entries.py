"""Lines per account and VAT code that add up to the cent and that the books accept; what is missing is told at once."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boekbrug.domain.documents import DocumentKind, LineKind, Side
from boekbrug.domain.errors import DocumentInvalid, MappingMissing
from boekbrug.domain.money import Money, total
from boekbrug.domain.rounding import tax_on_net
from boekbrug.domain.tenants import RoutePolicy
from mappings.invoices import invoice_for
from mappings.rules import line_facts
from mappings.verification import expected_for_entry
from tests.mappings.builders import codes, orders, rule
from tests.mappings.invoicing import (
    BELGIAN,
    BOOKS,
    COMPUTES,
    EXACT,
    LENIENT,
    RULES,
    abroad,
    code,
    document,
    entry,
    item,
    purchase,
    source,
    source_invoices,
)

TRAITS = st.sampled_from([EXACT, LENIENT, COMPUTES])


def shown(made) -> list[tuple[str, str, str, str]]:
    return [(x.ledger_account, x.vat_code, f"{x.net.amount}", f"{x.tax_amount.amount}") for x in made.lines]


def refusal(error, invoice, **more) -> list[str]:
    with pytest.raises(error) as caught:
        entry(invoice, **more)
    return [f.code for f in caught.value.findings if f.blocks]


# -- to the cent


def check(made, gross, taxes, tolerance) -> None:
    """What the books check: cents, net + VAT, VAT over net, no account and code twice; that nothing is left over."""
    assert made.gross == gross
    assert len({(line.ledger_account, line.vat_code) for line in made.lines}) == len(made.lines)
    for line in made.lines:
        assert isinstance(line.net.cents, int) and isinstance(line.tax_amount.cents, int)
        computed = tax_on_net(line.net.amount, line.tax.rate)
        assert abs(computed - line.tax_amount.amount) <= tolerance
    per_rate = {one.rate: one.tax.amount for one in made.expected_taxes if one.rate}
    assert {rate: tax for rate, tax in per_rate.items() if tax} == {rate: tax for rate, tax in taxes.items() if tax}
    assert total(one.net for one in made.expected_taxes) + total(one.tax for one in made.expected_taxes) == gross


@given(source_invoices(), TRAITS)
@settings(deadline=None)
def test_an_invoice_is_booked_to_the_cent(invoice, traits):
    """Net, VAT and total are the invoice's for any lines, rates, signs and way of rounding; VAT per rate is exact."""
    made = entry(invoice, traits=traits)
    taxes: dict[Decimal, Decimal] = {}
    for line in document(invoice).lines:
        taxes[line.tax.rate] = taxes.get(line.tax.rate, Decimal(0)) + line.gross.amount - line.net.amount
    check(made, invoice.gross, {rate: tax for rate, tax in taxes.items() if rate}, traits.tax_tolerance)
    assert total(line.net for line in made.lines) == invoice.net
    assert total(line.tax_amount for line in made.lines) == invoice.tax


@given(source_invoices(), TRAITS, st.randoms())
@settings(deadline=None)
def test_the_order_of_the_lines_does_not_matter(invoice, traits, random):
    lines = list(invoice.lines)
    random.shuffle(lines)
    assert entry(invoice, traits=traits).lines == entry(replace(invoice, lines=tuple(lines)), traits=traits).lines


@given(orders, TRAITS)
@settings(deadline=None)
def test_an_order_of_a_shop_is_booked_to_the_cent_as_well(placed, traits):
    made_of = invoice_for(placed, RoutePolicy()).document
    if made_of is None:  # below zero
        return
    made = entry(made_of, traits=traits)
    exact: dict[Decimal, Decimal] = {}
    for line in made_of.lines:
        exact[line.tax.rate] = exact.get(line.tax.rate, Decimal(0)) + line.gross.amount - line.net.amount
    taxes = {rate: Money.of(tax).rounded().amount for rate, tax in exact.items() if rate}
    check(made, placed.gross, taxes, traits.tax_tolerance)


def test_vat_that_was_rounded_per_line():
    """37.50 and 12.50 at 21 %: the invoice says 10.51 of VAT, over 50.00 the books compute 10.50."""
    invoice = source(item("37.50"), item("12.50"), per_line=True)
    assert shown(entry(invoice, traits=LENIENT)) == [("8000", "HOOG_VERK", "50.00", "10.51")]
    strict = entry(invoice)
    assert shown(strict) == [("8000", "GEEN", "-0.03", "0.00"), ("8000", "HOOG_VERK", "50.03", "10.51")]
    assert codes(strict.findings) == ["ENTRY_ROUNDED"]
    assert strict.lines[0].why == ("rounding: the books' code without VAT",)
    assert strict.expected_taxes[1].tax == invoice.tax


def test_a_rule_chooses_where_rounding_goes():
    rules = (*RULES, rule("vat", {"vat_code": "GEEN", "ledger_account": "8040"}, line_kind="rounding"))
    made = entry(source(item("37.50"), item("12.50"), per_line=True), rules=rules)
    assert shown(made)[1] == ("8040", "GEEN", "-0.03", "0.00")
    assert "line_kind rounding" in made.lines[1].why[0]


def test_rounding_goes_to_the_code_that_is_made_for_no_vat():
    others = (code("AFSTAND", "0", Side.SALES), code("NUL", "0", None), code("GEEN", "0", None, "Z", "E"))
    books = replace(BOOKS, vat_codes=(BOOKS.vat_codes[0], *others))
    made = entry(source(item("37.50"), item("12.50"), per_line=True), books=books)
    assert [line.vat_code for line in made.lines] == ["GEEN", "HOOG_VERK"]


def test_books_without_a_code_for_rounding():
    books = replace(BOOKS, vat_codes=tuple(c for c in BOOKS.vat_codes if c.code == "HOOG_VERK"))
    invoice = source(item("37.50"), item("12.50"), per_line=True)
    assert refusal(DocumentInvalid, invoice, books=books) == ["NO_CODE_WITHOUT_VAT"]


def test_lines_of_nothing_are_not_booked_and_need_no_rule():
    rules = RULES[:1]
    assert shown(entry(source(item(100), item(0, "0", description="Corresponderende factuur: F1")), rules=rules)) == [
        ("8000", "HOOG_VERK", "100.00", "21.00")
    ]
    assert shown(entry(source(item(0)), rules=rules)) == [("8000", "HOOG_VERK", "0.00", "0.00")]


# -- choices


def test_turnover_in_all_bands_and_a_product_group_of_its_own():
    made = entry(source(item(100), item(50, "9"), item(10, "0"), item(30, product_group="7")))
    assert shown(made) == [
        ("8000", "HOOG_VERK", "100.00", "21.00"),
        ("8010", "LAAG_VERK", "50.00", "4.50"),
        ("8020", "GEEN", "10.00", "0.00"),
        ("8100", "HOOG_VERK", "30.00", "6.30"),
    ]
    assert made.lines[3].why == (
        "account: product_group 7 → ledger_account 8100",
        "vat: band high → vat_code HOOG_VERK, ledger_account 8000",
    )
    assert shown(entry(source(item(100, "0"), contact=BELGIAN)))[0][:2] == ("8030", "EU_VERK")
    assert shown(entry(source(item(100, "0"), contact=abroad("US"))))[0][:2] == ("8040", "BU_VERK")
    at_home = source(item(100, "0"), contact=abroad("NL", "NL810433941B01"), reverse_charged=True)
    assert shown(entry(at_home))[0][:2] == ("8020", "VERL_VERK")


def test_costs_by_category_and_by_the_suppliers_group():
    lines = (item(100, cost_category="3"), item(50))
    assert shown(entry(purchase(*lines))) == [
        ("4000", "HOOG_INK", "50.00", "10.50"),
        ("4100", "HOOG_INK", "100.00", "21.00"),
    ]
    supplier = replace(purchase().contact, groups=("4", "9"))
    assert {line.ledger_account for line in entry(purchase(item(50), contact=supplier)).lines} == {"0100"}
    # The books declare reverse-charged VAT at 21 %; none of it is on the invoice.
    made = entry(purchase(item(100, "0"), reverse_charged=True))
    assert shown(made) == [("4000", "VERL_INK", "100.00", "0.00")] and made.findings == ()


def test_a_group_of_customers_is_not_one_of_suppliers():
    facts = line_facts(document(source(item(1))), document(source(item(1))).lines[0].tax, LineKind.ARTICLE)
    assert facts["side"] == "sales" and facts["contact_group"] == frozenset() and facts["band"] == "high"
    customer = replace(source().contact, groups=("9",))
    assert shown(entry(source(item(100), contact=customer)))[0][0] == "8000"


@pytest.mark.parametrize(
    ("gives", "expected"),
    [
        ({"vat_code": "HOOG_INK", "ledger_account": "8000"}, ["VAT_CODE_OTHER_SIDE"]),
        ({"vat_code": "LAAG_VERK", "ledger_account": "8000"}, ["VAT_CODE_OTHER_RATE"]),
        ({"vat_code": "EU_VERK", "ledger_account": "8000"}, ["VAT_CODE_OTHER_REASON"]),
        ({"vat_code": "GEEN", "ledger_account": "8000"}, ["VAT_CODE_OTHER_RATE"]),
        ({"vat_code": "OUD_VERK", "ledger_account": "8000"}, ["VAT_CODE_OTHER_RATE", "VAT_CODE_NOT_VALID_THEN"]),
        ({"vat_code": "XX", "ledger_account": "8000"}, ["VAT_CODE_NOT_IN_BOOKS"]),
        ({"vat_code": "HOOG_VERK", "ledger_account": "8001"}, ["LEDGER_ACCOUNT_NOT_IN_BOOKS"]),
        ({"vat_code": "HOOG_VERK", "ledger_account": "1010"}, ["LEDGER_ACCOUNT_WRONG_KIND"]),
        ({"vat_code": "HOOG_VERK", "ledger_account": "1300"}, ["LEDGER_ACCOUNT_WRONG_KIND"]),
        ({"vat_code": "HOOG_VERK"}, ["ACCOUNT_NOT_CHOSEN"]),
        ({"ledger_account": "8000"}, ["VAT_RULE_MISSING"]),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(gives, expected):
    assert refusal(MappingMissing, source(item(100)), rules=[rule("vat", gives)]) == expected


def test_everything_that_is_missing_is_told_at_once():
    policy = RoutePolicy(receivable_account="1600", payable_account="1700")
    assert refusal(MappingMissing, source(item(100), item(10, "9")), rules=[], policy=policy) == [
        "VAT_RULE_MISSING",
        "VAT_RULE_MISSING",
        "CONTROL_ACCOUNT_WRONG",
    ]
    found = refusal(MappingMissing, purchase(item(100)), rules=[], policy=policy)
    assert found == ["COST_RULE_MISSING", "CONTROL_ACCOUNT_WRONG"]


def test_a_code_of_any_rate_is_booked_per_rate():
    books = replace(BOOKS, vat_codes=(*BOOKS.vat_codes, code("AFWIJKEND", None, Side.SALES)))
    rules = [rule("vat", {"vat_code": "AFWIJKEND", "ledger_account": "8020"})]
    made = entry(source(item(100), item(50, "9"), item("0.05", "9"), per_line=True), rules=rules, books=books)
    assert shown(made) == [("8020", "AFWIJKEND", "50.05", "4.50"), ("8020", "AFWIJKEND", "100.00", "21.00")]
    assert [line.tax.rate for line in made.lines] == [9, 21]
    assert expected_for_entry(made).lines["8020", "AFWIJKEND"] == (Money.of("150.05"), Money.of("25.50"))


def test_limits_of_the_books():
    assert refusal(DocumentInvalid, source(item(100)), traits=replace(EXACT, number_length=4)) == ["NUMBER_TOO_LONG"]
    two = source(item(100), item(10, "9"))
    assert refusal(DocumentInvalid, two, traits=replace(EXACT, max_lines=1)) == ["TOO_MANY_LINES"]
    assert len(entry(two, traits=replace(EXACT, max_lines=2)).lines) == 2


# -- the rest of an entry


def test_number_term_account_and_text():
    policy = RoutePolicy(number_prefix="W-", payment_days=21)
    made = entry(source(item(100)), policy=policy)
    assert (made.number, made.payment_days, made.control_account) == ("W-F0001", 21, "1300")
    assert made.description == "WeFact F0001 – Bakker BV"
    bought = entry(purchase(item(100), payment_days=0), policy=policy)
    assert (bought.number, bought.payment_days, bought.control_account) == ("W-2026-77", 0, "1600")
    assert bought.description == "WeFact CF0001 – Bakker BV"
    short = entry(source(item(100)), traits=replace(EXACT, description_length=15))
    assert short.description == "WeFact F0001"


@pytest.mark.parametrize(("credits", "text"), [("F0000", "credit F0000"), ("", "credit")])
def test_a_credit_is_positive_and_says_what_it_credits(credits, text):
    credit = replace(source(item(100)), kind=DocumentKind.CREDIT_NOTE, credits=credits, number="F0002")
    made = entry(replace(credit, own_number="F0002"))
    assert made.kind is DocumentKind.CREDIT_NOTE and made.gross == Money.of(121)
    assert made.description == f"WeFact F0002 – {text} – Bakker BV"
    assert made.credits == credits


def test_the_documents_own_rounding_goes_where_all_rounding_goes():
    made = entry(replace(source(item(100)), gross=Money.of("121.02")), rules=RULES[:1])
    assert shown(made) == [("8000", "GEEN", "0.02", "0.00"), ("8000", "HOOG_VERK", "100.00", "21.00")]
