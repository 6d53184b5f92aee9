"""The generated orders: reproducible, distinct, true to their case, and adding up."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from stdnum.eu import vat

from sandbox._cases import CASES, CREDITS
from sandbox._shopdata import EVERYDAY, MIX, Order, RateTotal, customers, expected_totals, orders

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
CENT = Decimal("0.01")


def of_case(made: tuple[Order, ...], label: str) -> list[Order]:
    return [order for order in made if order.case == label]


@pytest.fixture(scope="module", params=[True, False], ids=["inclusive", "exclusive"])
def made(request: pytest.FixtureRequest) -> tuple[Order, ...]:
    return orders(7, 600, since=SINCE, prices_include_tax=request.param)


def gross(order: Order) -> Decimal:
    return sum((price.gross for line in order.lines for price in line.prices), Decimal(0))


def test_the_same_seed_gives_the_same_orders_and_a_longer_list_begins_with_the_shorter() -> None:
    assert orders(7, 150, since=SINCE)[:70] == orders(7, 70, since=SINCE)
    assert {o.uuid for o in orders(7, 60, since=SINCE)}.isdisjoint(o.uuid for o in orders(8, 60, since=SINCE))


def test_orders_are_distinct(made: tuple[Order, ...]) -> None:
    assert [order.number for order in made] == list(range(1001, 1601))
    assert len({order.uuid for order in made}) == 600
    contents = Counter(
        (o.customer.email or o.customer.invoice, o.total, tuple(line.description for line in o.lines))
        for o in made
        if o.case not in CREDITS
    )
    assert max(contents.values()) == 1
    line_ids = [line.id for order in made for line in order.lines]
    assert len(line_ids) == len(set(line_ids))


def test_every_case_appears_in_the_first_sixty_at_its_known_rate(made: tuple[Order, ...]) -> None:
    assert len(MIX) == 60
    assert set(MIX) == set(CASES) | CREDITS
    assert Counter(order.case for order in made) == {label: 10 * count for label, count in Counter(MIX).items()}


def test_lines_add_up_to_the_total_except_where_the_case_says_not(made: tuple[Order, ...]) -> None:
    for order in made:
        if order.case == "total_mismatch":
            assert gross(order) != order.total
        else:
            assert gross(order) == order.total, order.case


def test_gross_is_net_plus_tax_rounded_to_the_cent(made: tuple[Order, ...]) -> None:
    for order in made:
        for price in (price for line in order.lines for price in line.prices):
            assert price.gross == (price.net * (100 + price.rate) / 100).quantize(CENT, ROUND_HALF_UP), order.case
            assert price.net == round(price.net, 6)
            if price.rate:
                assert price.net + price.tax == price.gross


def test_stated_taxes_follow_the_lines_but_for_one_cent_per_rate_in_one_case(made: tuple[Order, ...]) -> None:
    for order in made:
        by_lines = {total.rate: total.tax_cents for total in expected_totals([order])}
        sign = -1 if order.credits else 1
        off = {rate: int(amount * 100) * sign - by_lines[rate] for rate, amount in order.taxes}
        expected = [-1, 1] if order.case == "tax_cent_off" else [0] * len(off)
        assert sorted(off.values()) == expected, order.case


def test_expected_totals_by_hand() -> None:
    order = next(o for o in orders(1, 60, since=SINCE) if o.case == "zero_rated")
    goods, card = order.lines
    (price,) = goods.prices
    tax = (price.gross - price.net).quantize(CENT, ROUND_HALF_UP)
    assert card.prices[0].gross == 25
    assert expected_totals([order, order]) == (
        RateTotal("EUR", Decimal(0), 5000, 0, 5000),
        RateTotal("EUR", price.rate, int(price.gross * 200 - tax * 200), int(tax * 200), int(price.gross * 200)),
    )


def test_a_full_credit_takes_the_whole_original_back(made: tuple[Order, ...]) -> None:
    for credit in of_case(made, "credit_full"):
        original = made[credit.number - 1001 - 1]
        assert credit.credits == original.number
        assert credit.payment is None
        assert {(t.gross_cents, t.tax_cents) for t in expected_totals([original, credit])} == {(0, 0)}
    for credit in of_case(made, "credit_partial"):
        original = made[credit.number - 1001 - 1]
        assert 0 < credit.total < original.total


def test_moments_run_forward_and_end_before_the_given_moment() -> None:
    now, gap = datetime(2026, 8, 1, 12, tzinfo=UTC), timedelta(days=90) / 120
    made = orders(1, 120, since=now - 120 * gap, gap=gap)
    moments = [moment for order in made for moment in (order.placed_at, order.status_changed_at)]
    assert moments == sorted(moments)
    assert now - timedelta(days=90) <= moments[0] < moments[-1] < now
    assert (moments[-1] - moments[0]) > timedelta(days=85)


def test_vat_numbers(made: tuple[Order, ...]) -> None:
    for order in of_case(made, "reverse_charge") + of_case(made, "domestic_business"):
        assert vat.is_valid(order.customer.invoice.vat_number)
    assert all(not vat.is_valid(o.customer.invoice.vat_number) for o in of_case(made, "reverse_charge_bad_vat"))
    assert all(o.customer.invoice.vat_number == "" for o in of_case(made, "reverse_charge_no_vat"))


@pytest.mark.parametrize(("label", "rate", "country"), [
    ("oss_be", "21", "BE"), ("oss_de", "19", "DE"), ("oss_fi", "25.5", "FI"),
    ("foreign_currency", "0", "GB"), ("long_postcode_us", "0", "US"),
])  # fmt: skip
def test_destination_rates(made: tuple[Order, ...], label: str, rate: str, country: str) -> None:
    for order in of_case(made, label):
        assert {price.rate for line in order.lines for price in line.prices} == {Decimal(rate)}
        assert order.tax_region == order.customer.invoice.country == country


def test_cases_are_what_they_say(made: tuple[Order, ...]) -> None:
    def rates(order: Order) -> set[Decimal]:
        return {price.rate for line in order.lines for price in line.prices}

    def all_of(label: str) -> list[Order]:
        found = of_case(made, label)
        assert found
        return found

    assert all(o.total == 0 and o.payment is None for o in all_of("free_order") + all_of("full_discount"))
    assert all(len(o.lines) == 200 for o in all_of("many_lines"))
    assert all(o.customer.email == "" and o.customer.id == "" for o in all_of("guest_no_email"))
    assert all(not o.prices_include_tax for o in all_of("excl_prices"))
    assert all(any(option.net < 0 for line in o.lines for option in line.options) for o in all_of("option_price"))
    assert all(o.lines[-1].product is None and o.lines[-1].description == "" for o in all_of("bare_line"))
    assert all(o.test for o in all_of("test_order"))
    assert all(o.archived for o in all_of("archived"))
    assert all(o.status == "open" for o in all_of("not_eligible"))
    assert all(len(o.lines[-1].prices) == 2 for o in all_of("discount_two_rates") + all_of("shipping_split"))
    assert all(rates(o) == {Decimal(9), Decimal(21)} for o in all_of("mixed_vat"))
    assert all(o.lines[-1].prices[0].rate == 0 < o.lines[0].prices[0].rate for o in all_of("untaxed_shipping"))
    assert all(len(o.customer.invoice.postcode) > 7 for o in all_of("long_postcode_gb") + all_of("long_postcode_us"))
    assert all(rates(o) == {0} and o.customer.invoice.country in {"BE", "DE", "FR"} for o in all_of("eu_zero_charged"))


def test_pairs_share_a_customer(made: tuple[Order, ...]) -> None:
    first, second = of_case(made, "email_case")[:2]
    assert first.customer.email != second.customer.email
    assert first.customer.email.casefold() == second.customer.email.casefold()
    first, second = of_case(made, "new_customer")[:2]
    assert first.customer == second.customer
    assert first.customer.id
    first, second = of_case(made, "guest_and_company")[:2]
    assert first.customer.email == second.customer.email
    assert (first.is_business, second.is_business) == (False, True)


def test_customers_are_reproducible_and_distinct() -> None:
    assert customers(3) == customers(3)[:40]
    assert customers(3, 10) == customers(3, 40)[:10]
    assert len({customer.email for customer in customers(3)} | {c.email for c in customers(4)}) == 80


def test_a_wrong_mix_is_refused() -> None:
    for mix in ((), ("no such case",), ("credit_full", "plain"), ("plain", "credit_full", "credit_partial")):
        with pytest.raises(ValueError, match="mix"):
            orders(1, 1, since=SINCE, mix=mix)
    with pytest.raises(ValueError, match="aware"):
        orders(1, 1, since=SINCE.replace(tzinfo=None))
    assert {order.case for order in orders(1, 20, since=SINCE, mix=EVERYDAY)} == set(EVERYDAY)
