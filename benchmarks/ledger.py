"""What a remote side could have counted: an account of requests that trusts nothing in the store."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """When a request began and ended, in seconds, and whose it was."""

    began: float
    ended: float
    who: str = ""


def most_in_any_period(requests: Sequence[Request], period: float) -> int:
    """The most that can have been counted in any period: each request may have been counted between its start and its
    end, so at the start of one everything counts that ended less than a period ago."""
    begins = sorted(request.began for request in requests)
    ends = sorted(request.ended for request in requests)
    return max((bisect_right(begins, at) - bisect_right(ends, at - period) for at in begins), default=0)


def share_in_use(requests: Sequence[Request], slots: int, period: float, first: float, last: float) -> float:
    """The part of the time from `first` to `last` in which the slots were in use: from a request's start until one
    period after its end."""
    used = sum(max(0.0, min(last, one.ended + period) - max(first, one.began)) for one in requests)
    return used / (slots * (last - first))
