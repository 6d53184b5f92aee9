"""The part of the day in which something may run, right on days on which the clock is moved, too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

_TEXT = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DailyWindow:
    """From one time of the clock to another, every day; over midnight when `end` is not after `start`. The same time
    twice is the whole day."""

    start: time = time(0)
    end: time = time(0)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The window written as `00:00-06:00`. Raises ValueError for anything else."""
        found = _TEXT.fullmatch(text.strip())
        if not found or (found[3] == "24" and found[4] != "00"):
            raise ValueError(f"{text!r} is not a window; an example is 00:00-06:00")
        start_hour, start_minute, end_hour, end_minute = (int(part) for part in found.groups())
        return cls(time(start_hour, start_minute), time(end_hour % 24, end_minute))

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def spans(self, now: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        """The windows (UTC) from the one that is open at `now` or else opens next, without end."""
        day = now.astimezone(zone).date() - _DAY
        while True:
            opens_at, closes_at = self._on(day, zone)
            if closes_at > max(now, opens_at):
                yield opens_at, closes_at
            day += _DAY

    def span(self, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The window (UTC) that is open at `now`, or else the next one."""
        return next(self.spans(now, zone))

    def _on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The window that opens on that day. A time that the clock skips counts as the moment it would have been, one
        that it shows twice as the first."""
        last = day + _DAY if self.end <= self.start else day
        opens, closes = (datetime.combine(d, t, zone) for d, t in ((day, self.start), (last, self.end)))
        return opens.astimezone(UTC), closes.astimezone(UTC)
