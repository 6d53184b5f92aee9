"""Languages. What the pages say stands in English in code and templates, and in Dutch in a message catalogue.

Both languages have a catalogue (`locale/…/dashboard.po`), kept up to date by `make messages`; they are read at start.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent
from babel.support import Translations

from boekbrug.domain.money import Money

LANGUAGES = ("nl", "en")
"""The first is the one for who did not choose."""
LOCALES = Path(__file__).parent / "locale"
DOMAIN = "dashboard"
K = TypeVar("K")


@cache
def catalogue(language: str) -> Translations:
    """The messages of a language."""
    compiled = io.BytesIO()
    with (LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled, domain=DOMAIN)


def preferred(accepted: str) -> str:
    """The first language of an Accept-Language header that there is, else Dutch."""
    for part in accepted.split(","):
        language = part.partition(";")[0].strip().lower().partition("-")[0]
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]


# A list says hundreds of days and counts, most of them many times; Babel takes a twentieth of a millisecond for each.
@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language if language == "nl" else "en_GB")


@lru_cache(10_000)
def _day(value: date, pattern: str, language: str) -> str:
    return format_date(value, pattern, locale=_locale(language))


@lru_cache(10_000)
def _number(value: int | Decimal, language: str) -> str:
    return format_decimal(value, locale=_locale(language))


@dataclass(frozen=True, slots=True)
class Wording:
    """How one reader is spoken to: the language, and the time zone of what is looked at."""

    language: str
    zone: ZoneInfo

    @property
    def locale(self) -> Locale:
        """Babel's locale."""
        return _locale(self.language)

    @property
    def gettext(self) -> Callable[[str], str]:
        """Translates a message."""
        return catalogue(self.language).gettext

    def translated(self, messages: Mapping[K, str]) -> dict[K, str]:
        """All of them, for a list in which they come back in every row."""
        return {key: self.gettext(message) for key, message in messages.items()}

    def money(self, value: Money | None) -> str:
        """An amount with its currency; "" for none."""
        return "" if value is None else format_currency(value.amount, value.currency, locale=self.locale)

    def number(self, value: int | Decimal) -> str:
        """A number with separators."""
        return _number(value, self.language)

    def percent(self, value: float) -> str:
        """So many per cent, to a tenth."""
        return format_percent(value / 100, "#,##0.#%", locale=self.locale)

    def moment(self, value: datetime | None) -> str:
        """A day and time in the tenant's zone; "" for none."""
        return "" if value is None else f"{self.day(value)} {self._clock(value)}"

    def second(self, value: datetime) -> str:
        """The same to the second."""
        return f"{self.day(value)} {value.astimezone(self.zone):%H:%M:%S}"

    def day(self, value: datetime | None) -> str:
        """A day in the tenant's zone; "" for none."""
        return "" if value is None else self.date(value.astimezone(self.zone).date())

    def date(self, value: date) -> str:
        """A day of the calendar."""
        return _day(value, "d MMM y", self.language)

    def short_day(self, value: datetime) -> str:
        """The same without the year."""
        return _day(value.astimezone(self.zone).date(), "d MMM", self.language)

    def soon(self, value: datetime, now: datetime) -> str:
        """The time alone when it is today, else day and time."""
        if value.astimezone(self.zone).date() == now.astimezone(self.zone).date():
            return self._clock(value)
        return self.moment(value)

    def _clock(self, value: datetime) -> str:
        return f"{value.astimezone(self.zone):%H:%M}"
