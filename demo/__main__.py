"""`make demo`: the day of two shops and an invoicing program, and once more. `make up`: the same, and stay."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import string
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from demo import invoicing, to_connect
from demo.stack import Broken, Stack, get_json

TENANTS = Path(__file__).parent / "tenants"
# Each shop has its own login in the simulated books.
LOGINS = {"mokkenhuis": "demo1", "groothandel-de-bie": "demo2"}
TENANTS_RUN = (*LOGINS, invoicing.TENANT)
SECRETS = {
    "DEMO_PARTNER_TOKEN": "partner-demo",
    "DEMO_SHOP_TOKEN_1": "demo1",
    "DEMO_SHOP_TOKEN_2": "demo2",
    "DEMO_BOOKS_USER_1": "demo1",
    "DEMO_BOOKS_KEY_1": "demo1-key",
    "DEMO_BOOKS_USER_2": "demo2",
    "DEMO_BOOKS_KEY_2": "demo2-key",
    "DEMO_INVOICES_KEY": "demo1-key",
    "DEMO_LEDGER_USER": "demo1",
    "DEMO_LEDGER_CODE_1": "demo1-code1",
    "DEMO_LEDGER_CODE_2": "demo1-code2",
}
USERS = {"winkel@example.com": "shopkeeper", "boekhouder@example.com": "accountant", "beheer@example.com": "integrator"}
PASSWORD = "demo-wachtwoord"  # noqa: S105 - of a demo on loopback, made anew at every start
PER_HOUR = 60
# With this seed a customer orders early on who has a standard discount in the books: the mismatch to be found.
SEED = 20
STANDINGS = (
    ("verified", "posted and verified"),
    ("mismatch", "posted and different"),
    ("pending", "waiting"),
    ("needs_attention", "need attention"),
    ("held", "not due yet"),
    ("skipped", "skipped"),
)
console = Console()


def main() -> int:
    """Runs the demo. Exit code 0 when everything was as it should be, 1 when an expectation failed."""
    arguments = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    arguments.add_argument("--stay", action="store_true", help="keep everything running until Ctrl-C")
    arguments.add_argument("--orders", type=int, default=100, help="orders per shop")
    arguments.add_argument("--home", type=Path, default=Path("var/demo"), help="folder, made anew at every start")
    chosen = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    shutil.rmtree(chosen.home, ignore_errors=True)
    began = time.monotonic()
    try:
        with Stack(chosen.home.resolve()) as stack:
            addresses = _start(stack, chosen.orders)
            failures = _run(stack, addresses)
            console.print(f"\nDone in {time.monotonic() - began:.0f} seconds.")
            if chosen.stay:
                _stay(stack, addresses)
    except Broken as problem:
        console.print(str(problem), style="bold red", markup=False)
        return 1
    except KeyboardInterrupt:
        return 0
    for failure in failures:
        console.print(f"not as expected: {failure}", style="bold red", markup=False)
    return 1 if failures else 0


def _start(stack: Stack, orders: int) -> dict[str, str]:
    """Starts everything. The simulated systems' addresses."""
    stack.environment |= SECRETS
    _say("Starting a Prefect server on SQLite, simulated shops, a simulated invoicing program and simulated books")
    stack.start_server()
    systems = ("mijnwebwinkel", "factuursturen", "wefact", "e-boekhouden-soap")
    sizes = ("--seed", str(SEED), "--orders", str(orders), *invoicing.SANDBOX, *to_connect.SANDBOX)
    addresses = stack.start_sandbox(*systems, *sizes)
    for system, address in addresses.items():
        console.print(f"  {system:18} {address}", highlight=False)
    stack.boekbrug("init")
    stack.boekbrug("tenant", "import", *tenant_files(stack, addresses))
    for tenant in TENANTS_RUN:
        stack.boekbrug("connection", "check", tenant)
    stack.wait_for_server()
    console.print(f"  Prefect      {stack.api_url.removesuffix('/api')}")
    stack.boekbrug("deploy")
    stack.start_worker()
    for email, role in USERS.items():
        tenants = [argument for tenant in TENANTS_RUN for argument in ("--tenant", tenant)]
        stack.boekbrug("user", "add", email, "--role", role, *tenants, "--password-stdin", said=PASSWORD)
    console.print(f"  dashboard    {stack.start_dashboard()}", highlight=False)
    console.print(f"    sign in as {' or '.join(USERS)}, password: {PASSWORD}", highlight=False)
    return addresses


def _run(stack: Stack, addresses: dict[str, str]) -> list[str]:
    """The day, twice. What was not as expected."""
    ledger = invoicing.Invoicing(addresses)
    books = addresses["factuursturen"].removesuffix("/api/v1") + "/control/books"
    _say("The day: a worker runs the three tenants' daily flows")
    _all_runs(stack)
    first = get_json(books)["accounts"]
    _show(stack)
    ledger.show(console)
    failures = [*_first_day(stack, first), *ledger.first_day(_status(stack)[invoicing.TENANT])]

    program, paid = ledger.program(), ledger.pay()
    _say(f"The day again: nothing may be sent twice, and {len(paid)} payments booked since come back")
    _all_runs(stack)
    second = get_json(books)["accounts"]
    for tenant, login in LOGINS.items():
        before, after = len(first[login]["invoices"]), len(second[login]["invoices"])
        console.print(f"  {tenant}: {before} invoices before, {after} after")
    console.print(f"  {invoicing.TENANT}: {_status(stack)[invoicing.TENANT]['last_message']}", highlight=False)
    failures += [*_second_day(stack, first, second), *ledger.second_day(program, paid)]
    return failures


