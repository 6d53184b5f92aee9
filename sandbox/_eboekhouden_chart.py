"""What an administration of the simulated e-Boekhouden.nl starts with, and its fixed table of VAT codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

Direction = Literal["sales", "purchases", "both"]

CATEGORIES = ("BAL", "VW", "FIN", "DEB", "CRED", "VOOR", "AF19", "AF6", "AFOVERIG", "BTWRC")
WRITABLE_CATEGORIES = ("BAL", "VW")
"""The categories an account made over SOAP may have."""

_CHART = """
0100 BAL Inventaris                          ACT
0150 BAL Cum. afschrijving inventaris        ACT
0800 BAL Ondernemingsvermogen                PAS
1000 FIN Kas                                 ACT
1010 FIN Bank                                ACT
1020 FIN Mollie                              ACT
1300 DEB Debiteuren                          ACT
1310 DEB Debiteuren webwinkel                ACT
1600 CRED Crediteuren                        PAS
1650 AF19 Af te dragen btw hoog              PAS
1651 AF6 Af te dragen btw laag               PAS
1652 AFOVERIG Af te dragen btw overig        PAS
1660 VOOR Te vorderen btw                    ACT
1680 BTWRC Btw rekening-courant              PAS
2000 BAL Kruisposten                         ACT
2100 BAL Vooruitontvangen bedragen           PAS
4000 VW Personeelskosten                     VW
4300 VW Kantoorkosten                        VW
4500 VW Verkoopkosten                        VW
4510 VW Transactiekosten betaaldiensten      VW
4990 VW Betalings- en afrondingsverschillen  VW
7000 VW Inkoopwaarde van de omzet            VW
8000 VW Omzet btw hoog                       VW
8010 VW Omzet btw laag                       VW
8020 VW Omzet binnen de EU                   VW
8030 VW Omzet buiten de EU                   VW
8040 VW Omzet btw verlegd                    VW
8050 VW Omzet afstandsverkopen               VW
8100 VW Verzendkosten doorberekend           VW
8900 VW Kortingen                            VW
"""


class ChartLine(NamedTuple):
    """One account of the chart: code, category, description and group."""

    code: str
    category: str
    description: str
    group: str


def chart() -> Sequence[ChartLine]:
    """A Dutch webshop's chart of accounts."""
    found = []
    for line in _CHART.strip().splitlines():
        head, group = line.rsplit(maxsplit=1)
        code, category, description = head.split(maxsplit=2)
        found.append(ChartLine(code, category, description, group))
    return found


@dataclass(frozen=True)
class VatCode:
    """A VAT code: on which side of the books, at which per cent (None: any), and on which account its VAT goes.

    ``charged`` is false where the document itself bears no VAT, whatever rate belongs to the code.
    """

    code: str
    direction: Direction
    rate: Decimal | None
    category: str
    charged: bool = True

    def rate_on(self, day: date) -> Decimal:
        """The per cent that the server works with itself; the low codes without a number changed in 2019."""
        if self.code in ("LAAG_VERK", "LAAG_INK") and day < date(2019, 1, 1):
            return Decimal(6)
        return self.rate if self.rate is not None and self.charged else Decimal(0)

    def allows(self, percentage: Decimal, day: date) -> bool:
        """Whether a line with this code may name this per cent."""
        return self.rate is None or percentage == self.rate_on(day) or (not self.charged and percentage == self.rate)


def _codes(*lines: tuple[str, Direction, str | None, str, bool]) -> Mapping[str, VatCode]:
    return {
        code: VatCode(code, direction, None if rate is None else Decimal(rate), category, charged)
        for code, direction, rate, category, charged in lines
    }


VAT_CODES = _codes(
    ("HOOG_VERK_21", "sales", "21", "AF19", True),
    ("LAAG_VERK_9", "sales", "9", "AF6", True),
    ("HOOG_VERK", "sales", "19", "AF19", True),
    ("LAAG_VERK", "sales", "9", "AF6", True),
    ("VERL_VERK", "sales", "21", "AFOVERIG", False),
    ("VERL_VERK_L9", "sales", "9", "AFOVERIG", False),
    ("BU_EU_VERK", "sales", "0", "AFOVERIG", False),
    ("BI_EU_VERK", "sales", "0", "AFOVERIG", False),
    ("BI_EU_VERK_D", "sales", "0", "AFOVERIG", False),
    ("AFST_VERK", "sales", "0", "AFOVERIG", False),
    ("AFW_VERK", "sales", None, "AFOVERIG", True),
    ("HOOG_INK_21", "purchases", "21", "VOOR", True),
    ("LAAG_INK_9", "purchases", "9", "VOOR", True),
    ("HOOG_INK", "purchases", "19", "VOOR", True),
    ("LAAG_INK", "purchases", "9", "VOOR", True),
    ("VERL_INK", "purchases", "21", "VOOR", False),
    ("VERL_INK_L9", "purchases", "9", "VOOR", False),
    ("BU_EU_INK", "purchases", "0", "VOOR", False),
    ("BI_EU_INK", "purchases", "0", "VOOR", False),
    ("AFW", "purchases", None, "VOOR", True),
    ("GEEN", "both", "0", "AFOVERIG", False),
)
"""The Dutch codes; there is no call that lists them. The Belgian ones are known to the REST interface alone."""

COST_CENTRES: Sequence[tuple[int, str, int]] = ((11, "Webwinkel", 0), (12, "Webwinkel NL", 11), (13, "Groothandel", 0))
"""Id, name and the id of the one above."""

TEMPLATES = ("Factuursjabloon",)
"""Names of the templates of the invoicing module."""


class Article(NamedTuple):
    """A product of the invoicing module; prices in cents without VAT."""

    id: int
    code: str
    description: str
    unit: str
    purchase: int
    sale: int
    vat_code: str
    ledger_code: str


ARTICLES = (
    Article(501, "MOK", "Mok", "stuk", 400, 1000, "HOOG_VERK_21", "8000"),
    Article(502, "BOEK", "Boek", "stuk", 900, 1500, "LAAG_VERK_9", "8010"),
)
