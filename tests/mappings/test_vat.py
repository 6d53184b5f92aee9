"""The decision table of VAT: what the shop charged is recognised, and what cannot be right is refused."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from boekbrug.domain.documents import Address, Contact, LineKind, TaxTreatment
from boekbrug.domain.tax import EU_COUNTRIES, Tax, TaxCategory, VatNumberStatus
from mappings.rates import place, rates_on, vat_prefix
from mappings.vat import taxes_for, vat_number_to_check
from mappings.vat_numbers import compact_vat_number, vat_number_problem
from tests.mappings.builders import AMSTERDAM, POLICY, codes, line, order, to

BE_NUMBER = "BE0123456749"
REVERSE, ZERO = {"treatment": TaxTreatment.REVERSE_CHARGE}, {"treatment": TaxTreatment.ZERO}
OSS = POLICY.model_copy(update={"oss": True})


def decide(one, policy=POLICY, status=None):
    decision = taxes_for(one, policy, status)
    return [str(tax) for tax in decision.taxes], codes(decision.findings)


@pytest.mark.parametrize(
    ("case", "policy", "taxes", "findings"),
    [
        (order(line(121), line(109, "9")), POLICY, ["S 21%", "S 9%"], []),
        (order(line(121), line(25, "0", description="Cadeaubon")), POLICY, ["S 21%", "Z 0%"], []),
        (order(line(25, "0")), POLICY, ["Z 0%"], []),
        # consumers elsewhere in the EU
        (order(line(121), **to("DE")), POLICY, ["S 21%"], []),
        (order(line(119, "19"), **to("DE")), POLICY, ["S 19% DE (OSS)"], []),
        (order(line(119, "19"), line(107, "7"), **to("DE")), OSS, ["S 19% DE (OSS)", "S 7% DE (OSS)"], []),
        (order(line(121), **to("BE")), POLICY, ["S 21%"], []),
        (order(line(121), **to("BE")), OSS, ["S 21% BE (OSS)"], []),
        (order(line(121), **to("BE", vat_number=BE_NUMBER)), OSS, ["S 21%"], []),
        (order(line(121), line(106, "6"), **to("BE")), POLICY, ["S 21% BE (OSS)", "S 6% BE (OSS)"], []),
        (
            order(line(119, "19"), line(109, "9"), **to("DE")),
            POLICY,
            ["S 19% DE (OSS)", "S 9%"],
            ["RATES_OF_TWO_COUNTRIES"],
        ),
        (
            order(line(119, "19"), **to("DE", vat_number="DE136695976")),
            POLICY,
            ["S 19% DE (OSS)"],
            ["DESTINATION_RATE_FOR_BUSINESS"],
        ),
        (order(line(120, "20"), **to("FR")), POLICY, ["S 20% FR (OSS)"], []),
        (order(line(120, "20"), **to("MC")), POLICY, ["S 20% FR (OSS)"], []),
        (order(line(120, "20"), **to("GB", "BT1 1AA")), POLICY, ["S 20% XI (OSS)"], []),
        (order(line(122, "22"), **to("PT", "9000-123")), POLICY, ["S 22% PT (OSS)"], []),
        (order(line(122, "22"), **to("PT", "1000-123")), POLICY, ["S 22%"], ["RATE_NOT_OF_COUNTRY"]),
        (order(line(120, "20")), POLICY, ["S 20%"], ["RATE_NOT_OF_COUNTRY"]),
        (order(line(120, "20"), **to("GB", "SW1A 1AA")), POLICY, ["S 20%"], ["RATE_NOT_OF_COUNTRY"]),
        (order(line(121), **to("CH")), POLICY, ["S 21%"], []),
        # intra-EU supply
        (order(line(100, "0"), **to("BE", vat_number=BE_NUMBER), **REVERSE), POLICY, ["K 0%"], []),
        (order(line(100, "0"), **to("BE", vat_number="0123.456.749"), **REVERSE), POLICY, ["K 0%"], []),
        (order(line(100, "0"), **to("GR", vat_number="EL094259216"), **REVERSE), POLICY, ["K 0%"], []),
        (order(line(100, "0"), **to("GR", vat_number="GR 094259216"), **REVERSE), POLICY, ["K 0%"], []),
        (order(line(100, "0"), **to("GB", "BT1", vat_number="XI980780684"), **REVERSE), POLICY, ["K 0%"], []),
        (order(line(100, "0"), **to("BE"), **REVERSE), POLICY, ["K 0%"], ["VAT_NUMBER_MISSING"]),
        (
            order(line(100, "0"), **to("BE", vat_number="BE0123456748"), **REVERSE),
            POLICY,
            ["K 0%"],
            ["VAT_NUMBER_MALFORMED"],
        ),
        (
            order(line(100, "0"), **to("BE", vat_number="EU372022452"), **REVERSE),
            POLICY,
            ["K 0%"],
            ["VAT_NUMBER_MALFORMED"],
        ),
        (
            order(line(100, "0"), **to("BE", vat_number="DE136695976"), **REVERSE),
            POLICY,
            ["K 0%"],
            ["VAT_NUMBER_NOT_OF_COUNTRY"],
        ),
        (
            order(line(100, "0"), **to("BE", vat_number="GB980780684"), **REVERSE),
            POLICY,
            ["K 0%"],
            ["VAT_NUMBER_NOT_OF_COUNTRY"],
        ),
        (
            order(line(100, "0"), **to("NL", vat_number="NL004495445B01"), **REVERSE),
            POLICY,
            ["K 0%"],
            ["REVERSE_CHARGE_AT_HOME"],
        ),
        (order(line(100, "0"), **to("CH"), **REVERSE), POLICY, ["K 0%"], ["REVERSE_CHARGE_OUTSIDE_EU"]),
        (order(line(100, "0"), **to("ES", "35001"), **REVERSE), POLICY, ["K 0%"], ["REVERSE_CHARGE_OUTSIDE_EU"]),
        (order(line(100, "0"), **to(""), **REVERSE), POLICY, ["K 0%"], ["COUNTRY_MISSING"]),
        (
            order(line(121), **to("BE", vat_number=BE_NUMBER), **REVERSE),
            POLICY,
            ["K 0%"],
            ["TAX_ON_ZERO_TREATMENT"],
        ),
        # export
        (order(line(100, "0"), **to("CH"), **ZERO), POLICY, ["G 0%"], []),
        (order(line(100, "0"), **to("GB", "SW1A 1AA"), **ZERO), POLICY, ["G 0%"], []),
        (order(line(100, "0"), **to("ES", "38001"), **ZERO), POLICY, ["G 0%"], []),
        (order(line(100, "0"), **to("IT", "23041"), **ZERO), POLICY, ["G 0%"], []),
        (order(line(100, "0"), **to("DE", "78266"), **ZERO), POLICY, ["G 0%"], []),
        (order(line(100, "0"), **to("FI", "22100"), **ZERO), POLICY, ["G 0%"], []),
        (order(line(100, "0"), **to("FR", "97110"), **ZERO), POLICY, ["G 0%"], []),
        (order(line(100, "0"), **to("NL"), **ZERO), POLICY, ["G 0%"], ["EXPORT_WITHIN_EU"]),
        (order(line(100, "0"), **to("BE"), **ZERO), POLICY, ["G 0%"], ["EXPORT_WITHIN_EU", "VAT_NUMBER_MISSING"]),
        (order(line(100, "0"), **to("GB", "BT1 1AA", vat_number="x"), **ZERO), POLICY, ["G 0%"], ["EXPORT_WITHIN_EU"]),
        (order(line(100, "0"), **to(""), **ZERO), POLICY, ["G 0%"], ["COUNTRY_MISSING"]),
        # nothing charged, and the shop does not say why
        (order(line(100, "0"), **to("BE")), POLICY, ["K 0%"], ["VAT_NUMBER_MISSING"]),
        (order(line(100, "0"), **to("BE", vat_number=BE_NUMBER)), POLICY, ["K 0%"], ["TREATMENT_INFERRED"]),
        (order(line(100, "0"), **to("US")), POLICY, ["G 0%"], []),
        (order(line(100, "0"), **to("")), POLICY, ["G 0%"], ["COUNTRY_MISSING"]),
        (order(line(0, "0"), **to("BE")), POLICY, ["Z 0%"], []),
        # a seller without VAT
        (
            order(line(100, "0"), **to("BE")),
            POLICY.model_copy(update={"small_business": True}),
            ["E 0%"],
            [],
        ),
        (
            order(line(121)),
            POLICY.model_copy(update={"small_business": True}),
            ["E 0%"],
            ["TAX_ON_ZERO_TREATMENT"],
        ),
    ],
)
def test_decisions(case, policy, taxes, findings):
    assert decide(case, policy) == (taxes, findings)


def test_the_register_has_the_last_word_and_unknown_is_not_invalid():
    one = order(line(100, "0"), **to("BE", vat_number=BE_NUMBER), **REVERSE)
    assert decide(one, status=VatNumberStatus.VALID)[1] == []
    assert decide(one, status=VatNumberStatus.INVALID)[1] == ["VAT_NUMBER_NOT_REGISTERED"]
    unknown = taxes_for(one, POLICY, VatNumberStatus.UNKNOWN).findings
    assert codes(unknown) == ["VAT_NUMBER_NOT_CHECKED"] and not unknown[0].blocks


def test_which_number_to_ask_the_register_about():
    assert vat_number_to_check(order(line(1, "0"), **to("GR", vat_number="094259216"), **REVERSE), POLICY) == (
        "EL094259216"
    )
    assert vat_number_to_check(order(line(121), **to("BE", vat_number=BE_NUMBER)), POLICY) == ""
    assert vat_number_to_check(order(line(1, "0"), **to("BE", vat_number="BE1"), **REVERSE), POLICY) == ""


def test_a_buyers_own_number_of_another_state_is_good_enough():
    """Belgian buyer, delivered in Germany: the number must be of another member state than the seller's."""
    delivered = Address(country="DE", postcode="10115")
    buyer = Contact(vat_number=BE_NUMBER, address=Address(country="BE", company="X"))
    one = order(line(100, "0"), customer=buyer, delivery_address=delivered, **REVERSE)
    assert decide(one) == (["K 0%"], [])
    dutch = Contact(vat_number="NL004495445B01", address=Address(country="NL", company="X"))
    assert decide(replace(one, customer=dutch))[1] == ["VAT_NUMBER_NOT_OF_COUNTRY"]


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        ([line(121), line(5, "0", kind=LineKind.SHIPPING)], True),
        ([line(121), line(5, "0", kind=LineKind.OTHER)], True),
        ([line(121), line("6.05", kind=LineKind.SHIPPING)], False),
        ([line(121), line(0, "0", kind=LineKind.SHIPPING)], False),
        ([line(121), line(-5, "0", kind=LineKind.DISCOUNT)], False),
        ([line(121), line("0.01", "0", kind=LineKind.ROUNDING)], False),
        ([line(25, "0"), line(5, "0", kind=LineKind.SHIPPING)], False),
        # the untaxed part of a cost spread over a mug and a gift card
        (
            [
                line(121),
                line(25, "0"),
                line("4.84", kind=LineKind.SHIPPING, source_id="s"),
                line(1, "0", kind=LineKind.SHIPPING, source_id="s"),
            ],
            False,
        ),
        (
            [line(121), line(25, "0"), line(1, "0", kind=LineKind.SHIPPING, source_id="s")],
            True,
        ),
    ],
)
def test_costs_carry_vat_when_the_goods_do(lines, refused):
    assert decide(order(*lines))[1] == (["SHIPPING_WITHOUT_VAT"] if refused else [])
    accepting = POLICY.model_copy(update={"shipping_without_vat": "accept"})
    assert decide(order(*lines), accepting)[1] == []


