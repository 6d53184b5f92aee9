"""Which orders go over, and that what goes over is what was bought."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boekbrug.domain.documents import (
    Address,
    Contact,
    DocumentKind,
    ExternalRef,
    LineKind,
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    TaxTotal,
    TaxTreatment,
    UnreadableDocument,
)
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.findings import finding
from boekbrug.domain.money import Money
from boekbrug.domain.tenants import RoutePolicy
from mappings.eligibility import Verdict, eligibility, status_plan
from mappings.invoices import invoice_for, order_problems
from tests.mappings.builders import AMSTERDAM, DAY, POLICY, codes, line, order, orders, to

STATUSES = (
    OrderStatus(id="1", name="Open"),
    OrderStatus(id="2", name="Verzonden", goes_over=True),
    OrderStatus(id="3", name="Betaald", goes_over=True),
    OrderStatus(id="4", name="Geannuleerd", never=True),
    OrderStatus(id="6", name="Betaald & afgehaald", goes_over=True),
    OrderStatus(id="10", name="Gecrediteerd", is_credit=True),
)
CREDITS = POLICY.model_copy(update={"credit_orders": True})


def policy(**changes) -> RoutePolicy:
    return RoutePolicy.model_validate(changes)


# -- statuses


def test_statuses_by_name_or_id_whatever_their_case():
    plan = status_plan(policy(statuses=("BETAALD ", "2"), skip_statuses=("geannuleerd", "bestaat niet")), STATUSES)
    verdicts = {status.name: plan.verdict(status.id) for status in STATUSES}
    assert verdicts == {
        "Open": Verdict.NOT_YET,
        "Verzonden": Verdict.GOES,
        "Betaald": Verdict.GOES,
        "Geannuleerd": Verdict.NEVER,
        "Betaald & afgehaald": Verdict.NOT_YET,
        "Gecrediteerd": Verdict.GOES,
    }
    assert plan.verdict("99") is Verdict.NOT_YET


def test_a_wanted_status_that_the_shop_does_not_have_lists_those_it_has():
    with pytest.raises(SettingsInvalid) as caught:
        status_plan(policy(statuses=("Betaalt",)), STATUSES)
    assert "'Betaalt'" in str(caught.value)
    assert "Betaald (3)" in str(caught.value)


def test_what_is_to_be_skipped_is_skipped():
    plan = status_plan(policy(statuses=("Betaald", "Verzonden"), skip_statuses=("Betaald", "Gecrediteerd")), STATUSES)
    assert plan.verdict("3") is Verdict.NEVER
    assert plan.verdict("10") is Verdict.NEVER


def test_without_statuses_of_its_own_a_route_takes_those_that_the_source_proposes():
    plan = status_plan(policy(), STATUSES)
    assert [plan.verdict(status.id) for status in STATUSES] == [
        Verdict.NOT_YET,
        Verdict.GOES,
        Verdict.GOES,
        Verdict.NEVER,
        Verdict.GOES,
        Verdict.GOES,
    ]
    wanted = status_plan(policy(statuses=("Geannuleerd",)), STATUSES)
    assert wanted.verdict("4") is Verdict.GOES, "a choice goes before a proposal"


def test_no_status_at_all_is_refused():
    with pytest.raises(SettingsInvalid, match="proposes no status"):
        status_plan(policy(), (OrderStatus(id="1", name="Open"),))


@pytest.mark.parametrize(
    ("changes", "document", "verdict", "reason"),
    [
        ({}, order(line(1)), Verdict.GOES, None),
        ({}, order(line(1), status_id="1"), Verdict.NOT_YET, "STATUS_NOT_YET"),
        ({}, order(line(1), status_id="4"), Verdict.NEVER, "STATUS_NEVER"),
        ({"first_number": 1042}, order(line(1)), Verdict.GOES, None),
        ({"first_number": 1043}, order(line(1)), Verdict.NEVER, "BEFORE_FIRST_NUMBER"),
        ({"first_number": 1043}, order(line(1), number="WEB-2024-1042"), Verdict.NEVER, "BEFORE_FIRST_NUMBER"),
        ({"first_number": 1043}, order(line(1), number="zonder"), Verdict.GOES, None),
        ({"start_on": "2026-03-02"}, order(line(1)), Verdict.GOES, None),
        ({"start_on": "2026-03-03"}, order(line(1)), Verdict.NEVER, "BEFORE_START"),
        (
            {"start_on": "2026-01-01"},
            order(line(1), ordered_at=datetime(2025, 12, 31, 23, 30, tzinfo=AMSTERDAM)),
            Verdict.NEVER,
            "BEFORE_START",
        ),
        (
            {},
            UnreadableDocument(source_ref=ExternalRef("s", "order", "1"), number="1", findings=(), status_id="1"),
            Verdict.NOT_YET,
            "STATUS_NOT_YET",
        ),
        (
            {},
            UnreadableDocument(source_ref=ExternalRef("s", "order", "1"), number="1", findings=()),
            Verdict.GOES,
            None,
        ),
    ],
)
def test_which_documents_go_over(changes, document, verdict, reason):
    wanted = policy(**changes)
    result = eligibility(document, status_plan(wanted, STATUSES), wanted)
    assert (result.verdict, result.reason and result.reason.code) == (verdict, reason)


def test_a_start_date_that_is_none_is_refused():
    with pytest.raises(ValueError, match="start_on"):
        policy(start_on="2026-02-30")


# -- invoices


@settings(max_examples=200, deadline=None)
@given(orders)
def test_no_order_loses_or_gains_a_cent(drawn):
    document = invoice_for(drawn, POLICY.model_copy(update={"shipping_without_vat": "accept"})).document
    if document is None:
        assert drawn.gross.amount < 0
        return
    assert document.gross == drawn.gross
    assert [(x.gross, x.net, x.quantity, x.tax.rate) for x in document.lines] == [
        (x.gross, x.net, x.quantity, x.rate) for x in drawn.lines
    ]
    assert sum(document.gross_by_tax.values(), Money.zero()) == drawn.gross


def test_an_ordinary_invoice():
    result = invoice_for(order(line("24.20", quantity=2), line("10.90", "9", description="Thee")), POLICY)
    document = result.document
    assert result.findings == ()
    assert (document.kind, document.number, document.gross) == (DocumentKind.INVOICE, "1042", Money.of("35.10"))
    assert document.is_paid and not document.is_business and document.delivery_country == "NL"


@pytest.mark.parametrize(
    ("case", "wanted"),
    [
        (order(), ["NOTHING_TO_INVOICE"]),
        (order(line(10), gross=Money.of("10.01")), ["TOTALS_DO_NOT_ADD_UP"]),
        (order(line("12.10", net="10.02")), ["LINE_TAX_DOES_NOT_FIT"]),
        (order(line("12.10", net="10.01")), ["LINE_TAX_DOES_NOT_FIT"]),
        (order(line("12.10", net="10.005")), []),
        (order(line("12.50", net="10.00", quantity=80)), []),  # 80 pieces rounded one by one
        (order(line("12.10", net="-10.00")), ["LINE_TAX_DOES_NOT_FIT"]),
        (order(line(10), credits="1041"), ["CREDIT_NOT_SUPPORTED"]),
        (order(line(-10)), ["NEGATIVE_TOTAL"]),
        (order(line("10.001"), gross=Money.of(10)), ["DOCUMENT_UNREADABLE"]),
        (order(line(10), gross=Money.of(10, "USD")), ["DOCUMENT_UNREADABLE"]),
        (order(line(10, "-21")), ["DOCUMENT_UNREADABLE"]),
        (order(line(10, quantity="NaN")), ["DOCUMENT_UNREADABLE"]),
    ],
)
def test_what_does_not_add_up_waits(case, wanted):
    result = invoice_for(case, POLICY)
    assert codes(result.findings) == wanted
    assert (result.document is None) == bool(wanted)


def test_all_is_told_at_once():
    wrong = order(line("12.10", net="5.00"), line(100, "20"), gross=Money.of(1), credits="1")
    assert set(codes(order_problems(wrong, POLICY))) == {
        "CREDIT_NOT_SUPPORTED",
        "TOTALS_DO_NOT_ADD_UP",
        "LINE_TAX_DOES_NOT_FIT",
        "RATE_NOT_OF_COUNTRY",
    }


def test_a_foreign_currency_waits():
    dollars = replace(line(10), gross=Money.of(10, "USD"), net=Money.of("8.26", "USD"))
    assert codes(invoice_for(order(dollars, currency="USD", gross=Money.of(10, "USD")), POLICY).findings) == [
        "CURRENCY_NOT_OF_THE_BOOKS"
    ]


def test_credit_orders_become_credit_notes_where_they_may():
    document = invoice_for(order(line(10), credits="1041"), CREDITS).document
    assert (document.kind, document.credits, document.is_paid) == (DocumentKind.CREDIT_NOTE, "1041", False)
    assert document.gross == Money.of(10)


def test_a_free_order_goes_over_with_nothing_to_pay():
    result = invoice_for(order(line(10), line(-10, kind=LineKind.DISCOUNT), payment=Payment()), POLICY)
    assert result.document.gross.is_zero and not result.document.is_paid


def test_the_shops_own_vat_never_blocks():
    """The shop's example: 0.83 and 6.50 stated, 0.82 and 6.51 by line."""
    one = order(line("9.91", "9", net="9.09"), line("37.54", net="31.03"))
    stated = (TaxTotal(rate=Decimal(9), tax=Money.of("0.83")), TaxTotal(rate=Decimal(21), tax=Money.of("6.50")))
    result = invoice_for(replace(one, tax_totals=stated), POLICY)
    assert codes(result.findings) == ["TAX_TOTAL_DIFFERS"] * 2 and result.document
    doubled = tuple(replace(x, tax=x.tax * 2) for x in stated)
    result = invoice_for(replace(one, tax_totals=doubled), POLICY)
    assert codes(result.findings) == ["TAX_TOTAL_FAR_OFF"] * 2 and result.document


