"""Gebruikers: who belongs to the administration, and who may make whom what."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from boekbrug.domain.users import RIGHTS, Right, Role, may_give
from boekbrug.store import audit, tenants, users
from tests.dashboard.browsing import look, served
from tests.dashboard.browsing import sign_in as sign_in_as_mine
from tests.dashboard.conftest import CHROMIUM, PASSWORD, Dashboard
from tests.world import DE_BIE, MOKKENHUIS

SHOP, BOOKS, BOSS, OTHER = "winkel@example.com", "boek@example.com", "beheer@example.com", "ander@example.com"
PAGE = f"/t/{MOKKENHUIS}/users"


def id_of(dashboard: Dashboard, email: str) -> int:
    with dashboard.world.runtime.database.read() as session:
        return users.user_by_email(session, email).id


def roles(dashboard: Dashboard, slug: str = MOKKENHUIS) -> dict[str, Role]:
    with dashboard.world.runtime.database.read() as session:
        return {u.email: role for u, role in users.members(session, tenants.tenant_by_slug(session, slug).id)}


def noted(dashboard: Dashboard) -> list[tuple[str, str, str]]:
    with dashboard.world.runtime.database.read() as session:
        events = audit.audit_events(session, tenants.tenant_by_slug(session, MOKKENHUIS).id)
    return [(event.who, event.action, event.subject) for event in events]


def test_nobody_gives_a_right_that_is_not_theirs() -> None:
    for own in Role:
        for role in Role:
            assert may_give(own, role) == (RIGHTS[role] <= RIGHTS[own])
    assert not may_give(Role.ACCOUNTANT, Role.SHOPKEEPER) and not may_give(Role.SHOPKEEPER, Role.INTEGRATOR)
    assert all(may_give(Role.INTEGRATOR, role) for role in Role)
    assert all(Right.INVITE in rights for rights in RIGHTS.values())


@pytest.mark.parametrize("who", [SHOP, BOOKS])
def test_nobody_raises_themselves_or_touches_who_has_more(dashboard: Dashboard, who: str) -> None:
    browser, before = dashboard.browser(who), roles(dashboard)
    me, boss = id_of(dashboard, who), id_of(dashboard, BOSS)
    for path, data in (
        (f"{PAGE}/{me}/role", {"role": "integrator"}),
        (f"{PAGE}/{me}/role", {"role": "accountant"}),
        (f"{PAGE}/{boss}/role", {"role": "accountant"}),
        (f"{PAGE}/{boss}/withdraw", {}),
        (f"{PAGE}/{boss}/disable", {"on": "true"}),
        (f"{PAGE}/{id_of(dashboard, BOOKS if who == SHOP else SHOP)}/disable", {"on": "true"}),
        (PAGE, {"email": "handlanger@example.com", "role": "integrator"}),
    ):
        assert browser.post(path, data).status_code == 403, (path, data)
    assert roles(dashboard) == before
    assert "handlanger" not in browser.text(PAGE)
    assert 'value="integrator"' not in browser.text(PAGE)


def test_the_last_integrator_stays(dashboard: Dashboard) -> None:
    """Two integrators: one can go; the other cannot be taken away, not even by somebody who was one until just now."""
    dashboard.add_user("tweede@example.com", mokkenhuis=Role.INTEGRATOR)
    first, second = dashboard.browser(BOSS), id_of(dashboard, "tweede@example.com")
    own = id_of(dashboard, BOSS)
    assert first.post(f"{PAGE}/{own}/withdraw").status_code == 403, "nobody removes themselves"
    assert first.post(f"{PAGE}/{second}/disable", {"on": "true"}).headers["location"].endswith("done=saved")
    other = dashboard.browser()
    assert other.sign_in("tweede@example.com").status_code == 401
    with dashboard.world.runtime.database.write() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        for change in (
            lambda: users.withdraw(session, tenant.id, own),
            lambda: users.change_role(session, tenant.id, own, Role.ACCOUNTANT),
            lambda: users.keep_an_integrator(session, tenant.id, without=own),
        ):
            with pytest.raises(Exception, match="at least one integrator"):
                change()
    assert first.post(f"{PAGE}/{second}/disable", {"on": "false"}).headers["location"].endswith("done=saved")
    assert first.post(f"{PAGE}/{second}/withdraw").headers["location"].endswith("done=saved")
    assert "tweede@example.com" not in roles(dashboard)


def test_who_belongs_elsewhere_too_is_not_disabled_from_here(dashboard: Dashboard) -> None:
    """The bookkeeper looks after another administration as well, of which our integrator knows nothing."""
    browser, bookkeeper = dashboard.browser(BOSS), id_of(dashboard, BOOKS)
    assert browser.post(f"{PAGE}/{bookkeeper}/disable", {"on": "true"}).status_code == 403
    assert browser.post(f"{PAGE}/{bookkeeper}/withdraw").status_code == 303
    assert BOOKS not in roles(dashboard) and BOOKS in roles(dashboard, DE_BIE)
    assert OTHER not in browser.text(PAGE) and "Groothandel" not in browser.text(PAGE)


def test_withdrawn_access_ends_at_once_and_no_invitation_leads_back(dashboard: Dashboard) -> None:
    boss, shop = dashboard.browser(BOSS), dashboard.browser(SHOP)
    with dashboard.world.runtime.database.write() as session:
        tenant, now = tenants.tenant_by_slug(session, MOKKENHUIS), dashboard.world.clock.now()
        token = users.invite(session, tenant.id, SHOP, Role.SHOPKEEPER, who=BOSS, now=now)
    assert shop.get(f"/t/{MOKKENHUIS}").status_code == 200
    boss.post(f"{PAGE}/{id_of(dashboard, SHOP)}/withdraw")
    assert shop.get(f"/t/{MOKKENHUIS}").status_code == 404
    assert shop.get(f"/invitation/{token}").status_code == 404
    assert noted(dashboard)[0] == (BOSS, "withdraw access", SHOP)


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
@pytest.mark.parametrize("width", ["phone", "desk"])
def test_the_story_of_a_new_colleague(dashboard: Dashboard, open_page: Callable[..., Page], width: str) -> None:
    """Invited by a link, given another role, withdrawn: every act is seen and noted."""
    with dashboard.world.runtime.database.write() as session:
        me = users.user_by_email(session, SHOP).id
        users.admit(session, tenants.tenant_by_slug(session, MOKKENHUIS).id, me, Role.INTEGRATOR)
    with served(dashboard) as address:
        page = open_page(address, width=width)
        sign_in_as_mine(page)
        page.get_by_role("link", name="Gebruikers").click()
        page.get_by_label("E-mailadres").fill("nieuw@example.com")
        page.get_by_label("Rol", exact=True).select_option("accountant")
        page.get_by_role("button", name="Maak een link").click()
        link = page.get_by_label("Link", exact=True).input_value()
        assert "/invitation/" in link and "/invitation/" not in page.url
        look(page, f"{width}-nl-users-invited")
        page.goto(PAGE)
        assert link.rpartition("/")[2] not in page.content()
        assert page.get_by_text("nieuw@example.com").count()

        guest = open_page(address, width=width)
        guest.goto(f"/invitation/{link.rpartition('/')[2]}")
        guest.get_by_label("Kies een wachtwoord").fill(PASSWORD)
        guest.get_by_label("Nog een keer").fill(PASSWORD)
        guest.get_by_role("button", name=re.compile("inloggen|aan", re.IGNORECASE)).click()
        guest.wait_for_url("**/t/**")

        page.goto(PAGE)
        page.get_by_label("Rol van nieuw@example.com").select_option("shopkeeper")
        page.get_by_role("button", name="Wijzig nieuw@example.com").click()
        page.get_by_role("status").wait_for()
        assert roles(dashboard)["nieuw@example.com"] is Role.SHOPKEEPER
        page.get_by_role("button", name="Schakel uit nieuw@example.com").click()
        page.get_by_text("uitgeschakeld").wait_for()
        look(page, f"{width}-nl-users")
        page.get_by_role("button", name="Trek toegang in nieuw@example.com").click()
        page.get_by_role("status").wait_for()
        assert "nieuw@example.com" not in roles(dashboard)
    assert [(action, subject) for who, action, subject in noted(dashboard) if who == SHOP][:4] == [
        ("withdraw access", "nieuw@example.com"),
        ("disable user", "nieuw@example.com"),
        ("change role", "nieuw@example.com"),
        ("invite", "nieuw@example.com"),
    ]
