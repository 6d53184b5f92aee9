"""A simulated system with connectors opened on it, and the failures it can be told to show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from pydantic import SecretStr

from boekbrug.domain.documents import ExternalRef, Side
from boekbrug.domain.errors import BoekbrugError
from connectors._base import Meter
from connectors._capabilities import Capability, Connector
from connectors.registry import CONNECTORS, open_connector
from sandbox._control import Control
from sandbox._server import Running
from tests.conformance.bookkeepers import Bookkeeper
from tests.conformance.stands import STANDS, InvoiceStand, LedgerStand, SourceStand, Stand, TargetStand
from tests.connectors.scripted import Meter as CountingMeter

SOURCES = [name for name, kind in CONNECTORS.items() if Capability.ORDER_SOURCE in kind.capabilities]
TARGETS = [name for name, kind in CONNECTORS.items() if Capability.BOOKING_TARGET in kind.capabilities]

INVOICE_SOURCES = [name for name, kind in CONNECTORS.items() if Capability.INVOICE_SOURCE in kind.capabilities]
PAYMENT_TARGETS = [name for name, kind in CONNECTORS.items() if Capability.PAYMENT_TARGET in kind.capabilities]
LEDGERS = [name for name, kind in CONNECTORS.items() if Capability.LEDGER_TARGET in kind.capabilities]


def sealed(login: Mapping[str, str]) -> dict[str, SecretStr]:
    return {name: SecretStr(secret) for name, secret in login.items()}


class Site:
    """A simulated system, and connectors opened on it."""

    def __init__(self, system: str, server: Running[Any], stack: ExitStack) -> None:
        self.system = system
        self.stand: Stand = STANDS[system]
        self.control: Control = server.control
        self.url = server.url
        self.root = server.root
        self.server = server
        self.stack = stack
        self.meter = CountingMeter()

    def open(self, *, other: bool = False, meter: Meter | None = None, **settings: object) -> Any:
        login = self.stand.other_credentials if other else self.stand.credentials
        return self._open(login, meter or self.meter, settings)

    def open_with(self, login: Mapping[str, str]) -> Connector:
        return self._open(login, self.meter, {})

    def _open(self, login: Mapping[str, str], meter: Meter, settings: Mapping[str, Any]) -> Any:
        values = {"base_url": self.url, "timeout": 5, **self.stand.settings, **settings}
        return self.stack.enter_context(open_connector(self.system, values, sealed(login), meter))

    def secrets(self) -> list[str]:
        stand = self.stand
        return [login[name] for login in (stand.credentials, stand.other_credentials) for name in stand.secrets]


class SourceSite(Site):
    stand: SourceStand


class InvoiceSite(Site):
    stand: InvoiceStand

    def paid(self, ref: ExternalRef) -> int:
        side = Side.PURCHASES if "purchase" in ref.kind else Side.SALES
        return self.stand.paid(self.control.books(), side, ref.id)


class TargetSite(Site):
    stand: TargetStand

    def documents(self) -> int:
        return self.stand.documents(self.control.books())

    def debtors(self) -> int:
        return self.stand.debtors(self.control.books())


class LedgerSite(Site):
    stand: LedgerStand

    def documents(self) -> int:
        return self.stand.documents(self.control.books())

    def contacts(self) -> int:
        return self.stand.contacts(self.control.books())

    def bookkeeper(self) -> Bookkeeper:
        return self.stand.bookkeeper(self.root)


def failure_of(call: Callable[[], object]) -> BoekbrugError:
    with pytest.raises(BoekbrugError) as caught:
        call()
    return caught.value
