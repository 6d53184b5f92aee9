"""Names of countries, and what they are in ISO 3166."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from babel import Locale

from connectors._wire import folded

# Names in use that differ from those of Unicode's CLDR, which babel holds.
_OTHER_NAMES = {
    "Holland": "NL",
    "Tsjechische Republiek": "CZ",
    "Groot-Brittannië": "GB",
    "Verenigde Staten van Amerika": "US",
    "Slowaakse Republiek": "SK",
    "Wit-Rusland": "BY",
    "Macedonië": "MK",
    "Turkije": "TR",
    "Hongkong": "HK",
}


@cache
def country_codes() -> Mapping[str, str]:
    """Folded name, in Dutch or English → ISO code."""
    codes: dict[str, str] = {}
    for language in ("en", "nl"):
        territories: Mapping[str, str] = Locale.parse(language).territories
        codes |= {folded(name): code for code, name in territories.items() if len(code) == 2 and code.isalpha()}
    return codes | {folded(name): code for name, code in _OTHER_NAMES.items()}


def country_code(text: str) -> str:
    """The ISO code for a code or a name as people write it; "" when it is neither."""
    known = country_codes()
    code = text.strip().upper()
    return code if code in set(known.values()) else known.get(folded(text), "")
