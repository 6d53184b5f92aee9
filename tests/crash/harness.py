"""Nothing lost, nothing twice: runs are killed at every point and at random, in a world that misbehaves.

    python -m tests.crash.harness --documents 3000 --minutes 10

`sweep` kills a small run at every commit and every remote call in turn, just before and just after it. `storm` kills
runs of hundreds of documents anywhere, several at once, while both remote systems cut, delay, garble and fail. Then
everything is run again until it is at rest, and shop, store and books are compared.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.factuursturen import Factuursturen
from sandbox.mijnwebwinkel import Mijnwebwinkel
from tests.crash.child import End
from tests.crash.world import HOUR, KILLED, LEASE_OVER, Shop, World, world

SWEPT_ORDERS = 4
# Two orders of one new customer, so that a debtor made twice or a stranger's debtor shows.
_ONE_CUSTOMER = (1001, 1003)


@dataclass(slots=True)
class Figures:
    """What was tried and what came of it."""

    points: int = 0
    kills: int = 0
    runs: int = 0
    documents: int = 0
    faults: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.points} crash points tried one by one, {self.kills} runs killed in all of {self.runs}, "
            f"{self.faults} faults struck, {self.documents} documents checked, {len(self.problems)} problems, "
            f"{self.seconds:.0f} s"
        )


# -- every point in turn


def small_tenant(w: World, **options: Any) -> Shop:
    """A handful of orders, two of one new customer; one call at a time, so that points come in the same order."""
    tenant = w.new_tenant(orders=SWEPT_ORDERS, books={"concurrency": 1}, **options)
    w.same_customer(tenant, *_ONE_CUSTOMER)
    return tenant


def count_points(w: World) -> int:
    """How many points an undisturbed run of the small tenant has."""
    code = w.run(small_tenant(w))
    assert code == End.DONE, w.log.read_text()
    return w.shared.points


def sweep(
    w: World, figures: Figures, *, every: int = 1, first: int = 1, until: float = float("inf"), **job: Any
) -> None:
    """Kills the small run at its points in turn (or at every so many), brings all to rest, and compares."""
    for point in range(first, count_points(w) + 1, every):
        if time.monotonic() > until:
            return
        tenant = small_tenant(w)
        code = w.run(tenant, kill_at=point, **job)
        assert code == KILLED, f"the run passed point {point} alive: {code}"
        w.bring_to_rest(tenant, **job)
        figures.points += 1
        figures.kills += 1
        figures.runs += 2
        figures.documents += len(w.records(tenant))
        figures.problems += [f"killed at point {point}: {problem}" for problem in w.check(tenant)]


# -- at random


_SWITCHES: Mapping[str, Sequence[object]] = {
    "search_match": ("part", "whole"),
    "search_references": (True, False),
    "search_fields": ("any", "all"),
    "search_path": ("search", "plain"),
    "unknown_id": ("list", "404"),
    "invoice_order": ("newest", "oldest"),
    "created_newline": (True, False),
    "number_layout": ("{year}{number:04}", "F{year}-{number:04}", "{year}/{number}"),
    "invoices_per_hour": (60, 60, 25),
    "clients": (0, 12, 40),
}
_WRITES = "/(invoices|clients)$"
# Longer than the connection's time-out, shorter than what it grants an unknown outcome to settle.
_TIMEOUT, _DELAY, _SETTLE = 0.6, 0.9, 2.0


def faults(rng: random.Random) -> list[tuple[bool, dict[str, object]]]:
    """Some of everything that can go wrong on the way; True for the books."""
    on_write: list[dict[str, object]] = [
        {"kind": "cut", "when": "before"},
        {"kind": "cut", "when": "after", "reset": rng.random() < 0.5},
        {"kind": "status", "when": "before", "status": 500},
        {"kind": "status", "when": "after", "status": 500},
        {"kind": "status", "when": "before", "status": 503, "headers": {"Retry-After": "30"}},
        {"kind": "html", "when": "before", "status": 200},
        {"kind": "html", "when": "after", "status": 200},
        {"kind": "html", "when": "after", "status": 502},
        {"kind": "truncate", "drop": 1},
        {"kind": "truncate", "keep": 1},
        {"kind": "truncate", "keep": 0},
        {"kind": "truncate", "drop": 2, "honest": False},
        {"kind": "gibberish"},
        {"kind": "delay", "when": "before", "seconds": _DELAY},
        {"kind": "delay", "when": "after", "seconds": _DELAY},
    ]
    on_read: list[dict[str, object]] = [
        {"kind": "cut", "when": "before"},
        {"kind": "status", "status": 500},
        {"kind": "html", "status": 200},
        {"kind": "truncate", "drop": 7},
        {"kind": "truncate", "keep": 1},
        {"kind": "truncate", "drop": 3, "honest": False},
        {"kind": "delay", "when": "before", "seconds": 0.2},
    ]
    chosen: list[tuple[bool, dict[str, object]]] = []
    for fault in rng.sample(on_write, rng.randint(1, 4)):
        where = {"method": "POST", "path": _WRITES, "probability": rng.uniform(0.03, 0.25), "seed": rng.getrandbits(30)}
        chosen.append((True, fault | where))
    for fault in rng.sample(on_read, rng.randint(0, 2)):
        where = {"method": "GET", "probability": rng.uniform(0.01, 0.06), "seed": rng.getrandbits(30)}
        chosen.append((rng.random() < 0.7, fault | where))
    return chosen


def storm(w: World, figures: Figures, rng: random.Random, *, orders: int, rounds: int, **job: Any) -> None:
    """Two tenants' runs, killed and hindered for some rounds, then brought to rest and compared."""
    options = {name: rng.choice(values) for name, values in _SWITCHES.items()}
    described = f"storm {options}"
    books = {
        "timeout": _TIMEOUT,
        "settle_seconds": _SETTLE,
        "documents_per_period": options["invoices_per_hour"],
        "concurrency": rng.choice((1, 3, 4)),
    }
    both = w.new_tenants(
        2, orders=orders, seed=rng.randint(1, 10_000), books=books, source={"timeout": _TIMEOUT}, **options
    )
    for _ in range(rounds):
        for in_books, fault in faults(rng):
            simulator: Factuursturen | Mijnwebwinkel = w.books if in_books else w.shop
            with simulator.lock:
                simulator.faults.add(fault)
        _gust(w, figures, rng, both, job)
        figures.faults += sum(rule.struck for simulator in (w.shop, w.books) for rule in simulator.faults)
        w.clear_faults()
        w.move(rng.choice((0, 40, LEASE_OVER, HOUR / 2, HOUR)))
    for tenant in both:
        w.bring_to_rest(tenant, **job)
    for tenant in both:
        figures.documents += len(w.records(tenant))
        figures.problems += [f"{tenant.slug}, {described}: {problem}" for problem in w.check(tenant)]


