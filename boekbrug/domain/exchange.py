"""Exchange rates, as the European Central Bank publishes them: so many units of another currency for one euro."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from boekbrug.domain.money import Money

EURO = "EUR"
ECB = "ECB"
# The ECB publishes on working days only; its longest pause is five days (Good Friday and Easter, or Christmas, with a
# weekend). A rate older than this is of a currency that is no longer published.
_LONGEST_PAUSE = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRate:
    """So many units of `currency` for one unit of `base`, on that day, by that source.

    Raises ValueError for what cannot be a rate.
    """

    currency: str
    rate: Decimal
    on: date
    base: str = EURO
    source: str = ECB

    def __post_init__(self) -> None:
        if not self.rate.is_finite() or self.rate <= 0:
            raise ValueError(f"{self.rate} is not an exchange rate")

    def is_between(self, currency: str, books: str) -> bool:
        """True when amounts in `currency` can be converted to `books` with it."""
        return (self.currency, self.base) == (currency, books)

    def note(self, original: Money) -> str:
        """What stands in the books with a converted amount: the amount, the rate, whose it is and of which day."""
        return f"{original} @ {self.rate.normalize():f} {self.source} {self.on:%Y-%m-%d}"

    def __str__(self) -> str:
        return f"{self.base} 1 = {self.currency} {self.rate.normalize():f}"


@dataclass(frozen=True, slots=True)
class ReferenceRates:
    """Rates of one euro per day and currency, as far as they were published."""

    by_day: Mapping[date, Mapping[str, Decimal]]

    @property
    def last_on(self) -> date | None:
        """The last day that was published; None when there is none."""
        return max(self.by_day, default=None)

    def rate_on(self, currency: str, day: date) -> ExchangeRate | None:
        """The last rate published on or before the day. None when there is none of that time, and while days up to it
        may still be published: what is booked today must come out the same when it is computed again tomorrow."""
        if self.last_on is None or day > self.last_on:
            return None
        days = [
            known for known, rates in self.by_day.items() if day - _LONGEST_PAUSE <= known <= day and currency in rates
        ]
        return ExchangeRate(currency=currency, rate=self.by_day[max(days)][currency], on=max(days)) if days else None
