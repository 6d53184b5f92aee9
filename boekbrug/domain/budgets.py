"""The arithmetic of rolling budgets: how many slots are free, and when the next one is.

A slot is in use from the moment it is taken until one period after its request ended: the remote side may have counted
the request at any moment in between, so this is the only reckoning under which N per period is N in *any* period. An
attempt that has not ended is reckoned to end with its lease.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a remote account allows: `limit` of something (`name`: documents, calls) per rolling `period`.

    `limit` None: no limit of our own, the attempts are kept all the same so that the remote side's signals can be
    followed exactly. `counts_as` is the kind of calls that it counts; "": all of them. Raises ValueError for a limit
    below one or a period that is not positive.
    """

    account: str
    name: str
    limit: int | None
    period: timedelta
    counts_as: str = ""

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"budget {self.name!r}: the limit is {self.limit}; it is at least 1")
        if self.period <= timedelta(0):
            raise ValueError(f"budget {self.name!r}: the period is {self.period}; it is more than nothing")


def slots_in_use(ends: Sequence[datetime], period: timedelta, now: datetime) -> int:
    """How many attempts hold their slot. `ends`: when each ended or, still open, will have ended at the latest."""
    return sum(end + period > now for end in ends)


def opens_at(ends: Sequence[datetime], allowed: int, period: timedelta) -> datetime | None:
    """The moment from which one more attempt may start; None when there never were `allowed` of them.

    `ends` are in ascending order. Only the `allowed`-th from the end matters: one more may start exactly when fewer
    than `allowed` hold a slot, and that is when the `allowed`-th latest has let go of its own.

    Raises ValueError when `allowed` is below one: such a moment never comes.
    """
    if allowed < 1:
        raise ValueError(f"{allowed} slots are never free")
    return ends[-allowed] + period if len(ends) >= allowed else None
