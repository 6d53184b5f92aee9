"""What is proposed for bands without a rule."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from boekbrug.domain.bookings import AccountKind, LedgerAccount, ReferenceData, VatCode
from boekbrug.domain.documents import Side
from boekbrug.domain.tenants import MappingRule, RoutePolicy, RuleMatch, RuleResult
from connectors._eboekhouden import VAT_CODES
from mappings.usual_rules import line_accounts, open_bands

TODAY = date(2026, 11, 22)
RATES = tuple(VatCode(code=rate, rate=Decimal(rate)) for rate in ("21", "9", "0"))


@pytest.mark.parametrize(
    ("codes", "side", "likeliest"),
    [
        (RATES, Side.SALES, {"high": "21", "low": "9", "other": "0", "eu": "0", "outside_eu": "0"}),
        (
            VAT_CODES,
            Side.SALES,
            {
                "high": "HOOG_VERK_21",
                "low": "LAAG_VERK_9",
                "other": "GEEN",
                "eu": "BI_EU_VERK",
                "outside_eu": "BU_EU_VERK",
            },
        ),
        (
            VAT_CODES,
            Side.PURCHASES,
            {"high": "HOOG_INK_21", "low": "LAAG_INK_9", "other": "GEEN", "eu": "BI_EU_INK", "outside_eu": "BU_EU_INK"},
        ),
    ],
)
def test_the_likeliest_code_of_each_band(codes: tuple[VatCode, ...], side: Side, likeliest: dict[str, str]) -> None:
    books = ReferenceData(vat_codes=codes, ledger_accounts=())
    found = open_bands((), RoutePolicy(), books, sides=[side], today=TODAY)
    assert {one.band: one.vat_codes[0].code for one in found} == likeliest


def test_only_bands_without_a_rule_are_open() -> None:
    books = ReferenceData(vat_codes=RATES, ledger_accounts=())
    rules = (
        MappingRule(kind="vat", match=RuleMatch(band="high"), gives=RuleResult(vat_code="21")),
        MappingRule(kind="vat", match=RuleMatch(tax_category="Z"), gives=RuleResult(vat_code="0")),
        MappingRule(
            kind="vat", match=RuleMatch(tax_category="G", product_group="boeken"), gives=RuleResult(vat_code="0")
        ),
    )
    found = open_bands(rules, RoutePolicy(), books, sides=[Side.SALES], today=TODAY)
    assert [one.band for one in found] == ["low", "eu", "outside_eu"]


def test_turnover_is_not_offered_to_be_booked_on_the_bank() -> None:
    accounts = tuple(
        LedgerAccount(code=kind.value, name=kind.value, kind=kind)
        for kind in (AccountKind.RESULT, AccountKind.CASH, AccountKind.DEBTORS, AccountKind.OTHER)
    )
    found = line_accounts(ReferenceData(vat_codes=(), ledger_accounts=accounts))
    assert [one.code for one in found] == ["result", "other"]
