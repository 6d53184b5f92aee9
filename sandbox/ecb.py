"""The simulated European Central Bank: the reference rates of the euro, as files.

Rates are invented, the same for a day at every start. They come out at 16:00 in Frankfurt on working days, and a
currency can stop being published: then its cells are N/A.
"""

import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field
from starlette.responses import Response

from sandbox._app import Call, JsonObject, Options, Route, Simulator, route

_FRANKFURT = ZoneInfo("Europe/Berlin")
_PUBLISHED_AT = time(16)
_ABOUT = {
    "USD": Decimal("1.10"), "JPY": Decimal("160"), "BGN": Decimal("1.9558"), "GBP": Decimal("0.85"),
    "SEK": Decimal("11.2"), "CHF": Decimal("0.95"), "NOK": Decimal("11.5"), "RUB": Decimal("85"),
}  # fmt: skip
"""Around what the rate of a currency moves."""


class EcbOptions(Options):
    """How far the table goes back, what it leaves out, and whether it can be had."""

    first_day: date = Field(date(2018, 1, 2), description="where the table ends")
    last_rouble: date = Field(date(2022, 3, 1), description="the last day with a rate of RUB; N/A after it")
    gone: bool = Field(False, description="the files are not there: 404")
    broken: bool = Field(False, description="the archive is cut off")


class Ecb(Simulator[EcbOptions]):
    """Knows no accounts; ``books`` tells which days are published."""

    name: ClassVar[str] = "ecb"
    base_path: ClassVar[str] = "/stats/eurofxref"
    options_type = EcbOptions

    def fill(self) -> None:
        pass

    def credentials(self) -> Sequence[str]:
        return ["none: the files are public"]

    def books(self) -> JsonObject:
        days = list(self._days())
        return {"days": len(days), "last": days[0].isoformat() if days else None}

    def routes(self) -> Sequence[Route]:
        return [route("GET", "/eurofxref-hist.zip", self._archive)]

    def not_found(self, call: Call) -> Response:
        return Response("<html><body>Page not found</body></html>", 404, media_type="text/html")

    def _archive(self, call: Call) -> Response:
        if self.options.gone:
            return self.not_found(call)
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("eurofxref-hist.csv", self._table())
        content = held.getvalue()
        return Response(content[: len(content) // 2] if self.options.broken else content, media_type="application/zip")

    def _table(self) -> str:
        """Newest first; every row ends in a comma."""
        rows = [f"Date,{','.join(_ABOUT)},"]
        rows += [f"{day.isoformat()},{','.join(self._cell(code, day) for code in _ABOUT)}," for day in self._days()]
        return "\n".join(rows) + "\n"

    def _cell(self, currency: str, day: date) -> str:
        return "N/A" if currency == "RUB" and day > self.options.last_rouble else str(rate(currency, day))

    def _days(self) -> Iterator[date]:
        now: datetime = self.clock.now().astimezone(_FRANKFURT)
        day = now.date() if now.time() >= _PUBLISHED_AT else now.date() - timedelta(days=1)
        while day >= self.options.first_day:
            if is_working_day(day):
                yield day
            day -= timedelta(days=1)


def rate(currency: str, day: date) -> Decimal:
    """The invented rate of that working day: within five per cent of what the currency is about."""
    around = _ABOUT[currency]
    if currency == "BGN":  # fixed to the euro
        return around
    moved = around * (1000 + Random(f"{currency} {day}").randint(-50, 50)) / 1000
    return moved.quantize(Decimal("0.0001"))


def is_working_day(day: date) -> bool:
    """Whether rates come out: no weekend, New Year, first of May or Christmas. (Easter is left out.)"""
    return day.weekday() < 5 and (day.month, day.day) not in {(1, 1), (5, 1), (12, 25), (12, 26)}
