"""The dashboard on loopback and what a person does in a real browser.

Set DASHBOARD_SCREENSHOTS to a folder to keep what was seen.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.dashboard.conftest import PASSWORD, Dashboard
from tests.world import MOKKENHUIS

MINE = "winkel@example.com"
ROOT = f"/t/{MOKKENHUIS}"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@contextmanager
def served(dashboard: Dashboard) -> Iterator[str]:
    """The dashboard's address on loopback."""
    server = uvicorn.Server(uvicorn.Config(dashboard.app, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def sign_in(page: Page) -> None:
    page.goto("/login")
    page.get_by_label(re.compile("E-mail")).fill(MINE)
    page.get_by_label(re.compile("Wachtwoord|Password")).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/t/**")


def signed_in(open_page: Callable[..., Page], address: str, *, width: str, language: str) -> Page:
    """A window of that width, light in Dutch and dark in English, in which somebody reads that language."""
    page = open_page(address, width=width, dark=language == "en", language=language)
    sign_in(page)
    if language == "en":
        page.locator("summary", has_text="Account").click()
        page.get_by_role("button", name="English").click()
    return page


def look(page: Page, name: str) -> None:
    """Accessible, and nothing sticks out at the side."""
    folder = os.environ.get("DASHBOARD_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(v["id"], [n["html"][:150] for n in v["nodes"]][:3]) for v in found] == [], name
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, name
