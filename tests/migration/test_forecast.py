"""Windows are right on the days the clock is moved, and the forecast does what a budget taken slot by slot does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boekbrug.domain.budgets import Budget, slots_in_use
from boekbrug.domain.forecast import START_UP, Conditions, forecast
from boekbrug.domain.windows import DailyWindow
from mappings.periods import period_start

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
HOUR = timedelta(hours=1)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "window", "hours"),
    [
        ("2026-06-01", "00:00-06:00", 6),
        ("2026-03-29", "00:00-06:00", 5),  # 02:00 becomes 03:00
        ("2026-10-25", "00:00-06:00", 7),  # 03:00 becomes 02:00
        ("2026-10-24", "22:00-04:00", 7),
        ("2026-10-25", "00:00-24:00", 25),
        ("2026-03-29", "02:30-03:30", 0),  # 02:30 is not there: it would begin when it has ended
    ],
)
def test_a_window_lasts_as_long_as_the_clock_says(day: str, window: str, hours: int) -> None:
    midnight = datetime.combine(date.fromisoformat(day), datetime.min.time(), AMSTERDAM)
    opens_at, closes_at = DailyWindow.parse(window).span(midnight.astimezone(UTC) + timedelta(minutes=5), AMSTERDAM)
    if window == "22:00-04:00":
        opens_at, closes_at = DailyWindow.parse(window).span(midnight + timedelta(hours=21), AMSTERDAM)
    if hours:
        assert closes_at - opens_at == hours * HOUR
    else:
        assert opens_at.astimezone(AMSTERDAM).date() == date(2026, 3, 30)


def test_the_window_that_is_open_comes_before_the_next() -> None:
    window = DailyWindow.parse("22:00-04:00")
    at_three = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)  # 03:00 in Amsterdam
    opens_at, closes_at = window.span(at_three, AMSTERDAM)
    assert opens_at < at_three < closes_at
    assert window.span(closes_at, AMSTERDAM)[0] == opens_at + timedelta(days=1)


@pytest.mark.parametrize("text", ["", "6-7", "25:00-26:00", "00:00-24:30", "00:00/06:00"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="example"):
        DailyWindow.parse(text)


@pytest.mark.parametrize(
    ("period", "start"), [("month", (2026, 8, 1)), ("quarter", (2026, 7, 1)), ("year", (2026, 1, 1))]
)
def test_vat_periods(period: str, start: tuple[int, int, int]) -> None:
    assert period_start(date(2026, 8, 31), period) == date(*start)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(
    documents=st.integers(0, 300),
    limit=st.integers(2, 70),
    share=st.floats(0, 0.9),
    per_window=st.one_of(st.none(), st.integers(1, 200)),
    window=st.sampled_from(["00:00-24:00", "00:00-06:00", "22:00-01:30", "12:00-12:20"]),
    start=st.integers(0, 364 * 24 * 60).map(lambda minutes: YEAR + timedelta(minutes=minutes)),
    used=st.lists(st.integers(0, 4000), max_size=70),
)
def test_the_forecast_keeps_to_budget_reserve_and_windows(
    documents: int, limit: int, share: float, per_window: int | None, window: str, start: datetime, used: list[int]
) -> None:
    budget = Budget(account="books", name="documents", limit=limit, period=HOUR)
    reserve = int(share * limit)
    conditions = Conditions(
        budget=budget, reserve=reserve, window=DailyWindow.parse(window), zone=AMSTERDAM, per_window=per_window
    )
    ends = [start - timedelta(seconds=seconds) for seconds in used]
    foreseen = forecast(documents, conditions, now=start, ends=ends)
    assert sum(one.documents for one in foreseen.windows) == documents
    for one in foreseen.windows:
        opens_at, closes_at = conditions.window.span(one.first_at, AMSTERDAM)
        assert opens_at <= one.first_at <= one.last_at < closes_at
        assert one.documents <= (per_window or documents)
        hours = (one.last_at - one.first_at) / HOUR
        assert one.documents <= (limit - reserve) * (int(hours) + 1)
    if foreseen.windows and slots_in_use(sorted(ends), HOUR, start) >= limit - reserve:
        assert foreseen.windows[0].first_at >= min(ends) + HOUR
    # Where nothing but the window and the budget holds it up, nothing is wasted.
    if window == "00:00-24:00" and per_window is None and not used and documents:
        full_hours = (documents - 1) // (limit - reserve)
        slack = full_hours * (START_UP + timedelta(seconds=1))
        assert foreseen.finishes_at is not None
        assert start + full_hours * HOUR <= foreseen.finishes_at <= start + full_hours * HOUR + slack + 24 * START_UP