def _gust(w: World, figures: Figures, rng: random.Random, both: Sequence[Shop], job: Mapping[str, Any]) -> None:
    """One to three runs at once, of one tenant or both; most of them are killed."""
    children = []
    for tenant in rng.choices(both, k=rng.randint(1, 3)):
        kill_at = rng.randint(1, 500) if rng.random() < 0.5 else 0
        children.append(w.start(tenant, kill_at=kill_at, **job))
    for child in children:
        child.join(rng.uniform(0.3, 4.0))
        if rng.random() < 0.5:
            child.kill()
    for child in children:
        child.join(120)
        figures.runs += 1
        figures.kills += child.exitcode == KILLED
        if child.exitcode not in (End.DONE, End.STOPPED, KILLED):
            figures.problems.append(f"a run ended with {child.exitcode}: {w.log.read_text()[-3000:]}")
        child.close()


# -- the long version


def main() -> int:
    """Exit code 1 when anything was lost, double, on a stranger or over the limit."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.harness", description=__doc__)
    parser.add_argument("--documents", type=int, default=3000, help="stop after so many documents in storms")
    parser.add_argument("--minutes", type=float, default=10, help="stop after so many minutes")
    parser.add_argument("--orders", type=int, default=60, help="orders per shop in a storm")
    parser.add_argument("--rounds", type=int, default=8, help="rounds of faults and kills in a storm")
    parser.add_argument("--seed", type=int, default=None, help="of the storms; chosen and printed when left out")
    parser.add_argument("--no-sweep", action="store_true", help="leave out the kill at every point in turn")
    chosen = parser.parse_args()
    seed = random.randrange(10**6) if chosen.seed is None else chosen.seed
    began = time.monotonic()
    until = began + 60 * chosen.minutes
    swept, blown = Figures(), Figures()
    url = os.environ.get("BOEKBRUG_DATABASE_URL", "")
    with (
        tempfile.TemporaryDirectory() as folder,
        world(Path(folder), shop={"mix": "everyday", "days": 2}, database_url=url) as w,
    ):
        if not chosen.no_sweep:
            sweep(w, swept, until=until)
            swept.seconds = time.monotonic() - began
            print(f"sweep: {swept}", flush=True)
        number = 0
        while blown.documents < chosen.documents and time.monotonic() < until:
            storm(w, blown, random.Random(f"{seed}/{number}"), orders=chosen.orders, rounds=chosen.rounds)
            blown.seconds = time.monotonic() - began - swept.seconds
            print(f"storms (seed {seed}/{number}): {blown}", flush=True)
            number += 1
    problems = swept.problems + blown.problems
    print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
