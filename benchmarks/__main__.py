"""`python -m benchmarks [NAMES…] [--quick|--full] [--write]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from rich.console import Console

from benchmarks import pipeline
from benchmarks.report import Result, as_markdown, machine, show

# What each bench runs with: in a few minutes, or in its full size.
BENCHES: Mapping[str, Callable[[bool], Iterator[Result]]] = {
    "pipeline": lambda full: pipeline.run(*((2000, 3) if full else (300, 3))),
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
    results: list[Result] = []
    for name in chosen.names or BENCHES:
        console.rule(name, align="left")
        for result in BENCHES[name](chosen.full):
            results.append(result)
            console.print(" | ".join(result.cells), markup=False, highlight=False)
    show(results, console)
    console.print(machine())
    return 1 if any(result.met is False for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
