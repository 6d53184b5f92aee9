"""Why a VAT rate applies, and where."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

# Member states of the EU by ISO 3166 code (27 since 2020-02-01). Monaco counts as France for VAT.
EU_COUNTRIES = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
        "MC",
    ]
)


class TaxCategory(StrEnum):
    """The reason for a rate, by the codes of EN 16931 (UNCL5305)."""

    STANDARD = "S"  # any positive rate
    ZERO = "Z"  # zero rated at home
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    INTRA_EU = "K"  # goods to a business in another member state
    EXPORT = "G"
    OUTSIDE_SCOPE = "O"


@dataclass(frozen=True, slots=True, order=True)
class Tax:
    """The VAT treatment of a line: the reason, the percentage and the country whose rate it is.

    `oss` marks a sale declared through the one-stop shop in the consumer's country.
    """

    category: TaxCategory
    rate: Decimal
    country: str
    oss: bool = False

    def __str__(self) -> str:
        where = f" {self.country} (OSS)" if self.oss else ""
        return f"{self.category.value} {self.rate.normalize():f}%{where}"


class VatNumberStatus(StrEnum):
    """What a register says of a VAT number. Unavailable is not invalid: UNKNOWN stays unknown."""

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"
