"""Bands: the five cases that an account and a VAT code are kept for."""

from datetime import date
from decimal import Decimal

import pytest

from boekbrug.domain.tax import Tax, TaxCategory
from mappings.bands import band_of

DAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("category", "rate", "country", "expected"),
    [
        ("S", "21", "NL", "high"),
        ("S", "9", "NL", "low"),
        ("S", "6", "NL", "low"),  # of a sale before 2019 that is credited now
        ("S", "19", "NL", "high"),  # before 2012-10
        ("S", "21", "BE", "high"),
        ("S", "12", "BE", "low"),
        ("Z", "0", "NL", "other"),
        ("E", "0", "NL", "other"),
        ("O", "0", "NL", "other"),
        ("AE", "0", "NL", "other"),
        ("K", "0", "NL", "eu"),
        ("G", "0", "NL", "outside_eu"),
    ],
)
def test_the_band_of_a_line(category, rate, country, expected):
    assert band_of(Tax(TaxCategory(category), Decimal(rate), country), DAY) == expected


def test_a_rate_of_the_consumers_country_is_other():
    assert band_of(Tax(TaxCategory.STANDARD, Decimal(19), "DE", oss=True), DAY) == "other"


def test_a_rate_is_that_of_its_day():
    assert band_of(Tax(TaxCategory.STANDARD, Decimal(6), "NL"), date(2018, 6, 1)) == "low"
