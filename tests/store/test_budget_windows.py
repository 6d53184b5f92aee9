"""The arithmetic of rolling windows, without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boekbrug.domain.budgets import Budget, opens_at, slots_in_use

START = datetime(2026, 3, 2, tzinfo=UTC)
seconds = st.integers(0, 300)


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


@pytest.mark.parametrize(("limit", "period"), [(0, 60), (-1, 60), (1, 0), (1, -5)])
def test_a_budget_of_nothing_is_refused(limit: int, period: int) -> None:
    with pytest.raises(ValueError, match="budget 'documents'"):
        Budget(account="a", name="documents", limit=limit, period=timedelta(seconds=period))


def test_a_slot_is_free_one_period_after_its_request_ended() -> None:
    minute = timedelta(seconds=60)
    assert opens_at([], 2, minute) is None
    assert opens_at([at(5)], 2, minute) is None
    assert opens_at([at(5), at(9)], 2, minute) == at(65)
    assert opens_at([at(1), at(5), at(9)], 2, minute) == at(65)
    assert slots_in_use([at(5), at(9)], minute, at(64)) == 2
    assert slots_in_use([at(5), at(9)], minute, at(65)) == 1
    with pytest.raises(ValueError, match="never free"):
        opens_at([at(5)], 0, minute)


@given(ends=st.lists(seconds, max_size=30).map(sorted), limit=st.integers(1, 8), period=st.integers(1, 60))
def test_it_opens_at_the_first_moment_with_a_free_slot(ends: list[int], limit: int, period: int) -> None:
    moments, length = [at(end) for end in ends], timedelta(seconds=period)
    opening = opens_at(moments, limit, length)
    if opening is None:
        assert len(ends) < limit
    else:
        assert slots_in_use(moments, length, opening) < limit
        assert slots_in_use(moments, length, opening - timedelta(microseconds=1)) >= limit


@given(
    requests=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 20), st.integers(0, 20)), max_size=60),
    limit=st.integers(1, 6),
    period=st.integers(1, 60),
)
def test_who_starts_when_it_opens_never_exceeds_the_limit_in_any_period(
    requests: list[tuple[int, int, int]], limit: int, period: int
) -> None:
    """Each request waits (pause), starts as soon as it may, lasts, and is counted by the remote side at any moment
    between its start and its end."""
    length = timedelta(seconds=period)
    ends: list[datetime] = []
    counted: list[datetime] = []
    now = START
    for pause, lasts, late in requests:
        now = max(now + timedelta(seconds=pause), opens_at(sorted(ends), limit, length) or START)
        ends.append(now + timedelta(seconds=lasts))
        counted.append(now + timedelta(seconds=min(late, lasts)))
    for first in counted:
        assert sum(first <= moment < first + length for moment in counted) <= limit
