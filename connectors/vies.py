"""VIES: the European Commission's register of VAT numbers.

Not a tenant's system, so it is not in the registry. Facts: the Commission's REST contract; errors come with HTTP 200 as
well. Its terms forbid bulk use: one request at a time, and an answer is kept for the day.
"""

from __future__ import annotations

import re
import threading
from datetime import date, datetime, timedelta
from typing import Self

from pydantic import Field

from boekbrug.domain.clock import Clock, SystemClock
from boekbrug.domain.errors import BoekbrugError
from boekbrug.domain.tax import VatNumberStatus
from connectors._base import ConnectorSettings, Unmetered
from connectors._http import Session
from connectors._wire import Fields, Json, Unreadable

_NUMBER = re.compile(r"([A-Z]{2})([0-9A-Z+*]{2,12})")
_REST_AFTER_FAILURE = timedelta(minutes=1)


class Settings(ConnectorSettings):
    """Where VIES is and how long to wait for it."""

    base_url: str = Field("https://ec.europa.eu/taxation_customs/vies/rest-api/", description="Address of the REST API")
    timeout: float = Field(10, gt=0, le=60, description="Seconds to wait for an answer")
    concurrency: int = Field(1, ge=1, le=1, description="VIES wants one request at a time")


class Vies:
    """A `VatNumberRegister`. Thread-safe; close it."""

    def __init__(self, settings: Settings | None = None, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._session = Session("VIES", "vies", settings or Settings(), Unmetered(), clock=self._clock)
        self._lock = threading.Lock()
        self._known: dict[str, VatNumberStatus] = {}
        self._known_on: date | None = None
        self._silent_until: dict[str, datetime] = {}  # per member state, since each keeps its own register

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the network."""
        self._session.close()

    def check(self, vat_number: str) -> VatNumberStatus:
        """What VIES says of the number with its country prefix (GR or EL for Greece).

        UNKNOWN when VIES or the member state is not available. That is not asked again within a minute.
        """
        match = _NUMBER.fullmatch(re.sub(r"[\s.-]", "", vat_number).upper())
        if not match:
            return VatNumberStatus.INVALID
        country, number = match[1].replace("GR", "EL"), match[2]
        with self._lock:
            now = self._clock.now()
            if self._known_on != now.date():
                self._known, self._known_on = {}, now.date()
            key = country + number
            if key not in self._known:
                if country in self._silent_until and now < self._silent_until[country]:
                    return VatNumberStatus.UNKNOWN
                status = self._ask(country, number)
                if status is VatNumberStatus.UNKNOWN:
                    self._silent_until[country] = self._clock.now() + _REST_AFTER_FAILURE
                    return status
                self._known[key] = status
            return self._known[key]

    def _ask(self, country: str, number: str) -> VatNumberStatus:
        try:
            payload = self._session.ask("check-vat-number", {"countryCode": country, "vatNumber": number})
        except BoekbrugError:
            return VatNumberStatus.UNKNOWN
        return status_from_wire(payload, country, number)


def status_from_wire(payload: Json, country: str, number: str) -> VatNumberStatus:
    """What the answer says of that number. INVALID only when VIES says so; everything else that is not a clear yes is
    UNKNOWN: blocked, busy, down, or an answer about something else."""
    try:
        answer = Fields(payload)
        if "errorWrappers" in answer:
            errors = {wrapper.text("error") for wrapper in answer.objects("errorWrappers")}
            return VatNumberStatus.INVALID if errors == {"INVALID_INPUT"} else VatNumberStatus.UNKNOWN
        about = answer.text("countryCode").upper(), answer.text("vatNumber").upper()
        if "valid" not in answer or about != (country, number):
            return VatNumberStatus.UNKNOWN
        return VatNumberStatus.VALID if answer.flag("valid", default=False) else VatNumberStatus.INVALID
    except Unreadable:
        return VatNumberStatus.UNKNOWN
