"""Transforming: every order that cannot go over says why, all at once and with what to do; what is solved goes over by
itself. The findings are those that a generated shop's orders really raise, in a run from end to end."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from boekbrug.domain.findings import PERSONAL_VALUES
from boekbrug.domain.records import DONE, SyncStatus
from tasks.transforming import transform_waiting
from tests.world import World

UNLIMITED = {"documents_per_period": None}

# Case of the generated shop → (where it ends, a finding that it must have; None: goes over without one of its own).
CASES: dict[str, tuple[SyncStatus, str | None]] = {
    "plain": (SyncStatus.VERIFIED, None),
    "odd_cents": (SyncStatus.VERIFIED, None),
    "discount_one_rate": (SyncStatus.VERIFIED, None),
    "discount_two_rates": (SyncStatus.VERIFIED, None),
    "shipping_taxed": (SyncStatus.VERIFIED, None),
    "shipping_split": (SyncStatus.VERIFIED, None),
    "payment_split": (SyncStatus.VERIFIED, None),
    "mixed_vat": (SyncStatus.VERIFIED, None),
    "zero_rated": (SyncStatus.VERIFIED, None),
    "free_order": (SyncStatus.VERIFIED, None),
    "full_discount": (SyncStatus.VERIFIED, None),
    "domestic_business": (SyncStatus.VERIFIED, None),
    "reverse_charge": (SyncStatus.VERIFIED, None),
    "eu_consumer_home": (SyncStatus.VERIFIED, None),
    "export": (SyncStatus.VERIFIED, None),
    "guest_no_email": (SyncStatus.VERIFIED, None),
    "hostile_text": (SyncStatus.VERIFIED, None),
    "option_price": (SyncStatus.VERIFIED, None),
    "bare_line": (SyncStatus.VERIFIED, None),
    "gift_card": (SyncStatus.VERIFIED, None),
    "many_lines": (SyncStatus.VERIFIED, None),
    "excl_prices": (SyncStatus.VERIFIED, None),
    "tax_cent_off": (SyncStatus.VERIFIED, "TAX_TOTAL_DIFFERS"),
    "long_name": (SyncStatus.VERIFIED, "TEXT_SHORTENED"),
    "not_eligible": (SyncStatus.HELD, "STATUS_NOT_YET"),
    "cancelled": (SyncStatus.SKIPPED, "STATUS_NEVER"),
    "untaxed_shipping": (SyncStatus.NEEDS_ATTENTION, "SHIPPING_WITHOUT_VAT"),
    "reverse_charge_no_vat": (SyncStatus.NEEDS_ATTENTION, "VAT_NUMBER_MISSING"),
    "reverse_charge_bad_vat": (SyncStatus.NEEDS_ATTENTION, "VAT_NUMBER_MALFORMED|VAT_NUMBER_NOT_OF_COUNTRY"),
    "eu_zero_charged": (SyncStatus.NEEDS_ATTENTION, "EXPORT_WITHIN_EU"),
    "foreign_currency": (SyncStatus.NEEDS_ATTENTION, "CURRENCY_NOT_OF_THE_BOOKS"),
    "total_mismatch": (SyncStatus.NEEDS_ATTENTION, "TOTALS_DO_NOT_ADD_UP"),
    "unknown_payment": (SyncStatus.NEEDS_ATTENTION, "PAYMENT_RULE_MISSING"),
    "oss_de": (SyncStatus.NEEDS_ATTENTION, "VAT_RULE_MISSING"),
    "oss_fi": (SyncStatus.NEEDS_ATTENTION, "VAT_RULE_MISSING"),
    "long_postcode_gb": (SyncStatus.NEEDS_ATTENTION, "POSTCODE_TOO_LONG"),
    "long_postcode_us": (SyncStatus.NEEDS_ATTENTION, "POSTCODE_TOO_LONG"),
}


def test_every_case_of_the_shop_ends_where_it_belongs(make_world: Callable[..., World]) -> None:
    world = make_world(shop={"orders": 0, "shapes": "spec"}, books={"invoices_per_hour": 0})
    world.demo_tenant(books=UNLIMITED)
    numbers = {case: world.order(case) for case in CASES}
    world.run()
    records = world.records()
    for case, (status, code) in CASES.items():
        record = records[str(numbers[case])]
        codes = {f.code for f in record.findings}
        assert record.status is status, (case, codes)
        assert code is None or codes & set(code.split("|")), (case, codes)
        for found in record.findings:
            for language in ("nl", "en"):
                text = f"{found.sentence(language)} {found.suggestion(language)}"
                assert not re.search(r"\{\w+\}| - | -\.", text), f"a value is missing: {text}"
    assert world.invoices().keys() == {int(n) for n, record in records.items() if record.status in DONE}


def test_all_findings_are_told_at_once(world: World) -> None:
    number = world.order("eu_zero_charged")
    world.edit(number, {"payment": {"method_name": "ruilhandel"}, "price": {"total": 1}})
    world.run()
    assert {"EXPORT_WITHIN_EU", "TOTALS_DO_NOT_ADD_UP"} <= world.codes(number)


def test_a_rule_added_later_lets_the_waiting_order_go_over_by_itself(world: World) -> None:
    number, other = world.order("unknown_payment"), world.order("unknown_payment")
    assert world.run().pushed.posted == 0
    assert world.codes(number) == {"PAYMENT_RULE_MISSING"}
    rule = {"kind": "payment", "match": {"payment_method": "bitcoin"}, "gives": {"payment_name": "Bitcoin"}}
    world.demo_tenant(books=UNLIMITED, rules=(rule,))
    world.clock.advance(timedelta(days=5))  # beyond the overlap: nobody reads it as changed
    report = world.run()
    assert report.pushed.posted == 2
    assert {world.record(n).status for n in (number, other)} == {SyncStatus.VERIFIED}
    assert world.codes(number) == set()
    assert {i["already_paid_method"] for i in world.invoices().values()} == {"Bitcoin"}


def test_a_rule_taken_away_keeps_the_order_back(world: World) -> None:
    number = world.order("domestic_business")
    world.demo_tenant(books=UNLIMITED, without="invoice")
    world.run()
    assert world.codes(number) == {"PAYMENT_RULE_MISSING"}
    assert world.invoices() == {}


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"vat_code": "19"}, "VAT_CODE_NOT_IN_BOOKS"),
        ({"vat_code": "9"}, "VAT_CODE_OTHER_RATE"),
        ({"vat_code": "21", "ledger_account": "Bestaat niet"}, "LEDGER_ACCOUNT_NOT_IN_BOOKS"),
    ],
)
def test_a_rule_that_does_not_fit_the_books_says_what_they_know(world: World, rule: dict[str, str], code: str) -> None:
    number = world.order("domestic_business")
    vat = {"kind": "vat", "match": {"tax_category": "S", "rate": "21", "country": "NL", "oss": False}, "gives": rule}
    world.demo_tenant(books=UNLIMITED, rules=(vat,))
    world.run()
    assert code in world.codes(number)
    assert world.invoices() == {}
    (found,) = [f for f in world.record(number).findings if f.code == code]
    if "known" in found.values:
        assert found.values["known"] not in ("", "-")


def test_categories_that_mix_need_a_rule_for_it(world: World) -> None:
    number = world.order("mixed_vat")
    world.demo_tenant(books=UNLIMITED, without="mixed")
    world.run()
    assert world.codes(number) == {"LEDGER_ACCOUNTS_MIXED"}


def test_an_order_mended_in_the_shop_goes_over_by_itself(world: World) -> None:
    number = world.order("total_mismatch")
    world.run()
    assert world.codes(number) == {"TOTALS_DO_NOT_ADD_UP"}
    right = sum(one["gross_cents"] for one in world.shop_orders()[number]["rates"])
    world.edit(number, {"price": {"total": f"{right / 100:.2f}"}})
    assert world.run().pushed.posted == 1
    assert world.record(number).status is SyncStatus.VERIFIED


def test_judging_again_writes_only_what_is_new(world: World) -> None:
    number = world.order("unknown_payment")
    world.run()
    before = world.record(number)
    world.clock.advance(timedelta(minutes=5))
    with world.opened() as work:
        result = transform_waiting(work)
    assert (result.refused, result.ready) == (1, 0)
    assert world.record(number) == before


# -- VIES


def vies_world(world: World, **options: Any) -> int:
    """An order free of VAT to another member state, with VIES asked and answering by `options`."""
    number = world.order("reverse_charge")
    world.demo_tenant(books=UNLIMITED, policy={"vies": True})
    vat_number = world.wire(number)["debtor"]["address"]["invoice"]["taxnumber"]
    given = {name: [vat_number] if value == "it" else value for name, value in options.items()}
    world.vies.control.set_options(**given)
    return number


def test_a_number_that_vies_knows_goes_over(world: World) -> None:
    number = vies_world(world)
    world.run()
    assert (world.record(number).status, world.codes(number)) == (SyncStatus.VERIFIED, set())
    checks: Any = world.vies.control.books()
    assert len(checks["checks"]) == 1, "asked once per run"


def test_a_number_that_vies_does_not_know_waits_and_goes_when_it_is_registered(world: World) -> None:
    number = vies_world(world, invalid="it")
    world.run()
    assert world.codes(number) == {"VAT_NUMBER_NOT_REGISTERED"}
    assert world.invoices() == {}
    world.vies.control.set_options(invalid=[])
    world.clock.advance(timedelta(days=1))
    assert world.run().pushed.posted == 1


@pytest.mark.parametrize("outage", [{"down": True}, {"blocked": True}, {"unavailable": ["BE", "DE", "FR", "EL"]}])
def test_vies_out_of_reach_is_a_warning_and_no_refusal(world: World, outage: dict[str, Any]) -> None:
    number = vies_world(world, **outage)
    world.run()
    assert (world.record(number).status, world.codes(number)) == (SyncStatus.VERIFIED, {"VAT_NUMBER_NOT_CHECKED"})


def test_domestic_orders_are_none_of_vies_business(world: World) -> None:
    world.order("domestic_business")
    world.demo_tenant(books=UNLIMITED, policy={"vies": True})
    world.run()
    checks: Any = world.vies.control.books()
    assert checks["checks"] == []


# -- who may read it


def test_public_texts_hold_nothing_personal(world: World) -> None:
    numbers = [world.order(case) for case in ("long_postcode_gb", "reverse_charge_bad_vat", "long_name")]
    world.run()
    for number in numbers:
        record = world.record(number)
        assert record.findings
        personal = [f.values[name] for f in record.findings for name in f.values.keys() & PERSONAL_VALUES]
        texts = " ".join(
            f"{f.public_sentence(language)} {f.public_suggestion(language)}"
            for f in record.findings
            for language in ("nl", "en")
        )
        assert personal
        assert not [value for value in personal if value and value in texts]
