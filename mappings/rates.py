"""VAT rates by country and day, and which places count as inside the EU. Recognises; never recomputes.

The table `eu_vat_rates.json` states its own sources. It is read on first use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources

from pydantic import BaseModel, Field

from boekbrug.domain.tax import EU_COUNTRIES

# Other codes for the same country: the EU writes EL for Greece, and Monaco counts as France for VAT.
_SAME_FOR_VAT = {"EL": "GR", "MC": "FR", "UK": "GB"}
NORTHERN_IRELAND = "XI"


@dataclass(frozen=True, slots=True)
class Place:
    """Where goods go, as VAT sees it: `country` is an ISO code, XI for Northern Ireland, "" when unknown.

    `territory` names a place whose VAT differs from its country's, such as the Canary Islands.
    """

    country: str
    in_eu: bool
    territory: str = ""
    own_rates: frozenset[Decimal] = frozenset()

    def __str__(self) -> str:
        return f"{self.country} ({self.territory})" if self.territory else self.country


def place(country: str, postcode: str = "") -> Place:
    """The place of an ISO country code and postcode.

    Goods to Northern Ireland (postcodes BT) count as goods within the EU; to territories outside the VAT area
    (Canary Islands, Livigno, Büsingen, Åland, the French overseas departments, …) as export.
    """
    code = country.strip().upper()
    code = _SAME_FOR_VAT.get(code, code)
    plain = re.sub(r"[\s-]", "", postcode.upper())
    if code == NORTHERN_IRELAND or (code == "GB" and plain.startswith("BT")):
        return Place(NORTHERN_IRELAND, in_eu=True)
    if code not in EU_COUNTRIES:
        return Place(code, in_eu=False)
    for territory in _table()[code].territories:
        if re.fullmatch(territory.postcode, plain.removeprefix(code)):
            return Place(code, not territory.outside, territory.name, territory.rates)
    return Place(code, in_eu=True)


def rates_on(where: Place, day: date, *, and_before: bool = False) -> frozenset[Decimal] | None:
    """The positive rates (percentages) in force there on that day; None when the table does not reach that far.

    `and_before` adds all earlier ones: a credit note carries the rate of the sale it credits.
    """
    reached = [row.rates for row in _table()[where.country].rates if row.since <= day] if where.in_eu else []
    if not reached:
        return None
    return where.own_rates.union(*(reached if and_before else reached[-1:]))


def vat_prefix(country: str) -> str:
    """What VAT numbers of a country begin with (EL for GR); "" when it is not in the EU's system."""
    return _table()[country].vat_prefix if country in _table() else ""


def country_of_prefix(prefix: str) -> str:
    """The country whose VAT numbers begin so; "" when there is none. GR is taken for EL."""
    return next((code for code, entry in _table().items() if prefix in (code, entry.vat_prefix)), "")


class _Rates(BaseModel):
    since: date = Field(alias="from")
    rates: frozenset[Decimal]


class _Territory(BaseModel):
    name: str
    postcode: str
    outside: bool = False
    rates: frozenset[Decimal] = frozenset()


class _Country(BaseModel):
    vat_prefix: str
    rates: tuple[_Rates, ...]
    territories: tuple[_Territory, ...] = ()


class _Table(BaseModel):
    countries: dict[str, _Country]


@cache
def _table() -> dict[str, _Country]:
    text = resources.files("mappings").joinpath("eu_vat_rates.json").read_text("utf-8")
    return _Table.model_validate_json(text).countries
