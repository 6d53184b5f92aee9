import csv
import io
import re
import zipfile
from datetime import timedelta

import pytest
from babel.messages.pofile import read_po

from boekbrug.domain.documents import DocumentKind
from boekbrug.domain.records import AttemptOutcome, Lane, SyncStatus
from boekbrug.domain.tenants import RuleMatch
from boekbrug.domain.users import Role
from boekbrug.store import audit, records, reports, tenants
from boekbrug.store.runs import RunOutcome
from dashboard import catalogues, prefect_link
from dashboard import words as said_words
from dashboard.i18n import LANGUAGES
from tests.dashboard.conftest import Dashboard
from tests.world import DE_BIE, MOKKENHUIS

MINE, ACCOUNTANT = "winkel@example.com", "boek@example.com"
ROOT = f"/t/{MOKKENHUIS}"


def words(text: str) -> str:
    """What a reader sees of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text.split("<main")[1])).replace("&#39;", "'")


def test_the_overview_tells_what_the_store_tells(seen: Dashboard) -> None:
    text = words(seen.browser(MINE).text(ROOT))
    with seen.world.runtime.database.read() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        (route,) = tenants.list_routes(session, tenant.id)
        counts = records.counts(session, tenant.id, route.id)
    booked = counts[SyncStatus.VERIFIED] + counts[SyncStatus.MISMATCH] + counts[SyncStatus.POSTED]
    attention = counts[SyncStatus.NEEDS_ATTENTION] + counts[SyncStatus.MISMATCH]
    assert booked and attention
    assert f"Geboekt deze maand {booked}" in text
    assert f"waarvan gecontroleerd {counts[SyncStatus.VERIFIED]}" in text
    assert f"Wacht {counts[SyncStatus.PENDING]}" in text
    assert f"Vragen aandacht {attention}" in text
    assert "van 8 gebruikt" in text
    assert "Mijnwebwinkel" in text and "Factuursturen" in text


def test_a_paused_connection_is_said_with_its_reason(dashboard: Dashboard) -> None:
    with dashboard.world.runtime.database.write() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        row = tenants.connection_by_slug(session, tenant.id, "boeken")
        reason = "de sleutel is ingetrokken <b>"
        tenants.pause_connection(session, tenant.id, row.id, reason=reason, now=dashboard.world.clock.now())
    text = dashboard.browser(MINE).text(ROOT)
    assert "de sleutel is ingetrokken &lt;b&gt;" in text and "zodra de koppeling weer werkt" in text
    assert "Koppeling staat stil" in dashboard.browser(ACCOUNTANT).text("/tenants")


def test_the_report_shows_every_document_once_and_filters(seen: Dashboard) -> None:
    browser, kept = seen.browser(MINE), seen.world.records(MOKKENHUIS)

    def shown(query: str = "") -> set[str]:
        text = browser.text(f"{ROOT}/documents{query}")
        return set(re.findall(rf'href="{ROOT}/documents/\d+">([^<]+)</a>', text))

    assert shown() == set(kept)
    errors = {number for number, record in kept.items() if record.status is SyncStatus.NEEDS_ATTENTION}
    assert errors and shown("?status=needs_attention") == errors
    one = next(record for record in kept.values() if record.target_number)
    assert shown(f"?text={one.target_number}") == {one.number}
    assert shown("?by=posted") == {number for number, record in kept.items() if record.posted_at}
    assert shown("?first=2999-01-01") == set()
    assert shown("?first=niets&status=onzin&after=kapot&route=x&kind=1&order=2") == set(kept)
    assert shown("?first=1990-01-01&last=1990-01-02") == set()


def test_the_report_is_read_page_by_page(seen: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard.pages import documents

    monkeypatch.setattr(documents, "PAGE", 5)
    browser, found, address = seen.browser(MINE), [], f"{ROOT}/documents"
    while address:
        text = browser.text(address)
        found += re.findall(rf'href="{ROOT}/documents/\d+">([^<]+)</a>', text)
        following = re.search(r'href="([^"]+)" rel="next"', text)
        address = following.group(1).replace("&amp;", "&") if following else ""
    assert sorted(found) == sorted(seen.world.records(MOKKENHUIS))


def test_a_text_is_looked_for_in_older_documents_when_asked_to(
    seen: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "LOOKED_THROUGH", 1)
    browser, kept = seen.browser(MINE), seen.world.records(MOKKENHUIS)
    oldest = min(kept.values(), key=lambda record: record.id)
    piece = f"{ROOT}/documents?text={oldest.number[:-1]}"
    text = browser.text(piece)
    assert f">{oldest.number}<" not in text and "in de 1 documenten die het laatst binnenkwamen" in words(text)
    more = re.search(rf'href="({ROOT}/documents\?text=[^"]+&amp;all=1)">Zoek in alle documenten', text)
    assert more is not None
    found = browser.text(more.group(1).replace("&amp;", "&"))
    assert f">{oldest.number}<" in found and "het laatst binnenkwamen" not in found
    assert f">{oldest.number}<" in browser.text(f"{ROOT}/documents?text={oldest.number}")


def test_exports_hold_the_same_documents(seen: Dashboard) -> None:
    browser, kept = seen.browser(MINE), seen.world.records(MOKKENHUIS)
    answer = browser.get(f"{ROOT}/documents.csv?status=verified")
    assert (
        answer.headers["content-type"].startswith("text/csv") and "attachment" in answer.headers["content-disposition"]
    )
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    verified = {number: record for number, record in kept.items() if record.status is SyncStatus.VERIFIED}
    assert {row["Number"] if "Number" in row else row["Nummer"] for row in rows} == set(verified)
    for row in rows:
        record = verified[row.get("Nummer", row.get("Number", ""))]
        assert record.gross and row["Bedrag"] == str(record.gross.amount)
        assert row["Nummer in de boekhouding"] == record.target_number
    answer = browser.get(f"{ROOT}/documents.xlsx")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == len(kept) + 1 and "<f>" not in sheet
    assert browser.get(f"{ROOT}/documents.pdf").status_code == 404


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard import reporting

    monkeypatch.setattr(reporting, "SHEET_ROWS", 3)
    path = reporting.as_xlsx(iter([[str(n), "", "", "=1+1", "", "1.50"] for n in range(4)]), ["titel"])
    with zipfile.ZipFile(path) as book:
        sheets = [book.read(f"xl/worksheets/sheet{n}.xml").decode() for n in (1, 2)]
    path.unlink()
    assert [sheet.count("<row ") for sheet in sheets] == [3, 2]
    assert all("<f>" not in sheet and "<v>1.50</v>" in sheet for sheet in sheets)


def test_a_name_that_looks_like_a_formula_is_none() -> None:
    from dashboard.reporting import as_csv

    text = b"".join(as_csv(iter([["1", "", "", "=cmd()", "@x", "-1.00"]]), ["a"])).decode("utf-8-sig")
    assert text.splitlines()[1] == "1;;;'=cmd();'@x;-1.00"


def test_a_document_shows_its_life_and_why(seen: Dashboard) -> None:
    browser, kept = seen.browser(MINE), seen.world.records(MOKKENHUIS)
    done = next(record for record in kept.values() if record.status is SyncStatus.VERIFIED)
    text = words(browser.text(f"{ROOT}/documents/{done.id}"))
    for said in (
        done.target_number,
        "Geboekt en gecontroleerd",
        "Wordt geboekt",
        "Omzet",
        "btw-soort: S",
        "Geschreven",
    ):
        assert said in text, said
    assert done.snapshot[2:12] in text.replace("&#34;", '"')
    asked = next(record for record in kept.values() if record.status is SyncStatus.NEEDS_ATTENTION)
    text = words(browser.text(f"{ROOT}/documents/{asked.id}"))
    assert asked.findings[0].sentence("nl")[:30] in text.replace("&#34;", '"') and "Verwerk" in text


def test_a_document_is_looked_up_in_the_books(seen: Dashboard) -> None:
    browser, kept = seen.browser(MINE), seen.world.records(MOKKENHUIS)
    done = next(record for record in kept.values() if record.status is SyncStatus.VERIFIED)
    answer = browser.post(f"{ROOT}/documents/{done.id}/books")
    assert answer.status_code == 200
    assert done.target_number in answer.text and "<html" not in answer.text and "Nog te betalen" in answer.text


def test_errors_are_grouped_with_their_suggestion(seen: Dashboard) -> None:
    browser = seen.browser(MINE)
    text = browser.text(f"{ROOT}/errors")
    causes = set(re.findall(rf'href="({ROOT}/errors/[^"]+)"', text)) - {f"{ROOT}/errors/retry"}
    wanted = seen.world.records(MOKKENHUIS, SyncStatus.NEEDS_ATTENTION, SyncStatus.MISMATCH)
    numbers = set()
    for address in causes:
        numbers |= set(re.findall(rf'href="{ROOT}/documents/\d+">([^<]+)</a>', browser.text(address)))
    assert numbers == set(wanted)
    one = next(iter(wanted.values()))
    assert one.findings[0].suggestion("nl")[:25] in text.replace("&#34;", '"') or len(causes) > 1
    assert browser.get(f"{ROOT}/errors/needs_attention/GEEN_CODE").status_code == 404
    assert browser.get(f"{ROOT}/errors/verified/-").status_code == 404


@pytest.mark.parametrize("how", ["one", "cause", "everything"])
def test_process_puts_documents_in_the_rush_lane_and_starts_the_route(dashboard: Dashboard, how: str) -> None:
    world, browser = dashboard.world, dashboard.browser(MINE)
    before = world.records(MOKKENHUIS, SyncStatus.NEEDS_ATTENTION)
    first = next(iter(before.values()))
    code = first.findings[0].code
    data = {"one": {"ids": [first.id]}, "cause": {"code": code}, "everything": {"everything": "true"}}[how]
    answer = browser.post(f"{ROOT}/errors/retry", data)
    assert answer.status_code == 303
    hurried = {r.number for r in world.records(MOKKENHUIS, SyncStatus.PENDING).values() if r.lane is Lane.RUSH}
    expected = {
        "one": {first.number},
        "cause": {r.number for r in before.values() if any(f.code == code for f in r.findings)},
        "everything": set(before),
    }[how]
    assert hurried == expected
    assert dashboard.hurried.asked == [f"{MOKKENHUIS}/verkoop"]
    text = browser.text(answer.headers["location"])
    assert 'hx-trigger="every 2s"' in text and first.number in text

    world.run(MOKKENHUIS)
    world.clock.advance(timedelta(hours=2))
    world.run(MOKKENHUIS)
    part = browser.get(answer.headers["location"], **{"hx-request": "true"}).text
    assert "<html" not in part and "hx-trigger" not in part and "aangekomen" in part
    with world.runtime.database.read() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        (event,) = audit.audit_events(session, tenant.id)
        history = records.history(session, tenant.id, first.id)
    assert (event.who, event.action, event.after) == (MINE, "retry", {"documents": len(expected)})
    assert MINE in [step.who for step in history]


def test_when_no_run_can_be_started_that_is_said(dashboard: Dashboard) -> None:
    dashboard.hurried.answers = False
    browser = dashboard.browser(MINE)
    answer = browser.post(f"{ROOT}/errors/retry", {"everything": "true"})
    assert "bij de volgende keer het eerst" in browser.text(answer.headers["location"])


def test_a_person_leaves_out_or_handles_elsewhere(dashboard: Dashboard) -> None:
    world, browser = dashboard.world, dashboard.browser(MINE)
    left, elsewhere = list(world.records(MOKKENHUIS, SyncStatus.NEEDS_ATTENTION).values())[:2]
    path = f"{ROOT}/errors/settle"
    assert browser.post(path, {"ids": [left.id], "reason": " "}).status_code == 422
    assert browser.post(path, {"ids": [left.id], "reason": "proef", "how": "skip"}).status_code == 303
    assert browser.post(path, {"ids": [elsewhere.id], "reason": "met de hand", "how": "elsewhere"}).status_code == 303
    assert world.record(left.number).reason == "proef"
    assert world.record(elsewhere.number).reason == "Elders afgehandeld: met de hand"
    assert {world.record(r.number).status for r in (left, elsewhere)} == {SyncStatus.SKIPPED}
    done = next(iter(world.records(MOKKENHUIS, SyncStatus.VERIFIED).values()))
    assert browser.post(path, {"ids": [done.id], "reason": "toch niet", "how": "skip"}).status_code == 409
    assert world.record(done.number).status is SyncStatus.VERIFIED


def test_a_difference_is_dealt_with(dashboard: Dashboard) -> None:
    world = dashboard.world
    for slug in (MOKKENHUIS, DE_BIE):
        differing = list(world.records(slug, SyncStatus.MISMATCH).values())
        if differing:
            break
    else:
        pytest.fail("no document differs, so this test tests nothing")
    browser = dashboard.browser(ACCOUNTANT)
    answer = browser.post(f"/t/{slug}/errors/settle", {"ids": [differing[0].id], "reason": "ok", "how": "elsewhere"})
    assert answer.status_code == 303
    assert world.record(differing[0].number, slug).status is SyncStatus.VERIFIED


def test_the_accountant_sees_all_administrations(seen: Dashboard) -> None:
    browser = seen.browser(ACCOUNTANT)
    assert browser.get("/").headers["location"] == "/tenants"
    text = words(browser.text("/tenants"))
    assert "Het Mokkenhuis" in text and "Boekhouder" in text and "Bie" in text
    assert seen.browser(MINE).get("/").headers["location"] == ROOT


def test_only_the_integrator_is_led_to_prefect(seen: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.pages.overview.run_url", lambda run: "http://prefect/runs/1")
    assert "http://prefect/runs/1" in seen.browser("beheer@example.com").text(ROOT)
    assert "http://prefect/runs/1" not in seen.browser(MINE).text(ROOT)


def test_every_page_speaks_both_languages(dashboard: Dashboard) -> None:
    dashboard.add_user("both@example.com", mokkenhuis=Role.INTEGRATOR)
    browser = dashboard.browser("both@example.com")
    some = next(iter(dashboard.world.records(MOKKENHUIS).values()))
    paths = (ROOT, f"{ROOT}/documents", f"{ROOT}/errors", f"{ROOT}/documents/{some.id}", "/tenants")
    dutch = {path: browser.text(path) for path in paths}
    assert all('<html lang="nl">' in text for text in dutch.values())
    assert browser.post("/language", {"language": "en", "next": ROOT}).headers["location"] == ROOT
    english = {path: browser.text(path) for path in paths}
    assert all('<html lang="en">' in text for text in english.values())
    for word, translated in (("Overzicht", "Overview"), ("Rapportage", "Report"), ("Fouten", "Errors")):
        assert all(word in text for text in list(dutch.values())[:4])
        assert all(translated in text and word not in text for text in list(english.values())[:4])
    assert browser.post("/language", {"language": "fr"}).status_code == 404
    assert "Sign in" in dashboard.browser(language="en-GB,nl;q=0.5").text("/login")
    assert "Inloggen" in dashboard.browser(language="fr").text("/login")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogues_are_complete(language: str) -> None:
    text = catalogues.updated(language)
    path = catalogues.LOCALES / language / "LC_MESSAGES" / "dashboard.po"
    assert path.read_text() == text
    for message in read_po(io.BytesIO(text.encode()), locale=language):
        said = message.string if isinstance(message.string, tuple) else (message.string,)
        assert not message.id or all(said), message.id
        assert not list(message.check()), message.id


def test_without_a_server_nothing_is_hurried(seen: Dashboard) -> None:
    with seen.world.runtime.database.read() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        (route,) = tenants.list_routes(session, tenant.id)
    assert not prefect_link.hurry(seen.world.runtime, tenant, route)
    assert prefect_link.run_url("x") == ""


def test_everything_that_can_be_said_has_a_word() -> None:
    for said, called in (
        (SyncStatus, said_words.STATUS),
        (SyncStatus, said_words.TONE),
        (DocumentKind, said_words.KIND),
        (Role, said_words.ROLE),
        (RunOutcome, said_words.RUN),
        (AttemptOutcome, said_words.ATTEMPT),
        (Lane, said_words.LANE),
        (RuleMatch.model_fields, said_words.MATCH),
    ):
        assert set(said) == set(called)
