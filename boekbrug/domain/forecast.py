"""When a number of documents will be through: rolling budget, reserve and windows, played out in advance."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from boekbrug.domain.budgets import Budget
from boekbrug.domain.windows import DailyWindow

# From the moment for which a run is scheduled until its first write: a worker starts a process for it.
START_UP = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What decides how fast documents go over. `pace` is the time that one takes, several at once counted in."""

    budget: Budget
    reserve: int
    window: DailyWindow
    zone: ZoneInfo
    per_window: int | None = None
    pace: timedelta = timedelta(0)
    patience: timedelta = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPlan:
    """What one window takes. `first_at` and `last_at` are those of its first and last document."""

    opens_at: datetime
    first_at: datetime
    last_at: datetime
    documents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The windows that are needed, and the moment at which the last document is through (None without documents)."""

    windows: tuple[WindowPlan, ...]
    finishes_at: datetime | None


def forecast(
    documents: int,
    conditions: Conditions,
    *,
    now: datetime,
    ends: Sequence[datetime] = (),
    blocked_until: datetime | None = None,
    done_in_window: int = 0,
) -> Forecast:
    """Plays the documents out, one by one, as runs would write them if nobody else used the account from now on.

    `ends`: when the requests of the last period ended, those of everybody who shares the account. `done_in_window`:
    how many went over in the window that is open now.
    """
    budget = conditions.budget
    allowed = None if budget.limit is None else budget.limit - conditions.reserve
    if allowed is not None and allowed < 1:
        raise ValueError(f"{conditions.reserve} of {budget.limit} reserved leaves a migration nothing")
    latest = list(ends)  # a heap of at most `allowed`: the first to come free is the one that matters
    heapq.heapify(latest)
    while allowed is not None and len(latest) > allowed:
        heapq.heappop(latest)

    windows: list[WindowPlan] = []
    spans = conditions.window.spans(now, conditions.zone)
    opens_at, closes_at = next(spans)
    at = max(now, opens_at + START_UP if opens_at > now else now, blocked_until or now)
    taken = done_in_window if opens_at <= now else 0
    while documents:
        if allowed is not None and len(latest) == allowed and latest[0] + budget.period > at:
            free_at = latest[0] + budget.period
            # Beyond its patience a run ends, and another is scheduled for that moment.
            at = free_at if free_at - at <= conditions.patience else whole_second(free_at) + START_UP
        if at >= closes_at or taken == conditions.per_window:
            opens_at, closes_at = next(spans)
            at, taken = max(at, opens_at + START_UP), 0
            continue
        at += conditions.pace
        if allowed is not None:
            (heapq.heapreplace if len(latest) == allowed else heapq.heappush)(latest, at)
        if windows and windows[-1].opens_at == opens_at:
            windows[-1] = replace(windows[-1], last_at=at, documents=windows[-1].documents + 1)
        else:
            windows.append(WindowPlan(opens_at=opens_at, first_at=at, last_at=at, documents=1))
        taken += 1
        documents -= 1
    return Forecast(windows=tuple(windows), finishes_at=windows[-1].last_at if windows else None)


def whole_second(moment: datetime) -> datetime:
    """The first whole second that is not before the moment."""
    return moment if not moment.microsecond else moment.replace(microsecond=0) + timedelta(seconds=1)
