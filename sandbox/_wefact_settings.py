"""What an administration of the simulated WeFact is set up with: VAT codes, cost categories, wording.

`settings/list` names the keys; which codes and categories there are is every administration's own choice.
"""

from decimal import Decimal

from sandbox._app import JsonObject

#: Code → name and rate (percent). The first is the default.
SALE_CODES: dict[str, tuple[str, Decimal]] = {
    "V21": ("21% btw", Decimal(21)),
    "V9": ("9% btw", Decimal(9)),
    "V0": ("0% btw", Decimal(0)),
    "VEU": ("Intracommunautaire levering", Decimal(0)),
    "VEX": ("Export buiten de EU", Decimal(0)),
    "VVERLEGD": ("Btw verlegd", Decimal(0)),
    "VBE21": ("OSS België 21%", Decimal(21)),
    "VDE19": ("OSS Duitsland 19%", Decimal(19)),
    "VFR20": ("OSS Frankrijk 20%", Decimal(20)),
    "VFI255": ("OSS Finland 25,5%", Decimal("25.5")),
}
PURCHASE_CODES: dict[str, tuple[str, Decimal]] = {
    "I21": ("21% btw", Decimal(21)),
    "I9": ("9% btw", Decimal(9)),
    "I0": ("0% btw", Decimal(0)),
    "IVERLEGD": ("Btw verlegd", Decimal(0)),
    "IEU": ("Intracommunautaire verwerving", Decimal(0)),
    "IEX": ("Invoer van buiten de EU", Decimal(0)),
}

#: Id → title.
COST_CATEGORIES: dict[str, str] = {
    "1": "Inkoop goederen",
    "2": "Kantoorkosten",
    "3": "Huisvesting",
    "4": "Telefoon en internet",
    "5": "Reis- en verblijfkosten",
    "6": "Verkoopkosten",
}

SALE_STATUS_WORDS = {
    "0": "Concept", "2": "Verzonden", "3": "Deels betaald", "4": "Betaald", "8": "Creditfactuur", "9": "Vervallen",
}  # fmt: skip
PURCHASE_STATUS_WORDS = {"1": "Niet betaald", "2": "Deels betaald", "3": "Betaald", "8": "Creditfactuur"}
PAYMENT_METHODS = {
    "wire": "Bankoverschrijving", "cash": "Contant", "card": "Pin", "auth": "Automatische incasso",
    "accounting": "Via boekhoudpakket", "various": "Diversen", "paypal": "PayPal", "ideal": "iDEAL",
    "qrcode": "QR-code", "other": "Overig",
}  # fmt: skip


def settings_wire() -> JsonObject:
    """The value of ``settings`` in ``settings/list``."""
    return {
        "Tax": {
            "Codes": {"Sale": _codes(SALE_CODES), "Purchase": _codes(PURCHASE_CODES)},
            "Rules": [],
        },
        "CorporateIdentity": [{"Identifier": "1", "CompanyName": "Voorbeeldbedrijf", "Country": "NL"}],
    }


def _codes(codes: dict[str, tuple[str, Decimal]]) -> JsonObject:
    return {
        code: {"TaxCode": code, "Name": name, "Rate": f"{rate:f}", "IsDefault": "yes" if at == 0 else "no"}
        for at, (code, (name, rate)) in enumerate(codes.items())
    }
