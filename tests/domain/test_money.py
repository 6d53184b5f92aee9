"""Money keeps every cent."""

import pickle
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boekbrug.domain.money import LARGEST_AMOUNT, Money, total
from boekbrug.domain.rounding import rounded, split_cents, tax_on_net, tax_within_gross

cents = st.integers(-10_000_000, 10_000_000)
rates = st.sampled_from([Decimal(r) for r in ("0", "2.1", "5.5", "6", "9", "13.5", "21", "25.5", "27")])
weights = st.lists(st.decimals(min_value=-1000, max_value=1000, places=4), min_size=1, max_size=30)


@given(cents, weights)
def test_parts_add_up(amount, parts):
    assert sum(split_cents(amount, parts)) == amount
    assert total(Money.of_cents(amount).split(parts)) == Money.of_cents(amount)


@given(st.integers(0, 1_000_000), st.lists(st.decimals(min_value="0.01", max_value=1000, places=2), min_size=1))
def test_each_part_is_within_a_cent_of_its_share(amount, parts):
    for part, weight in zip(split_cents(amount, parts), parts, strict=True):
        assert abs(part - amount * weight / sum(parts)) < 1


@given(cents, weights)
def test_a_split_of_the_opposite_is_the_opposite(amount, parts):
    assert split_cents(-amount, parts) == [-part for part in split_cents(amount, parts)]


def test_splits_that_are_known():
    assert split_cents(100, [Decimal(1)] * 3) == [34, 33, 33]
    assert split_cents(5, [Decimal(0), Decimal(0)]) == [3, 2]
    assert split_cents(10, [Decimal(3), Decimal(0)]) == [10, 0]
    with pytest.raises(ValueError, match="no parts"):
        split_cents(1, [])


@given(cents, rates)
def test_net_and_tax_make_gross_and_the_opposite_cancels(amount, rate):
    gross = Decimal(amount).scaleb(-2)
    tax = tax_within_gross(gross, rate)
    assert (gross - tax) + tax == gross
    assert tax_within_gross(-gross, rate) == -tax
    assert tax_on_net(-gross, rate) == -tax_on_net(gross, rate)


@pytest.mark.parametrize(
    ("amount", "half_up"), [("0.005", "0.01"), ("-0.005", "-0.01"), ("1.0049999", "1.00"), ("2.675", "2.68")]
)
def test_rounding_is_half_up_away_from_zero(amount, half_up):
    assert rounded(Decimal(amount)) == Decimal(half_up)


@pytest.mark.parametrize("wrong", [1.1, True, None, b"1"])
def test_no_floats(wrong):
    with pytest.raises(TypeError):
        Money.of(wrong)


def test_a_float_amount_is_no_money():
    with pytest.raises(TypeError):
        Money(1.0, "EUR")
    with pytest.raises(TypeError):
        Money.of(1) * 1.5


@pytest.mark.parametrize("wrong", ["x", "NaN", "Infinity", str(LARGEST_AMOUNT + 1)])
def test_impossible_amounts(wrong):
    with pytest.raises(ValueError, match="not an amount of money"):
        Money.of(wrong)


def test_currencies_do_not_mix():
    euro, dollar = Money.of(1), Money.of(1, "USD")
    for mix in (lambda: euro + dollar, lambda: euro - dollar, lambda: euro < dollar, lambda: total([euro, dollar])):
        with pytest.raises(ValueError, match="cannot be added or compared"):
            mix()
    with pytest.raises(ValueError, match="ISO 4217"):
        Money.of(1, "euro")


def test_a_sum_may_pass_through_more_than_any_order():
    large = Money(LARGEST_AMOUNT, "EUR")
    assert total([large, large, -large]) == large
    assert total([], "USD") == Money.of(0, "USD")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("24.2", "24.20"),
        ("24.20", "24.20"),
        ("24.200", "24.20"),
        ("-3", "-3.00"),
        ("0.123450", "0.12345"),
        ("-0", "0.00"),
    ],
)
def test_equal_amounts_read_the_same(amount, text):
    assert str(Money.of(amount)) == f"EUR {text}"


def test_cents():
    assert Money.of("12.34").cents == 1234
    with pytest.raises(ValueError, match="fraction of a cent"):
        Money.of("0.001").cents  # noqa: B018
    assert pickle.loads(pickle.dumps(Money.of("1.00"))) == Money.of(1)
