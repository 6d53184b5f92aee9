"""The VAT periods: which one a day belongs to. Dutch entrepreneurs declare per quarter, unless per month or year."""

from __future__ import annotations

from datetime import date

from boekbrug.domain.tenants import VatPeriod

_MONTHS: dict[VatPeriod, int] = {"month": 1, "quarter": 3, "year": 12}


def period_start(day: date, period: VatPeriod) -> date:
    """The first day of the VAT period that the day belongs to."""
    months = _MONTHS[period]
    return date(day.year, (day.month - 1) // months * months + 1, 1)
