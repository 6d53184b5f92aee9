"""VAT numbers of buyers: their form, and whose they are. Whether one is registered, only a register knows."""

from __future__ import annotations

import re
from collections.abc import Iterable

from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError

from boekbrug.domain.findings import Finding, finding
from mappings.rates import country_of_prefix, vat_prefix

# Registrations of sellers in the one-stop shops; never the number of a buyer.
_ONE_STOP_SHOP = ("EU", "IM")


def compact_vat_number(number: str, country: str) -> str:
    """The number in capitals without separators, with the EU's prefix; `country` (ISO) is taken when it has none."""
    plain = re.sub(r"[^0-9A-Z+*]", "", number.upper())
    own = vat_prefix(country)
    if country_of_prefix(plain[:2]):
        return vat_prefix(country_of_prefix(plain[:2])) + plain[2:]
    if plain[:2] in _ONE_STOP_SHOP or not eu_vat.is_valid(own + plain):
        return plain
    return own + plain


def vat_number_problem(number: str, countries: Iterable[str]) -> Finding | None:
    """What is wrong with a buyer's VAT number that should belong to one of the countries (ISO), if anything.

    Goods within the EU are free of VAT on a number of the state they go to or of the buyer's own; the first country
    is the one that is named.
    """
    expected = tuple(countries)
    country = expected[0]
    if not number.strip():
        return finding("VAT_NUMBER_MISSING", country=country)
    compact = compact_vat_number(number, country)
    if compact[:2] in _ONE_STOP_SHOP:
        return finding("VAT_NUMBER_MALFORMED", vat_number=number, country=country)
    owner = country_of_prefix(compact[:2])
    if owner and owner not in expected:
        return finding("VAT_NUMBER_NOT_OF_COUNTRY", vat_number=number, country=country)
    if not owner and compact.startswith("GB"):  # of Great Britain, which left the EU's system in 2021
        return finding("VAT_NUMBER_NOT_OF_COUNTRY", vat_number=number, country=country)
    try:
        eu_vat.validate(compact)
    except ValidationError:
        return finding("VAT_NUMBER_MALFORMED", vat_number=number, country=country)
    return None
