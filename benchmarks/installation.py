"""A Boekbrug with a Prefect server and simulators in processes of their own; every run starts from an empty store."""

from __future__ import annotations

import json
import shutil
import string
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from benchmarks.measuring import ROOT, Cost, run_measured, run_measured_warm
from boekbrug.warm.process import IMPORTED
from demo.__main__ import SECRETS
from demo.stack import Stack
from sandbox._control import Control

TENANT = "bench"
# Ordinary orders only, no client in the books with a discount: every order that is paid ends as verified.
_SWITCHES = {
    "mijnwebwinkel.mix": "everyday",
    "mijnwebwinkel.shops": "1",
    "factuursturen.accounts": "demo1:demo1-key",
    "factuursturen.clients": "1",
    "factuursturen.invoices_per_hour": "0",
    "factuursturen.calls_per_hour": "0",
}


@contextmanager
def installation(databases: Mapping[str, str] | None = None) -> Iterator[Installation]:
    """A Prefect server that answers, and an initialised home; on SQLite unless the settings `databases` name others."""
    with tempfile.TemporaryDirectory(prefix="boekbrug-bench-") as folder, Stack(Path(folder)) as stack:
        own = {"PYTHONPATH": str(ROOT), "PREFECT_LOGGING_LEVEL": "INFO"}
        stack.environment |= SECRETS | own | dict(databases or {})
        server = stack.start_server()
        stack.boekbrug("init")
        stack.wait_for_server()
        yield Installation(stack, server.pid)


class Installation:
    """Runs of one tenant against simulators, each from an empty store and with untouched simulators."""

    def __init__(self, stack: Stack, server: int) -> None:
        self.stack = stack
        self.server = server  # the process of Prefect's
        self.addresses: dict[str, str] = {}
        self._runs = 0

    def start_simulators(self, orders: int, changed: Mapping[str, str] | None = None) -> None:
        """A shop with so many orders, and books that take everything; `changed` are other switches than the usual."""
        chosen = _SWITCHES | dict(changed or {})
        switches = [part for key, value in chosen.items() for part in ("--option", f"{key}={value}")]
        systems = ("mijnwebwinkel", "factuursturen")
        self.addresses = self.stack.start_sandbox(*systems, "--orders", str(orders), *switches)

    def reset_simulators(self, delay: float, orders: int | None = None) -> None:
        """As newly started, with answers that take `delay` seconds; `orders` changes how many the shop has."""
        for control, sizes in zip(self._controls(), ({} if orders is None else {"orders": orders}, {}), strict=True):
            control.reset(**sizes)
            if delay:
                control.add_fault("delay", seconds=delay)

    def date_books_back(self, days: int) -> None:
        """Whatever is booked from now on is dated so many days back."""
        Control(self.addresses["factuursturen"]).advance(-days * 24 * 3600)

    def calls(self) -> Counter[str]:
        """How many calls of which kind the simulators answered since the reset (they remember the last 20,000)."""
        logs = (control.log() for control in self._controls())
        return Counter(f"{call['method']} {_resource(str(call['path']))}" for log in logs for call in log)

    def run_flow(self, concurrency: int, *options: str) -> Cost:
        """One daily run, started warm and from an empty store, with so many calls to the books at once."""
        home = self._new_home(concurrency)
        try:
            environment = self.stack.environment | {"BOEKBRUG_HOME": str(home)}
            cost = run_measured_warm(environment, IMPORTED, "benchmarks.children", "flow", TENANT, *options)
            self.check_standing()
            return cost
        finally:
            shutil.rmtree(home)

    def run_migration(self, concurrency: int, days: int) -> Cost:
        """A migration of so many days up to yesterday, in a child process and from an empty store."""
        home = self._new_home(concurrency)
        try:
            environment = self.stack.environment | {"BOEKBRUG_HOME": str(home)}
            yesterday = datetime.now(ZoneInfo("Europe/Amsterdam")).date() - timedelta(days=1)
            period = (str(yesterday - timedelta(days=days)), str(yesterday))
            return run_measured(environment, "benchmarks.children", "migrate", TENANT, *period)
        finally:
            shutil.rmtree(home)

    def replay(self, recording: Path) -> Cost:
        """The bare loop in a child process."""
        return run_measured(self.stack.environment, "benchmarks.children", "replay", str(recording))

    def _controls(self) -> list[Control]:
        return [Control(address) for address in self.addresses.values()]

    def _new_home(self, concurrency: int) -> Path:
        self._runs += 1
        home = self.stack.home / f"run{self._runs}"
        home.mkdir()
        for name in ("boekbrug.db", "key"):
            shutil.copy(self.stack.home / name, home / name)
        config = home / "tenant.yaml"
        config.write_text(yaml.safe_dump(tenant(self.addresses, concurrency)))
        self.stack.environment["BOEKBRUG_HOME"] = str(home)
        self.stack.boekbrug("tenant", "import", str(config))
        return home

    def check_standing(self) -> None:
        """Raises RuntimeError unless every order that goes over is verified."""
        for row in json.loads(self.stack.boekbrug("status", "--json")):
            left = ("pending", "in_flight", "posted", "needs_attention", "mismatch")
            if any(row[name] for name in left) or not row["verified"]:
                raise RuntimeError(f"not every document was verified: {row}")


def _resource(path: str) -> str:
    """The first word behind the version: `orders` of /v1/orders/1001?format=json."""
    return path.partition("/v1/")[2].partition("?")[0].partition("/")[0]


def tenant(addresses: Mapping[str, str], concurrency: int, slug: str = TENANT) -> dict[str, Any]:
    """The configuration of the demo's first shop, without budgets and with so many calls at once."""
    text = (ROOT / "demo" / "tenants" / "mokkenhuis.yaml").read_text()
    made: dict[str, Any] = yaml.safe_load(string.Template(text).substitute(addresses, long_ago="2020-01-01"))
    shop, books = made["connections"]
    shop["settings"]["concurrency"] = min(concurrency, 8)
    books["settings"] |= {"documents_per_period": None, "concurrency": concurrency}
    return made | {"slug": slug}
