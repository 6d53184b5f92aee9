"""Bands: the five cases that bookkeepers keep an account and a VAT code for, on either side of the books."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from boekbrug.domain.tax import Tax, TaxCategory
from boekbrug.domain.tenants import Band
from mappings.rates import place, rates_on

# Directive 2006/112/EC, article 97: a standard rate is at least this. Tells what an older rate was.
_LEAST_STANDARD_RATE = Decimal(15)


def band_of(tax: Tax, day: date) -> Band:
    """The band of a line's VAT on that day.

    `eu`: free of VAT to, or reverse-charged from, a business in another member state. `outside_eu`: export or import.
    `high`, `low`: the standard rate at home, and any lower one. `other`: 0 % at home, exempt, reverse-charged at home,
    and the rate of another country.
    """
    if tax.category is TaxCategory.INTRA_EU:
        return "eu"
    if tax.category is TaxCategory.EXPORT:
        return "outside_eu"
    if tax.category is not TaxCategory.STANDARD or tax.oss:
        return "other"
    rates = rates_on(place(tax.country), day) or frozenset()
    if tax.rate in rates:
        return "high" if tax.rate == max(rates) else "low"
    return "high" if tax.rate >= _LEAST_STANDARD_RATE else "low"
