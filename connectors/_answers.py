"""What came back from a remote call, and what it says of the account's limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connectors._base import LimitSignal

UNSAID_WAIT = 60.0  # seconds, when a system says that its limit is reached but not until when
_LONGEST_WAIT = 86_400.0  # seconds; a remote system that asks for more is not believed


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: header names in small letters, and when it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    at: datetime

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    @property
    def remaining(self) -> int | None:
        """How many calls are left, by the header `X-RateLimit-Remaining`."""
        value = self.headers.get("x-ratelimit-remaining", "").strip()
        return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None

    @property
    def retry_after(self) -> float | None:
        """How many seconds to wait, by the header `Retry-After` (seconds or a date)."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return min(float(value[:12]), _LONGEST_WAIT)
        try:
            moment = parsedate_to_datetime(value)
            seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - self.at).total_seconds()
        except (ValueError, OverflowError):
            return None
        return min(max(seconds, 0.0), _LONGEST_WAIT)


LimitRule = Callable[[Answer], LimitSignal | None]
"""What an answer says of the account's limit; a signal with `retry_after` means that the call was refused for it."""


def usual_limits(answer: Answer) -> LimitSignal | None:
    """Of most systems: 429 is over the limit, `Retry-After` says until when, another header how much is left."""
    if answer.status == 429:
        return LimitSignal(0, UNSAID_WAIT if answer.retry_after is None else answer.retry_after)
    return None if answer.remaining is None else LimitSignal(answer.remaining)
