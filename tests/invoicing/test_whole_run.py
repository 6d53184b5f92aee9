"""The promise for an invoicing program, on 1,000 documents of every kind: the books hold each eligible one once,
say per VAT code and per ledger account what the program says, and what is paid in them comes back exactly once.

Both sides' own accounts of themselves are compared, not what Boekbrug thinks of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from boekbrug.domain.documents import SourceInvoice
from boekbrug.domain.records import DONE, SyncStatus
from connectors import InvoiceSource
from tests.invoicing.world import InvoicingWorld, invoicing_world

SALES, PURCHASES = 760, 240
SPREAD_OVER_DAYS = 60
EU = {"BE", "DE", "FR", "AT", "FI", "ES", "IT", "LU", "DK", "SE", "PL", "IE", "PT"}
UNPAID = {"sales": (2, 3), "purchases": (1, 2)}  # statuses in which the program takes a payment
CHARGED = {("sales", "21"): "HOOG_VERK_21", ("sales", "9"): "LAAG_VERK_9"} | {
    ("purchases", "21"): "HOOG_INK_21",
    ("purchases", "9"): "LAAG_INK_9",
}
OF_BAND = {"HOOG_VERK_21": "8000", "LAAG_VERK_9": "8010", "BI_EU_VERK": "8020", "BU_EU_VERK": "8030"} | {
    "VERL_VERK": "8040",
    "GEEN": "8040",
}
UNCHARGED = {
    "sales": {"eu": "BI_EU_VERK", "world": "BU_EU_VERK", "reversed": "VERL_VERK", "home": "GEEN"},
    "purchases": {"eu": "BI_EU_INK", "world": "BU_EU_INK", "home": "GEEN"},
}


def code_of(side: str, rate: str, row: dict[str, Any], country: str) -> str:
    """The VAT code that an accountant would use, told from what the program says."""
    if rate != "0":
        return CHARGED[side, rate]
    if row["case"] in ("intra_eu", "intra_eu_no_number"):
        where = "eu"
    elif row["case"] in ("export", "import"):
        where = "world"
    elif row["case"] == "domestic_reverse" and side == "sales":  # the program does not say it of a purchase
        where = "reversed"
    else:
        where = "home"
    assert (country in EU) or where != "eu"
    return UNCHARGED[side][where]


def unexplained(row: dict[str, Any]) -> int:
    """Cents of a purchase's total that its own lines do not come to; the total leads, so they are booked somewhere."""
    return int(row["gross"] - sum(one["net"] + one["tax"] for one in row["rates"].values()))


def said_by_the_program(world: InvoicingWorld, done: set[str]) -> dict[str, tuple[int, int]]:
    """Net and VAT per VAT code of the documents that went over, in cents, a credit negative."""
    program = world.program()
    countries = {party["code"]: party["Country"] for party in (*program["debtors"], *program["creditors"])}
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for side, rows in (("sales", program["invoices"]), ("purchases", program["purchases"])):
        for row in rows:
            if row["code"] not in done:
                continue
            country = countries[row["debtor" if side == "sales" else "creditor"]]
            rates = row["rates"] or {"0": {"net": 0, "tax": 0}}
            for rate, amounts in rates.items():
                total = totals[code_of(side, rate, row, country)]
                total[0] += amounts["net"]
                total[1] += amounts["tax"]
            totals["GEEN"][0] += unexplained(row)
    return {code: (net, tax) for code, (net, tax) in totals.items() if net or tax}


def said_by_the_books(world: InvoicingWorld) -> dict[str, tuple[int, int]]:
    totals = world.administration()["vat"]
    return {code: (one["net"], one["vat"]) for code, one in totals.items() if one["net"] or one["vat"]}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Any:
    with invoicing_world(tmp_path_factory.mktemp("whole"), template) as made:
        made.demo_tenant(books={"confirm_each": False, "concurrency": 8}, invoices={"concurrency": 8})
        made.grow(invoices=SALES, purchases=PURCHASES, days=SPREAD_OVER_DAYS)
        with made.opened() as work:
            assert work.today  # the clock of all three is the same
        made.run()
        yield made


def test_every_document_is_in_the_books_once_or_waits_with_a_reason(world: InvoicingWorld) -> None:
    program, records = world.program(), world.records()
    theirs = {row["code"] for row in (*program["invoices"], *program["purchases"]) if row["case"] != "draft"}
    assert records.keys() == theirs, "a document is lost"
    for record in records.values():
        if record.status is SyncStatus.NEEDS_ATTENTION:
            assert any(f.blocks and f.suggestion("nl") not in ("", "-") for f in record.findings), record
        else:
            assert record.status in (SyncStatus.VERIFIED, SyncStatus.HELD, SyncStatus.SKIPPED), record
    booked = Counter(
        (m["relation"], m["invoice_number"], m["kind"])
        for m in world.administration()["mutations"]
        if m["entry_number"].startswith("BB-")
    )
    assert max(booked.values()) == 1
    assert sum(booked.values()) == sum(record.status in DONE for record in records.values())
    assert {record.kind for record in records.values() if record.status in DONE} == {
        "invoice", "credit_note", "purchase_invoice", "purchase_credit_note",
    }  # fmt: skip


