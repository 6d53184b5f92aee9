"""Many tenants' daily runs through deployments and workers, against a flow that does nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import yaml

from benchmarks.installation import Installation, installation, tenant
from benchmarks.measuring import cpu_seconds, run_measured
from benchmarks.report import Result

BENCH = "wave"
ORDERS = 20
WORKERS = 2
AT_ONCE = 2  # flow runs per worker
MOST_SHOPS = 50
FEW = 6  # runs by Prefect's own worker, to compare with
ENOUGH = 60  # runs of the flow that does nothing: what one costs does not depend on how many there are
START_CPU = 2.0  # seconds that a worker uses at least before it is ready
IDLE_CPU = 0.3  # and this much from one look to the next means that nothing runs
LOOK_SECONDS = 3
POOL = "boekbrug"


def run(tenants: int) -> Iterator[Result]:
    """CPU is that of the workers, their warm processes and all that these start for every run, without the server's."""
    with installation() as bench:
        slugs = [f"t{number}" for number in range(1, tenants + 1)]
        logins = ",".join(f"{slug}:{slug}-key" for slug in slugs)
        shops = min(tenants, MOST_SHOPS)
        bench.start_simulators(ORDERS, {"mijnwebwinkel.shops": str(shops), "factuursturen.accounts": logins})
        _import(bench, slugs, shops)
        bench.stack.boekbrug("deploy")
        noops = [f"noop/{slug}" for slug in slugs[:ENOUGH]]
        run_measured(bench.stack.environment, "benchmarks.waves", "deploy-noop", POOL, *noops)
        prefects = noops[:FEW]
        with _workers(bench, "prefect", "worker", "start") as workers:
            cpu, wall = _wave(bench, workers, prefects)
        told = f"{cpu:.2f} s of CPU, {wall:.2f} s of wall"
        yield Result(BENCH, f"{len(prefects)} tenants, no-op by Prefect's own worker: per tenant", "", told)
        costs = {}
        with _workers(bench, "boekbrug", "worker") as workers:
            for kind, names in (("no-op", noops), ("daily run", [f"sync-orders/{slug}.verkoop" for slug in slugs])):
                costs[kind] = _wave(bench, workers, names)
                told = f"{costs[kind][0]:.2f} s of CPU, {costs[kind][1]:.2f} s of wall"
                yield Result(BENCH, f"{len(names)} of {tenants} tenants, {kind}: per tenant", "", told)
        bench.check_standing()
    cpu, wall = (costs["daily run"][part] / costs["no-op"][part] for part in (0, 1))
    yield Result(BENCH, "daily run / no-op", "", f"CPU {cpu:.2f} ×, wall {wall:.2f} ×")


@contextmanager
def _workers(bench: Installation, *command: str) -> Iterator[Sequence[int]]:
    """Workers that have started, and have nothing to do yet."""
    options = ("--pool", POOL, "--limit", str(AT_ONCE))
    log = "-".join(command)
    started = [
        bench.stack.start(f"{log}-{number}", *command, *options, "--name", f"{log}-{number}")
        for number in range(WORKERS)
    ]
    workers = [process.pid for process in started]
    while _idle(workers) < WORKERS * START_CPU:
        bench.stack.check()
    yield workers
    for process in started:
        bench.stack.end(process)


def _wave(bench: Installation, workers: Sequence[int], names: Sequence[str]) -> tuple[float, float]:
    """CPU and wall seconds per run."""
    before = _idle(workers)
    seconds = run_measured(bench.stack.environment, "benchmarks.waves", "run", *names).said["seconds"]
    return (_idle(workers) - before) / len(names), seconds / len(names)


def _idle(workers: Sequence[int]) -> float:
    """CPU seconds of workers and of all that they started, as soon as they use next to nothing."""
    before = -IDLE_CPU
    while (now := sum(map(cpu_seconds, workers))) - before >= IDLE_CPU:
        before = now
        time.sleep(LOOK_SECONDS)
    return now


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
