"""A process that is killed (SIGKILL) at a remote write, before it leaves or when its answer is there: the next run
makes it good, and nothing is in the books or told to the program twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from boekbrug.domain.records import SyncStatus
from tests.invoicing.promise import check
from tests.invoicing.world import ATELIER, InvoicingWorld

ROOT = Path(__file__).parents[2]
# Contacts are made first, then the invoice and the purchase; afterwards both payments are told.
POINTS = (1, 2, 3, 1)
# The daily run of the command line, whose process ends itself at its n-th remote write.
DOOMED = """
import os, signal, sys
from connectors._http import Session
submit, calls, point, after = Session.submit, [0], int(sys.argv[1]), sys.argv[2] == "after"
def dying(*args, **kwargs):
    calls[0] += 1
    dies = calls[0] == point
    if dies and not after:
        os.kill(os.getpid(), signal.SIGKILL)
    answer = submit(*args, **kwargs)
    if dies:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
Session.submit = dying
from boekbrug.cli import main
sys.argv = ["boekbrug", "sync", sys.argv[3]]
main()
"""


def killed_at(world: InvoicingWorld, point: int, when: str) -> bool:
    """Whether the process was killed; it ends by itself when the run makes fewer writes than that."""
    environment = os.environ | {"BOEKBRUG_HOME": str(world.runtime.settings.home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", DOOMED, str(point), when, ATELIER]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=120)
    assert done.returncode in (-signal.SIGKILL, 0, 6), done.stderr.decode()[-2000:]
    return done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_process_is_made_good(world: InvoicingWorld, when: str) -> None:
    world.clock.advance(timedelta(hours=1))  # to the runs of this process whatever the killed one claimed has run out
    paid: Counter[str] = Counter()
    kills = 0
    for point in POINTS:
        grown = world.grow(invoices=1, cases=["plain"], purchases=1, purchase_cases=["plain"])
        kills += killed_at(world, point, when)
        world.run()
        for number in (*grown["invoices"], *grown["purchases"]):
            record = world.records()[number]
            assert record.status is SyncStatus.VERIFIED, (point, number)
            world.pay(record.target_number, purchase=record.kind.side == "purchases", cents=100)
            paid[number] = 100
        assert killed_at(world, min(point, 2), when), "both payments are to be told"
        world.run()
    assert kills >= len(POINTS) - 1
    check(world, paid)
