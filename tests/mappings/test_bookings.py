"""Accounts, codes, payment and debtor by the tenant's rules; what is missing is told at once."""

from dataclasses import replace
from decimal import Decimal

import pytest

from boekbrug.domain.bookings import ReferenceData, VatCode
from boekbrug.domain.documents import Contact, LineKind, Payment, TaxTreatment
from boekbrug.domain.errors import DocumentInvalid, MappingMissing
from boekbrug.domain.money import Money
from boekbrug.domain.tenants import RoutePolicy
from mappings.bookings import booking_for, debtor_number_for, debtor_settings_for, is_paid
from mappings.invoices import invoice_for
from mappings.rules import line_facts, rule_for
from tests.mappings.builders import BOOKS, POLICY, RULES, codes, debtor, line, order, rule, to, traits

WIDE = POLICY.model_copy(update={"credit_orders": True})


def invoice(*lines, **more):
    result = invoice_for(order(*lines, **more), WIDE)
    assert result.document, codes(result.findings)
    return result.document


def booked(document, *, rules=RULES, books=BOOKS, account=None, per_document=True, policy=WIDE):
    return booking_for(
        document,
        debtor=account or debtor(),
        rules=rules,
        reference_data=books,
        traits=traits(per_document=per_document),
        policy=policy,
        our_reference="BB-TEST",
    )


def refusal(error, document, **more):
    with pytest.raises(error) as caught:
        booked(document, **more)
    assert caught.value.document == "1042" and "1042" in str(caught.value)
    return codes(caught.value.findings)


REVERSE = {"treatment": TaxTreatment.REVERSE_CHARGE, **to("BE", vat_number="BE0123456749", company="Voorbeeld BV")}


def test_a_plain_booking():
    booking = booked(invoice(line("24.20", quantity=2)), policy=RoutePolicy(reference_label="Bestelling"))
    (only,) = booking.lines
    assert (only.vat_code, only.ledger_account, only.unit_price) == ("21", "1", Money.of("12.10"))
    assert only.why == ("vat: rate 21 → vat_code 21, ledger_account Omzet 21%",)
    assert (booking.ledger_account, booking.payment_name, booking.is_paid) == ("1", "iDEAL", True)
    assert (booking.reference_text, booking.number, booking.our_reference) == ("Bestelling 1042", "1042", "BB-TEST")
    assert booking.expected_gross == Money.of("24.20")
    assert [(t.rate, t.tax, t.net) for t in booking.expected_taxes] == [(21, Money.of("4.20"), Money.of("20.00"))]


# -- rules


def test_the_most_specific_rule_wins_and_the_first_of_equals():
    rules = [
        rule("vat", {"vat_code": "a"}),
        rule("vat", {"vat_code": "b"}, rate="21"),
        rule("vat", {"vat_code": "c"}, product_group="Mokken"),
        rule("vat", {"vat_code": "d"}, rate="21", product_group="mokken "),
        rule("payment", {}, rate="21", product_group="mokken"),
    ]
    document = invoice(line(10, product_group="MOKKEN"), line(10), line(10, "9"))
    given = [
        rule_for(rules, "vat", line_facts(document, x.tax, x.kind, x.product_group)).gives.vat_code
        for x in document.lines
    ]
    assert given == ["d", "b", "a"]
    assert rule_for(rules[1:2], "vat", line_facts(document, document.lines[2].tax, LineKind.ARTICLE)) is None


def test_a_rule_that_asks_for_what_a_document_does_not_say_never_matches():
    rules = (*RULES[:3], rule("payment", {"payment_name": "x"}, rate="21"))
    assert refusal(MappingMissing, invoice(line(10)), rules=rules) == ["PAYMENT_RULE_MISSING"]


# -- what is missing


def test_everything_missing_is_told_at_once_and_once():
    document = invoice(line(10), line(20), line(10, "9"), payment=Payment(method="klarna"))
    found = refusal(MappingMissing, document, rules=(), account=debtor(reverse_charged=True))
    assert found == ["VAT_RULE_MISSING", "VAT_RULE_MISSING", "PAYMENT_RULE_MISSING", "DEBTOR_REVERSE_CHARGED"]


def test_codes_that_the_books_do_not_have_list_those_they_have():
    books = ReferenceData(vat_codes=(VatCode(code="H", rate=Decimal(21)),), ledger_accounts=())
    with pytest.raises(MappingMissing) as caught:
        booked(invoice(line(10)), books=books)
    sentences = [one.sentence() for one in caught.value.findings]
    assert codes(caught.value.findings) == ["LEDGER_ACCOUNT_NOT_IN_BOOKS", "VAT_CODE_NOT_IN_BOOKS"]
    assert "they know: H" in sentences[1]


def test_a_code_of_another_rate_or_country_is_refused():
    wrong = (rule("vat", {"vat_code": "9"}), RULES[3])
    assert refusal(MappingMissing, invoice(line(10)), rules=wrong) == ["VAT_CODE_OTHER_RATE"]
    german = ReferenceData(vat_codes=(VatCode(code="21", rate=Decimal(21), country="BE"),), ledger_accounts=())
    rules = (rule("vat", {"vat_code": "21"}), RULES[3])
    assert refusal(MappingMissing, invoice(line(10)), rules=rules, books=german) == ["VAT_CODE_OTHER_COUNTRY"]
    both = replace(german, vat_codes=(*german.vat_codes, VatCode(code="21", rate=Decimal(21))))
    assert booked(invoice(line(10)), rules=rules, books=both).lines[0].vat_code == "21"
    belgian = invoice(line("10.60", "6"), line(121), **to("BE"))
    own = rule("vat", {"vat_code": "6"}, rate="6", oss=True, country="BE")
    assert booked(belgian, rules=(*rules, own), books=replace(BOOKS, ledger_accounts=()))


