"""Koppelingen and Configuratie in a real browser, and the story of a missing VAT relation from beginning to end."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from boekbrug.domain.records import SyncStatus
from tests.dashboard.browsing import ROOT, look, served, sign_in, signed_in
from tests.dashboard.conftest import CHROMIUM, Dashboard
from tests.world import MOKKENHUIS, ROUTE

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")


@pytest.mark.parametrize(("width", "language"), [("phone", "nl"), ("desk", "en")])
def test_the_pages_are_accessible(
    seen: Dashboard,
    open_page: Callable[..., Page],
    width: str,
    language: str,
) -> None:
    with served(seen) as address:
        page = signed_in(open_page, address, width=width, language=language)
        for name, path in (
            ("connections", "connections"),
            ("connect-choose", "connections/new"),
            ("connect-settings", "connections/new?system=eboekhouden-soap"),
            ("connection", "connections/boeken"),
            ("connect-key", "connections/boeken/credentials"),
            ("routes", "routes"),
            ("route-new", "routes/new"),
            ("route", f"routes/{ROUTE}"),
            ("policy", f"routes/{ROUTE}/policy"),
            ("usual-rules", f"routes/{ROUTE}/usual-rules"),
            ("versions", f"routes/{ROUTE}/versions"),
            ("rule-new", f"routes/{ROUTE}/rules/new?kind=cost"),
            ("rule", f"routes/{ROUTE}/rules/0"),
        ):
            page.goto(f"{ROOT}/{path}")
            assert page.locator("html").get_attribute("lang") == language
            for summary in page.locator("main summary").all():
                if not summary.evaluate("element => element.parentElement.open"):
                    summary.click()
            look(page, f"{width}-{language}-{name}")
        page.goto(f"{ROOT}/connections/boeken")
        page.get_by_role("button", name=re.compile("Controleer|Check")).click()
        page.get_by_role("status").wait_for()
        assert page.locator(".checks li.good").count() == 3
        look(page, f"{width}-{language}-check")
        if language == "en":
            page.locator("summary", has_text="Account").click()
            page.get_by_role("button", name="Nederlands").click()


def test_the_story_of_a_missing_vat_relation(
    dashboard: Dashboard,
    open_page: Callable[..., Page],
) -> None:
    """An order fails for a missing VAT relation; from the errors page the relation is set, tried out and saved, and
    the order goes at once: it is booked and verified, with the code that was chosen."""
    world = dashboard.world
    world.clock.advance(timedelta(hours=2))
    world.demo_tenant(books={"documents_per_period": 60}, without="Omzet laag")
    number = world.order("mixed_vat")
    world.run()
    assert world.record(number).status is SyncStatus.NEEDS_ATTENTION
    assert "VAT_RULE_MISSING" in world.codes(number)
    with served(dashboard) as address:
        page = open_page(address, width="phone")
        sign_in(page)
        page.get_by_role("link", name="Fouten").click()
        look(page, "phone-nl-story-vat-errors")
        page.get_by_role("link", name=re.compile("Stel in: S 9%")).click()
        assert page.get_by_label("Rate").or_(page.get_by_label("Tarief", exact=True)).input_value() == "9"
        page.get_by_label("Btw-code in de boekhouding").select_option("9")
        page.get_by_label("Grootboekrekening of categorie").select_option(label=re_label(page, "Omzet laag"))
        page.get_by_role("button", name="Probeer uit").click()
        page.get_by_text("Wat er anders zou worden").wait_for()
        assert page.get_by_role("link", name=str(number)).count() == 1
        assert world.record(number).status is SyncStatus.NEEDS_ATTENTION  # nothing was written
        look(page, "phone-nl-story-vat-tried")
        page.get_by_role("button", name=re.compile("Opslaan en verwerk")).click()
        page.get_by_text("onderweg").wait_for()
        assert dashboard.hurried.asked == [f"{MOKKENHUIS}/{ROUTE}"]
        world.run()
        page.get_by_text(re.compile("aangekomen")).wait_for(timeout=20_000)
        assert page.locator("tbody tr", has_text=str(number)).locator(".badge.good").inner_text() == (
            "Geboekt en gecontroleerd"
        )
        look(page, "phone-nl-story-vat-booked")
    assert world.record(number).status is SyncStatus.VERIFIED
    assert number in world.invoices()


def re_label(page: Page, name: str) -> str:
    """The option that shows this account."""
    options = page.get_by_label("Grootboekrekening of categorie").locator("option").all_inner_texts()
    return next(text for text in options if name in text)
