"""WeFact's limits: two windows per caller's address, a cap on failed logins, and a ban that retries lengthen."""

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

from sandbox._wefact_options import WefactOptions

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


@dataclass
class _Caller:
    calls: list[float] = field(default_factory=list)
    failures: list[float] = field(default_factory=list)
    banned_until: float = 0.0
    bans: int = 0
    refused: int = 0
    busiest_minute: int = 0
    busiest_hour: int = 0


class Firewall:
    """Remembers every address that called. Moments are seconds since the epoch."""

    def __init__(self) -> None:
        self._callers: dict[str, _Caller] = {}

    def admit(self, address: str, now: float, options: WefactOptions) -> bool:
        """Count a call; False when the address is banned, or is banned for this very call."""
        caller = self._caller(address)
        if now < caller.banned_until:
            caller.banned_until += options.ban_growth_seconds
            caller.refused += 1
            return False
        if self._remaining(caller, now, options) == 0:
            self._ban(caller, now, options)
            caller.refused += 1
            return False
        del caller.calls[: bisect_right(caller.calls, now - HOUR)]
        caller.calls.append(now)
        caller.busiest_minute = max(caller.busiest_minute, _used(caller.calls, MINUTE, now, options))
        caller.busiest_hour = max(caller.busiest_hour, _used(caller.calls, HOUR, now, options))
        return True

    def failed_login(self, address: str, now: float, options: WefactOptions) -> None:
        """Count a bad key; one too many bans the address from its next call on."""
        caller = self._caller(address)
        del caller.failures[: bisect_right(caller.failures, now - DAY)]
        caller.failures.append(now)
        if options.failed_logins_per_day and len(caller.failures) > options.failed_logins_per_day:
            self._ban(caller, now, options)

    def lift(self) -> None:
        """End every ban and forget every count."""
        self._callers.clear()

    def headers(self, address: str, now: float, options: WefactOptions) -> dict[str, str]:
        """What every reply tells of the two windows; moments are Unix seconds."""
        calls = self._caller(address).calls
        told: dict[str, str] = {}
        for name, period, allowed in _windows(options):
            told[f"API-RateLimit-Remaining-{name}"] = str(max(0, allowed - _used(calls, period, now, options)))
            told[f"API-RateLimit-Reset-{name}"] = str(math.ceil(_reset(calls, period, now, options)))
        return told

    def as_json(self, now: float, options: WefactOptions) -> dict[str, object]:
        """Per address: what it used, how often it was refused, and for how long it is banned."""
        return {
            address: {
                "last_minute": _used(caller.calls, MINUTE, now, options),
                "last_hour": _used(caller.calls, HOUR, now, options),
                "busiest_minute": caller.busiest_minute,
                "busiest_hour": caller.busiest_hour,
                "failed_logins": len(caller.failures),
                "bans": caller.bans,
                "refused": caller.refused,
                "banned_seconds": max(0, math.ceil(caller.banned_until - now)),
            }
            for address, caller in self._callers.items()
        }

    def _caller(self, address: str) -> _Caller:
        return self._callers.setdefault(address, _Caller())

    @staticmethod
    def _ban(caller: _Caller, now: float, options: WefactOptions) -> None:
        caller.banned_until = now + options.ban_seconds
        caller.bans += 1

    @staticmethod
    def _remaining(caller: _Caller, now: float, options: WefactOptions) -> int:
        """Calls left; 1 at least when nothing is limited."""
        left = [allowed - _used(caller.calls, period, now, options) for _, period, allowed in _windows(options)]
        return max(0, min(left, default=1))


def _windows(options: WefactOptions) -> list[tuple[str, float, int]]:
    windows = [("Minute", MINUTE, options.calls_per_minute), ("Hour", HOUR, options.calls_per_hour)]
    return [window for window in windows if window[2]]


def _used(calls: list[float], period: float, now: float, options: WefactOptions) -> int:
    """Calls in the window; of a rolling one, a call exactly a period old no longer counts."""
    if options.windows == "fixed":
        return len(calls) - bisect_left(calls, now - now % period)
    return len(calls) - bisect_right(calls, now - period)


def _reset(calls: list[float], period: float, now: float, options: WefactOptions) -> float:
    if options.windows == "fixed":
        return now - now % period + period
    used = _used(calls, period, now, options)
    return (calls[-used] if used else now) + period
