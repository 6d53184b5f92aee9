"""What an account of the simulated Factuursturen starts with: reference lists, countries, and some clients.

The country ids are those of the real country list; the names are those of the Unicode locale data.
"""

from decimal import Decimal
from functools import cache

from babel import Locale

from sandbox._shopdata import Customer, customers

LANGUAGES = ("nl", "en", "de", "fr", "es")
HOME = "146"
"""The Netherlands."""

TAXES = (
    {"percentage": "21", "type": "H", "default": "true", "country": HOME},
    {"percentage": "9", "type": "L", "default": "false", "country": HOME},
    {"percentage": "0", "type": "Z", "default": "false", "country": HOME},
)
TAX_RATES = frozenset(Decimal(tax["percentage"]) for tax in TAXES)

CATEGORIES: tuple[dict[str, object], ...] = (
    {"id": "1", "name": "Omzet hoog", "ledger": 8000},
    {"id": "2", "name": "Omzet laag", "ledger": 8010},
    {"id": "3", "name": "Omzet nul", "ledger": 8020},
    {"id": "4", "name": "Omzet EU verlegd", "ledger": 8030},
    {"id": "5", "name": "Omzet export", "ledger": 8040},
    {"id": "6", "name": "Verzendkosten", "ledger": 8050},
    {"id": "7", "name": "Overig", "ledger": False},
)
PROFILES = (
    {"id": "1", "name": "Standaard", "default": "true"},
    {"id": "2", "name": "Webshop", "default": "false"},
)
PRODUCTS = (
    {"id": "1", "code": "MOK", "name": "Mok", "price": "10.00", "taxes": "21", "priceintax": "12.10"},
    {"id": "2", "code": "BOEK", "name": "Kookboek", "price": "22.94", "taxes": "9", "priceintax": "25.00"},
    {
        "id": "3",
        "code": "VERZ",
        "name": "Verzendkosten",
        "price": "4.13",
        "taxes": "21",
        "priceintax": "5.00",
    },
)

_COUNTRIES = {
    "AD": "5", "AW": "12", "AU": "13", "BE": "18", "BG": "30", "CA": "34", "CN": "37", "CY": "45",
    "DK": "46", "DE": "50", "EE": "56", "FI": "62", "FR": "63", "GI": "71", "GR": "73", "HU": "84",
    "IE": "86", "IS": "87", "IL": "92", "IT": "93", "JP": "96", "HR": "110", "LV": "113", "LI": "117",
    "LT": "118", "LU": "119", "MT": "129", "MA": "130", "MC": "139", "NL": "146", "NZ": "151", "NO": "157",
    "UA": "159", "AT": "163", "PL": "171", "PT": "172", "RO": "176", "SM": "181", "SG": "187", "SI": "188",
    "SK": "189", "ES": "192", "SR": "200", "CZ": "213", "TR": "215", "VA": "222", "GB": "224", "US": "226",
    "ZA": "233", "KR": "235", "SE": "236", "CH": "237", "CW": "239", "RS": "241", "JE": "243", "GG": "244",
}  # fmt: skip


@cache
def country_list(language: str) -> tuple[dict[str, str], ...]:
    """``[{id, name}]`` in one of the five languages, by name as the real list has it."""
    territories = Locale(language).territories
    named = [{"id": id, "name": territories[code]} for code, id in _COUNTRIES.items()]
    return tuple(sorted(named, key=lambda country: country["name"]))


def country_id(given: str) -> str | None:
    """The id of a country given by id or by its name in any of the languages; None when there is none."""
    return given if given in _COUNTRIES.values() else _ids_by_name().get(given.strip().casefold())


@cache
def _ids_by_name() -> dict[str, str]:
    return {country["name"].casefold(): country["id"] for language in LANGUAGES for country in country_list(language)}


def starting_clients(seed: int, count: int) -> list[dict[str, str]]:
    """Clients the shop's customers have become before: the fields that differ from the defaults.

    Among the first nine are the ones real accounts hold: charged without VAT, with a standard discount of
    5 %, twice under one e-mail address (both active; or the older one no longer), and with the e-mail address
    in other letter case.
    """
    shop = customers(seed)
    twists: dict[int, tuple[int, dict[str, str]]] = {
        1: (1, {"tax_type": "extax"}),
        2: (2, {"stddiscount": "5"}),
        4: (3, {"custom_1": "dubbel"}),
        5: (5, {"active": "false"}),
        6: (6, {"email": shop[6].email.upper()}),
        8: (5, {}),
    }
    clients = []
    for at in range(count):
        which, twist = twists.get(at, (at, {}))
        clients.append({"tax_type": "intax"} | _client(shop[which % len(shop)]) | twist)
    return clients


def _client(customer: Customer) -> dict[str, str]:
    address = customer.invoice
    return {
        "contact": address.name[:50],
        "company": address.company[:50],
        "address": f"{address.street} {address.number}"[:50],
        "zipcode": address.postcode[:7],
        "city": address.city[:50],
        "country": _COUNTRIES[address.country],
        "phone": "".join(char for char in address.phone if char.isdigit())[:13],
        "email": customer.email,
        "taxnumber": address.vat_number[:18],
    }
