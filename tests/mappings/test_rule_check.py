"""Rules are checked when they are saved: against the books, the source, and each other."""

from dataclasses import replace
from datetime import date

import pytest

from boekbrug.domain.documents import Choice, Side, SourceChoices
from boekbrug.domain.tenants import RoutePolicy
from mappings.rule_check import problems_of_rules
from tests.mappings.builders import codes, rule
from tests.mappings.invoicing import BOOKS, RULES, code

TODAY = date(2026, 3, 2)
CHOICES = SourceChoices(
    product_groups=(Choice(id="7", name="Abonnementen"),),
    customer_groups=(Choice(id="2", name="Scholen"),),
    supplier_groups=(Choice(id="9", name="Machines"),),
    cost_categories=(Choice(id="3", name="Auto"),),
    tax_codes=(Choice(id="V21", name="21%"),),
)


def problems(*rules, policy=None, books=BOOKS, choices=CHOICES, sides=(Side.SALES, Side.PURCHASES)):
    return problems_of_rules(rules, policy or RoutePolicy(), books, choices, today=TODAY, sides=sides)


def of(one) -> list[str]:
    """What is wrong with one rule beside the good ones."""
    return codes(problems(*RULES, one))


def test_good_rules_have_no_problems():
    assert problems(*RULES) == ()
    assert problems_of_rules(RULES, RoutePolicy(), BOOKS, today=TODAY) == ()


@pytest.mark.parametrize(
    ("kind", "gives", "match", "expected"),
    [
        ("vat", {"vat_code": "HOOG_VERK", "ledger_account": "8000"}, {"rate": "21"}, []),
        ("vat", {"vat_code": "HOOG_VERK", "ledger_account": "Omzet hoog"}, {"tax_code": "v21"}, []),
        ("vat", {"vat_code": "HOOG_VERK", "ledger_account": "8001"}, {"rate": "21"}, ["LEDGER_ACCOUNT_NOT_IN_BOOKS"]),
        ("vat", {"vat_code": "HOOG_VERK", "ledger_account": "1300"}, {"rate": "21"}, ["LEDGER_ACCOUNT_WRONG_KIND"]),
        ("vat", {"vat_code": "HOOG", "ledger_account": "8000"}, {"rate": "21"}, ["VAT_CODE_NOT_IN_BOOKS"]),
        ("vat", {"vat_code": "HOOG_INK", "ledger_account": "8000"}, {"rate": "21"}, ["VAT_CODE_OTHER_SIDE"]),
        ("cost", {"vat_code": "HOOG_VERK", "ledger_account": "4000"}, {"rate": "21"}, ["VAT_CODE_OTHER_SIDE"]),
        ("vat", {"vat_code": "LAAG_VERK", "ledger_account": "8000"}, {"rate": "21"}, ["VAT_CODE_OTHER_RATE"]),
        ("vat", {"vat_code": "EU_VERK", "ledger_account": "8000"}, {"rate": "21"}, ["VAT_CODE_OTHER_REASON"]),
        ("vat", {"vat_code": "BU_VERK", "ledger_account": "8000"}, {"tax_category": "K"}, ["VAT_CODE_OTHER_REASON"]),
        ("vat", {"vat_code": "OUD_VERK", "ledger_account": "8000"}, {"rate": "19"}, []),  # for history
        ("vat", {"vat_code": "OUD_VERK", "ledger_account": "8000"}, {"rate": "21"}, ["VAT_CODE_OTHER_RATE"]),
        (
            "vat",
            {"vat_code": "OUD_VERK", "ledger_account": "8000"},
            {"tax_category": "S"},
            ["VAT_CODE_OTHER_RATE", "VAT_CODE_NOT_VALID_THEN"],
        ),
        ("vat", {"ledger_account": "8000"}, {"rate": "21"}, ["RULE_INCOMPLETE"]),
        ("vat", {"vat_code": "HOOG_VERK"}, {"rate": "21"}, ["RULE_INCOMPLETE"]),
        ("account", {}, {"rate": "21"}, ["RULE_INCOMPLETE"]),
        ("account", {"ledger_account": "8100"}, {"contact_group": "2"}, []),
        ("account", {"ledger_account": "8100"}, {"contact_group": "9"}, []),
        ("account", {"ledger_account": "8100"}, {"contact_group": "9", "side": "sales"}, ["RULE_CHOICE_UNKNOWN"]),
        ("account", {"ledger_account": "8100"}, {"product_group": "Abonnementen"}, ["RULE_CHOICE_UNKNOWN"]),
        ("account", {"ledger_account": "8100"}, {"cost_category": "4"}, ["RULE_CHOICE_UNKNOWN"]),
        ("account", {"ledger_account": "8100"}, {"product_group": "7"}, ["RULE_SHADOWED"]),
        ("account", {"ledger_account": "8100"}, {"cost_category": "3", "side": "sales"}, ["RULE_NEVER_MATCHES"]),
        (
            "cost",
            {"vat_code": "HOOG_INK", "ledger_account": "4000"},
            {"band": "high", "product_group": "7"},
            ["RULE_NEVER_MATCHES"],
        ),
        (
            "vat",
            {"vat_code": "HOOG_VERK", "ledger_account": "8000"},
            {"band": "high", "side": "purchases"},
            ["RULE_NEVER_MATCHES"],
        ),
        (
            "account",
            {"ledger_account": "8100"},
            {"band": "high", "tax_category": "G"},
            ["RULE_NEVER_MATCHES"],
        ),
        ("account", {"ledger_account": "8100"}, {"band": "low", "rate": "21"}, ["RULE_NEVER_MATCHES"]),
        ("account", {"ledger_account": "8100"}, {"band": "low", "rate": "6"}, []),
        ("account", {"ledger_account": "8100"}, {"line_kind": "gift"}, ["RULE_NEVER_MATCHES"]),
        ("payment", {"payment_name": "iDEAL"}, {}, []),
    ],
)
def test_one_rule(kind, gives, match, expected):
    assert of(rule(kind, gives, **match)) == expected


