"""Whether a run's memory grows with the number of orders."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.installation import installation
from benchmarks.report import Result

BENCH = "memory"
MOST = 300  # MB
CONCURRENCY = 4


def run(few: int, many: int) -> Iterator[Result]:
    """Peak resident size of the daily run that reads everything from the route's start day on."""
    peaks = []
    with installation() as bench:
        bench.start_simulators(few)
        for orders in (few, many):
            bench.reset_simulators(0, orders)
            peak = bench.run_flow(CONCURRENCY).peak
            peaks.append(peak)
            yield Result(BENCH, f"{orders:,} orders: peak", f"≤ {MOST} MB", f"{peak:.0f} MB", peak <= MOST)
    growth = peaks[1] / peaks[0] - 1
    yield Result(BENCH, f"{many:,} against {few:,} orders", "within 10 %", f"{growth:+.0%}", abs(growth) <= 0.1)
