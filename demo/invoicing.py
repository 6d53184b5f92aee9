"""The demo's third tenant: an invoicing program's documents to the books, and back what was paid on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from demo.stack import get_json

TENANT = "atelier-vos"
LOGIN = "demo1"
SANDBOX = (
    *("--option", "wefact.invoices=24"),
    *("--option", "wefact.purchases=8"),
    *("--option", "wefact.days=14"),
    *("--option", "wefact.mix=everyday"),
    *("--option", "e-boekhouden-soap.relations=0"),
)
_PAID_ON_EACH_SIDE = 4


class Invoicing:
    """Both sides of the route, as they see themselves."""

    def __init__(self, addresses: dict[str, str]) -> None:
        self._program = _root(addresses["wefact"])
        self._books = _root(addresses["e-boekhouden-soap"])

    def program(self) -> dict[str, Any]:
        """The invoicing program's documents."""
        return dict(get_json(f"{self._program}/control/books")["accounts"][LOGIN])

    def books(self) -> dict[str, Any]:
        """The administration."""
        return dict(get_json(f"{self._books}/control/books")["administrations"][LOGIN])

    def show(self, console: Console) -> None:
        """The administration as an accountant sees it."""
        books = self.books()
        table = Table("VAT code", "net", "VAT", title=f"{TENANT}: what the books say", title_justify="left")
        for code, total in books["vat"].items():
            table.add_row(code, _euros(total["net"]), _euros(total["vat"]))
        console.print(table)
        opened = books["open_items"]
        console.print(
            f"  {len(books['relations'])} relations, open: {_euros(sum(one['open'] for one in opened['debtors']))} of "
            f"{len(opened['debtors'])} debtors' invoices, {_euros(sum(one['open'] for one in opened['creditors']))} of "
            f"{len(opened['creditors'])} creditors'",
            highlight=False,
        )

    def pay(self) -> dict[str, int]:
        """The bank statement is booked: some items that the program says are open are paid, one of each side in part.
        Cents by invoice number."""
        paid: dict[str, int] = {}
        program = self.program()
        rows = (*program["invoices"], *program["purchases"])
        unpaid = {row.get("number", row["code"]) for row in rows if row["open"] == row["gross"] > 0}
        for side, purchase in (("debtors", False), ("creditors", True)):
            items = [one for one in self.books()["open_items"][side] if one["invoice_number"] in unpaid]
            for index, item in enumerate(items[:_PAID_ON_EACH_SIDE]):
                cents = item["open"] // 2 if index == 0 else item["open"]
                payment = {"user": LOGIN, "invoice_number": item["invoice_number"], "relation": item["relation"]}
                get_json(f"{self._books}/control/payments", data=payment | {"purchase": purchase, "cents": cents})
                paid[item["invoice_number"]] = cents
        return paid

    def first_day(self, status: dict[str, Any]) -> Iterator[str]:
        """What should have come of the first run and did not."""
        booked = [one for one in self.books()["mutations"] if one["entry_number"].startswith("BB-")]
        done = status["verified"] + status["posted"] + status["mismatch"]
        if done != len(booked) or not done:
            yield f"{TENANT}: {done} invoices are done, and the books hold {len(booked)} of ours"
        if status["mismatch"]:
            yield f"{TENANT}: {status['mismatch']} invoices differ"

    def second_day(self, before: dict[str, Any], paid: dict[str, int]) -> Iterator[str]:
        """What should have been brought back and was not; `before` is the program as it was."""
        earlier = {row["code"]: row for row in (*before["invoices"], *before["purchases"])}
        program = self.program()
        for row in (*program["invoices"], *program["purchases"]):
            came_back = row["paid"] - earlier[row["code"]]["paid"]
            expected = paid.get(row.get("number", row["code"]), 0)
            if came_back != expected:
                yield f"{TENANT}: {_euros(came_back)} came back on {row['code']} instead of {_euros(expected)}"


def _root(address: str) -> str:
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _euros(cents: int) -> str:
    return f"{cents / 100:,.2f}"
