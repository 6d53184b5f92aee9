"""What must be so at the end, whatever broke on the way."""

from __future__ import annotations

from collections import Counter

from boekbrug.domain.records import SyncStatus
from tests.invoicing.world import InvoicingWorld


def check(world: InvoicingWorld, paid: Counter[str]) -> None:
    records = world.records()
    assert {record.status for record in records.values()} == {SyncStatus.VERIFIED}
    booked = Counter(
        (one["invoice_number"], one["relation"])
        for one in world.administration()["mutations"]
        if one["kind"] in ("FactuurVerstuurd", "FactuurOntvangen")
    )
    assert set(booked.values()) == {1}, "a document stands in the books twice"
    assert len(booked) == len(records)
    codes = Counter(relation["Code"] for relation in world.administration()["relations"])
    assert set(codes.values()) == {1}
    assert len(codes) == len({record.customer_key for record in records.values()}), "a contact was made twice"
    rows = (*world.program()["invoices"], *world.program()["purchases"])
    assert {row["code"]: row["paid"] for row in rows if row["paid"]} == dict(paid)
    assert all(len(row["payments"]) <= 1 for row in rows)
