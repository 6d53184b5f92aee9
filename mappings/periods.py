"""The VAT periods: which one a day belongs to. Dutch entrepreneurs declare per quarter, unless per month or year."""

from __future__ import annotations

from datetime import date

from boekbrug.domain.bookings import EntryTraits, TargetTraits
from boekbrug.domain.findings import Finding, finding
from boekbrug.domain.tenants import RoutePolicy, VatPeriod

_MONTHS: dict[VatPeriod, int] = {"month": 1, "quarter": 3, "year": 12}


def period_start(day: date, period: VatPeriod) -> date:
    """The first day of the VAT period that the day belongs to."""
    months = _MONTHS[period]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def earlier_period(
    dated_on: date, today: date, policy: RoutePolicy, traits: TargetTraits | EntryTraits
) -> Finding | None:
    """What is the matter when the books would date a document today, and that is another VAT period than its own."""
    start = period_start(today, policy.vat_period)
    if not traits.dates_itself or dated_on >= start:
        return None
    return finding("EARLIER_VAT_PERIOD", date=dated_on, start=start)