def test_unknown_accounts_are_answered_with_near_ones():
    (found,) = problems(*RULES, rule("account", {"ledger_account": "Omzet abbonementen"}, product_group="7", oss=False))
    assert "Omzet abonnementen (8100)" in found.sentence() and "Inventaris" not in found.sentence()
    (found,) = problems(*RULES, rule("account", {"ledger_account": "8101"}, product_group="7", oss=False))
    assert "(8100)" in found.sentence()


def test_control_accounts():
    policy = RoutePolicy(receivable_account="1600", payable_account="1601")
    found = problems(*RULES, policy=policy)
    assert codes(found) == ["CONTROL_ACCOUNT_WRONG", "CONTROL_ACCOUNT_WRONG"]
    assert "Crediteuren (1600)" in found[0].sentence() and "Debiteuren (1300)" in found[0].sentence()
    assert problems(*RULES, policy=RoutePolicy(receivable_account="1600"), sides=(Side.PURCHASES,)) == ()


def test_bands_that_no_rule_covers():
    (sales, costs) = problems()
    assert codes((sales, costs)) == ["BANDS_NOT_COVERED", "BANDS_NOT_COVERED"] and not sales.blocks
    assert "high, low, other, eu, outside_eu (sales)" in sales.sentence()
    (only,) = problems(*(one for one in RULES if one.match.band != "low" or one.kind != "vat"))
    assert "for low (sales)" in only.sentence()
    assert problems(*RULES[:6], sides=(Side.SALES,)) == ()
    # a rule for one product group covers no band
    partly = rule("vat", {"vat_code": "HOOG_VERK", "ledger_account": "8000"}, band="high", product_group="7")
    assert "high" in problems(partly, *RULES[1:6], sides=(Side.SALES,))[0].sentence()
    # per rate is as good as per band
    per_rate = rule("vat", {"vat_code": "HOOG_VERK", "ledger_account": "8000"}, rate="21")
    assert problems(per_rate, *RULES[1:6], sides=(Side.SALES,)) == ()


def test_the_small_business_scheme_has_one_band_at_home():
    rules = [rule("vat", {"vat_code": "GEEN", "ledger_account": "8000"})]
    assert problems(*rules, policy=RoutePolicy(small_business=True), sides=(Side.SALES,)) == ()


def test_a_code_of_another_country():
    books = replace(BOOKS, vat_codes=(*BOOKS.vat_codes, code("OSS_DE", "19", Side.SALES, "S", country="DE")))
    german = rule("vat", {"vat_code": "OSS_DE", "ledger_account": "8020"}, oss=True, country="DE")
    assert problems(*RULES, german, books=books) == ()
    assert codes(
        problems(*RULES, rule("vat", {"vat_code": "OSS_DE", "ledger_account": "8020"}, rate="21"), books=books)
    ) == ["VAT_CODE_NOT_IN_BOOKS"]
