"""Koppelingen and Configuratie: connecting, checking, rules and their versions, trying out, mending from Fouten."""

import re
from datetime import timedelta

import pytest
from starlette.datastructures import FormData

from boekbrug.domain.records import SyncStatus
from boekbrug.domain.tenants import RoutePolicy, RuleMatch, RuleResult
from boekbrug.store import audit, credentials, tenants
from boekbrug.store.route_versions import route_versions
from connectors import TargetSettings
from connectors.registry import CONNECTORS
from dashboard import words as said_words
from dashboard.mending import prefilled
from dashboard.model_forms import fields_of, sent_values
from dashboard.pages import rules as rule_pages
from tests.dashboard.conftest import Dashboard
from tests.dashboard.test_pages import words
from tests.world import MOKKENHUIS, ROUTE

MINE, ACCOUNTANT = "winkel@example.com", "boek@example.com"
ROOT = f"/t/{MOKKENHUIS}"
RULES = f"{ROOT}/routes/{ROUTE}/rules"
SECRETS = ("partner-demo", "demo1-key")


def route_of(dashboard: Dashboard, slug: str = ROUTE) -> tenants.Route:
    with dashboard.world.runtime.database.read() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        return tenants.route_by_slug(session, tenant.id, slug)


def actions(dashboard: Dashboard) -> list[tuple[str, str, str]]:
    """Who did what with what, the newest first."""
    with dashboard.world.runtime.database.read() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        return [(event.who, event.action, event.subject) for event in audit.audit_events(session, tenant.id)]


def rule(dashboard: Dashboard, kind: str, **fields: str) -> dict[str, str]:
    """A form's data; double underscores stand for a point."""
    given = {name.replace("__", "."): value for name, value in fields.items()}
    return {"kind": kind, "version": str(route_of(dashboard).version)} | given


def test_a_system_is_connected_step_by_step(dashboard: Dashboard) -> None:
    world, browser = dashboard.world, dashboard.browser(MINE)
    assert "Mijnwebwinkel" in browser.text(f"{ROOT}/connections/new")
    form = browser.text(f"{ROOT}/connections/new?system=mijnwebwinkel")
    assert "Seconden" in form and "https://api.myonlinestore.com/v1/" in form
    made = {"system": "mijnwebwinkel", "slug": "tweede", "base_url": world.shop.url}
    assert browser.post(f"{ROOT}/connections", made | {"slug": "Geen Slug"}).status_code == 422
    answer = browser.post(f"{ROOT}/connections", made | {"timeout": "veel"})
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text
    answer = browser.post(f"{ROOT}/connections", made)
    assert answer.headers["location"] == f"{ROOT}/connections/tweede/credentials"
    assert browser.post(f"{ROOT}/connections", made).status_code == 422  # there is one with this name
    assert "API → Token toevoegen" in browser.text(f"{ROOT}/connections/tweede/credentials")
    path = f"{ROOT}/connections/tweede"
    assert "does not work" not in browser.text(path) and "ontbreekt" in browser.text(path)
    secrets = {"partner_token": "partner-demo", "token": "verkeerd"}
    assert browser.post(f"{path}/credentials", {"token": "half"}).status_code == 422
    assert browser.post(f"{path}/credentials", secrets).headers["location"] == f"{path}/check"
    text = words(browser.post(f"{path}/check").text)
    assert "werkt niet" in text and "verkeerd" not in text
    browser.post(f"{path}/credentials", secrets | {"token": "demo1"})
    text = words(browser.post(f"{path}/check").text)
    assert text.count("in orde") == 3 and "De koppeling werkt." in text
    assert "het werkte" in words(browser.text(f"{ROOT}/connections"))
    done = [(action, subject) for _, action, subject in actions(dashboard)]
    assert done[:2] == [("check connection", "tweede"), ("credentials", "tweede")]
    assert ("connect", "tweede") in done


def test_disconnecting_forgets_the_key_and_keeps_the_history(dashboard: Dashboard) -> None:
    world, browser = dashboard.world, dashboard.browser(MINE)
    before = world.records(MOKKENHUIS)
    assert browser.post(f"{ROOT}/connections/boeken/disconnect").status_code == 303
    with world.runtime.database.read() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        row = tenants.connection_by_slug(session, tenant.id, "boeken")
        assert row.is_broken and credentials.credential_names(session, tenant.id, row.id) == []
    assert world.records(MOKKENHUIS) == before
    assert "Koppeling staat stil" in browser.text(f"{ROOT}/connections")
    assert "werkt niet" in browser.post(f"{ROOT}/connections/boeken/check").text
    browser.post(f"{ROOT}/connections/boeken/credentials", {"username": "demo1", "api_key": "demo1-key"})
    assert "De koppeling werkt." in browser.post(f"{ROOT}/connections/boeken/check").text
    assert not route_of(dashboard).target.is_broken
    assert (MINE, "disconnect", "boeken") in actions(dashboard)


