"""From an empty administration to the first booked orders, in a real browser and without reading anything else."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from boekbrug.domain.records import SyncStatus
from boekbrug.domain.tenants import MappingRule
from boekbrug.store import tenants
from demo.__main__ import SECRETS
from tests.dashboard.browsing import look, served
from tests.dashboard.conftest import CHROMIUM, PASSWORD, Dashboard
from tests.world import DE_BIE, MOKKENHUIS, World

FOUNDER, SLUG = "beheer@example.com", "proefwinkel-van-ans"


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
@pytest.mark.timeout(300)
def test_the_story_of_a_newcomer(dashboard: Dashboard, open_page: Callable[..., Page]) -> None:
    world = dashboard.world
    before = len(world.account(DE_BIE)["invoices"])
    with served(dashboard) as address:
        page = open_page(address)
        page.goto("/login")
        page.get_by_label("E-mailadres").fill(FOUNDER)
        page.get_by_label("Wachtwoord").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/t/**")
        page.goto("/tenants")
        page.get_by_role("link", name="Nieuwe administratie").click()
        look(page, "newcomer-1-new")
        page.get_by_label("Naam van de winkel").fill("Proefwinkel van Ans")
        page.get_by_role("button", name="Maak de administratie").click()
        page.wait_for_url(f"**/t/{SLUG}")
        look(page, "newcomer-2-steps")

        page.get_by_role("link", name="Koppel uw winkel").click()
        shop = {"partner_token": SECRETS["DEMO_PARTNER_TOKEN"], "token": SECRETS["DEMO_SHOP_TOKEN_1"]}
        connect(page, "Mijnwebwinkel", world.shop.url, shop)
        page.get_by_role("link", name="Koppel uw boekhouding").click()
        books = {"username": SECRETS["DEMO_BOOKS_USER_2"], "api_key": SECRETS["DEMO_BOOKS_KEY_2"]}
        connect(page, "Factuursturen", world.books.url, books)

        page.get_by_role("link", name="Maak er een route tussen").click()
        page.get_by_label("Elke dag om").fill("07:15")
        page.get_by_label("Eerste dag").fill("2020-01-01")
        look(page, "newcomer-3-route")
        page.get_by_role("button", name="Maak de route").click()
        page.get_by_text("elke dag om 07:15").wait_for()
        page.get_by_role("link", name="Stel de gewone regels in").click()
        assert page.locator("select[name='vat.high.vat_code']").input_value() == "21"
        accounts = {"high": "hoog", "low": "laag", "other": "nul", "eu": "EU verlegd", "outside_eu": "export"}
        for band, name in accounts.items():
            choose(page, f"vat.{band}.ledger_account", f"Omzet {name}")
        choose(page, "mixed.ledger_account", "Omzet hoog")
        look(page, "newcomer-4-rules")
        page.get_by_role("button", name="Opslaan").click()
        page.get_by_text("Opgeslagen").wait_for()
        page.get_by_role("button", name="Zet aan").click()
        page.get_by_role("button", name="Nu uitvoeren").click()
        page.get_by_text("De route loopt nu").wait_for()
        assert dashboard.hurried.asked == [f"{SLUG}/verkopen"]
        world.run(SLUG, "verkopen")
        page.get_by_role("link", name=re.compile("^[1-9]")).first.wait_for(timeout=20_000)
        look(page, "newcomer-5-first-run")

        waiting = world.records(SLUG, SyncStatus.NEEDS_ATTENTION)
        assert {"PAYMENT_RULE_MISSING"} == {one.code for record in waiting.values() for one in record.findings}
        page.get_by_role("link", name="Fouten", exact=True).click()
        look(page, "newcomer-6-errors")
        page.get_by_role("link", name="Stel ze alle in").click()
        look(page, "newcomer-7-payments")
        page.get_by_role("button", name="Opslaan en verwerk").click()
        page.get_by_text("onderweg").wait_for()
        world.run(SLUG, "verkopen")
        page.get_by_text("allemaal aangekomen").wait_for(timeout=20_000)
        look(page, "newcomer-8-booked")
    assert set(world.records(SLUG)) == set(world.records(SLUG, SyncStatus.VERIFIED))
    assert len(world.account(DE_BIE)["invoices"]) == before + len(world.records(SLUG))


def connect(page: Page, system: str, url: str, secrets: dict[str, str]) -> None:
    """The steps of connecting, until the connection works."""
    page.get_by_role("link", name=system).click()
    page.get_by_text("Instellingen; wat er staat").click()
    page.locator("input[name=base_url]").fill(url)
    page.get_by_role("button", name="Verder").click()
    for name, secret in secrets.items():
        page.locator(f"input[name={name}]").fill(secret)
    page.get_by_role("button", name="Bewaar en ga verder").click()
    page.get_by_role("button", name="Controleer de koppeling").click()
    page.get_by_text("De koppeling werkt.").wait_for()


def choose(page: Page, field: str, account: str) -> None:
    options = page.locator(f"select[name='{field}'] option").all_inner_texts()
    page.locator(f"select[name='{field}']").select_option(label=next(text for text in options if account in text))


def test_only_who_manages_an_administration_makes_a_new_one(dashboard: Dashboard) -> None:
    for email in ("winkel@example.com", "boek@example.com"):
        browser = dashboard.browser(email)
        assert "/tenants/new" not in browser.text("/tenants")
        assert browser.get("/tenants/new").status_code == 403
        assert browser.post("/tenants", {"name": "Van mij"}).status_code == 403


def test_two_administrations_of_one_name_are_two(dashboard: Dashboard) -> None:
    browser = dashboard.browser(FOUNDER)
    places = [browser.post("/tenants", {"name": "Groothandel De Bie"}).headers["location"] for _ in range(2)]
    assert places == ["/t/groothandel-de-bie-2", "/t/groothandel-de-bie-3"]
    assert "Groothandel De Bie" in browser.text(places[0])
    assert browser.get(f"/t/{DE_BIE}").status_code == 404
    assert browser.post("/tenants", {"name": "  "}).status_code == 422


def test_a_route_says_which_kinds_of_vat_have_no_rule(dashboard: Dashboard) -> None:
    browser, world = dashboard.browser("winkel@example.com"), dashboard.world
    page = f"/t/{MOKKENHUIS}/routes/verkoop"
    assert "gewone regels" not in browser.text(page)
    assert "Elke soort btw heeft een regel" not in browser.text(f"{page}/usual-rules"), "a way of paying waits for one"
    kept = without_rules(world)
    assert "gewone regels" in browser.text(page)
    version = re.search(r'name="version" value="(\d+)"', browser.text(f"{page}/usual-rules"))
    assert version
    wrong = {"version": version[1], "vat.high.vat_code": "21", "vat.high.ledger_account": "nergens"}
    answer = browser.post(f"{page}/usual-rules", wrong)
    assert answer.status_code == 422 and "nergens" in answer.text
    assert rules_of(world) == ()
    right = {"version": version[1], "vat.high.vat_code": "21", "vat.eu.vat_code": ""}
    assert browser.post(f"{page}/usual-rules", right).status_code == 303
    (made,) = rules_of(world)
    assert (made.match.band, made.gives.vat_code, kept > 1) == ("high", "21", True)
    assert browser.post(f"{page}/usual-rules", right).status_code == 409, "it was changed since"


def test_a_document_without_a_way_of_paying_is_no_reason_for_a_rule_that_takes_all(dashboard: Dashboard) -> None:
    world = dashboard.world
    number = world.order("plain")
    world.edit(number, {"payment": {"method_name": ""}})
    world.run()
    assert "PAYMENT_RULE_MISSING" in world.codes(number)
    page = dashboard.browser("winkel@example.com").text(f"/t/{MOKKENHUIS}/routes/verkoop/usual-rules")
    assert re.findall(r'name="payment\.(.*?)\.payment_name"', page) == ["bitcoin"]


def without_rules(world: World) -> int:
    """How many there were."""
    with world.runtime.database.write() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        config = tenants.export_tenant(session, tenant.id)
        (route,) = config.routes
        bare = config.model_copy(update={"routes": (route.model_copy(update={"mapping": ()}),)})
        tenants.import_tenant(session, bare, who="test", now=world.clock.now())
    return len(route.mapping)


def rules_of(world: World) -> tuple[MappingRule, ...]:
    with world.runtime.database.read() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        return tuple(tenants.list_routes(session, tenant.id)[0].mapping)