def test_lines_without_text_get_a_name():
    document = invoice_for(order(line(10), line(5, kind=LineKind.SHIPPING, description=" ")), POLICY).document
    assert document.lines[1].description == "Verzendkosten"


def test_what_reading_showed_comes_along():
    seen = finding("TEXT_SHORTENED", field="x")
    assert invoice_for(order(line(10), findings=(seen,)), POLICY).findings == (seen,)


# -- anything at all

texts = st.text(max_size=12)
amounts = st.decimals(allow_nan=False, allow_infinity=False, min_value=-999_999_999, max_value=999_999_999)
monies = st.builds(Money, amounts, st.sampled_from(["EUR", "EUR", "EUR", "USD"]))
anything = st.decimals()
addresses = st.builds(
    Address, name=texts, company=texts, postcode=texts, country=st.sampled_from(["", "NL", "BE", "ES", "US", "??"])
)
wild_lines = st.builds(
    OrderLine,
    kind=st.sampled_from(LineKind),
    description=texts,
    quantity=anything,
    net=monies,
    gross=monies,
    rate=st.one_of(anything, st.sampled_from([Decimal(0), Decimal(21)])),
    source_id=texts,
    product_group=texts,
)
wild_orders = st.builds(
    Order,
    source_ref=st.just(ExternalRef("s", "order", "1")),
    number=texts,
    status_id=texts,
    ordered_at=st.datetimes(),
    changed_at=st.just(DAY),
    currency=st.sampled_from(["EUR", "USD"]),
    prices_include_tax=st.booleans(),
    treatment=st.sampled_from(TaxTreatment),
    customer=st.builds(Contact, email=texts, vat_number=texts, address=addresses),
    delivery_address=addresses,
    lines=st.lists(wild_lines, max_size=4).map(tuple),
    gross=monies,
    tax_totals=st.lists(st.builds(TaxTotal, rate=anything, tax=monies), max_size=2).map(tuple),
    credits=st.one_of(st.none(), texts),
)


@settings(max_examples=250, deadline=None)
@given(wild_orders, st.booleans())
def test_no_order_breaks_the_run(wild, credit_orders):
    result = invoice_for(wild, POLICY.model_copy(update={"credit_orders": credit_orders}))
    assert (result.document is None) == any(f.blocks for f in result.findings)
    for one in result.findings:
        assert one.sentence("nl") and one.suggestion("en")


def test_an_order_to_a_business_is_one_to_a_business():
    assert invoice_for(order(line(10), is_business=True), POLICY).document.is_business
    assert invoice_for(order(line(10), **to("NL", company="Voorbeeld BV")), POLICY).document.is_business
