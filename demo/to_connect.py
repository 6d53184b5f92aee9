"""An administration with nothing connected yet, and a simulated shop and books that wait for somebody to try."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from demo.stack import Stack

TENANT = "proefwinkel"
USER = "nieuw@example.com"
# A third shop and third books beside those of the demo's own tenants.
SANDBOX = (
    *("--option", "mijnwebwinkel.shops=3"),
    *("--option", "factuursturen.accounts=demo1:demo1-key,demo2:demo2-key,demo3:demo3-key"),
)


def prepare(stack: Stack, password: str) -> None:
    """Makes the administration and its shopkeeper."""
    file = stack.home / "proefwinkel.yaml"
    file.write_text(f"slug: {TENANT}\nname: Uw proefwinkel\n")
    stack.boekbrug("tenant", "import", str(file))
    stack.boekbrug("user", "add", USER, "--tenant", TENANT, "--password-stdin", said=password)


def show(console: Console, addresses: dict[str, str], page: str, password: str) -> None:
    """What somebody needs who wants to connect a shop."""
    console.print(
        f"\n  To connect a shop yourself, sign in as {USER}, password: {password}\n    {page}", highlight=False
    )
    table = Table("system", "address (under its settings)", "key")
    table.add_row("Mijnwebwinkel", addresses["mijnwebwinkel"], "application: partner-demo, shop: demo3")
    table.add_row("Factuursturen", addresses["factuursturen"], "login: demo3, key: demo3-key")
    console.print(table, highlight=False)
