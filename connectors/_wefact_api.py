"""The calls of WeFact's API: one address, one envelope, errors in answers that say 200, and limits that ban.

An error has no code, so its words decide; those that are not recognised refuse the call and nothing else.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import Field

from boekbrug.domain.clock import Clock, SystemClock
from boekbrug.domain.errors import (
    BoekbrugError,
    ConnectionBroken,
    DocumentInvalid,
    NotAuthenticated,
    NotPermitted,
    OutcomeUnknown,
    RateLimited,
    RemoteUnavailable,
    SettingsInvalid,
)
from boekbrug.domain.findings import finding
from boekbrug.domain.tenants import TimeZone
from connectors._answers import Answer, usual_limits
from connectors._base import CallLimit, ConnectorSettings, Credentials, LimitSignal, Meter, Secret
from connectors._http import Session
from connectors._login import Login
from connectors._pages import PagesOfBothSides
from connectors._wefact_wire import SYSTEM, said
from connectors._wire import Fields, Json, JsonOut, Unreadable, clean, parse_json

TITLE = "WeFact"
_READINGS = 5
_OVERLAP = 10
_WINDOWS = {"Minute": 60, "Hour": 3600}  # as the headers name them, in seconds
_FIREWALL = re.compile(r"firewall", re.IGNORECASE)
_NO_ACCESS = re.compile(r"\bno access\b|geen toegang", re.IGNORECASE)
_WRONG_KEY = re.compile(r"api.?(sleutel|key)", re.IGNORECASE)
_NO_SUCH_CALL = re.compile(r"invalid (controller|action)", re.IGNORECASE)
_GONE = re.compile(r"niet gevonden|not found|bestaat niet|does not exist", re.IGNORECASE)


class Settings(PagesOfBothSides, ConnectorSettings):
    """Settings of a WeFact connection. What the supplier does not document can be switched."""

    base_url: str = Field("https://api.mijnwefact.nl/v2/", description="Address of the API, with its version")
    calls_per_period: int | None = Field(
        3600, ge=1, description="Remote calls allowed per period from this machine's IP address; empty: not limited"
    )
    calls_per_minute: int | None = Field(
        200, ge=1, description="Remote calls allowed per minute from this machine's IP address; empty: not limited"
    )
    ban_seconds: int = Field(
        3600, ge=60, le=86_400, description="How long to stay away from a firewall: every call lengthens its ban"
    )
    page_size: int = Field(1000, ge=2, le=1000, description="Rows per list; 1000 is the most the API gives")
    time_zone: TimeZone = Field("Europe/Amsterdam", description="Zone of the API's dates and times")
    payment_method: Literal["accounting", "wire", "cash", "card", "auth", "various", "paypal", "ideal", "other"] = (
        Field("accounting", description="How a payment is registered; accounting: via the bookkeeping package")
    )
    pay_date_name: Literal["PayDate", "Date"] = Field(
        "PayDate", description="Name of a payment's date in the API, on which its documentations differ"
    )

    @property
    def call_limits(self) -> tuple[CallLimit, ...]:
        """Both windows at once, counted per IP address."""
        return (*super().call_limits, CallLimit("calls a minute", self.calls_per_minute, 60))


class Key(Credentials):
    """WeFact's API key."""

    api_key: Secret = Field(description="Key: Instellingen → API; add this machine's IPv4 address to the list there")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record: its controller, the names of one and of several in answers, and the field of its code."""

    controller: str
    one: str
    several: str
    code: str


class Api:
    """The calls of one connection. Thread-safe. After a refusal that repeating makes worse it makes no more calls."""

    def __init__(self, settings: Settings, credentials: Key, meter: Meter, clock: Clock | None = None) -> None:
        self._settings = settings
        self._meter = meter
        self._clock = clock or SystemClock()
        self._session = Session(
            TITLE,
            SYSTEM,
            settings,
            meter,
            login=Login(body={"api_key": credentials.api_key}),
            limits=self._limits,
            clock=self._clock,
        )
        self._lock = threading.Lock()
        self._stopped: BoekbrugError | None = None
        self._left: dict[str, int] = {}
        self._takes_modified = True

    def close(self) -> None:
        """Lets go of the network."""
        self._session.close()

    @property
    def calls_left(self) -> str:
        """What the last answer said of the limits."""
        with self._lock:
            return ", ".join(f"{left} calls left this {window.lower()}" for window, left in self._left.items())

    def ask(self, controller: str, action: str, params: Mapping[str, JsonOut] | None = None) -> Fields:
        """A question that changes nothing. Raises RetryLater, ConnectionBroken."""
        answer, problem = self._asked(controller, action, params or {})
        if problem:
            raise self._refusal(problem)
        return answer

    def ask_if_taken(self, controller: str, action: str, params: Mapping[str, JsonOut]) -> Fields | None:
        """The same, where it is not documented that the question is taken: None when it is refused."""
        answer, problem = self._asked(controller, action, params)
        if problem and type(error := self._refusal(problem)) is not RemoteUnavailable:
            raise error
        return None if problem else answer

    def look_up(self, kind: Kind, record_id: str) -> Json:
        """The whole record; None when there is none. Raises RetryLater, ConnectionBroken."""
        answer, problem = self._asked(kind.controller, "show", {"Identifier": record_id})
        if problem and _GONE.search(problem) and not _WRONG_KEY.search(problem):
            return None
        if problem:
            raise self._refusal(problem)
        record = answer.value(kind.one)
        if not isinstance(record, dict) or said(Fields(record), "Identifier") != record_id:
            raise self.senseless(f"something else than {kind.one} {record_id}")
        return record

    def tell(self, controller: str, action: str, params: Mapping[str, JsonOut], document: str) -> None:
        """A change, asked for once. Raises OutcomeUnknown when it may have been made; when it certainly was not,
        RetryLater, ConnectionBroken, or DocumentInvalid with what the answer says."""
        self._go_on(document)
        try:
            text = self._session.write("", {"controller": controller, "action": action, **params}, document=document)
        except ConnectionBroken as error:
            self._stop(error)
            raise
        except RateLimited:
            self._go_on(document)
            raise
        try:
            problem = _problem(parse_json(text.lstrip("\ufeff")))
        except ValueError:
            raise OutcomeUnknown(
                f"{TITLE} sent no sound answer; the payment may or may not have been registered",
                system=SYSTEM,
                document=document,
            ) from None
        if problem:
            raise self._refusal(problem, document)

    def rows(self, kind: Kind, params: Mapping[str, JsonOut]) -> list[Fields]:
        """The whole list, each record once. Pages overlap, for the list may move while it is read; when it did not
        come out at the total that was said all along, it is read again. Raises RetryLater, ConnectionBroken."""
        found: dict[str, Fields] = {}
        for _ in range(_READINGS):
            ids, totals = self._reading(kind, params, found)
            if totals == {len(ids)}:
                return list(found.values())
        raise self.senseless(f"a list of {kind.several} that keeps moving")

    def _reading(
        self, kind: Kind, params: Mapping[str, JsonOut], found: dict[str, Fields]
    ) -> tuple[set[str], set[int]]:
        """Reads the list once, into `found`; returns the ids met and the totals said."""
        ids: set[str] = set()
        totals: set[int] = set()
        offset = 0
        while True:
            page = self._page(kind, {**params, "offset": offset, "limit": self._settings.page_size})
            try:
                total, rows = page.whole("totalresults"), page.objects(kind.several)
                met = {row.required_text("Identifier"): row for row in rows}
            except Unreadable as error:
                raise self.senseless(str(error)) from error
            found |= met
            ids |= met.keys()
            totals.add(total)
            if not rows or offset + len(rows) >= total:
                return ids, totals
            offset += len(rows) - min(_OVERLAP, len(rows) // 2)

    def _page(self, kind: Kind, params: Mapping[str, JsonOut]) -> Fields:
        """By the moment of the last change, so that what changes meanwhile moves to the end; by code where that order
        is refused, for whether it is taken is not documented."""
        if self._takes_modified:
            page = self.ask_if_taken(kind.controller, "list", {"sort": "Modified", "order": "ASC", **params})
            if page is not None:
                return page
        page = self.ask(kind.controller, "list", {"sort": kind.code, "order": "ASC", **params})
        self._takes_modified = False
        return page

    def senseless(self, what: str) -> RemoteUnavailable:
        """An answer that cannot be right."""
        return RemoteUnavailable(f"{TITLE} sent what cannot be right: {what}", system=SYSTEM)

    def _asked(self, controller: str, action: str, params: Mapping[str, JsonOut]) -> tuple[Fields, str]:
        """The answer, and what it says is wrong ("" when nothing is)."""
        self._go_on()
        try:
            payload = self._session.ask("", {"controller": controller, "action": action, **params})
        except ConnectionBroken as error:
            self._stop(error)
            raise
        except RateLimited:
            self._go_on()  # what the firewall says, if it was that
            raise
        try:
            return Fields(payload), _problem(payload)
        except ValueError as error:
            raise self.senseless(str(error)) from error

    def _refusal(self, problem: str, document: str = "") -> BoekbrugError:
        """What an error in an envelope means. Nothing was written."""
        said = clean(self._session.scrubbed(problem), 200)
        if _FIREWALL.search(problem):
            self._meter.heard(LimitSignal(0, self._settings.ban_seconds))
            return self._banned(document)
        if _NO_ACCESS.search(problem):
            message = (
                f"{TITLE} does not let this machine in ({said}): add that IPv4 address to the list under "
                "Instellingen → API"
            )
            return self._stop(NotPermitted(message, system=SYSTEM, document=document))
        if _WRONG_KEY.search(problem):
            message = f"{TITLE} does not accept the API key: {said}"
            return self._stop(NotAuthenticated(message, system=SYSTEM, document=document))
        if _NO_SUCH_CALL.search(problem):
            message = f"{TITLE} does not know this call ({said}): check the setting base_url"
            return SettingsInvalid(message, system=SYSTEM, document=document)
        if document:
            return DocumentInvalid(
                f"{TITLE} refused the payment: {said}",
                findings=(finding("PAYMENT_REFUSED", answer=said.rstrip(".")),),
                system=SYSTEM,
                document=document,
            )
        return RemoteUnavailable(f"{TITLE} refused the question: {said}", system=SYSTEM)

    def _limits(self, answer: Answer) -> LimitSignal | None:
        """Over a limit there is no 429 but a ban, so the last calls of a window are left alone: others of this
        connection may be under way."""
        if answer.status == 403 and _is_envelope(answer.text) and not _NO_ACCESS.search(answer.text):
            self._banned()
            return LimitSignal(0, self._settings.ban_seconds)
        if answer.status == 429:
            return usual_limits(answer)
        left = {window: number for window in _WINDOWS if (number := _header(answer, "remaining", window)) is not None}
        if not left:
            return None
        with self._lock:
            self._left = left
        waits = [
            max(1, (_header(answer, "reset", window) or 0) - int(answer.at.timestamp()))
            for window, number in left.items()
            if number < self._settings.concurrency
        ]
        if not waits:
            return LimitSignal(min(left.values()))
        return LimitSignal(0, min(max(waits), max(_WINDOWS.values())))

    def _go_on(self, document: str = "") -> None:
        """Raises what stopped this connection, while it still holds: every further call would make it worse."""
        with self._lock:
            stopped = self._stopped
        if isinstance(stopped, RateLimited) and stopped.not_before and stopped.not_before <= self._clock.now():
            return
        if stopped:
            error = copy(stopped)
            error.document = document
            raise error

    def _stop(self, error: BoekbrugError) -> BoekbrugError:
        with self._lock:
            self._stopped = copy(error)
        return error

    def _banned(self, document: str = "") -> BoekbrugError:
        until = self._clock.now() + timedelta(seconds=self._settings.ban_seconds)
        return self._stop(
            RateLimited(
                f"{TITLE}'s firewall has banned this machine's IP address; nothing is asked until "
                f"{until.astimezone(UTC):%H:%M} UTC, for every call lengthens the ban",
                not_before=until,
                system=SYSTEM,
                document=document,
            )
        )


def _problem(payload: Json) -> str:
    """What an envelope says is wrong; "" for a success. Raises ValueError when it is no envelope."""
    answer = Fields(payload, "answer")
    status = answer.text("status").lower()
    if status == "success":
        return ""
    if status != "error":
        raise ValueError("an answer that is neither a success nor an error")
    errors = answer.value("errors")
    texts = errors if isinstance(errors, list) else list(errors.values()) if isinstance(errors, dict) else [errors]
    return " ".join(text for text in texts if isinstance(text, str) and text) or "no reason given"


def _is_envelope(text: str) -> bool:
    try:
        return bool(_problem(parse_json(text)))
    except ValueError:
        return bool(_FIREWALL.search(text))


def _header(answer: Answer, what: str, window: str) -> int | None:
    value = answer.headers.get(f"api-ratelimit-{what}-{window.lower()}", "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 12 else None


def local_text(moment: datetime) -> str:
    """A moment as WeFact writes it, in the zone it is in."""
    return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
