"""A schedule as a person reads it: every day at a time; anything else stays the cron expression that it is."""

from __future__ import annotations

import re

from starlette.datastructures import FormData

_DAILY = re.compile(r"([0-5]?[0-9]) ([01]?[0-9]|2[0-3]) \* \* \*")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def daily_time(schedule: str) -> str:
    """06:30 for a schedule of every day at that time, "" for any other."""
    found = _DAILY.fullmatch(schedule.strip())
    return f"{int(found[2]):02}:{int(found[1]):02}" if found else ""


def sent_schedule(form: FormData) -> str:
    """What was chosen: the cron expression where one was written, else every day at the time."""
    written = str(form.get("schedule", "")).strip()
    at = _TIME.fullmatch(str(form.get("daily_at", "")).strip())
    return written or (f"{int(at[2])} {int(at[1])} * * *" if at else "")
