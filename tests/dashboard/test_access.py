import re
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute

from boekbrug.domain.records import SyncStatus
from boekbrug.domain.users import Role
from boekbrug.store import audit, sessions, tenants, users
from tests.dashboard.conftest import PASSWORD, Dashboard
from tests.world import DE_BIE, MOKKENHUIS

MINE, OTHERS = "winkel@example.com", "ander@example.com"
WHAT_IS_THEIRS = {"sync_record", "membership", "invitation"}


def routes(dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    """Method and path of everything there is."""
    found = list(dashboard.app.routes)
    for route in found:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            found += inner.routes
        if isinstance(route, APIRoute):
            for method in route.methods:
                yield method, route.path


def test_a_stranger_is_sent_to_the_login_and_back(seen: Dashboard) -> None:
    browser = seen.browser()
    answer = browser.get(f"/t/{MOKKENHUIS}/errors")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next=%2Ft%2F{MOKKENHUIS}%2Ferrors"
    answer = browser.post("/login", {"email": MINE, "password": PASSWORD, "next": f"/t/{MOKKENHUIS}/errors"})
    assert answer.headers["location"] == f"/t/{MOKKENHUIS}/errors"


def test_a_part_of_a_page_asked_for_by_a_stranger_sends_the_page_to_the_login(seen: Dashboard) -> None:
    answer = seen.browser().get(f"/t/{MOKKENHUIS}", **{"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/login")


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org", "/\\example.org", "javascript:x"])
def test_the_login_leads_nowhere_else(seen: Dashboard, elsewhere: str) -> None:
    answer = seen.browser().post("/login", {"email": MINE, "password": PASSWORD, "next": elsewhere})
    assert answer.headers["location"] == "/"


def test_everything_but_the_way_in_needs_a_user(seen: Dashboard) -> None:
    open_to_all = {"/login", "/language", "/invitation/{token}"}
    paths = {(method, path) for method, path in routes(seen) if path not in open_to_all}
    assert len(paths) >= 12
    for method, path in paths:
        browser = seen.browser()
        address = filled(path, MOKKENHUIS, "1")
        answer = browser.get(address) if method == "GET" else browser.post(address)
        assert answer.status_code == 303 and answer.headers["location"].startswith("/login"), (method, path)


def filled(path: str, tenant: str, record_id: str, *, user_id: str = "1", invitation_id: str = "1") -> str:
    values = {
        "user_id": user_id,
        "invitation_id": invitation_id,
        "tenant": tenant,
        "record_id": record_id,
        "form": "csv",
        "status": "needs_attention",
        "code": "-",
        "token": "x",
        "migration_id": record_id,
        "connection": "van-de-bie",
        "route": "van-de-bie",
        "index": "0",
        "version": "1",
    }
    return re.sub(r"{(\w+)}", lambda found: values[found.group(1)], path)


def add_their_own(dashboard: Dashboard) -> None:
    """A connection and a route whose names only the other tenant has."""
    with dashboard.world.runtime.database.write() as session:
        config = tenants.export_tenant(session, tenants.tenant_by_slug(session, DE_BIE).id)
        connection = config.connections[0].model_copy(update={"slug": "van-de-bie"})
        route = config.routes[0].model_copy(update={"slug": "van-de-bie", "enabled": False})
        added = {"connections": (*config.connections, connection), "routes": (*config.routes, route)}
        tenants.import_tenant(session, config.model_copy(update=added), who="jo", now=dashboard.world.clock.now())


def test_no_page_or_action_of_another_tenant_is_there(dashboard: Dashboard) -> None:
    """Every route is tried with the other tenant's slug, and with the own slug and the other tenant's document."""
    theirs = next(iter(dashboard.world.records(DE_BIE).values()))
    add_their_own(dashboard)
    with dashboard.world.runtime.database.write() as session:
        stranger, now = users.user_by_email(session, OTHERS).id, dashboard.world.clock.now()
        tenant_id = tenants.tenant_by_slug(session, DE_BIE).id
        users.invite(session, tenant_id, "nieuw@example.com", Role.SHOPKEEPER, who=OTHERS, now=now)
        [invited] = [one.id for one in users.open_invitations(session, tenant_id, now)]
        integrator = users.user_by_email(session, MINE).id
        users.admit(session, tenants.tenant_by_slug(session, MOKKENHUIS).id, integrator, Role.INTEGRATOR)
    before = {name: rows for name, rows in dashboard.world.dump().items() if name in WHAT_IS_THEIRS}
    browser = dashboard.browser(MINE)
    data = {"ids": str(theirs.id), "reason": "niet van mij", "code": "PAYMENT_RULE_MISSING", "role": "shopkeeper"}
    tried = 0
    for method, path in routes(dashboard):
        if "{tenant}" not in path:
            continue
        tenants_tried = [DE_BIE, "bestaat-niet"]
        if method == "POST" or "_id}" in path or {"{connection}", "{route}"} & set(path.split("/")):
            tenants_tried.append(MOKKENHUIS)
        if (method, path) == (
            "POST",
            "/t/{tenant}/users",
        ):  # names nobody: inviting into one's own administration is right
            tenants_tried.remove(MOKKENHUIS)
        for tenant in tenants_tried:
            address = filled(path, tenant, str(theirs.id), user_id=str(stranger), invitation_id=str(invited))
            answer = browser.get(address) if method == "GET" else browser.post(address, data)
            assert answer.status_code == 404, (method, address, answer.status_code)
            assert theirs.number not in answer.text or tenant not in (DE_BIE, MOKKENHUIS)
            tried += 1
    assert tried >= 20
    assert {name: rows for name, rows in dashboard.world.dump().items() if name in WHAT_IS_THEIRS} == before
    assert OTHERS not in browser.text(f"/t/{MOKKENHUIS}/users")
    assert str(theirs.id) not in browser.text(f"/t/{MOKKENHUIS}/processing?ids={theirs.id}").split("<main")[1]


def test_a_form_without_its_token_changes_nothing(dashboard: Dashboard) -> None:
    browser = dashboard.browser(MINE)
    stranger = dashboard.browser()
    foreign = dashboard.browser("boek@example.com").token("/tenants")
    posts = [filled(path, MOKKENHUIS, "1") for method, path in routes(dashboard) if method == "POST"]
    assert len(posts) >= 6
    before = dashboard.world.dump()
    for path in posts:
        for data in ({}, {"csrf": ""}, {"csrf": foreign}):
            assert browser.client.post(path, data=data).status_code == 403, path
        assert stranger.client.post(path, data={"csrf": "0" * 64}).status_code == 403
        elsewhere = {"origin": "https://example.org"}
        assert browser.post(path, {}, **elsewhere).status_code == 403, path
    assert dashboard.world.dump() == before


def test_wrong_passwords_are_limited_and_tell_nothing(dashboard: Dashboard) -> None:
    browser = dashboard.browser()
    unknown = browser.sign_in("niemand@example.com", "fout wachtwoord")
    for _ in range(sessions.PER_PERSON_AND_ADDRESS):
        wrong = browser.sign_in(MINE, "fout wachtwoord")
        assert wrong.status_code == unknown.status_code == 401
        assert "horen niet bij elkaar" in wrong.text and "horen niet bij elkaar" in unknown.text
    answer = browser.sign_in(MINE)
    assert answer.status_code == 429 and "Te veel pogingen" in answer.text
    dashboard.world.clock.advance(sessions.LOGIN_WINDOW)
    assert browser.sign_in(MINE).status_code == 303


def test_signing_out_and_time_end_a_session(dashboard: Dashboard) -> None:
    browser = dashboard.browser(MINE)
    kept = dict(browser.client.cookies)
    assert browser.get(f"/t/{MOKKENHUIS}").status_code == 200
    assert browser.client.post("/logout", data={"csrf": browser.token("/")}).headers["location"] == "/login"
    browser.client.cookies.update(kept)  # whoever kept the cookie has nothing
    assert browser.get(f"/t/{MOKKENHUIS}").status_code == 303

    browser = dashboard.browser(MINE)
    for _ in range(3):  # in use, it lasts
        dashboard.world.clock.advance(sessions.LOGIN_WINDOW * 40)
        assert browser.get(f"/t/{MOKKENHUIS}").status_code == 200
    dashboard.world.clock.advance(sessions.LOGIN_WINDOW * 48)
    assert browser.get(f"/t/{MOKKENHUIS}").status_code == 303


def test_who_is_disabled_is_out_at_once(dashboard: Dashboard) -> None:
    browser = dashboard.browser(MINE)
    with dashboard.world.runtime.database.write() as session:
        users.disable(session, users.user_by_email(session, MINE).id)
    assert browser.get(f"/t/{MOKKENHUIS}").status_code == 303
    assert dashboard.browser().sign_in(MINE).status_code == 401


def test_an_invitation_makes_a_user_once(dashboard: Dashboard) -> None:
    world = dashboard.world
    with world.runtime.database.write() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        token = users.invite(session, tenant.id, "nieuw@example.com", Role.ACCOUNTANT, who="jo", now=world.clock.now())
    browser = dashboard.browser()
    path = f"/invitation/{token}"
    assert "Het Mokkenhuis" in browser.text(path) and "boekhouder" in browser.text(path)
    assert browser.post(path, {"password": "kort", "again": "kort"}).status_code == 422
    assert browser.post(path, {"password": PASSWORD, "again": PASSWORD + "x"}).status_code == 422
    answer = browser.post(path, {"password": PASSWORD, "again": PASSWORD})
    assert answer.headers["location"] == f"/t/{MOKKENHUIS}"
    assert browser.get(f"/t/{MOKKENHUIS}").status_code == 200
    assert dashboard.browser().get(path).status_code == 404
    with world.runtime.database.read() as session:
        (event, *_) = audit.audit_events(session, tenant.id)
    assert (event.who, event.action, event.after["role"]) == ("nieuw@example.com", "accept invitation", "accountant")


def test_an_invitation_of_a_user_asks_for_the_password_they_have(dashboard: Dashboard) -> None:
    world = dashboard.world
    with world.runtime.database.write() as session:
        tenant = tenants.tenant_by_slug(session, DE_BIE)
        token = users.invite(session, tenant.id, MINE, Role.SHOPKEEPER, who="jo", now=world.clock.now())
    browser, path = dashboard.browser(), f"/invitation/{token}"
    chosen = {"password": "een heel ander wachtwoord", "again": "een heel ander wachtwoord"}
    assert browser.post(path, chosen).status_code == 422
    assert browser.post(path, {"password": PASSWORD}).headers["location"] == f"/t/{DE_BIE}"
    assert "Groothandel" in browser.text("/tenants") and "Mokkenhuis" in browser.text("/tenants")


def test_every_answer_carries_the_headers(seen: Dashboard) -> None:
    browser = seen.browser(MINE)
    for path in ("/login", f"/t/{MOKKENHUIS}", "/bestaat-niet", "/static/boekbrug.css", "/"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy and "frame-ancestors 'none'" in policy and "default-src 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
    css = re.search(r'href="(/static/boekbrug.css[^"]+)"', browser.text("/tenants"))
    assert css and "immutable" in browser.get(css.group(1)).headers["cache-control"]


def test_cookies_are_kept_from_scripts_and_other_sites(dashboard: Dashboard) -> None:
    plain = dashboard.browser().sign_in(MINE).headers.get_list("set-cookie")
    (session,) = [cookie for cookie in plain if cookie.startswith("boekbrug-session=")]
    assert "HttpOnly" in session and "SameSite=lax" in session and "Secure" not in session


def test_with_https_cookies_are_secure_and_bound_to_the_host(dashboard: Dashboard) -> None:
    from dataclasses import replace

    from fastapi.testclient import TestClient

    from dashboard.app import app_for
    from tests.dashboard.conftest import Browser

    runtime = dashboard.world.runtime
    settings = runtime.settings.model_copy(update={"dashboard_url": "https://boekbrug.example.nl"})
    client = TestClient(
        app_for(replace(runtime, settings=settings)), base_url="https://boekbrug.example.nl", follow_redirects=False
    )
    answer = Browser(client).sign_in(MINE)
    assert answer.status_code == 303
    (session,) = [c for c in answer.headers.get_list("set-cookie") if c.startswith("__Host-boekbrug-session=")]
    assert "Secure" in session and "HttpOnly" in session and "Path=/" in session
    assert answer.headers["strict-transport-security"]


def test_a_role_shows_in_what_is_offered(seen: Dashboard) -> None:
    world = seen.world
    with world.runtime.database.read() as session:
        assert users.membership(session, users.user_by_email(session, "boek@example.com").id, MOKKENHUIS)
    assert "In verwerking" not in seen.browser("boek@example.com").text(f"/t/{MOKKENHUIS}/errors")
    assert world.records(MOKKENHUIS, SyncStatus.NEEDS_ATTENTION)


def test_a_mistake_of_ours_has_a_page_without_its_details(seen: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    from fastapi.testclient import TestClient

    from tests.dashboard.conftest import Browser

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("geheim detail")

    browser = Browser(TestClient(seen.app, follow_redirects=False, raise_server_exceptions=False))
    browser.sign_in(MINE)
    monkeypatch.setattr("dashboard.pages.overview._weeks", fails)
    answer = browser.get(f"/t/{MOKKENHUIS}", **{"accept-language": "nl"})
    assert answer.status_code == 500 and "Er ging iets mis" in answer.text and "geheim" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
