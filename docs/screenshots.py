"""`python -m docs.screenshots`: pictures of the dashboard for the guide, of the demo's shops on simulators.

Needs a Chromium on the machine. Takes a few minutes; what it starts ends with it.
"""

from __future__ import annotations

import base64
import re
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from demo import invoicing
from demo.__main__ import PASSWORD, SECRETS, SEED, TENANTS_RUN, USERS, tenant_files
from demo.stack import Stack

PICTURES = Path(__file__).parent / "pictures"
TENANT = "mokkenhuis"
QUALITY = 70
DESK, PHONE = {"width": 1200, "height": 900}, {"width": 390, "height": 844}


def main() -> int:
    """Exit code 2 without a Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.stderr.write("there is no Chromium on this machine\n")
        return 2
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="boekbrug-pictures-") as home, Stack(Path(home)) as stack:
        address = _demo(stack)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for name, viewport, user in (
                ("desk", DESK, "winkel@example.com"),
                ("phone", PHONE, "winkel@example.com"),
                ("accountant", DESK, "boekhouder@example.com"),
            ):
                page = browser.new_context(base_url=address, viewport=viewport, locale="nl").new_page()
                _sign_in(page, user)
                {"desk": _desk, "phone": _phone, "accountant": _accountant}[name](page)
                page.context.close()
            browser.close()
    return 0


def _demo(stack: Stack) -> str:
    """The demo's shops after a run, without Prefect; the dashboard's address."""
    stack.environment |= SECRETS
    systems = ("mijnwebwinkel", "factuursturen", "wefact", "e-boekhouden-soap")
    addresses = stack.start_sandbox(*systems, "--seed", str(SEED), "--orders", "100", *invoicing.SANDBOX)
    stack.environment["BOEKBRUG_PATIENCE_SECONDS"] = "0"
    stack.boekbrug("init")
    stack.boekbrug("tenant", "import", *tenant_files(stack, addresses))
    for email, role in USERS.items():
        tenants = [argument for tenant in TENANTS_RUN for argument in ("--tenant", tenant)]
        stack.boekbrug("user", "add", email, "--role", role, *tenants, "--password-stdin", said=PASSWORD)
    for tenant in TENANTS_RUN:
        stack.boekbrug("sync", tenant, accept=(0, 6))
    return stack.start_dashboard()


def _sign_in(page: Page, user: str) -> None:
    page.goto("/login")
    page.get_by_label("E-mail").fill(user)
    page.get_by_label("Wachtwoord").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/(tenants|t/.*)$"))


def _desk(page: Page) -> None:
    root = f"/t/{TENANT}"
    for name, path in (("overview", root), ("report", f"{root}/documents"), ("errors", f"{root}/errors")):
        page.goto(path)
        _shoot(page, name)
    page.goto(f"{root}/documents?status=verified")
    page.locator("td.lead a").first.click()
    page.locator("#life").wait_for()
    _shoot(page, "document")
    page.goto(f"{root}/migrations")
    days = page.evaluate("[300, 1].map(n => new Date(Date.now() - n * 864e5).toISOString().slice(0, 10))")
    page.get_by_label("Bestellingen vanaf").fill(days[0])
    page.get_by_label("Tot en met").fill(days[1])
    page.get_by_role("button", name="Maak een plan").click()
    page.get_by_role("heading", name="Wanneer het klaar zou zijn").wait_for(timeout=120_000)
    _shoot(page, "migration")
    page.goto("/notifications")
    _shoot(page, "notifications")


def _phone(page: Page) -> None:
    page.goto(f"/t/{TENANT}")
    _shoot(page, "overview-phone")
    page.goto(f"/t/{TENANT}/errors")
    _shoot(page, "errors-phone")


def _accountant(page: Page) -> None:
    page.goto("/tenants")
    _shoot(page, "administrations")
    page.goto("/tenants/errors")
    _shoot(page, "administrations-errors")


def _shoot(page: Page, name: str) -> None:
    """What fits on the screen, as WebP, which Chromium makes itself."""
    taken = page.context.new_cdp_session(page).send(
        "Page.captureScreenshot", {"format": "webp", "quality": QUALITY, "optimizeForSpeed": False}
    )
    (PICTURES / f"{name}.webp").write_bytes(base64.b64decode(taken["data"]))


if __name__ == "__main__":
    sys.exit(main())
