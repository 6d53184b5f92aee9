"""What a Mijnwebwinkel shop has besides orders: statuses, gateways, VAT regions, shipping methods, and its switches."""

from decimal import Decimal
from typing import Literal

from pydantic import Field

from sandbox._app import JsonObject, Options
from sandbox._catalogue import COUNTRY_NAMES, STANDARD_RATES

LANGUAGES = (
    "nl_NL", "en_GB", "de_DE", "fr_FR", "es_ES", "en_US", "pt_PT", "it_IT", "da_DK", "sv_SE", "no_NO", "tr_TR", "pl_PL",
)  # fmt: skip

#: Status id → description in Dutch, English, German, French. Ids 1, 2, 3, 6 and 10 are known; 4 and 5 are invented.
_STATUSES = {
    1: ("Bestelling in behandeling", "Order Pending", "Bestellung in Bearbeitung", "Commande en attente"),
    2: ("Verzonden", "Shipped", "Versandt", "Expédiée"),
    3: ("Betaald", "Paid", "Bezahlt", "Payée"),
    4: ("Geannuleerd", "Cancelled", "Storniert", "Annulée"),
    5: ("Wacht op voorraad", "Back order", "Warten auf Lager", "En rupture de stock"),
    6: ("Betaald & afgehaald", "Paid & picked up", "Bezahlt & abgeholt", "Payée & retirée"),
    10: ("Retour", "Returned", "Retoure", "Retour"),
}
CREDIT_STATUSES = frozenset({10})
STATUS_NUMBERS = frozenset(_STATUSES)
#: Paid, shipped and picked up: the statuses that shops usually send to their books.
ELIGIBLE_STATUSES = (2, 3, 6)

_GATEWAYS = {
    "basic": ("advance", "cash", "invoice", "pickup", "webshop_giftcard"),
    "mollie": ("ideal", "bancontact", "creditcard", "klarna_paylater"),
    "paypal": ("paypal",),
}
_OTHER_GATEWAYS = {"multisafepay": ("ideal", "podium_giftcard"), "paytor": ("bitcoin",), "sisow": ("sofortbanking",)}


class MijnwebwinkelOptions(Options):
    """The switches of the simulated shops. What the public facts leave open or contradict can be switched here."""

    orders: int = Field(120, ge=0, le=100_000, description="orders per shop")
    days: int = Field(90, ge=1, description="days over which the orders are spread, ending now")
    shops: int = Field(
        2, ge=1, le=50, description="shops, with tokens demo1, demo2, …; the even ones price without VAT"
    )
    mix: Literal["all", "everyday"] = Field("all", description="all: every case; everyday: only ordinary orders")
    shapes: Literal["spec", "live", "mixed"] = Field(
        "mixed", description="how answers are written: as in the specification, as seen live, or another way per order"
    )
    credit_sign: Literal["positive", "negative"] = Field("positive", description="amounts of credit orders")
    new_order_has_change_date: bool = Field(
        False, description="whether an order whose status never changed has a status_changed_date"
    )
    doubled_tax: bool = Field(False, description="price.tax is twice what it should be, as in early 2019")
    shifting: Literal["none", "leave", "enter"] = Field(
        "none",
        description="after every full page the first order on it leaves what is being read (its status changes), "
        "or an older one enters: the following pages move",
    )
    calls_per_minute: int = Field(0, ge=0, description="calls allowed per shop in any 60 seconds; 0: no limit")
    partner_calls_per_minute: int = Field(0, ge=0, description="the same for all shops together")
    customers_allowed: bool = Field(True, description="whether the partner may read the customer endpoints")


def statuses(language: str) -> list[JsonObject]:
    """All order statuses, described in the language asked for (English when there is no translation)."""
    column = {"nl": 0, "de": 2, "fr": 3}.get(language[:2], 1)
    return [
        {"status": number, "description": names[column], "credit_order": number in CREDIT_STATUSES}
        for number, names in _STATUSES.items()
    ]


def all_gateways() -> list[JsonObject]:
    """Every gateway with its methods."""
    return [_gateway(name, methods, {}) for name, methods in (_GATEWAYS | _OTHER_GATEWAYS).items()]


def store_gateways() -> list[JsonObject]:
    """The gateways that a shop has switched on, with their costs."""
    cost: JsonObject = {"settings": {"cost": {"amount": "0.29", "percentage": "0.00"}}}
    return [_gateway(name, methods, cost) for name, methods in _GATEWAYS.items()]


def _gateway(name: str, methods: tuple[str, ...], settings: JsonObject) -> JsonObject:
    return {
        "name": name,
        "displayName": name.title(),
        "websiteUrl": f"https://{name}.example.com/",
        "methods": [{"name": method, "displayName": method.replace("_", " ").title()} | settings for method in methods],
    }


def tax_regions() -> list[JsonObject]:
    """The VAT settings per country; rates are fractions here, unlike on orders."""
    return [
        {
            "regionCode": country,
            "taxEnabled": country in {"NL", "BE", "DE", "FI"},
            "taxNumber": "NL000099998B57" if country == "NL" else None,
            "taxRate": str(STANDARD_RATES[country] / 100),
            "shippingTaxMethod": "proportional",
            "shippingTaxRate": None,
            "transactionTaxMethod": "proportional",
            "transactionTaxRate": None,
            "overrides": _reduced() if country == "NL" else [],
        }
        for country in COUNTRY_NAMES
    ]


def _reduced() -> list[JsonObject]:
    return [{"taxRate": str(Decimal("0.09")), "items": [{"type": "collection", "references": ["collection-food"]}]}]


def shipping_methods() -> list[JsonObject]:
    """How the shop ships."""
    return [
        {"id": "1", "display_name": "Nederland", "countries": ["NL"], "default": True, "no_costs_above": "75.00"},
        {"id": "2", "display_name": "Europa", "countries": ["BE", "DE", "FR", "FI", "GR"], "default": False,
         "no_costs_above": None},
        {"id": "3", "display_name": "Afhalen", "countries": ["NL"], "default": False, "no_costs_above": None},
    ]  # fmt: skip


def store(shop_id: str, name: str, *, prices_include_tax: bool) -> JsonObject:
    """What the shop tells about itself."""
    return {
        "id": shop_id, "name": name, "primary_domain": f"https://{name}.example.com", "description": "Mooie spullen",
        "open": True, "version": "Premium", "administration_language": "nl_NL", "currency": "EUR",
        "prices_include_tax": prices_include_tax, "default_language": "nl_NL", "active_languages": ["nl_NL", "en_GB"],
        "currency_format_locale": "nl_NL", "available_business_models": "ALL", "region_code": "NL",
    }  # fmt: skip
