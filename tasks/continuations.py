"""Exactly one continuation per route and flow: decided in the store, carried out by Prefect's server.

Two runs may end at the same moment, and a run may die between writing its decision down and telling the server; see
`store.continuations` for why it stays one all the same. What the server says of the scheduled run is the truth: a run
that somebody cancelled there, or that a restored server does not know, is replaced.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from boekbrug.domain.forecast import whole_second
from boekbrug.store import continuations
from tasks.route_work import RouteWork

_ROUNDS = 20  # each ends because somebody else decided meanwhile, who is then done


@dataclass(frozen=True, slots=True)
class ScheduledRun:
    """A run that the server has scheduled and nobody has begun. `at` is its moment."""

    id: str
    at: datetime


class Scheduler(Protocol):
    """The server, as far as continuations go."""

    def scheduled(self, flow_run_id: str) -> ScheduledRun | None:
        """The run, if it is still to begin; None when a worker took it, or it ended, was cancelled or is not known."""
        ...

    def schedule(self, flow: str, name: str, at: datetime, key: str) -> str:
        """Schedules a run of `flow` of the deployment `name`; the same key never makes a second one. Its id."""
        ...

    def move(self, flow_run_id: str, at: datetime) -> None:
        """Moves a run that is still to begin."""
        ...

    def withdraw(self, flow_run_id: str) -> None:
        """Takes back a run that is still to begin."""
        ...


def go_on_at(
    work: RouteWork, scheduler: Scheduler, flow: str, moment: datetime, *, own_run: str = "", exactly: bool = False
) -> datetime:
    """Sees to it that one run of the flow is scheduled, and returns for when.

    One that is scheduled earlier than `moment` is left as it is, unless `exactly`; one that is scheduled later is
    moved. `own_run` is the run that asks, which does not count.
    """
    at = whole_second(moment)
    tenant_id, route_id = work.tenant.id, work.route.id
    name = f"{work.tenant.slug}.{work.route.slug}"
    for _ in range(_ROUNDS):
        with work.runtime.database.read() as session:
            decided = continuations.continuation(session, tenant_id, route_id, flow)
        if decided is not None and not decided.flow_run_id:
            # Decided and not confirmed: by somebody who is just about to, or who died. Telling the server is harmless.
            _carry_out(work, scheduler, flow, name, decided.generation, decided.scheduled_at)
            continue
        present = scheduler.scheduled(decided.flow_run_id) if decided and decided.flow_run_id != own_run else None
        if present is not None:
            if present.at > at or (exactly and present.at != at):
                scheduler.move(present.id, at)
                return at
            return present.at
        generation = decided.generation if decided else 0
        with work.runtime.database.write() as session:
            ours = continuations.begin(
                session, tenant_id, route_id, flow, after=generation, scheduled_at=at, now=work.now()
            )
        if ours:
            _carry_out(work, scheduler, flow, name, generation + 1, at)
            return at
    raise RuntimeError(f"the continuation of {flow}/{name} is decided on over and over")


def call_off(work: RouteWork, scheduler: Scheduler, flow: str, *, own_run: str = "") -> None:
    """Nothing is left to go on with: what is scheduled is taken back."""
    with work.runtime.database.read() as session:
        decided = continuations.continuation(session, work.tenant.id, work.route.id, flow)
    if decided is None or decided.flow_run_id in ("", own_run):
        return
    present = scheduler.scheduled(decided.flow_run_id)
    if present is not None:
        scheduler.withdraw(present.id)


def _carry_out(
    work: RouteWork, scheduler: Scheduler, flow: str, name: str, generation: int, scheduled_at: datetime
) -> None:
    # The moment is part of the key because a store that was made anew counts its generations from one again.
    key = f"continuation:{flow}/{name}:{generation}:{scheduled_at.isoformat()}"
    run_id = scheduler.schedule(flow, name, scheduled_at, key)
    with work.runtime.database.write() as session:
        continuations.confirm(
            session,
            work.tenant.id,
            work.route.id,
            flow,
            generation=generation,
            flow_run_id=run_id,
            scheduled_at=scheduled_at,
            now=work.now(),
        )
