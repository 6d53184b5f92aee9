"""The books are compared to the cent, per rate and by customer; each difference shows both sides."""

import time
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from boekbrug.domain.documents import Address, Contact, ExternalRef, PostedDocument, TaxTotal
from boekbrug.domain.findings import Level
from boekbrug.domain.money import Money
from mappings.completeness import Completeness
from mappings.invoices import invoice_for
from mappings.verification import compare, expected_for, summary
from tests.mappings.builders import HOME, JO, POLICY, RULES, codes, line, order, rule

WIDE = POLICY.model_copy(update={"credit_orders": True})


def document(*lines, **more):
    return invoice_for(order(*lines, **more), WIDE).document


def expected(doc, reference="R1", rules=RULES):
    return expected_for(doc, reference=reference, number="F1", rules=rules)


def posted(gross, taxes, *, reference="R1", customer=JO, open_amount="0.00") -> PostedDocument:
    return PostedDocument(
        target_ref=ExternalRef("books", "invoice", "1"),
        number="F1",
        our_reference=reference,
        booked_on=date(2026, 3, 2),
        gross=Money.of(gross),
        tax_totals=tuple(TaxTotal(rate=Decimal(rate), tax=Money.of(tax)) for rate, tax in taxes.items()),
        contact=customer,
        contact_ref=ExternalRef("books", "client", "43"),
        open_amount=Money.of(open_amount),
    )


MUG = document(line(121))


def found(actual, doc=MUG, rules=RULES, policy=POLICY):
    result = compare([expected(doc, rules=rules)], {"R1": actual} if actual else {}, policy)
    return result.findings["R1"]


@pytest.mark.parametrize(
    ("actual", "wanted"),
    [
        (posted("121.00", {"21": "21.00"}), []),
        (posted("121.05", {"21": "21.05"}), ["TOTAL_NEARLY_SAME", "TAX_NEARLY_SAME"]),
        (posted("121.06", {"21": "21.05"}), ["TOTAL_DIFFERS", "TAX_NEARLY_SAME"]),
        (posted("120.94", {"21": "20.99"}), ["TOTAL_DIFFERS", "TAX_NEARLY_SAME"]),
        (posted("121.00", {"21": "20.94"}), ["NET_DIFFERS", "TAX_DIFFERS"]),
        (posted("121.00", {"9": "21.00"}), ["TAX_DIFFERS", "TAX_DIFFERS"]),
        (posted("121.00", {"21.00": "21.00", "0": "0.00"}), []),
        (posted("121.00", {"21": "10.50", "21.0": "10.50"}), []),
        (posted("121.00", {"21": "21.00"}, open_amount="121.00"), ["NOT_MARKED_PAID"]),
        (posted("121.00", {"21": "21.00"}, open_amount="-3.00"), []),
        (None, ["GONE_FROM_BOOKS"]),
    ],
)
def test_amounts(actual, wanted):
    assert codes(found(actual)) == wanted


def test_both_sides_are_shown():
    near = found(posted("121.05", {"21": "21.05"}))
    assert [f.level for f in near] == [Level.NOTICE, Level.NOTICE]
    assert near[1].sentence("en").startswith("VAT at 21%: source EUR 21.00, books EUR 21.05")
    total, tax = found(posted("131.00", {"21": "22.74"}))
    assert total.sentence("nl") == "Totaal: bron EUR 121.00, boeken EUR 131.00."
    assert tax.sentence("en") == "VAT at 21%: source EUR 21.00, books EUR 22.74."
    assert "F1" in total.suggestion("nl")
    (unpaid,) = found(posted("121.00", {"21": "21.00"}, open_amount="121.00"))
    assert "EUR 121.00" in unpaid.sentence("nl")


def test_another_currency_differs_even_at_the_same_figures():
    dollars = replace(posted(121, {"21": "21"}), gross=Money.of(121, "USD"))
    assert codes(found(dollars)) == ["TOTAL_DIFFERS"]


def test_tolerances_are_the_routes():
    strict = POLICY.model_copy(update={"tolerance": Decimal(0), "tax_per_rate_tolerance": Decimal(0)})
    assert codes(found(posted("121.01", {"21": "21.01"}), policy=strict)) == ["TOTAL_DIFFERS", "TAX_DIFFERS"]


def test_a_credit_note_is_negative_in_the_books():
    credit = document(line(121), credits="1041")
    assert found(posted("-121.00", {"21": "-21.00"}, open_amount="-121.00"), credit) == ()
    assert "TOTAL_DIFFERS" in codes(found(posted("121.00", {"21": "21.00"}), credit))


