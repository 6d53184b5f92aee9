"""Whether a run's memory grows with the number of orders."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.installation import Installation, installation
from benchmarks.measuring import Cost
from benchmarks.report import Result

BENCH = "memory"
MOST = 300  # MB
CONCURRENCY = 4
# The orders are spread over so many days, few or many.
DAYS = 364
# At 60 an hour the books never hold more than 1,440 documents of one day, which verifying reads as one list; without
# budgets it would be all of them. Dated longer ago than that list looks back, each is asked for by itself.
DATED_BACK = 8
# A daily run that finds everything is a shop's first one; for how many there can be, the migration is there.
FIRST_RUN = 10


def run(few: int, many: int) -> Iterator[Result]:
    """Peak resident size of a migration of a year, from its plan to its last document, and, with a tenth of the orders,
    of a daily run that reads everything from the route's start day on; without budgets."""
    with installation() as bench:
        bench.start_simulators(few, {"mijnwebwinkel.days": str(DAYS)})
        for what, share in (("migration", 1), ("daily run", FIRST_RUN)):
            peaks = []
            sizes = (few // share, many // share)
            for orders in sizes:
                bench.reset_simulators(0, orders)
                cost = _measured(bench, what)
                peaks.append(cost.peak)
                yield Result(
                    BENCH,
                    f"{what}, {orders:,} orders: peak",
                    f"≤ {MOST} MB",
                    f"{cost.peak:.0f} MB ({cost.wall:.0f} s)",
                    cost.peak <= MOST,
                )
            growth = peaks[1] / peaks[0] - 1
            yield Result(
                BENCH,
                f"{what}, {sizes[1]:,} against {sizes[0]:,} orders",
                "within 10 %",
                f"{growth:+.0%}",
                abs(growth) <= 0.1,
            )


def _measured(bench: Installation, what: str) -> Cost:
    if what == "migration":
        bench.date_books_back(DATED_BACK)
        return bench.run_migration(CONCURRENCY, DAYS)
    return bench.run_flow(CONCURRENCY)
