"""A program run as a child of its own, and what it cost."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from boekbrug.warm.process import WarmProcess

ROOT = Path(__file__).parent.parent
ARGUMENTS = "BENCH_ARGUMENTS"
"""Where a program that starts warm, which has no command line, finds its arguments, as JSON."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall and CPU seconds of a process from its start to its end, its peak resident size in MB, and what it said."""

    wall: float
    cpu: float
    peak: float
    said: Any


class ChildFailed(Exception):
    """The measured program did not do its work."""


def run_measured(environment: Mapping[str, str], module: str, *arguments: str) -> Cost:
    """Runs `python -m module arguments`, whose last line of output is JSON with its `peak` (see `peak_megabytes`).

    The kernel's own ru_maxrss of a child is of no use: it starts at the size of the process that started the child.
    """
    return _run([sys.executable, "-m", module, *arguments], _complete(environment))


def run_measured_warm(environment: Mapping[str, str], imported: Sequence[str], module: str, *arguments: str) -> Cost:
    """The same of a program that starts out of a warm process, as a worker's runs do; getting warm is not measured.

    Its arguments are in `ARGUMENTS`; with none it ends at once. It says its own `cpu`, for it is not our child.
    """

    async def measure() -> Cost:
        warm = await WarmProcess.start(module, imported, _complete(environment))
        try:
            costs = []
            for given in ((), arguments):  # whoever asks first waits until it is warm
                asked = {**_complete(environment), ARGUMENTS: json.dumps(given)}
                costs.append(await asyncio.to_thread(_run, shlex.split(warm.command), asked))
        finally:
            await warm.stop()
        return replace(costs[-1], cpu=costs[-1].cpu + costs[-1].said["cpu"])

    return asyncio.run(measure())


def _complete(environment: Mapping[str, str]) -> dict[str, str]:
    return {**environment, "PYTHONPATH": str(ROOT)}


def _run(command: Sequence[str], environment: Mapping[str, str]) -> Cost:
    began = time.monotonic()
    child = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    output = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - began
    child.stdout.close()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise ChildFailed(f"{' '.join(command)} ended with exit code {child.returncode}: {output}")
    said = json.loads(output.splitlines()[-1])
    return Cost(wall=wall, cpu=used.ru_utime + used.ru_stime, peak=said["peak"], said=said)


def peak_megabytes() -> float:
    """The largest resident size that this process had so far."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not tell a process's peak memory")


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process, of its descendants that run, and of those that have ended and were waited for (proc(5):
    utime, stime, cutime, cstime)."""
    process = Path(f"/proc/{pid}")
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    children = [int(child) for task in process.glob("task/*/children") for child in task.read_text().split()]
    return own + sum(map(_of_a_child, children))


def _of_a_child(pid: int) -> float:
    try:
        return cpu_seconds(pid)
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        return 0.0
