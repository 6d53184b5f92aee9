"""A program run as a child of its own, and what it cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


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
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env={**environment, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout
    output = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - began
    child.stdout.close()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise ChildFailed(f"{module} {' '.join(arguments)} ended with exit code {child.returncode}: {output}")
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
    return own + sum(cpu_seconds(child) for child in children if Path(f"/proc/{child}").exists())
