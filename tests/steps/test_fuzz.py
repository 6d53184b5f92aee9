"""Whatever the shop sends for one order, the run goes on: that order waits with a reason or goes over right, and every
other order goes over. Orders are spoiled at random (with a fixed seed) and by hand, and given through the simulator."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from boekbrug.domain.records import DONE, SyncStatus
from tests.world import World

UNLIMITED = {"documents_per_period": None}

ABSURD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 10**30, -(10**12), 0.1 + 0.2, 1e308, -1e-308, "", " ", "0", "-0.00", "1,50", "1e400",
    "12.345678901234567890", "NaN", "Infinity", "٣", "twaalf", "<b>x</b>", "'; DROP TABLE records; --",
    "\u0000\u001b[31m",
    "\ud800", "\u202e" + "x" * 50, "x" * 100_000, [], {}, [[]], [None], [{}], {"": ""}, [1, "2", {"3": 4}],
    "9999-99-99", "0000-00-00", "2026-02-30", "24:61:61",
)  # fmt: skip
HOSTILE = (
    "[bold red]markup[/]", "{finding}", "%(asctime)s %s", "{{ tenant }}", "=cmd|' /C calc'!A0", "../../etc/passwd",
    "\r\nX-Injected: 1", "<script>alert(1)</script>", "ß" * 300, "👩‍👩‍👧" * 60, "\u200b\u200b", "a\u0301" * 200,
)  # fmt: skip


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where anything stands in a JSON value, the value itself aside."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield (*path, key)
        yield from paths_in(member, (*path, key))


def spoiled(wire: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The order with one to three things in it removed or replaced by something absurd."""
    order = copy.deepcopy(wire)
    for _ in range(chance.randint(1, 3)):
        *where, last = chance.choice(list(paths_in(order)))
        holder = order
        for key in where:
            holder = holder[key]
        if chance.random() < 0.3:
            del holder[last]
        else:
            holder[last] = chance.choice(ABSURD)
    return order


def as_text(order: object) -> str:
    return json.dumps(order, default=float)


def check(world: World, given: set[int], sound: set[int]) -> None:
    """Sound orders went over; every given one went over right or waits with a reason; nothing else is in the books."""
    records = {int(number): record for number, record in world.records().items() if number.isdigit()}
    unknown = [record for number, record in world.records().items() if not number.isdigit()]
    invoices = world.invoices()
    shop = world.shop_orders()
    for number in sound:
        assert records[number].status is SyncStatus.VERIFIED, records[number]
    for record in (*unknown, *(records[number] for number in given & records.keys())):
        if record.status in DONE:
            assert record.status is SyncStatus.VERIFIED, record.findings
            row = shop[int(record.number)]
            assert invoices[int(record.number)]["gross"] == row["total_cents"]
        else:
            assert record.status in (SyncStatus.NEEDS_ATTENTION, SyncStatus.HELD, SyncStatus.SKIPPED)
            assert record.findings, record
            for found in record.findings:
                assert len(found.sentence("nl")) < 3000
    assert invoices.keys() == {int(r.number) for r in (*records.values(), *unknown) if r.status in DONE}
    assert not world.records("mokkenhuis", SyncStatus.PENDING, SyncStatus.IN_FLIGHT, SyncStatus.POSTED)


@pytest.mark.parametrize("seed", range(4))
def test_orders_spoiled_at_random(make_world: Callable[..., World], seed: int) -> None:
    world = make_world(books={"invoices_per_hour": 0})
    world.demo_tenant(books=UNLIMITED)
    chance = random.Random(seed)
    cases = ("plain", "mixed_vat", "shipping_split", "domestic_business", "reverse_charge", "discount_two_rates")
    given, sound = set(), set()
    for at in range(40):
        number = world.order(chance.choice(cases))
        if at % 5 == 0:
            sound.add(number)
            continue
        given.add(number)
        world.give(as_text(spoiled(world.wire(number), chance)), number)
    world.run()
    check(world, given, sound)
    posted = world.account()["invoices"]
    world.run()
    assert world.account()["invoices"] == posted


@pytest.mark.parametrize(
    "text",
    ["{}", '{"number": null}', '{"number": "1001"}', '{"number": 1001, "orderlines": ' + "[" * 300 + "]" * 300 + "}"],
)
def test_orders_of_which_hardly_anything_is_left(world: World, text: str) -> None:
    broken, sound = world.order(), world.order()
    world.give(text, broken)
    world.run()
    assert world.record(sound).status is SyncStatus.VERIFIED
    waiting = [r for r in world.records().values() if r.status is SyncStatus.NEEDS_ATTENTION]
    assert len(waiting) == 1
    assert waiting[0].findings[0].code == "DOCUMENT_UNREADABLE"


def test_hostile_texts_reach_the_books_as_text(world: World) -> None:
    numbers = []
    for text in HOSTILE:
        number = world.order()
        lines = world.wire(number)["orderlines"]
        lines[0]["description"] = text
        debtor = {"name": text, "address": {"invoice": {"name": text, "street": text, "city": text}}}
        world.edit(number, {"orderlines": lines, "reference": text, "debtor": debtor})
        numbers.append(number)
    world.run()
    for number in numbers:
        assert world.record(number).status in DONE, world.record(number).findings
    assert len(world.invoices()) == len(HOSTILE)
    for invoice in world.invoices().values():
        assert not any(ord(character) < 32 for text in invoice["descriptions"] for character in text)


@pytest.mark.timeout(120)
def test_ten_thousand_lines(world: World) -> None:
    number, sound = world.order(), world.order()
    wire = world.wire(number)
    line = wire["orderlines"][0]
    (price,) = line["price"]
    gross = price["amount_including_tax"]
    wire["orderlines"] = [line | {"id": f"line-{at}"} for at in range(10_000)]
    wire["price"] = {"total": float(gross * 10_000)}
    world.give(as_text(wire), number)
    world.run()
    assert world.record(sound).status is SyncStatus.VERIFIED
    record = world.record(number)
    if record.status is SyncStatus.VERIFIED:
        assert world.invoices()[number]["gross"] == int(gross * 10_000 * 100)
    else:
        assert record.status is SyncStatus.NEEDS_ATTENTION
        assert record.findings


def test_amounts_at_the_edge_are_right_or_refused(world: World) -> None:
    given = []
    for net, gross in (("0.01", "0.01"), ("826446280.99", "999999999.99"), ("1E+8", "121000000"), ("-10", "-12.10")):
        number = world.order()
        wire = world.wire(number)
        line = wire["orderlines"][0] | {"quantity": 1}
        line["price"] = [{"rate": "21.00", "amount": net, "amount_including_tax": gross}]
        wire |= {"orderlines": [line], "price": {"total": gross}}
        world.give(as_text(wire), number)
        given.append(number)
    world.run()
    check(world, set(given), set())
    assert world.record(given[0]).status is SyncStatus.VERIFIED
    assert given[3] not in world.invoices()
