"""What a benchmark tells: its aim beside what was measured, as a table on the screen and in docs/performance.md."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from rich.console import Console
from rich.table import Table

COLUMNS = ("bench", "what", "aim", "result", "met?")


@dataclass(frozen=True, slots=True)
class Result:
    """One line: what was measured, what it should be, what it was. `met` is None where there is no aim."""

    bench: str
    what: str
    aim: str
    result: str
    met: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as text."""
        return self.bench, self.what, self.aim, self.result, {True: "yes", False: "NO", None: ""}[self.met]


def show(results: Sequence[Result], console: Console) -> None:
    """The table on the screen."""
    table = Table(*COLUMNS)
    for result in results:
        table.add_row(*result.cells, style="red" if result.met is False else "")
    console.print(table)


def as_markdown(results: Sequence[Result]) -> str:
    """The table for a page."""
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    return "\n".join([*lines, *(f"| {' | '.join(result.cells)} |" for result in results)])


def machine(postgresql: str = "") -> str:
    """What the numbers come from: cores, memory, load and versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [
        f"{os.cpu_count()} cores, {memory:.0f} GB of memory, load {os.getloadavg()[1]:.1f} at the end",
        f"{platform.system()}, Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        *([f"PostgreSQL {postgresql}"] if postgresql else []),
        *(f"{name} {version(name)}" for name in ("prefect", "sqlalchemy", "httpx")),
    ]
    return "; ".join(parts)
