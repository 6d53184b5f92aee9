import html
import re

import pytest
from pydantic import SecretStr

from boekbrug.domain.notices import Channel, NoticeKind
from boekbrug.domain.records import SyncStatus
from boekbrug.store import notifications, overviews, users
from dashboard.pages import accounts
from tests.dashboard.conftest import Dashboard
from tests.dashboard.test_pages import words
from tests.world import DE_BIE, MOKKENHUIS

MINE, ACCOUNTANT, INTEGRATOR = "winkel@example.com", "boek@example.com", "beheer@example.com"


def choices(dashboard: Dashboard, email: str) -> dict[tuple[NoticeKind, Channel], bool]:
    with dashboard.world.runtime.database.read() as session:
        return notifications.choices(session, users.user_by_email(session, email).id)


def test_all_administrations_at_a_glance(seen: Dashboard) -> None:
    text = seen.browser(ACCOUNTANT).text("/tenants")
    kept = seen.world.records(MOKKENHUIS).values()
    (row,) = re.findall(r"<tr role=\"row\">(?:(?!</tr>).)*Het Mokkenhuis.*?</tr>", text, re.DOTALL)
    cells = [re.sub(r"<[^>]+>|\s+", " ", cell).split() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
    for cell, statuses in (
        (cells[2], (SyncStatus.PENDING, SyncStatus.IN_FLIGHT)),
        (cells[3], (SyncStatus.NEEDS_ATTENTION,)),
        (cells[4], (SyncStatus.MISMATCH,)),
    ):
        assert cell == [str(sum(record.status in statuses for record in kept))]
    assert "gaat later verder" in " ".join(cells[1]) or "klaar" in " ".join(cells[1])


def test_more_documents_than_are_counted_are_said_to_be_more(seen: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overviews, "MOST_COUNTED", 0)
    assert f'<a href="/t/{MOKKENHUIS}/errors">0+</a>' in seen.browser(ACCOUNTANT).text("/tenants")


def test_many_administrations_come_page_by_page(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "PAGE", 1)
    browser, pages, address = dashboard.browser(ACCOUNTANT), [], "/tenants"
    while address:
        pages.append(re.findall(r'class="lead"><a href="/t/([^"]+)"', text := browser.text(address)))
        address = "".join(html.unescape(found) for found in re.findall(r'href="([^"]+)" rel="next"', text))
    assert pages == [[DE_BIE], [MOKKENHUIS]], "by their names: Groothandel, Het Mokkenhuis"
    found = browser.text("/tenants?text=mokk")
    assert "Mokkenhuis" in found and "Groothandel" not in found
    assert "Er zijn geen administraties die passen." in browser.text("/tenants?text=nergens")


def test_errors_of_all_administrations_are_grouped_and_only_ones_own(dashboard: Dashboard) -> None:
    world = dashboard.world
    world.order("unknown_payment", DE_BIE)
    world.run(DE_BIE)
    text = dashboard.browser(ACCOUNTANT).text("/tenants/errors")
    assert "bij 2 administraties" in words(text) and "Groothandel" in text and "Mokkenhuis" in text
    for tenant in (MOKKENHUIS, DE_BIE):
        assert f'href="/t/{tenant}/errors/needs_attention/PAYMENT_RULE_MISSING"' in text
    mine = dashboard.browser(MINE).text("/tenants/errors")
    assert "Mokkenhuis" in mine and "Groothandel" not in mine


def test_the_integrator_goes_from_a_run_to_prefect(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    from boekbrug.store import runs, tenants
    from boekbrug.store.runs import RunOutcome

    monkeypatch.setenv("PREFECT_UI_URL", "http://prefect.example")
    now = dashboard.world.clock.now()
    with dashboard.world.runtime.database.write() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        (route,) = tenants.list_routes(session, tenant.id)
        run_id = runs.start_run(session, tenant.id, route.id, flow_run_id="abc-1", now=now)
        runs.finish_run(
            session, tenant.id, run_id, outcome=RunOutcome.FAILED, counts={}, message="the books are away", now=now
        )
    path = f"/t/{MOKKENHUIS}/runs"
    text = dashboard.browser(INTEGRATOR).text(path)
    assert 'href="http://prefect.example/runs/flow-run/abc-1"' in text and "the books are away" in text
    assert text.count('<tr role="row"><td') == 2
    only = dashboard.browser(INTEGRATOR).text(f"{path}?run=abc-1")
    assert only.count('<tr role="row"><td') == 1
    assert "prefect.example" not in dashboard.browser(MINE).text(path)
    assert "nog geen run" in dashboard.browser("ander@example.com").text(f"/t/{DE_BIE}/runs?run=abc-1")


def test_who_chooses_messages_gets_those(dashboard: Dashboard) -> None:
    browser = dashboard.browser(MINE)
    assert all(choices(dashboard, MINE).values())
    assert "winkel@example.com" in browser.text("/notifications")
    answer = browser.post("/notifications", {"wanted": ["errors-mail"]})
    assert answer.status_code == 303
    wanted = {key for key, value in choices(dashboard, MINE).items() if value and key[1] is Channel.MAIL}
    assert wanted == {(NoticeKind.ERRORS, Channel.MAIL)}
    assert all(choices(dashboard, ACCOUNTANT).values())
    assert browser.text("/notifications").count(" checked") == 1


def test_a_messengers_address_is_kept_and_never_shown(dashboard: Dashboard) -> None:
    browser, secret = dashboard.browser(MINE), "tgram://123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI/12315544/"
    assert browser.post("/notifications", {"address": "json://127.0.0.1/"}).status_code == 422
    assert browser.post("/notifications", {"address": secret}).status_code == 303
    text = browser.text("/notifications")
    assert "ingevuld" in text and "abcdefg" not in text
    assert "abcdefg" not in repr(dashboard.world.dump())
    runtime = dashboard.world.runtime
    with runtime.database.read() as session:
        user = users.user_by_email(session, MINE).id
        assert notifications.read_address(session, runtime.sealing_key, user) == SecretStr(secret)
    browser.post("/notifications", {"forget": "true"})
    with runtime.database.read() as session:
        assert not notifications.has_address(session, user)


def test_messages_of_somebody_else_are_not_shown(dashboard: Dashboard) -> None:
    runtime = dashboard.world.runtime
    with runtime.database.write() as session:
        user, now = users.user_by_email(session, ACCOUNTANT).id, runtime.clock.now()
        made = notifications.announce(
            session, user, NoticeKind.ERRORS, Channel.MAIL, "2026-01-01", told_until=now, now=now
        )
        assert made is not None
        notifications.note_not_sent(session, made, "550 full")
    assert "550 full" in dashboard.browser(ACCOUNTANT).text("/notifications")
    assert "550 full" not in dashboard.browser(MINE).text("/notifications")
    dashboard.add_user("geen@example.com")
    assert "geen@example.com" in dashboard.browser("geen@example.com").text("/notifications")
