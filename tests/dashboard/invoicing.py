"""A dashboard over the demo's third tenant: an invoicing program and books that are told every line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from boekbrug.domain.records import SyncRecord
from boekbrug.domain.users import Role
from dashboard.app import app_for
from tests.dashboard.browsing import MINE
from tests.dashboard.conftest import Dashboard, Hurried
from tests.invoicing.world import ATELIER, InvoicingWorld, invoicing_world

ROOT = f"/t/{ATELIER}"
INVOICE_PAGE = "https://facturen.example.nl/verkoop/{id}"
PURCHASE_PAGE = "https://facturen.example.nl/inkoop/{number}"
ENTRY_PAGE = "https://boeken.example.nl/mutaties/{id}?nummer={number}"


@dataclass
class InvoicingDashboard(Dashboard):
    world: InvoicingWorld  # type: ignore[assignment]

    def record(self, number: str) -> SyncRecord:
        return self.world.records()[number]


@contextmanager
def invoicing_dashboard(home: Path, template: Path) -> Iterator[InvoicingDashboard]:
    """One document of each kind went over; a supplier's invoice waits for a rule."""
    with invoicing_world(home, template) as world:
        options = {"document_url": INVOICE_PAGE, "purchase_url": PURCHASE_PAGE}
        world.demo_tenant(invoices=options, books={"document_url": ENTRY_PAGE})
        world.act("group", "add", GroupName="Vaste klanten", Type="debtor")
        world.grow(invoices=2, cases=["mixed_vat", "hand_credit"], purchases=2, purchase_cases=["plain", "credit"])
        world.run()
        world.demo_tenant(invoices=options, books={"document_url": ENTRY_PAGE}, without="HOOG_INK_21")
        world.grow(purchases=1, purchase_cases=["plain"])
        world.run()
        hurried, deployed = Hurried(), Hurried()
        made = InvoicingDashboard(
            world,  # type: ignore[arg-type]
            hurried,
            deployed,
            app_for(world.runtime, hurry=hurried, deploy=deployed),
        )
        made.add_user(MINE, atelier_vos=Role.INTEGRATOR)
        yield made
