"""An hourly limit as a remote system keeps it: exact over any rolling period."""

from collections import deque

HOUR = 3600.0


class RollingLimit:
    """At most ``allowed`` events in any 3600 seconds; 0 means no limit. Counts what it refuses."""

    def __init__(self) -> None:
        self._taken: deque[float] = deque()
        self.refused = 0
        self.busiest = 0

    def take(self, now: float, allowed: int) -> bool:
        """Count one event at ``now`` (seconds); False, and not counted, when it is one too many."""
        used = self.used(now)
        if allowed and used >= allowed:
            self.refused += 1
            return False
        self._taken.append(now)
        self.busiest = max(self.busiest, used + 1)
        return True

    def remaining(self, now: float, allowed: int) -> int:
        return max(0, allowed - self.used(now))

    def used(self, now: float) -> int:
        """Events of the last hour; one exactly an hour old no longer counts."""
        while self._taken and now - self._taken[0] >= HOUR:
            self._taken.popleft()
        return len(self._taken)

    def as_json(self, now: float, allowed: int) -> dict[str, object]:
        return {
            "per_hour": allowed,
            "used": self.used(now),
            "busiest_hour": self.busiest,
            "refused": self.refused,
        }
