import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from boekbrug.domain.errors import RemoteUnavailable
from boekbrug.domain.migrations import Migration, MigrationState
from boekbrug.domain.users import Role
from boekbrug.store import audit, order_migrations, tenants
from dashboard.app import app_for
from dashboard.pages import migrations
from tasks.migrating import PlainSteps, bring_over, take_note
from tasks.reporting import recorded_run
from tasks.route_work import MIGRATION_LANES, open_route
from tasks.runtime import using
from tests.dashboard.browsing import look, served, sign_in
from tests.dashboard.conftest import CHROMIUM, Dashboard, Hurried
from tests.world import DE_BIE, MOKKENHUIS, World, new_world

MINE = "winkel@example.com"
ROOT = f"/t/{MOKKENHUIS}/migrations"


class Later:
    """Keeps what is to be done beside the pages until it is told to do it."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], None]] = []

    def __call__(self, job: Callable[[], None]) -> None:
        self.jobs.append(job)

    def work(self) -> None:
        while self.jobs:
            self.jobs.pop()()


@pytest.fixture
def made(tmp_path: Path, database_template: Path) -> Iterator[tuple[Dashboard, Later]]:
    """Thirty orders of the last weeks, none of them over yet."""
    with new_world(tmp_path / "home", database_template, shop={"orders": 30, "seed": 3}, patience_seconds=0) as world:
        for slug in (MOKKENHUIS, DE_BIE):
            world.demo_tenant(slug, books={"documents_per_period": None})
        hurried, later = Hurried(), Later()
        dashboard = Dashboard(world, hurried, Hurried(), app_for(world.runtime, hurry=hurried, background=later))
        dashboard.add_user(MINE, mokkenhuis=Role.SHOPKEEPER)
        dashboard.add_user("ander@example.com", groothandel_de_bie=Role.SHOPKEEPER)
        yield dashboard, later


def days(world: World) -> dict[str, Any]:
    today = world.clock.now().date()
    return {"route": "verkoop", "first": str(today - timedelta(days=300)), "last": str(today - timedelta(days=2))}


def kept(world: World, slug: str = MOKKENHUIS) -> Migration:
    with world.runtime.database.read() as session:
        return order_migrations.list_migrations(session, tenants.tenant_by_slug(session, slug).id)[0]


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text.split("<main")[1])).replace("&#39;", "'")


def run(world: World, migration_id: int) -> None:
    with using(world.runtime), open_route(MOKKENHUIS, lanes=MIGRATION_LANES) as work:
        with recorded_run(work) as report:
            bring_over(work, migration_id, PlainSteps(), report)
        take_note(work, migration_id)


def test_a_migration_from_plan_to_statement(made: tuple[Dashboard, Later]) -> None:
    dashboard, later = made
    world, browser = dashboard.world, dashboard.browser(MINE)
    assert "Maak een plan" in browser.text(ROOT)
    answer = browser.post(ROOT, days(world))
    address = answer.headers["location"]
    assert re.fullmatch(rf"{ROOT}/\d+", address)

    planning = browser.text(address)
    assert "Wordt gepland" in planning and 'hx-get="' in planning and "sluiten" in planning
    writes = world.writes()
    later.work()
    assert world.writes() == writes, "a plan changes nothing"
    found = kept(world)
    assert found.state is MigrationState.PLANNED and found.plan.shop_count
    seen = browser.get(f"{address}?seen=draft", **{"hx-request": "true"})
    assert seen.headers["hx-refresh"] == "true"
    shown = words(browser.text(address))
    assert f"Mijnwebwinkel telt {found.plan.shop_count}" in shown
    assert f"Zou geboekt worden {found.plan.posting(earlier_periods=False)}" in shown
    assert "eerder btw-tijdvak" in shown and "boekhouder" in shown
    assert sum(found.plan.skipped.values()) == 0 or "Zou worden overgeslagen" in shown

    started = browser.post(f"{address}/start", {"earlier": "true"}).headers["location"]
    assert started == address and dashboard.hurried.asked == [f"{MOKKENHUIS}/verkoop migrate-orders"]
    assert kept(world).accepts_earlier_periods and kept(world).started_by == MINE
    assert browser.post(f"{address}/start").status_code == 409

    browser.post(f"{address}/pause")
    run(world, found.id)
    assert kept(world).state is MigrationState.PAUSED and not world.invoices()
    dashboard.hurried.answers = False
    told = browser.post(f"{address}/resume").headers["location"]
    assert "geen run" in browser.text(told).lower()
    run(world, found.id)
    assert kept(world).state is MigrationState.COMPLETED
    shown = words(browser.text(address))
    assert f"Geboekt {len(world.invoices())}" in shown and "Alle documenten zijn verantwoord" in shown
    assert "hx-trigger" not in browser.text(address)
    with world.runtime.database.read() as session:
        events = audit.audit_events(session, tenants.tenant_by_slug(session, MOKKENHUIS).id)
    actions = [event.action for event in events if event.subject == str(found.id)]
    assert actions == ["resume migration", "pause migration", "start migration", "plan migration"]
    assert "Klaar 100%" in words(browser.text(ROOT))


def test_a_plan_that_breaks_off_says_why(made: tuple[Dashboard, Later], monkeypatch: pytest.MonkeyPatch) -> None:
    dashboard, later = made
    browser = dashboard.browser(MINE)

    def away(*_: object) -> None:
        raise RemoteUnavailable("the shop does not answer")

    monkeypatch.setattr(migrations, "make_plan", away)
    address = browser.post(ROOT, days(dashboard.world)).headers["location"]
    later.work()
    text = words(browser.text(address))
    assert "the shop does not answer" in text and "afgebroken" in text
    monkeypatch.undo()

    address = browser.post(ROOT, days(dashboard.world)).headers["location"]  # the dashboard is stopped meanwhile
    later.jobs.clear()
    assert "afgebroken" not in browser.text(address)
    dashboard.world.clock.advance(migrations.SILENT_AFTER + timedelta(seconds=1))
    assert "afgebroken" in browser.text(address)


def test_a_newer_plan_ends_the_planning_of_the_older(made: tuple[Dashboard, Later]) -> None:
    dashboard, later = made
    browser = dashboard.browser(MINE)
    older = browser.post(ROOT, days(dashboard.world)).headers["location"]
    newer = browser.post(ROOT, days(dashboard.world)).headers["location"]
    later.jobs.reverse()
    later.work()
    assert browser.get(older).status_code == 404
    assert "Gepland" in browser.text(newer) and kept(dashboard.world).state is MigrationState.PLANNED


def test_what_is_filled_in_wrongly_is_said(made: tuple[Dashboard, Later]) -> None:
    dashboard, _ = made
    browser, good = dashboard.browser(MINE), days(dashboard.world)
    today = str(dashboard.world.clock.now().date() + timedelta(days=2))
    for wrong in ({"first": ""}, {"last": today}, {"first": good["last"], "last": good["first"]}, {"from_hour": "7"},
                  {"per_window": "0"}, {"per_window": "veel"}):  # fmt: skip
        answer = browser.post(ROOT, good | wrong)
        assert answer.status_code == 422 and 'role="alert"' in answer.text, wrong
    assert browser.post(ROOT, good | {"route": "bestaat-niet"}).status_code == 404
    address = browser.post(ROOT, good | {"per_window": "7", "from_hour": "01:00", "to_hour": "05:00"})
    assert kept(dashboard.world).per_window == 7 and str(kept(dashboard.world).window) == "01:00-05:00"
    assert address.status_code == 303


def test_a_migration_of_somebody_else_is_not_there(made: tuple[Dashboard, Later]) -> None:
    dashboard, later = made
    dashboard.browser("ander@example.com").post(f"/t/{DE_BIE}/migrations", days(dashboard.world))
    later.work()
    theirs, browser = kept(dashboard.world, DE_BIE), dashboard.browser(MINE)
    assert theirs.state is MigrationState.PLANNED
    for root in (ROOT, f"/t/{DE_BIE}/migrations"):
        assert browser.get(f"{root}/{theirs.id}").status_code == 404
        for action in ("start", "pause", "resume", "cancel"):
            assert browser.post(f"{root}/{theirs.id}/{action}").status_code == 404
    assert kept(dashboard.world, DE_BIE).state is MigrationState.PLANNED
    assert browser.text(ROOT).count(f"/migrations/{theirs.id}") == 0


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_the_story_of_a_migration_in_the_browser(made: tuple[Dashboard, Later], open_page: Callable[..., Page]) -> None:
    """Planned, started, paused, resumed; the page follows by itself and ends with the statement."""
    dashboard, later = made
    world = dashboard.world
    with served(dashboard) as address:
        page = open_page(address, width="phone")
        sign_in(page)
        page.get_by_role("link", name="Migratie").click()
        page.get_by_label("Documenten vanaf").fill(days(world)["first"])
        page.get_by_label("Tot en met").fill(days(world)["last"])
        page.get_by_role("button", name="Maak een plan").click()
        page.get_by_text("Wordt gepland").wait_for()
        later.work()
        page.get_by_role("button", name="Start").wait_for(timeout=15_000)  # without anybody pressing anything
        assert page.get_by_text(re.compile(r"Klaar op \d")).count() == 1, "the finishing time"
        look(page, "phone-nl-migration-planned")
        page.get_by_label(re.compile("Ja, boek ook")).check()
        page.get_by_role("button", name="Start").click()
        page.get_by_role("button", name="Pauzeer").click()
        page.get_by_role("button", name="Ga verder").wait_for()
        run(world, kept(world).id)
        assert not world.invoices(), "what is paused books nothing"
        look(page, "phone-nl-migration-paused")
        page.get_by_role("button", name="Ga verder").click()
        page.get_by_role("button", name="Pauzeer").wait_for()
        progress = page.locator("#migration [role=status]").inner_text()
        assert progress.startswith("0% is gedaan"), progress
        run(world, kept(world).id)
        page.get_by_role("heading", name="Verantwoording").wait_for(timeout=15_000)
        assert page.get_by_text("Alle documenten zijn verantwoord").count() == 1
        statement = page.locator("section[aria-labelledby=statement]").inner_text()
        assert str(len(world.invoices())) in statement and "Mijnwebwinkel telt" in statement
        look(page, "phone-nl-migration-statement")
