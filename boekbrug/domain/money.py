"""Amounts of money: a Decimal and a currency, never a float."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from boekbrug.domain.rounding import rounded, split_cents

# Larger than any order of any shop; beyond it an amount is a mistake in the source, not a sale.
LARGEST_AMOUNT = Decimal("999999999.99")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217 code). May have more than two decimals, as unit prices have.

    Raises TypeError for a float, ValueError for an impossible amount or currency.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"an amount of money is a Decimal, not {type(self.amount).__name__}")
        if not self.amount.is_finite() or abs(self.amount) > LARGEST_AMOUNT:
            raise ValueError(f"{self.amount} is not an amount of money")
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError(f"{self.currency!r} is not an ISO 4217 currency code")

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str = "EUR") -> Money:
        """Money from a string or whole number of units. Raises TypeError for a float, ValueError for no number."""
        if isinstance(amount, bool) or not isinstance(amount, str | int | Decimal):
            raise TypeError(f"money is built from strings, integers and Decimals, not {type(amount).__name__}")
        try:
            return cls(Decimal(amount), currency)
        except InvalidOperation:
            raise ValueError(f"{amount!r} is not an amount of money") from None

    @classmethod
    def of_cents(cls, cents: int, currency: str = "EUR") -> Money:
        """Money from minor units (cents)."""
        return cls(Decimal(cents).scaleb(-2), currency)

    @classmethod
    def zero(cls, currency: str = "EUR") -> Money:
        """No money."""
        return cls(Decimal("0.00"), currency)

    @property
    def cents(self) -> int:
        """The amount in whole cents. Raises ValueError when it has a fraction of a cent: round it first."""
        scaled = self.amount.scaleb(2)
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{self} has a fraction of a cent")
        return int(scaled)

    @property
    def is_zero(self) -> bool:
        """True when the amount is nothing at all."""
        return self.amount == 0

    def rounded(self, decimals: int = 2) -> Money:
        """The amount rounded half up."""
        return Money(rounded(self.amount, decimals), self.currency)

    def split(self, weights: Sequence[Decimal]) -> list[Money]:
        """The amount (whole cents) divided in proportion to the weights without losing or making a cent."""
        return [Money.of_cents(part, self.currency) for part in split_cents(self.cents, weights)]

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added or compared")

    def __add__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.amount), self.currency)

    def __mul__(self, factor: int | Decimal) -> Money:
        if not isinstance(factor, int | Decimal):
            raise TypeError(f"money is multiplied by an int or Decimal, not {type(factor).__name__}")
        return Money(self.amount * factor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same_currency(other)
        return self.amount < other.amount

    def __le__(self, other: Money) -> bool:
        self._same_currency(other)
        return self.amount <= other.amount

    def __str__(self) -> str:
        """The currency and the amount with two decimals, or as many as it needs: equal amounts read the same."""
        in_cents = rounded(self.amount)
        shown = in_cents if in_cents == self.amount else self.amount.normalize()
        return f"{self.currency} {shown + 0:f}"  # + 0: there is no negative nothing


def total(amounts: Iterable[Money], currency: str = "EUR") -> Money:
    """The sum of the amounts; zero of `currency` when there are none. Raises ValueError when currencies are mixed."""
    parts = list(amounts)
    currency = parts[0].currency if parts else currency
    for part in parts:
        if part.currency != currency:
            raise ValueError(f"{currency} and {part.currency} cannot be added or compared")
    return Money(sum((part.amount for part in parts), Decimal("0.00")), currency)
