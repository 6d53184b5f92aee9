"""The European Central Bank's reference rates of the euro.

Not a tenant's system, so it is not in the registry. Facts: the whole history since 1999 is one CSV table in
`eurofxref-hist.zip`, a row per working day, N/A where a currency has no rate; the day's rates come at about 16:00 in
Frankfurt, and never change afterwards.
"""

from __future__ import annotations

import csv
import io
import threading
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import Field

from boekbrug.domain.clock import Clock, SystemClock
from boekbrug.domain.errors import BoekbrugError, RemoteUnavailable
from boekbrug.domain.exchange import ExchangeRate, ReferenceRates
from connectors._answers import Answer
from connectors._base import ConnectorSettings, Unmetered
from connectors._http import Session

_FILE = "eurofxref-hist.zip"
_LARGEST_TABLE = 64 * 1024 * 1024  # bytes; the table of 27 years is about 3 MB
_REST = timedelta(minutes=10)  # after a failure, and before a table that does not reach the day is read again
_FRANKFURT = ZoneInfo("Europe/Berlin")
_PUBLISHED_BY = time(16, 30)


class Settings(ConnectorSettings):
    """Where the rates are published and how long to wait for them."""

    base_url: str = Field("https://www.ecb.europa.eu/stats/eurofxref/", description="Where the files are published")
    timeout: float = Field(30, gt=0, le=300, description="Seconds to wait for an answer")
    concurrency: int = Field(1, ge=1, le=1, description="One file is read at a time")


class Ecb:
    """The published rates, read when they are first asked for. Thread-safe; close it."""

    def __init__(self, settings: Settings | None = None, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._session = Session("The ECB", "ecb", settings or Settings(), Unmetered(), clock=self._clock)
        self._lock = threading.Lock()
        self._table = ""
        self._read_at: datetime | None = None
        self._rates: dict[str, ReferenceRates] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the network."""
        self._session.close()

    def rate_on(self, currency: str, day: date) -> ExchangeRate | None:
        """The last rate published on or before the day; None when the ECB has none of that currency.

        Raises RemoteUnavailable when the rates cannot be read now, or those up to that day are not published yet; it
        says when to try again. Neither is asked again within ten minutes.
        """
        with self._lock:
            now = self._clock.now()
            if not self._reaches(currency, day) and (self._read_at is None or now >= self._read_at + _REST):
                self._read_at, self._rates = now, {}
                self._table = self._read()
            if not self._table:
                raise RemoteUnavailable(
                    "The ECB's rates could not be read a moment ago",
                    not_before=(self._read_at or now) + _REST,
                    system="ecb",
                )
            if not self._reaches(currency, day):
                raise RemoteUnavailable(
                    f"The ECB has not published its rates up to {day} yet", not_before=_next_rates(now), system="ecb"
                )
            return self._of(currency).rate_on(currency, day)

    def _read(self) -> str:
        try:
            return self._session.read_with(_FILE, _table_in, accept="application/zip")
        except BoekbrugError as error:
            self._table = ""
            raise RemoteUnavailable(str(error), not_before=self._clock.now() + _REST, system="ecb") from error

    def _reaches(self, currency: str, day: date) -> bool:
        last_on = self._of(currency).last_on if self._table else None
        return last_on is not None and last_on >= day

    def _of(self, currency: str) -> ReferenceRates:
        if currency not in self._rates:
            self._rates[currency] = rates_from_ecb_csv(self._table, currency)
        return self._rates[currency]


def rates_from_ecb_csv(text: str, currency: str = "") -> ReferenceRates:
    """The rates of the ECB's table, of one currency or of all: a first row `Date, USD, …`, then a row per day.

    Raises ValueError when the text is no such table.
    """
    rows = csv.reader(io.StringIO(text))
    head = [cell.strip() for cell in next(rows, [])]
    if not head or head[0].lstrip("\ufeff") != "Date":
        raise ValueError("this is not the ECB's table of reference rates: it does not begin with Date")
    columns = [(index, code) for index, code in enumerate(head) if index and code and currency in ("", code)]
    by_day: dict[date, dict[str, Decimal]] = {}
    for row in rows:
        cells = [cell.strip() for cell in row]
        if any(cells[len(head) :]):
            raise ValueError(f"the ECB's rates of {cells[0][:20]!r} are more than there are currencies")
        if cells and cells[0]:
            by_day[_day(cells[0])] = {
                code: _rate(cells[index])
                for index, code in columns
                if index < len(cells) and cells[index] not in ("", "N/A")
            }
    return ReferenceRates(by_day)


def _table_in(answer: Answer) -> str:
    """The table in the published archive. Raises ValueError for anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
            files = [file for file in archive.infolist() if file.filename.lower().endswith(".csv")]
            if len(files) != 1 or files[0].file_size > _LARGEST_TABLE:
                raise ValueError("the archive holds no table of rates")
            text = archive.read(files[0]).decode()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ValueError("this is no archive") from error
    if not rates_from_ecb_csv(text, "USD").by_day:
        raise ValueError("the table of rates is empty")
    return text


def _next_rates(now: datetime) -> datetime:
    """The next moment by which a day's rates are out; on a Friday evening that is Saturday's, which brings none."""
    local = now.astimezone(_FRANKFURT)
    today = datetime.combine(local.date(), _PUBLISHED_BY, _FRANKFURT)
    return today if local < today else datetime.combine(local.date() + timedelta(days=1), _PUBLISHED_BY, _FRANKFURT)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"the ECB's rates name no day: {text[:20]!r}") from None


def _rate(text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"the ECB's rates hold no number: {text[:20]!r}") from None
    if not rate.is_finite() or rate <= 0:
        raise ValueError(f"the ECB's rates hold no rate: {text[:20]!r}")
    return rate
