"""Many tenants' daily runs through deployments and workers, against a flow that does nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import yaml

from benchmarks.installation import Installation, installation, tenant
from benchmarks.measuring import cpu_seconds, run_measured
from benchmarks.report import Result
from tests.postgres import for_prefect

BENCH = "wave"
ORDERS = 20
WORKERS = 2
AT_ONCE = 2  # flow runs per worker
MOST_SHOPS = 50
FEW = 6  # runs by Prefect's own worker, to compare with
ENOUGH = 60  # runs of the flow that does nothing: what one costs does not depend on how many there are
MOST_ON_SQLITE = 20  # with a hundred, Prefect's server answers "database is locked" and runs stay where they are
START_CPU = 2.0  # seconds that a worker uses at least before it is ready
IDLE_CPU = 0.3  # and this much from one look to the next means that nothing runs
LOOK_SECONDS = 3
REST_SECONDS = 30
POOL = "boekbrug"


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds per run: wall, and CPU by whose they are."""

    wall: float
    workers: float  # and of their warm processes and all that these start
    others: Mapping[str, float]

    def __str__(self) -> str:
        return f"{self.workers:.2f} s of CPU, {self.wall:.2f} s of wall; {_told(self.others)}"


def _told(cpu: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.2f} s" for name, seconds in cpu.items())


def run(tenants: int) -> Iterator[Result]:
    """On PostgreSQL, as in production; where none is that Prefect can use, on SQLite and with few tenants."""
    with ExitStack() as opened:
        try:
            server = opened.enter_context(for_prefect(durable=True))
        except LookupError as missing:
            tenants = min(tenants, MOST_ON_SQLITE)
            yield Result(BENCH, "databases", "", f"SQLite, with {tenants} tenants at most: {missing}")
            yield from _measure(opened.enter_context(installation()), {}, tenants)
            return
        yield Result(BENCH, "databases of Prefect and Boekbrug", "", server.version)
        bench = opened.enter_context(installation(opened.enter_context(server.installation())))
        yield from _measure(bench, {} if server.pid is None else {server.version: server.pid}, tenants)


def _measure(bench: Installation, databases: Mapping[str, int], tenants: int) -> Iterator[Result]:
    """`databases`: the processes of databases whose CPU is told."""
    slugs = [f"t{number}" for number in range(1, tenants + 1)]
    logins = ",".join(f"{slug}:{slug}-key" for slug in slugs)
    shops = min(tenants, MOST_SHOPS)
    bench.start_simulators(ORDERS, {"mijnwebwinkel.shops": str(shops), "factuursturen.accounts": logins})
    _import(bench, slugs, shops)
    bench.stack.boekbrug("deploy")
    noops = [f"noop/{slug}" for slug in slugs[:ENOUGH]]
    run_measured(bench.stack.environment, "benchmarks.waves", "deploy-noop", POOL, *noops)
    wave = _Wave(bench, {"Prefect's server": bench.server, **databases})
    prefects = noops[:FEW]
    with wave.workers("prefect", "worker", "start"):
        cost = wave.cost(prefects)
    yield Result(BENCH, f"{len(prefects)} tenants, no-op by Prefect's own worker: per tenant", "", str(cost))
    costs = {}
    with wave.workers("boekbrug", "worker"):
        yield Result(BENCH, f"{tenants} tenants, nothing runs: CPU per minute", "", _told(wave.at_rest()))
        for kind, names in (("no-op", noops), ("daily run", [f"sync-orders/{slug}.verkoop" for slug in slugs])):
            costs[kind] = wave.cost(names)
            yield Result(BENCH, f"{len(names)} of {tenants} tenants, {kind}: per tenant", "", str(costs[kind]))
    bench.check_standing()
    daily, noop = costs["daily run"], costs["no-op"]
    ratios = f"CPU {daily.workers / noop.workers:.2f} ×, wall {daily.wall / noop.wall:.2f} ×"
    yield Result(BENCH, "daily run / no-op", "", ratios)


@dataclass(slots=True)
class _Wave:
    """Workers, and runs that are given to them all at once."""

    bench: Installation
    others: Mapping[str, int]  # the other processes whose CPU is told, by name
    _workers: list[int] = field(default_factory=list)

    @contextmanager
    def workers(self, *command: str) -> Iterator[None]:
        """Workers that have started, and have nothing to do yet."""
        options = ("--pool", POOL, "--limit", str(AT_ONCE))
        log = "-".join(command)
        started = [
            self.bench.stack.start(f"{log}-{number}", *command, *options, "--name", f"{log}-{number}")
            for number in range(WORKERS)
        ]
        self._workers = [process.pid for process in started]
        while self._idle() < WORKERS * START_CPU:
            self.bench.stack.check()
        yield
        for process in started:
            self.bench.stack.end(process)

    def cost(self, names: Sequence[str]) -> Cost:
        """What one run of each deployment costs."""
        before, others = self._idle(), self._of_others()
        seconds = run_measured(self.bench.stack.environment, "benchmarks.waves", "run", *names).said["seconds"]
        workers = self._idle() - before
        runs = len(names)
        after = self._of_others()
        return Cost(seconds / runs, workers / runs, {name: (after[name] - others[name]) / runs for name in others})

    def at_rest(self) -> dict[str, float]:
        """CPU seconds per minute of the others while nothing runs and the workers ask for runs."""
        self._idle()
        before = self._of_others()
        time.sleep(REST_SECONDS)
        after = self._of_others()
        return {name: (after[name] - before[name]) * 60 / REST_SECONDS for name in before}

    def _idle(self) -> float:
        """CPU seconds of the workers and of all that they started, as soon as they use next to nothing."""
        before = -IDLE_CPU
        while (now := sum(map(cpu_seconds, self._workers))) - before >= IDLE_CPU:
            before = now
            time.sleep(LOOK_SECONDS)
        return now

    def _of_others(self) -> dict[str, float]:
        return {name: cpu_seconds(pid) for name, pid in self.others.items()}


def _import(bench: Installation, slugs: Sequence[str], shops: int) -> None:
    folder = bench.stack.home / "tenants"
    folder.mkdir()
    for number, slug in enumerate(slugs):
        config = tenant(bench.addresses, 4, slug)
        shop, books = config["connections"]
        for name, secret in (("TOKEN", f"demo{number % shops + 1}"), ("USER", slug), ("KEY", f"{slug}-key")):
            bench.stack.environment[f"WAVE_{number}_{name}"] = secret
        shop["credentials"]["token"] = f"env:WAVE_{number}_TOKEN"
        books["credentials"] = {"username": f"env:WAVE_{number}_USER", "api_key": f"env:WAVE_{number}_KEY"}
        (folder / f"{slug}.yaml").write_text(yaml.safe_dump(config))
    bench.stack.boekbrug("tenant", "import", *map(str, folder.glob("*.yaml")))
