"""Mijnwebwinkel (MyOnlineStore): a shop whose orders are read.

Facts, what is unproven and what was decided: docs/connectors/mijnwebwinkel.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from boekbrug.domain.documents import OrderStatus
from boekbrug.domain.errors import RemoteUnavailable
from boekbrug.domain.tenants import TimeZone
from connectors._base import CheckItem, ConnectorSettings, Credentials, Meter, Secret, checked
from connectors._capabilities import Capability, ConnectorType, SourceDocument
from connectors._http import Session, quoted
from connectors._login import Login
from connectors._mijnwebwinkel_wire import (
    NUMBER,
    SYSTEM,
    Shop,
    order_from_wire,
    order_id,
    shop_from_wire,
    status_from_wire,
)
from connectors._pages import DocumentPages
from connectors._wire import Fields, Json, Unreadable

TITLE = "Mijnwebwinkel"

# So many records of a page are read again with the next one: records that leave the list while it is being read make
# the rest move up.
_OVERLAP = 10
_STEPS_BACK = 20
# The shop's clock has no zone: in the hour that the end of summer time repeats, its times run back by an hour.
_REPEATED_HOUR = timedelta(hours=1)
_ONE_DAY = timedelta(days=1)


class Settings(DocumentPages, ConnectorSettings):
    """Settings of a Mijnwebwinkel connection."""

    base_url: str = Field("https://api.myonlinestore.com/v1/", description="Address of the API, with its version")
    concurrency: int = Field(2, ge=1, le=8, description="Calls at once; the supplier does not publish its limit")
    language: Literal[
        "nl_NL",
        "en_GB",
        "de_DE",
        "fr_FR",
        "es_ES",
        "en_US",
        "pt_PT",
        "it_IT",
        "da_DK",
        "sv_SE",
        "no_NO",
        "tr_TR",
        "pl_PL",
    ] = Field("nl_NL", description="Language of status names; statuses are chosen by these names")
    time_zone: TimeZone = Field("Europe/Amsterdam", description="Zone of the shop's dates and times")
    page_size: int = Field(100, ge=2, le=100, description="Orders per call; 100 is the most the API gives")

    @field_validator("base_url")
    @classmethod
    def _with_version(cls, value: str) -> str:
        return value if value.endswith(("/v1/", "/v2-beta/")) else f"{value}v1/"


class ShopCredentials(Credentials):
    """The two tokens of Mijnwebwinkel."""

    partner_token: Secret = Field(description="Token of this application, given by the supplier on registration")
    token: Secret = Field(description="Token of the shop: Instellingen → API → Token toevoegen")


class Mijnwebwinkel:
    """An open connection to one shop. An `OrderSource`."""

    def __init__(self, settings: Settings, credentials: ShopCredentials, meter: Meter) -> None:
        login = Login(query={"partner_token": credentials.partner_token, "token": credentials.token})
        self._session = Session(TITLE, SYSTEM, settings, meter, login=login)
        self._zone = ZoneInfo(settings.time_zone)
        self._page_size = settings.page_size
        self._overlap = min(_OVERLAP, settings.page_size // 2)
        self._everywhere = {"format": "json", "language": settings.language}
        self._shop: Shop | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the network."""
        self._session.close()

    def check(self) -> Iterator[CheckItem]:
        """Tries the partner token, the shop's token and reading orders."""

        def statuses() -> str:
            return ", ".join(f"{status.id} {status.name}" for status in self.read_statuses())

        def shop() -> str:
            facts = self._shop_facts()
            vat = "including" if facts.prices_include_tax else "excluding"
            return f"{facts.name}: {facts.currency}, prices {vat} VAT"

        def orders() -> str:
            today = datetime.now(self._zone).date()
            return f"{self.count_orders_placed(today - timedelta(days=30), today)} in the last 30 days"

        yield from checked((("order statuses", statuses), ("shop", shop), ("orders", orders)))

    def read_statuses(self) -> tuple[OrderStatus, ...]:
        """The statuses the shop knows, by the names of the language that is set."""
        payloads = self._members(self._session.read("orderstatuses", self._everywhere), "orderstatuses")
        try:
            return tuple(status_from_wire(payload) for payload in payloads)
        except Unreadable as error:
            raise self._senseless(str(error)) from error

    def read_changed_orders(self, since: datetime) -> Iterator[Sequence[SourceDocument]]:
        """Orders whose status changed since the moment, and orders placed since the day before.

        The API cannot be asked for what was modified, and whether a new order counts as changed is not documented.
        """
        local = since.astimezone(self._zone)
        seen: set[str] = set()
        changed = (local - _REPEATED_HOUR).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
        yield from self._pages({"status_changed_start_date": changed}, seen)
        yield from self._pages({"start_date": (local.date() - _ONE_DAY).isoformat()}, seen)

    def read_orders_placed(self, first: date, last: date) -> Iterator[Sequence[SourceDocument]]:
        """Orders placed in those days of the shop's calendar, both included."""
        yield from self._pages(_placed(first, last), set())

    def read_orders(self, numbers: Iterable[str]) -> Iterator[SourceDocument | None]:
        """The orders with these numbers; None for one that the shop does not have."""
        for number in numbers:
            yield self._read_order(number) if NUMBER.fullmatch(number) else None

    def count_orders_placed(self, first: date, last: date) -> int:
        """The shop's own count."""
        payload = self._session.read("orders/count", self._everywhere | _placed(first, last) | {"test": "0"})
        try:
            return Fields(payload).whole("count")
        except Unreadable as error:
            raise self._senseless(str(error)) from error

    def _read_order(self, number: str) -> SourceDocument | None:
        payload = self._session.look_up(f"orders/{quoted(number)}", self._everywhere)
        if payload is None:
            return None
        document = order_from_wire(payload, self._shop_facts(), self._zone)
        if document.number not in ("", number):
            raise self._senseless(f"order {document.number} when asked for order {number}")
        return document

    def _pages(self, chosen: dict[str, str], seen: set[str]) -> Iterator[Sequence[SourceDocument]]:
        """The list page by page, without the documents already in `seen`. A page that has nothing in common with what
        was read before means that the list moved further than the overlap: then a step back is taken."""
        shop = self._shop_facts()
        met: set[str] = set()
        offset = steps_back = 0
        while True:
            paging = {"limit": str(self._page_size), "offset": str(offset), "ordering": "asc", "test": "0"}
            page = self._members(self._session.read("orders", self._everywhere | chosen | paging), "orders")
            orders = {order_id(payload): payload for payload in page}
            ids = orders.keys()
            if offset and met.isdisjoint(ids):
                if steps_back == _STEPS_BACK:
                    raise self._senseless("a list of orders that keeps moving")
                steps_back += 1
                offset = max(0, offset - self._page_size)
                continue
            met.update(ids)
            fresh = [order_from_wire(orders[one], shop, self._zone) for one in orders if one not in seen]
            seen.update(ids)
            if fresh:
                yield fresh
            if len(page) < self._page_size:
                return
            offset += self._page_size - self._overlap

    def _shop_facts(self) -> Shop:
        if self._shop is None:
            try:
                self._shop = shop_from_wire(self._session.read("store", self._everywhere))
            except Unreadable as error:
                raise self._senseless(str(error)) from error
        return self._shop

    def _members(self, payload: Json, name: str) -> list[Json]:
        """The list, which may be wrapped in an object."""
        if isinstance(payload, dict):
            payload = payload.get(name)
        if not isinstance(payload, list):
            raise self._senseless("something else than a list")
        return payload

    def _senseless(self, what: str) -> RemoteUnavailable:
        return RemoteUnavailable(f"{TITLE} sent what cannot be right: {what}", system=SYSTEM)


def _placed(first: date, last: date) -> dict[str, str]:
    return {"start_date": first.isoformat(), "end_date": last.isoformat()}


def account(settings: Settings, credentials: ShopCredentials) -> str:
    """The shop at this address, by a fingerprint of its token: limits are counted per shop."""
    fingerprint = hashlib.sha256(credentials.token.get_secret_value().encode()).hexdigest()[:16]
    return f"{SYSTEM}:{urlsplit(settings.base_url).netloc.lower()}:{fingerprint}"


CONNECTOR = ConnectorType(
    name=SYSTEM,
    title=TITLE,
    settings=Settings,
    credentials=ShopCredentials,
    capabilities=frozenset({Capability.ORDER_SOURCE}),
    open=Mijnwebwinkel,
    account=account,
    help_url="https://www.mijnwebwinkel.nl/",
    notes=(
        "The shop's plan must include the API.",
        "In the shop's pull-down of companies choose this application, not the bookkeeping package.",
    ),
)
