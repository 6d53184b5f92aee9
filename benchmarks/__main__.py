"""`python -m benchmarks [NAMES…] [--quick|--full] [--write]`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from rich.console import Console

from benchmarks import budget, contention, memory, pages, pipeline, store, wave
from benchmarks.report import Result, machine, show, write

# What each bench runs with: in a few minutes, or in its full size.
BENCHES: Mapping[str, Callable[[bool], Iterator[Result]]] = {
    "pipeline": lambda full: pipeline.run(*((2000, 3) if full else (1000, 2))),
    "memory": lambda full: memory.run(*((10_000, 100_000) if full else (500, 2000))),
    "budget": lambda full: budget.run(7 if full else 1),
    "contention": lambda full: contention.run(6 if full else 3),
    "wave": lambda full: wave.run(1000 if full else 10),
    "store": lambda full: store.run(5_000_000 if full else 200_000),
    "pages": lambda full: pages.run(*((1000, 5_000_000) if full else (200, 200_000))),
}
PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
console = Console(width=160)


def main() -> int:
    """Exit code 0 when all aims were met, 1 when one was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; none: all")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="small sizes (the default)")
    size.add_argument("--full", action="store_true", help="the sizes of docs/performance.md")
    parser.add_argument("--write", action="store_true", help="put the results into docs/performance.md")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - BENCHES.keys():
        parser.error(f"there is no bench {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    results: list[Result] = []
    for name in chosen.names or BENCHES:
        console.rule(name, align="left")
        mine = []
        for result in BENCHES[name](chosen.full):
            mine.append(result)
            console.print(" | ".join(result.cells), markup=False, highlight=False)
        results += mine
        if chosen.write:
            write(PAGE, name, mine)
    show(results, console)
    console.print(machine())
    return 1 if any(result.met is False for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
