"""The rules that nearly every business needs: for each band a VAT code and, where wanted, an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from boekbrug.domain.bookings import LedgerAccount, ReferenceData, VatCode
from boekbrug.domain.documents import Side
from boekbrug.domain.tax import Tax
from boekbrug.domain.tenants import Band, MappingRule, RoutePolicy
from mappings.lookups import line_account_problem, vat_code_problems
from mappings.rule_check import uncovered_bands


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBand:
    """A band that no rule takes as a whole yet, with the VAT codes of the books that fit it, the likeliest first."""

    side: Side
    band: Band
    vat_codes: tuple[VatCode, ...]


def open_bands(
    rules: Sequence[MappingRule],
    policy: RoutePolicy,
    books: ReferenceData,
    *,
    sides: Sequence[Side],
    today: date,
) -> tuple[OpenBand, ...]:
    """What is still to be chosen before every line of a document has a rule."""
    return tuple(
        OpenBand(side=side, band=band, vat_codes=_fitting(books, tax, side, today))
        for side in sides
        for band, tax in uncovered_bands(rules, policy, side, today=today).items()
    )


def line_accounts(books: ReferenceData) -> tuple[LedgerAccount, ...]:
    """The accounts that turnover and costs can be booked on."""
    return tuple(account for account in books.ledger_accounts if not any(line_account_problem(account)))


def _fitting(books: ReferenceData, tax: Tax, side: Side, today: date) -> tuple[VatCode, ...]:
    """A code that says what it is for is likelier than one for anything."""
    fitting = [
        code for code in books.vat_codes if not code.country and not any(vat_code_problems(code, tax, side, today))
    ]
    return tuple(sorted(fitting, key=lambda code: len(code.categories) or 99))