def test_no_page_shows_a_credential(dashboard: Dashboard) -> None:
    browser = dashboard.browser(MINE)
    paths = ["connections", "connections/boeken", "connections/boeken/credentials", "connections/winkel"]
    paths += ["routes", f"routes/{ROUTE}", f"routes/{ROUTE}/policy", f"routes/{ROUTE}/versions"]
    for path in paths:
        text = browser.text(f"{ROOT}/{path}")
        assert not [secret for secret in SECRETS if secret in text], path
    checked = browser.post(f"{ROOT}/connections/boeken/check").text
    assert not [secret for secret in SECRETS if secret in checked]
    assert not [secret for secret in SECRETS if secret in str(dashboard.world.dump()["audit_event"])]


def test_an_accountant_configures_and_leaves_the_logins_alone(dashboard: Dashboard) -> None:
    browser = dashboard.browser(ACCOUNTANT)
    assert browser.get(f"{ROOT}/routes/{ROUTE}").status_code == 200
    for path in ("connections", "connections/boeken", "connections/new", "routes/new"):
        assert browser.get(f"{ROOT}/{path}").status_code == 403
    for path in ("connections/boeken/disconnect", "connections/boeken/credentials", "connections/boeken/check"):
        assert browser.post(f"{ROOT}/{path}").status_code == 403
    assert f'href="{ROOT}/connections"' not in browser.text(ROOT)


def test_a_rule_is_saved_as_a_version_and_undone(dashboard: Dashboard) -> None:
    browser, before = dashboard.browser(ACCOUNTANT), route_of(dashboard)
    text = browser.text(f"{RULES}/new?kind=payment")
    assert "Omzet hoog" in text  # as the books list it
    wanted = {"match__payment_method": "bitcoin", "gives__payment_name": "Bitcoin"}
    assert browser.post(RULES, rule(dashboard, "payment", **wanted)).headers["location"].endswith("done=saved")
    after = route_of(dashboard)
    assert after.version == before.version + 1 and after.mapping[:-1] == before.mapping
    assert after.mapping[-1].gives.payment_name == "Bitcoin"
    assert browser.post(RULES, rule(dashboard, "payment", **wanted) | {"version": "1"}).status_code == 409
    history = words(browser.text(f"{ROOT}/routes/{ROUTE}/versions"))
    assert "Toegevoegd: Betaalwijzen, betaalwijze: bitcoin" in history and ACCOUNTANT in history
    answer = browser.post(f"{ROOT}/routes/{ROUTE}/versions/{before.version}")
    assert answer.headers["location"].endswith("done=saved")
    undone = route_of(dashboard)
    assert (undone.mapping, undone.version) == (before.mapping, after.version + 1)
    with dashboard.world.runtime.database.read() as session:
        kept = route_versions(session, undone.tenant_id, undone.id)
    assert [one.changed_by for one in kept[:2]] == [ACCOUNTANT] * 2
    assert browser.post(f"{ROOT}/routes/{ROUTE}/versions/999").status_code == 404
    assert [action for _, action, _ in actions(dashboard)][:2] == [f"restore version {before.version}", "save rule"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"gives__vat_code": "17"}, "De boeken kennen de btw-code 17 niet"),
        ({"gives__ledger_account": "Bestaat niet"}, "De boeken kennen Bestaat niet niet"),
        ({"match__rate": "veel"}, "decimal"),
    ],
)
def test_a_wrong_rule_is_refused_at_its_field(dashboard: Dashboard, wrong: dict[str, str], said: str) -> None:
    browser, before = dashboard.browser(ACCOUNTANT), route_of(dashboard)
    good = {"match__tax_category": "S", "match__rate": "21", "match__country": "BE", "gives__vat_code": "21"}
    answer = browser.post(RULES, rule(dashboard, "vat", **good | wrong))
    assert answer.status_code == 422
    (name,) = wrong
    key = name.replace("__", "-")
    problem = re.search(rf'id="f-{key}-problem">([^<]+)<', answer.text)
    assert problem and said in problem.group(1)
    assert re.search(rf'id="f-{key}"[^>]*aria-invalid="true"', answer.text)
    assert route_of(dashboard).version == before.version


