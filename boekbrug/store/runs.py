"""The runs of a route: when, how many documents, how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session


class RunOutcome(StrEnum):
    """How a run ended."""

    COMPLETED = "completed"
    WAITING = "waiting"  # goes on later
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRun:
    """One run of a route. `outcome` is None while it runs, or when its process died."""

    id: int
    route_id: int
    flow_run_id: str
    started_at: datetime
    ended_at: datetime | None
    outcome: RunOutcome | None
    counts: Mapping[str, int]
    message: str


def start_run(session: Session, tenant_id: int, route_id: int, *, flow_run_id: str, now: datetime) -> int: raise NotImplementedError
def finish_run(session: Session, tenant_id: int, run_id: int, *, outcome: RunOutcome, counts: Mapping[str, int], message: str, now: datetime) -> None: raise NotImplementedError
def recent_runs(session: Session, tenant_id: int, route_id: int, limit: int = 20) -> list[RouteRun]: raise NotImplementedError
