"""What a benchmark tells: its aim beside what was measured, as a table on the screen and in docs/performance.md."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

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


def write(page: Path, bench: str, results: Sequence[Result]) -> None:
    """Puts the numbers of a bench in their place on the page, between `<!-- bench -->` and `<!-- /bench -->`."""
    text = page.read_text()
    before, opened, rest = text.partition(f"<!-- {bench} -->\n")
    _, closed, after = rest.partition(f"<!-- /{bench} -->")
    if not opened or not closed:
        raise ValueError(f"{page.name} has no place for the numbers of {bench}")
    page.write_text(f"{before}{opened}\n{as_markdown(results)}\n\n{machine()}.\n\n{closed}{after}")


def machine() -> str:
    """What the numbers come from: cores, memory, load and versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [
        f"{os.cpu_count()} cores, {memory:.0f} GB of memory, load {os.getloadavg()[1]:.1f} at the end",
        f"{platform.system()}, Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        *(f"{name} {version(name)}" for name in ("prefect", "sqlalchemy", "httpx")),
    ]
    return "; ".join(parts)
