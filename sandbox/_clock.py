"""The clock of a simulated system: real time unless told otherwise."""

import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


class Clock:
    """Time that can be set, advanced and frozen; between such changes it never jumps."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._frozen: float | None = None

    @property
    def frozen(self) -> bool:
        return self._frozen is not None

    def timestamp(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._offset if self._frozen is None else self._frozen

    def now(self) -> datetime:
        """The moment, aware, in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def today(self, zone: str) -> date:
        """The calendar day in a time zone such as ``Europe/Amsterdam``."""
        return self.now().astimezone(ZoneInfo(zone)).date()

    def set(self, moment: datetime) -> None:
        """Go to a moment (aware); the clock runs on from there unless it is frozen."""
        if moment.tzinfo is None:
            raise ValueError(f"a clock is set to an aware moment, not {moment.isoformat()}")
        self._go_to(moment.timestamp())

    def advance(self, seconds: float) -> None:
        """Go forward (or, with a negative number, back)."""
        self._go_to(self.timestamp() + seconds)

    def freeze(self) -> None:
        """Stand still at the present moment."""
        self._frozen = self.timestamp()

    def unfreeze(self) -> None:
        """Run on from the moment at which it stood still."""
        if self._frozen is not None:
            moment, self._frozen = self._frozen, None
            self._go_to(moment)

    def back_to_real(self) -> None:
        """Real time again."""
        self._offset, self._frozen = 0.0, None

    def _go_to(self, timestamp: float) -> None:
        if self._frozen is None:
            self._offset = timestamp - time.time()
        else:
            self._frozen = timestamp