def test_not_paid_is_no_matter_where_it_is_not_due():
    later = (*RULES, rule("payment", {"paid": False}, payment_method="ideal"))
    assert found(posted("121.00", {"21": "21.00"}, open_amount="121.00"), rules=later) == ()


NO_MAIL = Contact(address=HOME)


@pytest.mark.parametrize(
    ("shop", "books", "wanted"),
    [
        (JO, replace(JO, email="JO@Example.org"), []),
        (JO, replace(JO, email="piet@example.org"), [("CUSTOMER_DIFFERS", "email")]),
        (JO, replace(JO, email=""), [("CUSTOMER_DIFFERS", "email")]),
        (JO, replace(JO, address=replace(HOME, name="J. Voorbeeld")), [("CUSTOMER_DETAIL_DIFFERS", "name")]),
        (JO, replace(JO, address=replace(HOME, postcode="1234 ab", name="JO  VOORBEELD")), []),
        (
            JO,
            replace(JO, address=replace(HOME, street="Kerkstraat 2", postcode="9999ZZ")),
            [("CUSTOMER_DETAIL_DIFFERS", "street"), ("CUSTOMER_DETAIL_DIFFERS", "postcode")],
        ),
        (replace(JO, vat_number="BE0123456749"), JO, [("CUSTOMER_DETAIL_DIFFERS", "vat_number")]),
        (replace(JO, vat_number="BE0123456749"), replace(JO, vat_number="be 0123.456.749"), []),
        (JO, replace(JO, vat_number="NL004495445B01"), []),  # the books may know more
        (NO_MAIL, replace(NO_MAIL, email="jo@example.org"), []),
        (NO_MAIL, Contact(address=replace(HOME, name="Piet")), [("CUSTOMER_DIFFERS", "name")]),
        (NO_MAIL, Contact(address=replace(HOME, postcode="1")), [("CUSTOMER_DIFFERS", "postcode")]),
        (NO_MAIL, Contact(address=replace(HOME, city="Os")), [("CUSTOMER_DETAIL_DIFFERS", "city")]),
        # cut off by the books, which was told when it happened
        (
            replace(JO, address=replace(HOME, company="Stichting tot behoud van alles")),
            replace(JO, address=replace(HOME, company="Stichting tot behoud")),
            [],
        ),
    ],
)
def test_customers(shop, books, wanted):
    findings = found(posted("121.00", {"21": "21.00"}, customer=books), document(line(121), customer=shop))
    assert [(one.code, one.values["field"]) for one in findings] == wanted


def test_a_fixed_debtor_is_not_compared():
    collective = (rule("payment", {"debtor": "9001"}),)
    nobody = Contact(email="balie@winkel.example", address=Address(name="Verzameldebiteur"))
    assert found(posted("121.00", {"21": "21.00"}, customer=nobody), rules=collective) == ()


def test_the_summary_adds_up():
    documents = [MUG, document(line(109, "9"), line(121)), document(line(50))]
    wanted = [expected(doc, f"R{i}") for i, doc in enumerate(documents)]
    books = {
        "R0": posted("121.00", {"21": "21.00"}),
        "R1": posted("230.00", {"9": "9.01", "21": "21.00"}, customer=replace(JO, address=Address(name="X"))),
    }
    comparison = compare(wanted, books, POLICY)
    totals = summary(comparison)
    assert (totals.verified, totals.mismatched) == (2, 1)  # other details are a warning, gone is a mismatch
    assert (totals.gross_shop, totals.gross_books) == (Money.of("401.00"), Money.of("351.00"))
    assert [(str(x.rate), x.shop, x.books) for x in totals.rates] == [
        ("9", Money.of("9.00"), Money.of("9.01")),
        ("21", Money.of("50.68"), Money.of("42.00")),
    ]
    assert comparison.agrees("R1") and not comparison.agrees("R2")


def test_nothing_to_compare():
    comparison = compare([], {}, POLICY)
    assert comparison.findings == {} and comparison.documents.empty
    assert summary(comparison).rates == () and summary(comparison).verified == 0


def test_completeness():
    assert Completeness(shop=10, booked=6, excluded=2, waiting=1, failed=1).is_complete
    short = Completeness(shop=10, booked=6, excluded=2, waiting=0, failed=1)
    assert (short.missing, short.is_complete) == (1, False)
    assert Completeness(shop=1, booked=2, excluded=0, waiting=0, failed=0).missing == -1


def test_five_thousand_documents_are_quick():
    wanted = [expected(MUG, f"R{i}") for i in range(5000)]
    books = {f"R{i}": posted("121.00" if i % 100 else "122.00", {"21": "21.00"}) for i in range(5000)}
    started = time.perf_counter()
    comparison = compare(wanted, books, POLICY)
    assert time.perf_counter() - started < 10
    assert summary(comparison).mismatched == 50