def test_a_rule_is_changed_and_removed(dashboard: Dashboard) -> None:
    browser, before = dashboard.browser(ACCOUNTANT), route_of(dashboard)
    index = next(i for i, one in enumerate(before.mapping) if one.kind == "payment")
    assert before.mapping[index].gives.payment_name in browser.text(f"{RULES}/{index}")
    fields = {"index": str(index), "match__payment_method": "ideal", "gives__payment_name": "iDEAL-betaling"}
    browser.post(RULES, rule(dashboard, "payment", **fields))
    changed = route_of(dashboard)
    assert changed.mapping[index].gives.payment_name == "iDEAL-betaling"
    assert len(changed.mapping) == len(before.mapping)
    browser.post(RULES, rule(dashboard, "payment", **fields, action="remove"))
    assert route_of(dashboard).mapping == before.mapping[:index] + before.mapping[index + 1 :]
    assert browser.get(f"{RULES}/999").status_code == browser.get(f"{RULES}/x").status_code == 404


def test_trying_out_tells_what_would_change_and_writes_nothing(dashboard: Dashboard) -> None:
    world, browser = dashboard.world, dashboard.browser(ACCOUNTANT)
    waiting = [
        number
        for number, record in world.records(MOKKENHUIS, SyncStatus.NEEDS_ATTENTION).items()
        if "PAYMENT_RULE_MISSING" in [f.code for f in record.findings]
    ]
    before, writes = world.dump(), len(world.writes())
    fields = {"match__payment_method": "bitcoin", "gives__payment_name": "Bitcoin", "action": "try"}
    answer = browser.post(RULES, rule(dashboard, "payment", **fields))
    text = words(answer.text)
    assert answer.status_code == 200 and "2 documenten worden iets anders" in text
    assert all(number in text for number in waiting) and "wacht op een mens" in text and "wordt geboekt" in text
    assert 'value="bitcoin"' in answer.text  # the form is still filled in
    left_out = {"attempt", "call", "budget", "session"}  # what reading the lists takes
    now = world.dump()
    assert {name for name in now if now[name] != before[name]} <= left_out, {n for n in now if now[n] != before[n]}
    assert len(world.writes()) == writes


def test_the_policy_is_saved_and_a_wrong_one_refused(dashboard: Dashboard) -> None:
    browser, before = dashboard.browser(MINE), route_of(dashboard)
    path = f"{ROOT}/routes/{ROUTE}/policy"
    text = browser.text(path)
    assert 'value="Betaald" checked' in text and "Verzonden" in text
    good = {"version": str(before.version), "schedule": "30 5 * * *", "statuses": ["Betaald"], "tolerance": "0.02"}
    assert browser.post(path, good | {"tolerance": "-1"}).status_code == 422
    assert browser.post(path, good | {"schedule": "elke dag"}).status_code == 422
    answer = browser.post(path, good | {"statuses": ["Bestaat niet"]})
    assert answer.status_code == 422 and "Bestaat niet" in answer.text
    answer = browser.post(path, good | {"reserve": "8"})
    assert answer.status_code == 422 and "f-reserve-problem" in answer.text
    assert route_of(dashboard).version == before.version
    tried = words(browser.post(path, good | {"action": "try", "statuses": ["Verzonden"]}).text)
    assert "wordt geboekt" in tried and "nog niet aan de beurt" in tried
    assert route_of(dashboard).version == before.version
    assert browser.post(path, good).headers["location"].endswith("done=not_deployed")  # there is no server here
    after = route_of(dashboard)
    assert (after.schedule, after.policy.statuses, str(after.policy.tolerance)) == ("30 5 * * *", ("Betaald",), "0.02")
    assert after.mapping == before.mapping
    history = words(browser.text(f"{ROOT}/routes/{ROUTE}/versions"))
    assert "Aanvaard verschil per totaal: 0.05 → 0.02" in history


def test_a_route_is_made_switched_and_run(dashboard: Dashboard) -> None:
    browser = dashboard.browser(MINE)
    made = {"source": "winkel", "target": "boeken", "slug": "tweede", "schedule": "0 7 * * *"}
    assert browser.post(f"{ROOT}/routes", made | {"source": "van-een-ander"}).status_code == 404
    assert browser.post(f"{ROOT}/routes", made | {"slug": ROUTE}).status_code == 422
    assert browser.post(f"{ROOT}/routes", made | {"schedule": "ooit"}).status_code == 422
    assert browser.post(f"{ROOT}/routes", made).headers["location"] == f"{ROOT}/routes/tweede"
    assert not route_of(dashboard, "tweede").enabled
    browser.post(f"{ROOT}/routes/tweede/switch", {"on": "true"})
    assert route_of(dashboard, "tweede").enabled
    browser.post(f"{ROOT}/routes/tweede/switch", {"on": "false"})
    assert not route_of(dashboard, "tweede").enabled
    assert browser.post(f"{ROOT}/routes/{ROUTE}/run").headers["location"] == f"{ROOT}?started={ROUTE}"
    assert dashboard.hurried.asked == [f"{MOKKENHUIS}/{ROUTE}"]
    assert dashboard.deployed.asked == [f"{MOKKENHUIS}/tweede", f"{MOKKENHUIS}/tweede"]
    assert [action for _, action, _ in actions(dashboard)][:4] == ["run now", "switch off", "switch on", "new route"]


