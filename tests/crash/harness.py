"""Nothing lost, nothing twice: runs are killed at every point and at random, in a world that misbehaves.

    python -m tests.crash.harness --documents 3000 --minutes 10

`sweep` kills a small run at every commit and every remote call in turn, just before and just after it: a daily run, a
migration from its plan to its end, and a daily run that brings over what a person hurries out of a migration. `storm`
kills runs of hundreds of documents anywhere, several at once and of both lanes, while both remote systems cut, delay,
garble and fail and people hurry orders, pause and cancel. Then everything is run again until it is at rest, and shop,
store and books are compared.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boekbrug.domain.migrations import MigrationState
from sandbox.factuursturen import Factuursturen
from sandbox.mijnwebwinkel import Mijnwebwinkel
from tests import postgres
from tests.crash.child import End
from tests.crash.world import HOUR, KILLED, LEASE_OVER, PATIENCE, Shop, World, world

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
    hurried: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.points} crash points tried one by one, {self.kills} runs killed in all of {self.runs}, "
            f"{self.faults} faults struck, {self.hurried} orders hurried, {self.documents} documents checked, "
            f"{len(self.problems)} problems, {self.seconds:.0f} s"
        )


# -- every point in turn


def small_tenant(w: World, **options: Any) -> Shop:
    """A handful of orders, two of one new customer; one call at a time, so that points come in the same order."""
    tenant = w.new_tenant(**{"orders": SWEPT_ORDERS, "books": {"concurrency": 1}} | options)
    w.same_customer(tenant, *_ONE_CUSTOMER)
    return tenant


def with_history(w: World) -> Shop:
    """Orders of ten days, the last of which the daily run and the migration both meet."""
    return small_tenant(w, orders=SWEPT_ORDERS + 2, history=10)


def hurried(w: World) -> Shop:
    """A migration died before its first write, and a person hurries two of its orders."""
    tenant = with_history(w)
    assert w.run(tenant, migrates=True, only="before post", kill_at=1) == KILLED
    assert w.hurry(tenant, ["1002", "1003"]) == 2
    return tenant


@dataclass(frozen=True, slots=True)
class Scene:
    """A run that is killed at all its points: how its tenant comes about, and which lane it is of."""

    new_tenant: Callable[[World], Shop]
    migrates: bool = False


SCENES = {
    "daily": Scene(small_tenant),
    "migration": Scene(with_history, migrates=True),
    "rush": Scene(hurried),
}


def count_points(w: World, scene: Scene) -> int:
    """How many points an undisturbed run of the scene has."""
    code = w.run(scene.new_tenant(w), migrates=scene.migrates)
    assert code == End.DONE, w.log.read_text()
    return w.shared.points


def sweep(
    w: World,
    figures: Figures,
    name: str = "daily",
    *,
    every: int = 1,
    first: int = 1,
    until: float = float("inf"),
    **job: Any,
) -> None:
    """Kills the scene's run at its points in turn (or at every so many), brings all to rest, and compares."""
    scene = SCENES[name]
    for point in range(first, count_points(w, scene) + 1, every):
        if time.monotonic() > until:
            return
        tenant = scene.new_tenant(w)
        code = w.run(tenant, kill_at=point, migrates=scene.migrates, **job)
        assert code == KILLED, f"the {name} run passed point {point} alive: {code}"
        w.bring_to_rest(tenant, **job)
        figures.points += 1
        figures.kills += 1
        figures.runs += 2
        figures.documents += len(w.records(tenant))
        figures.problems += [f"{name}, killed at point {point}: {problem}" for problem in w.check(tenant)]


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


