"""A dashboard over a small installation: two tenants with a run behind them, and a user of each role.

`Browser` speaks to it as a browser without JavaScript does: cookies, redirects, forms with their tokens.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, sync_playwright
from pydantic import SecretStr

from boekbrug.domain.users import Role
from boekbrug.store import passwords, tenants, users
from dashboard.app import app_for
from tests.world import DE_BIE, MOKKENHUIS, World, new_world

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = {"phone": (390, 844), "desk": (1280, 900)}
PASSWORD = "een lang wachtwoord"
HASH = passwords.hash_password(SecretStr(PASSWORD))
_TOKEN = re.compile(r'name="csrf" value="([0-9a-f]+)"')


@dataclass
class Hurried:
    """Stands in for Prefect's server: remembers which routes were to run now."""

    answers: bool = True
    asked: list[str] = field(default_factory=list)

    def __call__(self, runtime: object, tenant: tenants.Tenant, route: tenants.Route, *, flow: str = "") -> bool:
        self.asked.append(f"{tenant.slug}/{route.slug}" + (f" {flow}" if flow else ""))
        return self.answers


@dataclass
class Dashboard:
    world: World
    hurried: Hurried
    deployed: Hurried
    app: Any

    def browser(self, email: str = "", *, language: str = "nl") -> Browser:
        """A new browser, signed in when an address is given."""
        client = TestClient(self.app, base_url="http://testserver", follow_redirects=False)
        client.headers["accept-language"] = language
        browser = Browser(client)
        if email:
            browser.sign_in(email)
        return browser

    def add_user(self, email: str, **roles: Role) -> None:
        """`roles` by the tenants' slugs, hyphens as underscores."""
        with self.world.runtime.database.write() as session:
            user = users.add_user(session, email, language="nl", now=self.world.clock.now())
            users.set_password(session, user.id, HASH)
            for slug, role in roles.items():
                tenant = tenants.tenant_by_slug(session, slug.replace("_", "-"))
                users.admit(session, tenant.id, user.id, role)


@dataclass
class Browser:
    client: TestClient

    def get(self, path: str, **headers: str) -> Response:
        return self.client.get(path, headers=headers)

    def text(self, path: str, status: int = 200) -> str:
        answer = self.get(path)
        assert answer.status_code == status, (path, answer.status_code)
        return answer.text

    def token(self, path: str = "/login") -> str:
        found = _TOKEN.search(self.client.get(path, follow_redirects=True).text)
        assert found, path
        return found.group(1)

    def post(self, path: str, data: dict[str, Any] | None = None, **headers: str) -> Response:
        """With the token that a form of ours would carry."""
        return self.client.post(path, data={"csrf": self.token(), **(data or {})}, headers=headers)

    def sign_in(self, email: str, password: str = PASSWORD) -> Response:
        return self.post("/login", {"email": email, "password": password})


@pytest.fixture(scope="session")
def small_installation(tmp_path_factory: pytest.TempPathFactory, database_template: Path) -> Callable[[], Any]:
    """Makes worlds in which both demo tenants have had their first run."""

    @contextmanager
    def make() -> Iterator[World]:
        home = tmp_path_factory.mktemp("dashboard")
        shop, books = {"orders": 0, "seed": 20}, {"invoices_per_hour": 0}
        with new_world(home, database_template, shop=shop, books=books, patience_seconds=0) as world:
            world.demo_tenant(MOKKENHUIS, books={"documents_per_period": 8})
            world.demo_tenant(DE_BIE, books={"documents_per_period": 8})
            _orders(world)
            for slug in (MOKKENHUIS, DE_BIE):
                world.run(slug)
            yield world

    return make


def _orders(world: World) -> None:
    """Some that go over, two whose payment method has no rule, one of a debtor with a discount, some too many for the
    hour."""
    discounted = world.order("shipping_taxed")
    email = world.shop_orders()[discounted]["email"]
    world.add_client(email=email, contact="Kees Korting", stddiscount="5")
    for case in ("unknown_payment", "unknown_payment", *["mixed_vat"] * 8):
        world.order(case)
    world.order("plain", DE_BIE)


@contextmanager
def _opened(world: World) -> Iterator[Dashboard]:
    hurried, deployed = Hurried(), Hurried(answers=False)
    made = Dashboard(world, hurried, deployed, app_for(world.runtime, hurry=hurried, deploy=deployed))
    made.add_user("winkel@example.com", mokkenhuis=Role.SHOPKEEPER)
    made.add_user("boek@example.com", mokkenhuis=Role.ACCOUNTANT, groothandel_de_bie=Role.ACCOUNTANT)
    made.add_user("beheer@example.com", mokkenhuis=Role.INTEGRATOR)
    made.add_user("ander@example.com", groothandel_de_bie=Role.SHOPKEEPER)
    yield made


@pytest.fixture(scope="module")
def seen(small_installation: Callable[[], Any]) -> Iterator[Dashboard]:
    """One for a whole module, for tests that only look."""
    with small_installation() as world, _opened(world) as made:
        yield made


@pytest.fixture
def dashboard(small_installation: Callable[[], Any]) -> Iterator[Dashboard]:
    """One of its own, for tests that change something."""
    with small_installation() as world, _opened(world) as made:
        yield made


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def open_page(chromium: Chromium) -> Iterator[Callable[..., Page]]:
    """A new window; anything that the page's policy refuses, or an error in a script, fails the test."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def make(address: str, *, width: str = "desk", dark: bool = False, language: str = "nl") -> Page:
        w, h = WIDTHS[width]
        context = chromium.new_context(
            base_url=address,
            viewport={"width": w, "height": h},
            color_scheme="dark" if dark else "light",
            locale=language,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        # A form that is refused is answered with 422, which the console calls an error.
        wrong = lambda said: said.type == "error" and "status of 422" not in said.text  # noqa: E731
        page.on("console", lambda said: complaints.append(said.text) if wrong(said) else None)
        page.on("request", lambda request: complaints.append(request.url) if address not in request.url else None)
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []
