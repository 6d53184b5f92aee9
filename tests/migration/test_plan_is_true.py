"""The moment that a plan promises is the moment at which a simulated run is done, whatever the conditions."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boekbrug.domain.windows import DailyWindow
from boekbrug.store import records
from tasks.planning import plan_migration
from tests.migration.world import NOW, world


@settings(max_examples=5, deadline=None, derandomize=True)
@given(
    per_hour=st.integers(3, 25),
    share=st.sampled_from([0, 0.3, 0.6]),
    window=st.sampled_from(["00:00-24:00", "00:00-06:00", "22:00-01:30", "11:00-13:20"]),
    per_window=st.sampled_from([None, 4, 9]),
    minutes=st.integers(0, 24 * 60),
    dailys=st.integers(0, 4),
    autumn=st.booleans(),
)
def test_the_plan_comes_true_within_a_minute(
    tmp_path_factory: pytest.TempPathFactory,
    per_hour: int,
    share: float,
    window: str,
    per_window: int | None,
    minutes: int,
    dailys: int,
    autumn: bool,
) -> None:
    # In autumn the run goes over the night in which the clock is put back.
    now = (NOW.replace(month=10, day=24) if autumn else NOW) + timedelta(minutes=minutes)
    policy: dict[str, object] = {"reserve": int(share * per_hour), "start_on": str(now.date()), "vat_period": "year"}
    folder: Path = tmp_path_factory.mktemp("true")
    with world(folder, now=now, orders=24, days=30, per_hour=per_hour, policy=policy) as found:
        for _ in range(dailys):
            found.shop.control.post("orders/new", {"shop": "demo1", "case": "plain"})
        found.daily_run()  # what it used of the budget is known to the plan
        with found.work() as work:
            migration, foreseen = plan_migration(
                work,
                date(now.year, 1, 1),
                now.date() - timedelta(days=2),
                window=DailyWindow.parse(window),
                per_window=per_window,
                who="test",
            )
        found.start(migration.id)
        standing = found.until_done(migration.id)
        assert standing.counts.posted == migration.plan.posting(earlier_periods=False) > 15
        with found.runtime.database.read() as session:
            done_at = max(record.posted_at for record in records.listing(session, 1, limit=100) if record.posted_at)
        assert foreseen.finishes_at is not None
        assert abs(foreseen.finishes_at - done_at) <= timedelta(minutes=1)
        assert found.limits()["refused"] == 0
