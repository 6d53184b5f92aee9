"""The real flow against a bare loop that makes the same remote calls one after the other and keeps nothing.

The calls are those of a run of the flow itself, recorded with one call at a time so that they can be replayed in order.
Flow and loop take turns, so that what else the machine does falls on both.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from benchmarks.installation import installation
from benchmarks.measuring import Cost
from benchmarks.report import Result

BENCH = "pipeline"
CONCURRENCY = 16
DELAY = 0.020


def run(orders: int, turns: int) -> Iterator[Result]:
    """With answers that come at once, `turns` times, and once with answers that take 20 ms."""
    with installation() as bench:
        bench.start_simulators(orders)
        recording = bench.stack.home / "calls.json"
        bench.reset_simulators(0)
        bench.run_flow(1, "--record", str(recording))
        for delay, times in ((0, turns), (DELAY, 1)):
            loops, flows = [], []
            for _ in range(times):
                bench.reset_simulators(delay)
                loops.append(bench.replay(recording))
                by_loop = bench.calls()
                bench.reset_simulators(delay)
                flows.append(bench.run_flow(CONCURRENCY))
                by_flow = bench.calls()
            yield from _compared(orders, delay, flows, loops)
        yield Result(BENCH, "remote calls", "", f"flow {sum(by_flow.values())}, loop {sum(by_loop.values())}")
        if sum(by_flow.values()) < 20_000 and by_flow != by_loop:
            told = ", ".join(f"{kind} {by_flow[kind]} : {by_loop[kind]}" for kind in sorted(by_flow | by_loop))
            yield Result(BENCH, "their kinds, flow : loop", "", told)


def _compared(orders: int, delay: float, flows: list[Cost], loops: list[Cost]) -> Iterator[Result]:
    what = f"{orders:,} orders, answers after {delay * 1000:.0f} ms"
    most_wall = 0.2 if delay else 1.25
    pairs = list(zip(flows, loops, strict=True))
    wall = median(flow.wall / loop.wall for flow, loop in pairs)
    cpu = median(flow.cpu / loop.cpu for flow, loop in pairs)
    yield Result(
        BENCH,
        f"{what}: wall, flow / loop",
        f"≤ {most_wall} ×",
        f"{wall:.2f} × ({_each(flows, 'wall')} s / {_each(loops, 'wall')} s)",
        wall <= most_wall,
    )
    yield Result(
        BENCH,
        f"{what}: CPU, flow / loop",
        "≤ 2 ×",
        f"{cpu:.2f} × ({_each(flows, 'cpu', 1000 / orders)} s / {_each(loops, 'cpu', 1000 / orders)} s per 1,000)",
        cpu <= 2,
    )
    yield Result(BENCH, f"{what}: peak memory", "", f"{_each(flows, 'peak')} MB / {_each(loops, 'peak')} MB")


def _each(costs: list[Cost], name: str, times: float = 1) -> str:
    """The median."""
    return f"{median(getattr(cost, name) * times for cost in costs):.1f}"
