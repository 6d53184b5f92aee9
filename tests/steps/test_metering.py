"""An account that counts calls in two periods at once, shared by two tenants."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from boekbrug.domain.documents import Side
from boekbrug.domain.errors import RateLimited
from boekbrug.domain.records import Lane
from boekbrug.store import tenants
from connectors.registry import open_connector, read_settings, remote_account
from sandbox._registry import simulator_class
from sandbox._server import running
from tasks.metering import StoreMeter
from tasks.route_work import call_budgets
from tests.world import DE_BIE, MOKKENHUIS, World

LONG_AGO = datetime.now(UTC) - timedelta(days=400)


def test_two_tenants_keep_both_windows_of_one_address(make_world: Callable[..., World]) -> None:
    world = make_world(patience_seconds=120)
    for slug in (MOKKENHUIS, DE_BIE):
        world.demo_tenant(slug)
    with running(simulator_class("wefact")()) as simulator:
        simulator.control.reset(calls_per_minute=60, calls_per_hour=300)
        world.clock.link(simulator)
        given: dict[str, Any] = {
            "base_url": simulator.url,
            "concurrency": 1,
            "calls_per_minute": 50,
            "calls_per_period": 280,
        }
        began, read = world.clock.now(), 0
        with pytest.raises(RateLimited, match="280 calls and 50 calls a minute") as stopped:
            for number, slug in enumerate((MOKKENHUIS, DE_BIE) * 3, start=1):
                with world.runtime.database.read() as session:
                    tenant = tenants.tenant_by_slug(session, slug)
                login = {"api_key": SecretStr(f"demo{2 - number % 2}-key")}
                budgets = call_budgets(read_settings("wefact", given), remote_account("wefact", given, login))
                meter = StoreMeter(world.runtime, tenant.id, "wefact", budgets, Lane.DAILY)
                with open_connector("wefact", given, login, meter) as source:
                    read += sum(len(page) for page in source.read_changed_invoices(Side.SALES, LONG_AGO))  # type: ignore[attr-defined]
        counted = simulator.control.books()["limits"]["127.0.0.1"]
    assert read > 62
    assert (counted["busiest_minute"], counted["busiest_hour"]) == (50, 280)
    assert counted["bans"] == counted["refused"] == 0
    assert world.clock.now() - began >= timedelta(minutes=5)
    assert stopped.value.not_before is not None and stopped.value.not_before >= began + timedelta(hours=1)
