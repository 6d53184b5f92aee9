"""What commands print: tables for people, JSON for programs, and exit codes that mean something."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from tasks.progress import Progress as Watcher

out = Console()
err = Console(stderr=True)


class Exit(IntEnum):
    """What an exit code says."""

    DONE = 0
    BUG = 1  # an unexpected error: ours to mend
    USAGE = 2
    SETTINGS = 3  # a setting, name or file is wrong; the message lists what is valid
    CONNECTION = 4  # a connection does not work until a person mends it
    LATER = 5  # it passes by itself: try again later
    ATTENTION = 6  # done, and documents wait for a person or differ


def print_json(value: object) -> None:
    """Machine-readable output, nothing around it."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for people. Cells are text, never markup: an order's description may look like it."""
    table = Table(title=title, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    out.print(table)


@contextmanager
def watched(quiet: bool) -> Iterator[Watcher]:
    """A progress bar per step on standard error; nothing when `quiet` or when nobody looks."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal) as progress:
        bars: dict[str, TaskID] = {}

        def watch(step: str, done: int, total: int | None) -> None:
            if step not in bars:
                bars[step] = progress.add_task(step, total=total)
            progress.update(bars[step], completed=done, total=total)

        yield watch