def storm(
    w: World, figures: Figures, rng: random.Random, *, orders: int, rounds: int, history: int = 0, **job: Any
) -> None:
    """Two tenants' runs, killed and hindered for some rounds, then brought to rest and compared.

    With `history` the orders are spread over so many days, and there are runs of a migration among the daily ones.
    """
    options = {name: rng.choice(values) for name, values in _SWITCHES.items()}
    described = f"storm of {history} days, {options}"
    books = {
        "timeout": _TIMEOUT,
        "settle_seconds": _SETTLE,
        "documents_per_period": options["invoices_per_hour"],
        "concurrency": rng.choice((1, 3, 4)),
    }
    both = w.new_tenants(
        2,
        orders=orders,
        history=history,
        seed=rng.randint(1, 10_000),
        books=books,
        source={"timeout": _TIMEOUT},
        **options,
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
    """One to three runs at once, of one tenant or both; most of them are killed, and people do not wait for them."""
    children = []
    for tenant in rng.choices(both, k=rng.randint(1, 3)):
        kill_at = rng.randint(1, 500) if rng.random() < 0.5 else 0
        migrates = tenant.history is not None and rng.random() < 0.6
        children.append(w.start(tenant, kill_at=kill_at, migrates=migrates, **job))
    for child in children:
        child.join(rng.uniform(0.3, 4.0))
        _interfere(w, figures, rng, rng.choice(both))
        if rng.random() < 0.5:
            child.kill()
    for child in children:
        child.join(PATIENCE)
        figures.runs += 1
        figures.kills += child.exitcode == KILLED
        if child.exitcode not in (End.DONE, End.STOPPED, KILLED):
            figures.problems.append(f"a run ended with {child.exitcode}: {w.log.read_text()[-3000:]}")
        child.close()
    for tenant in both:
        w.change_migration(tenant, MigrationState.RUNNING)


def _interfere(w: World, figures: Figures, rng: random.Random, tenant: Shop) -> None:
    """A person presses Verwerk, and now and then pauses a migration or ends it for good."""
    waiting = [one.number for one in w.records(tenant) if one.status in ("pending", "needs_attention")]
    if waiting and rng.random() < 0.6:
        figures.hurried += w.hurry(tenant, rng.sample(waiting, min(len(waiting), rng.randint(1, 4))))
    if rng.random() < 0.15:
        w.change_migration(tenant, rng.choice((MigrationState.PAUSED, MigrationState.CANCELLED)))


# -- the long version


def main() -> int:
    """Exit code 1 when anything was lost, double, on a stranger or over the limit."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.harness", description=__doc__)
    parser.add_argument("--documents", type=int, default=3000, help="stop after so many documents in storms")
    parser.add_argument("--minutes", type=float, default=10, help="stop after so many minutes")
    parser.add_argument("--orders", type=int, default=60, help="orders per shop in a storm")
    parser.add_argument("--rounds", type=int, default=8, help="rounds of faults and kills in a storm")
    parser.add_argument("--seed", type=int, default=None, help="of the storms; chosen and printed when left out")
    parser.add_argument("--history", type=int, default=14, help="days of every second storm's migration; 0: none")
    parser.add_argument("--scenes", nargs="*", default=list(SCENES), choices=SCENES, help="swept; none: storms only")
    parser.add_argument("--postgresql", action="store_true", help="on a PostgreSQL of its own; else SQLite")
    chosen = parser.parse_args()
    seed = random.randrange(10**6) if chosen.seed is None else chosen.seed
    began = time.monotonic()
    until = began + 60 * chosen.minutes
    swept, blown = Figures(), Figures()
    with ExitStack() as stack:
        url = ""
        if chosen.postgresql:
            url = stack.enter_context(stack.enter_context(postgres.running()).database(migrated=False))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        w = stack.enter_context(world(folder, shop={"mix": "everyday", "days": 2}, database_url=url))
        for name in chosen.scenes:
            sweep(w, swept, name, until=until)
            swept.seconds = time.monotonic() - began
            print(f"sweep of {name}: {swept}", flush=True)
        number = 0
        while blown.documents < chosen.documents and time.monotonic() < until:
            storm(
                w,
                blown,
                random.Random(f"{seed}/{number}"),
                orders=chosen.orders,
                rounds=chosen.rounds,
                history=chosen.history * (number % 2),
            )
            blown.seconds = time.monotonic() - began - swept.seconds
            print(f"storms (seed {seed}/{number}): {blown}", *blown.problems, sep="\n", flush=True)
            number += 1
    problems = swept.problems + blown.problems
    print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
