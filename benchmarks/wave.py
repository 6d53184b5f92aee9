"""Many tenants' daily runs through deployments and workers, against a flow that does nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml

from benchmarks.installation import Installation, installation, tenant
from benchmarks.measuring import cpu_seconds, run_measured
from benchmarks.report import Result

BENCH = "wave"
ORDERS = 20
WORKERS = 2
AT_ONCE = 2  # flow runs per worker
MOST_SHOPS = 50
POOL = "boekbrug"


def run(tenants: int) -> Iterator[Result]:
    """CPU is that of the workers and of the processes that they start for every run, without the Prefect server's."""
    with installation() as bench:
        slugs = [f"t{number}" for number in range(1, tenants + 1)]
        logins = ",".join(f"{slug}:{slug}-key" for slug in slugs)
        shops = min(tenants, MOST_SHOPS)
        bench.start_simulators(ORDERS, {"mijnwebwinkel.shops": str(shops), "factuursturen.accounts": logins})
        _import(bench, slugs, shops)
        bench.stack.boekbrug("deploy")
        noops = [f"noop/{slug}" for slug in slugs]
        run_measured(bench.stack.environment, "benchmarks.waves", "deploy-noop", POOL, *noops)
        workers = [_start_worker(bench, number) for number in range(WORKERS)]
        costs = {}
        for kind, names in (("no-op", noops), ("daily run", [f"sync-orders/{slug}.verkoop" for slug in slugs])):
            before = _cpu(workers)
            seconds = run_measured(bench.stack.environment, "benchmarks.waves", "run", *names).said["seconds"]
            costs[kind] = ((_cpu(workers) - before) / tenants, seconds / tenants)
            told = f"{costs[kind][0]:.2f} s of CPU, {costs[kind][1]:.2f} s of wall"
            yield Result(BENCH, f"{tenants} tenants, {ORDERS} orders each, {kind}: per tenant", "", told)
        bench.check_standing()
    cpu, wall = (costs["daily run"][part] / costs["no-op"][part] for part in (0, 1))
    yield Result(BENCH, "daily run / no-op", "", f"CPU {cpu:.2f} ×, wall {wall:.2f} ×")


def _start_worker(bench: Installation, number: int) -> int:
    limit = ("--limit", str(AT_ONCE))
    command = ("prefect", "worker", "start", "--pool", POOL, "--name", f"bench-{number}", *limit)
    return bench.stack.start(f"worker-{number}", *command).pid


def _cpu(workers: Sequence[int]) -> float:
    """Seconds of the workers and of their children that have ended."""
    return sum(cpu_seconds(pid) for pid in workers)


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