def test_the_books_say_per_vat_code_what_the_program_says_to_the_cent(world: InvoicingWorld) -> None:
    records = world.records()
    done = {number for number, record in records.items() if record.status in DONE}
    ours, theirs = said_by_the_books(world), said_by_the_program(world, done)
    assert sum(net + tax for net, tax in ours.values()) == sum(net + tax for net, tax in theirs.values())
    # Where suppliers' totals are not what their lines come to, a cent more or less may be VAT.
    off = sum(abs(unexplained(row)) for row in world.program()["purchases"] if row["code"] in done)
    # Cents of net that moved to a rounding line, so that the VAT is the invoice's, stand under GEEN.
    rounded = 2 * Counter(f.code for record in records.values() for f in record.findings)["ENTRY_ROUNDED"]
    for code in ours.keys() | theirs.keys():
        net, tax = (a - b for a, b in zip(ours.get(code, (0, 0)), theirs.get(code, (0, 0)), strict=True))
        purchases = off if code.endswith(("_INK", "_INK_21", "_INK_9", "GEEN")) else 0
        assert abs(tax) <= purchases, code
        assert abs(net) <= rounded + purchases, code


def test_every_amount_is_on_the_account_that_its_rule_names(world: InvoicingWorld) -> None:
    """Document by document, per account and VAT code: what the lines come to. Lines have more decimals than cents and
    the document's own totals lead, so an amount may be a cent off; never more, but where a rounding line says so."""
    rows = {row["code"]: row for row in (*world.program()["invoices"], *world.program()["purchases"])}
    parties = {one["code"]: one["Country"] for kind in ("debtors", "creditors") for one in world.program()[kind]}
    booked = {one["entry_number"]: one for one in world.administration()["mutations"]}
    done = [record for record in world.records().values() if record.status in DONE]
    with world.opened() as work:
        assert isinstance(work.source, InvoiceSource)
        documents = list(work.source.read_invoices([record.source_ref for record in done]))
    for record, document in zip(done, documents, strict=True):
        assert isinstance(document, SourceInvoice)
        row, side = rows[record.number], str(record.kind.side)
        expected: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for line in document.lines:
            rate = "0" if set(row["rates"]) <= {"0"} else f"{line.rate.normalize():f}"
            code = code_of(side, rate, row, parties[document.contact.code])
            account = "7000" if side == "purchases" else OF_BAND[code]
            if line.product_group == "2" or line.cost_category == "2":
                account = "8100" if side == "sales" else "4300"
            expected[account, code] += line.net.amount * (-100 if record.kind.is_credit else 100)
        actual: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for part in booked[record.our_reference]["rows"]:
            actual[part["ledger"], part["vat_code"]] += part["net"]
        off = 1 + (abs(unexplained(row)) if side == "purchases" else 0)
        if any(f.code in ("ENTRY_ROUNDED", "ROUNDING_LINE_ADDED") for f in record.findings):
            off += 11  # half a cent of VAT is that much of net at 9 %, and as much on the rounding line
        for key in expected.keys() | actual.keys():
            assert abs(expected[key] - actual[key]) <= off, (record.number, key, expected[key], actual[key])


def test_the_balance_of_every_account_is_that_of_its_entries(world: InvoicingWorld) -> None:
    """Debtors and creditors are what the documents come to; nothing stands on an account that no rule names."""
    books = world.administration()
    records = [record for record in world.records().values() if record.status in DONE]
    signed = {
        side: sum(r.gross.cents * (-1 if r.kind.is_credit else 1) for r in records if r.gross and r.kind.side == side)
        for side in ("sales", "purchases")
    }
    assert books["ledgers"]["1300"] == signed["sales"]
    assert books["ledgers"]["1600"] == -signed["purchases"]
    named = {"1300", "1600", "1650", "1651", "1652", "1660", "8000", "8010", "8020", "8030", "8040", "8100"}
    assert books["ledgers"].keys() <= named | {"7000", "4300"}
    assert books["ledgers"]["8100"], "no line of the deviating product group went over"
    assert books["ledgers"]["4300"], "no line of the deviating cost category went over"


def test_a_second_run_sends_nothing(world: InvoicingWorld) -> None:
    before = world.administration()["mutations"]
    report = world.run()
    assert (report.pushed.posted, report.pushed.adopted, report.payments.registered) == (0, 0, 0)
    assert world.administration()["mutations"] == before


def test_everything_that_is_paid_in_the_books_comes_back_once(world: InvoicingWorld) -> None:
    rng = Random(4)
    items = world.administration()["open_items"]
    program_before = {row["code"]: row for row in (*world.program()["invoices"], *world.program()["purchases"])}
    by_target = {(r.kind.side, r.target_number, r.gross.cents): r for r in world.records().values() if r.gross}
    paid: dict[str, int] = {}
    for side, rows in (("sales", items["debtors"]), ("purchases", items["creditors"])):
        for item in rows:
            record = by_target.get((side, item["invoice_number"], abs(item["gross"])))
            if record is None or item["open"] <= 0 or rng.random() < 0.5:
                continue
            row = program_before[record.number]
            if row["paid"] or row["status"] not in UNPAID[side]:
                continue
            part = item["open"] if rng.random() < 0.6 else max(1, item["open"] // 3)
            world.pay(item["invoice_number"], purchase=side == "purchases", relation=item["relation"], cents=part)
            paid[record.number] = part
    assert len(paid) > 100
    first = world.run()
    assert first.payments.registered == len(paid)
    second = world.run()
    assert second.payments.registered == 0
    after = {row["code"]: row for row in (*world.program()["invoices"], *world.program()["purchases"])}
    for number, row in after.items():
        come_in = row["paid"] - program_before[number]["paid"]
        assert come_in == paid.get(number, 0), number
        assert len(row["payments"]) - len(program_before[number]["payments"]) == (number in paid), number