def test_a_currency_other_than_the_books_is_refused():
    found = refusal(DocumentInvalid, invoice(line(10)), books=replace(BOOKS, currency="USD"))
    assert found == ["CURRENCY_NOT_OF_THE_BOOKS"]


# -- one account per document

MIXED_LINES = (line(10), line(10, "9"))


def test_the_account_of_a_document():
    assert booked(invoice(*MIXED_LINES)).ledger_account == "4"
    assert booked(invoice(line(10), line(20))).ledger_account == "1"
    by_payment = (rule("payment", {"ledger_account": "2"}, payment_method="IDEAL"), *RULES)
    booking = booked(invoice(*MIXED_LINES), rules=by_payment)
    assert booking.ledger_account == "2"
    assert all(one.why[-1] == str(by_payment[0]) for one in booking.lines)


def test_lines_of_several_accounts_need_a_mixed_rule():
    assert refusal(MappingMissing, invoice(*MIXED_LINES), rules=RULES[:4]) == ["LEDGER_ACCOUNTS_MIXED"]
    half = (rule("vat", {"vat_code": "9"}, rate="9"), RULES[0], RULES[3])  # one line says nothing: not a common account
    assert refusal(MappingMissing, invoice(*MIXED_LINES), rules=half) == ["LEDGER_ACCOUNTS_MIXED"]


def test_a_package_with_accounts_per_line_needs_none_per_document():
    booking = booked(invoice(*MIXED_LINES), rules=RULES[:4], per_document=False)
    assert (booking.ledger_account, [one.ledger_account for one in booking.lines]) == ("", ["1", "2"])


def test_accounts_by_code_before_name():
    rules = (rule("vat", {"vat_code": "21", "ledger_account": "omzet gemengd"}), RULES[3])
    assert booked(invoice(line(10)), rules=rules).ledger_account == "4"
    rules = (rule("vat", {"vat_code": "21", "ledger_account": "4"}), RULES[3])
    assert booked(invoice(line(10)), rules=rules).ledger_account == "4"


# -- payment


@pytest.mark.parametrize(
    ("document", "needed"),
    [
        (invoice(line(10)), True),
        (invoice(line(10), payment=Payment()), True),
        (invoice(line(0), payment=Payment()), False),
        (invoice(line(10), credits="1", payment=Payment()), False),
        (invoice(line(10), credits="1"), True),
    ],
)
def test_when_a_payment_rule_is_needed(document, needed):
    if needed:
        assert refusal(MappingMissing, document, rules=RULES[:3]) == ["PAYMENT_RULE_MISSING"]
    else:
        assert booked(document, rules=RULES[:3]).payment_name == ""


def test_a_rule_can_say_that_a_method_is_paid_later():
    later = (*RULES, rule("payment", {"paid": False}, payment_method="invoice"))
    document = invoice(line(10), payment=Payment(method="invoice"))
    assert not booked(document, rules=later).is_paid and not is_paid(document, later)
    assert booked(invoice(line(10)), rules=later).is_paid
    assert booked(document, rules=later).payment_name == "invoice"


# -- debtors


def test_a_collective_debtor_with_an_exception_for_business():
    rules = (rule("payment", {"debtor": "9001"}), rule("payment", {"payment_name": "x"}, business=True))
    assert debtor_number_for(invoice(line(10)), rules) == "9001"
    assert debtor_number_for(invoice(line(10), is_business=True), rules) is None


def test_nobody_to_look_up():
    nobody = invoice(line(10), customer=Contact())
    with pytest.raises(DocumentInvalid) as caught:
        debtor_number_for(nobody, RULES)
    assert codes(caught.value.findings) == ["CUSTOMER_UNKNOWN"]
    assert debtor_number_for(nobody, (rule("payment", {"debtor": "9001"}),)) == "9001"


def test_settings_of_a_new_debtor():
    assert debtor_settings_for(invoice(line(10))) == (True, False)
    assert debtor_settings_for(invoice(line(10), prices_include_tax=False)) == (False, False)
    assert debtor_settings_for(invoice(line(10, "0"), **REVERSE)) == (False, True)
    export = invoice(line(10, "0"), treatment=TaxTreatment.ZERO, **to("US"))
    assert debtor_settings_for(export) == (True, False)


def test_reverse_charge_of_document_and_debtor_must_agree():
    document = invoice(line(10, "0"), **REVERSE)
    assert refusal(DocumentInvalid, document) == ["DEBTOR_NOT_REVERSE_CHARGED"]
    assert booked(document, account=debtor(reverse_charged=True, prices_include_tax=False)).expected_taxes[0].rate == 0
    assert refusal(DocumentInvalid, invoice(line(10)), account=debtor(reverse_charged=True)) == [
        "DEBTOR_REVERSE_CHARGED"
    ]


def test_prices_follow_the_debtor_where_he_decides():
    booking = booked(invoice(line("24.20", quantity=2)), account=debtor(prices_include_tax=False))
    assert (booking.prices_include_tax, booking.lines[0].unit_price) == (False, Money.of("10.00"))
    assert booking.expected_gross == Money.of("24.20")
