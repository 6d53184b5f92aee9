"""The pages in a real browser: as wide as a phone and as a desk, light and dark, in both languages, looked at by
axe-core."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from boekbrug.domain.migrations import MigrationPlan
from boekbrug.domain.records import SyncStatus
from boekbrug.domain.windows import DailyWindow
from boekbrug.store import order_migrations, tenants
from tests.dashboard.browsing import MINE, ROOT, look, served, sign_in
from tests.dashboard.conftest import CHROMIUM, Dashboard
from tests.world import MOKKENHUIS

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")


@pytest.fixture(scope="module")
def address(seen: Dashboard) -> Iterator[str]:
    with served(seen) as at:
        yield at


def planned(seen: Dashboard) -> int:
    """The id of a migration with something to be seen of every kind; made once."""
    runtime = seen.world.runtime
    with runtime.database.write() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        found = order_migrations.list_migrations(session, tenant.id)
        if found:
            return found[0].id
        (route,) = tenants.list_routes(session, tenant.id)
        now = runtime.clock.now()
        first, last = (now.date() - timedelta(days=back) for back in (90, 2))
        made = order_migrations.draft(
            session, tenant.id, route.id, first_on=first, last_on=last, window=DailyWindow.parse("01:00-06:00"),
            per_window=40, shop_count=300, who=MINE, now=now,
        )  # fmt: skip
        plan = MigrationPlan(
            shop_count=300, read=299, to_post={last: 200}, was_there=20, skipped={"ORDER_STATUS": 5},
            refused={"PAYMENT_RULE_MISSING": 4}, earlier_to_post={first: 70},
        )  # fmt: skip
        order_migrations.keep_plan(session, tenant.id, made, plan, None)
        return made


@pytest.mark.parametrize(("width", "dark"), [("phone", False), ("desk", True)])
def test_every_page_is_accessible(
    seen: Dashboard, address: str, open_page: Callable[..., Page], width: str, dark: bool
) -> None:
    language = "en" if dark else "nl"
    page = open_page(address, width=width, dark=dark, language=language)
    page.goto("/login")
    look(page, f"{width}-{language}-login")
    sign_in(page)
    kept = seen.world.records(MOKKENHUIS)
    done = next(r for r in kept.values() if r.status is SyncStatus.VERIFIED)
    asked = next(r for r in kept.values() if r.status is SyncStatus.NEEDS_ATTENTION)
    code = asked.findings[0].code
    if dark:
        page.locator("summary", has_text="Account").click()
        page.get_by_role("button", name="English").click()
    for name, path in (
        ("overview", ROOT),
        ("report", f"{ROOT}/documents"),
        ("document", f"{ROOT}/documents/{done.id}"),
        ("document-error", f"{ROOT}/documents/{asked.id}"),
        ("errors", f"{ROOT}/errors"),
        ("cause", f"{ROOT}/errors/needs_attention/{code}"),
        ("processing", f"{ROOT}/processing?ids={done.id}"),
        ("tenants", "/tenants"),
        ("tenants-errors", "/tenants/errors"),
        ("runs", f"{ROOT}/runs"),
        ("notifications", "/notifications"),
        ("migrations", f"{ROOT}/migrations"),
        ("migration", f"{ROOT}/migrations/{planned(seen)}"),
    ):
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == language
        look(page, f"{width}-{language}-{name}")
    page.goto(f"{ROOT}/documents/{done.id}")
    page.get_by_role("button", name=re.compile("Nu opzoeken|Look it up")).click()
    page.locator("#books dl").wait_for()
    page.locator("summary", has_text=re.compile("laatst gelezen|last read")).click()
    page.locator("summary", has_text="Account").click()
    look(page, f"{width}-{language}-opened")
    if dark:
        page.get_by_role("button", name="Nederlands").click()


def test_the_keyboard_is_enough(address: str, open_page: Callable[..., Page]) -> None:
    page = open_page(address)
    sign_in(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.goto(f"{ROOT}/errors")
    for _ in range(40):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        if page.evaluate("document.activeElement === document.body"):
            break
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")


def test_the_story_of_an_order_that_is_chosen_and_processed(
    dashboard: Dashboard, open_page: Callable[..., Page]
) -> None:
    """An order has no rule for its payment method; the rule is set, Verwerk is pressed, and the page shows live that
    it was booked and verified."""
    world = dashboard.world
    with served(dashboard) as address:
        page = open_page(address, width="phone")
        sign_in(page)
        page.get_by_role("link", name="Fouten").click()
        page.get_by_role("link", name=re.compile("Bekijk.*bitcoin")).click()
        page.get_by_label("Alles kiezen").check()
        chosen = page.locator("input[name=ids]:checked").count()
        assert chosen == 2
        rule = {"kind": "payment", "match": {"payment_method": "bitcoin"}, "gives": {"payment_name": "Bitcoin"}}
        world.demo_tenant(books={"documents_per_period": None}, rules=(rule,))
        page.get_by_role("button", name="Verwerk de gekozen").click()
        page.get_by_text("2 documenten zijn onderweg").wait_for()
        assert dashboard.hurried.asked == [f"{MOKKENHUIS}/verkoop"]
        world.run()
        page.get_by_text("allemaal aangekomen").wait_for(timeout=15_000)
        assert page.locator("tbody .badge.good", has_text="Geboekt en gecontroleerd").count() == 2
        look(page, "phone-nl-story")
