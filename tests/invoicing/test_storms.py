"""Whatever breaks: every document is in the books once, every payment comes back once.

Calls of both sides fail at random (before and after the write, with garbage, with nothing), and runs die at one remote
call after the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from boekbrug.domain.errors import BoekbrugError
from boekbrug.domain.records import SyncStatus
from boekbrug.store import tenants
from connectors._http import Session
from tests.invoicing.promise import check
from tests.invoicing.world import InvoicingWorld, invoicing_world

LATER = timedelta(minutes=20)
FAULTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("cut", {"when": "before"}),
    ("cut", {"when": "after"}),
    ("status", {"when": "after", "status": 500}),
    ("html", {"when": "before", "status": 502}),
    ("truncate", {"when": "after", "keep": 40}),
    ("gibberish", {"when": "after"}),
)


class Died(BaseException):
    """The process is gone: nobody catches this."""


@pytest.fixture
def make(tmp_path: Path, template: Path) -> Iterator[Callable[..., InvoicingWorld]]:
    opened = []

    def made(**options: Any) -> InvoicingWorld:
        context = invoicing_world(tmp_path / str(len(opened)), template, **options)
        opened.append(context)
        world = context.__enter__()
        world.demo_tenant()
        return world

    yield made
    for context in reversed(opened):
        context.__exit__(None, None, None)


def tried(world: InvoicingWorld) -> None:
    with suppress(BoekbrugError, Died):
        world.run()
    world.clock.advance(LATER)


def set_right(world: InvoicingWorld) -> None:
    """Nothing fails any more; connections that were taken for broken are mended."""
    for side in (world.invoices, world.books):
        side.control.clear_faults()
    world.demo_tenant()
    with world.runtime.database.write() as session:
        for row in tenants.list_connections(session, 1):
            tenants.resume_connection(session, 1, row.id)
    for _ in range(3):
        tried(world)


def pay_some(world: InvoicingWorld, rng: Random) -> Counter[str]:
    """Pays what is in the books, in whole or in part; cents by the program's number."""
    paid: Counter[str] = Counter()
    for number, record in sorted(world.records(SyncStatus.VERIFIED, SyncStatus.POSTED).items()):
        if record.gross is None or record.kind.is_credit or rng.random() < 0.3:
            continue
        cents = record.gross.cents if rng.random() < 0.5 else max(1, record.gross.cents // 4)
        world.pay(record.target_number, purchase=record.kind.side == "purchases", cents=cents)
        paid[number] = cents
    return paid


@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_loses_and_doubles_nothing(make: Callable[..., InvoicingWorld], seed: int) -> None:
    rng = Random(seed)
    world = make(invoices={"seed": seed})
    world.grow(invoices=8, cases=["plain", "mixed_vat", "hand_credit"], purchases=4, purchase_cases=["plain"])

    def storm() -> None:
        for side in (world.invoices, world.books):
            for kind, fields in FAULTS:
                side.control.add_fault(kind, probability=0.06, seed=rng.randrange(10**6), **fields)

    storm()
    for _ in range(4):
        tried(world)
    set_right(world)
    paid = pay_some(world, rng)
    assert paid
    storm()
    for _ in range(4):
        tried(world)
    set_right(world)
    check(world, paid)


@pytest.mark.parametrize("after", [False, True])
def test_a_run_that_dies_at_any_call_is_made_good(
    make: Callable[..., InvoicingWorld], monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    world = make()
    exchange, calls, dies_at = Session._exchange, [0], [0]

    def dying(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        dies = calls[0] == dies_at[0]
        if dies and not after:
            raise Died
        answer = exchange(*args, **kwargs)
        if dies:
            raise Died
        return answer

    monkeypatch.setattr(Session, "_exchange", dying)
    paid: Counter[str] = Counter()
    for point in range(3, 60, 8):
        (number,) = world.grow(invoices=1, cases=["plain"])["invoices"]
        calls[0], dies_at[0] = 0, point
        tried(world)
        dies_at[0] = 0
        tried(world)
        tried(world)
        record = world.records()[number]
        assert record.status is SyncStatus.VERIFIED and record.gross is not None, point
        world.pay(record.target_number, cents=100)
        paid[number] = 100
        calls[0], dies_at[0] = 0, point
        tried(world)
        dies_at[0] = 0
        tried(world)
    check(world, paid)
