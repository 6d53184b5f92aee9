"""Debtors, cursors and runs."""

import multiprocessing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from boekbrug.domain.documents import ExternalRef
from boekbrug.store import cursors, debtors, runs, tenants
from boekbrug.store.database import Database
from boekbrug.store.debtors import Busy, Claimed, Known
from boekbrug.store.runs import RunOutcome
from tests.store.samples import NOW, add_tenant

DEBTOR = ExternalRef("factuursturen", "client", "42")
ACCOUNT = "factuursturen:books.example:me"
LEASE = 60.0
UNTIL = NOW + timedelta(seconds=LEASE)


@pytest.fixture
def route(writing: Session) -> tenants.Route:
    return add_tenant(writing)


def claim(session: Session, key: str = "a@x", late: float = 0, account: str = ACCOUNT) -> Known | Claimed | Busy:
    now = NOW + timedelta(seconds=late)
    return debtors.claim_debtor(session, account, key, now=now, lease_seconds=LEASE)


def test_one_looks_the_debtor_up_and_the_others_wait_until_it_is_known(writing: Session) -> None:
    assert claim(writing) == Claimed(UNTIL, abandoned=False)
    assert claim(writing) == Busy(UNTIL)
    assert claim(writing, "b@x") == Claimed(UNTIL, abandoned=False)
    debtors.remember_debtor(writing, ACCOUNT, "a@x", DEBTOR)
    assert claim(writing) == Known(DEBTOR)


def test_a_claim_that_ran_out_is_taken_over_with_a_warning(writing: Session) -> None:
    claim(writing)
    assert isinstance(claim(writing, late=LEASE - 1), Busy)
    assert claim(writing, late=LEASE) == Claimed(UNTIL + timedelta(seconds=LEASE), abandoned=True)


def test_a_claim_that_is_given_back_leaves_no_trace(writing: Session) -> None:
    claim(writing)
    debtors.forget_debtor(writing, ACCOUNT, "a@x")
    assert claim(writing) == Claimed(UNTIL, abandoned=False)


def test_a_debtor_is_of_one_account(writing: Session) -> None:
    claim(writing)
    assert isinstance(claim(writing, account="factuursturen:books.example:you"), Claimed)
    with pytest.raises(LookupError, match="you"):
        debtors.remember_debtor(writing, "factuursturen:books.example:you", "b@x", DEBTOR)
    debtors.remember_debtor(writing, "factuursturen:books.example:you", "a@x", DEBTOR)
    assert isinstance(claim(writing), Busy)


def _claim_debtor(address: str, log: Path) -> None:
    database, won = Database(address), []
    for key in range(40):
        with database.write() as session:
            answer = debtors.claim_debtor(session, ACCOUNT, str(key), now=NOW, lease_seconds=LEASE)
        if isinstance(answer, Claimed):
            won.append(str(key))
    log.write_text(" ".join(won))
    database.close()


def test_of_several_processes_exactly_one_creates_a_debtor(address: str, tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    logs = [tmp_path / f"{number}.log" for number in range(3)]
    processes = [spawn.Process(target=_claim_debtor, args=(address, log)) for log in logs]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    won = sorted(int(key) for log in logs for key in log.read_text().split())
    assert won == list(range(40))


def test_a_cursor_moves_forward_only_and_starts_again_when_told(writing: Session, route: tenants.Route) -> None:
    mine = (writing, route.tenant_id, route.source.id, "orders")
    later = NOW + timedelta(hours=1)
    assert cursors.read_cursor(*mine) is None
    cursors.move_cursor(*mine, to=later, now=later)
    cursors.move_cursor(*mine, to=NOW, now=later)
    assert cursors.read_cursor(*mine) == later
    assert cursors.read_cursor(writing, route.tenant_id, route.source.id, "other") is None
    cursors.reset_cursor(*mine)
    assert cursors.read_cursor(*mine) is None


def test_runs_tell_how_they_ended(writing: Session, route: tenants.Route) -> None:
    mine = (writing, route.tenant_id)
    first = runs.start_run(*mine, route.id, flow_run_id="abc", now=NOW)
    second = runs.start_run(*mine, route.id, flow_run_id="def", now=UNTIL)
    runs.finish_run(*mine, first, outcome=RunOutcome.WAITING, counts={"posted": 60}, message="goes on", now=UNTIL)
    latest, before = runs.recent_runs(*mine, route.id)
    assert (latest.id, latest.outcome, latest.ended_at, latest.counts) == (second, None, None, {})
    assert (before.outcome, before.counts, before.message, before.ended_at) == (
        RunOutcome.WAITING, {"posted": 60}, "goes on", UNTIL,
    )  # fmt: skip
    assert runs.recent_runs(*mine, route.id, limit=1) == [latest]
    with pytest.raises(LookupError):
        runs.finish_run(
            writing, add_tenant(writing, "other").tenant_id, first,
            outcome=RunOutcome.FAILED, counts={}, message="", now=NOW,
        )  # fmt: skip