def tenant_files(stack: Stack, addresses: dict[str, str]) -> list[str]:
    """The demo tenants with this run's addresses and days filled in."""
    today = date.today()  # noqa: DTZ011 - any day some weeks ago will do
    days = {"long_ago": "2020-01-01", "recently": str(today - timedelta(days=30))}
    values = addresses | {"eboekhouden": addresses["e-boekhouden-soap"]} | days
    folder = stack.home / "tenants"
    folder.mkdir()
    files = []
    for source in sorted(TENANTS.glob("*.yaml")):
        target = folder / source.name
        target.write_text(string.Template(source.read_text()).substitute(values))
        files.append(str(target))
    return files


def _all_runs(stack: Stack) -> None:
    """The tenants' daily flows at the same time, on the worker."""
    problems: list[Broken] = []

    def run(tenant: str) -> None:
        try:
            stack.boekbrug("sync", tenant, "--on-worker")
        except Broken as problem:
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(tenant,)) for tenant in TENANTS_RUN]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stack.check()
    if problems:
        raise problems[0]


def _show(stack: Stack) -> None:
    for row in _status(stack).values():
        console.print(f"\n[bold]{row['tenant']}[/]: " + ", ".join(f"{row[name]} {said}" for name, said in STANDINGS))
        console.print(f"  {row['last_message']}", markup=False, highlight=False)
        table = Table("document", "status", "what is the matter", "what to do", show_lines=True)
        for error in (one for one in _errors(stack, row["tenant"]) if "document" in one):
            found = [f for f in error["findings"] if f["level"] in ("error", "mismatch")]
            cells = (
                error["document"],
                error["status"],
                "\n".join(f["sentence"] for f in found),
                "\n".join(f["suggestion"] for f in found),
            )
            table.add_row(*(Text(cell) for cell in cells))
        console.print(table)


def _first_day(stack: Stack, books: Any) -> Iterator[str]:
    status = _status(stack)
    for tenant, login in LOGINS.items():
        row, account = status[tenant], books[login]
        done = row["verified"] + row["posted"] + row["mismatch"]
        made = sum(1 for invoice in account["invoices"] if "Order" in json.dumps(invoice["reference"]))
        if done != made:
            yield f"{tenant}: {done} orders are done, and the books hold {made} invoices for them"
        if account["limits"]["invoices"]["busiest_hour"] > PER_HOUR:
            yield f"{tenant}: more than {PER_HOUR} invoices in an hour"
        if account["limits"]["invoices"]["refused"]:
            yield f"{tenant}: the books had to refuse calls over the limit"
        if account["outbox"]:
            yield f"{tenant}: customers got e-mail"
        if row["posted"] or row["in_flight"]:
            yield f"{tenant}: some documents were not verified"
        if not row["needs_attention"]:
            yield f"{tenant}: no order needs attention, though some should"
    if not status["mokkenhuis"]["pending"]:
        yield "mokkenhuis: nothing waits for the next hour"
    if not any(row["mismatch"] for row in status.values()):
        yield "no mismatch was found, though a debtor has a standard discount"


def _second_day(stack: Stack, first: Any, second: Any) -> Iterator[str]:
    for tenant, login in LOGINS.items():
        if first[login]["invoices"] != second[login]["invoices"]:
            yield f"{tenant}: the second run changed the books"
        references = [json.dumps(invoice["reference"]) for invoice in second[login]["invoices"]]
        if len(references) != len(set(references)):
            yield f"{tenant}: an order stands in the books twice"
    for tenant, row in _status(stack).items():
        if row["in_flight"]:
            yield f"{tenant}: documents are left in flight"


def _status(stack: Stack) -> dict[str, dict[str, Any]]:
    return {row["tenant"]: row for row in json.loads(stack.boekbrug("status", "--json"))}


def _errors(stack: Stack, tenant: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(stack.boekbrug("errors", tenant, "--json", accept=(0, 6)))
    return found


def _stay(stack: Stack, addresses: dict[str, str]) -> None:
    _say("Everything stays up; Ctrl-C ends it")
    to_connect.prepare(stack, PASSWORD)
    home = stack.environment["BOEKBRUG_HOME"]
    console.print(
        f"  dashboard      {stack.dashboard_url}   sign in as {' or '.join(USERS)}, password: {PASSWORD}\n"
        f"  Prefect's UI   {stack.api_url.removesuffix('/api')}\n"
        f"  to use the command line in another terminal:\n"
        f"    export BOEKBRUG_HOME={home} PREFECT_API_URL={stack.api_url}\n"
        f"    .venv/bin/boekbrug status",
        highlight=False,
    )
    to_connect.show(console, addresses, f"{stack.dashboard_url}/t/{to_connect.TENANT}", PASSWORD)
    while True:
        stack.check()
        time.sleep(1)


def _say(text: str) -> None:
    console.rule(text, align="left")


if __name__ == "__main__":
    sys.exit(main())