def test_a_system_that_is_away_is_said_and_values_are_typed(dashboard: Dashboard) -> None:
    world, browser = dashboard.world, dashboard.browser(ACCOUNTANT)
    with world.runtime.database.write() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        row = tenants.connection_by_slug(session, tenant.id, "boeken")
        tenants.pause_connection(session, tenant.id, row.id, reason="even weg", now=world.clock.now())
    text = browser.text(f"{RULES}/new?kind=vat")
    assert "even weg" in text and re.search(r'<input id="f-gives-vat_code"', text)


def test_a_missing_rule_is_set_from_the_errors_and_its_documents_go_at_once(dashboard: Dashboard) -> None:
    world, browser = dashboard.world, dashboard.browser(MINE)
    missing = re.search(rf'href="({re.escape(RULES)}/new[^"]+PAYMENT[^"]+)"', browser.text(f"{ROOT}/errors"))
    assert missing
    text = browser.text(missing.group(1).replace("&amp;", "&"))
    assert 'value="bitcoin"' in text and "Opslaan en verwerk deze 2" in text
    wanted = {"match__payment_method": "bitcoin", "gives__payment_name": "Bitcoin", "action": "process"}
    named = {"code": "PAYMENT_RULE_MISSING", "value": "bitcoin"}
    answer = browser.post(RULES, rule(dashboard, "payment", **wanted) | named)
    assert "/processing?ids=" in answer.headers["location"] and "count=2" in answer.headers["location"]
    assert dashboard.hurried.asked == [f"{MOKKENHUIS}/{ROUTE}"]
    world.clock.advance(timedelta(hours=2))
    world.run(MOKKENHUIS)
    world.clock.advance(timedelta(hours=2))
    world.run(MOKKENHUIS)
    assert "PAYMENT_RULE_MISSING" not in browser.text(f"{ROOT}/errors")


def test_what_is_missing_is_filled_in() -> None:
    assert prefilled("VAT_RULE_MISSING", "S 21%") == (
        "vat",
        {"tax_category": "S", "rate": "21", "oss": "false"},
    )
    assert prefilled("VAT_RULE_MISSING", "K 0%") == ("vat", {"tax_category": "K"})
    oss = {"tax_category": "S", "rate": "20", "country": "FR", "oss": "true"}
    assert prefilled("VAT_RULE_MISSING", "S 20% FR (OSS)") == ("vat", oss)
    assert prefilled("COST_RULE_MISSING", "S 9%|7") == (
        "cost",
        {"tax_category": "S", "rate": "9", "oss": "false", "cost_category": "7"},
    )
    assert prefilled("PAYMENT_RULE_MISSING", "-") == ("payment", {})
    assert prefilled("REFUSED_BY_BOOKS", "x") == ("", {})


def test_an_emptied_field_is_none_and_a_missing_one_its_default() -> None:
    settings = CONNECTORS["factuursturen"].settings
    emptied = sent_values(settings, FormData([("documents_per_period", ""), ("calls_per_period", "")]))
    made = settings.model_validate(emptied)
    assert isinstance(made, TargetSettings) and made.documents_per_period is None
    left = settings.model_validate(sent_values(settings, FormData([])))
    assert isinstance(left, TargetSettings) and left.documents_per_period == 60
    shown = {one.name: one.value for one in fields_of(settings, made.model_dump(mode="json", exclude_defaults=True))}
    assert shown["documents_per_period"] == ""


def test_every_field_has_a_word() -> None:
    assert set(said_words.POLICY) == set(RoutePolicy.model_fields)
    assert set(said_words.GIVES) == set(RuleResult.model_fields)
    assert set(rule_pages._ASKED) == set(rule_pages._GIVEN) == set(said_words.RULE_KIND)
    assert {name for names in rule_pages._ASKED.values() for name in names} <= set(RuleMatch.model_fields)