def test_the_day_decides_the_rate():
    before = datetime(2018, 12, 31, 23, 30, tzinfo=AMSTERDAM)
    after = datetime(2019, 1, 1, 0, 30, tzinfo=AMSTERDAM)
    assert decide(order(line(106, "6"), ordered_at=before))[1] == []
    assert decide(order(line(109, "9"), ordered_at=before))[1] == ["RATE_NOT_OF_COUNTRY"]
    assert decide(order(line(106, "6"), ordered_at=after))[1] == ["RATE_NOT_OF_COUNTRY"]
    assert decide(order(line(106, "6"), ordered_at=after, credits="1041"))[1] == []  # credits an older sale
    assert decide(order(line(119, "19"), ordered_at=datetime(2010, 5, 1, tzinfo=AMSTERDAM)))[1] == ["RATE_NOT_CHECKED"]


@pytest.mark.parametrize(
    ("country", "day", "standard"),
    [
        ("EE", date(2023, 12, 31), "20"),
        ("EE", date(2025, 6, 30), "22"),
        ("EE", date(2025, 7, 1), "24"),
        ("FI", date(2024, 9, 1), "25.5"),
        ("LU", date(2023, 6, 1), "16"),
        ("RO", date(2025, 8, 1), "21"),
        ("SK", date(2025, 1, 1), "23"),
        ("DE", date(2020, 12, 31), "16"),
        ("DE", date(2021, 1, 1), "19"),
        ("IE", date(2021, 2, 28), "21"),
    ],
)
def test_standard_rates_through_the_years(country, day, standard):
    assert max(rates_on(place(country), day)) == Decimal(standard)


def test_every_member_state_has_rates_and_a_prefix():
    for country in EU_COUNTRIES:
        where = place(country)
        assert rates_on(where, date(2026, 3, 1)), country
        assert vat_prefix(where.country), country


@pytest.mark.parametrize(
    ("number", "country", "compact"),
    [
        ("be 0123.456.749", "BE", "BE0123456749"),
        ("0123456749", "BE", "BE0123456749"),
        ("GR094259216", "GR", "EL094259216"),
        ("U13585627", "AT", "ATU13585627"),
        ("40303265045", "FR", "FR40303265045"),
        ("garbage", "BE", "GARBAGE"),
        ("", "BE", ""),
    ],
)
def test_compact_numbers(number, country, compact):
    assert compact_vat_number(number, country) == compact


def test_a_number_that_is_no_number():
    assert vat_number_problem("nvt", ["BE"]).code == "VAT_NUMBER_MALFORMED"
    assert vat_number_problem("  ", ["BE"]).code == "VAT_NUMBER_MISSING"


def test_tax_reads_well():
    assert str(Tax(TaxCategory.STANDARD, Decimal("25.50"), "FI", oss=True)) == "S 25.5% FI (OSS)"
